//! The form of a value: everything that it passes to serde, independent of the format.

use std::cell::{Cell, RefCell};
use std::fmt::{self, Display};
use std::hash::{Hash, Hasher};
use std::mem::size_of_val;

use serde::ser::{Error, Serialize, Serializer};

use super::doubt::Mixed;
use super::form_parts::Parts;
use super::reading::Trace;
use super::step::Step;

/// The name of a type, a field or a variant in the source code.
type Name = &'static str;

/// The error for a value whose form cannot be computed, with the reason.
#[derive(Debug)]
pub(in crate::value) struct NoForm(String);

impl Display for NoForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NoForm {}

impl Error for NoForm {
    fn custom<T: Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

/// For which format the form of a value is computed, and what is recorded meanwhile.
#[derive(Clone, Copy)]
pub(in crate::value) struct Asked {
    /// Whether the format is human readable.
    pub text: bool,
    /// Whether fields are found by position only.
    pub is_positional: bool,
    /// Whether the form is compared with that of another type. Names of types and positions in memory then do not
    /// count.
    pub is_of_another: bool,
    pub note: Note,
}

/// What is recorded besides the form.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::value) enum Note {
    Nothing,
    /// The steps, for [`Recording::trace`].
    Steps,
    /// The leaf values, for [`Recording::first_difference`].
    Leaves,
}

impl Asked {
    /// Asks for the form in a format of this kind, and for a record of the steps.
    pub(in crate::value) fn by(text: bool, is_positional: bool) -> Self {
        Self { text, is_positional, is_of_another: false, note: Note::Steps }
    }
}

/// What is recorded while the form of a value is computed.
#[derive(Default)]
pub(in crate::value) struct Recording {
    trace: RefCell<Trace>,
    /// The hash of each leaf value, with the innermost struct and field around it.
    leaves: RefCell<Vec<(u64, Field)>>,
    /// Whether unnamed fields were written whose offset is not known, so that skipped fields cannot be told from
    /// others.
    blurred: Cell<bool>,
}

/// A field: the name of its struct, and its own name.
pub(in crate::value) type Field = (Name, Name);

/// A hash of the form of `value`, and what was recorded.
pub(in crate::value) fn form<T: Serialize + ?Sized>(value: &T, asked: Asked) -> Result<(u64, Recording), NoForm> {
    let recording = Recording::default();
    let number =
        Part { value, position: FormPosition { asked, recording: &recording, field: ("", ""), within: (0, 0) } }
            .number()?;
    Ok((number, recording))
}

impl Recording {
    /// The steps through the value, in order.
    pub(in crate::value) fn trace(&self) -> std::cell::Ref<'_, Trace> {
        self.trace.borrow()
    }

    /// Whether fewer unnamed fields were written than were requested in `read`, and it is not known which are missing.
    pub(in crate::value) fn misses_some_of(&self, read: &Trace) -> bool {
        self.blurred.get() && self.trace.borrow().misses_some_of(read)
    }

    /// The first field in which two values differ, if a field differs.
    pub(in crate::value) fn first_difference(&self, other: &Self) -> Option<Field> {
        let (ours, theirs) = (self.leaves.borrow(), other.leaves.borrow());
        let differs = ours.iter().zip(theirs.iter()).find(|(ours, theirs)| ours != theirs);
        let last = ours.get(theirs.len()).or_else(|| theirs.get(ours.len()));
        let ((_, field), _) = differs.or(last.map(|last| (last, last)))?;
        (!field.0.is_empty()).then_some(*field)
    }
}

/// The position of a part in a value.
#[derive(Clone, Copy)]
pub(super) struct FormPosition<'t> {
    pub(super) asked: Asked,
    pub(super) recording: &'t Recording,
    pub(super) field: Field,
    /// The address range of the value that contains the part.
    pub(super) within: (usize, usize),
}

impl FormPosition<'_> {
    /// Records a step, and returns its index for [`parts`](Self::parts).
    pub(super) fn step(self, step: Step) -> usize {
        if self.asked.note == Note::Steps { self.recording.trace.borrow_mut().add(step) } else { 0 }
    }

    /// Records how many parts a step has, if they are found by position, and the names of its fields.
    pub(super) fn parts(self, at: usize, count: usize, names: Vec<Name>) {
        let mut trace = self.recording.trace.borrow_mut();
        trace.set_count(at, count);
        trace.set_names(at, names);
    }

    fn leaf(self, step: Step, value: impl Hash) -> u64 {
        self.step(step);
        let number = hash((step as u8, value));
        if self.asked.note == Note::Leaves {
            self.recording.leaves.borrow_mut().push((number, self.field));
        }
        number
    }

    /// The offset of field `value` in the value that contains it, if it is stored inside.
    pub(super) fn offset<T: ?Sized>(self, value: &T) -> Option<usize> {
        let at = (&raw const *value).cast::<u8>().addr();
        let offset = (self.within.0..self.within.1).contains(&at).then(|| at - self.within.0);
        self.recording.blurred.set(self.recording.blurred.get() || offset.is_none());
        offset
    }
}

pub(super) fn hash(value: impl Hash) -> u64 {
    let mut hasher = Mixed(1);
    value.hash(&mut hasher);
    hasher.finish()
}

