//! The configuration documents: the published schemas are the types', the
//! example is a configuration that would be deployed, and wrong documents are
//! refused.
//!
//! `WEIR_UPDATE_SCHEMAS=1 cargo test -p weir-tests --test schemas` writes the
//! schemas after a type has changed.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use jsonschema::Validator;
use schemars::{Schema, schema_for};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use weir_domain::config::{ConsoleConfig, ErpConfig, StoreConfig};
use weir_domain::mapping::MappingDocument;
use weir_runtime::config::check_directory;
use weir_runtime::environment::Profile;

/// One kind of document.
struct Kind {
    /// Of the schema: `infra/schemas/<name>.schema.json`.
    name: &'static str,
    /// Of the documents: `infra/example/<folder>/*.json`, or the one document.
    place: Place,
    schema: fn() -> Schema,
    /// Parses and checks as a function does when it starts in AWS.
    read: fn(Value) -> Result<(), String>,
}

/// Where documents of a kind are.
#[derive(Clone, Copy)]
enum Place {
    Folder(&'static str),
    File(&'static str),
}

const STORE: Kind = Kind {
    name: "store",
    place: Place::Folder("stores"),
    schema: || schema_for!(StoreConfig),
    read: |json| parse::<StoreConfig>(json)?.check(false).map_err(|error| error.to_string()),
};

const ERP: Kind = Kind {
    name: "erp",
    place: Place::Folder("erps"),
    schema: || schema_for!(ErpConfig),
    read: |json| parse::<ErpConfig>(json)?.check(false).map_err(|error| error.to_string()),
};

const MAPPING: Kind = Kind {
    name: "mapping",
    place: Place::Folder("mappings"),
    schema: || schema_for!(MappingDocument),
    read: |json| parse::<MappingDocument>(json).map(drop),
};

const CONSOLE: Kind = Kind {
    name: "console",
    place: Place::File("console.json"),
    schema: || schema_for!(ConsoleConfig),
    read: |json| parse::<ConsoleConfig>(json)?.check(false).map_err(|error| error.to_string()),
};

const KINDS: [Kind; 4] = [STORE, ERP, MAPPING, CONSOLE];

fn parse<T: DeserializeOwned>(json: Value) -> Result<T, String> {
    serde_json::from_value(json).map_err(|error| error.to_string())
}

fn infra(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../infra").join(path)
}

fn read(path: &str) -> String {
    fs::read_to_string(infra(path)).unwrap_or_else(|error| panic!("infra/{path}: {error}"))
}

fn json(path: &str) -> Value {
    serde_json::from_str(&read(path)).unwrap_or_else(|error| panic!("infra/{path}: {error}"))
}

impl Kind {
    fn schema_path(&self) -> String {
        format!("schemas/{}.schema.json", self.name)
    }

    fn validator(&self) -> Validator {
        jsonschema::validator_for(&json(&self.schema_path())).unwrap()
    }

    /// The example documents of this kind: path and content.
    fn examples(&self) -> Vec<(String, Value)> {
        let folder = match self.place {
            Place::Folder(folder) => folder,
            Place::File(file) => {
                let path = format!("example/{file}");
                return vec![(path.clone(), json(&path))];
            }
        };
        let files = fs::read_dir(infra("example").join(folder)).unwrap();
        let path = |file: fs::DirEntry| format!("example/{folder}/{}", file.file_name().display());
        let documents: Vec<_> =
            files.map(|file| path(file.unwrap())).map(|path| (path.clone(), json(&path))).collect();
        assert!(!documents.is_empty(), "there is no example of a {}", self.name);
        documents
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a switch of this test, not of Weir")]
fn published_schemas_are_those_of_the_types() {
    let update = std::env::var_os("WEIR_UPDATE_SCHEMAS").is_some();
    for kind in &KINDS {
        let generated = serde_json::to_string_pretty(&(kind.schema)()).unwrap() + "\n";
        if update {
            fs::write(infra(&kind.schema_path()), &generated).unwrap();
        }
        let published = read(&kind.schema_path());
        assert!(
            published == generated,
            "infra/{} is not what the type says: run this test with WEIR_UPDATE_SCHEMAS=1",
            kind.schema_path()
        );
    }
}

#[test]
fn the_example_is_accepted_by_schemas_and_types() {
    for kind in &KINDS {
        let validator = kind.validator();
        for (path, document) in kind.examples() {
            let errors: Vec<String> = validator
                .iter_errors(&document)
                .map(|error| format!("{}: {error}", error.instance_path()))
                .collect();
            assert!(errors.is_empty(), "infra/{path}: {errors:#?}");
            (kind.read)(document.clone()).unwrap_or_else(|error| panic!("infra/{path}: {error}"));
            let schema = document["$schema"].as_str().unwrap_or_default();
            assert_eq!(
                schema,
                format!(
                    "{}{}",
                    if path.matches('/').count() > 1 { "../../" } else { "../" },
                    kind.schema_path()
                ),
                "infra/{path} should lead editors to its schema"
            );
        }
    }
    let problems = check_directory(&infra("example"), Profile::Aws);
    assert!(problems.is_empty(), "{problems:#?}");
}

#[test]
fn every_code_of_the_example_is_known_to_its_erp() {
    let (_, erp) = ERP.examples().swap_remove(0);
    let known = |field: &str| erp[field].as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    let mut compared = 0;
    for (path, document) in MAPPING.examples() {
        for (kind, field) in [("tax", "taxes"), ("payment", "journals")] {
            for (name, codes) in document["mappings"][kind].as_object().unwrap() {
                for code in codes.as_array().unwrap() {
                    let code = code.as_str().unwrap();
                    assert!(
                        known(field).contains(code),
                        "infra/{path}: {kind} {name} names {code}, which {field} of the ERP lacks"
                    );
                    compared += 1;
                }
            }
        }
    }
    assert!(compared > 0);
}

#[test]
fn the_example_has_a_placeholder_for_every_secret_and_no_secret() {
    let named: BTreeSet<String> = [STORE, ERP, CONSOLE]
        .iter()
        .flat_map(Kind::examples)
        .map(|(_, document)| document["secret"].as_str().unwrap().to_owned())
        .collect();
    let secrets = json("example/secrets.example.json");
    let secrets = secrets.as_object().unwrap();
    assert_eq!(secrets.keys().cloned().collect::<BTreeSet<_>>(), named);
    for (name, secret) in secrets {
        // The template lets the functions read these two prefixes and the one name only.
        let readable =
            name.starts_with("weir/store/") || name.starts_with("weir/erp/") || name == "weir/console";
        assert!(readable, "{name}");
        for text in texts(secret) {
            assert!(text.contains("EXAMPLE"), "{name}: {text} looks like a real one");
        }
        if let Some(webhook) = secret.get("webhook_secret") {
            let webhook = webhook.as_str().unwrap();
            let usable = webhook.len() >= 32 && webhook.bytes().all(|byte| byte.is_ascii_alphanumeric());
            assert!(usable, "{name}.webhook_secret does not show the form that WooCommerce leaves alone");
        }
    }
}

/// Every text of a document.
fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(values) => values.iter().flat_map(texts).collect(),
        Value::Object(fields) => fields.values().flat_map(texts).collect(),
        other => panic!("a secret is text, not {other}"),
    }
}

/// Who refuses a wrong document.
#[derive(PartialEq)]
enum By {
    /// The schema, so that an editor underlines it, and the type.
    Both,
    /// Only what the type knows beyond shapes.
    Type,
}

/// kind, what is wrong, where (JSON pointer), the wrong value (`None`: the
/// field is missing), who refuses.
type Wrong = (Kind, &'static str, &'static str, Option<Value>, By);

fn wrong_stores() -> Vec<Wrong> {
    let wrong = |what, at, value, by| (STORE, what, at, value, by);
    vec![
        wrong("an unknown field", "/colour", Some(json!("red")), By::Both),
        wrong("a secret in the document", "/consumer_secret", Some(json!("cs_1")), By::Both),
        wrong("no secret", "/secret", None, By::Both),
        wrong("an empty secret name", "/secret", Some(json!(" ")), By::Type),
        wrong("plain http", "/url", Some(json!("http://shop.example.com/")), By::Type),
        wrong("credentials in the URL", "/url", Some(json!("https://me:pw@shop.example.com/")), By::Type),
        wrong("a name that is no key", "/store", Some(json!("Main shop")), By::Both),
        wrong("no entity", "/entities", Some(json!([])), By::Type),
        wrong("an entity without ERP", "/entities/0/erp", None, By::Both),
        wrong("a currency in lower case", "/entities/0/currencies", Some(json!(["usd"])), By::Both),
        wrong("an unknown effect", "/import/methods/cod/processing", Some(json!("maybe")), By::Both),
        wrong("an unknown item policy", "/items", Some(json!("guess")), By::Both),
        wrong("an unknown gift card plugin", "/tender/0/plugin", Some(json!("magic")), By::Both),
        wrong("a cap that is no number", "/rounding_cap", Some(json!("ten cents")), By::Both),
        wrong("a negative cap", "/rounding_cap", Some(json!("-0.10")), By::Type),
        wrong("a poll without pause", "/poll/every_minutes", Some(json!(0)), By::Type),
        wrong("a date without time", "/cut_over", Some(json!("2027-01-04")), By::Type),
        wrong("stock of nobody", "/stock/entity", None, By::Both),
        wrong("stock of another's entity", "/stock/entity", Some(json!("uk")), By::Type),
        wrong("stock from nowhere", "/stock/locations", Some(json!([])), By::Type),
        wrong("more than all", "/stock/share", Some(json!("1.1")), By::Type),
        wrong("a safety stock that is no number", "/stock/safety", Some(json!("some")), By::Both),
        wrong("an unknown way to write", "/stock/write", Some(json!("replace")), By::Both),
        wrong(
            "a status that is not of deliveries",
            "/fulfilment/shipped_status",
            Some(json!("pending")),
            By::Type,
        ),
        wrong("an unknown way with returns", "/fulfilment/returns", Some(json!("maybe")), By::Both),
        wrong("a note without text", "/fulfilment/note/text", None, By::Both),
        wrong("an unknown fulfilment field", "/fulfilment/mail", Some(json!(true)), By::Both),
        wrong("an unknown stock field", "/stock/buffer", Some(json!("1")), By::Both),
    ]
}

fn wrong_erps() -> Vec<Wrong> {
    let wrong = |what, at, value, by| (ERP, what, at, value, by);
    vec![
        wrong("an unknown field", "/colour", Some(json!("red")), By::Both),
        wrong("an unknown adapter", "/kind", Some(json!("abacus")), By::Both),
        wrong("no adapter", "/kind", None, By::Both),
        wrong("no database", "/database", None, By::Both),
        wrong("a code instead of an id", "/company", Some(json!("HQ")), By::Both),
        wrong("a web shop of a store that cannot be", "/web_shops", Some(json!({"Main shop": 1})), By::Both),
        wrong("a location without warehouse", "/locations/main", Some(json!({})), By::Both),
        wrong("an unknown owner", "/locations/floor/owner", Some(json!("crm")), By::Both),
        wrong("no item for residuals", "/rounding/item", None, By::Both),
        wrong("an unknown rounding field", "/rounding/account", Some(json!(7)), By::Both),
        wrong("a time-out that outlives the function", "/timeout_s", Some(json!(60)), By::Type),
        wrong("lateness below the time-out", "/longest_request_s", Some(json!(5)), By::Type),
        wrong("lateness beyond what a queue waits", "/longest_request_s", Some(json!(601)), By::Type),
        wrong("plain http", "/url", Some(json!("http://erp.example.com/")), By::Type),
    ]
}

fn wrong_mappings() -> Vec<Wrong> {
    let wrong = |what, at, value, by| (MAPPING, what, at, value, by);
    vec![
        wrong("an unknown field", "/colour", Some(json!("red")), By::Both),
        wrong("no store", "/store", None, By::Both),
        wrong("an unknown kind", "/mappings/warehouse", Some(json!({"a": ["b"]})), By::Both),
        wrong("a code that is no list", "/mappings/tax/rates:1", Some(json!("VAT-DE-19")), By::Both),
        wrong("a code that is no text", "/mappings/payment/cod", Some(json!([7])), By::Both),
    ]
}

fn wrong_consoles() -> Vec<Wrong> {
    let wrong = |what, at, value, by| (CONSOLE, what, at, value, by);
    vec![
        wrong("an unknown field", "/colour", Some(json!("red")), By::Both),
        wrong("a secret in the document", "/client_secret", Some(json!("s")), By::Both),
        wrong("no issuer", "/issuer", None, By::Both),
        wrong("an issuer over plain http", "/issuer", Some(json!("http://login.example.com")), By::Type),
        wrong("a console over plain http", "/url", Some(json!("http://weir.example.com/")), By::Type),
        wrong("a console below a path", "/url", Some(json!("https://weir.example.com/x/")), By::Type),
        wrong("no roles", "/roles", None, By::Both),
        wrong("roles of nobody", "/roles", Some(json!({})), By::Type),
        wrong("an unknown role", "/roles/admin", Some(json!(["x"])), By::Both),
        wrong("a session without end", "/session_hours", Some(json!(0)), By::Type),
    ]
}

#[test]
fn wrong_documents_are_refused() {
    let wrong = [wrong_stores(), wrong_erps(), wrong_mappings(), wrong_consoles()];
    for (kind, what, at, value, by) in wrong.into_iter().flatten() {
        let (_, mut document) = kind.examples().swap_remove(0);
        set(&mut document, at, value);
        let schema_refuses = !kind.validator().is_valid(&document);
        assert_eq!(schema_refuses, by == By::Both, "the schema of a {}: {what}", kind.name);
        assert!((kind.read)(document).is_err(), "the type of a {} accepts {what}", kind.name);
    }
}

/// Sets a field, or removes it.
fn set(document: &mut Value, pointer: &str, value: Option<Value>) {
    let (parent, field) = pointer.rsplit_once('/').unwrap();
    let parent =
        document.pointer_mut(parent).and_then(Value::as_object_mut).unwrap_or_else(|| panic!("{pointer}"));
    match value {
        Some(value) => parent.insert(field.to_owned(), value),
        None => parent.remove(field),
    };
}
