//! The shared implementation of [`Value`](super::Value) for the codecs of serde types.

use std::any::type_name;
use std::fmt::Arguments;

use serde::de::DeserializeOwned;
use serde::ser::Serialize;

use super::nesting::{Asked, Doubt, NoForm, Note, Reading, Recording, Trace, form};
use super::plain::OPEN_RIGHT;
use crate::error::{Error, ErrorKind, Result};

/// Implements `Value` and `AsValue` for a marker type around a serde type, from its schema name and two functions:
/// `write(&T, &mut Vec<u8>) -> Result<()>` and `read(&[u8]) -> Result<T>`.
macro_rules! serde_value {
    ($codec:ident, $name:literal, $write:path, $read:path) => {
        impl<T: Serialize + DeserializeOwned + 'static> Value for $codec<T> {
            type Arg<'a> = &'a T;
            type Ref<'a> = T;
            type Owned = T;

            fn name(out: &mut String) {
                out.push_str($name);
            }

            fn encode<'b>(value: &'b &T, context: &Context<'_>, buf: &'b mut Vec<u8>) -> Result<&'b [u8]> {
                <T as AsValue<$codec<T>>>::encode_value(value, context, buf)
            }

            fn decode(bytes: &[u8], _: &Context<'_>) -> Result<T> {
                $read(bytes)
            }

            fn own(value: T) -> T {
                value
            }

            fn as_arg(owned: &T) -> &T {
                owned
            }
        }

        impl<T: Serialize + DeserializeOwned + 'static> AsValue<$codec<T>> for T {
            fn encode_value<'b>(&'b self, _: &Context<'_>, buf: &'b mut Vec<u8>) -> Result<&'b [u8]> {
                buf.clear();
                $write(self, buf)?;
                checked(buf)
            }
        }
    };
}

/// What the read-back check needs to know about a format.
pub(super) struct Codec<T> {
    /// The codec's number.
    pub number: u64,
    pub asked: Asked,
    pub write: fn(&T, &mut Vec<u8>, &Doubt) -> Result<()>,
    pub read: fn(&[u8], &Reading) -> Result<T>,
}

/// Writes `value` to `buf`, which is empty. If it is written in a way not yet verified, it is read back and compared.
#[inline]
pub(super) fn write_checked<T: Serialize + DeserializeOwned + 'static>(
    codec: &Codec<T>,
    value: &T,
    buf: &mut Vec<u8>,
) -> Result<()> {
    let mut doubt = Doubt::of::<T>(codec.number);
    (codec.write)(value, buf, &doubt)?;
    if doubt.has_arisen() { confirm(codec, codec.asked, value, buf, &mut doubt) } else { Ok(()) }
}

/// Writes `value` by `write` to `buf`, which is empty, to be read as a `T`. If it is written in a way not yet verified,
/// it is read back as a `T` and compared.
pub(super) fn write_as<T: Serialize + DeserializeOwned + 'static, U: Serialize + ?Sized>(
    codec: &Codec<T>,
    value: &U,
    write: fn(&U, &mut Vec<u8>, &Doubt) -> Result<()>,
    buf: &mut Vec<u8>,
) -> Result<()> {
    let mut doubt = Doubt::of_another::<T>(codec.number);
    write(value, buf, &doubt)?;
    let asked = Asked { is_of_another: true, ..codec.asked };
    // The written bytes are always read back, because a value of the same form need not be a value of `T`: for example
    // a 0 where `T` has a `NonZeroU32`.
    confirm(codec, asked, value, buf, &mut doubt)
}

/// Reads the written bytes as a `T`, and compares the forms of the two values.
#[cold]
#[inline(never)]
fn confirm<T: Serialize + DeserializeOwned, U: Serialize + ?Sized>(
    codec: &Codec<T>,
    asked: Asked,
    value: &U,
    buf: &[u8],
    doubt: &mut Doubt,
) -> Result<()> {
    let reading = Reading::watched(buf.len());
    let read = match (codec.read)(buf, &reading) {
        Ok(read) => read,
        Err(error) => return Err(unread(type_name::<U>(), error, doubt)),
    };
    let (ours, theirs) = (|asked| form(value, asked), |asked| form(&read, asked));
    // Whether reading the same bytes again gives a value with another form. If so, a difference between the written
    // value and the one read back proves nothing. For example, a hashed set that is written as text lists its elements
    // in the order of its memory layout.
    let wavers = |asked, read: u64| {
        let another = |_| (codec.read)(buf, &Reading::watched(buf.len())).ok();
        let is_other = |another: &T| form(another, asked).is_ok_and(|(number, _)| number != read);
        (0..READINGS).filter_map(another).any(|another| is_other(&another))
    };
    compare(type_name::<U>(), asked, [&ours, &theirs], &wavers, &reading.trace(), doubt)
}

