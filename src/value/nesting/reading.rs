//! The limits of reading one value, and a record of how it was read.

use std::cell::RefCell;

use super::step::Step;

/// The limits of reading one value, and the record of the steps through it, if the reading is recorded.
pub(in crate::value) struct Reading {
    /// The length of the input in bytes. An element takes at least one byte, so no collection has more elements than
    /// this. Up to this number, a length that the input declares is trusted, and memory is reserved for it.
    most: usize,
    notes: Option<RefCell<Notes>>,
}

#[derive(Default)]
struct Notes {
    trace: Trace,
    /// The sequences that are being read. For each: the step that requested it, if that step has a fixed number of
    /// parts, and how many elements were requested.
    open: Vec<(Option<usize>, usize)>,
}

/// The steps through a value, in order.
#[derive(Default)]
pub(in crate::value) struct Trace {
    steps: Vec<Taken>,
    /// Whether the reader inspected the value to find its type, or skipped a part of it.
    looked: bool,
}

/// A step that was taken.
struct Taken {
    step: Step,
    /// The number of parts, if they are found by position.
    count: usize,
    /// The names of the fields: when writing, those written or skipped; when reading, those that can be read.
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

    /// Whether exactly what was written was requested in `read`: the same kinds, in the same order.
    pub(in crate::value) fn is_read_as_written(&self, read: &Self) -> bool {
        !read.looked
            && self.steps.len() == read.steps.len()
            && self.steps.iter().zip(&read.steps).all(|(ours, theirs)| ours.is_read_by(theirs))
    }

    /// Whether there is a step with fewer unnamed fields than were requested in `read`.
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
    /// Whether the step `read` requested what this step wrote: the same kind, the same number of parts, and the written
    /// names in their order. The reader may know more names: a field can have several, and some are never written.
    fn is_read_by(&self, read: &Self) -> bool {
        let mut names = read.names.iter();
        self.step == read.step
            && self.count == read.count
            && self.names.iter().all(|name| names.any(|other| other == name))
    }
}

/// Whether the type fixes the number of parts.
fn is_counted(step: Step) -> bool {
    use Step::{Struct, StructVariant, Tuple, TupleStruct, TupleVariant};
    matches!(step, Tuple | TupleStruct | TupleVariant | Struct | StructVariant)
}

impl Reading {
    /// The limits for an input of `len` bytes.
    #[inline]
    pub(in crate::value) fn of(len: usize) -> Self {
        Self { most: len, notes: None }
    }

    /// As [`of`](Self::of), with a record.
    pub(in crate::value) fn watched(len: usize) -> Self {
        Self { most: len, notes: Some(RefCell::default()) }
    }

    /// The recorded steps.
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

    /// Records that the reader requests a step of a known kind.
    #[cold]
    pub(super) fn asks(&self, step: Step) {
        self.note(|notes| {
            notes.trace.add(step);
        });
    }

    /// Records that the reader requests a struct, or a variant with named fields.
    #[cold]
    pub(super) fn asks_fields(&self, step: Step, names: &'static [&'static str]) {
        self.note(|notes| {
            let at = notes.trace.add(step);
            notes.trace.set_names(at, names.to_vec());
        });
    }

    /// Records that the reader requests any type, or skips a part.
    #[cold]
    pub(super) fn looks(&self) {
        self.note(|notes| notes.trace.looked = true);
    }

    /// The reader requests the name of a field or a variant. The writer has no such step, so nothing is recorded.
    #[inline]
    #[expect(clippy::unused_self, reason = "as its siblings")]
    pub(super) fn finds_name(&self) {}

    /// Records that a sequence begins, for the last step.
    #[cold]
    pub(super) fn opens(&self) {
        self.note(|notes| {
            let last = notes.trace.steps.len().checked_sub(1);
            let counted = last.filter(|last| is_counted(notes.trace.steps[*last].step));
            notes.open.push((counted, 0));
        });
    }

    /// Records that the reader requests an element of the innermost sequence.
    #[cold]
    pub(super) fn takes(&self) {
        self.note(|notes| {
            if let Some((_, count)) = notes.open.last_mut() {
                *count += 1;
            }
        });
    }

    /// Records that the innermost sequence ends.
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
