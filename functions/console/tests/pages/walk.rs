//! What an operator does, from page to page: links are followed and forms are
//! sent as they stand on the pages, over the real router.

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{Method, StatusCode};
use console::pages::layout::NAVIGATION;
use url::form_urlencoded;
use weir_domain::job::{JobKind, JobState};
use weir_domain::mapping::{MappingKey, MappingKind};
use weir_domain::outcome::CallError;
use weir_domain::ports::{Jobs, Ledger, MappingStore};
use weir_domain::record::Hold;
use weir_testkit::{ErpOp, Fault, sample};

use crate::html::{self, Tag, tags};
use crate::world::{Answer, Console, World};

async fn opened(world: &World) -> Console {
    let (console, invitation) = world.on_a_laptop();
    let path = invitation.strip_prefix("http://127.0.0.1:8085").unwrap().to_owned();
    assert_eq!(console.get(&path).await.location(), "/console");
    console
}

/// A page that is there, and is one.
async fn page(console: &Console, path: &str) -> String {
    let answer = console.get(path).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.body);
    assert!(answer.headers[CONTENT_TYPE].to_str().unwrap().starts_with("text/html"), "{path}");
    answer.body
}

/// The address of a link by its words.
fn link(page: &str, words: &str) -> String {
    let before = page.split(&format!("{words}</a>")).next().filter(|before| before.len() < page.len());
    let before = before.unwrap_or_else(|| panic!("no link {words:?} in {page}"));
    let tag = tags(&before[before.rfind("<a ").unwrap()..]).swap_remove(0);
    tag.attribute("href").unwrap().replace("&amp;", "&")
}

