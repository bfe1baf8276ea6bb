//! One conditional write: what it sets and removes, and under which named
//! conditions.

use aws_sdk_dynamodb::types::AttributeValue;

use crate::item::{Item, Names};

/// An update in the making. Every attribute goes by a placeholder: the
/// platform's list of reserved words is long and grows.
#[derive(Debug, Default)]
pub(crate) struct Write {
    sets: Vec<String>,
    removes: Vec<String>,
    conditions: Vec<String>,
    values: Item,
}

impl Write {
    /// `#name = value`.
    pub(crate) fn set(mut self, name: &str, value: AttributeValue) -> Self {
        self.sets.push(format!("#{name} = :{name}"));
        self.value(name, value)
    }

    /// Sets it, or removes it.
    pub(crate) fn set_or_remove(self, name: &str, value: Option<AttributeValue>) -> Self {
        match value {
            Some(value) => self.set(name, value),
            None => self.remove(name),
        }
    }

    /// Sets it unless it is there.
    pub(crate) fn set_once(mut self, name: &str, value: AttributeValue) -> Self {
        self.sets.push(format!("#{name} = if_not_exists(#{name}, :{name})"));
        self.value(name, value)
    }

    /// Counts one up from 0.
    pub(crate) fn count(mut self, name: &str) -> Self {
        self.sets.push(format!("#{name} = if_not_exists(#{name}, :zero) + :one"));
        self.value("zero", AttributeValue::N("0".to_owned())).value("one", AttributeValue::N("1".to_owned()))
    }

    pub(crate) fn remove(mut self, name: &str) -> Self {
        self.removes.push(format!("#{name}"));
        self
    }

    /// All conditions must hold.
    pub(crate) fn only_if(mut self, condition: &str) -> Self {
        self.conditions.push(format!("({condition})"));
        self
    }

    /// A value that a condition names.
    pub(crate) fn value(mut self, name: &str, value: AttributeValue) -> Self {
        self.values.insert(format!(":{name}"), value);
        self
    }

    pub(crate) fn update(&self) -> String {
        let mut parts = Vec::new();
        if !self.sets.is_empty() {
            parts.push(format!("SET {}", self.sets.join(", ")));
        }
        if !self.removes.is_empty() {
            parts.push(format!("REMOVE {}", self.removes.join(", ")));
        }
        parts.join(" ")
    }

    pub(crate) fn condition(&self) -> String {
        self.conditions.join(" AND ")
    }

    pub(crate) fn names(&self) -> Names {
        names(&format!("{} {}", self.update(), self.condition()))
    }

    pub(crate) fn values(&self) -> Item {
        self.values.clone()
    }
}

/// The names behind the placeholders of an expression: `#owner` is `owner`.
pub(crate) fn names(expression: &str) -> Names {
    let placeholder = |rest: &str| {
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        (format!("#{}", &rest[..end]), rest[..end].to_owned())
    };
    expression.split('#').skip(1).map(placeholder).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::{n, s};

    #[test]
    fn a_write_reads_as_it_was_built() {
        let write = Write::default()
            .set("owner", s("a"))
            .set_once("heard_at", s("b"))
            .count("fence")
            .set_or_remove("peer", None)
            .only_if("attribute_not_exists(#pk) OR #lease_until <= :now")
            .only_if("#fence = :mine")
            .value("now", n(1))
            .value("mine", n(2));
        assert_eq!(
            write.update(),
            "SET #owner = :owner, #heard_at = if_not_exists(#heard_at, :heard_at), \
             #fence = if_not_exists(#fence, :zero) + :one REMOVE #peer"
        );
        assert_eq!(
            write.condition(),
            "(attribute_not_exists(#pk) OR #lease_until <= :now) AND (#fence = :mine)"
        );
        let names = write.names();
        let mut known: Vec<&str> = names.values().map(String::as_str).collect();
        known.sort_unstable();
        assert_eq!(known, ["fence", "heard_at", "lease_until", "owner", "peer", "pk"]);
        assert_eq!(names["#owner"], "owner");
        assert_eq!(write.values().len(), 6);
    }
}
