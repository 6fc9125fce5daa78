//! The parts of a form: elements, entries and fields.

use serde::ser::{
    Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant,
};

use super::form::{FormPosition, NoForm, Note, Part, hash};
use super::step::Step;

/// The parts of one value, given one by one.
pub(super) struct Parts<'t> {
    position: FormPosition<'t>,
    step: Step,
    /// The index of the step in the trace.
    at: usize,
    name: &'static str,
    number: u64,
    key: u64,
    written: usize,
    /// The names of all fields, including the skipped ones.
    names: Vec<&'static str>,
}

impl<'t> Parts<'t> {
    pub(super) fn new(position: FormPosition<'t>, step: Step, at: usize, name: &'static str) -> Self {
        Self { position, step, at, name, number: 0, key: 0, written: 0, names: Vec::new() }
    }

    fn name_of(&mut self, key: &'static str) {
        if self.position.asked.note == Note::Steps {
            self.names.push(key);
        }
    }

    fn of<T: Serialize + ?Sized>(&self, value: &T) -> Result<u64, NoForm> {
        Part { value, position: self.position }.number()
    }

    /// Adds an element so that its place does not matter: hashed sets and maps have no order, and no format reorders
    /// the elements of other collections.
    fn unordered(&mut self, number: u64) {
        self.number = self.number.wrapping_add(number);
        self.written += 1;
    }

    fn ordered(&mut self, number: u64) {
        self.number = hash((self.number, number));
        self.written += 1;
    }

    fn field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), NoForm> {
        self.name_of(key);
        let inside = FormPosition { field: (self.name, key), ..self.position };
        let number = Part { value, position: inside }.number()?;
        self.ordered(hash((key, number)));
        Ok(())
    }

    /// Adds an unnamed field together with its offset in memory, because nothing else shows which unnamed fields were
    /// skipped.
    fn unnamed<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), NoForm> {
        let (offset, inside) = (self.position.offset(value), FormPosition { field: (self.name, "0"), ..self.position });
        let offset = offset.filter(|_| !self.position.asked.is_of_another);
        let number = Part { value, position: inside }.number()?;
        self.ordered(hash((offset, number)));
        Ok(())
    }

    fn finish(self) -> u64 {
        if self.position.asked.note == Note::Steps {
            let count = match self.step {
                Step::Tuple | Step::TupleStruct | Step::TupleVariant => self.written,
                Step::Struct | Step::StructVariant if self.position.asked.is_positional => self.names.len(),
                _ => 0,
            };
            self.position.parts(self.at, count, self.names);
        }
        let is_named_by_type = matches!(self.step, Step::Struct | Step::TupleStruct);
        let name = if self.position.asked.is_of_another && is_named_by_type { "" } else { self.name };
        hash((self.step as u8, name, self.written, self.number))
    }
}

macro_rules! elements {
    ($($kind:ident :: $method:ident, $order:ident;)*) => {$(
        impl $kind for Parts<'_> {
            type Ok = u64;
            type Error = NoForm;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), NoForm> {
                let number = self.of(value)?;
                self.$order(number);
                Ok(())
            }

            fn end(self) -> Result<u64, NoForm> {
                Ok(self.finish())
            }
        }
    )*};
}

elements! {
    SerializeSeq::serialize_element, unordered;
    SerializeTuple::serialize_element, ordered;
}

macro_rules! unnamed {
    ($($kind:ident)*) => {$(
        impl $kind for Parts<'_> {
            type Ok = u64;
            type Error = NoForm;

            fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), NoForm> {
                self.unnamed(value)
            }

            fn end(self) -> Result<u64, NoForm> {
                Ok(self.finish())
            }
        }
    )*};
}

unnamed! { SerializeTupleStruct SerializeTupleVariant }

macro_rules! fields {
    ($($kind:ident)*) => {$(
        impl $kind for Parts<'_> {
            type Ok = u64;
            type Error = NoForm;

            fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), NoForm> {
                self.field(key, value)
            }

            fn skip_field(&mut self, key: &'static str) -> Result<(), NoForm> {
                self.name_of(key);
                Ok(())
            }

            fn end(self) -> Result<u64, NoForm> {
                Ok(self.finish())
            }
        }
    )*};
}

fields! { SerializeStruct SerializeStructVariant }

impl SerializeMap for Parts<'_> {
    type Ok = u64;
    type Error = NoForm;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), NoForm> {
        self.key = self.of(key)?;
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), NoForm> {
        let number = self.of(value)?;
        self.unordered(hash((self.key, number)));
        Ok(())
    }

    fn end(self) -> Result<u64, NoForm> {
        Ok(self.finish())
    }
}
