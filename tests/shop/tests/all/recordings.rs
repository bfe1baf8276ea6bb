//! The recorded requests, played in their order against a shop that was set up
//! the same way, at the recorded times.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::common::{Answer, Call, Receiver, TestShop, say};
use crate::compare::differences;
use crate::deliveries;
use crate::script;

/// Recordings that are not compared, and why.
const NOT_REPLAYED: [(&str, &str); 0] = [];

/// Differences that are known and accepted: recording (empty: any), text in the
/// difference, reason.
const ACCEPTED: [(&str, &str, &str); 3] = [
    (
        "",
        r#".date_completed: "2026-11-23T20:41:08", recorded "2026-11-23T20:41:07""#,
        "one request saw two seconds",
    ),
    ("", r#".date_completed_gmt: "2026-11-23T19:41:08", recorded "2026-11-23T19:41:07""#, "the same"),
    ("orders-orderby-modified", "[].id: 23, recorded 24", "a tie: both were modified in one second"),
];

/// A recorded exchange.
pub(crate) struct Recording {
    pub(crate) name: String,
    pub(crate) doc: Value,
}

#[expect(clippy::disallowed_methods, reason = "the place of the recordings may be given")]
pub(crate) fn folder() -> PathBuf {
    std::env::var_os("WEIR_RECORDINGS").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/woocommerce"),
        PathBuf::from,
    )
}

