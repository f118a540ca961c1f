//! The guide says what is so: its tables are compared with what happens, and with what there is.

use std::{fs, path::Path};

use axum::{Router, routing::get};
use clerk_axum::{
    ActiveOrganization, ApiKey, Auth, Claims, ClerkOrganization, ClerkUser, Has, Machine, Requirement,
    Session, token::Check,
};
use clerk_tests::{
    Instance,
    guarded::{Visitors, ask, authenticated},
};
use http::Method;
use serde_json::Value;

const EXTRACTORS: &str = include_str!("../../../clerk-axum/src/guide/extractors.md");
const TROUBLE: &str = include_str!("../../../clerk-axum/src/guide/troubleshooting.md");
const WEBHOOKS: &str = include_str!("../../../clerk-axum/src/guide/webhooks.md");

struct Manager;

impl Requirement for Manager {
    fn check() -> Check {
        Check::new().permission("org:users:manage")
    }
}

/// An application that asks for each of them.
fn app() -> Router {
    Router::new()
        .route("/Auth", get(async |_: Auth| "in"))
        .route("/Session", get(async |_: Session| "in"))
        .route("/Claims", get(async |_: Claims<Value>| "in"))
        .route("/Has", get(async |_: Has<Manager>| "in"))
        .route("/ActiveOrganization", get(async |_: ActiveOrganization| "in"))
        .route("/ClerkUser", get(async |_: ClerkUser| "in"))
        .route("/ClerkOrganization", get(async |_: ClerkOrganization| "in"))
        .route("/ApiKey", get(async |_: ApiKey| "in"))
        .route("/Machine", get(async |_: Machine| "in"))
        .route("/Option/Auth", get(async |it: Option<Auth>| said(it.is_some())))
        .route("/Option/Session", get(async |it: Option<Session>| said(it.is_some())))
        .route("/Option/Claims", get(async |it: Option<Claims<Value>>| said(it.is_some())))
        .route("/Option/Has", get(async |it: Option<Has<Manager>>| said(it.is_some())))
        .route("/Option/ActiveOrganization", get(async |it: Option<ActiveOrganization>| said(it.is_some())))
        .route("/Option/ClerkUser", get(async |it: Option<ClerkUser>| said(it.is_some())))
        .route("/Option/ClerkOrganization", get(async |it: Option<ClerkOrganization>| said(it.is_some())))
        .route("/Option/ApiKey", get(async |it: Option<ApiKey>| said(it.is_some())))
        .route("/Option/Machine", get(async |it: Option<Machine>| said(it.is_some())))
}

fn said(is_some: bool) -> &'static str {
    if is_some { "some" } else { "none" }
}

/// The names in a table's first cell, without their parameters.
fn names(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).map(|name| name.split('<').next().unwrap()).collect()
}

/// The rows of the table whose head begins with this.
fn rows<'a>(page: &'a str, head: &str) -> Vec<Vec<&'a str>> {
    let lines = page.lines().skip_while(|line| !line.starts_with(head)).skip(2);
    let rows: Vec<Vec<&str>> = lines
        .take_while(|line| line.starts_with('|'))
        .map(|line| line.trim_matches('|').split(" | ").map(|cell| cell.trim_matches(['|', ' '])).collect())
        .collect();
    assert!(!rows.is_empty(), "there is no table that begins with {head:?}");
    rows
}

/// The visitors of the table's columns but the last.
const COLUMNS: [&str; 7] = ["nobody", "a stranger", "pending", "Alan", "Ada", "a script", "down"];

#[tokio::test]
async fn extractors_answer_as_the_table_says() {
    let instance = Instance::new();
    let visitors = Visitors::of(&instance);
    let (with, without) = (authenticated(&instance, app()), app());
    let mut cells = 0;
    for row in rows(EXTRACTORS, "| | nobody |") {
        assert_eq!(row.len(), COLUMNS.len() + 2, "{row:?}");
        for name in names(row[0]) {
            for (column, cell) in row[1..].iter().enumerate() {
                let visitor = COLUMNS.get(column);
                let token =
                    visitors.iter().find(|(name, _)| Some(name) == visitor).map_or("", |(_, token)| token);
                let app = if visitor.is_some() { &with } else { &without };
                let answer = ask(app, Method::GET, &format!("/{name}"), token).await;
                let status = answer.status.as_str();
                assert!(cell.contains(status), "{name} for {visitor:?}: {status} instead of {cell}");
                assert!(
                    names(cell).iter().all(|code| *code == answer.code()),
                    "{name} {visitor:?}: {}",
                    answer.code()
                );
                cells += 1;
            }
        }
    }
    assert!(cells > 60, "{cells}");
}

/// The visitors that a part of a cell speaks of.
fn meant(part: &str) -> &'static [&'static str] {
    let meanings: [(&str, &[&str]); 9] = [
        // Those of the row above, or nobody who passes the layer.
        ("the same", &[]),
        ("no layer", &[]),
        ("no token", &["nobody"]),
        ("pending session", &["pending"]),
        ("no session", &["a script"]),
        ("personal account", &["Alan"]),
        ("session that lacks", &["Alan", "Grace"]),
        // Of a machine.
        ("session", &["pending", "Alan", "Grace", "Ada"]),
        ("another kind", &["pending", "Alan", "Grace", "Ada"]),
    ];
    let meaning = meanings.into_iter().find(|(words, _)| part.contains(words));
    meaning.unwrap_or_else(|| panic!("who is meant by {part:?}?")).1
}

