//! A serializer that counts how deep it goes and how much it was told to expect, and refuses what reads back as another value.

use std::fmt::Display;

use serde::ser::{
    Error, Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

use super::depth::{Depth, TOO_DEEP};
use super::doubt::Doubt;

/// Which floats the format can hold.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::value) enum Floats {
    /// All of them, NaN included.
    Any,
    /// Neither NaN nor the infinities.
    Finite,
}

/// What a format can hold, and how it writes a struct.
#[derive(Clone, Copy)]
pub(in crate::value) struct Format {
    pub floats: Floats,
    /// Whether fields are found by their position alone.
    pub is_positional: bool,
    /// Whether a unit struct is written as what `None` is written as.
    pub unit_structs_are_nil: bool,
}

/// A serializer that refuses what could not be read back.
pub(in crate::value) struct Limited<'d, S> {
    inner: S,
    rules: Rules<'d>,
}

/// Writes through `writer`, no deeper than can be read. `doubt` is set where only reading tells whether the bytes can be read.
pub(in crate::value) fn limited_writer<W>(writer: W, format: Format, doubt: &Doubt) -> Limited<'_, W> {
    Limited { inner: writer, rules: Rules { depth: Depth::START, format, in_some: false, doubt } }
}

#[derive(Clone, Copy)]
struct Rules<'d> {
    depth: Depth,
    format: Format,
    /// Whether the value stands directly inside a `Some`, newtypes between them passed over.
    in_some: bool,
    doubt: &'d Doubt,
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

    /// Refuses what is written as `None` is, directly inside a `Some`.
    #[inline]
    fn nil<E: Error>(self, what: &str) -> Result<(), E> {
        if self.in_some {
            return Err(E::custom(format_args!(
                "Some({what}) is written as None is, and would be read as None; use an enum of your own for three states"
            )));
        }
        Ok(())
    }
}

/// A value inside another: it is written under the rules of its place.
struct Inside<'a, 'd, T: ?Sized> {
    value: &'a T,
    rules: Rules<'d>,
}

impl<T: Serialize + ?Sized> Serialize for Inside<'_, '_, T> {
    #[inline]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(Limited { inner: serializer, rules: self.rules })
    }
}

