//! Every edge is a queue with a dead-letter queue, an alarm and a way back.

use weir_domain::config::{ErpConfig, StoreConfig};
use weir_domain::push::{LONGEST_PUT_OFF_S, SHOP_READ_LAG};

use crate::cloudformation::{Resource, Template, text};
use crate::functions::timeout;
use crate::source;

const QUEUE_TEMPLATE: &str = "infra/queue.yaml";

fn queue_stacks(template: &Template) -> Vec<Resource<'_>> {
    let stacks = template.of_type("AWS::Serverless::Application");
    stacks.into_iter().filter(|stack| stack.property("/Location") == QUEUE_TEMPLATE).collect()
}

/// The function and the event, for every event that is a queue.
fn queue_events(template: &Template) -> Vec<(Resource<'_>, serde_json::Value)> {
    let events = |function: Resource| function.property("/Events").as_object().cloned().unwrap_or_default();
    let functions = template.of_type("AWS::Serverless::Function");
    let all = functions
        .into_iter()
        .flat_map(|function| events(function).into_iter().map(move |(_, event)| (function, event)));
    let queues: Vec<_> = all.filter(|(_, event)| event["Type"] == "SQS").collect();
    assert!(!queues.is_empty());
    queues
}

/// A number that a queue's stack sets, or the nested template's default.
fn setting(stack: Resource, name: &str) -> u64 {
    let nested = Template::load(QUEUE_TEMPLATE);
    let own = stack.property(&format!("/Parameters/{name}")).as_u64();
    own.or_else(|| nested.at(&format!("/Parameters/{name}/Default")).as_u64())
        .unwrap_or_else(|| panic!("{name} is no number"))
}

#[test]
fn every_queue_is_made_by_the_nested_stack_and_its_alarms_reach_people() {
    let template = Template::main();
    assert!(template.of_type("AWS::SQS::Queue").is_empty(), "a queue outside {QUEUE_TEMPLATE} has no alarm");
    let stacks = queue_stacks(&template);
    assert!(!stacks.is_empty());
    for stack in stacks {
        let topic = stack.property("/Parameters/AlarmTopicArn/Fn::If");
        assert_eq!((text(&topic[0]), text(&topic[1])), ("HasAlarmTopic", "AlarmTopic"), "{}", stack.id);
        assert!(text(stack.property("/Parameters/Name")).starts_with("${AWS::StackName}-"), "{}", stack.id);
    }
}

#[test]
fn a_queue_has_a_dead_letter_queue_that_outlives_it_and_is_encrypted() {
    let nested = Template::load(QUEUE_TEMPLATE);
    let (queue, letters) = (nested.resource("Queue"), nested.resource("DeadLetterQueue"));
    assert_eq!(nested.of_type("AWS::SQS::Queue").len(), 2);
    assert_eq!(text(queue.property("/RedrivePolicy/deadLetterTargetArn")), "DeadLetterQueue.Arn");
    let retention = |queue: Resource| queue.property("/MessageRetentionPeriod").as_u64().unwrap();
    assert_eq!(retention(letters), 14 * 24 * 3600);
    assert!(retention(queue) < retention(letters));
    for queue in [queue, letters] {
        assert_eq!(queue.property("/SqsManagedSseEnabled"), true, "{}", queue.id);
        assert!(queue.attribute("/DeletionPolicy").is_string(), "{}", queue.id);
    }
}

#[test]
fn letters_and_old_messages_ring() {
    let nested = Template::load(QUEUE_TEMPLATE);
    let watches = |metric: &str, queue: &str| {
        nested.of_type("AWS::CloudWatch::Alarm").into_iter().any(|alarm| {
            alarm.property("/MetricName") == metric
                && text(alarm.property("/Dimensions/0/Value")) == format!("{queue}.QueueName")
        })
    };
    assert!(watches("ApproximateNumberOfMessagesVisible", "DeadLetterQueue"));
    assert!(watches("ApproximateAgeOfOldestMessage", "Queue"));
}

