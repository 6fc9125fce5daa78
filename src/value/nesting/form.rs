//! The form of a value: all that it tells serde, whatever format it would be written in.

use std::cell::{Cell, RefCell};
use std::fmt::{self, Display};
use std::hash::{Hash, Hasher};
use std::mem::size_of_val;

use serde::ser::{Error, Serialize, Serializer};

use super::doubt::Mixed;
use super::form_parts::Parts;
use super::reading::Trace;
use super::step::Step;

/// A value tells nothing, and why.
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

/// How a value is asked.
#[derive(Clone, Copy)]
pub(in crate::value) struct Asked {
    /// As a format for people asks.
    pub text: bool,
    /// Whether fields are found by their position alone.
    pub is_positional: bool,
    pub note: Note,
}

/// What is noted besides the form.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::value) enum Note {
    Nothing,
    /// The steps, for [`Told::trace`].
    Steps,
    /// The values without parts, for [`Told::first_difference`].
    Leaves,
}

impl Asked {
    /// As a format of this kind asks.
    pub(in crate::value) fn by(text: bool, is_positional: bool) -> Self {
        Self { text, is_positional, note: Note::Steps }
    }
}

/// What is noted of a value while it tells its form.
#[derive(Default)]
pub(in crate::value) struct Told {
    trace: RefCell<Trace>,
    /// The values without parts, as numbers, each with the last struct and field around it.
    leaves: RefCell<Vec<(u64, Field)>>,
    /// Whether fields without names were written and cannot be told from each other.
    blurred: Cell<bool>,
}

/// A field: the name of its struct, and its own.
pub(in crate::value) type Field = (&'static str, &'static str);

/// A number for the form of `value`, and what was noted.
pub(in crate::value) fn form<T: Serialize>(value: &T, asked: Asked) -> Result<(u64, Told), NoForm> {
    let told = Told::default();
    let number = Part { value, place: FormPlace { asked, told: &told, field: ("", ""), within: (0, 0) } }.number()?;
    Ok((number, told))
}

impl Told {
    /// The steps that the value took.
    pub(in crate::value) fn trace(&self) -> std::cell::Ref<'_, Trace> {
        self.trace.borrow()
    }

    /// Whether fewer fields without names were written than `read` has asked for, and there is no telling which.
    pub(in crate::value) fn misses_some_of(&self, read: &Trace) -> bool {
        self.blurred.get() && self.trace.borrow().misses_some_of(read)
    }

    /// The field in which two values differ first, if they differ in one.
    pub(in crate::value) fn first_difference(&self, other: &Self) -> Option<Field> {
        let (ours, theirs) = (self.leaves.borrow(), other.leaves.borrow());
        let differs = ours.iter().zip(theirs.iter()).find(|(ours, theirs)| ours != theirs);
        let last = ours.get(theirs.len()).or_else(|| theirs.get(ours.len()));
        let ((_, field), _) = differs.or(last.map(|last| (last, last)))?;
        (!field.0.is_empty()).then_some(*field)
    }
}

/// Where a part of a value stands.
#[derive(Clone, Copy)]
pub(super) struct FormPlace<'t> {
    pub(super) asked: Asked,
    pub(super) told: &'t Told,
    pub(super) field: Field,
    /// Where in memory the value around it lies, from and to.
    pub(super) within: (usize, usize),
}

impl FormPlace<'_> {
    /// Notes a step. Its number is for [`parts`](Self::parts).
    pub(super) fn step(self, step: Step) -> usize {
        if self.asked.note == Note::Steps { self.told.trace.borrow_mut().add(step) } else { 0 }
    }

    /// How many parts a step has, if they are found by their position, and the names of its fields.
    pub(super) fn parts(self, at: usize, count: usize, names: Vec<&'static str>) {
        let mut trace = self.told.trace.borrow_mut();
        trace.set_count(at, count);
        trace.set_names(at, names);
    }

    fn leaf(self, step: Step, value: impl Hash) -> u64 {
        self.step(step);
        let number = hash((step as u8, value));
        if self.asked.note == Note::Leaves {
            self.told.leaves.borrow_mut().push((number, self.field));
        }
        number
    }

    /// How far into the value around it the field `value` lies, if it does.
    pub(super) fn offset<T: ?Sized>(self, value: &T) -> Option<usize> {
        let at = (&raw const *value).cast::<u8>().addr();
        let offset = (self.within.0..self.within.1).contains(&at).then(|| at - self.within.0);
        self.told.blurred.set(self.told.blurred.get() || offset.is_none());
        offset
    }
}

