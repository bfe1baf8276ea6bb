//! Permissions: what a role grants is what its function's code calls, port by
//! port, plus what the platform does in the function's name. The local stack
//! enforces no permissions, so this is the proof.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::cloudformation::{Resource, Template, text};
use crate::functions::function;
use crate::source;

/// One action on one resource.
type Grant = (String, String);

/// What needs it, the actions, and on what.
type Need = (&'static str, &'static [&'static str], &'static str);

const ORDERS: &str = "OrdersQueue.Outputs.QueueArn";
const FULFILMENT: &str = "FulfilmentQueue.Outputs.QueueArn";
const STOCK_MESSAGES: &str = "StockQueue.Outputs.QueueArn";
const ORDER_LETTERS: &str = "OrdersQueue.Outputs.DeadLetterQueueArn";
const FULFILMENT_LETTERS: &str = "FulfilmentQueue.Outputs.DeadLetterQueueArn";
const STOCK_LETTERS: &str = "StockQueue.Outputs.DeadLetterQueueArn";
const TICK_LETTERS: &str = "Ticks.Outputs.DeadLetterQueueArn";
const LEDGER: &str = "LedgerTable.Arn";
const OPEN_INDEX: &str = "${LedgerTable.Arn}/index/open";
const STOCK: &str = "StockTable.Arn";
const STALE_INDEX: &str = "${StockTable.Arn}/index/stale";
const STORE_SECRETS: &str =
    "arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:${SecretPrefix}/store/*";
// A secret's name ends in six characters that AWS chooses.
const CONSOLE_SECRET: &str = "arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:${SecretPrefix}/console-??????";
const ERP_SECRETS: &str =
    "arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:${SecretPrefix}/erp/*";

/// Every call that needs a permission: how the code makes it (without white
/// space), the actions, and on what.
const CALLS: &[Need] = &[
    ("ledger.claim(", &["dynamodb:UpdateItem"], LEDGER),
    ("ledger.save(", &["dynamodb:UpdateItem", "dynamodb:PutItem"], LEDGER),
    ("ledger.complete(", &["dynamodb:UpdateItem", "dynamodb:PutItem"], LEDGER),
    ("ledger.record(", &["dynamodb:GetItem"], LEDGER),
    ("ledger.audit(", &["dynamodb:Query"], LEDGER),
    ("ledger.seen(", &["dynamodb:BatchGetItem"], LEDGER),
    ("ledger.due(", &["dynamodb:Query"], OPEN_INDEX),
    ("ledger.circuit(", &["dynamodb:GetItem"], LEDGER),
    ("ledger.set_circuit(", &["dynamodb:PutItem"], LEDGER),
    ("open.open(", &["dynamodb:Query"], OPEN_INDEX),
    ("open.count_open(", &["dynamodb:Query"], OPEN_INDEX),
    ("open.records(", &["dynamodb:BatchGetItem"], LEDGER),
    ("jobs.jobs(", &["dynamodb:Query"], LEDGER),
    ("jobs.running(", &["dynamodb:Query"], OPEN_INDEX),
    ("jobs.running(", &["dynamodb:BatchGetItem"], LEDGER),
    ("jobs.put_job(", &["dynamodb:PutItem"], LEDGER),
    ("timelines.newest_entries(", &["dynamodb:Query"], LEDGER),
    ("reports.reports(", &["dynamodb:Query"], LEDGER),
    ("reports.put_report(", &["dynamodb:PutItem"], LEDGER),
    ("actions.actions(", &["dynamodb:Query"], LEDGER),
    ("actions.note_action(", &["dynamodb:PutItem"], LEDGER),
    ("troubles.troubles(", &["dynamodb:GetItem"], LEDGER),
    ("troubles.note_trouble(", &["dynamodb:UpdateItem"], LEDGER),
    ("schedules.begin(", &["dynamodb:UpdateItem"], LEDGER),
    ("schedules.advance(", &["dynamodb:UpdateItem"], LEDGER),
    ("schedules.end(", &["dynamodb:UpdateItem"], LEDGER),
    ("mappings.mappings(", &["dynamodb:BatchGetItem"], LEDGER),
    ("mappings.set_mapping(", &["dynamodb:GetItem", "dynamodb:PutItem"], LEDGER),
    ("names.names(", &["dynamodb:BatchGetItem"], LEDGER),
    ("stock.items(", &["dynamodb:Query"], STOCK),
    ("stock.positions(", &["dynamodb:BatchGetItem"], STOCK),
    ("stock.put_position(", &["dynamodb:PutItem"], STOCK),
    ("stock.put_in_flight(", &["dynamodb:BatchGetItem", "dynamodb:UpdateItem"], STOCK),
    ("store.put_in_flight(", &["dynamodb:BatchGetItem", "dynamodb:UpdateItem"], STOCK),
    ("stock.remove_in_flight(", &["dynamodb:DeleteItem"], STOCK),
    ("stock.put_publication(", &["dynamodb:PutItem"], STOCK),
    ("stock.stale(", &["dynamodb:Query"], STALE_INDEX),
    ("stock.watermark(", &["dynamodb:GetItem"], STOCK),
    ("stock.put_watermark(", &["dynamodb:PutItem"], STOCK),
    ("stock.write_off(", &["dynamodb:UpdateItem"], STOCK),
    ("queues.depths(", &["sqs:GetQueueAttributes"], ORDERS),
    ("queues.depths(", &["sqs:GetQueueAttributes"], STOCK_MESSAGES),
    ("queues.depths(", &["sqs:GetQueueAttributes"], FULFILMENT),
    ("queues.depths(", &["sqs:GetQueueAttributes"], ORDER_LETTERS),
    ("queues.depths(", &["sqs:GetQueueAttributes"], STOCK_LETTERS),
    ("queues.depths(", &["sqs:GetQueueAttributes"], FULFILMENT_LETTERS),
    ("queues.depths(", &["sqs:GetQueueAttributes"], TICK_LETTERS),
    ("queues.letters(", &["sqs:GetQueueAttributes", "sqs:ReceiveMessage"], ORDER_LETTERS),
    ("queues.letters(", &["sqs:GetQueueAttributes", "sqs:ReceiveMessage"], STOCK_LETTERS),
    ("queues.letters(", &["sqs:GetQueueAttributes", "sqs:ReceiveMessage"], FULFILMENT_LETTERS),
    ("queues.letters(", &["sqs:GetQueueAttributes", "sqs:ReceiveMessage"], TICK_LETTERS),
    ("queues.redrive(", &["sqs:SendMessage"], ORDERS),
    ("queues.redrive(", &["sqs:SendMessage"], STOCK_MESSAGES),
    ("queues.redrive(", &["sqs:SendMessage"], FULFILMENT),
    ("queues.redrive(", &["sqs:ReceiveMessage", "sqs:DeleteMessage"], ORDER_LETTERS),
    ("queues.redrive(", &["sqs:ReceiveMessage", "sqs:DeleteMessage"], STOCK_LETTERS),
    ("queues.redrive(", &["sqs:ReceiveMessage", "sqs:DeleteMessage"], FULFILMENT_LETTERS),
    ("queues.delete_letter(", &["sqs:DeleteMessage"], ORDER_LETTERS),
    ("queues.delete_letter(", &["sqs:DeleteMessage"], STOCK_LETTERS),
    ("queues.delete_letter(", &["sqs:DeleteMessage"], FULFILMENT_LETTERS),
    ("queues.delete_letter(", &["sqs:DeleteMessage"], TICK_LETTERS),
    ("secrets.of_store(", &["secretsmanager:GetSecretValue"], STORE_SECRETS),
    ("secrets.of_store_anew(", &["secretsmanager:GetSecretValue"], STORE_SECRETS),
    ("secrets.of_console(", &["secretsmanager:GetSecretValue"], CONSOLE_SECRET),
    ("secrets.of_erp(", &["secretsmanager:GetSecretValue"], ERP_SECRETS),
    ("secrets.of_erp_anew(", &["secretsmanager:GetSecretValue"], ERP_SECRETS),
];

/// Queues are sent to by the same words: the file names the port, or is of a
/// use case that knows no other. Which queue of orders a function sends to, its
/// environment says.
const SENDS: &[(&str, Need)] = &[
    ("OrderQueue", ("queue.send(", &["sqs:SendMessage"], ORDERS)),
    ("StockQueue", ("queue.send(", &["sqs:SendMessage"], STOCK_MESSAGES)),
];

/// A use case: how a function names it, and where it is.
const USE_CASES: &[(&str, &[&str])] = &[
    ("weir_domain::push", &["shared/domain/src/push"]),
    ("weir_domain::wake", &["shared/domain/src/wake.rs"]),
    ("weir_domain::poll", &["shared/domain/src/poll.rs"]),
    ("weir_domain::guardian", &["shared/domain/src/guardian"]),
    ("weir_domain::backfill", &["shared/domain/src/backfill.rs"]),
    ("weir_domain::release", &["shared/domain/src/release.rs"]),
    ("weir_domain::reconcile", &["shared/domain/src/reconcile"]),
    ("weir_domain::desk", &["shared/domain/src/desk"]),
    ("weir_domain::doctor", &["shared/domain/src/doctor"]),
    ("weir_domain::fulfilment::follow", &["shared/domain/src/fulfilment/follow.rs"]),
    ("weir_domain::stock::sync", &["shared/domain/src/stock/sync.rs", "shared/domain/src/stock/refresh.rs"]),
    (
        "weir_domain::stock::publish",
        &[
            "shared/domain/src/stock/left.rs",
            "shared/domain/src/stock/place.rs",
            "shared/domain/src/stock/publish.rs",
            "shared/domain/src/stock/refresh.rs",
            "shared/domain/src/stock/round.rs",
            "shared/domain/src/stock/sales.rs",
            "shared/domain/src/stock/send.rs",
        ],
    ),
    ("weir_woocommerce::receive", &["shared/woocommerce/src/receive.rs"]),
    ("weir_woocommerce::watch", &["shared/woocommerce/src/watch.rs"]),
    ("Shops::new(", &["shared/runtime/src/connections/shops.rs"]),
    ("Erps::new(", &["shared/runtime/src/connections/erps.rs"]),
];

/// What a function calls, itself and in the use cases it names.
fn calls(function: &str) -> Vec<Need> {
    let own = source::files_of_function(function);
    let named = |name: &str| own.iter().any(|code| code.contains(name));
    let paths = USE_CASES.iter().filter(|(name, _)| named(name)).map(|(_, paths)| *paths);
    let cases: Vec<Vec<String>> =
        paths.map(|paths| paths.iter().flat_map(|path| source::files_of(path)).collect()).collect();
    let files: Vec<String> =
        cases.iter().flatten().chain(&own).map(|code| code.split_whitespace().collect()).collect();
    let anywhere = |call: &str| files.iter().any(|code| code.contains(call));
    let mut made: Vec<Need> = CALLS.iter().filter(|(call, ..)| anywhere(call)).copied().collect();
    let sends_in = |code: &String, port: &str, call: &str| code.contains(call) && code.contains(port);
    let knows_only = |case: &Vec<String>, port: &str| {
        SENDS.iter().all(|(other, _)| case.iter().any(|code| code.contains(other)) == (*other == port))
    };
    let sends = |(port, need): &&(&str, Need)| {
        files.iter().any(|code| sends_in(code, port, need.0))
            || cases
                .iter()
                .any(|case| knows_only(case, port) && case.iter().any(|code| code.contains(need.0)))
    };
    let to = |(port, (call, actions, on)): &(&'static str, Need)| -> Need {
        (call, actions, if *port == "OrderQueue" { hints_go_to(function, &own) } else { on })
    };
    made.extend(SENDS.iter().filter(sends).map(to));
    if anywhere("SqsVisibility::new(") {
        let queue =
            source_queue(function).unwrap_or_else(|| panic!("{function} puts off what it does not take"));
        made.push(("SqsVisibility::new(", &["sqs:ChangeMessageVisibility"], queue));
    }
    assert!(!made.is_empty(), "{function} calls nothing");
    made
}

/// The queue that a function's hints about orders go to.
fn hints_go_to(function: &str, own: &[String]) -> &'static str {
    let reads = |concern: &str| own.iter().any(|code| code.contains(concern));
    // Who knows all queues says at the place which one is for hints.
    if reads("QueuesEnvironment") {
        assert!(reads("SqsOrderQueue::new(sqs.clone(), &urls.orders.queue)"), "{function}");
        return ORDERS;
    }
    match (reads("OrdersQueueEnvironment"), reads("FulfilmentQueueEnvironment")) {
        (true, false) => ORDERS,
        (false, true) => FULFILMENT,
        both => panic!("{function}: which queue do its hints go to? {both:?}"),
    }
}

