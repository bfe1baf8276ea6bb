//! Each function: where its code comes from, its environment, its log.

use std::collections::BTreeSet;

use serde_json::Value;
use weir_runtime::environment::{LOCAL_VARIABLES, PLATFORM_VARIABLES, VARIABLES};

use crate::cloudformation::{Resource, Template, text};
use crate::source;

/// A function of the template, by the name of its folder in `functions/`.
pub(crate) fn function<'a>(template: &'a Template, name: &str) -> Resource<'a> {
    let named = format!("${{AWS::StackName}}-{name}");
    let functions = template.of_type("AWS::Serverless::Function");
    let mut found =
        functions.into_iter().filter(|function| text(function.property("/FunctionName")) == named);
    found.next().unwrap_or_else(|| panic!("template.yaml has no function {named}"))
}

/// A function's time-out in seconds.
pub(crate) fn timeout(function: Resource) -> u64 {
    function
        .property("/Timeout")
        .as_u64()
        .unwrap_or_else(|| panic!("{} has no time-out of its own", function.id))
}

/// Names of the variables that the template sets for a function.
fn variables(template: &Template, function: Resource) -> BTreeSet<String> {
    let common = template.at("/Globals/Function/Environment/Variables");
    let own = function.property("/Environment/Variables");
    [common, own]
        .into_iter()
        .filter_map(Value::as_object)
        .flat_map(|variables| variables.keys().cloned())
        .collect()
}

#[test]
fn every_function_is_deployed_from_its_package_and_nothing_else_is() {
    let template = Template::main();
    let names = source::functions();
    assert_eq!(template.of_type("AWS::Serverless::Function").len(), names.len());
    for name in names {
        let function = function(&template, &name);
        assert_eq!(text(function.property("/CodeUri")), format!("target/lambda/{name}/"));
        assert_eq!(
            function.attribute("/Metadata/SkipBuild"),
            true,
            "{name} is built by make package, not by sam"
        );
        assert!(function.property("/MemorySize").is_u64(), "{name} has no memory of its own");
        let scheduled = !function.property("/EventInvokeConfig").is_null();
        assert!(timeout(function) <= if scheduled { 300 } else { 60 }, "{name}");
    }
    let common = |field: &str| template.at(&format!("/Globals/Function/{field}"));
    assert_eq!((common("Runtime"), common("Handler")), (&"provided.al2023".into(), &"bootstrap".into()));
    assert_eq!(text(common("Architectures/0")), "Architecture");
}

#[test]
fn the_template_sets_the_variables_that_the_code_reads_and_no_others() {
    let template = Template::main();
    let elsewhere = [PLATFORM_VARIABLES, LOCAL_VARIABLES].concat();
    let read: BTreeSet<String> =
        VARIABLES.iter().filter(|name| !elsewhere.contains(name)).map(ToString::to_string).collect();
    let set =
        source::functions().iter().flat_map(|name| variables(&template, function(&template, name))).collect();
    assert_eq!(read, set);
}

#[test]
fn each_function_gets_the_variables_of_what_it_wires() {
    let template = Template::main();
    // Any one of the concerns reads the variable.
    let wired: [(&[&str], &str); 12] = [
        (&["LedgerEnvironment"], "LEDGER_TABLE"),
        (&["amnesia"], "LEDGER_AMNESIA"),
        (&["OrdersQueueEnvironment", "QueuesEnvironment"], "ORDERS_QUEUE_URL"),
        (&["FulfilmentQueueEnvironment", "QueuesEnvironment"], "FULFILMENT_QUEUE_URL"),
        (&["NightlyEnvironment"], "NIGHTLY_HOUR"),
        (&["StockQueueEnvironment", "QueuesEnvironment"], "STOCK_QUEUE_URL"),
        (&["StockTableEnvironment"], "STOCK_TABLE"),
        (&["QueuesEnvironment"], "ORDERS_DEAD_LETTERS_URL"),
        (&["QueuesEnvironment"], "STOCK_DEAD_LETTERS_URL"),
        (&["QueuesEnvironment"], "FULFILMENT_DEAD_LETTERS_URL"),
        (&["QueuesEnvironment"], "TICKS_DEAD_LETTERS_URL"),
        (&["WebhookBaseUrlEnvironment"], "WEBHOOK_BASE_URL"),
    ];
    for name in source::functions() {
        let code = source::code_of(&format!("functions/{name}/src"));
        let set = variables(&template, function(&template, &name));
        for (concerns, variable) in wired {
            assert_eq!(
                concerns.iter().any(|concern| code.contains(concern)),
                set.contains(variable),
                "{name}: {concerns:?} in the code, {variable} in the template"
            );
        }
        // Every function logs, counts, and reads its documents.
        for variable in ["METRICS_NAMESPACE", "WEIR_CONFIG_DIR", "WEIR_LOG", "WEIR_PROFILE"] {
            assert!(set.contains(variable), "{name}: {variable}");
        }
    }
}

#[test]
fn the_profile_of_a_deployment_is_aws_unless_asked_otherwise() {
    let template = Template::main();
    assert_eq!(template.at("/Parameters/Profile/Default"), "aws");
    assert_eq!(template.at("/Parameters/ConfigDir/Default"), "/var/task/config");
}

