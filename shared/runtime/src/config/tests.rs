use serde_json::{Value, json};

use super::documents::Document;
use super::*;

fn store(id: &str) -> Value {
    json!({
        "store": id, "url": "https://shop.example.com/", "secret": "weir/store/main",
        "entities": [{"entity": "eu", "erp": "books"}],
    })
}

fn erp(id: &str) -> Value {
    json!({
        "$schema": "../schemas/erp.json", "erp": id, "kind": "tryton", "url": "https://erp.example.com/", "secret": "weir/erp/books",
        "database": "weir", "company": 1, "warehouse": 2, "web_shops": {"main": 1, "second": 2},
        "taxes": {"VAT20": 1}, "rounding": {"item": "ROUND", "tax_unit": {"EUR": 9}},
    })
}

fn mappings(id: &str) -> Value {
    json!({"store": id, "mappings": {"tax": {"rates:1": ["VAT20"], "none:JP": []}, "item": {"sku:MUG": ["M-1"]}}})
}

fn document(folder: &str, name: &str, text: &str) -> Document {
    Document { name: name.into(), path: format!("{folder}/{name}.json"), text: Ok(text.into()) }
}

fn documents(stores: &[(&str, Value)], erps: &[(&str, Value)], seeds: &[(&str, Value)]) -> Documents {
    let all = |folder: &str, of: &[(&str, Value)]| {
        of.iter().map(|(name, value)| document(folder, name, &value.to_string())).collect()
    };
    let (stores, erps, mappings) = (all("stores", stores), all("erps", erps), all("mappings", seeds));
    Documents { stores, erps, mappings, console: None }
}

fn load(stores: &[(&str, Value)], erps: &[(&str, Value)], seeds: &[(&str, Value)]) -> Configuration {
    Configuration::of(&documents(stores, erps, seeds), Profile::Aws)
}

fn changed(mut value: Value, pointer: &str, to: Value) -> Value {
    *value.pointer_mut(pointer).unwrap() = to;
    value
}

fn shown(configuration: &Configuration) -> Vec<String> {
    configuration.problems.iter().map(ToString::to_string).collect()
}

fn id(name: &str) -> StoreId {
    name.parse().unwrap()
}

#[test]
fn good_documents_have_no_problems() {
    let loaded = load(&[("main", store("main"))], &[("books", erp("books"))], &[("main", mappings("main"))]);
    assert_eq!(shown(&loaded), Vec::<String>::new());
    assert_eq!(loaded.usable_stores().count(), 1);
    assert_eq!(loaded.erps.len(), 1);
    assert_eq!(loaded.seeds[&id("main")].len(), 3);
    assert!(loaded.store(&id("main")).is_ok());
    assert_eq!(loaded.store(&id("other")).unwrap_err().why, "there is no stores/other.json");
}

#[test]
fn a_wrong_console_document_disables_nothing_but_the_console() {
    let main = [("main", store("main"))];
    let with = |text: Option<Value>| {
        let mut documents = documents(&main, &[("books", erp("books"))], &[]);
        documents.console = text.map(|text| Document {
            name: "console".into(),
            path: "console.json".into(),
            text: Ok(text.to_string()),
        });
        Configuration::of(&documents, Profile::Aws)
    };
    assert!(with(None).console.is_none());
    let good = json!({
        "issuer": "https://login.example.com", "secret": "weir/console", "url": "https://weir.example.com/",
        "roles": {"act": ["operators"]},
    });
    let loaded = with(Some(good.clone()));
    let console = loaded.console.as_ref().unwrap().as_ref().unwrap();
    assert_eq!((console.session_hours, console.roles.claim.as_str()), (8, "groups"));
    assert_eq!(shown(&loaded), Vec::<String>::new());
    let wrong = with(Some(changed(good, "/issuer", json!("http://login.example.com"))));
    assert!(wrong.console.unwrap().is_err());
    assert_eq!(wrong.problems[0].to_string(), "console.json: issuer: must be an https URL");
    assert_eq!(wrong.stores.values().filter(|store| store.is_ok()).count(), 1);
}

#[test]
fn a_wrong_store_disables_only_itself() {
    let wrong = changed(store("second"), "/entities/0/entity", json!(7));
    let loaded = load(&[("main", store("main")), ("second", wrong)], &[("books", erp("books"))], &[]);
    assert!(loaded.store(&id("main")).is_ok());
    let disabled = loaded.store(&id("second")).unwrap_err().why;
    assert!(
        disabled.starts_with("stores/second.json: entities[0].entity: invalid type: integer `7`"),
        "{disabled}"
    );
    assert_eq!(shown(&loaded), [disabled]);
}