#[test]
fn a_consumer_takes_small_batches_and_reports_each_record() {
    let template = Template::main();
    for (function, event) in queue_events(&template) {
        let event = &event["Properties"];
        assert!(event["BatchSize"].as_u64().is_some_and(|size| (1..=5).contains(&size)), "{}", function.id);
        assert_eq!(
            event["FunctionResponseTypes"],
            serde_json::json!(["ReportBatchItemFailures"]),
            "{}",
            function.id
        );
        let concurrency = text(&event["ScalingConfig"]["MaximumConcurrency"]);
        assert!(
            template.at(&format!("/Parameters/{concurrency}/MinValue")).as_u64() >= Some(2),
            "{concurrency}: SQS wants at least 2"
        );
    }
}

#[test]
fn a_message_stays_hidden_for_six_times_its_consumers_time_out() {
    let template = Template::main();
    for (function, event) in queue_events(&template) {
        let source = text(&event["Properties"]["Queue"]);
        let stack =
            template.resource(source.strip_suffix(".Outputs.QueueArn").expect("a queue of a nested stack"));
        let visibility = setting(stack, "VisibilityTimeout");
        assert!(visibility >= 6 * timeout(function), "{} hides for {visibility} s", stack.id);
    }
}

/// Quick retries come back through the queue and cost a receive each.
#[test]
fn retries_alone_never_make_a_dead_letter() {
    for use_case in ["shared/domain/src/push", "shared/domain/src/stock"] {
        let code = source::code_of(use_case);
        let (_, rest) =
            code.split_once("const QUICK_RETRIES: u32 = ").expect("a use case bounds its quick retries");
        let quick_retries: u64 = rest.split(';').next().unwrap().parse().unwrap();
        for stack in queue_stacks(&Template::main()) {
            assert!(setting(stack, "MaxReceiveCount") >= 2 * (quick_retries + 1), "{}", stack.id);
        }
    }
}

/// A constant of so many seconds.
fn seconds(path: &str, name: &str) -> u64 {
    let code = source::code_of(path);
    let opening = format!("const {name}: SignedDuration = SignedDuration::from_secs(");
    let (_, rest) = code.split_once(&opening).unwrap_or_else(|| panic!("{path} has no {name}"));
    rest.split(')').next().unwrap().parse().unwrap()
}

/// Else a second run, or a second writer, would begin beside the first.
#[test]
fn leases_outlive_the_functions_that_hold_them() {
    let template = Template::main();
    for (function, path, lease) in [
        ("reconcile", "functions/reconcile/src/minute.rs", "POLL_LEASE"),
        ("inventory-sync", "functions/inventory-sync/src/tick.rs", "LEASE"),
        ("fulfilment", "functions/fulfilment/src/tick.rs", "LEASE"),
        ("stock-publish", "shared/domain/src/stock/publication.rs", "WRITER_GONE_AFTER"),
    ] {
        let limit = timeout(crate::functions::function(&template, function));
        assert!(seconds(path, lease) > limit, "{path}: {lease}");
    }
}

/// Else a tick would find the lease of a dead run before it.
#[test]
fn the_lease_of_the_feed_of_orders_ends_before_the_next_tick() {
    let template = Template::main();
    let minutes = template.at("/Parameters/FulfilmentMinutes/MinValue").as_u64().unwrap();
    assert!(seconds("functions/fulfilment/src/tick.rs", "LEASE") < minutes * 60, "{minutes} minutes");
}

/// Of the functions that work on orders: seconds that the lease counts for
/// their time-out, and for clocks.
fn time_out_and_skew() -> (u64, u64) {
    let code = source::code_of("functions/order-push/src/record.rs");
    let opening = "const TIME_OUT_AND_SKEW: SignedDuration = SignedDuration::from_secs(";
    let (_, rest) = code.split_once(opening).expect("order-push says how long it can run");
    let (counted, skew) = rest.split(')').next().unwrap().split_once(" + ").unwrap();
    (counted.parse().unwrap(), skew.parse().unwrap())
}

