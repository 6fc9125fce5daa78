//! Rules, and policies of them.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, ErrorKind, Result};
use crate::store::policy::condition::Condition;
use crate::store::policy::pattern::Pattern;
use crate::store::policy::request::Request;

/// What a rule does with a request that it applies to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// It allows it, unless another rule denies it.
    Allow,
    /// It denies it, whatever other rules do.
    Deny,
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
        })
    }
}

impl FromStr for Effect {
    type Err = Error;

    /// `InvalidArgument` for a name that is none.
    fn from_str(name: &str) -> Result<Self> {
        match name {
            "allow" => Ok(Self::Allow),
            "deny" => Ok(Self::Deny),
            _ => {
                let why = format!("there is no effect {name:?}; use allow or deny");
                Err(Error::new(ErrorKind::InvalidArgument, why))
            }
        }
    }
}

/// A rule: it allows or denies actions on resources, under conditions that must all hold.
///
/// Actions and resources are names, `*` for all, `store.key.*` for those with a beginning, `*.get` with an end, and
/// `*key*` with something within.
///
/// ```
/// use mapleaf::store::policy::{Condition, Operator, Rule};
/// let own = Condition::of_fields("meta.key", Operator::Eq, "actor.id")?;
/// let rule = Rule::allow(["store.key.get", "store.key.set"], ["profiles"])?.when(own);
/// # assert_eq!(rule.effect(), mapleaf::store::policy::Effect::Allow);
/// # Ok::<(), mapleaf::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    pub(super) effect: Effect,
    pub(super) actions: Vec<Pattern>,
    pub(super) resources: Vec<Pattern>,
    pub(super) conditions: Vec<Condition>,
}

impl Rule {
    /// A rule that allows.
    ///
    /// # Errors
    /// `InvalidArgument` for an empty list, an empty pattern, and a `*` in the middle of one.
    pub fn allow<P: AsRef<str>>(
        actions: impl IntoIterator<Item = P>,
        resources: impl IntoIterator<Item: AsRef<str>>,
    ) -> Result<Self> {
        Self::new(Effect::Allow, patterns("actions", actions)?, patterns("resources", resources)?, Vec::new())
    }

    /// A rule that denies.
    ///
    /// # Errors
    /// As [`allow`](Self::allow).
    pub fn deny<P: AsRef<str>>(
        actions: impl IntoIterator<Item = P>,
        resources: impl IntoIterator<Item: AsRef<str>>,
    ) -> Result<Self> {
        Self::new(Effect::Deny, patterns("actions", actions)?, patterns("resources", resources)?, Vec::new())
    }

    /// Adds a condition. All conditions of a rule must hold.
    #[must_use]
    pub fn when(mut self, condition: Condition) -> Self {
        self.conditions.push(condition);
        self
    }

    /// What it does.
    #[must_use]
    pub fn effect(&self) -> Effect {
        self.effect
    }

    /// Whether it applies to a request. O(patterns and conditions).
    #[must_use]
    pub fn applies(&self, request: &Request<'_>) -> bool {
        self.actions.iter().any(|pattern| pattern.matches(request.action))
            && self.resources.iter().any(|pattern| pattern.matches(request.resource))
            && self.conditions.iter().all(|condition| condition.holds(request))
    }

    /// A rule of an empty list would apply to nothing, whatever its author meant.
    pub(super) fn new(
        effect: Effect,
        actions: Vec<Pattern>,
        resources: Vec<Pattern>,
        conditions: Vec<Condition>,
    ) -> Result<Self> {
        for (patterns, what) in [(&actions, "actions"), (&resources, "resources")] {
            if patterns.is_empty() {
                let why = format!("a rule has an empty list of {what}; name some, or use * for all");
                return Err(Error::new(ErrorKind::InvalidArgument, why));
            }
        }
        Ok(Self { effect, actions, resources, conditions })
    }
}

pub(super) fn patterns(what: &str, names: impl IntoIterator<Item: AsRef<str>>) -> Result<Vec<Pattern>> {
    let pattern = |name: &str| {
        Pattern::parse(name).map_err(|error| {
            Error::new(ErrorKind::InvalidArgument, format!("in the {what} of a rule: {}", error.message()))
        })
    };
    names.into_iter().map(|name| pattern(name.as_ref())).collect()
}

/// Rules. Any that denies wins; else one that allows is enough; a request to which none applies is not allowed.
///
/// It is read and written by serde, in formats that describe themselves, such as JSON. Of `actions` and
/// `resources` each is a pattern or a list of them. `conditions` can be left out. Whatever is unknown in it is an error that
/// names it, so that a policy means what it says.
///
/// ```
/// use mapleaf::store::policy::Policy;
/// # #[cfg(feature = "json")] {
/// let policy: Policy = serde_json::from_str(r#"{
///     "rules": [
///         {"effect": "allow", "actions": "store.key.*", "resources": ["users", "teams-*"]},
///         {"effect": "deny", "actions": ["store.key.set", "store.key.delete"], "resources": "*", "conditions": [
///             {"field": "actor.meta.level", "operator": "lt", "value": 3},
///             {"field": "meta.key", "operator": "ne", "value_from": "actor.id"}
///         ]}
///     ]
/// }"#).expect("a policy");
/// assert_eq!(policy.rules().len(), 2);
/// let unknown = serde_json::from_str::<Policy>(r#"{"rules": [{"effect": "maybe", "actions": "*", "resources": "*"}]}"#);
/// assert!(unknown.unwrap_err().to_string().contains(r#"there is no effect "maybe""#));
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Policy {
    rules: Vec<Rule>,
}

impl Policy {
    /// A policy without rules, which allows nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a rule. The order of rules does not matter.
    #[must_use]
    pub fn rule(mut self, rule: Rule) -> Self {
        self.rules.push(rule);
        self
    }

    /// Its rules.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }
}

impl FromIterator<Rule> for Policy {
    fn from_iter<I: IntoIterator<Item = Rule>>(rules: I) -> Self {
        Self { rules: rules.into_iter().collect() }
    }
}
