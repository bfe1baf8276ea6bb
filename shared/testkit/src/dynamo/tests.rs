use super::*;

fn n(number: i64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

fn s(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn table() -> FakeDynamo {
    FakeDynamo::new("open", "open_pk", "open_sk")
}

fn claim(owner: &str, now: i64) -> UpdateItemInput {
    UpdateItemInput::builder()
        .table_name("ledger")
        .key("pk", s("A"))
        .key("sk", s("RECORD"))
        .update_expression("SET #owner = :owner, #until = :until, #fence = if_not_exists(#fence, :zero) + :one, #open_pk = :p, #open_sk = :k")
        .condition_expression("attribute_not_exists(#pk) OR #until <= :now")
        .set_expression_attribute_names(Some(
            ["owner", "until", "fence", "pk", "open_pk", "open_sk"].iter().map(|name| (format!("#{name}"), (*name).to_owned())).collect(),
        ))
        .expression_attribute_values(":owner", s(owner))
        .expression_attribute_values(":until", n(now + 100))
        .expression_attribute_values(":now", n(now))
        .expression_attribute_values(":zero", n(0))
        .expression_attribute_values(":one", n(1))
        .expression_attribute_values(":p", s("due"))
        .expression_attribute_values(":k", s(owner))
        .return_values(ReturnValue::AllNew)
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
        .build()
        .unwrap()
}

#[test]
fn a_condition_is_compared_as_numbers_and_tells_the_old_item() {
    let table = table();
    table.update(&claim("a", 9)).unwrap();
    let Err(FakeDynamoError::ConditionFailed(Some(old))) = table.update(&claim("b", 100)) else {
        panic!("109 is not before 100, though the text would be")
    };
    assert_eq!(old["owner"], s("a"));
    let done = table.update(&claim("b", 109)).unwrap();
    assert_eq!(done.attributes().unwrap()["fence"], n(2));
}

#[test]
fn the_index_can_be_asked_for_an_older_state() {
    let table = table();
    table.update(&claim("a", 0)).unwrap();
    table.update(&claim("b", 100)).unwrap();
    let query = aws_sdk_dynamodb::operation::query::QueryInput::builder()
        .table_name("ledger")
        .index_name("open")
        .key_condition_expression("#open_pk = :p")
        .expression_attribute_names("#open_pk", "open_pk")
        .expression_attribute_values(":p", s("due"))
        .build()
        .unwrap();
    let owners = |lag| {
        let items = table.query(&query, lag).unwrap().items.unwrap();
        items.iter().map(|item| item["owner"].as_s().unwrap().clone()).collect::<Vec<_>>()
    };
    assert_eq!((owners(1), owners(0)), (vec!["a".to_owned()], vec!["b".to_owned()]));
}

#[test]
fn a_transaction_is_all_or_nothing_and_says_which_write_failed() {
    let table = table();
    let put = |sk: &str| {
        let put = aws_sdk_dynamodb::types::Put::builder()
            .table_name("ledger")
            .item("pk", s("A"))
            .item("sk", s(sk))
            .condition_expression("attribute_not_exists(pk)")
            .build()
            .unwrap();
        TransactWriteItem::builder().put(put).build()
    };
    let transact = |sks: &[&str]| {
        let items = sks.iter().map(|sk| put(sk)).collect();
        table.transact(&TransactWriteItemsInput::builder().set_transact_items(Some(items)).build().unwrap())
    };
    transact(&["1"]).unwrap();
    let Err(FakeDynamoError::Cancelled(reasons)) = transact(&["2", "1"]) else { panic!("1 is there") };
    let codes: Vec<_> = reasons.iter().map(|reason| reason.code().unwrap()).collect();
    assert_eq!(codes, ["None", "ConditionalCheckFailed"]);
    assert_eq!(table.items().len(), 1);
    assert!(matches!(transact(&["3", "3"]), Err(FakeDynamoError::Invalid(_))));
}

#[test]
fn a_name_that_nothing_uses_is_refused() {
    let table = table();
    let mut unused = claim("a", 0);
    unused.expression_attribute_values.as_mut().unwrap().insert(":unused".to_owned(), n(1));
    assert!(matches!(table.update(&unused), Err(FakeDynamoError::Invalid(_))));
}
