//! A serializer that counts the nesting depth, and records the ways in which it writes.

use std::fmt::Display;

use std::any::type_name;

use serde::ser::{Error, Serialize, Serializer};

use super::depth::{Depth, TOO_DEEP};
use super::doubt::{Doubt, mix, of_static};
use super::elements::Elements;
use super::forks::{is_whole, referred};
use super::step::Step;

/// The floats that the format can hold.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::value) enum Floats {
    /// All floats, including NaN.
    Any,
    /// Neither NaN nor the infinities.
    Finite,
}

/// The floats that a format can hold, and how it writes a struct.
#[derive(Clone, Copy)]
pub(in crate::value) struct Format {
    pub floats: Floats,
    /// Whether fields are found by position only.
    pub is_positional: bool,
    /// Whether a unit struct is written with the same bytes as `None`.
    pub unit_structs_are_nil: bool,
}

/// A serializer that rejects values that could not be read back.
pub(in crate::value) struct Limited<'d, S> {
    inner: S,
    rules: Rules<'d>,
}

/// Writes `value` through `writer`, within the nesting limits. Afterwards `doubt` has arisen if the value was written
/// in a way not yet verified.
pub(in crate::value) fn write_limited<T: Serialize + ?Sized, S: Serializer>(
    value: &T,
    writer: S,
    format: Format,
    doubt: &Doubt,
) -> Result<S::Ok, S::Error> {
    let rules = Rules {
        depth: Depth::START,
        format,
        in_some: false,
        doubt,
        owner: doubt.root(),
        position: 0,
        of: 0,
        is_plain: false,
        is_whole: false,
    };
    Inside { value, rules: &rules, position: 0 }.serialize(writer)
}

/// What is known at one position in a value, to check the part there and to record how it is written.
#[derive(Clone, Copy)]
pub(super) struct Rules<'d> {
    depth: Depth,
    pub(super) format: Format,
    /// Whether the value is directly inside a `Some`, ignoring newtypes in between.
    in_some: bool,
    doubt: &'d Doubt,
    /// A number for the type that contains the value, and for the position of that type.
    owner: u64,
    /// The value's position in the containing type.
    position: u64,
    /// A number for the value's own type.
    of: u64,
    /// Whether values of the type are always written as the same kind of content.
    is_plain: bool,
    /// Whether the type is known to lose nothing, neither in its text form nor in its binary form.
    is_whole: bool,
}

/// Whether the type with this name, or the type it refers to, is a number or text. In optimized builds it is a
/// constant for each type.
#[cfg_attr(not(debug_assertions), inline(always))]
fn is_plain(name: &'static str) -> bool {
    matches!(
        referred(name),
        b"bool"
            | b"u8"
            | b"u16"
            | b"u32"
            | b"u64"
            | b"usize"
            | b"i8"
            | b"i16"
            | b"i32"
            | b"i64"
            | b"isize"
            | b"f32"
            | b"f64"
            | b"char"
            | b"u128"
            | b"i128"
            | b"str"
            | b"alloc::string::String"
    )
}

impl Rules<'_> {
    #[inline]
    fn into_level<E: Error>(self) -> Result<Self, E> {
        let depth = self.depth.into_level().ok_or_else(|| E::custom(TOO_DEEP))?;
        Ok(Self { depth, in_some: false, ..self })
    }

    #[inline]
    fn into_wrapper<E: Error>(self) -> Result<Self, E> {
        let depth = self.depth.into_wrapper().ok_or_else(|| E::custom(TOO_DEEP))?;
        Ok(Self { depth, ..self })
    }

    #[inline]
    fn float<E: Error>(self, value: f64) -> Result<(), E> {
        if self.format.floats == Floats::Finite && !value.is_finite() {
            return Err(E::custom(format_args!("the format has no number for {value}")));
        }
        Ok(())
    }

    /// Records that the value is written as this kind of content, with `detail` as its number of parts or its name.
    #[inline]
    pub(super) fn meets(self, step: Step, detail: u64) {
        let here = mix(mix(self.owner, self.position), self.of);
        self.doubt.meets(mix(mix(here, step as u64), detail));
    }

    /// As [`meets`](Self::meets), for content without parts.
    #[inline]
    fn meets_leaf(self, step: Step) {
        if !self.is_plain {
            self.meets(step, 0);
        }
    }

    /// Records that the value is written with the same bytes as `None`.
    #[inline]
    fn nothing(self, step: Step, what: &'static str) {
        if self.in_some {
            self.doubt.meets_nothing(what);
        }
        self.meets(step, u64::from(self.in_some));
    }

    /// The rules for the value's parts, before the position of a part is set.
    #[inline]
    fn parts(self) -> Self {
        Self { owner: mix(mix(self.doubt.root(), self.position), self.of), ..self }
    }

    /// The rules for the same value, distinguished by its variant.
    #[inline]
    fn variant(self, variant: &'static str) -> Self {
        Self { position: mix(mix(1, self.position), of_static(variant)), ..self }
    }
}