/// Sends the form of this address as it stands, with what is filled in.
async fn send(console: &Console, page: &str, address: &str, filled: &[(&str, &str)]) -> Answer {
    let forms = page.split("<form").skip(1).map(|form| form.split("</form>").next().unwrap());
    let form = forms.into_iter().find(|form| form.contains(&format!(r#"action="{address}""#)));
    let form = form.unwrap_or_else(|| panic!("no form to {address} in {page}"));
    let is_field = |tag: &Tag| tag.name == "input" || tag.name == "button" && tag.attribute("name").is_some();
    let fields: Vec<Tag> = tags(form).into_iter().filter(is_field).collect();
    for (name, _) in filled {
        assert!(
            fields.iter().any(|field| field.attribute("name") == Some(name)),
            "no field {name} in {form}"
        );
    }
    let mut body = form_urlencoded::Serializer::new(String::new());
    for field in &fields {
        let name = field.attribute("name").unwrap();
        let is_box = field.attribute("type") == Some("checkbox");
        let is_sent = field.name == "input" && (!is_box || field.attribute("checked").is_some());
        if !is_sent || filled.iter().any(|(known, _)| *known == name) {
            continue;
        }
        body.append_pair(name, &field.attribute("value").unwrap_or_default().replace("&amp;", "&"));
    }
    body.extend_pairs(filled);
    let request = console.request(Method::POST, address);
    let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    console.raw(request.body(Body::from(body.finish())).unwrap()).await
}

#[tokio::test]
async fn every_link_of_the_navigation_is_a_page() {
    let console = opened(&World::new()).await;
    let today = page(&console, "/console/").await;
    for place in NAVIGATION.iter().flat_map(|(_, places)| places.iter()) {
        let address = link(&today, place.name);
        assert_eq!(address, format!("/console{}", place.path.trim_end_matches('/')));
        let there = page(&console, &address).await;
        let here = tags(&there).into_iter().find(|tag| tag.attribute("aria-current") == Some("page"));
        assert_eq!(here.unwrap().attribute("href"), Some(address.as_str()), "it says where we are");
    }
    for asset in tags(&today).iter().filter(|tag| ["link", "script"].contains(&tag.name.as_str())) {
        let address = asset.attribute("href").or(asset.attribute("src")).unwrap();
        assert_eq!(console.get(address).await.status, StatusCode::OK, "{address}");
    }
}

/// One payment method that is not mapped stops three orders: found, understood,
/// put right and released by following what the pages say.
#[tokio::test]
async fn a_missing_mapping_is_found_understood_and_put_right() {
    let world = World::new();
    for id in 1..=3 {
        world.excepted(id).await;
    }
    let console = opened(&world).await;
    let today = page(&console, "/console/").await;
    assert!(today.contains("1 thing needs people"), "{today}");
    assert!(today.contains("3 orders of main stopped until people decide."));
    let desk = page(&console, &link(&today, "Exceptions by cause")).await;
    let group = page(&console, &link(&desk, "klarna")).await;
    assert!(group.contains("What it means") && group.contains("What to do") && group.contains("3 orders"));
    let filled = [("codes", "KLARNA"), ("why", "a new payment method"), ("release", "yes")];
    let answer = send(&console, &group, "/console/exceptions/group/map", &filled).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    let after = page(&console, answer.location()).await;
    assert!(after.contains("The mapping is stored, and its orders are being released."));
    let store = "main".parse().unwrap();
    let found = world.ledger.mappings(&store, &[World::klarna()]).await.unwrap();
    assert_eq!(found[&World::klarna()], ["KLARNA"]);
    let job = world.ledger.jobs(&store, 1).await.unwrap().swap_remove(0);
    let release = JobKind::Release { code: "unmapped_payment".into(), subject: "klarna".into() };
    assert_eq!((job.what, job.state, job.per_minute), (release, JobState::Running, 60));
    let activity = page(&console, "/console/activity").await;
    assert!(activity.contains("a new payment method") && activity.contains("ada (local)"));
}

/// An order whose item the ERP does not know: its store's SKUs are the ERP's
/// codes.
async fn unknown_to_the_erp(world: &World, id: u64) {
    let map = async |kind, name: &str, code: &str| {
        let (key, note) = (MappingKey::new(kind, name), sample::note("mapped", world.now()));
        world.ledger.set_mapping(&"main".parse().unwrap(), &key, &[code.to_owned()], &note).await.unwrap();
    };
    map(MappingKind::Tax, "rates:1", "DE19").await;
    map(MappingKind::Shipping, "flat_rate", "SHIPPING").await;
    map(MappingKind::Payment, "stripe", "STRIPE").await;
    let refusal = CallError::rejected("item_unknown", "MUG-L");
    world.erp.faults.script(ErpOp::Create, [Fault::Before(refusal)]);
    let order = sample::order("main", id);
    let key = order.key.clone();
    world.shop.put(order);
    world.deliver(&key).await;
    let record = world.ledger.record(&key).await.unwrap().unwrap();
    assert!(matches!(&record.hold, Hold::Exception(it) if it.code == "item_unknown"), "{:?}", record.hold);
}

/// The story of the README.
#[tokio::test]
async fn an_sku_that_the_erp_does_not_know_is_mapped_and_released_in_one_step() {
    let world = World::new();
    unknown_to_the_erp(&world, 1).await;
    unknown_to_the_erp(&world, 2).await;
    let console = opened(&world).await;
    let desk = page(&console, "/console/exceptions").await;
    let group = page(&console, &link(&desk, "MUG-L")).await;
    for said in ["2 orders", "Add the mapping and release its orders", "Only add the mapping", "in the ERP"] {
        assert!(group.contains(said), "{said}: {group}");
    }
    let filled = [("codes", "1041"), ("why", "the shop's own number"), ("release", "yes")];
    let answer = send(&console, &group, "/console/exceptions/group/map", &filled).await;
    let after = page(&console, answer.location()).await;
    assert!(after.contains("The mapping is stored, and its orders are being released."), "{after}");
    let (store, key) = ("main".parse().unwrap(), MappingKey::new(MappingKind::Item, "sku:MUG-L"));
    let found = world.ledger.mappings(&store, std::slice::from_ref(&key)).await.unwrap();
    assert_eq!(found[&key], ["1041"], "under the name by which the order's item is looked up");
    let job = world.ledger.jobs(&store, 1).await.unwrap().swap_remove(0);
    let release = JobKind::Release { code: "item_unknown".into(), subject: "MUG-L".into() };
    assert_eq!((job.what, job.state), (release, JobState::Running));
}

/// No code is a decision of its own: an empty field is none.
#[tokio::test]
async fn that_nothing_is_booked_is_said_and_not_left_out() {
    let world = World::new();
    world.excepted(1).await;
    let console = opened(&world).await;
    let group = page(&console, &link(&page(&console, "/console/exceptions").await, "klarna")).await;
    let address = "/console/exceptions/group/map";
    let store = "main".parse().unwrap();
    for (codes, nothing) in [(" ", None), ("KLARNA", Some("yes"))] {
        let mut filled = vec![("codes", codes), ("why", "a gift of the house"), ("release", "yes")];
        filled.extend(nothing.map(|nothing| ("nothing", nothing)));
        let answer = send(&console, &group, address, &filled).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.body.contains("tick “Book nothing”"), "{}", answer.body);
    }
    assert!(world.ledger.mappings(&store, &[World::klarna()]).await.unwrap().is_empty());
    let filled = [("codes", ""), ("nothing", "yes"), ("why", "a gift of the house"), ("release", "no")];
    let answer = send(&console, &group, address, &filled).await;
    let after = page(&console, answer.location()).await;
    assert!(after.contains("The mapping is stored. Orders that stopped before it still stand"), "{after}");
    let found = world.ledger.mappings(&store, &[World::klarna()]).await.unwrap();
    assert_eq!(found[&World::klarna()], Vec::<String>::new());
    assert!(world.ledger.jobs(&store, 1).await.unwrap().is_empty(), "only the mapping was asked for");
}

#[tokio::test]
async fn a_mapping_beside_a_release_that_is_under_way_says_so() {
    let world = World::new();
    world.excepted(1).await;
    let console = opened(&world).await;
    let group = page(&console, &link(&page(&console, "/console/exceptions").await, "klarna")).await;
    let released = send(&console, &group, "/console/exceptions/group/release", &[("why", "try again")]).await;
    assert_eq!(released.status, StatusCode::SEE_OTHER, "{}", released.body);
    let filled = [("codes", "KLARNA"), ("why", "a new payment method"), ("release", "yes")];
    let answer = send(&console, &group, "/console/exceptions/group/map", &filled).await;
    let after = page(&console, answer.location()).await;
    assert!(after.contains("A release of its orders is under way already"), "{after}");
}

#[tokio::test]
async fn an_order_is_found_held_and_let_go_on() {
    let world = World::new();
    let key = world.excepted(7).await;
    let console = opened(&world).await;
    let found = console.get("/console/search?q=7").await;
    assert_eq!((found.status, found.location()), (StatusCode::SEE_OTHER, "/console/orders/main/7"));
    let order = page(&console, found.location()).await;
    let answer =
        send(&console, &order, "/console/orders/main/7/hold", &[("why", "the customer calls")]).await;
    assert_eq!(
        (answer.status, answer.location()),
        (StatusCode::SEE_OTHER, "/console/orders/main/7?done=hold")
    );
    let record = world.ledger.record(&key).await.unwrap().unwrap();
    assert_eq!(record.hold, Hold::Held { reason: "the customer calls".into() });
    let held = page(&console, answer.location()).await;
    assert!(held.contains("nothing happens to the order until somebody retries it"));
    assert!(held.contains("ada (local) held it"), "the timeline says who");
    let answer = send(&console, &held, "/console/orders/main/7/retry", &[("why", "they called")]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    assert_eq!(world.hints.take().len(), 1, "it goes on at once");
}

#[tokio::test]
async fn a_dry_run_says_what_would_happen_and_writes_nothing() {
    let world = World::new();
    let key = world.excepted(7).await;
    let console = opened(&world).await;
    let before = world.ledger.record(&key).await.unwrap();
    let order = page(&console, "/console/orders/main/7").await;
    let preview = page(&console, &link(&order, "Dry run")).await;
    assert!(preview.contains("Nothing was sent.") && preview.contains("unmapped_payment"), "{preview}");
    assert_eq!(world.ledger.record(&key).await.unwrap(), before);
}

#[tokio::test]
async fn what_goes_wrong_is_a_page_that_says_what_to_do() {
    let world = World::new();
    world.excepted(7).await;
    let console = opened(&world).await;
    let order = page(&console, "/console/orders/main/7").await;
    let refused = send(&console, &order, "/console/orders/main/7/hold", &[("why", " ")]).await;
    let missing = console.get("/console/orders/main/8").await;
    let nowhere = console.get("/console/nowhere").await;
    let twice = console.get("/console/stuck?store=main&store=main").await;
    let other = console.get("/console/stuck?store=other").await;
    for (answer, status) in [
        (refused, StatusCode::UNPROCESSABLE_ENTITY),
        (missing, StatusCode::NOT_FOUND),
        (nowhere, StatusCode::NOT_FOUND),
        (twice, StatusCode::BAD_REQUEST),
        (other, StatusCode::NOT_FOUND),
    ] {
        assert_eq!(answer.status, status, "{}", answer.body);
        let main = html::main(&answer.body);
        assert!(main.contains("What happened") && main.contains("What to do") && main.contains("Go back"));
    }
    assert_eq!(world.ledger.noted_actions().len(), 0, "nothing was done");
}

#[tokio::test]
async fn a_form_without_its_token_does_nothing() {
    let world = World::new();
    let key = world.excepted(7).await;
    let console = opened(&world).await;
    let order = page(&console, "/console/orders/main/7").await;
    let address = "/console/orders/main/7/hold";
    let answer = send(&console, &order, address, &[("csrf", "another"), ("why", "a good reason")]).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    let record = world.ledger.record(&key).await.unwrap().unwrap();
    assert!(matches!(record.hold, Hold::Exception(_)));
}