/// The queue that a function takes its messages from.
fn source_queue(function: &str) -> Option<&'static str> {
    match function {
        "order-push" => Some(ORDERS),
        "stock-publish" => Some(STOCK_MESSAGES),
        "fulfilment" => Some(FULFILMENT),
        _ => None,
    }
}

/// What the platform does with a function's role.
fn platform(function: &str) -> Vec<Need> {
    const LOGS: &[&str] = &["logs:CreateLogStream", "logs:PutLogEvents"];
    let group = match function {
        "webhook" => "WebhookLog.Arn",
        "order-push" => "OrderPushLog.Arn",
        "reconcile" => "ReconcileLog.Arn",
        "inventory-sync" => "InventorySyncLog.Arn",
        "stock-publish" => "StockPublishLog.Arn",
        "fulfilment" => "FulfilmentLog.Arn",
        "erp-events" => "ErpEventsLog.Arn",
        "console" => "ConsoleLog.Arn",
        other => panic!("{other} has no log group that is known here"),
    };
    let log: Need = ("its log", LOGS, group);
    // Only with a customer managed key, and only through Secrets Manager.
    let decrypt: Need = ("reading secrets", &["kms:Decrypt"], "SecretsKeyArn");
    let taken = source_queue(function).map(|queue| -> Need {
        ("its event source", &["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"], queue)
    });
    let buried = ["reconcile", "inventory-sync", "fulfilment"].contains(&function).then_some::<Need>((
        "its on-failure destination",
        &["sqs:SendMessage"],
        TICK_LETTERS,
    ));
    [log, decrypt].into_iter().chain(taken).chain(buried).collect()
}

