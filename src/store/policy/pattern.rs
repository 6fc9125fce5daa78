//! Patterns of names, and of text.

use std::fmt;

use crate::error::{Error, ErrorKind, Result};

/// Names of actions or resources: all, one, or those with a beginning or an end.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Pattern {
    Any,
    Literal(Box<str>),
    Beginning(Box<str>),
    End(Box<str>),
    Within(Box<str>),
}

impl Pattern {
    pub fn parse(text: &str) -> Result<Self> {
        let refused = |why: &str| Error::new(ErrorKind::InvalidArgument, format!("the pattern {text:?} {why}"));
        if text == "*" {
            return Ok(Self::Any);
        }
        let (after, begins) = text.strip_prefix('*').map_or((text, false), |after| (after, true));
        let (inner, ends) = after.strip_suffix('*').map_or((after, false), |inner| (inner, true));
        if inner.contains('*') {
            return Err(refused("has a * in its middle; use it at the beginning or at the end"));
        }
        if inner.is_empty() {
            return Err(refused("names nothing; use * for all"));
        }
        Ok(match (begins, ends) {
            (false, false) => Self::Literal(inner.into()),
            (false, true) => Self::Beginning(inner.into()),
            (true, false) => Self::End(inner.into()),
            (true, true) => Self::Within(inner.into()),
        })
    }

    pub fn matches(&self, name: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Literal(text) => **text == *name,
            Self::Beginning(text) => name.starts_with(&**text),
            Self::End(text) => name.ends_with(&**text),
            Self::Within(text) => name.contains(&**text),
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("*"),
            Self::Literal(text) => f.write_str(text),
            Self::Beginning(text) => write!(f, "{text}*"),
            Self::End(text) => write!(f, "*{text}"),
            Self::Within(text) => write!(f, "*{text}*"),
        }
    }
}

/// Whether a glob pattern matches the whole text. A star that fails is widened by one character, and only the last one
/// needs to be: O(text · pattern), whatever the pattern.
pub(super) fn is_glob_match(pattern: &str, text: &str) -> bool {
    let (mut pattern, mut text) = (pattern.chars(), text.chars());
    // Where to go on after the last star if the match fails: the pattern after it, and the text that it has not taken.
    let mut last_star = None;
    loop {
        let (before, mut after) = (text.clone(), text.clone());
        match (pattern.next(), after.next()) {
            (Some('*'), _) => {
                last_star = Some((pattern.clone(), before));
                continue;
            }
            (Some('?'), Some(_)) => {
                text = after;
                continue;
            }
            (Some(wanted), Some(found)) if wanted == found => {
                text = after;
                continue;
            }
            (None, None) => return true,
            _ => {}
        }
        let Some((after_star, mut taken)) = last_star else { return false };
        if taken.next().is_none() {
            return false;
        }
        pattern = after_star.clone();
        text = taken.clone();
        last_star = Some((after_star, taken));
    }
}