/// A value inside another: the rules of the outer value, and the position in it.
pub(super) struct Inside<'a, 'd, T: ?Sized> {
    pub(super) value: &'a T,
    pub(super) rules: &'a Rules<'d>,
    pub(super) position: u64,
}

impl<T: Serialize + ?Sized> Serialize for Inside<'_, '_, T> {
    #[inline]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let name = type_name::<T>();
        let rules = Rules {
            position: self.position,
            of: of_static(name),
            is_plain: is_plain(name) && !self.rules.doubt.is_of_another(),
            is_whole: is_whole(name) && !self.rules.doubt.is_of_another(),
            ..*self.rules
        };
        self.value.serialize(Limited { inner: serializer, rules })
    }
}

macro_rules! serialize {
    ($($method:ident($value:ident: $type:ty) $step:ident;)*) => {$(
        #[inline]
        fn $method(self, $value: $type) -> Result<S::Ok, S::Error> {
            self.rules.meets_leaf(Step::$step);
            self.inner.$method($value)
        }
    )*};
}

impl<'d, S: Serializer> Serializer for Limited<'d, S> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeSeq = Elements<'d, S::SerializeSeq>;
    type SerializeTuple = Elements<'d, S::SerializeTuple>;
    type SerializeTupleStruct = Elements<'d, S::SerializeTupleStruct>;
    type SerializeTupleVariant = Elements<'d, S::SerializeTupleVariant>;
    type SerializeMap = Elements<'d, S::SerializeMap>;
    type SerializeStruct = Elements<'d, S::SerializeStruct>;
    type SerializeStructVariant = Elements<'d, S::SerializeStructVariant>;

    serialize! {
        serialize_bool(value: bool) Bool;
        serialize_i8(value: i8) I8;
        serialize_i16(value: i16) I16;
        serialize_i32(value: i32) I32;
        serialize_i64(value: i64) I64;
        serialize_i128(value: i128) I128;
        serialize_u8(value: u8) U8;
        serialize_u16(value: u16) U16;
        serialize_u32(value: u32) U32;
        serialize_u64(value: u64) U64;
        serialize_u128(value: u128) U128;
        serialize_char(value: char) Char;
        serialize_str(value: &str) Str;
    }

    #[inline]
    fn serialize_f32(self, value: f32) -> Result<S::Ok, S::Error> {
        self.rules.float(f64::from(value))?;
        self.rules.meets_leaf(Step::F32);
        self.inner.serialize_f32(value)
    }

    #[inline]
    fn serialize_f64(self, value: f64) -> Result<S::Ok, S::Error> {
        self.rules.float(value)?;
        self.rules.meets_leaf(Step::F64);
        self.inner.serialize_f64(value)
    }

    #[inline]
    fn serialize_none(self) -> Result<S::Ok, S::Error> {
        self.rules.nothing(Step::Option, "None");
        self.inner.serialize_none()
    }

    #[inline]
    fn serialize_unit(self) -> Result<S::Ok, S::Error> {
        self.rules.nothing(Step::Unit, "()");
        self.inner.serialize_unit()
    }

    // A reader counts an array as a level of nesting, so the writer does too: JSON writes bytes as an array, and
    // `MessagePack` writes a unit struct as an array.
    #[inline]
    fn serialize_bytes(self, value: &[u8]) -> Result<S::Ok, S::Error> {
        self.rules.into_level()?;
        self.rules.meets_leaf(Step::Bytes);
        self.inner.serialize_bytes(value)
    }

    #[inline]
    fn serialize_unit_struct(self, name: &'static str) -> Result<S::Ok, S::Error> {
        self.rules.into_level()?;
        if self.rules.format.unit_structs_are_nil {
            self.rules.nothing(Step::UnitStruct, name);
        } else {
            self.rules.meets(Step::UnitStruct, 0);
        }
        self.inner.serialize_unit_struct(name)
    }

    #[inline]
    fn serialize_unit_variant(self, name: &'static str, index: u32, variant: &'static str) -> Result<S::Ok, S::Error> {
        self.rules.meets(Step::UnitVariant, of_static(variant));
        self.inner.serialize_unit_variant(name, index, variant)
    }

    #[inline]
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        self.rules.meets(Step::Option, 2);
        let rules = Rules { in_some: true, ..self.rules.parts().into_wrapper()? };
        self.inner.serialize_some(&Inside { value, rules: &rules, position: 0 })
    }

    #[inline]
    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, name: &'static str, value: &T) -> Result<S::Ok, S::Error> {
        self.rules.meets(Step::Newtype, 0);
        let rules = self.rules.parts().into_wrapper()?;
        self.inner.serialize_newtype_struct(name, &Inside { value, rules: &rules, position: 0 })
    }

    #[inline]
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        self.rules.meets(Step::NewtypeVariant, of_static(variant));
        let rules = self.rules.into_level()?.parts();
        self.inner.serialize_newtype_variant(
            name,
            index,
            variant,
            &Inside { value, rules: &rules, position: of_static(variant) },
        )
    }

    #[inline]
    fn serialize_seq(self, len: Option<usize>) -> Result<Self::SerializeSeq, S::Error> {
        self.rules.meets(Step::Seq, 0);
        let rules = self.rules.into_level()?.parts();
        Ok(Elements::new(self.inner.serialize_seq(len)?, rules, len, ""))
    }

    #[inline]
    fn serialize_tuple(self, len: usize) -> Result<Self::SerializeTuple, S::Error> {
        self.rules.meets(Step::Tuple, len as u64);
        let rules = self.rules.into_level()?.parts();
        Ok(Elements::new(self.inner.serialize_tuple(len)?, rules, Some(len), ""))
    }

    #[inline]
    fn serialize_tuple_struct(self, name: &'static str, len: usize) -> Result<Self::SerializeTupleStruct, S::Error> {
        self.rules.meets(Step::TupleStruct, len as u64);
        let rules = self.rules.into_level()?.parts();
        Ok(Elements::new(self.inner.serialize_tuple_struct(name, len)?, rules, Some(len), name))
    }

    #[inline]
    fn serialize_tuple_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Self::SerializeTupleVariant, S::Error> {
        self.rules.meets(Step::TupleVariant, mix(mix(1, of_static(variant)), len as u64));
        let rules = self.rules.into_level()?.into_level()?.variant(variant).parts();
        let inner = self.inner.serialize_tuple_variant(name, index, variant, len)?;
        Ok(Elements::new(inner, rules, Some(len), variant))
    }

    #[inline]
    fn serialize_map(self, len: Option<usize>) -> Result<Self::SerializeMap, S::Error> {
        self.rules.meets(Step::Map, 0);
        let rules = self.rules.into_level()?.parts();
        Ok(Elements::new(self.inner.serialize_map(len)?, rules, len, ""))
    }

    #[inline]
    fn serialize_struct(self, name: &'static str, len: usize) -> Result<Self::SerializeStruct, S::Error> {
        self.rules.meets(Step::Struct, len as u64);
        let rules = self.rules.into_level()?.parts();
        let inner = self.inner.serialize_struct(name, len)?;
        Ok(Elements::new(inner, rules, Some(len), name))
    }

    #[inline]
    fn serialize_struct_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Self::SerializeStructVariant, S::Error> {
        self.rules.meets(Step::StructVariant, mix(mix(1, of_static(variant)), len as u64));
        let rules = self.rules.into_level()?.into_level()?.variant(variant).parts();
        let inner = self.inner.serialize_struct_variant(name, index, variant, len)?;
        Ok(Elements::new(inner, rules, Some(len), variant))
    }

    #[inline]
    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        self.rules.meets_leaf(Step::Str);
        self.inner.collect_str(value)
    }

    #[inline]
    fn is_human_readable(&self) -> bool {
        if !self.rules.is_whole {
            self.rules.doubt.meets_fork();
        }
        self.inner.is_human_readable()
    }
}
