//! The embedded metric format, as CloudWatch's specification has it.

use serde_json::Value;
use weir_runtime::telemetry::{METRICS, Telemetry};

/// Units of CloudWatch that we use.
const UNITS: [&str; 2] = ["Count", "Milliseconds"];
/// Metrics of one directive, at most.
const METRICS_OF_A_DIRECTIVE: usize = 100;
/// Dimensions of one set, at most.
const DIMENSIONS_OF_A_SET: usize = 30;

/// What was counted since the last time, line by line.
pub(crate) fn flushed(telemetry: Telemetry) -> Vec<Value> {
    let mut bytes = Vec::new();
    telemetry.flush_to(&mut bytes).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// One document: everything that its directives name is a member of it, of
/// the right type and within the limits.
pub(crate) fn check(document: &Value) {
    let metadata = document["_aws"].as_object().unwrap();
    assert!(metadata["Timestamp"].as_u64().unwrap() > 1_700_000_000_000, "milliseconds: {document}");
    let directives = metadata["CloudWatchMetrics"].as_array().unwrap();
    assert!(!directives.is_empty(), "{document}");
    for directive in directives {
        let namespace = directive["Namespace"].as_str().unwrap();
        assert!(!namespace.is_empty() && namespace.len() <= 1024, "{document}");
        check_dimensions(document, directive);
        check_metrics(document, directive);
    }
}

fn check_dimensions(document: &Value, directive: &Value) {
    for set in directive["Dimensions"].as_array().unwrap() {
        let set = set.as_array().unwrap();
        assert!(set.len() <= DIMENSIONS_OF_A_SET, "{document}");
        for name in set {
            let value = document[name.as_str().unwrap()].as_str().unwrap();
            assert!(!value.is_empty() && value.len() <= 1024 && value.is_ascii(), "{name}: {document}");
        }
    }
}

fn check_metrics(document: &Value, directive: &Value) {
    let metrics = directive["Metrics"].as_array().unwrap();
    assert!(!metrics.is_empty() && metrics.len() <= METRICS_OF_A_DIRECTIVE, "{document}");
    for metric in metrics {
        let name = metric["Name"].as_str().unwrap();
        assert!(METRICS.iter().any(|(known, _)| *known == name), "{name} is in the list");
        assert!(UNITS.contains(&metric["Unit"].as_str().unwrap()), "{metric}");
        let value = &document[name];
        let numbers =
            |list: &Vec<Value>| !list.is_empty() && list.len() <= 100 && list.iter().all(Value::is_number);
        assert!(value.is_number() || value.as_array().is_some_and(numbers), "{name}: {document}");
    }
}