fn load(name: &str) -> Recording {
    let path = folder().join("rest").join(format!("{name}.json"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{name}: {e}"));
    Recording { name: name.to_owned(), doc: serde_json::from_str(&text).unwrap() }
}

/// A shop being played to.
pub(crate) struct Stage {
    pub(crate) shop: TestShop,
    receiver: Receiver,
    closed: String,
    played: BTreeSet<String>,
    wrong: Vec<String>,
}

impl Stage {
    /// Plays a recording and compares.
    pub(crate) async fn play(&mut self, name: &str) {
        let recording = load(name);
        if let Some(moment) = moment(&recording) {
            self.at(&moment).await;
        }
        let answer = self.shop.send(self.call(&recording)).await;
        self.compare(&recording, &answer);
        self.played.insert(name.to_owned());
        self.shop.drain().await;
    }

    /// Sets the clock, `HH:MM:SS` of the day in UTC.
    pub(crate) async fn at(&self, time: &str) {
        self.shop.clock(&format!("2026-11-23T{time}Z")).await;
    }

    /// A request that was made but not recorded.
    pub(crate) async fn unrecorded(&self, method: &str, path: &str, body: Value) -> Value {
        let body = self.to_us(&body.to_string());
        let body = serde_json::from_str(&body).unwrap();
        let answer = self.shop.rest(method, path, Some(body)).await.ok();
        self.shop.drain().await;
        answer
    }

    fn to_us(&self, text: &str) -> String {
        let (_, receiver) = self.receiver.url.split_once("//").unwrap();
        text.replace("127.0.0.1:8089", receiver).replace("127.0.0.1:8087", &self.closed)
    }

    fn to_recorded(&self, text: &str) -> String {
        let (_, receiver) = self.receiver.url.split_once("//").unwrap();
        text.replace(receiver, "127.0.0.1:8089").replace(&self.closed, "127.0.0.1:8087")
    }

    fn call(&self, recording: &Recording) -> Call {
        let request = &recording.doc["request"];
        let text = |v: &Value| v.as_str().map_or_else(|| v.to_string(), str::to_owned);
        let query = request["query"].as_object().into_iter().flatten();
        let (body, kind) = match &request["body"] {
            Value::Null => (None, "application/json"),
            Value::String(raw) if recording.name == "error-415-like-no-content-type" => {
                (Some(raw.clone()), "text/plain")
            }
            Value::String(raw) => (Some(raw.clone()), "application/json"),
            body => (Some(self.to_us(&body.to_string())), "application/json"),
        };
        let accept = if recording.name.ends_with("-html") { "*/*" } else { "application/json" };
        let key = |key: &str, secret: &str| Some((key.to_owned(), secret.to_owned()));
        let basic = match (recording.doc["auth"].as_str().unwrap(), recording.name.as_str()) {
            ("read_write", _) => key("ck_read_write", "cs_read_write"),
            ("read", _) => key("ck_read", "cs_read"),
            ("write", _) => key("ck_write", "cs_write"),
            ("custom", "error-401-bad-secret") => key("ck_read_write", "cs_wrong"),
            ("custom", _) => key("ck_unknown", "cs_unknown"),
            _ => None,
        };
        Call {
            method: text(&request["method"]),
            path: text(&request["path"]),
            query: query.map(|(n, v)| (n.clone(), text(v))).collect(),
            body: body.map(|b| (b, kind.to_owned())),
            headers: vec![("accept".to_owned(), accept.to_owned())],
            basic,
        }
    }

    fn compare(&mut self, recording: &Recording, answer: &Answer) {
        let mut found = Vec::new();
        let recorded = &recording.doc;
        if recorded["status"] != json!(answer.status) {
            found.push(format!("status {}, recorded {}", answer.status, recorded["status"]));
        }
        for name in [
            "Content-Type",
            "Allow",
            "Location",
            "X-WP-Total",
            "X-WP-TotalPages",
            "Link",
            "Vary",
            "Retry-After",
            "Cache-Control",
            "X-Robots-Tag",
            "Access-Control-Expose-Headers",
        ] {
            let (theirs, ours) = (recorded["headers"][name].as_str(), answer.header(name));
            if theirs.map(sorted_links) != ours.map(sorted_links) {
                found.push(format!("header {name}: {ours:?}, recorded {theirs:?}"));
            }
        }
        if recorded["body_is_json"] == json!(true) {
            let mut ours = serde_json::from_str(&self.to_recorded(&answer.text)).unwrap_or(Value::Null);
            let mut theirs = recorded["body"].clone();
            if recording.name == "webhook-list" {
                align(&mut theirs, &mut ours);
            }
            found.extend(differences(&theirs, &ours));
        } else {
            found.extend(text_differences(recorded["body"].as_str().unwrap(), &answer.text));
        }
        found.retain(|difference| {
            !ACCEPTED.iter().any(|(name, text, _)| {
                (name.is_empty() || *name == recording.name) && difference.contains(text)
            })
        });
        self.wrong.extend(found.iter().map(|f| format!("{}: {f}", recording.name)));
    }
}

/// A `Link` header with its query parameters sorted: the recordings do not keep
/// the order in which they were sent.
fn sorted_links(header: &str) -> String {
    let sorted = |link: &str| {
        let Some((url, rel)) = link.split_once(">;") else { return link.to_owned() };
        let Some((base, query)) = url.split_once('?') else { return link.to_owned() };
        let mut pairs: Vec<&str> = query.split('&').collect();
        pairs.sort_unstable();
        format!("{base}?{}>;{rel}", pairs.join("&"))
    };
    header.split(", ").map(sorted).collect::<Vec<_>>().join(", ")
}

/// Pages of the edge and of WordPress: only their kind has to agree. A body
/// that a plugin spoilt has to be spoilt in the same way.
fn text_differences(recorded: &str, ours: &str) -> Vec<String> {
    let is_page = |text: &str| text.trim_start().starts_with("<!DOCTYPE html>");
    if is_page(recorded) && is_page(ours) {
        return Vec::new();
    }
    let squeeze = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let (a, b) = (squeeze(recorded), squeeze(ours));
    if a == b { Vec::new() } else { vec![format!("body {b:?}, recorded {a:?}")] }
}

/// When the request was carried out: the second it left in `date_modified_gmt`,
/// or that of the `Date` header (`Mon, 23 Nov 2026 19:41:06 GMT`), a little
/// later, where it wrote nothing.
fn moment(recording: &Recording) -> Option<String> {
    let header = recording.doc["headers"]["Date"].as_str()?.split(' ').nth(4)?.to_owned();
    let body = &recording.doc["body"];
    let written = [&body["date_modified_gmt"], &body["update"][0]["date_modified_gmt"]];
    let written = written.iter().find_map(|date| date.as_str()?.split_once('T'));
    match (recording.doc["request"]["method"].as_str(), written) {
        (Some("POST" | "PUT" | "PATCH"), Some((_, time))) => Some(header.min(time.to_owned())),
        _ => Some(header),
    }
}

/// A list whose order is chance (all of one second), brought into the recorded
/// order; what the recorded page does not show is left out on both sides.
fn align(recorded: &mut Value, ours: &mut Value) {
    let (Some(theirs), Some(mine)) = (recorded.as_array_mut(), ours.as_array_mut()) else { return };
    assert_eq!(theirs.len(), mine.len());
    theirs.retain(|one| mine.iter().any(|other| other["id"] == one["id"]));
    mine.retain(|one| theirs.iter().any(|other| other["id"] == one["id"]));
    mine.sort_by_key(|one| theirs.iter().position(|other| other["id"] == one["id"]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn recorded_requests_are_answered_as_recorded() {
    if !folder().join("rest").is_dir() {
        say("recordings absent: skipped");
        return;
    }
    let unused = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let closed = unused.local_addr().unwrap().to_string();
    drop(unused);
    let mut stage = Stage {
        shop: TestShop::open(script::settings()).await,
        receiver: Receiver::open().await,
        closed,
        played: BTreeSet::new(),
        wrong: Vec::new(),
    };
    script::run(&mut stage).await;
    deliveries::check(&folder().join("webhooks"), &stage.receiver.take());
    report(&stage);
    stage.shop.server.stop().await;
}

fn report(stage: &Stage) {
    let files = std::fs::read_dir(folder().join("rest")).unwrap();
    let all: BTreeSet<String> = files
        .map(|f| f.unwrap().file_name().into_string().unwrap())
        .filter_map(|name| name.strip_suffix(".json").map(str::to_owned))
        .collect();
    say(&format!("{} of {} recordings replayed", stage.played.len(), all.len()));
    let silent: Vec<&String> = all
        .iter()
        .filter(|name| !stage.played.contains(*name))
        .filter(|name| !NOT_REPLAYED.iter().any(|(known, _)| known == &name.as_str()))
        .collect();
    for (name, reason) in NOT_REPLAYED {
        say(&format!("not replayed: {name}: {reason}"));
    }
    for (name, text, reason) in ACCEPTED {
        say(&format!("accepted: {name} {text}: {reason}"));
    }
    assert!(silent.is_empty(), "neither replayed nor excused: {silent:?}");
    assert!(stage.wrong.is_empty(), "{} differences:\n{}", stage.wrong.len(), stage.wrong.join("\n"));
}
