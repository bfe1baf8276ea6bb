//! What expressions mean for an item.

use std::cmp::Ordering;

use aws_sdk_dynamodb::types::AttributeValue;
use rust_decimal::Decimal;

use super::expression::{Action, Comparator, Condition, Operand, Sign, Term};
use super::{FakeDynamoError, Item, Names};

/// An item with the names and values that an expression goes by.
pub(super) struct Scope<'a> {
    pub(super) item: &'a Item,
    pub(super) names: Option<&'a Names>,
    pub(super) values: Option<&'a Item>,
}

type Evaluated<T> = Result<T, FakeDynamoError>;

impl Scope<'_> {
    pub(super) fn name<'a>(&'a self, name: &'a str) -> Evaluated<&'a str> {
        if !name.starts_with('#') {
            return Ok(name);
        }
        let named = self.names.and_then(|names| names.get(name)).map(String::as_str);
        named.ok_or_else(|| FakeDynamoError::invalid(format!("{name} is not defined")))
    }

    fn attribute(&self, name: &str) -> Evaluated<Option<&AttributeValue>> {
        Ok(self.item.get(self.name(name)?))
    }

    pub(super) fn value(&self, value: &str) -> Evaluated<&AttributeValue> {
        let found = self.values.and_then(|values| values.get(value));
        found.ok_or_else(|| FakeDynamoError::invalid(format!("{value} is not defined")))
    }

    fn operand(&self, operand: &Operand) -> Evaluated<Option<AttributeValue>> {
        Ok(match operand {
            Operand::Attribute(name) => self.attribute(name)?.cloned(),
            Operand::Value(value) => Some(self.value(value)?.clone()),
            Operand::Size(name) => match self.attribute(name)? {
                Some(AttributeValue::S(text)) => Some(AttributeValue::N(text.len().to_string())),
                Some(AttributeValue::L(list)) => Some(AttributeValue::N(list.len().to_string())),
                Some(_) => return Err(FakeDynamoError::invalid("size() of that type".to_owned())),
                None => None,
            },
        })
    }

    pub(super) fn holds(&self, condition: &Condition) -> Evaluated<bool> {
        Ok(match condition {
            Condition::Or(parts) => self.first(parts, true)?,
            Condition::And(parts) => !self.first(parts, false)?,
            Condition::Not(inner) => !self.holds(inner)?,
            Condition::Exists(name) => self.attribute(name)?.is_some(),
            Condition::NotExists(name) => self.attribute(name)?.is_none(),
            Condition::BeginsWith(name, prefix) => {
                let prefix = self.operand(prefix)?;
                text(self.attribute(name)?).zip(text(prefix.as_ref())).is_some_and(|(a, b)| a.starts_with(b))
            }
            Condition::Contains(name, part) => {
                let part = self.operand(part)?;
                match (self.attribute(name)?, part) {
                    (Some(AttributeValue::S(whole)), Some(AttributeValue::S(part))) => whole.contains(&part),
                    (Some(AttributeValue::L(list)), Some(part)) => list.contains(&part),
                    _ => false,
                }
            }
            Condition::Compare(left, comparator, right) => self.compares(left, *comparator, right)?,
            Condition::Between(middle, low, high) => {
                self.compares(low, Comparator::LessOrEqual, middle)?
                    && self.compares(middle, Comparator::LessOrEqual, high)?
            }
        })
    }

    /// Whether one of the parts is `wanted`; later ones are not looked at.
    fn first(&self, parts: &[Condition], wanted: bool) -> Evaluated<bool> {
        for part in parts {
            if self.holds(part)? == wanted {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// An attribute that is not there compares with nothing.
    fn compares(&self, left: &Operand, comparator: Comparator, right: &Operand) -> Evaluated<bool> {
        let (Some(left), Some(right)) = (self.operand(left)?, self.operand(right)?) else {
            return Ok(false);
        };
        let order = compare(&left, &right)?;
        Ok(match comparator {
            Comparator::Equal => left == right || order == Some(Ordering::Equal),
            Comparator::NotEqual => left != right && order != Some(Ordering::Equal),
            Comparator::Less => order == Some(Ordering::Less),
            Comparator::LessOrEqual => matches!(order, Some(Ordering::Less | Ordering::Equal)),
            Comparator::Greater => order == Some(Ordering::Greater),
            Comparator::GreaterOrEqual => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
        })
    }

    /// The item after an update. Every clause sees the item as it was.
    pub(super) fn updated(&self, actions: &[Action]) -> Evaluated<Item> {
        let mut after = self.item.clone();
        for action in actions {
            match action {
                Action::Set(name, first, rest) => {
                    let value = self.sum(first, rest.as_ref())?;
                    after.insert(self.name(name)?.to_owned(), value);
                }
                Action::Remove(name) => {
                    after.remove(self.name(name)?);
                }
                Action::Add(name, value) => {
                    let zero = AttributeValue::N("0".to_owned());
                    let present = self.attribute(name)?.unwrap_or(&zero);
                    let sum = number(present)? + number(self.value(value)?)?;
                    after.insert(self.name(name)?.to_owned(), AttributeValue::N(sum.normalize().to_string()));
                }
            }
        }
        Ok(after)
    }

    fn sum(&self, first: &Term, rest: Option<&(Sign, Term)>) -> Evaluated<AttributeValue> {
        let first = self.term(first)?;
        let Some((sign, second)) = rest else { return Ok(first) };
        let (first, second) = (number(&first)?, number(&self.term(second)?)?);
        let sum = match sign {
            Sign::Plus => first + second,
            Sign::Minus => first - second,
        };
        Ok(AttributeValue::N(sum.normalize().to_string()))
    }

    fn term(&self, term: &Term) -> Evaluated<AttributeValue> {
        let found = match term {
            Term::Operand(operand) => self.operand(operand)?,
            Term::IfNotExists(name, operand) => match self.attribute(name)? {
                Some(value) => Some(value.clone()),
                None => self.operand(operand)?,
            },
        };
        found.ok_or_else(|| FakeDynamoError::invalid("an operand that is not in the item".to_owned()))
    }
}

fn text(value: Option<&AttributeValue>) -> Option<&str> {
    match value {
        Some(AttributeValue::S(text)) => Some(text),
        _ => None,
    }
}

fn number(value: &AttributeValue) -> Evaluated<Decimal> {
    let parsed = value.as_n().ok().and_then(|number| number.parse().ok());
    parsed.ok_or_else(|| FakeDynamoError::invalid("a number was expected".to_owned()))
}

/// Two values of one type; `None` if they have no order.
fn compare(left: &AttributeValue, right: &AttributeValue) -> Evaluated<Option<Ordering>> {
    Ok(match (left, right) {
        (AttributeValue::S(left), AttributeValue::S(right)) => Some(left.as_bytes().cmp(right.as_bytes())),
        (AttributeValue::N(_), AttributeValue::N(_)) => Some(number(left)?.cmp(&number(right)?)),
        _ => None,
    })
}
