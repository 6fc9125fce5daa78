//! What somebody asks to do.

use std::collections::BTreeMap;

use crate::store::policy::actor::Actor;
use crate::store::policy::attribute::Attribute;

/// What somebody asks to do: an action on a resource, with attributes that conditions know as `meta.NAME`.
#[derive(Clone, Copy, Debug)]
pub struct Request<'r> {
    /// Who asks.
    pub actor: &'r Actor,
    /// What he asks to do, such as `store.key.get`.
    pub action: &'r str,
    /// With what: the name of a store.
    pub resource: &'r str,
    /// More about it.
    pub meta: &'r BTreeMap<String, Attribute>,
}