#[tokio::test]
async fn options_are_none_where_the_page_says() {
    let instance = Instance::new();
    let visitors = Visitors::of(&instance);
    let (with, without) = (authenticated(&instance, app()), app());
    let (mut absent, mut seen) = (Vec::new(), Vec::new());
    for row in rows(EXTRACTORS, "| `Option<T>` of |") {
        let cell = row[1].replace(" and ", ",").replace(" or ", ",");
        let parts: Vec<_> = cell.split(',').map(str::trim).filter(|part| !part.is_empty()).collect();
        let needs_layer = parts != ["no layer"];
        if !parts.contains(&"the same") {
            absent.clear();
        }
        absent.extend(parts.into_iter().flat_map(meant));
        for name in names(row[0]) {
            let path = format!("/Option/{name}");
            for (visitor, token) in visitors.iter() {
                let expected = match visitor {
                    _ if absent.contains(&&visitor) => "none",
                    // Bad rejects, and undecided rejects.
                    "a stranger" if needs_layer => "401",
                    "down" if needs_layer => "503",
                    _ => "some",
                };
                let answer = ask(&with, Method::GET, &path, token).await;
                let got = if answer.status == 200 { answer.body } else { answer.status.as_str().to_owned() };
                assert_eq!(got, expected, "Option<{name}> for {visitor}");
            }
            let answer = ask(&without, Method::GET, &path, "").await;
            let got = if needs_layer { answer.code() } else { answer.body };
            assert_eq!(got, if needs_layer { "clerk-layer-missing" } else { "none" }, "Option<{name}>");
            seen.push(name);
        }
    }
    for name in
        ["Session", "ClerkUser", "Claims", "ActiveOrganization", "ClerkOrganization", "Has", "ApiKey", "Auth"]
    {
        assert!(seen.contains(&name), "{name} has no row");
    }
}

/// The texts in quotes that follow `before`, in a file of the project.
fn quoted(file: &str, before: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file);
    let text = fs::read_to_string(&path).unwrap();
    let code = text.split("\nmod tests").next().unwrap();
    let found: Vec<String> = code
        .split(before)
        .skip(1)
        .filter_map(|rest| rest.trim_start().strip_prefix('"')?.split('"').next())
        .filter(|text| !text.is_empty() && (!text.contains(' ') || text.starts_with("No token")))
        .map(ToOwned::to_owned)
        .collect();
    assert!(!found.is_empty(), "{file} has no {before:?}");
    found
}

#[test]
fn every_reason_has_a_row() {
    let reasons = quoted("clerk-core/src/authenticate/reason.rs", " = ");
    assert!(reasons.len() > 30, "{reasons:?}");
    for reason in reasons {
        // What a carrier gives a code of its own is never seen.
        let is_inner =
            matches!(&*reason, "token-expired" | "token-not-active-yet" | "token-iat-in-the-future");
        let is_expired = reason.starts_with("session-token-expired-refresh-");
        assert!(is_inner || is_expired || TROUBLE.contains(&format!("`{reason}`")), "{reason}");
    }
    assert!(TROUBLE.contains("`session-token-expired-refresh-…`"));
}

#[test]
fn every_answer_to_a_delivery_has_a_row() {
    let file = "clerk-tower/src/server/webhook/rejection.rs";
    let mut codes = quoted(file, "refuse(");
    for status in
        ["BAD_REQUEST", "PAYLOAD_TOO_LARGE", "METHOD_NOT_ALLOWED", "CONFLICT", "INTERNAL_SERVER_ERROR"]
    {
        codes.extend(quoted(file, &format!("StatusCode::{status},")));
    }
    assert!(codes.len() > 9, "{codes:?}");
    for code in codes {
        // What no present error comes to.
        assert!(code == "webhook-refused" || WEBHOOKS.contains(&format!("`{code}`")), "{code}");
    }
}

#[test]
fn every_code_and_every_cause_has_a_row() {
    let reject = "clerk-tower/src/server/rejection/mod.rs";
    let mut codes = quoted(reject, "Self::forbidden(");
    for status in ["UNAUTHORIZED", "BAD_REQUEST", "SERVICE_UNAVAILABLE", "NOT_FOUND", "INTERNAL_SERVER_ERROR"]
    {
        codes.extend(quoted(reject, &format!("StatusCode::{status},")));
    }
    codes.extend(quoted("clerk-core/src/authenticate/diagnosis.rs", "=>"));
    codes.extend(quoted("clerk-tower/src/telemetry.rs", "cause ="));
    assert!(codes.len() > 25, "{codes:?}");
    for code in codes {
        assert!(TROUBLE.contains(&format!("`{code}`")), "{code}");
    }
}
