//! A deserializer that counts how deep it goes.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess, VariantAccess, Visitor};

use super::depth::{Depth, TOO_DEEP};
use super::reading::Reading;
use super::step::Step;

/// A part of serde's reading machinery (deserializer, visitor, access, seed) that passes its limits to the parts
/// inside it.
#[derive(Clone, Copy)]
pub(in crate::value) struct Limited<'r, P> {
    inner: P,
    depth: Depth,
    /// Whether the reading is recorded.
    is_watched: bool,
    reading: &'r Reading,
}

/// Reads through `reader`, within the nesting limits.
pub(in crate::value) fn limited_reader<R>(reader: R, reading: &Reading) -> Limited<'_, R> {
    Limited { inner: reader, depth: Depth::START, is_watched: reading.is_watched(), reading }
}

impl<'r, P> Limited<'r, P> {
    /// A part inside this one, with the same limits.
    #[inline]
    fn same<Q>(&self, inner: Q) -> Limited<'r, Q> {
        Limited { inner, depth: self.depth, is_watched: self.is_watched, reading: self.reading }
    }

    #[inline]
    fn into_level<E: Error>(self) -> Result<Self, E> {
        let depth = self.depth.into_level().ok_or_else(too_deep)?;
        Ok(Self { depth, ..self })
    }

    #[inline]
    fn into_wrapper<E: Error>(self) -> Result<Self, E> {
        let depth = self.depth.into_wrapper().ok_or_else(too_deep)?;
        Ok(Self { depth, ..self })
    }
}

#[cold]
fn too_deep<E: Error>() -> E {
    E::custom(TOO_DEEP)
}

