//! An actor in a scope.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::store::policy::actor::Actor;
use crate::store::policy::attribute::Attribute;
use crate::store::policy::request::Request;
use crate::store::policy::scope::{Decision, Scope};

/// Who acts in which scope: what a guarded store asks before each call.
///
/// Without an actor or without a scope everything is allowed, or nothing if it is strict. The default is not strict.
///
/// ```
/// use mapleaf::store::policy::{Actor, Guard, Policy, Rule};
/// let readers = Policy::new().rule(Rule::allow(["store.key.get"], ["*"])?);
/// let guard = Guard::new().actor(Actor::new("ann")).scope(readers);
/// assert!(guard.allows("store.key.get", "users", &Default::default()));
/// assert!(!guard.allows("store.key.set", "users", &Default::default()));
/// assert!(Guard::new().allows("store.key.set", "users", &Default::default()));
/// assert!(!Guard::new().strict(true).allows("store.key.set", "users", &Default::default()));
/// # Ok::<(), mapleaf::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Guard {
    actor: Option<Arc<Actor>>,
    scope: Option<Arc<Scope>>,
    is_strict: bool,
}

impl Guard {
    /// Without actor and scope, and not strict: it allows everything.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets who acts.
    #[must_use]
    pub fn actor(mut self, actor: Actor) -> Self {
        self.actor = Some(Arc::new(actor));
        self
    }

    /// Sets the scope: a [`Scope`], or one [`Policy`](crate::store::policy::Policy).
    #[must_use]
    pub fn scope(mut self, scope: impl Into<Scope>) -> Self {
        self.scope = Some(Arc::new(scope.into()));
        self
    }

    /// Whether nothing is allowed as long as the actor or the scope is missing.
    #[must_use]
    pub fn strict(mut self, is_strict: bool) -> Self {
        self.is_strict = is_strict;
        self
    }

    /// Whether the actor may do this. O(rules).
    #[must_use]
    pub fn allows(&self, action: &str, resource: &str, meta: &BTreeMap<String, Attribute>) -> bool {
        match (&self.actor, &self.scope) {
            (Some(actor), Some(scope)) => scope.decide(&Request { actor, action, resource, meta }) == Decision::Allowed,
            _ => !self.is_strict,
        }
    }

    /// Refuses what the actor may not do.
    ///
    /// # Errors
    /// `PermissionDenied`, which is the same for any rule that denies it, and for none that applies.
    pub fn check(&self, action: &str, resource: &str, meta: &BTreeMap<String, Attribute>) -> Result<()> {
        if self.allows(action, resource, meta) {
            return Ok(());
        }
        let why = match (&self.actor, &self.scope) {
            (Some(actor), Some(_)) => {
                format!(
                    "{:?} may not do {action} on {resource:?}; a policy must allow it, and none deny it",
                    actor.id()
                )
            }
            _ => format!("{action} on {resource:?} needs an actor and a scope, and one is missing; set both"),
        };
        Err(Error::new(ErrorKind::PermissionDenied, why))
    }
}
