//! Templates as plain JSON: `!GetAtt A.B` reads `{"Fn::GetAtt": "A.B"}`.

use std::fs;
use std::path::{Path, PathBuf};

use saphyr::{LoadableYamlNode, ScalarOwned, YamlOwned};
use serde_json::{Map, Value};

/// One template.
pub(crate) struct Template(Value);

/// One resource of a template.
#[derive(Clone, Copy)]
pub(crate) struct Resource<'a> {
    /// Its logical id.
    pub(crate) id: &'a str,
    value: &'a Value,
}

/// A path below the repository's root.
pub(crate) fn repository(path: impl AsRef<Path>) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

impl Template {
    /// `template.yaml`.
    pub(crate) fn main() -> Self {
        Self::load("template.yaml")
    }

    /// The template at a path below the repository's root.
    pub(crate) fn load(path: &str) -> Self {
        let text = fs::read_to_string(repository(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        let mut documents = YamlOwned::load_from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"));
        assert_eq!(documents.len(), 1, "{path} should hold one document");
        Self(json(&documents.remove(0)))
    }

    /// Anything of it, by JSON pointer; null if absent.
    pub(crate) fn at(&self, pointer: &str) -> &Value {
        self.0.pointer(pointer).unwrap_or(&Value::Null)
    }

    pub(crate) fn resources(&self) -> Vec<Resource<'_>> {
        let resources = self.at("/Resources").as_object().expect("a template has resources");
        resources.iter().map(|(id, value)| Resource { id, value }).collect()
    }

    pub(crate) fn of_type(&self, kind: &str) -> Vec<Resource<'_>> {
        self.resources().into_iter().filter(|resource| resource.kind() == kind).collect()
    }

    pub(crate) fn resource(&self, id: &str) -> Resource<'_> {
        self.resources()
            .into_iter()
            .find(|resource| resource.id == id)
            .unwrap_or_else(|| panic!("there is no resource {id}"))
    }
}

impl<'a> Resource<'a> {
    pub(crate) fn kind(self) -> &'a str {
        self.value["Type"].as_str().expect("a resource has a type")
    }

    /// A property, by JSON pointer; null if absent.
    pub(crate) fn property(self, pointer: &str) -> &'a Value {
        self.attribute(&format!("/Properties{pointer}"))
    }

    /// Anything of it, by JSON pointer; null if absent.
    pub(crate) fn attribute(self, pointer: &str) -> &'a Value {
        self.value.pointer(pointer).unwrap_or(&Value::Null)
    }
}

/// The one string of a reference or a substitution: `{"Ref": "X"}` → `X`,
/// `{"Fn::GetAtt": "X.Arn"}` → `X.Arn`, `{"Fn::Sub": "${X}/y"}` → `${X}/y`.
pub(crate) fn text(value: &Value) -> &str {
    let inner = match value.as_object() {
        Some(intrinsic) if intrinsic.len() == 1 => intrinsic.values().next().unwrap_or(value),
        _ => value,
    };
    inner.as_str().unwrap_or_else(|| panic!("neither a string nor a reference: {value}"))
}

fn json(node: &YamlOwned) -> Value {
    match node {
        YamlOwned::Value(scalar) => of_scalar(scalar),
        YamlOwned::Sequence(nodes) => nodes.iter().map(json).collect(),
        YamlOwned::Mapping(mapping) => {
            let entry = |(key, value): (&YamlOwned, &YamlOwned)| (key_text(key), json(value));
            Value::Object(mapping.iter().map(entry).collect())
        }
        YamlOwned::Tagged(tag, node) => of_intrinsic(&tag.suffix, json(node)),
        other => panic!("not a template: {other:?}"),
    }
}

fn of_scalar(scalar: &ScalarOwned) -> Value {
    match scalar {
        ScalarOwned::Null => Value::Null,
        ScalarOwned::Boolean(value) => (*value).into(),
        ScalarOwned::Integer(value) => (*value).into(),
        ScalarOwned::FloatingPoint(value) => value.into_inner().into(),
        ScalarOwned::String(value) => value.as_str().into(),
    }
}

fn key_text(key: &YamlOwned) -> String {
    match json(key) {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

fn of_intrinsic(name: &str, value: Value) -> Value {
    let name = match name {
        "Ref" | "Condition" => name.to_owned(),
        other => format!("Fn::{other}"),
    };
    Value::Object(Map::from_iter([(name, value)]))
}

#[test]
fn short_forms_read_like_long_ones() {
    let yaml = "a: !Ref X\nb: !GetAtt X.Outputs.Y\nc: !If [P, !Sub 'x-${Y}', &same {k: 1}]\nd: *same\n";
    let read = json(&YamlOwned::load_from_str(yaml).unwrap()[0]);
    let expected = serde_json::json!({
        "a": {"Ref": "X"},
        "b": {"Fn::GetAtt": "X.Outputs.Y"},
        "c": {"Fn::If": ["P", {"Fn::Sub": "x-${Y}"}, {"k": 1}]},
        "d": {"k": 1},
    });
    assert_eq!(read, expected);
}