#[test]
fn a_wrong_erp_disables_the_stores_that_use_it() {
    let other = changed(store("second"), "/entities/0/erp", json!("other"));
    let mut wrong = erp("books");
    wrong["timeout_s"] = json!(0);
    let loaded = load(
        &[("main", store("main")), ("second", other)],
        &[("books", wrong), ("other", erp("other"))],
        &[],
    );
    assert!(loaded.store(&id("second")).is_ok());
    let disabled = loaded.store(&id("main")).unwrap_err().why;
    assert_eq!(disabled, "stores/main.json: entities[0].erp: erps/books.json is wrong");
    let problems = shown(&loaded);
    assert_eq!(problems, ["erps/books.json: timeout_s: must be 1 to 50: a function runs for 60", &disabled]);
    assert_eq!(loaded.erps.len(), 1);
}

#[test]
fn references_must_lead_somewhere() {
    let loaded = load(&[("main", store("main"))], &[], &[]);
    assert_eq!(shown(&loaded), ["stores/main.json: entities[0].erp: there is no erps/books.json"]);

    let unserved = changed(erp("books"), "/web_shops", json!({}));
    let loaded = load(&[("main", store("main"))], &[("books", unserved)], &[]);
    assert!(loaded.store(&id("main")).is_err());
    assert!(shown(&loaded)[0].contains("add it to web_shops"));

    let loaded = load(&[("main", store("main"))], &[("books", erp("books"))], &[("mian", mappings("mian"))]);
    assert!(loaded.store(&id("main")).is_ok());
    assert_eq!(shown(&loaded), ["mappings/mian.json: store: there is no stores/mian.json"]);
}

#[test]
fn a_store_sells_from_locations_that_its_erp_describes() {
    let selling = |id: &str, locations: Value| {
        let mut store = store(id);
        store["stock"] = json!({"entity": "eu", "locations": locations});
        store
    };
    let mut described = erp("books");
    described["locations"] = json!({"main": {"warehouse": 3}, "floor": {"warehouse": 8, "owner": "pos"}});
    let both = [
        ("main", selling("main", json!(["main", "floor"]))),
        ("second", selling("second", json!(["floor"]))),
    ];
    assert_eq!(shown(&load(&both, &[("books", described)], &[])), Vec::<String>::new(), "one pool for two");

    let loaded = load(&both[..1], &[("books", erp("books"))], &[]);
    assert_eq!(
        shown(&loaded),
        [
            r#"stores/main.json: stock.locations: erps/books.json does not describe "floor", "main": add it to locations"#
        ]
    );
    assert!(loaded.store(&id("main")).is_err());

    let loaded = load(&both[..1], &[], &[]);
    assert_eq!(shown(&loaded), ["stores/main.json: entities[0].erp: there is no erps/books.json"]);
}

#[test]
fn an_entitys_stock_is_in_one_erp() {
    let selling = |id: &str, entity: &str, erp: &str| {
        let mut store = store(id);
        store["entities"] = json!([{"entity": entity, "erp": erp}]);
        store["stock"] = json!({"entity": entity, "locations": ["main"]});
        store
    };
    let described = |name: &str| {
        let mut erp = erp(name);
        erp["locations"] = json!({"main": {"warehouse": 3}});
        erp["web_shops"] = json!({"a": 1, "b": 2, "c": 3, "d": 4});
        erp
    };
    let erps = [("books", described("books")), ("ledgers", described("ledgers"))];
    // Sells nothing of it, and books it elsewhere.
    let mut orders_only = selling("d", "eu", "ledgers");
    orders_only["stock"] = json!(null);
    let stores = [
        ("a", selling("a", "eu", "books")),
        ("b", selling("b", "eu", "ledgers")),
        ("c", selling("c", "us", "ledgers")),
        ("d", orders_only),
    ];
    let loaded = load(&stores, &erps, &[]);
    assert_eq!(
        shown(&loaded),
        [
            "stores/a.json: stock.entity: the stock of eu is in books here and in ledgers in stores/b.json: an entity's stock is in one ERP",
            "stores/b.json: stock.entity: the stock of eu is in ledgers here and in books in stores/a.json: an entity's stock is in one ERP",
        ]
    );
    let usable: Vec<&str> = loaded.usable_stores().map(|store| store.store.as_str()).collect();
    assert_eq!(usable, ["c", "d"]);
}