fn grants_of(needs: Vec<Need>) -> BTreeSet<Grant> {
    let grants =
        |(_, actions, on): Need| actions.iter().map(move |action| ((*action).to_owned(), on.to_owned()));
    needs.into_iter().flat_map(grants).collect()
}

/// Every statement of a role, also those under a condition.
fn statements(role: Resource) -> Vec<Value> {
    let policies =
        role.property("/Policies").as_array().unwrap_or_else(|| panic!("{} has no policy", role.id));
    let listed =
        policies.iter().flat_map(|policy| policy["PolicyDocument"]["Statement"].as_array().unwrap().clone());
    let conditional = |statement: Value| statement.pointer("/Fn::If/1").cloned().unwrap_or(statement);
    listed.map(conditional).collect()
}

fn list(value: &Value) -> Vec<&Value> {
    value.as_array().map_or_else(|| vec![value], |values| values.iter().collect())
}

fn granted(role: Resource) -> BTreeSet<Grant> {
    let pairs = |statement: &Value| -> Vec<Grant> {
        assert_eq!(statement["Effect"], "Allow", "{statement}");
        let actions = list(&statement["Action"]);
        let on = list(&statement["Resource"]);
        actions
            .iter()
            .flat_map(|action| on.iter().map(|on| (text(action).to_owned(), text(on).to_owned())))
            .collect()
    };
    statements(role).iter().flat_map(pairs).collect()
}

