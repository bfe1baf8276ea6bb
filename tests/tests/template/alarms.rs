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
        [
            "SignatureFailures",
            "CircuitOpen",
            "StoresDisabled",
            "StockStaleMs",
            "StockSyncFailures",
            "FollowFailures",
            "FollowTicks",
            "FollowUnfinished",
            "OrderLatencyMs",
            "OldestWaitingMs",
            "ExceptionsOpen",
            "WebhookFaults",
            "SignatureFailuresInARow",
            "OwnersWithoutRights",
            "NightFailures",
            "NightUnfinished",
            "DifferencesParked",
        ]
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
    assert!(watches("Throttles", "ConsoleFunction"), "people are waiting");
    for ticking in ["ReconcileFunction", "InventorySyncFunction"] {
        assert!(watches("Invocations", ticking), "a tick that never starts makes no error");
    }
    // Messages invoke this one, too: its tick counts itself.
    let silent = Template::load("infra/alarms.yaml");
    let silent = silent.resource("FulfilmentSilent");
    assert_eq!(watched(silent), ("MetricsNamespace".into(), "FollowTicks".into()));
    assert!(source::code_of("functions/fulfilment/src/tick.rs").contains("Metric::FollowTick.record()"));
    assert_eq!(silent.property("/TreatMissingData"), "breaching");
    let minutes = silent.property("/Period").as_u64().unwrap() / 60
        * silent.property("/EvaluationPeriods").as_u64().unwrap();
    assert!(minutes > template.at("/Parameters/FulfilmentMinutes/MaxValue").as_u64().unwrap());
}

/// Whether an alarm rings, from what each period has counted, the last one
/// last; a period without data does not ring.
fn rings(alarm: Resource, periods: &[u64]) -> bool {
    let number = |name: &str| usize::try_from(alarm.property(name).as_u64().unwrap()).unwrap();
    let evaluated = number("/EvaluationPeriods");
    let needed = alarm.property("/DatapointsToAlarm").as_u64().unwrap_or(evaluated as u64);
    assert_eq!(alarm.property("/TreatMissingData"), "notBreaching", "{}", alarm.id);
    let breaching = periods.iter().rev().take(evaluated).filter(|count| **count > 0).count();
    breaching as u64 >= needed
}

/// Breaking ticks, one every so many minutes, counted by the periods of an
/// alarm.
fn counted(alarm: Resource, minutes: u64, first: u64) -> Vec<u64> {
    let period = alarm.property("/Period").as_u64().unwrap() / 60;
    let every = usize::try_from(minutes).unwrap();
    let ticks: Vec<u64> = (first..6 * 60).step_by(every).collect();
    let within = |from: u64| ticks.iter().filter(|at| (from..from + period).contains(*at)).count() as u64;
    (0..6 * 60 / period).map(|n| within(n * period)).collect()
}

/// At every schedule that the template allows an alarm over its ticks rings
/// within an hour, goes on ringing for as long as they break, and does not
/// ring for a single one.
#[test]
fn alarms_over_ticks_ring_at_every_schedule_that_is_allowed() {
    let (template, alarms) = (Template::main(), Template::load("infra/alarms.yaml"));
    let of_stock = "InventorySyncMinutes";
    let of_orders = "FulfilmentMinutes";
    for (schedule, id, by_one) in [
        (of_stock, "InventorySyncErrors", false),
        (of_stock, "StockSyncFailing", false),
        (of_stock, "StockStale", true),
        (of_orders, "FulfilmentErrors", false),
        (of_orders, "OrderFeedFailing", false),
        (of_orders, "OrderFeedUnfinished", false),
    ] {
        let parameter = |name: &str| template.at(&format!("/Parameters/{schedule}/{name}")).as_u64().unwrap();
        let alarm = alarms.resource(id);
        // One tick a period can be enough, or two would be needed at once.
        let threshold = alarm.property("/Threshold").as_u64().unwrap();
        assert!(threshold == 1 || alarm.property("/Statistic") == "Maximum", "{id}");
        for minutes in parameter("MinValue")..=parameter("MaxValue") {
            for first in 0..minutes {
                let periods = counted(alarm, minutes, first);
                let hour = periods.len() / 6;
                for now in hour..=periods.len() {
                    assert!(rings(alarm, &periods[..now]), "{id}: every {minutes} minutes, period {now}");
                }
                let mut once = vec![0; periods.len()];
                once[hour] = 1;
                assert_eq!(rings(alarm, &once[..=hour]), by_one, "{id}: a single tick");
            }
        }
    }
}

