//! A serializer that counts how deep it goes and how much it was told to expect.

use std::fmt::Display;

use serde::ser::{
    Error, Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

use super::depth::{Depth, TOO_DEEP};

/// Which floats the format can hold.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::value) enum Floats {
    /// All of them, NaN included.
    Any,
    /// Neither NaN nor the infinities.
    Finite,
}

/// A serializer that refuses what could not be read back.
pub(in crate::value) struct Limited<S> {
    inner: S,
    rules: Rules,
}

/// Writes through `writer`, no deeper than can be read.
pub(in crate::value) fn limited_writer<W>(writer: W, floats: Floats) -> Limited<W> {
    Limited { inner: writer, rules: Rules { depth: Depth::START, floats } }
}

#[derive(Clone, Copy)]
struct Rules {
    depth: Depth,
    floats: Floats,
}

impl Rules {
    #[inline]
    fn into_level<E: Error>(self) -> Result<Self, E> {
        let depth = self.depth.into_level().ok_or_else(|| E::custom(TOO_DEEP))?;
        Ok(Self { depth, ..self })
    }

    #[inline]
    fn into_wrapper<E: Error>(self) -> Result<Self, E> {
        let depth = self.depth.into_wrapper().ok_or_else(|| E::custom(TOO_DEEP))?;
        Ok(Self { depth, ..self })
    }

    #[inline]
    fn float<E: Error>(self, value: f64) -> Result<(), E> {
        if self.floats == Floats::Finite && !value.is_finite() {
            return Err(E::custom(format_args!("the format has no number for {value}")));
        }
        Ok(())
    }
}

/// A value inside another: it is written under the rules of its place.
struct Inside<'a, T: ?Sized> {
    value: &'a T,
    rules: Rules,
}

impl<T: Serialize + ?Sized> Serialize for Inside<'_, T> {
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

impl<S: Serializer> Serializer for Limited<S> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeSeq = Elements<S::SerializeSeq>;
    type SerializeTuple = Elements<S::SerializeTuple>;
    type SerializeTupleStruct = Elements<S::SerializeTupleStruct>;
    type SerializeTupleVariant = Elements<S::SerializeTupleVariant>;
    type SerializeMap = Elements<S::SerializeMap>;
    type SerializeStruct = Elements<S::SerializeStruct>;
    type SerializeStructVariant = Elements<S::SerializeStructVariant>;

    serialize! {
        serialize_bool(value: bool);
        serialize_i8(value: i8);
        serialize_i16(value: i16);
        serialize_i32(value: i32);
        serialize_i64(value: i64);
        serialize_i128(value: i128);
        serialize_u8(value: u8);
        serialize_u16(value: u16);
        serialize_u32(value: u32);
        serialize_u64(value: u64);
        serialize_u128(value: u128);
        serialize_char(value: char);
        serialize_str(value: &str);
        serialize_none();
        serialize_unit();
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

    // JSON writes bytes, and MessagePack a unit struct, as an array: a level to whoever reads them.
    #[inline]
    fn serialize_bytes(self, value: &[u8]) -> Result<S::Ok, S::Error> {
        self.rules.into_level()?;
        self.inner.serialize_bytes(value)
    }

    #[inline]
    fn serialize_unit_struct(self, name: &'static str) -> Result<S::Ok, S::Error> {
        self.rules.into_level()?;
        self.inner.serialize_unit_struct(name)
    }

    #[inline]
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        let rules = self.rules.into_wrapper()?;
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
        Ok(Elements { inner: self.inner.serialize_seq(len)?, rules, announced: len, written: 0 })
    }

    #[inline]
    fn serialize_tuple(self, len: usize) -> Result<Self::SerializeTuple, S::Error> {
        let rules = self.rules.into_level()?;
        Ok(Elements { inner: self.inner.serialize_tuple(len)?, rules, announced: Some(len), written: 0 })
    }

    #[inline]
    fn serialize_tuple_struct(self, name: &'static str, len: usize) -> Result<Self::SerializeTupleStruct, S::Error> {
        let rules = self.rules.into_level()?;
        Ok(Elements { inner: self.inner.serialize_tuple_struct(name, len)?, rules, announced: Some(len), written: 0 })
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
        Ok(Elements { inner, rules, announced: Some(len), written: 0 })
    }

    #[inline]
    fn serialize_map(self, len: Option<usize>) -> Result<Self::SerializeMap, S::Error> {
        let rules = self.rules.into_level()?;
        Ok(Elements { inner: self.inner.serialize_map(len)?, rules, announced: len, written: 0 })
    }

    #[inline]
    fn serialize_struct(self, name: &'static str, len: usize) -> Result<Self::SerializeStruct, S::Error> {
        let rules = self.rules.into_level()?;
        Ok(Elements { inner: self.inner.serialize_struct(name, len)?, rules, announced: Some(len), written: 0 })
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
        Ok(Elements { inner, rules, announced: Some(len), written: 0 })
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
pub(in crate::value) struct Elements<C> {
    inner: C,
    rules: Rules,
    /// How many the value said there would be. The format has written that number already.
    announced: Option<usize>,
    written: usize,
}

impl<C> Elements<C> {
    #[inline]
    fn next<'a, T: ?Sized>(&mut self, value: &'a T) -> Inside<'a, T> {
        self.written += 1;
        self.same(value)
    }

    #[inline]
    fn same<'a, T: ?Sized>(&self, value: &'a T) -> Inside<'a, T> {
        Inside { value, rules: self.rules }
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
    ($($kind:ident :: $method:ident($($key:ident: $type:ty)?) $({ $($skip:tt)* })?;)*) => {$(
        impl<C: $kind> $kind for Elements<C> {
            type Ok = C::Ok;
            type Error = C::Error;

            #[inline]
            fn $method<T: Serialize + ?Sized>(&mut self, $($key: $type,)? value: &T) -> Result<(), C::Error> {
                let element = self.next(value);
                self.inner.$method($($key,)? &element)
            }

            $($($skip)*)?

            #[inline]
            fn end(self) -> Result<C::Ok, C::Error> {
                self.finish::<C::Error>()?.end()
            }
        }
    )*};
}

elements! {
    SerializeSeq::serialize_element();
    SerializeTuple::serialize_element();
    SerializeTupleStruct::serialize_field();
    SerializeTupleVariant::serialize_field();
    SerializeStruct::serialize_field(key: &'static str) {
        #[inline]
        fn skip_field(&mut self, key: &'static str) -> Result<(), C::Error> {
            self.inner.skip_field(key)
        }
    };
    SerializeStructVariant::serialize_field(key: &'static str) {
        #[inline]
        fn skip_field(&mut self, key: &'static str) -> Result<(), C::Error> {
            self.inner.skip_field(key)
        }
    };
    SerializeMap::serialize_key() {
        #[inline]
        fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), C::Error> {
            let value = self.same(value);
            self.inner.serialize_value(&value)
        }
    };
}