macro_rules! serialize {
    ($($method:ident($($arg:ident: $type:ty),*);)*) => {$(
        #[inline]
        fn $method(self, $($arg: $type),*) -> Result<S::Ok, S::Error> {
            self.inner.$method($($arg),*)
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
        serialize_bool(value: bool);
        serialize_i8(value: i8);
        serialize_i16(value: i16);
        serialize_i32(value: i32);
        serialize_i64(value: i64);
        serialize_u8(value: u8);
        serialize_u16(value: u16);
        serialize_u32(value: u32);
        serialize_u64(value: u64);
        serialize_char(value: char);
        serialize_str(value: &str);
        serialize_unit_variant(name: &'static str, index: u32, variant: &'static str);
    }

    #[inline]
    fn serialize_f32(self, value: f32) -> Result<S::Ok, S::Error> {
        self.rules.float(f64::from(value))?;
        self.inner.serialize_f32(value)
    }

    #[inline]
    fn serialize_f64(self, value: f64) -> Result<S::Ok, S::Error> {
        self.rules.float(value)?;
        self.inner.serialize_f64(value)
    }

    // What is wide is read by `deserialize_i128` alone, which a type that looks at the value first does not call.
    #[inline]
    fn serialize_i128(self, value: i128) -> Result<S::Ok, S::Error> {
        self.rules.doubt.arise();
        self.inner.serialize_i128(value)
    }

    #[inline]
    fn serialize_u128(self, value: u128) -> Result<S::Ok, S::Error> {
        self.rules.doubt.arise();
        self.inner.serialize_u128(value)
    }

    #[inline]
    fn serialize_none(self) -> Result<S::Ok, S::Error> {
        self.rules.nil("None")?;
        self.inner.serialize_none()
    }

    #[inline]
    fn serialize_unit(self) -> Result<S::Ok, S::Error> {
        self.rules.nil("()")?;
        self.inner.serialize_unit()
    }

    // JSON writes bytes, and MessagePack a unit struct, as an array: a level to whoever reads them.
    #[inline]
    fn serialize_bytes(self, value: &[u8]) -> Result<S::Ok, S::Error> {
        self.rules.into_level()?;
        self.inner.serialize_bytes(value)
    }

    #[inline]
    fn serialize_unit_struct(self, name: &'static str) -> Result<S::Ok, S::Error> {
        if self.rules.format.unit_structs_are_nil {
            self.rules.nil(name)?;
        }
        self.rules.into_level()?;
        self.inner.serialize_unit_struct(name)
    }

    #[inline]
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        let rules = Rules { in_some: true, ..self.rules.into_wrapper()? };
        self.inner.serialize_some(&Inside { value, rules })
    }

    #[inline]
    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, name: &'static str, value: &T) -> Result<S::Ok, S::Error> {
        let rules = self.rules.into_wrapper()?;
        self.inner.serialize_newtype_struct(name, &Inside { value, rules })
    }

    #[inline]
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        let rules = self.rules.into_level()?;
        self.inner.serialize_newtype_variant(name, index, variant, &Inside { value, rules })
    }

    #[inline]
    fn serialize_seq(self, len: Option<usize>) -> Result<Self::SerializeSeq, S::Error> {
        let rules = self.rules.into_level()?;
        Ok(Elements {
            inner: self.inner.serialize_seq(len)?,
            rules,
            announced: len,
            written: 0,
            skipped: None,
            name: "",
        })
    }

    #[inline]
    fn serialize_tuple(self, len: usize) -> Result<Self::SerializeTuple, S::Error> {
        let rules = self.rules.into_level()?;
        Ok(Elements {
            inner: self.inner.serialize_tuple(len)?,
            rules,
            announced: Some(len),
            written: 0,
            skipped: None,
            name: "",
        })
    }

    #[inline]
    fn serialize_tuple_struct(self, name: &'static str, len: usize) -> Result<Self::SerializeTupleStruct, S::Error> {
        let rules = self.rules.into_level()?;
        Ok(Elements {
            inner: self.inner.serialize_tuple_struct(name, len)?,
            rules,
            announced: Some(len),
            written: 0,
            skipped: None,
            name: "",
        })
    }

    #[inline]
    fn serialize_tuple_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Self::SerializeTupleVariant, S::Error> {
        let rules = self.rules.into_level()?.into_level()?;
        let inner = self.inner.serialize_tuple_variant(name, index, variant, len)?;
        Ok(Elements { inner, rules, announced: Some(len), written: 0, skipped: None, name: "" })
    }

    #[inline]
    fn serialize_map(self, len: Option<usize>) -> Result<Self::SerializeMap, S::Error> {
        let rules = self.rules.into_level()?;
        if len.is_none() {
            // As a flattened struct is written, which is read by looking at its values first.
            rules.doubt.arise();
        }
        Ok(Elements {
            inner: self.inner.serialize_map(len)?,
            rules,
            announced: len,
            written: 0,
            skipped: None,
            name: "",
        })
    }

    #[inline]
    fn serialize_struct(self, name: &'static str, len: usize) -> Result<Self::SerializeStruct, S::Error> {
        let rules = self.rules.into_level()?;
        let inner = self.inner.serialize_struct(name, len)?;
        Ok(Elements { inner, rules, announced: Some(len), written: 0, skipped: None, name })
    }

    #[inline]
    fn serialize_struct_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Self::SerializeStructVariant, S::Error> {
        let rules = self.rules.into_level()?.into_level()?;
        let inner = self.inner.serialize_struct_variant(name, index, variant, len)?;
        Ok(Elements { inner, rules, announced: Some(len), written: 0, skipped: None, name: variant })
    }

    #[inline]
    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        self.inner.collect_str(value)
    }

    #[inline]
    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }
}