/// A busy hour of the feed, which a tick or two do not come to the end of, is
/// not one that is never caught up with.
#[test]
fn a_feed_rings_that_is_unfinished_for_an_hour() {
    let (template, alarms) = (Template::main(), Template::load("infra/alarms.yaml"));
    let alarm = alarms.resource("OrderFeedUnfinished");
    assert_eq!(watched(alarm), ("MetricsNamespace".into(), "FollowUnfinished".into()));
    let tick = source::code_of("functions/fulfilment/src/tick.rs");
    assert!(tick.contains("if unfinished {\n                Metric::FollowUnfinished { erp }.record();"));
    let number = |name: &str| alarm.property(name).as_u64().unwrap();
    let (period, periods) = (number("/Period") / 60, number("/EvaluationPeriods"));
    assert_eq!((period * periods, number("/DatapointsToAlarm")), (60, periods), "all of an hour");
    let slowest = template.at("/Parameters/FulfilmentMinutes/MaxValue").as_u64().unwrap();
    assert!(period > slowest, "each period has a tick");
}

/// The match of a night is carried on by minute ticks: a single one that fails
/// does not ring, an hour of them does; a long one rings only if it is longer
/// than half a day, and shorter than the next night is away.
#[test]
fn a_night_that_fails_rings_within_the_hour_and_a_long_one_before_the_next() {
    let alarms = Template::load("infra/alarms.yaml");
    let (failing, unfinished) = (alarms.resource("NightFailing"), alarms.resource("NightUnfinished"));
    for (alarm, quiet, rung) in [(failing, 10, 60), (unfinished, 6 * 60, 12 * 60)] {
        let period = usize::try_from(alarm.property("/Period").as_u64().unwrap() / 60).unwrap();
        // Periods of `minutes` that each have broken ticks, after quiet ones.
        let broken = |minutes: usize| {
            let mut periods = vec![0; 24];
            periods.extend(vec![1; minutes / period]);
            periods
        };
        assert!(!rings(alarm, &broken(quiet)), "{}: {quiet} minutes", alarm.id);
        assert!(rings(alarm, &broken(rung)), "{}: {rung} minutes", alarm.id);
    }
    let number = |name: &str| unfinished.property(name).as_u64().unwrap();
    assert!(number("/Period") * number("/EvaluationPeriods") < 24 * 3600);
}

/// The promise is one parameter, from the deployment to the alarm and to the
/// line on the dashboard.
#[test]
fn the_promise_of_a_deployment_is_what_rings_and_what_is_drawn() {
    let (template, alarms) = (Template::main(), Template::load("infra/alarms.yaml"));
    let late = alarms.resource("OrdersLate");
    assert_eq!(watched(late), ("MetricsNamespace".into(), "OrderLatencyMs".into()));
    assert_eq!(late.property("/ExtendedStatistic"), "p95");
    assert_eq!(text(late.property("/Threshold")), "OrderLatencyMs");
    assert_eq!(template.at("/Parameters/OrderLatencyMs/Default"), 15 * 60 * 1000);
    let overdue = alarms.resource("OrdersOverdue");
    assert_eq!(watched(overdue), ("MetricsNamespace".into(), "OldestWaitingMs".into()));
    assert_eq!(text(overdue.property("/Threshold")), "OrderLatencyMs");
    for nested in ["Alarms", "Dashboard"] {
        let given = template.resource(nested).property("/Parameters/OrderLatencyMs");
        assert_eq!(text(given), "OrderLatencyMs", "{nested}");
    }
}

fn text_of_ref(value: &serde_json::Value) -> Option<&str> {
    value.get("Ref")?.as_str()
}
