//! Serializers of parts: the elements of an array, the entries of a map, the fields of a struct.

use serde::ser::{
    Error, Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant,
};

use super::doubt::of_static;
use super::step::Step;
use super::write::{Inside, Rules};

/// Counts the elements of an array, the entries of a map or the fields of a struct.
pub(in crate::value) struct Elements<'d, C> {
    inner: C,
    rules: Rules<'d>,
    /// How many parts the value announced. The format has already written that number.
    announced: Option<usize>,
    written: usize,
    /// The last field that was skipped, if any, and the name of the struct or variant.
    skipped: Option<&'static str>,
    name: &'static str,
}

/// The position of an element of a sequence or of a map's value, and that of a map's key.
const ELEMENT: u64 = 1;
const KEY: u64 = 2;
/// Elements of a tuple from this index on share one position: so long a tuple is an array, whose elements have one
/// type.
const LONGEST_TUPLE: usize = 32;

impl<'d, C> Elements<'d, C> {
    #[inline]
    pub(super) fn new(inner: C, rules: Rules<'d>, announced: Option<usize>, name: &'static str) -> Self {
        Self { inner, rules, announced, written: 0, skipped: None, name }
    }

    /// Counts an element of a sequence whose elements all have one type.
    #[inline]
    fn next(&mut self) {
        if self.written == 0 {
            self.rules.meets(Step::First, 0);
        }
        self.written += 1;
    }

    /// Counts an element that has a position of its own, and returns that position.
    #[inline]
    fn numbered(&mut self) -> u64 {
        let position = self.written.min(LONGEST_TUPLE) as u64;
        self.written += 1;
        position
    }

    /// Counts a field. If fields are found by position, none may follow a skipped one.
    #[inline]
    fn field<E: Error>(&mut self, key: &'static str) -> Result<(), E> {
        if let Some(skipped) = self.skipped.filter(|_| self.rules.format.is_positional) {
            return Err(displaced(self.name, skipped, key));
        }
        self.written += 1;
        Ok(())
    }

    #[inline]
    fn skip(&mut self, key: &'static str) {
        self.skipped = Some(key);
        self.rules.meets(Step::Skip, of_static(key));
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

#[cold]
fn displaced<E: Error>(name: &str, skipped: &str, key: &str) -> E {
    E::custom(format_args!(
        "{name}.{skipped} is left out, and {name}.{key} would be read in its place, as fields are found by position; use \
         Msgpack, or remove skip_serializing_if"
    ))
}

impl<C: SerializeSeq> SerializeSeq for Elements<'_, C> {
    type Ok = C::Ok;
    type Error = C::Error;

    #[inline]
    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), C::Error> {
        self.next();
        self.inner.serialize_element(&Inside { value, rules: &self.rules, position: ELEMENT })
    }

    #[inline]
    fn end(self) -> Result<C::Ok, C::Error> {
        self.finish::<C::Error>()?.end()
    }
}

macro_rules! elements {
    ($($kind:ident :: $method:ident;)*) => {$(
        impl<C: $kind> $kind for Elements<'_, C> {
            type Ok = C::Ok;
            type Error = C::Error;

            #[inline]
            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), C::Error> {
                let position = self.numbered();
                self.inner.$method(&Inside { value, rules: &self.rules, position })
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
                self.field::<C::Error>(key)?;
                self.inner.serialize_field(key, &Inside { value, rules: &self.rules, position: of_static(key) })
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
        self.next();
        self.inner.serialize_key(&Inside { value: key, rules: &self.rules, position: KEY })
    }

    #[inline]
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), C::Error> {
        self.inner.serialize_value(&Inside { value, rules: &self.rules, position: ELEMENT })
    }

    #[inline]
    fn end(self) -> Result<C::Ok, C::Error> {
        self.finish::<C::Error>()?.end()
    }
}