/// A part of a value, and its position.
pub(super) struct Part<'a, 't, T: ?Sized> {
    pub(super) value: &'a T,
    pub(super) position: FormPosition<'t>,
}

impl<T: Serialize + ?Sized> Part<'_, '_, T> {
    pub(super) fn number(self) -> Result<u64, NoForm> {
        let from = (&raw const *self.value).cast::<u8>().addr();
        let within = (from, from.saturating_add(size_of_val(self.value)));
        self.value.serialize(Form { position: FormPosition { within, ..self.position } })
    }
}

/// A serializer that computes a hash of everything it is given.
pub(super) struct Form<'t> {
    position: FormPosition<'t>,
}

macro_rules! leaves {
    ($($method:ident($value:ident: $type:ty) $step:ident $number:expr;)*) => {$(
        fn $method(self, $value: $type) -> Result<u64, NoForm> {
            Ok(self.position.leaf(Step::$step, $number))
        }
    )*};
}

impl<'t> Form<'t> {
    fn parts(self, step: Step, name: Name) -> Parts<'t> {
        let at = self.position.step(step);
        Parts::new(self.position, step, at, name)
    }

    fn parts_of_variant(self, step: Step, variant: Name) -> Parts<'t> {
        self.position.step(Step::Enum);
        self.parts(step, variant)
    }
}

impl<'t> Serializer for Form<'t> {
    type Ok = u64;
    type Error = NoForm;
    type SerializeSeq = Parts<'t>;
    type SerializeTuple = Parts<'t>;
    type SerializeTupleStruct = Parts<'t>;
    type SerializeTupleVariant = Parts<'t>;
    type SerializeMap = Parts<'t>;
    type SerializeStruct = Parts<'t>;
    type SerializeStructVariant = Parts<'t>;

    leaves! {
        serialize_bool(value: bool) Bool value;
        serialize_i8(value: i8) I8 value;
        serialize_i16(value: i16) I16 value;
        serialize_i32(value: i32) I32 value;
        serialize_i64(value: i64) I64 value;
        serialize_i128(value: i128) I128 value;
        serialize_u8(value: u8) U8 value;
        serialize_u16(value: u16) U16 value;
        serialize_u32(value: u32) U32 value;
        serialize_u64(value: u64) U64 value;
        serialize_u128(value: u128) U128 value;
        serialize_f32(value: f32) F32 value.to_bits();
        serialize_f64(value: f64) F64 value.to_bits();
        serialize_char(value: char) Char value;
        serialize_str(value: &str) Str value;
        serialize_bytes(value: &[u8]) Bytes value;
    }

    fn serialize_unit_struct(self, name: &'static str) -> Result<u64, NoForm> {
        Ok(self.position.leaf(Step::UnitStruct, if self.position.asked.is_of_another { "" } else { name }))
    }

    fn serialize_none(self) -> Result<u64, NoForm> {
        Ok(self.position.leaf(Step::Option, 0))
    }

    fn serialize_unit(self) -> Result<u64, NoForm> {
        Ok(self.position.leaf(Step::Unit, 0))
    }

    fn serialize_unit_variant(self, _: Name, _: u32, variant: Name) -> Result<u64, NoForm> {
        self.position.step(Step::Enum);
        Ok(self.position.leaf(Step::UnitVariant, variant))
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<u64, NoForm> {
        self.position.leaf(Step::Option, 1);
        let inner = Part { value, position: self.position }.number()?;
        Ok(hash((Step::Option as u8, inner)))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: Name, value: &T) -> Result<u64, NoForm> {
        self.position.step(Step::Newtype);
        Part { value, position: self.position }.number()
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: Name,
        _: u32,
        variant: Name,
        value: &T,
    ) -> Result<u64, NoForm> {
        self.position.step(Step::Enum);
        self.position.step(Step::NewtypeVariant);
        let inner = Part { value, position: FormPosition { field: (name, variant), ..self.position } }.number()?;
        Ok(hash((variant, inner)))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Parts<'t>, NoForm> {
        Ok(self.parts(Step::Seq, ""))
    }

    fn serialize_tuple(self, _: usize) -> Result<Parts<'t>, NoForm> {
        Ok(self.parts(Step::Tuple, ""))
    }

    fn serialize_tuple_struct(self, name: Name, _: usize) -> Result<Parts<'t>, NoForm> {
        Ok(self.parts(Step::TupleStruct, name))
    }

    fn serialize_tuple_variant(self, _: Name, _: u32, variant: Name, _: usize) -> Result<Parts<'t>, NoForm> {
        Ok(self.parts_of_variant(Step::TupleVariant, variant))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Parts<'t>, NoForm> {
        Ok(self.parts(Step::Map, ""))
    }

    fn serialize_struct(self, name: Name, _: usize) -> Result<Parts<'t>, NoForm> {
        Ok(self.parts(Step::Struct, name))
    }

    fn serialize_struct_variant(self, _: Name, _: u32, variant: Name, _: usize) -> Result<Parts<'t>, NoForm> {
        Ok(self.parts_of_variant(Step::StructVariant, variant))
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<u64, NoForm> {
        self.serialize_str(&value.to_string())
    }

    fn is_human_readable(&self) -> bool {
        self.position.asked.text
    }
}