/// One lease is for the claims of both.
#[test]
fn the_lease_of_an_order_outlives_either_function_that_works_on_it() {
    let template = Template::main();
    let (counted, skew) = time_out_and_skew();
    assert!(skew > 0);
    for function in ["order-push", "fulfilment"] {
        let limit = timeout(crate::functions::function(&template, function));
        assert!(limit <= counted, "{function} may run for {limit} s");
    }
}

/// The most seconds that a document may say for a peer's lateness.
fn most(accepted: impl Fn(u64) -> bool) -> u64 {
    let most = (1..=100_000).rev().find(|seconds| accepted(*seconds));
    most.filter(|seconds| *seconds < 100_000).expect("it is bounded, and something is accepted")
}

/// What the ERP says of an order that a dead worker claimed comes back until
/// the claim ends: its last receive must not be before that.
#[test]
fn a_busy_hint_outlives_the_longest_lease() {
    let (counted, skew) = time_out_and_skew();
    let erps = most(|seconds| erp(20, seconds).check(false).is_ok());
    let shops = most(|seconds| store(seconds).check(false).is_ok());
    assert_eq!((erps, shops), (600, 300));
    let lag = u64::try_from(SHOP_READ_LAG.as_secs()).unwrap();
    let lease = counted + skew + erps.max(shops + lag);

    let code = source::code_of("shared/domain/src/push/mod.rs");
    assert!(code.contains("stop::backoff(5, delivery.receives, LONGEST_PUT_OFF_S)"), "what is computed here");
    let longest = u64::try_from(LONGEST_PUT_OFF_S).unwrap();
    for stack in queue_stacks(&Template::main()) {
        // After the last receive it is a dead letter.
        let put_offs = u32::try_from(setting(stack, "MaxReceiveCount")).unwrap() - 1;
        let waited: u64 = (0..put_offs).map(|before| (5 * 2_u64.pow(before)).min(longest)).sum();
        assert!(waited > lease, "{}: {waited} s in the queue, {lease} s of a lease", stack.id);
    }
}

fn erp(timeout_s: u64, longest_request_s: u64) -> ErpConfig {
    serde_json::from_value(serde_json::json!({
        "erp": "books", "kind": "tryton", "url": "https://erp.example.com/", "secret": "weir/erp/books",
        "timeout_s": timeout_s, "longest_request_s": longest_request_s, "database": "d", "company": 1,
        "warehouse": 1, "web_shops": {}, "taxes": {}, "rounding": {"item": "R", "tax_unit": {}},
    }))
    .unwrap()
}

fn store(longest_request_s: u64) -> StoreConfig {
    serde_json::from_value(serde_json::json!({
        "store": "main", "url": "https://shop.example.com/", "secret": "weir/store/main",
        "entities": [{"entity": "eu", "erp": "books"}],
        "fulfilment": {"longest_request_s": longest_request_s},
    }))
    .unwrap()
}

#[test]
fn no_call_to_an_erp_may_outlive_the_function() {
    let template = Template::main();
    let callers = ["order-push", "stock-publish", "inventory-sync", "fulfilment"];
    let limits = callers.map(|name| timeout(crate::functions::function(&template, name)));
    let limit = limits.into_iter().min().unwrap();
    let accepted = |timeout_s: u64| erp(timeout_s, 600).check(false).is_ok();
    assert!(accepted(1));
    assert!((limit..limit + 60).all(|seconds| !accepted(seconds)), "a call may take {limit} s or more");
}

#[test]
fn what_fails_without_a_queue_is_buried_all_the_same() {
    let template = Template::main();
    let letters = "Ticks.Outputs.DeadLetterQueueArn";
    for schedule in template.of_type("AWS::Scheduler::Schedule") {
        assert_eq!(text(schedule.property("/Target/DeadLetterConfig/Arn")), letters, "{}", schedule.id);
        assert!(schedule.property("/Target/RetryPolicy/MaximumRetryAttempts").is_u64(), "{}", schedule.id);
        let target = text(schedule.property("/Target/Arn")).trim_end_matches(".Arn");
        let function = template.resource(target);
        assert_eq!(
            text(function.property("/EventInvokeConfig/DestinationConfig/OnFailure/Destination")),
            letters
        );
    }
}
