//! The pages: what they show, that they are whole without a script, that
//! everybody can read them, and that nothing in them can be more than text.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests")]

mod html;
mod runbook;
mod samples;
mod says;
mod walk;
#[expect(dead_code, reason = "the tests of the API use more of it")]
#[path = "../http/world.rs"]
mod world;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use console::pages;
use console::pages::layout::NAVIGATION;
use html::{Tag, tags};

/// Every page by name, of somebody who may act.
fn all() -> Vec<(&'static str, String)> {
    samples::pages(&samples::frame(true))
}

#[test]
fn pages_show_what_they_are_given() {
    for (name, page) in all() {
        insta::assert_snapshot!(name, html::readable(&html::main(&page)));
    }
}

#[test]
fn the_frame_is_the_same_around_every_page() {
    let page = all().swap_remove(0).1;
    let frame = page.replace(&html::main(&page), "…");
    let hash = |text: &str| text.split_once("?v=").map(|(_, rest)| rest.get(..16).unwrap().to_owned());
    let frame = hash(&frame).map_or(frame.clone(), |hash| frame.replace(&hash, "HASH"));
    let frame =
        hash(&frame.replace("?v=HASH", "")).map_or(frame.clone(), |hash| frame.replace(&hash, "HASH"));
    insta::assert_snapshot!("frame", html::readable(&frame));
}

