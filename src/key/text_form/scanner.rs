//! Reads the text of a key from its front.

use crate::error::{Error, ErrorKind, Result};

/// The text that is left to read.
pub(super) struct Scanner<'a> {
    /// The name of the key's type, for errors.
    type_name: &'a str,
    text: &'a str,
    rest: &'a str,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(type_name: &'a str, text: &'a str) -> Self {
        Self { type_name, text, rest: text.trim_start() }
    }

    /// Whether the text continues with `word`, which is then taken, with the spaces behind it.
    pub(super) fn eats(&mut self, word: &str) -> bool {
        let Some(behind) = self.rest.strip_prefix(word) else { return false };
        self.rest = behind.trim_start();
        true
    }

    /// Takes `word`.
    pub(super) fn expect(&mut self, word: &str) -> Result<()> {
        if self.eats(word) { Ok(()) } else { Err(self.wrong(&format!("`{word}` is missing"))) }
    }

    /// Whether the text continues with `word`.
    pub(super) fn sees(&self, word: &str) -> bool {
        self.rest.starts_with(word)
    }

    /// Checks that nothing is left.
    pub(super) fn end(&self) -> Result<()> {
        if self.rest.is_empty() { Ok(()) } else { Err(self.wrong("text follows its end")) }
    }

    /// Takes a number, a date or a word: everything up to a space, a comma or a bracket.
    pub(super) fn token(&mut self) -> &'a str {
        let is_end = |c: char| c.is_whitespace() || matches!(c, ',' | '(' | ')' | '[' | ']' | '"' | '\'');
        let (token, behind) = self.rest.split_at(self.rest.find(is_end).unwrap_or(self.rest.len()));
        self.rest = behind.trim_start();
        token
    }

    /// Takes bytes: `0x` and two digits for each.
    pub(super) fn hex(&mut self) -> Result<Vec<u8>> {
        let wrong = |scanner: &Self| scanner.wrong("bytes are not `0x` and two hexadecimal digits for each");
        match self.token().strip_prefix("0x").and_then(bytes_of) {
            Some(bytes) => Ok(bytes),
            None => Err(wrong(self)),
        }
    }

    /// Takes text between double quotes.
    pub(super) fn quoted(&mut self) -> Result<String> {
        self.between('"')
    }

    /// Takes a character between single quotes.
    pub(super) fn character(&mut self) -> Result<char> {
        let text = self.between('\'')?;
        let mut chars = text.chars();
        match (chars.next(), chars.next()) {
            (Some(only), None) => Ok(only),
            _ => Err(self.wrong("not one character is between single quotes")),
        }
    }

    fn between(&mut self, quote: char) -> Result<String> {
        let mut chars = self.rest.strip_prefix(quote).ok_or_else(|| self.wrong("a quote is missing"))?.chars();
        let mut out = String::new();
        loop {
            match chars.next() {
                None => return Err(self.wrong("a quote is missing at the end")),
                Some('\\') => match escaped(&mut chars) {
                    Some(c) => out.push(c),
                    None => return Err(self.wrong(r#"an escape is none of \0 \t \r \n \' \" \\ \u{…}"#)),
                },
                Some(c) if c == quote => break,
                Some(c) => out.push(c),
            }
        }
        self.rest = chars.as_str().trim_start();
        Ok(out)
    }

    /// The error for text that is not a key of the type.
    #[cold]
    pub(super) fn wrong(&self, why: &str) -> Error {
        let (name, at) = (self.type_name, self.text.len() - self.rest.len());
        let message =
            format!("the text is not a `{name}` key: {why}, at byte {at}; write it as `key::display` shows keys");
        Error::new(ErrorKind::InvalidKey, message)
    }
}

/// The character of an escape whose backslash was taken, as Rust writes them.
fn escaped(chars: &mut std::str::Chars<'_>) -> Option<char> {
    Some(match chars.next()? {
        '0' => '\0',
        't' => '\t',
        'r' => '\r',
        'n' => '\n',
        same @ ('\'' | '"' | '\\') => same,
        'u' => {
            let (digits, behind) = chars.as_str().strip_prefix('{')?.split_once('}')?;
            // Check for hexadecimal digits, because `from_str_radix` below would also accept a sign.
            let is_hex = (1..=6).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
            *chars = behind.chars();
            char::from_u32(u32::from_str_radix(digits, 16).ok().filter(|_| is_hex)?)?
        }
        _ => return None,
    })
}

/// The bytes that pairs of hexadecimal digits stand for.
pub(super) fn bytes_of(digits: &str) -> Option<Vec<u8>> {
    let digit = |digit: u8| char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let byte = |pair: &[u8]| match pair {
        [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    };
    digits.as_bytes().chunks(2).map(byte).collect()
}
