//! Who acts.

use std::collections::BTreeMap;

use crate::store::policy::attribute::Attribute;

/// Who acts: an id, and attributes that policies can ask for as `actor.meta.NAME`.
///
/// ```
/// use mapleaf::store::policy::{Actor, Attribute};
/// let ann = Actor::new("ann").meta("team", "billing").meta("level", 3);
/// assert_eq!((ann.id(), ann.attribute("team")), ("ann", Some(&Attribute::from("billing"))));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Actor {
    id: String,
    meta: BTreeMap<String, Attribute>,
}

impl Actor {
    /// An actor without attributes.
    #[must_use]
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into(), meta: BTreeMap::new() }
    }

    /// Sets an attribute.
    #[must_use]
    pub fn meta(mut self, name: impl Into<String>, value: impl Into<Attribute>) -> Self {
        self.meta.insert(name.into(), value.into());
        self
    }

    /// The id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// An attribute. O(log attributes).
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.meta.get(name)
    }

    pub(super) fn attributes(&self) -> &BTreeMap<String, Attribute> {
        &self.meta
    }
}