fn role_of<'a>(template: &'a Template, name: &str) -> Resource<'a> {
    let role = text(function(template, name).property("/Role"));
    template.resource(role.strip_suffix(".Arn").expect("a role of this template"))
}

#[test]
fn a_role_grants_what_its_function_calls_and_nothing_else() {
    let template = Template::main();
    let mut roles = BTreeSet::new();
    for name in source::functions() {
        let role = role_of(&template, &name);
        assert!(roles.insert(role.id), "{} is shared", role.id);
        let mut needed = grants_of(calls(&name));
        needed.extend(grants_of(platform(&name)));
        assert_eq!(granted(role), needed, "{name}");
    }
}

#[test]
fn nobody_may_do_everything_or_anything_everywhere() {
    let template = Template::main();
    for role in template.of_type("AWS::IAM::Role") {
        for (action, on) in granted(role) {
            assert!(!action.contains('*'), "{}: {action}", role.id);
            // A secret's name ends in characters that AWS chooses.
            let named = !on.contains(['*', '?'])
                || [STORE_SECRETS, ERP_SECRETS, CONSOLE_SECRET].contains(&on.as_str());
            assert!(named, "{}: {action} on {on}", role.id);
        }
        let assumed = list(role.property("/AssumeRolePolicyDocument/Statement/0/Principal/Service"));
        assert!(assumed.iter().all(|service| text(service).ends_with(".amazonaws.com")), "{}", role.id);
    }
}

