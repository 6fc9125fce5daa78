//! Key types that a program could define.

use std::borrow::Cow;

use mapleaf::scan::PartialText;
use mapleaf::{KeyAs, Result};

/// A key that is stored as text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Email(pub String);

impl KeyAs for Email {
    type As = &'static str;
    type Arg<'a> = &'a Email;
    const NAME: &'static str = "email";
    fn to_key(&self) -> &str {
        &self.0
    }
    fn from_key(key: Cow<'_, str>) -> Result<Self> {
        Ok(Self(key.into_owned()))
    }
}

impl PartialText<Email> for &str {
    fn beginning(&self) -> &[u8] {
        self.as_bytes()
    }
}
