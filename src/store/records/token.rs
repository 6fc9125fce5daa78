//! The token of a record: which write it comes from.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, ErrorKind, Result};

/// Which write a record comes from: an opaque identity for conditions, [`Expect::Token`](crate::store::Expect::Token).
///
/// Every write of a record gives it a token that no write had before and none gets again: not after a deletion and a
/// new `put` of the key, not in a copy of the environment, not in another process. Tokens of one engine since it was
/// opened sort by time; the order of others has no meaning.
///
/// `Display` and [`FromStr`] are inverse: 40 hexadecimal digits, for an `ETag` or a form. So are
/// [`to_bytes`](Self::to_bytes) and [`from_bytes`](Self::from_bytes).
///
/// ```
/// use mapleaf::store::{Records, Token};
/// use mapleaf::{Env, ErrorKind};
/// # fn main() -> mapleaf::Result<()> {
/// let env = Env::temporary()?;
/// let notes: Records<&str, &str> = env.records("notes")?;
/// let token = notes.put("a", "one")?.token;
/// assert_eq!(token.to_string().parse::<Token>()?, token);
/// assert_ne!(notes.put("a", "one")?.token, token);
/// assert_eq!("0".parse::<Token>().unwrap_err().kind(), ErrorKind::InvalidArgument);
/// # Ok(())
/// # }
/// ```
#[doc(alias("etag", "revision", "cas"))]
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token {
    incarnation: u64,
    commit: u64,
    index: u32,
}

/// The length of a token in bytes.
const BYTES: usize = 20;

impl Token {
    pub(crate) fn of(incarnation: u64, commit: u64, index: u32) -> Self {
        Self { incarnation, commit, index }
    }

    /// The token in 20 bytes, in the order of tokens.
    #[must_use]
    pub fn to_bytes(self) -> [u8; BYTES] {
        let mut bytes = [0; BYTES];
        bytes[..8].copy_from_slice(&self.incarnation.to_be_bytes());
        bytes[8..16].copy_from_slice(&self.commit.to_be_bytes());
        bytes[16..].copy_from_slice(&self.index.to_be_bytes());
        bytes
    }

    /// The token of 20 bytes.
    ///
    /// # Errors
    /// `InvalidArgument` if all are zero: no record has that token.
    pub fn from_bytes(bytes: [u8; BYTES]) -> Result<Self> {
        if bytes == [0; BYTES] {
            return Err(invalid("a token of zeros is no token of a record; to write only a new key, expect Absent"));
        }
        let number = |at: usize| bytes[at..].first_chunk().map_or(0, |number| u64::from_be_bytes(*number));
        let index = bytes[16..].first_chunk().map_or(0, |number| u32::from_be_bytes(*number));
        Ok(Self::of(number(0), number(8), index))
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}{:016x}{:08x}", self.incarnation, self.commit, self.index)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({self})")
    }
}

impl FromStr for Token {
    type Err = Error;

    /// `InvalidArgument` for text that is not what `Display` writes, and for a token of zeros.
    fn from_str(text: &str) -> Result<Self> {
        let not_a_token = || invalid("a token is 40 hexadecimal digits; pass what a record's token was written as");
        let mut bytes = [0; BYTES];
        if text.len() != 2 * BYTES {
            return Err(not_a_token());
        }
        for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let digit = |digit: u8| match digit {
                b'0'..=b'9' => Ok(digit - b'0'),
                b'a'..=b'f' => Ok(digit - b'a' + 10),
                _ => Err(not_a_token()),
            };
            *byte = digit(digits[0])? << 4 | digit(digits[1])?;
        }
        Self::from_bytes(bytes)
    }
}

#[cold]
fn invalid(why: &'static str) -> Error {
    Error::new(ErrorKind::InvalidArgument, why)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn text_and_bytes_come_back_and_sort_alike(one in any::<(u64, u64, u32)>(), two in any::<(u64, u64, u32)>()) {
            let [one, two] = [one, two].map(|(incarnation, commit, index)| Token::of(incarnation, commit, index));
            prop_assert_eq!(one.cmp(&two), one.to_bytes().cmp(&two.to_bytes()));
            prop_assert_eq!(one.cmp(&two), one.to_string().cmp(&two.to_string()));
            if one != Token::of(0, 0, 0) {
                prop_assert_eq!(one.to_string().parse::<Token>().expect("it was written"), one);
                prop_assert_eq!(Token::from_bytes(one.to_bytes()).expect("it was written"), one);
            }
        }

        #[test]
        fn text_is_refused_or_what_the_token_is_written_as(text in "[0-9a-fA-F g+-]{38,42}|[0-9a-f]{40}|\\PC{0,42}") {
            match text.parse::<Token>() {
                Ok(token) => prop_assert_eq!(token.to_string(), text),
                Err(error) => prop_assert_eq!(error.kind(), ErrorKind::InvalidArgument),
            }
        }
    }

    #[test]
    fn zero_is_no_token() {
        let zeros = "0".repeat(40);
        assert_eq!(zeros.parse::<Token>().map_err(|error| error.kind()), Err(ErrorKind::InvalidArgument));
        assert_eq!(Token::from_bytes([0; 20]).map_err(|error| error.kind()), Err(ErrorKind::InvalidArgument));
    }
}