#[test]
fn every_function_logs_into_a_group_that_forgets() {
    let template = Template::main();
    let groups = template.of_type("AWS::Logs::LogGroup");
    for group in &groups {
        assert_eq!(text(group.property("/RetentionInDays")), "LogRetentionDays", "{}", group.id);
        for policy in ["/DeletionPolicy", "/UpdateReplacePolicy"] {
            assert!(group.attribute(policy).is_string(), "{} does not say its {policy}", group.id);
        }
    }
    for name in source::functions() {
        let expected = format!("/aws/lambda/${{AWS::StackName}}-{name}");
        assert!(
            groups.iter().any(|group| text(group.property("/LogGroupName")) == expected),
            "{expected} is missing"
        );
    }
}

#[test]
fn a_reservation_of_zero_reserves_nothing() {
    let template = Template::main();
    for name in source::functions() {
        let function = function(&template, &name);
        let [condition, reserved, none] =
            function.property("/ReservedConcurrentExecutions/Fn::If").as_array().unwrap().as_slice()
        else {
            panic!("{name}: reserved concurrency should be optional");
        };
        let parameter = text(reserved);
        assert_eq!(template.at(&format!("/Parameters/{parameter}/Default")), 0, "{parameter}");
        assert_eq!(text(none), "AWS::NoValue");
        let compared = template.at(&format!("/Conditions/{}/Fn::Not/0/Fn::Equals/0", text(condition)));
        assert_eq!(text(compared), parameter);
    }
}

/// The names that people type into the shop, the ERP and their browser.
#[test]
fn the_routes_are_those_that_shops_erps_and_people_are_told() {
    let template = Template::main();
    let told = [
        ("webhook", "POST /stores/{store}/webhooks/{topic}", "POST/stores/*/webhooks/*"),
        ("erp-events", "POST /erps/{erp}/events/{source}", "POST/erps/*/events/*"),
        ("console", "ANY /console", "*/console"),
        ("console", "ANY /console/{proxy+}", "*/console/*"),
    ];
    let routes = template.of_type("AWS::ApiGatewayV2::Route");
    assert_eq!(routes.len(), told.len());
    let permissions = template.of_type("AWS::Lambda::Permission");
    for (name, key, source) in told {
        let route = routes.iter().find(|route| text(route.property("/RouteKey")) == key).expect(key);
        let target = text(route.property("/Target"));
        let integration = target.strip_prefix("integrations/${").and_then(|rest| rest.strip_suffix('}'));
        let integration = template.resource(integration.expect(key));
        assert_eq!(text(integration.property("/PayloadFormatVersion")), "2.0");
        let function = function(&template, name).id;
        assert_eq!(text(integration.property("/IntegrationUri")), format!("{function}.Arn"));
        assert!(permissions.iter().any(|permission| {
            text(permission.property("/FunctionName")) == function
                && text(permission.property("/SourceArn")).ends_with(&format!(":${{HttpApi}}/*/{source}"))
        }));
    }
}

/// A flood of events, or of requests to the console, is not paid for by
/// WooCommerce, to which a 429 is a strike against its webhook.
#[test]
fn whatever_is_not_a_shop_has_a_limit_of_its_own_that_is_lower() {
    let template = Template::main();
    let stage = template.resource("HttpStage");
    let limits = stage.property("/RouteSettings").as_object().unwrap();
    let others = ["ErpEventsRoute", "ConsoleRoute", "ConsolePagesRoute"];
    let routes = template.of_type("AWS::ApiGatewayV2::Route");
    assert_eq!(routes.len(), others.len() + 1, "a route without a limit of its own, beside the shops'");
    let limited: BTreeSet<&str> = limits.keys().map(String::as_str).collect();
    let keys = others.map(|id| text(template.resource(id).property("/RouteKey")));
    assert_eq!(limited, BTreeSet::from(keys));
    // A route must be there before its limit.
    assert_eq!(stage.attribute("/DependsOn"), &serde_json::json!(others));
    for limit in limits.values() {
        for name in ["ThrottlingRateLimit", "ThrottlingBurstLimit"] {
            let (own, others) = (&limit[name], stage.property(&format!("/DefaultRouteSettings/{name}")));
            assert!(own.as_u64() > Some(0) && own.as_u64() < others.as_u64(), "{name}: {own}, {others}");
        }
    }
}

/// Whoever calls an ERP may have to reach one on premises.
#[test]
fn functions_that_call_an_erp_can_be_put_near_it() {
    let template = Template::main();
    for name in source::functions() {
        let calls_an_erp = source::files_of_function(&name).concat().contains("weir_erp::");
        let function = function(&template, &name);
        assert_eq!(!function.property("/VpcConfig").is_null(), calls_an_erp, "{name}");
        let role = text(function.property("/Role")).trim_end_matches(".Arn");
        let interfaces = !template.resource(role).property("/ManagedPolicyArns").is_null();
        assert_eq!(interfaces, calls_an_erp, "{name}");
    }
}

#[test]
fn access_logs_point_to_nobody() {
    let template = Template::main();
    for stage in template.of_type("AWS::ApiGatewayV2::Stage") {
        assert!(
            stage.property("/DefaultRouteSettings/ThrottlingRateLimit").as_u64() > Some(0),
            "{} has no limit",
            stage.id
        );
        let format = text(stage.property("/AccessLogSettings/Format"));
        let fields: serde_json::Map<String, Value> =
            serde_json::from_str(format).expect("the access log should be JSON");
        let allowed = [
            "$context.requestTime",
            "$context.requestId",
            "$context.routeKey",
            "$context.status",
            "$context.responseLength",
            "$context.responseLatency",
            "$context.integration.status",
            "$context.integration.error",
            "$context.error.responseType",
        ];
        for (name, value) in fields {
            assert!(
                allowed.contains(&text(&value)),
                "{name} = {value} is not known to be free of personal data"
            );
        }
    }
}