macro_rules! deserialize {
    ($($method:ident($($arg:ident: $type:ty),*) $asks:ident($($with:expr),*);)*) => {$(
        #[inline]
        fn $method<V: Visitor<'de>>(self, $($arg: $type,)* visitor: V) -> Result<V::Value, D::Error> {
            if self.is_watched {
                self.reading.$asks($($with),*);
            }
            let visitor = self.same(visitor);
            self.inner.$method($($arg,)* visitor)
        }
    )*};
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Limited<'_, D> {
    type Error = D::Error;

    deserialize! {
        deserialize_any() looks();
        deserialize_bool() asks(Step::Bool);
        deserialize_i8() asks(Step::I8);
        deserialize_i16() asks(Step::I16);
        deserialize_i32() asks(Step::I32);
        deserialize_i64() asks(Step::I64);
        deserialize_i128() asks(Step::I128);
        deserialize_u8() asks(Step::U8);
        deserialize_u16() asks(Step::U16);
        deserialize_u32() asks(Step::U32);
        deserialize_u64() asks(Step::U64);
        deserialize_u128() asks(Step::U128);
        deserialize_f32() asks(Step::F32);
        deserialize_f64() asks(Step::F64);
        deserialize_char() asks(Step::Char);
        deserialize_str() asks(Step::Str);
        deserialize_string() asks(Step::Str);
        deserialize_bytes() asks(Step::Bytes);
        deserialize_byte_buf() asks(Step::Bytes);
        deserialize_option() asks(Step::Option);
        deserialize_unit() asks(Step::Unit);
        deserialize_unit_struct(name: &'static str) asks(Step::UnitStruct);
        deserialize_newtype_struct(name: &'static str) asks(Step::Newtype);
        deserialize_seq() asks(Step::Seq);
        deserialize_tuple(len: usize) asks(Step::Tuple);
        deserialize_tuple_struct(name: &'static str, len: usize) asks(Step::TupleStruct);
        deserialize_map() asks(Step::Map);
        deserialize_struct(name: &'static str, fields: &'static [&'static str]) asks_fields(Step::Struct, fields);
        deserialize_enum(name: &'static str, variants: &'static [&'static str]) asks(Step::Enum);
        deserialize_identifier() finds_name();
        deserialize_ignored_any() looks();
    }

    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }
}

macro_rules! visit {
    ($($method:ident($($value:ident: $type:ty)?);)*) => {$(
        #[inline]
        fn $method<E: Error>(self, $($value: $type)?) -> Result<V::Value, E> {
            self.inner.$method($($value)?)
        }
    )*};
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Limited<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.expecting(f)
    }

    visit! {
        visit_bool(value: bool);
        visit_i8(value: i8);
        visit_i16(value: i16);
        visit_i32(value: i32);
        visit_i64(value: i64);
        visit_i128(value: i128);
        visit_u8(value: u8);
        visit_u16(value: u16);
        visit_u32(value: u32);
        visit_u64(value: u64);
        visit_u128(value: u128);
        visit_f32(value: f32);
        visit_f64(value: f64);
        visit_char(value: char);
        visit_str(value: &str);
        visit_borrowed_str(value: &'de str);
        visit_string(value: String);
        visit_bytes(value: &[u8]);
        visit_borrowed_bytes(value: &'de [u8]);
        visit_byte_buf(value: Vec<u8>);
        visit_none();
        visit_unit();
    }

    #[inline]
    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        let inside = self.into_wrapper()?;
        let deserializer = inside.same(deserializer);
        inside.inner.visit_some(deserializer)
    }

    #[inline]
    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        let inside = self.into_wrapper()?;
        let deserializer = inside.same(deserializer);
        inside.inner.visit_newtype_struct(deserializer)
    }

    #[inline]
    fn visit_seq<A: SeqAccess<'de>>(self, access: A) -> Result<V::Value, A::Error> {
        let inside = self.into_level()?;
        let access = inside.same(access);
        if inside.is_watched {
            inside.reading.opens();
        }
        let (is_watched, reading) = (inside.is_watched, inside.reading);
        let value = inside.inner.visit_seq(access)?;
        if is_watched {
            reading.closes();
        }
        Ok(value)
    }

    #[inline]
    fn visit_map<A: MapAccess<'de>>(self, access: A) -> Result<V::Value, A::Error> {
        let inside = self.into_level()?;
        let access = inside.same(access);
        inside.inner.visit_map(access)
    }

    #[inline]
    fn visit_enum<A: EnumAccess<'de>>(self, access: A) -> Result<V::Value, A::Error> {
        let access = self.same(access);
        self.inner.visit_enum(access)
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Limited<'_, S> {
    type Value = S::Value;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<S::Value, D::Error> {
        let deserializer = self.same(deserializer);
        self.inner.deserialize(deserializer)
    }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Limited<'_, A> {
    type Error = A::Error;

    #[inline]
    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        if self.is_watched {
            self.reading.takes();
        }
        let seed = self.same(seed);
        self.inner.next_element_seed(seed)
    }

    #[inline]
    fn size_hint(&self) -> Option<usize> {
        self.inner.size_hint().map(|declared| declared.min(self.reading.most()))
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Limited<'_, A> {
    type Error = A::Error;

    #[inline]
    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        let seed = self.same(seed);
        self.inner.next_key_seed(seed)
    }

    #[inline]
    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        let seed = self.same(seed);
        self.inner.next_value_seed(seed)
    }

    #[inline]
    fn size_hint(&self) -> Option<usize> {
        self.inner.size_hint().map(|declared| declared.min(self.reading.most()))
    }
}

impl<'de, 'r, A: EnumAccess<'de>> EnumAccess<'de> for Limited<'r, A> {
    type Error = A::Error;
    type Variant = Limited<'r, A::Variant>;

    #[inline]
    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self::Variant), A::Error> {
        let Self { inner, depth, is_watched, reading } = self;
        let (name, variant) = inner.variant_seed(Limited { inner: seed, depth, is_watched, reading })?;
        Ok((name, Limited { inner: variant, depth, is_watched, reading }))
    }
}

impl<'de, A: VariantAccess<'de>> VariantAccess<'de> for Limited<'_, A> {
    type Error = A::Error;

    #[inline]
    fn unit_variant(self) -> Result<(), A::Error> {
        if self.is_watched {
            self.reading.asks(Step::UnitVariant);
        }
        self.inner.unit_variant()
    }

    #[inline]
    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, A::Error> {
        if self.is_watched {
            self.reading.asks(Step::NewtypeVariant);
        }
        let inside = self.into_level()?;
        let seed = inside.same(seed);
        inside.inner.newtype_variant_seed(seed)
    }

    #[inline]
    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, A::Error> {
        if self.is_watched {
            self.reading.asks(Step::TupleVariant);
        }
        let inside = self.into_level()?;
        let visitor = inside.same(visitor);
        inside.inner.tuple_variant(len, visitor)
    }

    #[inline]
    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        if self.is_watched {
            self.reading.asks_fields(Step::StructVariant, fields);
        }
        let inside = self.into_level()?;
        let visitor = inside.same(visitor);
        inside.inner.struct_variant(fields, visitor)
    }
}
