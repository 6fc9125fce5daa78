//! What is decided: by policies, about requests.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::store::policy::request::Request;
use crate::store::policy::rule::{Effect, Policy};

/// What policies say to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Decision {
    /// A rule allows it, and none denies it.
    Allowed,
    /// A rule denies it.
    Denied,
    /// No rule applies to it. It is not allowed.
    Undefined,
}

/// Policies by name. It does not change: [`with`](Self::with) and [`without`](Self::without) make another one, which shares
/// the policies.
///
/// ```
/// use mapleaf::store::policy::{Actor, Decision, Policy, Request, Rule, Scope};
/// let readers = Policy::new().rule(Rule::allow(["store.key.get"], ["*"])?);
/// let no_secrets = Policy::new().rule(Rule::deny(["*"], ["secrets"])?);
/// let scope = Scope::new().with("readers", readers);
/// let narrow = scope.with("no secrets", no_secrets);
/// let (ann, meta) = (Actor::new("ann"), Default::default());
/// let request = Request { actor: &ann, action: "store.key.get", resource: "secrets", meta: &meta };
/// assert_eq!(narrow.decide(&request), Decision::Denied);
/// assert_eq!(scope.decide(&request), Decision::Allowed);
/// assert_eq!(scope.without("readers").decide(&request), Decision::Undefined);
/// # Ok::<(), mapleaf::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scope {
    policies: BTreeMap<Arc<str>, Arc<Policy>>,
}

impl Scope {
    /// A scope without policies, in which nothing is allowed.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with a policy more, in place of one with this name. O(policies).
    #[must_use]
    pub fn with(&self, name: &str, policy: impl Into<Arc<Policy>>) -> Self {
        let mut policies = self.policies.clone();
        policies.insert(name.into(), policy.into());
        Self { policies }
    }

    /// The same without the policy of this name. O(policies).
    #[must_use]
    pub fn without(&self, name: &str) -> Self {
        let mut policies = self.policies.clone();
        policies.remove(name);
        Self { policies }
    }

    /// The names of its policies, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.policies.keys().map(|name| &**name)
    }

    /// What its policies say to a request. O(rules).
    #[must_use]
    pub fn decide(&self, request: &Request<'_>) -> Decision {
        let mut decision = Decision::Undefined;
        for rule in self.policies.values().flat_map(|policy| policy.rules()) {
            // A rule that allows changes nothing any more once one does.
            if rule.effect() == Effect::Allow && decision == Decision::Allowed || !rule.applies(request) {
                continue;
            }
            match rule.effect() {
                Effect::Deny => return Decision::Denied,
                Effect::Allow => decision = Decision::Allowed,
            }
        }
        decision
    }
}

impl From<Policy> for Scope {
    /// A scope of this policy alone, under an empty name.
    fn from(policy: Policy) -> Self {
        Self::new().with("", policy)
    }
}
