//! DynamoDB's expression language, as far as top-level attributes go: what
//! is not understood is refused, never passed over.

use std::collections::BTreeSet;
use std::iter::Peekable;
use std::str::Chars;

/// Why an expression was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the expression {expression:?} makes no sense at {at:?}")]
pub struct BadExpression {
    /// The whole of it.
    pub expression: String,
    /// What came where something else was expected.
    pub at: String,
}

/// A condition, a key condition or a filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Condition {
    Or(Vec<Condition>),
    And(Vec<Condition>),
    Not(Box<Condition>),
    Exists(Name),
    NotExists(Name),
    BeginsWith(Name, Operand),
    Contains(Name, Operand),
    Compare(Operand, Comparator, Operand),
    Between(Operand, Operand, Operand),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// An attribute, by its placeholder (`#owner`) or plainly.
pub(super) type Name = String;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Operand {
    Attribute(Name),
    Value(String),
    Size(Name),
}

/// One clause of an update.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Action {
    Set(Name, Term, Option<(Sign, Term)>),
    Remove(Name),
    Add(Name, String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    Plus,
    Minus,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Term {
    Operand(Operand),
    IfNotExists(Name, Operand),
}

/// A parsed expression, and the placeholders it uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Parsed<T> {
    pub(super) tree: T,
    pub(super) placeholders: BTreeSet<String>,
}

pub(super) fn condition(text: &str) -> Result<Parsed<Condition>, BadExpression> {
    parse(text, Parser::any_of)
}

pub(super) fn update(text: &str) -> Result<Parsed<Vec<Action>>, BadExpression> {
    parse(text, Parser::actions)
}

fn parse<T>(
    text: &str,
    rule: impl FnOnce(&mut Parser) -> Result<T, String>,
) -> Result<Parsed<T>, BadExpression> {
    let bad = |at: String| BadExpression { expression: text.to_owned(), at };
    let tokens = tokens(text).map_err(bad)?;
    let starts = |token: &&String| token.starts_with(['#', ':']);
    let placeholders = tokens.iter().filter(starts).cloned().collect();
    let mut parser = Parser { tokens, next: 0 };
    let tree = rule(&mut parser).map_err(bad)?;
    match parser.peek() {
        None => Ok(Parsed { tree, placeholders }),
        Some(rest) => Err(bad(rest.to_owned())),
    }
}

fn tokens(text: &str) -> Result<Vec<String>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.chars().peekable();
    while let Some(&first) = rest.peek() {
        match first {
            ' ' => {
                rest.next();
            }
            '(' | ')' | ',' | '+' | '-' | '=' => {
                rest.next();
                tokens.push(first.to_string());
            }
            '<' | '>' => tokens.push(comparator(&mut rest)),
            _ => tokens.push(word(&mut rest)?),
        }
    }
    Ok(tokens)
}

fn comparator(rest: &mut Peekable<Chars<'_>>) -> String {
    let mut token = String::from(rest.next().unwrap_or_default());
    if let Some(second) = rest.next_if(|c| *c == '=' || (token == "<" && *c == '>')) {
        token.push(second);
    }
    token
}

fn word(rest: &mut Peekable<Chars<'_>>) -> Result<String, String> {
    let mut token = String::new();
    while let Some(c) = rest.next_if(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '#' | ':')) {
        token.push(c);
    }
    if token.is_empty() { Err(rest.clone().collect()) } else { Ok(token) }
}

struct Parser {
    tokens: Vec<String>,
    next: usize,
}

type Parse<T> = Result<T, String>;

impl Parser {
    fn peek(&self) -> Option<&str> {
        self.tokens.get(self.next).map(String::as_str)
    }

    fn take(&mut self) -> Parse<String> {
        let token = self.tokens.get(self.next).cloned().ok_or_else(|| "its end".to_owned())?;
        self.next += 1;
        Ok(token)
    }

    fn accept(&mut self, wanted: &str) -> bool {
        let found = self.peek() == Some(wanted);
        self.next += usize::from(found);
        found
    }

    fn expect(&mut self, wanted: &str) -> Parse<()> {
        if self.accept(wanted) { Ok(()) } else { Err(self.peek().unwrap_or("its end").to_owned()) }
    }

    fn any_of(&mut self) -> Parse<Condition> {
        let mut parts = vec![self.all_of()?];
        while self.accept("OR") {
            parts.push(self.all_of()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Condition::Or(parts) })
    }

    fn all_of(&mut self) -> Parse<Condition> {
        let mut parts = vec![self.one()?];
        while self.accept("AND") {
            parts.push(self.one()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Condition::And(parts) })
    }

