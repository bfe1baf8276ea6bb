//! The layers: who may know whom, what each dependency is for, and how long a
//! file may be.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Who may know which crates of ours, in shipped code. `runtime` knows no
/// adapter: a function links only what it needs. The HTTP client is below the
/// adapters, which do not know each other.
const MAY_KNOW: &[(&str, &[&str])] = &[
    ("weir-domain", &[]),
    ("weir-http", &[]),
    ("weir-woocommerce", &["weir-domain", "weir-http"]),
    ("weir-erp", &["weir-domain", "weir-http"]),
    ("weir-ledger", &["weir-domain"]),
    ("weir-runtime", &["weir-domain"]),
    ("weir-testkit", &["weir-domain"]),
    ("webhook", &["weir-domain", "weir-ledger", "weir-runtime", "weir-woocommerce"]),
    ("order-push", &["weir-domain", "weir-erp", "weir-ledger", "weir-runtime", "weir-woocommerce"]),
    ("reconcile", &["weir-domain", "weir-erp", "weir-ledger", "weir-runtime", "weir-woocommerce"]),
    ("inventory-sync", &["weir-domain", "weir-erp", "weir-ledger", "weir-runtime"]),
    ("stock-publish", &["weir-domain", "weir-erp", "weir-ledger", "weir-runtime", "weir-woocommerce"]),
    // Works on an order as order-push does, by its library.
    ("fulfilment", &["order-push", "weir-domain", "weir-ledger", "weir-runtime"]),
    ("erp-events", &["weir-domain", "weir-ledger", "weir-runtime"]),
    // Says what order-push would do, by its library.
    (
        "console",
        &[
            "order-push",
            "weir-domain",
            "weir-erp",
            "weir-http",
            "weir-ledger",
            "weir-runtime",
            "weir-woocommerce",
        ],
    ),
    // Stands for a shop, and must not share our idea of one.
    ("shop-standin", &[]),
    ("weir-tests", &[]),
    // Runs what ships, so it knows what ships, and nothing that ships knows it.
    (
        "weir-simulation",
        &["order-push", "weir-domain", "weir-ledger", "weir-runtime", "weir-testkit", "weir-woocommerce"],
    ),
    ("weir-bench", &["weir-domain", "weir-ledger", "weir-simulation", "weir-testkit"]),
];

const MAIN_LINES: usize = 60;
const FILE_LINES: usize = 500;

#[derive(PartialEq)]
enum Use {
    Shipped,
    Tests,
    Build,
}