/// The elements of an array, the entries of a map or the fields of a struct, counted.
pub(in crate::value) struct Elements<'d, C> {
    inner: C,
    rules: Rules<'d>,
    /// How many the value said there would be. The format has written that number already.
    announced: Option<usize>,
    written: usize,
    /// The last field that was left out, and the name of the struct or variant.
    skipped: Option<&'static str>,
    name: &'static str,
}

impl<'d, C> Elements<'d, C> {
    #[inline]
    fn next<'a, T: ?Sized>(&mut self, value: &'a T) -> Inside<'a, 'd, T> {
        self.written += 1;
        self.same(value)
    }

    #[inline]
    fn same<'a, T: ?Sized>(&self, value: &'a T) -> Inside<'a, 'd, T> {
        Inside { value, rules: self.rules }
    }

    /// As [`next`](Self::next), for a field, which must not take the place of one that was left out.
    #[inline]
    fn field<'a, T: ?Sized, E: Error>(&mut self, key: &str, value: &'a T) -> Result<Inside<'a, 'd, T>, E> {
        if let Some(skipped) = self.skipped.filter(|_| self.rules.format.is_positional) {
            let name = self.name;
            return Err(E::custom(format_args!(
                "{name}.{skipped} is left out, and {name}.{key} would be read in its place, as fields are found by \
                 position; use Msgpack, or remove skip_serializing_if"
            )));
        }
        Ok(self.next(value))
    }

    /// Notes that a field is left out. Where no other follows, only reading tells whether the type has a default for it.
    #[inline]
    fn skip(&mut self, key: &'static str) {
        self.skipped = Some(key);
        self.rules.doubt.arise_once(self.name, key);
    }

    #[inline]
    fn finish<E: Error>(self) -> Result<C, E> {
        match self.announced {
            Some(announced) if announced != self.written => {
                let written = self.written;
                Err(E::custom(format_args!("announced {announced} elements, wrote {written}")))
            }
            _ => Ok(self.inner),
        }
    }
}

macro_rules! elements {
    ($($kind:ident :: $method:ident;)*) => {$(
        impl<C: $kind> $kind for Elements<'_, C> {
            type Ok = C::Ok;
            type Error = C::Error;

            #[inline]
            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), C::Error> {
                let element = self.next(value);
                self.inner.$method(&element)
            }

            #[inline]
            fn end(self) -> Result<C::Ok, C::Error> {
                self.finish::<C::Error>()?.end()
            }
        }
    )*};
}

macro_rules! fields {
    ($($kind:ident;)*) => {$(
        impl<C: $kind> $kind for Elements<'_, C> {
            type Ok = C::Ok;
            type Error = C::Error;

            #[inline]
            fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), C::Error> {
                let field = self.field::<T, C::Error>(key, value)?;
                self.inner.serialize_field(key, &field)
            }

            #[inline]
            fn skip_field(&mut self, key: &'static str) -> Result<(), C::Error> {
                self.skip(key);
                self.inner.skip_field(key)
            }

            #[inline]
            fn end(self) -> Result<C::Ok, C::Error> {
                self.finish::<C::Error>()?.end()
            }
        }
    )*};
}

elements! {
    SerializeSeq::serialize_element;
    SerializeTuple::serialize_element;
    SerializeTupleStruct::serialize_field;
    SerializeTupleVariant::serialize_field;
}

fields! {
    SerializeStruct;
    SerializeStructVariant;
}

impl<C: SerializeMap> SerializeMap for Elements<'_, C> {
    type Ok = C::Ok;
    type Error = C::Error;

    #[inline]
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), C::Error> {
        let key = self.next(key);
        self.inner.serialize_key(&key)
    }

    #[inline]
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), C::Error> {
        let value = self.same(value);
        self.inner.serialize_value(&value)
    }

    #[inline]
    fn end(self) -> Result<C::Ok, C::Error> {
        self.finish::<C::Error>()?.end()
    }
}