/// How often bytes are read again before a difference in the other form counts. Two unordered parts come in the same
/// order half of the time, so a few readings might not show that the form varies.
const READINGS: usize = 16;

/// Returns the form of a value.
type FormOf<'a> = &'a dyn Fn(Asked) -> Result<(u64, Recording), NoForm>;

/// Compares the written value with the one that was read; `trace` is how it was read.
///
/// If the reader requested exactly what was written, without inspecting it first, other values written in the same
/// ways are no longer in doubt.
fn compare(
    name: &str,
    asked: Asked,
    values: [FormOf<'_>; 2],
    wavers: &dyn Fn(Asked, u64) -> bool,
    trace: &Trace,
    doubt: &mut Doubt,
) -> Result<()> {
    let own = Asked { note: if doubt.is_lasting() { Note::Nothing } else { Note::Steps }, ..asked };
    // In two cases the values are compared by their other form too: that for text if the codec is binary, and the
    // reverse. First, a value that was read by inspection may have become one of another type with the same form, such
    // as text for an address. Second, a type that chooses between two forms may lose something in the one that was
    // written. A value without the other form is compared by its own form only.
    let other = Asked { text: !own.text, ..own };
    for asked in [Some(own), (trace.has_looked() || doubt.forks()).then_some(other)].into_iter().flatten() {
        let is_own = asked.text == own.text;
        let [Ok(ours), Ok(theirs)] = values.map(|value| value(asked)) else {
            if is_own {
                return Err(refused(name, format_args!("cannot be compared with what is read"), doubt));
            }
            continue;
        };
        let misses = (is_own || trace.has_looked()) && ours.1.misses_some_of(trace);
        if misses || (ours.0 != theirs.0 && (is_own || !wavers(asked, theirs.0))) {
            let field = first_difference(values, asked);
            return Err(if is_own || trace.has_looked() {
                refused(name, format_args!("is read back as another value{field}"), doubt)
            } else {
                lost(name, own.text, &field)
            });
        }
        if is_own && ours.1.trace().is_read_as_written(trace) {
            doubt.is_settled();
        }
    }
    if trace.has_looked() {
        doubt.lasts();
    }
    Ok(())
}

/// The first field in which the two values differ, as text for an error.
fn first_difference(values: [FormOf<'_>; 2], asked: Asked) -> String {
    let asked = Asked { note: Note::Leaves, ..asked };
    let [Ok((_, ours)), Ok((_, theirs))] = values.map(|value| value(asked)) else { return String::new() };
    ours.first_difference(&theirs).map_or_else(String::new, |(of, key)| format!(" in `{of}.{key}`"))
}

fn unread(name: &str, error: Error, doubt: &Doubt) -> Error {
    let why = error.message().strip_suffix(OPEN_RIGHT).unwrap_or(error.message()).trim_end_matches("; ");
    refused(name, format_args!("cannot be read back: {why}"), doubt).caused_by(error)
}

/// The error for a type that has a text form and a binary form and loses something in the one that is written.
fn lost(name: &str, text: bool, field: &str) -> Error {
    let [written, fuller, codecs] =
        if text { ["text", "binary formats", "Msgpack or MsgpackCompact"] } else { ["binary formats", "text", "Json"] };
    let message = format!(
        "a value of `{name}` is read back as another value{field}: what its type writes for {written} leaves out some of what \
         it writes for {fuller}; use {codecs}, or store another type"
    );
    Error::new(ErrorKind::Encode, message)
}

fn refused(name: &str, why: Arguments<'_>, doubt: &Doubt) -> Error {
    let advice = match doubt.nothing() {
        Some(what) => format!(
            "Some({what}) is written as None is, and would be read as None: use an enum of your own for three states"
        ),
        None => "let every field that it leaves out have the default that it is left out for, and every enum be one that the \
                 format can tell the variants of; or store another type"
            .to_owned(),
    };
    Error::new(ErrorKind::Encode, format!("a value of `{name}` {why}; {advice}"))
}

/// Adds `write_as` to a codec: it writes a value of another type that reads back as the same value of the codec's type.
macro_rules! written_as {
    ($codec:ident, $of:path, $encode:path) => {
        impl<T: Serialize + DeserializeOwned + 'static> $codec<T> {
            /// Writes `value` to `buf`, which is empty, if it is read as the same value of `T`.
            pub(crate) fn write_as<U: Serialize + ?Sized>(value: &U, buf: &mut Vec<u8>) -> Result<()> {
                write_as::<T, U>(&$of(), value, $encode, buf)
            }
        }
    };
}

pub(super) use {serde_value, written_as};