/// It faces the internet: of the ledger it may write where it leaves word about
/// webhooks, and nowhere else.
#[test]
fn the_receiver_of_webhooks_reaches_no_order() {
    let template = Template::main();
    let role = role_of(&template, "webhook");
    let on_the_ledger =
        statements(role).into_iter().filter(|statement| text(list(&statement["Resource"])[0]) == LEDGER);
    let on_the_ledger: Vec<Value> = on_the_ledger.collect();
    assert_eq!(on_the_ledger.len(), 1);
    let keys = &on_the_ledger[0]["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"];
    assert_eq!(keys, &serde_json::json!(["WEBHOOKS#*"]));
    let made = source::code_of("shared/ledger/src/key.rs");
    let partition = made.split("fn webhooks(").nth(1).unwrap().split('}').next().unwrap();
    assert!(partition.contains("\"WEBHOOKS#{store"), "{partition}");
    let used = source::code_of("shared/ledger/src/troubles.rs");
    let partitions = used.matches("primary(").count();
    assert!(partitions > 0 && used.matches("primary(webhooks(store)").count() == partitions);
}

/// EC2 has nothing to name before a network interface exists, so AWS's own
/// policy is attached, and only where the function is in a VPC.
#[test]
fn the_one_managed_policy_is_for_network_interfaces() {
    let template = Template::main();
    for role in template.of_type("AWS::IAM::Role") {
        let managed = role.property("/ManagedPolicyArns");
        if managed.is_null() {
            continue;
        }
        let branches = managed["Fn::If"].as_array().expect("only under a condition");
        assert_eq!(
            (branches[0].as_str(), text(&branches[2])),
            (Some("InVpc"), "AWS::NoValue"),
            "{}",
            role.id
        );
        let policies: Vec<&str> = list(&branches[1]).into_iter().map(text).collect();
        assert_eq!(
            policies,
            ["arn:${AWS::Partition}:iam::aws:policy/service-role/AWSLambdaENIManagementAccess"]
        );
    }
}

#[test]
fn the_schedule_may_tick_and_bury() {
    let template = Template::main();
    let schedules = template.of_type("AWS::Scheduler::Schedule");
    assert_eq!(schedules.len(), 3);
    for schedule in schedules {
        let role = text(schedule.property("/Target/RoleArn")).trim_end_matches(".Arn");
        let target = text(schedule.property("/Target/Arn")).to_owned();
        let needed = [
            ("lambda:InvokeFunction".to_owned(), target),
            ("sqs:SendMessage".to_owned(), TICK_LETTERS.to_owned()),
        ];
        assert_eq!(granted(template.resource(role)), BTreeSet::from(needed), "{}", schedule.id);
    }
}

