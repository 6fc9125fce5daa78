//! What holds for the reading of one value, and what is noted of it.

use std::cell::RefCell;

use super::step::Step;

/// The limits of one reading, and its notes if it is watched.
pub(in crate::value) struct Reading {
    /// The length of the input in bytes: an element takes one at least, so no collection has more elements. What the
    /// input declares is believed, and memory reserved, up to here.
    most: usize,
    notes: Option<RefCell<Notes>>,
}

#[derive(Default)]
struct Notes {
    trace: Trace,
    /// The sequences that are being read: the step that asked for one if it has a number of fields, and how many elements
    /// were asked for.
    open: Vec<(Option<usize>, usize)>,
}

/// The steps through a value, one after the other.
#[derive(Default)]
pub(in crate::value) struct Trace {
    steps: Vec<Taken>,
    /// Whether the reader looked at the value to find out what it is, or passed over a part of it.
    looked: bool,
}

/// A step that was taken.
struct Taken {
    step: Step,
    /// How many parts there are, where they are found by their position.
    count: usize,
    /// The names of the fields: those that were written or left out; those that can be read.
    names: Vec<&'static str>,
}

impl Trace {
    pub(super) fn add(&mut self, step: Step) -> usize {
        self.steps.push(Taken { step, count: 0, names: Vec::new() });
        self.steps.len() - 1
    }

    pub(super) fn set_count(&mut self, at: usize, count: usize) {
        self.steps[at].count = count;
    }

    pub(super) fn set_names(&mut self, at: usize, names: Vec<&'static str>) {
        self.steps[at].names = names;
    }

    /// Whether `read` has asked for just what was written, of each kind and in the same order.
    pub(in crate::value) fn is_read_as_written(&self, read: &Self) -> bool {
        !read.looked
            && self.steps.len() == read.steps.len()
            && self.steps.iter().zip(&read.steps).all(|(ours, theirs)| ours.is_read_by(theirs))
    }

    /// Whether there is a step with fewer fields without names than `read` has asked for.
    pub(super) fn misses_some_of(&self, read: &Self) -> bool {
        let misses = |(ours, theirs): (&Taken, &Taken)| {
            matches!(ours.step, Step::TupleStruct | Step::TupleVariant)
                && ours.step == theirs.step
                && ours.count < theirs.count
        };
        self.steps.iter().zip(&read.steps).any(misses)
    }

    /// Whether a part of the value decided how it was read.
    pub(in crate::value) fn has_looked(&self) -> bool {
        self.looked
    }
}

impl Taken {
    /// The names of the reader may be more: each field can have several, and some may never be written.
    fn is_read_by(&self, read: &Self) -> bool {
        let mut names = read.names.iter();
        self.step == read.step
            && self.count == read.count
            && self.names.iter().all(|name| names.any(|other| other == name))
    }
}

/// Whether the number of elements is that of the type.
fn is_counted(step: Step) -> bool {
    use Step::{Struct, StructVariant, Tuple, TupleStruct, TupleVariant};
    matches!(step, Tuple | TupleStruct | TupleVariant | Struct | StructVariant)
}

impl Reading {
    /// Of an input of `len` bytes.
    #[inline]
    pub(in crate::value) fn of(len: usize) -> Self {
        Self { most: len, notes: None }
    }

    /// As [`of`](Self::of), and watched.
    pub(in crate::value) fn watched(len: usize) -> Self {
        Self { most: len, notes: Some(RefCell::default()) }
    }

    /// The steps that were taken.
    pub(in crate::value) fn trace(self) -> Trace {
        self.notes.map(|notes| notes.into_inner().trace).unwrap_or_default()
    }

    #[inline]
    pub(super) fn is_watched(&self) -> bool {
        self.notes.is_some()
    }

    #[inline]
    pub(super) fn most(&self) -> usize {
        self.most
    }

    /// A step of a known kind is asked for.
    #[cold]
    pub(super) fn asks(&self, step: Step) {
        self.note(|notes| {
            notes.trace.add(step);
        });
    }

    /// A struct, or a variant with named fields, is asked for.
    #[cold]
    pub(super) fn asks_fields(&self, step: Step, names: &'static [&'static str]) {
        self.note(|notes| {
            let at = notes.trace.add(step);
            notes.trace.set_names(at, names.to_vec());
        });
    }

    /// Whatever is there is asked for, or passed over.
    #[cold]
    pub(super) fn looks(&self) {
        self.note(|notes| notes.trace.looked = true);
    }

    /// The name of a field or a variant is asked for, which the writer does not take as a step.
    #[inline]
    #[expect(clippy::unused_self, reason = "as its siblings")]
    pub(super) fn finds_name(&self) {}

    /// A sequence begins, for the last step.
    #[cold]
    pub(super) fn opens(&self) {
        self.note(|notes| {
            let last = notes.trace.steps.len().checked_sub(1);
            let counted = last.filter(|last| is_counted(notes.trace.steps[*last].step));
            notes.open.push((counted, 0));
        });
    }

    /// An element of the innermost sequence is asked for.
    #[cold]
    pub(super) fn takes(&self) {
        self.note(|notes| {
            if let Some((_, count)) = notes.open.last_mut() {
                *count += 1;
            }
        });
    }

    /// The innermost sequence ends.
    #[cold]
    pub(super) fn closes(&self) {
        self.note(|notes| {
            if let Some((Some(at), count)) = notes.open.pop() {
                notes.trace.set_count(at, count);
            }
        });
    }

    fn note(&self, note: impl FnOnce(&mut Notes)) {
        if let Some(notes) = &self.notes {
            note(&mut notes.borrow_mut());
        }
    }
}
