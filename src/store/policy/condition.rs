//! Conditions of rules.

use std::borrow::Cow;

use crate::error::{Error, ErrorKind, Result};
use crate::store::policy::attribute::Attribute;
use crate::store::policy::field::Field;
use crate::store::policy::operator::Operator;
use crate::store::policy::request::Request;

/// A condition of a rule: a field, an operator, and a value or another field.
///
/// The fields are `actor.id`, `action`, `resource`, `actor.meta.NAME` and `meta.NAME`. A name with dots goes into maps:
/// `meta.address.city`.
///
/// ```
/// use mapleaf::ErrorKind;
/// use mapleaf::store::policy::{Condition, Operator};
/// Condition::new("actor.meta.level", Operator::Gte, 3)?;
/// Condition::of_fields("meta.key", Operator::Eq, "actor.id")?;
/// Condition::exists("actor.meta.team")?;
/// let unknown = Condition::new("user.id", Operator::Eq, "ann").unwrap_err();
/// assert_eq!(unknown.kind(), ErrorKind::InvalidArgument);
/// # Ok::<(), mapleaf::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    pub(super) field: Field,
    pub(super) operator: Operator,
    pub(super) operand: Operand,
}

/// What a field is compared with.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Operand {
    Nothing,
    Value(Attribute),
    Field(Field),
}

impl Condition {
    /// A field compared with a value.
    ///
    /// # Errors
    /// `InvalidArgument` for a field that is none, and for a value with which the operator cannot hold of anything: `null`,
    /// a number that is NaN, no list for `in`, no text for `matches`, neither number nor text for `lt`.
    pub fn new(field: &str, operator: Operator, value: impl Into<Attribute>) -> Result<Self> {
        Self::checked(Field::parse(field)?, operator, Operand::Value(value.into()))
    }

    /// A field compared with another field.
    ///
    /// # Errors
    /// `InvalidArgument` for a field that is none, and for `exists` and `nexists`.
    pub fn of_fields(field: &str, operator: Operator, other: &str) -> Result<Self> {
        Self::checked(Field::parse(field)?, operator, Operand::Field(Field::parse(other)?))
    }

    /// That a field is there, and not null.
    ///
    /// # Errors
    /// `InvalidArgument` for a field that is none.
    pub fn exists(field: &str) -> Result<Self> {
        Self::checked(Field::parse(field)?, Operator::Exists, Operand::Nothing)
    }

    /// That a field is absent, or null.
    ///
    /// # Errors
    /// `InvalidArgument` for a field that is none.
    pub fn nexists(field: &str) -> Result<Self> {
        Self::checked(Field::parse(field)?, Operator::Nexists, Operand::Nothing)
    }

    /// Refuses an operand with which the operator cannot mean anything: the rule would not do what its author thinks.
    pub(super) fn checked(field: Field, operator: Operator, operand: Operand) -> Result<Self> {
        use Operator::{Gt, Gte, In, Lt, Lte, Matches, Nin, Nmatches};
        let wanted = match (operator, &operand) {
            (operator, Operand::Nothing) if operator.is_of_one() => None,
            (operator, _) if operator.is_of_one() => Some("no value"),
            (_, Operand::Nothing) => Some("a value or value_from"),
            (_, Operand::Value(Attribute::Null)) => Some("a value that is not null; use exists or nexists for that"),
            (_, Operand::Value(Attribute::Float(value))) if value.is_nan() => Some("a number that is not NaN"),
            (In | Nin, Operand::Value(value)) => (!matches!(value, Attribute::List(_))).then_some("a list"),
            (Matches | Nmatches, Operand::Value(value)) => {
                (!matches!(value, Attribute::Text(_))).then_some("text, a pattern with * and ?")
            }
            (Lt | Gt | Lte | Gte, Operand::Value(value)) => value.order(value).is_none().then_some("a number or text"),
            _ => None,
        };
        let Some(wanted) = wanted else { return Ok(Self { field, operator, operand }) };
        let has = match &operand {
            Operand::Nothing => "none",
            Operand::Value(value) => value.shape(),
            Operand::Field(_) => "value_from",
        };
        let why = format!("the condition on {field} with {operator} needs {wanted}, and has {has}");
        Err(Error::new(ErrorKind::InvalidArgument, why))
    }

    /// Whether it holds of a request.
    #[must_use]
    pub fn holds(&self, request: &Request<'_>) -> bool {
        let value = match &self.operand {
            Operand::Nothing => None,
            Operand::Value(value) => Some(Cow::Borrowed(value)),
            Operand::Field(other) => other.of(request),
        };
        self.operator.holds(self.field.of(request).as_deref(), value.as_deref())
    }
}