/// SDK operation, or the ledger's door to it → the IAM actions it needs. A
/// transaction needs those of its parts, which are found by their builders.
const OPERATIONS: &[(&str, &str)] = &[
    (".get_item()", "dynamodb:GetItem"),
    (".batch_get_item()", "dynamodb:BatchGetItem"),
    (".put_item()", "dynamodb:PutItem"),
    ("Put::builder()", "dynamodb:PutItem"),
    (".update_item()", "dynamodb:UpdateItem"),
    ("Update::builder()", "dynamodb:UpdateItem"),
    (".table.get(", "dynamodb:GetItem"),
    (".table.batch_get(", "dynamodb:BatchGetItem"),
    (".table.put(", "dynamodb:PutItem"),
    (".table.update(", "dynamodb:UpdateItem"),
    (".table.query(", "dynamodb:Query"),
    (".table.delete(", "dynamodb:DeleteItem"),
    (".delete_item()", "dynamodb:DeleteItem"),
    ("Delete::builder()", "dynamodb:DeleteItem"),
    ("ConditionCheck::builder()", "dynamodb:ConditionCheckItem"),
    (".batch_write_item()", "dynamodb:BatchWriteItem"),
    (".query()", "dynamodb:Query"),
    (".scan()", "dynamodb:Scan"),
    (".execute_statement()", "dynamodb:PartiQLSelect"),
    (".send_message()", "sqs:SendMessage"),
    (".send_message_batch()", "sqs:SendMessage"),
    (".receive_message()", "sqs:ReceiveMessage"),
    (".delete_message()", "sqs:DeleteMessage"),
    (".delete_message_batch()", "sqs:DeleteMessage"),
    (".get_queue_attributes()", "sqs:GetQueueAttributes"),
    (".purge_queue()", "sqs:PurgeQueue"),
    (".change_message_visibility()", "sqs:ChangeMessageVisibility"),
    (".change_message_visibility_batch()", "sqs:ChangeMessageVisibility"),
    (".get_secret_value()", "secretsmanager:GetSecretValue"),
    (".batch_get_secret_value()", "secretsmanager:BatchGetSecretValue"),
    (".put_metric_data()", "cloudwatch:PutMetricData"),
];

/// So that an adapter cannot begin to use an operation that nobody granted.
#[test]
fn the_adapters_use_the_operations_that_are_granted() {
    let code: String = ["shared/ledger/src", "shared/runtime/src", "functions"].map(source::code_of).concat();
    let code: String = code.split_whitespace().collect();
    let used: BTreeSet<&str> =
        OPERATIONS.iter().filter(|(call, _)| code.contains(call)).map(|(_, action)| *action).collect();
    let mut listed: BTreeSet<&str> = CALLS
        .iter()
        .chain(SENDS.iter().map(|(_, need)| need))
        .flat_map(|(_, actions, _)| *actions)
        .copied()
        .collect();
    listed.insert("sqs:ChangeMessageVisibility");
    assert_eq!(used, listed);
}

/// A port's method that is missing here would need no permission.
#[test]
fn every_method_of_the_ports_to_aws_is_listed() {
    let ports = ["ledger", "open", "operate", "queue", "queues"]
        .map(|name| source::code_of(&format!("shared/domain/src/ports/{name}.rs")));
    // Of these files the ports that are behind AWS; the others are shops' and
    // ERPs'.
    let behind_aws = [
        ("stock", "pub trait StockStore"),
        ("stock", "pub trait ItemNames"),
        ("stock", "pub trait StockQueue"),
        ("webhooks", "pub trait WebhookTroubles"),
        ("desk", "pub trait WriteOffs"),
    ];
    let behind_aws = behind_aws.map(|(file, port)| {
        let code = source::code_of(&format!("shared/domain/src/ports/{file}.rs"));
        code.split(port).nth(1).expect(port).split("\n}").next().unwrap_or_default().to_owned()
    });
    let ports = [ports.concat(), behind_aws.concat()].concat();
    let methods: Vec<&str> =
        ports.split("async fn ").skip(1).filter_map(|rest| rest.split('(').next()).collect();
    assert!(methods.len() > 35);
    for method in methods {
        let called = format!(".{method}(");
        let listed =
            CALLS.iter().chain(SENDS.iter().map(|(_, need)| need)).any(|(call, ..)| call.ends_with(&called));
        assert!(listed, "{method} is not listed");
    }
}
