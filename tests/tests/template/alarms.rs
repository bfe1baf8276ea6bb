//! Alarms watch what exists, and somebody hears them.

use std::fs;

use weir_runtime::telemetry::METRICS;

use crate::cloudformation::{Resource, Template, repository, text};
use crate::functions::function;
use crate::source;

fn all() -> [Template; 3] {
    ["template.yaml", "infra/queue.yaml", "infra/alarms.yaml"].map(Template::load)
}

fn watched(alarm: Resource) -> (String, String) {
    (text(alarm.property("/Namespace")).to_owned(), text(alarm.property("/MetricName")).to_owned())
}

#[test]
fn every_alarm_is_sent_says_what_it_means_and_decides_about_silence() {
    for template in all() {
        for alarm in template.of_type("AWS::CloudWatch::Alarm") {
            for actions in ["/AlarmActions", "/OKActions"] {
                let to = alarm.property(&format!("{actions}/Fn::If/1/0"));
                assert_eq!(text(to), "AlarmTopicArn", "{}{actions}", alarm.id);
            }
            assert!(!text(alarm.property("/AlarmDescription")).is_empty(), "{}", alarm.id);
            assert!(alarm.property("/TreatMissingData").is_string(), "{}", alarm.id);
        }
    }
    let template = Template::main();
    let topic = template.resource("Alarms").property("/Parameters/AlarmTopicArn/Fn::If");
    assert_eq!((text(&topic[0]), text(&topic[1])), ("HasAlarmTopic", "AlarmTopic"));
}

#[test]
fn the_runbook_names_every_alarm() {
    let runbook = fs::read_to_string(repository("docs/runbook.md")).unwrap();
    for alarm in all().iter().flat_map(|template| template.of_type("AWS::CloudWatch::Alarm")) {
        let (_, name) = text(alarm.property("/AlarmName")).split_once("}-").expect("a prefix and a name");
        let headed = [format!("`{name}`"), format!("`…-{name}`")].iter().any(|name| runbook.contains(name));
        assert!(headed, "docs/runbook.md says nothing about {name}");
    }
}

#[test]
fn our_own_metrics_are_counted_by_the_code_under_the_same_name() {
    let template = Template::main();
    let namespace = template.resource("Alarms").property("/Parameters/MetricsNamespace");
    assert_eq!(namespace, template.at("/Globals/Function/Environment/Variables/METRICS_NAMESPACE"));

    let alarms = Template::load("infra/alarms.yaml");
    let own = |alarm: &Resource| text(alarm.property("/Namespace")) == "MetricsNamespace";
    let own: Vec<Resource> = alarms.of_type("AWS::CloudWatch::Alarm").into_iter().filter(own).collect();
    let names: Vec<&str> = own.iter().map(|alarm| text(alarm.property("/MetricName"))).collect();
    assert!(
        ["SignatureFailures", "CircuitOpen", "StoresDisabled", "StockStaleMs", "StockSyncFailures"]
            .iter()
            .all(|needed| names.contains(needed)),
        "{names:?}"
    );
    for (alarm, name) in own.iter().zip(names) {
        assert!(METRICS.iter().any(|(counted, _)| *counted == name), "nothing counts {name}");
        // Counted without dimensions for alarms, which cannot search.
        assert!(alarm.property("/Dimensions").is_null(), "{}", alarm.id);
    }
}

#[test]
fn every_function_has_an_alarm_on_its_errors() {
    let (template, alarms) = (Template::main(), Template::load("infra/alarms.yaml"));
    let alarms = alarms.of_type("AWS::CloudWatch::Alarm");
    let watches = |metric: &str, parameter: &str| {
        alarms.iter().any(|alarm| {
            watched(*alarm) == ("AWS/Lambda".into(), metric.into())
                && text(alarm.property("/Dimensions/0/Value")) == parameter
        })
    };
    let parameters = template.resource("Alarms").property("/Parameters").as_object().unwrap();
    for name in source::functions() {
        let id = function(&template, &name).id;
        let (parameter, _) = parameters
            .iter()
            .find(|(_, value)| text_of_ref(value) == Some(id))
            .unwrap_or_else(|| panic!("no alarm knows {id}"));
        assert!(watches("Errors", parameter), "{id}");
    }
    assert!(watches("Throttles", "WebhookFunction"), "a throttled webhook is a strike against it");
    for ticking in ["ReconcileFunction", "InventorySyncFunction"] {
        assert!(watches("Invocations", ticking), "a tick that never starts makes no error");
    }
}

fn text_of_ref(value: &serde_json::Value) -> Option<&str> {
    value.get("Ref")?.as_str()
}
