//! `MessagePack` as JSON-like text, written while it is read.

use std::fmt::{self, Debug, Write};

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::push_bytes;

/// Appends the value that is read to the text.
pub(super) struct Shown<'o>(pub &'o mut String);

impl Shown<'_> {
    /// Appends what `Debug` writes: of floats the shortest digits that are read back as the same float.
    fn debug(self, value: &impl Debug) {
        // Writing to a `String` cannot fail.
        let _ = write!(self.0, "{value:?}");
    }

    /// Appends text as a JSON string. Characters that cannot be seen are escaped too.
    fn text(self, text: &str) {
        self.0.push('"');
        for c in text.chars() {
            match c {
                '"' => self.0.push_str("\\\""),
                '\\' => self.0.push_str("\\\\"),
                '\n' => self.0.push_str("\\n"),
                '\r' => self.0.push_str("\\r"),
                '\t' => self.0.push_str("\\t"),
                // Escape control characters, and others that cannot be seen. `escape_debug` writes more than two
                // characters for these, and two for a quote, which is not escaped here.
                _ if c.is_control() || c.escape_debug().len() > 2 => {
                    let units = &mut [0; 2];
                    for unit in c.encode_utf16(units) {
                        let _ = write!(self.0, "\\u{unit:04x}");
                    }
                }
                _ => self.0.push(c),
            }
        }
        self.0.push('"');
    }
}

impl<'de> DeserializeSeed<'de> for Shown<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

macro_rules! visit {
    ($($method:ident: $type:ty => $show:ident;)*) => {$(
        fn $method<E>(self, value: $type) -> Result<(), E> {
            self.$show(&value);
            Ok(())
        }
    )*};
}

impl<'de> Visitor<'de> for Shown<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a MessagePack value")
    }

    visit! {
        visit_bool: bool => debug;
        visit_i64: i64 => debug;
        visit_i128: i128 => debug;
        visit_u64: u64 => debug;
        visit_u128: u128 => debug;
        visit_f32: f32 => debug;
        visit_f64: f64 => debug;
        visit_str: &str => text;
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<(), E> {
        push_bytes(bytes, self.0);
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.0.push_str("null");
        Ok(())
    }

    fn visit_none<E: Error>(self) -> Result<(), E> {
        self.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }

    /// An extension: its number and its bytes.
    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        let (number, bytes) = <(i8, Bytes)>::deserialize(deserializer)?;
        let _ = write!(self.0, "ext({number}, ");
        push_bytes(&bytes.0, self.0);
        self.0.push(')');
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        self.0.push('[');
        let start = self.0.len();
        loop {
            let before = self.0.len();
            if before > start {
                self.0.push(',');
            }
            if elements.next_element_seed(Shown(self.0))?.is_none() {
                self.0.truncate(before);
                break;
            }
        }
        self.0.push(']');
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        self.0.push('{');
        let start = self.0.len();
        loop {
            let before = self.0.len();
            if before > start {
                self.0.push(',');
            }
            if entries.next_key_seed(Shown(self.0))?.is_none() {
                self.0.truncate(before);
                break;
            }
            self.0.push(':');
            entries.next_value_seed(Shown(self.0))?;
        }
        self.0.push('}');
        Ok(())
    }
}

/// The bytes of an extension.
struct Bytes(Vec<u8>);

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Taken;
        impl Visitor<'_> for Taken {
            type Value = Bytes;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("bytes")
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Bytes, E> {
                Ok(Bytes(bytes.into()))
            }
        }
        deserializer.deserialize_bytes(Taken)
    }
}
