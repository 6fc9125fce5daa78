//! Policies: rules, as data, of who may do what with which store.
//!
//! A [`Policy`] has [`Rule`]s, which allow or deny actions on resources under [`Condition`]s. A [`Scope`] is a set of
//! policies, and a [`Guard`] an [`Actor`] in a scope. Anything can be asked of them: actions and resources are names.
//!
//! ```
//! use mapleaf::store::policy::{Actor, Condition, Guard, Operator, Policy, Rule};
//! let own = Condition::of_fields("meta.key", Operator::Eq, "actor.id")?;
//! let policy = Policy::new()
//!     .rule(Rule::allow(["store.key.get"], ["*"])?)
//!     .rule(Rule::allow(["store.key.set"], ["profiles"])?.when(own))
//!     .rule(Rule::deny(["*"], ["secrets"])?);
//! let guard = Guard::new().actor(Actor::new("ann")).scope(policy);
//! let key = |key: &str| [("key".to_owned(), key.into())].into();
//! assert!(guard.allows("store.key.set", "profiles", &key("ann")));
//! assert!(!guard.allows("store.key.set", "profiles", &key("bob")));
//! assert!(!guard.allows("store.key.get", "secrets", &key("ann")));
//! # Ok::<(), mapleaf::Error>(())
//! ```

mod actor;
mod attribute;
mod attribute_serde;
mod condition;
mod field;
mod form;
mod guard;
mod operator;
mod pattern;
mod request;
mod rule;
mod scope;

pub use actor::Actor;
pub use attribute::Attribute;
pub use condition::Condition;
pub use guard::Guard;
pub use operator::Operator;
pub use request::Request;
pub use rule::{Effect, Policy, Rule};
pub use scope::{Decision, Scope};
