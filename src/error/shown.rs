//! How bytes are shown to people, and limits of how much of an error is shown: keys, messages and causes may be of any
//! length.

use std::fmt::{self, Write};

/// A key, as error messages show it: text where it is printable, escapes elsewhere, cut after 64 bytes.
pub(crate) struct Shown<'a>(pub(crate) &'a [u8]);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cut = self.0.len().min(64);
        write!(f, "\"{}\"", self.0[..cut].escape_ascii())?;
        if cut < self.0.len() {
            write!(f, "... {} bytes", self.0.len())?;
        }
        Ok(())
    }
}

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Appends two hexadecimal digits for each byte.
pub(crate) fn push_hex(bytes: &[u8], out: &mut String) {
    for byte in bytes {
        // Writing to a `String` cannot fail.
        let _ = write!(out, "{byte:02x}");
    }
}

/// Shows a value in at most this many bytes.
pub(super) struct Cut<'a, T>(pub(super) &'a T, pub(super) usize);

impl<T: fmt::Debug> fmt::Debug for Cut<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() {
            cut(f, self.1, |out| write!(out, "{:#?}", self.0))
        } else {
            cut(f, self.1, |out| write!(out, "{:?}", self.0))
        }
    }
}

/// Passes on at most `most` bytes of what `write` writes, and adds dots if there are more. `write` is stopped at
/// the limit, because its output may be of any length and depth.
pub(super) fn cut(
    f: &mut fmt::Formatter<'_>,
    most: usize,
    write: impl FnOnce(&mut Limited<'_, '_>) -> fmt::Result,
) -> fmt::Result {
    let mut out = Limited { out: f, left: most, is_cut: false };
    let written = write(&mut out);
    if out.is_cut { f.write_str("...") } else { written }
}

/// Passes on a limited number of bytes, then fails.
pub(super) struct Limited<'a, 'f> {
    out: &'a mut fmt::Formatter<'f>,
    left: usize,
    is_cut: bool,
}

/// The bytes counted for a line break in addition: `{:#?}` indents every line.
const LINE: usize = 16;

impl Write for Limited<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for piece in text.split_inclusive('\n') {
            let cost = piece.len() + if piece.ends_with('\n') { LINE } else { 0 };
            if self.is_cut || cost > self.left {
                let end = if self.is_cut { 0 } else { piece.floor_char_boundary(self.left) };
                self.is_cut = true;
                self.out.write_str(piece[..end].trim_end_matches('\n'))?;
                return Err(fmt::Error);
            }
            self.left -= cost;
            self.out.write_str(piece)?;
        }
        Ok(())
    }
}

/// Writes control characters, line breaks included, as escapes.
pub(super) struct OneLine<'a, 'b, 'f>(pub(super) &'a mut Limited<'b, 'f>);

impl Write for OneLine<'_, '_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text;
        while let Some(at) = rest.find(char::is_control) {
            self.0.write_str(&rest[..at])?;
            let mut chars = rest[at..].chars();
            if let Some(control) = chars.next() {
                write!(self.0, "{}", control.escape_default())?;
            }
            rest = chars.as_str();
        }
        self.0.write_str(rest)
    }
}
