//! Values of attributes: what conditions compare.

use std::cmp::Ordering;
use std::collections::BTreeMap;

/// A value of an attribute, which conditions compare. It has the shapes of JSON.
///
/// An integer and a float are equal if they are the same number. Values of different shapes are not equal, and none of
/// them is less.
///
/// ```
/// use mapleaf::store::policy::Attribute;
/// assert_eq!(Attribute::from("eu"), Attribute::Text("eu".into()));
/// assert_eq!(Attribute::from(["a", "b"]), Attribute::List(vec!["a".into(), "b".into()]));
/// assert_eq!(Attribute::from(3), Attribute::Int(3));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Attribute {
    /// Nothing: an attribute with this value counts as absent.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Attribute>),
    /// Attributes by name.
    Map(BTreeMap<String, Attribute>),
}

impl Attribute {
    /// The order of two numbers or two texts; `None` for all others.
    pub(super) fn order(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Int(one), Self::Int(two)) => Some(one.cmp(two)),
            (Self::Int(one), Self::Float(two)) => order_of_numbers(*one, *two),
            (Self::Float(one), Self::Int(two)) => order_of_numbers(*two, *one).map(Ordering::reverse),
            (Self::Float(one), Self::Float(two)) => one.partial_cmp(two),
            (Self::Text(one), Self::Text(two)) => Some(one.cmp(two)),
            _ => None,
        }
    }

    /// Whether two values are the same: numbers by what they count.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(one), Self::Bool(two)) => one == two,
            (Self::List(one), Self::List(two)) => {
                one.len() == two.len() && one.iter().zip(two).all(|(one, two)| one.is_same(two))
            }
            (Self::Map(one), Self::Map(two)) => {
                let mut pairs = one.iter().zip(two);
                one.len() == two.len() && pairs.all(|((key, one), (other, two))| key == other && one.is_same(two))
            }
            _ => self.order(other) == Some(Ordering::Equal),
        }
    }

    /// Whether text has another within it, a list an element, or a map a name.
    pub(super) fn has(&self, part: &Self) -> bool {
        match (self, part) {
            (Self::List(list), part) => list.iter().any(|element| element.is_same(part)),
            (Self::Text(text), Self::Text(part)) => text.contains(&**part),
            (Self::Map(map), Self::Text(name)) => map.contains_key(name),
            _ => false,
        }
    }

    /// What this is, for messages.
    pub(super) fn shape(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Int(_) | Self::Float(_) => "a number",
            Self::Text(_) => "text",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
        }
    }
}

/// 2 to the power 63: the least float above every integer.
const ABOVE: f64 = 9_223_372_036_854_775_808.0;

/// The exact order: most integers above 2 to the power 53 are no floats.
fn order_of_numbers(int: i64, float: f64) -> Option<Ordering> {
    if float.is_nan() {
        return None;
    }
    if float >= ABOVE {
        return Some(Ordering::Less);
    }
    if float < -ABOVE {
        return Some(Ordering::Greater);
    }
    #[allow(clippy::cast_possible_truncation, reason = "the float lies within the integers, and its fraction is next")]
    let whole = float.trunc() as i64;
    Some(int.cmp(&whole).then_with(|| 0.0_f64.partial_cmp(&float.fract()).unwrap_or(Ordering::Equal)))
}

impl From<bool> for Attribute {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Attribute {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<i32> for Attribute {
    fn from(value: i32) -> Self {
        Self::Int(value.into())
    }
}

impl From<u32> for Attribute {
    fn from(value: u32) -> Self {
        Self::Int(value.into())
    }
}

impl From<f64> for Attribute {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

impl From<&str> for Attribute {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Attribute {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl<T: Into<Attribute>> From<Vec<T>> for Attribute {
    fn from(values: Vec<T>) -> Self {
        Self::List(values.into_iter().map(Into::into).collect())
    }
}

impl<T: Into<Attribute>, const N: usize> From<[T; N]> for Attribute {
    fn from(values: [T; N]) -> Self {
        Self::List(values.into_iter().map(Into::into).collect())
    }
}