pub(super) fn hash(value: impl Hash) -> u64 {
    let mut hasher = Mixed(1);
    value.hash(&mut hasher);
    hasher.finish()
}

/// A part of a value, and its place.
pub(super) struct Part<'a, 't, T: ?Sized> {
    pub(super) value: &'a T,
    pub(super) place: FormPlace<'t>,
}

impl<T: Serialize + ?Sized> Part<'_, '_, T> {
    pub(super) fn number(self) -> Result<u64, NoForm> {
        let from = (&raw const *self.value).cast::<u8>().addr();
        let within = (from, from.saturating_add(size_of_val(self.value)));
        self.value.serialize(Form { place: FormPlace { within, ..self.place } })
    }
}

/// A serializer that makes a number of what it is told.
pub(super) struct Form<'t> {
    place: FormPlace<'t>,
}

macro_rules! leaves {
    ($($method:ident($value:ident: $type:ty) $step:ident $number:expr;)*) => {$(
        fn $method(self, $value: $type) -> Result<u64, NoForm> {
            Ok(self.place.leaf(Step::$step, $number))
        }
    )*};
}

impl<'t> Form<'t> {
    fn parts(self, step: Step, name: &'static str) -> Parts<'t> {
        let at = self.place.step(step);
        Parts::new(self.place, step, at, name)
    }

    fn parts_of_variant(self, step: Step, variant: &'static str) -> Parts<'t> {
        self.place.step(Step::Enum);
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
        serialize_unit_struct(name: &'static str) UnitStruct name;
    }

    fn serialize_none(self) -> Result<u64, NoForm> {
        Ok(self.place.leaf(Step::Option, 0))
    }

    fn serialize_unit(self) -> Result<u64, NoForm> {
        Ok(self.place.leaf(Step::Unit, 0))
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<u64, NoForm> {
        self.place.step(Step::Enum);
        Ok(self.place.leaf(Step::UnitVariant, variant))
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<u64, NoForm> {
        self.place.leaf(Step::Option, 1);
        let inner = Part { value, place: self.place }.number()?;
        Ok(hash((Step::Option as u8, inner)))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<u64, NoForm> {
        self.place.step(Step::Newtype);
        Part { value, place: self.place }.number()
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<u64, NoForm> {
        self.place.step(Step::Enum);
        self.place.step(Step::NewtypeVariant);
        let inner = Part { value, place: FormPlace { field: (name, variant), ..self.place } }.number()?;
        Ok(hash((variant, inner)))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Parts<'t>, NoForm> {
        Ok(self.parts(Step::Seq, ""))
    }

    fn serialize_tuple(self, _: usize) -> Result<Parts<'t>, NoForm> {
        Ok(self.parts(Step::Tuple, ""))
    }

    fn serialize_tuple_struct(self, name: &'static str, _: usize) -> Result<Parts<'t>, NoForm> {
        Ok(self.parts(Step::TupleStruct, name))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Parts<'t>, NoForm> {
        Ok(self.parts_of_variant(Step::TupleVariant, variant))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Parts<'t>, NoForm> {
        Ok(self.parts(Step::Map, ""))
    }

    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Parts<'t>, NoForm> {
        Ok(self.parts(Step::Struct, name))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Parts<'t>, NoForm> {
        Ok(self.parts_of_variant(Step::StructVariant, variant))
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<u64, NoForm> {
        self.serialize_str(&value.to_string())
    }

    fn is_human_readable(&self) -> bool {
        self.place.asked.text
    }
}