    fn one(&mut self) -> Parse<Condition> {
        if self.accept("NOT") {
            return Ok(Condition::Not(Box::new(self.one()?)));
        }
        if self.accept("(") {
            let inner = self.any_of()?;
            self.expect(")")?;
            return Ok(inner);
        }
        match self.peek() {
            Some("attribute_exists") => self.of_one(Condition::Exists),
            Some("attribute_not_exists") => self.of_one(Condition::NotExists),
            Some("begins_with") => self.of_two(Condition::BeginsWith),
            Some("contains") => self.of_two(Condition::Contains),
            _ => self.comparison(),
        }
    }

    fn of_one(&mut self, make: fn(Name) -> Condition) -> Parse<Condition> {
        self.take()?;
        self.expect("(")?;
        let name = self.name()?;
        self.expect(")")?;
        Ok(make(name))
    }

    fn of_two(&mut self, make: fn(Name, Operand) -> Condition) -> Parse<Condition> {
        self.take()?;
        self.expect("(")?;
        let name = self.name()?;
        self.expect(",")?;
        let operand = self.operand()?;
        self.expect(")")?;
        Ok(make(name, operand))
    }

    fn comparison(&mut self) -> Parse<Condition> {
        let left = self.operand()?;
        if self.accept("BETWEEN") {
            let low = self.operand()?;
            self.expect("AND")?;
            return Ok(Condition::Between(left, low, self.operand()?));
        }
        let token = self.take()?;
        let comparator = match token.as_str() {
            "=" => Comparator::Equal,
            "<>" => Comparator::NotEqual,
            "<" => Comparator::Less,
            "<=" => Comparator::LessOrEqual,
            ">" => Comparator::Greater,
            ">=" => Comparator::GreaterOrEqual,
            _ => return Err(token),
        };
        Ok(Condition::Compare(left, comparator, self.operand()?))
    }

    fn operand(&mut self) -> Parse<Operand> {
        if self.peek() == Some("size") {
            self.take()?;
            self.expect("(")?;
            let name = self.name()?;
            self.expect(")")?;
            return Ok(Operand::Size(name));
        }
        if self.peek().is_some_and(|token| token.starts_with(':')) {
            return Ok(Operand::Value(self.take()?));
        }
        Ok(Operand::Attribute(self.name()?))
    }

    fn name(&mut self) -> Parse<Name> {
        let token = self.take()?;
        let plain = token.starts_with('#') || token.starts_with(|c: char| c.is_ascii_alphabetic());
        if plain { Ok(token) } else { Err(token) }
    }

    fn actions(&mut self) -> Parse<Vec<Action>> {
        let mut actions = Vec::new();
        while self.peek().is_some() {
            let clause = self.take()?;
            loop {
                actions.push(match clause.as_str() {
                    "SET" => self.set()?,
                    "REMOVE" => Action::Remove(self.name()?),
                    "ADD" => Action::Add(self.name()?, self.take()?),
                    _ => return Err(clause),
                });
                if !self.accept(",") {
                    break;
                }
            }
        }
        Ok(actions)
    }

    fn set(&mut self) -> Parse<Action> {
        let name = self.name()?;
        self.expect("=")?;
        let first = self.term()?;
        let sign = match self.peek() {
            Some("+") => Sign::Plus,
            Some("-") => Sign::Minus,
            _ => return Ok(Action::Set(name, first, None)),
        };
        self.take()?;
        Ok(Action::Set(name, first, Some((sign, self.term()?))))
    }

    fn term(&mut self) -> Parse<Term> {
        if !self.accept("if_not_exists") {
            return Ok(Term::Operand(self.operand()?));
        }
        self.expect("(")?;
        let name = self.name()?;
        self.expect(",")?;
        let operand = self.operand()?;
        self.expect(")")?;
        Ok(Term::IfNotExists(name, operand))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_nest_as_sql_does() {
        let parsed = condition("(attribute_not_exists(#pk) OR #a <= :n) AND NOT #b = :m").unwrap();
        let Condition::And(parts) = parsed.tree else { panic!("AND binds less than the parentheses") };
        assert!(matches!(&parts[0], Condition::Or(either) if either.len() == 2));
        assert!(matches!(&parts[1], Condition::Not(_)));
        assert_eq!(parsed.placeholders.len(), 5);
    }

    #[test]
    fn updates_have_clauses() {
        let parsed =
            update("SET #a = :a, #f = if_not_exists(#f, :zero) + :one REMOVE #x, #y ADD #n :one").unwrap();
        assert_eq!(parsed.tree.len(), 5);
        assert!(matches!(&parsed.tree[1], Action::Set(_, Term::IfNotExists(..), Some((Sign::Plus, _)))));
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for bad in [
            "",
            "#a",
            "#a =",
            "#a = :b OR",
            "(#a = :b",
            "#a ! :b",
            "attribute_type(#a, :t)",
            "a.b = :c",
            "#a[0] = :b",
        ] {
            assert!(condition(bad).is_err(), "{bad}");
        }
        for bad in ["SET", "SET #a", "DELETE #a :b", "SET #a = list_append(#a, :b)", "#a = :b"] {
            assert!(update(bad).is_err(), "{bad}");
        }
    }
}
