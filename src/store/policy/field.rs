//! Fields: what a condition can ask for.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use crate::error::{Error, ErrorKind, Result};
use crate::store::policy::attribute::Attribute;
use crate::store::policy::request::Request;

/// Something that a condition asks for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Field {
    ActorId,
    ActorMeta(Path),
    Action,
    Resource,
    Meta(Path),
}

/// Names, the outermost first.
type Path = Box<str>;

impl Field {
    pub fn parse(text: &str) -> Result<Self> {
        let path = |prefix: &str| {
            let path = text.strip_prefix(prefix)?;
            path.split('.').all(|name| !name.is_empty()).then(|| path.into())
        };
        match text {
            "actor.id" => return Ok(Self::ActorId),
            "action" => return Ok(Self::Action),
            "resource" => return Ok(Self::Resource),
            _ => {}
        }
        path("actor.meta.").map(Self::ActorMeta).or_else(|| path("meta.").map(Self::Meta)).ok_or_else(|| {
            let known = "actor.id, actor.meta.NAME, action, resource, meta.NAME";
            Error::new(ErrorKind::InvalidArgument, format!("there is no field {text:?}; use one of {known}"))
        })
    }

    /// Its value. One that is null is absent.
    pub fn of<'r>(&self, request: &Request<'r>) -> Option<Cow<'r, Attribute>> {
        let text = |text: &str| Some(Cow::Owned(Attribute::from(text)));
        let found = match self {
            Self::ActorId => return text(request.actor.id()),
            Self::Action => return text(request.action),
            Self::Resource => return text(request.resource),
            Self::ActorMeta(path) => at(request.actor.attributes(), path),
            Self::Meta(path) => at(request.meta, path),
        };
        found.filter(|value| **value != Attribute::Null).map(Cow::Borrowed)
    }
}

fn at<'r>(map: &'r BTreeMap<String, Attribute>, path: &str) -> Option<&'r Attribute> {
    let (name, rest) = path.split_once('.').map_or((path, None), |(name, rest)| (name, Some(rest)));
    match (map.get(name)?, rest) {
        (found, None) => Some(found),
        (Attribute::Map(map), Some(rest)) => at(map, rest),
        _ => None,
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ActorId => f.write_str("actor.id"),
            Self::ActorMeta(path) => write!(f, "actor.meta.{path}"),
            Self::Action => f.write_str("action"),
            Self::Resource => f.write_str("resource"),
            Self::Meta(path) => write!(f, "meta.{path}"),
        }
    }
}