/// A crate of the workspace and what it depends on directly.
struct Member {
    name: String,
    depends_on: Vec<(String, Use)>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn cargo(arguments: &[&str]) -> String {
    let output =
        Command::new(env!("CARGO")).args(arguments).arg("--offline").current_dir(root()).output().unwrap();
    assert!(output.status.success(), "cargo {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn workspace() -> Vec<Member> {
    let metadata: Value =
        serde_json::from_str(&cargo(&["metadata", "--format-version", "1", "--no-deps"])).unwrap();
    let kind = |dependency: &Value| match dependency["kind"].as_str() {
        None => Use::Shipped,
        Some("dev") => Use::Tests,
        Some(_) => Use::Build,
    };
    let text = |value: &Value| value["name"].as_str().unwrap().to_owned();
    let member = |package: &Value| Member {
        name: text(package),
        depends_on: package["dependencies"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| (text(it), kind(it)))
            .collect(),
    };
    metadata["packages"].as_array().unwrap().iter().map(member).collect()
}

/// Names of all crates that are linked into a crate's shipped code.
fn tree(name: &str) -> BTreeSet<String> {
    // With its version: others have names that ours have, too.
    let package = format!("{name}@{}", env!("CARGO_PKG_VERSION"));
    let lines =
        cargo(&["tree", "--package", &package, "--edges", "normal", "--prefix", "none", "--format", "{p}"]);
    let names: BTreeSet<String> =
        lines.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect();
    assert!(names.contains(name));
    names
}

#[test]
fn every_crate_knows_only_what_it_may() {
    let rules: BTreeMap<&str, &[&str]> = MAY_KNOW.iter().copied().collect();
    let members = workspace();
    let ours: BTreeSet<&str> = members.iter().map(|member| member.name.as_str()).collect();
    assert_eq!(ours, rules.keys().copied().collect(), "MAY_KNOW lists every crate of the workspace");
    for member in &members {
        for (name, how) in &member.depends_on {
            if ours.contains(name.as_str()) && *how != Use::Tests {
                assert!(
                    rules[member.name.as_str()].contains(&name.as_str()),
                    "{} must not know {name}",
                    member.name
                );
            }
        }
    }
}

#[test]
fn the_domain_is_pure() {
    for name in tree("weir-domain") {
        let impure =
            ["aws", "lambda", "tokio", "hyper", "reqwest", "rustls", "mio", "socket2", "rand", "getrandom"];
        let found = impure.iter().find(|word| {
            name == **word || name.starts_with(&format!("{word}-")) || name.starts_with(&format!("{word}_"))
        });
        assert!(found.is_none(), "the domain links {name}");
    }
}

#[test]
fn a_function_links_only_what_it_needs() {
    let links = |function: &str, name: &str| tree(function).contains(name);
    for function in ["order-push", "inventory-sync", "stock-publish", "fulfilment", "reconcile"] {
        assert!(links(function, "weir-erp"));
    }
    for function in ["webhook", "erp-events"] {
        assert!(!links(function, "weir-erp"), "{function} contains an ERP client");
    }
    for function in ["inventory-sync", "erp-events"] {
        assert!(!links(function, "weir-woocommerce"), "{function} contains a shop client");
    }
    assert!(!links("erp-events", "reqwest"), "erp-events calls nobody but AWS");
    let functions = ["webhook", "order-push", "reconcile", "inventory-sync", "stock-publish", "fulfilment"];
    for function in functions.into_iter().chain(["erp-events", "console"]) {
        assert!(!links(function, "weir-testkit"), "{function} contains fakes");
        assert!(!links(function, "weir-simulation"), "{function} contains the simulator's deliberate bugs");
    }
}

/// `docs/dependencies.md`: crate → why.
fn reasons() -> BTreeMap<String, String> {
    let page = fs::read_to_string(root().join("docs/dependencies.md")).unwrap();
    let row = |line: &str| {
        let (name, reason) = line.strip_prefix("| `")?.split_once("` | ")?;
        Some((name.to_owned(), reason.trim_end_matches('|').trim().to_owned()))
    };
    let rows: Vec<_> = page.lines().filter_map(row).collect();
    let reasons: BTreeMap<_, _> = rows.iter().cloned().collect();
    assert_eq!(reasons.len(), rows.len(), "docs/dependencies.md names a crate twice");
    reasons
}

#[test]
fn every_dependency_has_a_reason_and_every_reason_a_dependency() {
    let members = workspace();
    let ours: BTreeSet<&String> = members.iter().map(|member| &member.name).collect();
    let direct: BTreeSet<&String> = members
        .iter()
        .flat_map(|member| &member.depends_on)
        .map(|(name, _)| name)
        .filter(|name| !ours.contains(name))
        .collect();
    let reasons = reasons();
    assert_eq!(direct, reasons.keys().collect(), "docs/dependencies.md");
    for (name, reason) in &reasons {
        assert!(reason.split(' ').count() >= 3, "why {name}?");
    }
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn main_wires_and_files_stay_short() {
    let mut files = Vec::new();
    for folder in ["shared", "functions", "tests"] {
        sources(&root().join(folder), &mut files);
    }
    assert!(files.len() > 50);
    for file in files {
        let lines = fs::read_to_string(&file).unwrap().lines().count();
        let wires = file.ends_with("src/main.rs") && file.starts_with(root().join("functions"));
        let limit = if wires { MAIN_LINES } else { FILE_LINES };
        assert!(lines <= limit, "{} has {lines} lines, more than {limit}", file.display());
    }
}

/// Codes of exceptions: the literals that follow one of these.
const CODES: [&str; 6] = ["rejected(", "Reason::new(", "code:", "bad(", "exception(facts,", "excepted("];

fn codes(source: &str) -> BTreeSet<String> {
    let after = |opening| source.split(opening).skip(1);
    let literal = |rest: &str| Some(rest.trim_start().strip_prefix('"')?.split('"').next()?.to_owned());
    let constant = |rest: &str| {
        let name = rest.trim_start().split(|c: char| !c.is_ascii_uppercase() && c != '_').next()?;
        let value = source.split_once(&format!("const {name}: &str ="))?.1;
        literal(value)
    };
    // An error that knows its own code says it in the arms of a match.
    let arms = after("fn code(&self)").filter_map(|rest| rest.split("\n    }").next());
    let said = arms.flat_map(|arms| arms.split("=>").skip(1)).filter_map(literal);
    let given = |rest| literal(rest).or_else(|| constant(rest));
    CODES.into_iter().flat_map(after).filter_map(given).chain(said).collect()
}

#[test]
fn codes_are_found_however_they_are_written() {
    let source = r#"exception(facts, "sku_twice", x); excepted("refused_by_shop"); rejected(
        "no_item", y); Reason { code: "a_code" }; excepted(code); code: String
        const NOT_SHIPPED: &str = "not_shipped"; Reason::new(NOT_SHIPPED, "order", detail); bad(OTHER)
    pub fn code(&self) -> &'static str {
        match self { Self::Nothing => "return_of_nothing" }
    }
    fn other() { "not_a_code" => }"#;
    let found = codes(source);
    let expected = ["a_code", "no_item", "not_shipped", "refused_by_shop", "return_of_nothing", "sku_twice"];
    assert_eq!(found.iter().collect::<Vec<_>>(), expected);
}

#[test]
fn every_code_of_an_exception_is_in_the_runbook() {
    let mut files = Vec::new();
    for crate_ in ["domain", "woocommerce", "erp"] {
        sources(&root().join("shared").join(crate_).join("src"), &mut files);
    }
    // Codes of other things than exceptions: nobody is told these.
    files.retain(|file| !file.ends_with("tests.rs"));
    let codes: BTreeSet<String> =
        files.iter().flat_map(|file| codes(&fs::read_to_string(file).unwrap())).collect();
    assert!(codes.len() > 40, "{codes:?}");
    for needed in ["product_gone", "parcel_unmatched", "return_totals_disagree"] {
        assert!(codes.contains(needed), "{needed} is not found in the code");
    }
    let runbook = fs::read_to_string(root().join("docs/runbook.md")).unwrap();
    let unknown: Vec<_> = codes.iter().filter(|code| !runbook.contains(&format!("`{code}`"))).collect();
    assert!(unknown.is_empty(), "not in docs/runbook.md: {unknown:?}");
}
