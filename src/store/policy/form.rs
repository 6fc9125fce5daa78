//! The form of policies in files: maps and lists, which are checked name by name.

use std::collections::BTreeMap;
use std::mem;

use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, Serializer};

use crate::error::{Error, ErrorKind, Result};
use crate::store::policy::attribute::Attribute;
use crate::store::policy::condition::{Condition, Operand};
use crate::store::policy::field::Field;
use crate::store::policy::pattern::Pattern;
use crate::store::policy::rule::{Policy, Rule, patterns};

impl Serialize for Policy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let rules = self.rules().iter().map(write_rule).collect();
        map([("rules", Attribute::List(rules))]).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Policy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // The message alone: a format adds the position.
        read_policy(Attribute::deserialize(deserializer)?).map_err(|error| serde::de::Error::custom(error.message()))
    }
}

fn read_policy(form: Attribute) -> Result<Policy> {
    let mut parts = Parts::of("a policy", form)?;
    let rules = list("rules", parts.required("rules")?)?;
    parts.end()?;
    let rule = |(index, rule)| {
        read_rule(rule).map_err(|error| invalid(format!("rule {index} of the policy: {}", error.message())))
    };
    rules.into_iter().enumerate().map(rule).collect()
}

fn read_rule(form: Attribute) -> Result<Rule> {
    let mut parts = Parts::of("a rule", form)?;
    let effect = text("effect", parts.required("effect")?)?.parse()?;
    let actions = names("actions", parts.required("actions")?)?;
    let resources = names("resources", parts.required("resources")?)?;
    let conditions = parts.optional("conditions").map_or(Ok(Vec::new()), |form| list("conditions", form))?;
    parts.end()?;
    Rule::new(effect, actions, resources, conditions.into_iter().map(read_condition).collect::<Result<_>>()?)
}

fn read_condition(form: Attribute) -> Result<Condition> {
    let mut parts = Parts::of("a condition", form)?;
    let field = Field::parse(&text("field", parts.required("field")?)?)?;
    let operator = text("operator", parts.required("operator")?)?.parse()?;
    let operand = match (parts.optional("value"), parts.optional("value_from")) {
        (None, None) => Operand::Nothing,
        (Some(value), None) => Operand::Value(value),
        (None, Some(other)) => Operand::Field(Field::parse(&text("value_from", other)?)?),
        (Some(_), Some(_)) => {
            return Err(invalid(format!("the condition on {field} has both value and value_from; keep one of them")));
        }
    };
    parts.end()?;
    Condition::checked(field, operator, operand)
}

/// The parts of a map, which are taken out one by one.
struct Parts {
    what: &'static str,
    left: BTreeMap<String, Attribute>,
}

impl Parts {
    fn of(what: &'static str, form: Attribute) -> Result<Self> {
        match form {
            Attribute::Map(left) => Ok(Self { what, left }),
            other => Err(invalid(format!("{what} is a map, and not {}", other.shape()))),
        }
    }

    fn optional(&mut self, name: &str) -> Option<Attribute> {
        self.left.remove(name)
    }

    fn required(&mut self, name: &str) -> Result<Attribute> {
        self.optional(name).ok_or_else(|| invalid(format!("{} has no {name:?}; add it", self.what)))
    }

    /// Refuses what nobody has taken: a condition under a misspelt name would be no condition.
    fn end(&mut self) -> Result<()> {
        match mem::take(&mut self.left).into_keys().next() {
            None => Ok(()),
            Some(name) => {
                Err(invalid(format!("{} has an unknown part {name:?}; remove it, or spell it right", self.what)))
            }
        }
    }
}

fn list(what: &str, form: Attribute) -> Result<Vec<Attribute>> {
    match form {
        Attribute::List(list) => Ok(list),
        other => Err(invalid(format!("{what:?} is a list, and not {}", other.shape()))),
    }
}

fn text(what: &str, form: Attribute) -> Result<String> {
    match form {
        Attribute::Text(text) => Ok(text),
        other => Err(invalid(format!("{what:?} is text, and not {}", other.shape()))),
    }
}

/// One pattern or a list of them.
fn names(what: &str, form: Attribute) -> Result<Vec<Pattern>> {
    let names = match form {
        Attribute::List(list) => list.into_iter().map(|name| text(what, name)).collect::<Result<_>>()?,
        one => vec![text(what, one)?],
    };
    patterns(what, names)
}

fn write_rule(rule: &Rule) -> Attribute {
    let names = |patterns: &[Pattern]| match patterns {
        [one] => Attribute::from(one.to_string()),
        many => many.iter().map(ToString::to_string).collect::<Vec<_>>().into(),
    };
    let effect = Attribute::from(rule.effect.to_string());
    let parts = [("effect", effect), ("actions", names(&rule.actions)), ("resources", names(&rule.resources))];
    let conditions = rule.conditions.iter().map(write_condition).collect::<Vec<_>>();
    let conditions = (!conditions.is_empty()).then_some(("conditions", Attribute::List(conditions)));
    map(parts.into_iter().chain(conditions))
}

fn write_condition(condition: &Condition) -> Attribute {
    let operand = match &condition.operand {
        Operand::Nothing => None,
        Operand::Value(value) => Some(("value", value.clone())),
        Operand::Field(other) => Some(("value_from", other.to_string().into())),
    };
    let field = Attribute::from(condition.field.to_string());
    map([("field", field), ("operator", condition.operator.name().into())].into_iter().chain(operand))
}

fn map(parts: impl IntoIterator<Item = (&'static str, Attribute)>) -> Attribute {
    Attribute::Map(parts.into_iter().map(|(name, part)| (name.to_owned(), part)).collect())
}

#[cold]
fn invalid(why: String) -> Error {
    Error::new(ErrorKind::InvalidArgument, why)
}