#[test]
fn who_may_only_look_sees_no_form_that_acts() {
    for (name, page) in samples::pages(&samples::frame(false)) {
        let main = html::main(&page);
        assert!(!main.contains(r#"method="post""#), "{name} offers an action to somebody who may only look");
    }
}

#[test]
fn everything_that_acts_carries_its_token_and_asks_why() {
    for (name, page) in all() {
        for form in html::main(&page).split("<form").skip(1) {
            let form = form.split("</form>").next().unwrap();
            if !form.contains(r#"method="post""#) {
                continue;
            }
            assert!(
                form.contains(r#"name="csrf" value="TOKEN""#),
                "{name}: a form without its token: {form}"
            );
            assert!(form.contains(r#"name="why" required"#), "{name}: a form that does not ask why: {form}");
            assert!(form.contains("<button"), "{name}: a form that nobody can send: {form}");
        }
    }
}

/// Names of the outside are text, wherever they come from.
#[test]
fn nothing_from_outside_becomes_markup() {
    let evil = samples::EVIL;
    for (name, page) in samples::evil_pages(&samples::frame(true)) {
        assert!(!page.contains(evil), "{name} lets markup through");
        assert!(page.contains("&lt;script&gt;"), "{name} does not show the name at all");
        let inside: Vec<Tag> = tags(&page).into_iter().filter(|tag| tag.name == "script").collect();
        assert_eq!(inside.len(), 1, "{name} has a script that is not ours");
        for tag in tags(&page) {
            let href = tag.attribute("href").unwrap_or_default();
            assert!(!href.contains(['<', '>', '"']), "{name}: {href}");
        }
    }
}

#[test]
fn no_page_has_style_or_script_inside_it() {
    for (name, page) in all() {
        for tag in tags(&page) {
            assert_ne!(tag.name, "style", "{name}");
            assert!(tag.attribute("style").is_none(), "{name}: a style inside {tag:?}");
            assert!(tag.name != "script" || tag.attribute("src").is_some(), "{name}: a script inside");
            let handler = tag.attributes.iter().find(|(key, _)| key.starts_with("on"));
            assert!(handler.is_none(), "{name}: a handler inside {tag:?}");
            for key in ["src", "href", "action"] {
                let to = tag.attribute(key).unwrap_or_default();
                let outside = to.starts_with("http") && !to.starts_with(samples::SHOP);
                assert!(!outside && !to.starts_with("javascript"), "{name}: {to}");
            }
        }
    }
}

#[test]
fn everybody_can_read_every_page() {
    for (name, page) in all() {
        let tags = tags(&page);
        let count = |wanted: &str| tags.iter().filter(|tag| tag.name == wanted).count();
        let first = |wanted: &str| tags.iter().find(|tag| tag.name == wanted);
        assert_eq!(first("html").unwrap().attribute("lang"), Some("en"), "{name}");
        assert_eq!((count("h1"), count("main"), count("title")), (1, 1, 1), "{name}: one of each");
        assert!(page.contains(r##"<a class="skip" href="#main">"##), "{name}: the way past the navigation");
        assert!(
            first("meta").is_some() && page.contains("width=device-width"),
            "{name}: readable on a phone"
        );
        assert_eq!(count("table"), count("caption"), "{name}: each table says what it is");
        assert!(
            tags.iter().filter(|tag| tag.name == "th").all(|th| th.attribute("scope").is_some()),
            "{name}"
        );
        unique_ids(name, &tags);
        labelled(name, &tags);
        headings_in_order(name, &tags);
        for time in tags.iter().filter(|tag| tag.name == "time") {
            assert!(time.attribute("datetime").is_some_and(|at| at.ends_with('Z')), "{name}: {time:?}");
        }
    }
}

fn unique_ids(name: &str, tags: &[Tag]) {
    let ids: Vec<&str> = tags.iter().filter_map(|tag| tag.attribute("id")).collect();
    let unique: BTreeSet<&&str> = ids.iter().collect();
    assert_eq!(ids.len(), unique.len(), "{name}: an id stands twice in {ids:?}");
    for key in ["aria-labelledby", "aria-describedby"] {
        for wanted in tags.iter().filter_map(|tag| tag.attribute(key)) {
            assert!(ids.contains(&wanted), "{name}: {key} names {wanted}, which is not there");
        }
    }
}

/// Whatever is filled in has a label that names it.
fn labelled(name: &str, tags: &[Tag]) {
    let labels: BTreeSet<&str> =
        tags.iter().filter(|tag| tag.name == "label").filter_map(|tag| tag.attribute("for")).collect();
    let fields = tags.iter().filter(|tag| ["input", "select", "textarea"].contains(&tag.name.as_str()));
    for field in fields.filter(|field| field.attribute("type") != Some("hidden")) {
        let id = field.attribute("id").unwrap_or_else(|| panic!("{name}: a field without an id: {field:?}"));
        assert!(labels.contains(id), "{name}: the field {id} has no label");
    }
}

/// No level is left out on the way down.
fn headings_in_order(name: &str, tags: &[Tag]) {
    let mut level = 0;
    let dialog = tags.iter().position(|tag| tag.name == "dialog").unwrap_or(tags.len());
    for tag in tags.iter().take(dialog) {
        let Some(next) = tag.name.strip_prefix('h').and_then(|digit| digit.parse::<u8>().ok()) else {
            continue;
        };
        assert!(next <= level + 1, "{name}: h{next} after h{level}");
        level = next;
    }
}

/// What every page loads together is less than a photograph of it.
#[test]
fn pages_are_light() {
    let assets = pages::assets::STYLE.len() + pages::assets::SCRIPT.len();
    for (name, page) in all() {
        let weight = page.len() + assets;
        assert!(weight < 60_000, "{name} weighs {weight} bytes");
    }
}

#[test]
fn keys_lead_to_pages_and_no_two_to_the_same() {
    let places: Vec<_> = NAVIGATION.iter().flat_map(|(_, places)| places.iter()).collect();
    let keys: BTreeSet<&str> = places.iter().map(|place| place.key).collect();
    assert_eq!(keys.len(), places.len());
    assert!(keys.iter().all(|key| key.len() == 1 && !["j", "k", "g"].contains(key)));
}

/// For looking at: `target/tmp/console-pages`, with the style sheet beside.
#[test]
fn pages_are_written_where_people_can_look_at_them() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("console-pages");
    let assets = folder.join("assets");
    fs::create_dir_all(&assets).unwrap();
    fs::write(assets.join("console.css"), pages::assets::STYLE).unwrap();
    fs::write(assets.join("console.js"), pages::assets::SCRIPT).unwrap();
    for (name, page) in all() {
        let page = page.replace("/console/assets/", "assets/");
        assert!(page.len() > 1_000, "{name} is empty");
        fs::write(folder.join(format!("{name}.html")), page).unwrap();
    }
}
