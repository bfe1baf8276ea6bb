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

fn put(sk: &str, attributes: &[(&str, &str)]) -> PutItemInput {
    let mut item = Item::from([("pk".to_owned(), s("A")), ("sk".to_owned(), s(sk))]);
    item.extend(attributes.iter().map(|(name, value)| ((*name).to_owned(), s(value))));
    PutItemInput::builder().table_name("ledger").set_item(Some(item)).build().unwrap()
}

#[test]
fn an_item_is_deleted_under_a_condition_and_leaves_the_index() {
    let table = table();
    table.put(&put("1", &[("owner", "a"), ("open_pk", "due"), ("open_sk", "1")])).unwrap();
    let delete = |owner| {
        let delete = DeleteItemInput::builder()
            .table_name("ledger")
            .key("pk", s("A"))
            .key("sk", s("1"))
            .condition_expression("#owner = :owner")
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_values(":owner", s(owner));
        table.delete(&delete.build().unwrap())
    };
    assert_eq!(delete("b"), Err(FakeDynamoError::ConditionFailed(None)));
    assert_eq!(pages(&table, Some("open"), "due", 10), [vec!["1".to_owned()]]);
    delete("a").unwrap();
    assert_eq!((table.items().len(), pages(&table, Some("open"), "due", 10)), (0, vec![vec![]]));
    assert_eq!(delete("a"), Err(FakeDynamoError::ConditionFailed(None)), "it is gone");
}

/// The sort keys of a partition, page by page.
fn pages(table: &FakeDynamo, index: Option<&str>, partition: &str, limit: i32) -> Vec<Vec<String>> {
    let (condition, name) = if index.is_some() { ("#open_pk = :p", "open_pk") } else { ("#pk = :p", "pk") };
    let (mut pages, mut from) = (Vec::new(), None);
    loop {
        let query = aws_sdk_dynamodb::operation::query::QueryInput::builder()
            .table_name("ledger")
            .set_index_name(index.map(str::to_owned))
            .key_condition_expression(condition)
            .expression_attribute_names(format!("#{name}"), name)
            .expression_attribute_values(":p", s(partition))
            .limit(limit)
            .set_exclusive_start_key(from);
        let page = table.query(&query.build().unwrap(), 0).unwrap();
        pages.push(page.items().iter().map(|item| item["sk"].as_s().unwrap().clone()).collect());
        from = page.last_evaluated_key;
        if from.is_none() {
            return pages;
        }
    }
}

#[test]
fn a_query_is_answered_page_by_page() {
    let table = table();
    let long = "x".repeat(300_000);
    for (sk, place) in [("1", "c"), ("2", "b"), ("3", "b"), ("4", "a"), ("5", "d")] {
        table.put(&put(sk, &[("long", &long), ("open_pk", "due"), ("open_sk", place)])).unwrap();
    }
    let whole = |pages: &[&[&str]]| {
        pages
            .iter()
            .map(|page| page.iter().map(|sk| (*sk).to_owned()).collect())
            .collect::<Vec<Vec<String>>>()
    };
    assert_eq!(pages(&table, None, "A", 10), whole(&[&["1", "2", "3", "4"], &["5"]]), "1 MB is full");
    assert_eq!(pages(&table, None, "A", 2), whole(&[&["1", "2"], &["3", "4"], &["5"]]));
    let of_index = pages(&table, Some("open"), "due", 2);
    assert_eq!(of_index, whole(&[&["4", "2"], &["3", "1"], &["5"]]), "two rows are at one place");
}

#[test]
fn what_the_platform_would_not_store_is_refused() {
    let table = table();
    let refused = |item: &PutItemInput| matches!(table.put(item), Err(FakeDynamoError::Invalid(_)));
    assert!(refused(&put("1", &[("long", &"x".repeat(410_000))])), "an item of 400 KB");
    assert!(refused(&put("", &[])) && refused(&put(&"x".repeat(1025), &[])));
    assert!(refused(&put("1", &[("open_pk", "")])) && refused(&put("1", &[("open_sk", &"x".repeat(1025))])));
    assert!(table.items().is_empty());
}

fn query(
    condition: &str,
    partition: &str,
) -> aws_sdk_dynamodb::operation::query::builders::QueryInputBuilder {
    let name = condition.split([' ', '#']).nth(1).unwrap();
    aws_sdk_dynamodb::operation::query::QueryInput::builder()
        .table_name("ledger")
        .key_condition_expression(condition)
        .expression_attribute_names(format!("#{name}"), name)
        .expression_attribute_values(":p", s(partition))
}

#[test]
fn a_query_goes_backwards_page_by_page_within_its_partition() {
    let table = table();
    for sk in ["1", "2", "3"] {
        table.put(&put(sk, &[])).unwrap();
    }
    for pk in ["A\u{1}", "AB", "B"] {
        let mut other = put("9", &[]);
        other.item.as_mut().unwrap().insert("pk".to_owned(), s(pk));
        table.put(&other).unwrap();
    }
    let page = |from| {
        let query = query("#pk = :p", "A").scan_index_forward(false).limit(2).set_exclusive_start_key(from);
        let page = table.query(&query.build().unwrap(), 0).unwrap();
        let sks: Vec<_> = page.items().iter().map(|item| item["sk"].as_s().unwrap().clone()).collect();
        (sks, page.last_evaluated_key)
    };
    let (first, from) = page(None);
    assert_eq!(first, ["3", "2"]);
    let (second, from) = page(from);
    assert_eq!((second, from), (vec!["1".to_owned()], None));
    let elsewhere =
        query("#pk = :p", "A").exclusive_start_key("pk", s("B")).exclusive_start_key("sk", s("9"));
    let elsewhere = elsewhere.build().unwrap();
    assert!(matches!(table.query(&elsewhere, 0), Err(FakeDynamoError::Invalid(_))), "of another partition");
}

#[test]
fn a_count_gives_no_items_and_goes_on_like_any_page() {
    let table = table();
    for sk in ["1", "2", "3"] {
        table.put(&put(sk, &[])).unwrap();
    }
    let count = query("#pk = :p", "A").select(aws_sdk_dynamodb::types::Select::Count);
    let whole = table.query(&count.clone().build().unwrap(), 0).unwrap();
    assert_eq!((whole.count(), whole.items().len(), whole.last_evaluated_key()), (3, 0, None));
    let part = table.query(&count.limit(2).build().unwrap(), 0).unwrap();
    assert_eq!((part.count(), part.last_evaluated_key().map(|key| key["sk"].clone())), (2, Some(s("2"))));
}

#[test]
fn an_index_has_only_what_is_included() {
    let table = table().including(&["owner"]);
    let attributes = [("owner", "a"), ("record", "{}"), ("open_pk", "due"), ("open_sk", "1")];
    table.put(&put("1", &attributes)).unwrap();
    let query = query("#open_pk = :p", "due").index_name("open").build().unwrap();
    let page = table.query(&query, 0).unwrap();
    let mut names: Vec<&str> = page.items()[0].keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["open_pk", "open_sk", "owner", "pk", "sk"]);
}