#[test]
fn wrong_mappings_disable_their_store() {
    let cases = [
        (
            "/mappings/item/sku:MUG",
            json!(["A", "B"]),
            r#"mappings.item."sku:MUG": needs exactly one code, has 2"#,
        ),
        (
            "/mappings/tax/rates:1",
            json!([" "]),
            r#"mappings.tax."rates:1": names and codes must not be empty"#,
        ),
    ];
    for (pointer, to, problem) in cases {
        let wrong = changed(mappings("main"), pointer, to);
        let loaded = load(&[("main", store("main"))], &[("books", erp("books"))], &[("main", wrong)]);
        assert_eq!(shown(&loaded), [format!("mappings/main.json: {problem}")]);
        assert!(loaded.store(&id("main")).is_err());
        assert!(loaded.seeds.is_empty());
    }
}

#[test]
fn files_are_named_as_what_they_hold() {
    let loaded = load(&[("main", store("second")), ("Main", store("main"))], &[("books", erp("books"))], &[]);
    let problems = shown(&loaded);
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(problems[0].starts_with("stores/Main.json: store: is \"main\", but the file is named \"Main\""));
    assert!(
        problems[1].starts_with("stores/main.json: store: is \"second\", but the file is named \"main\"")
    );
    assert_eq!(loaded.usable_stores().count(), 0);
}

#[test]
fn plain_http_needs_the_local_profile() {
    let local = || {
        documents(
            &[("main", changed(store("main"), "/url", json!("http://127.0.0.1:8080/")))],
            &[("books", erp("books"))],
            &[],
        )
    };
    assert_eq!(Configuration::of(&local(), Profile::Local).problems, []);
    let refused = Configuration::of(&local(), Profile::Aws);
    assert_eq!(
        shown(&refused),
        ["stores/main.json: url: plain http to loopback is for the local profile only"]
    );
}

#[test]
fn what_is_not_json_or_has_unknown_fields_is_a_problem_of_its_document() {
    let mut broken = documents(&[], &[("books", erp("books"))], &[]);
    broken.stores = vec![
        document("stores", "a", "{"),
        document("stores", "b", &format!("{} x", store("b"))),
        document("stores", "c", r#"{"store": "c", "urll": 1}"#),
        Document { name: "d".into(), path: "stores/d.json".into(), text: Err("cannot be read: no".into()) },
    ];
    let loaded = Configuration::of(&broken, Profile::Aws);
    let problems = shown(&loaded);
    assert!(problems[0].starts_with("stores/a.json: EOF while parsing"), "{problems:?}");
    assert!(problems[1].starts_with("stores/b.json: trailing characters"), "{problems:?}");
    assert!(problems[2].starts_with("stores/c.json: urll: unknown field `urll`"), "{problems:?}");
    assert_eq!(problems[3], "stores/d.json: cannot be read: no");
    assert_eq!(loaded.stores.values().filter(|store| store.is_err()).count(), 4);
}

#[test]
fn no_store_at_all_is_a_problem() {
    assert_eq!(shown(&load(&[], &[("books", erp("books"))], &[])), ["stores/: there is no store"]);
}

/// A directory of this test process, gone with the value.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let directory = std::env::temp_dir().join(format!("weir-config-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        Self(directory)
    }

    fn put(&self, path: &str, text: &str) {
        let file = self.0.join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).unwrap();
    }
}

#[test]
fn a_directory_is_read_and_what_is_not_json_left_alone() {
    let directory = Directory::new("good");
    directory.put("stores/main.json", &store("main").to_string());
    directory.put("stores/README.md", "not a store");
    directory.put("erps/books.json", &erp("books").to_string());
    assert_eq!(check_directory(&directory.0, Profile::Aws), [], "mappings are optional");
    directory.put("mappings/main.json", &mappings("main").to_string());
    let loaded = Configuration::load(&directory.0, Profile::Aws).unwrap();
    assert_eq!((loaded.usable_stores().count(), loaded.seeds[&id("main")].len()), (1, 3));

    directory.put("stores/second.json/a", "a folder in the place of a file");
    directory.put("stores/third.json", "\u{feff}{}");
    let problems: Vec<String> =
        check_directory(&directory.0, Profile::Aws).iter().map(ToString::to_string).collect();
    assert!(problems[0].starts_with("stores/second.json: cannot be read"), "{problems:?}");
    assert!(problems[1].starts_with("stores/third.json: "), "{problems:?}");
    assert_eq!(Configuration::load(&directory.0, Profile::Aws).unwrap().usable_stores().count(), 1);
}

#[test]
fn a_directory_without_documents_is_refused_in_one_line() {
    let directory = Directory::new("empty");
    let error = Configuration::load(&directory.0, Profile::Aws).unwrap_err().to_string();
    assert_eq!(
        error,
        format!("no configuration in {}: stores/ cannot be read (entity not found)", directory.0.display())
    );
    assert_eq!(check_directory(&directory.0, Profile::Aws).len(), 1);
}
