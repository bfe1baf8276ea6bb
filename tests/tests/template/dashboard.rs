//! The dashboard shows what is counted, all of it and nothing else.

use std::collections::BTreeSet;

use serde_json::Value;
use weir_runtime::telemetry::METRICS;

use crate::cloudformation::{Template, text};
use crate::source;

/// Stands for a parameter in the body.
const FILLED: &str = "1";

/// The dashboard's body, with every parameter filled in.
fn body() -> Value {
    let template = Template::load("infra/dashboard.yaml");
    let mut body = text(template.resource("Dashboard").property("/DashboardBody")).to_owned();
    for name in
        template.at("/Parameters").as_object().unwrap().keys().map(String::as_str).chain(["AWS::Region"])
    {
        body = body.replace(&format!("${{{name}}}"), FILLED);
    }
    // What is left is CloudWatch's own: a label that it fills in.
    body = body.replace("${!", "${");
    serde_json::from_str(&body).unwrap_or_else(|error| panic!("the dashboard is no JSON: {error}"))
}

fn widgets(body: &Value) -> Vec<&Value> {
    body["widgets"].as_array().unwrap().iter().collect()
}

/// What is drawn: (namespace, metric), also of searches.
fn drawn(body: &Value) -> Vec<(String, String)> {
    let lines =
        widgets(body).into_iter().flat_map(|widget| widget["properties"]["metrics"].as_array().unwrap());
    lines
        .map(|line| match line[0]["expression"].as_str() {
            Some(search) => {
                let name = search.split("MetricName=\"").nth(1).and_then(|rest| rest.split('"').next());
                (FILLED.to_owned(), name.unwrap_or_else(|| panic!("{search}")).to_owned())
            }
            None => (text(&line[0]).to_owned(), text(&line[1]).to_owned()),
        })
        .collect()
}

#[test]
fn everything_that_is_counted_is_shown_and_nothing_else() {
    let body = body();
    let shown: BTreeSet<String> =
        drawn(&body).into_iter().filter(|(namespace, _)| namespace == FILLED).map(|(_, name)| name).collect();
    let counted: BTreeSet<String> = METRICS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(shown, counted);
}

#[test]
fn every_queue_and_its_dead_letters_are_shown() {
    let body = body();
    let template = Template::main();
    let queues = template.of_type("AWS::Serverless::Application");
    let queues = queues.iter().filter(|stack| stack.property("/Location") == "infra/queue.yaml");
    let text_of_body = body.to_string();
    let mut seen = 0;
    for queue in queues {
        let name = text(queue.property("/Parameters/Name")).replace("${AWS::StackName}", FILLED);
        assert!(text_of_body.contains(&format!("\"{name}-dead-letters\"")), "{name}: its dead letters");
        let is_queue = queue.property("/Parameters/Source") != "invocations";
        assert_eq!(text_of_body.contains(&format!("\"{name}\"")), is_queue, "{name}");
        seen += 1;
    }
    assert_eq!(seen, 4);
}

/// A search names the one dimension that the code counts by; another finds
/// nothing, and nobody would notice.
#[test]
fn searches_are_by_the_dimensions_of_the_code() {
    let body = body();
    let code = source::code_of("shared/runtime/src/telemetry/record.rs");
    let mut found = BTreeSet::new();
    for widget in widgets(&body) {
        for line in widget["properties"]["metrics"].as_array().unwrap() {
            let Some(search) = line[0]["expression"].as_str() else { continue };
            let schema = search.split(['{', '}']).nth(1).unwrap();
            let dimension = schema.split_once(',').map(|(_, dimension)| dimension).unwrap();
            assert!(code.contains(&format!("(\"{dimension}\", ")), "nothing is counted by {dimension}");
            assert!(line[0]["label"].as_str().unwrap().contains(&format!("Dim.{dimension}")), "{search}");
            found.insert(dimension.to_owned());
        }
    }
    assert_eq!(found, BTreeSet::from(["code", "erp", "store"].map(str::to_owned)));
}

#[test]
fn widgets_have_titles_and_do_not_overlap() {
    let body = body();
    let number = |widget: &Value, name: &str| widget[name].as_u64().unwrap();
    let mut taken = BTreeSet::new();
    for widget in widgets(&body) {
        let title = text(&widget["properties"]["title"]);
        assert!(!title.is_empty());
        assert!(number(widget, "x") + number(widget, "width") <= 24, "{title}");
        for x in 0..number(widget, "width") {
            for y in 0..number(widget, "height") {
                assert!(taken.insert((number(widget, "x") + x, number(widget, "y") + y)), "{title} overlaps");
            }
        }
    }
}
