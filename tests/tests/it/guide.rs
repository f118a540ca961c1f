//! Compares the tables of the guide with real responses, and checks that codes, reasons, causes, warnings and variables
//! have a row, and that links lead somewhere, in the documentation and on a code host.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use axum::{Router, routing::get};
use clerk_axum::{
    ActiveOrganization, ApiKey, Auth, Claims, ClerkOrganization, ClerkUser, Has, Machine, Meets, Requirement,
    Session, SessionRule, token::Check,
};
use clerk_tests::{
    Instance,
    guarded::{Visitors, ask, authenticated},
};
use http::Method;
use serde_json::Value;

use crate::links::headings;

const EXTRACTORS: &str = include_str!("../../../clerk-axum/src/guide/extractors.md");
const TROUBLE: &str = include_str!("../../../clerk-axum/src/guide/troubleshooting.md");
const SECURITY: &str = include_str!("../../../clerk-axum/src/guide/security.md");
const LOGGING: &str = include_str!("../../../clerk-tower/src/telemetry.md");
const DASHBOARD: &str = include_str!("../../../examples/observability/dashboard.json");
const ALERTS: &str = include_str!("../../../examples/observability/alerts.yml");
const WEBHOOKS: &str = include_str!("../../../clerk-axum/src/guide/webhooks.md");
const ENVIRONMENT: &str = include_str!("../../../clerk-tower/src/clerk/environment.md");

struct Manager;

impl Requirement for Manager {
    fn check() -> Check {
        Check::new().permission("org:users:manage")
    }
}

struct AdminsOnly;

impl SessionRule for AdminsOnly {
    const CODE: &'static str = "lacks-an-admin";

    fn is_met_by(session: &Session) -> bool {
        session.organization_role() == Some("org:admin")
    }
}

/// Returns an application with a route for each extractor.
fn app() -> Router {
    Router::new()
        .route("/Auth", get(async |_: Auth| "in"))
        .route("/Session", get(async |_: Session| "in"))
        .route("/Claims", get(async |_: Claims<Value>| "in"))
        .route("/Has", get(async |_: Has<Manager>| "in"))
        .route("/Meets", get(async |_: Meets<AdminsOnly>| "in"))
        .route("/ActiveOrganization", get(async |_: ActiveOrganization| "in"))
        .route("/ClerkUser", get(async |_: ClerkUser| "in"))
        .route("/ClerkOrganization", get(async |_: ClerkOrganization| "in"))
        .route("/ApiKey", get(async |_: ApiKey| "in"))
        .route("/Machine", get(async |_: Machine| "in"))
        .route("/Option/Auth", get(async |it: Option<Auth>| some_or_none(it.is_some())))
        .route("/Option/Session", get(async |it: Option<Session>| some_or_none(it.is_some())))
        .route("/Option/Claims", get(async |it: Option<Claims<Value>>| some_or_none(it.is_some())))
        .route("/Option/Has", get(async |it: Option<Has<Manager>>| some_or_none(it.is_some())))
        .route("/Option/Meets", get(async |it: Option<Meets<AdminsOnly>>| some_or_none(it.is_some())))
        .route(
            "/Option/ActiveOrganization",
            get(async |it: Option<ActiveOrganization>| some_or_none(it.is_some())),
        )
        .route("/Option/ClerkUser", get(async |it: Option<ClerkUser>| some_or_none(it.is_some())))
        .route(
            "/Option/ClerkOrganization",
            get(async |it: Option<ClerkOrganization>| some_or_none(it.is_some())),
        )
        .route("/Option/ApiKey", get(async |it: Option<ApiKey>| some_or_none(it.is_some())))
        .route("/Option/Machine", get(async |it: Option<Machine>| some_or_none(it.is_some())))
}

fn some_or_none(is_some: bool) -> &'static str {
    if is_some { "some" } else { "none" }
}

/// Returns the names in code quotes in a cell, without their parameters.
fn names(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).map(|name| name.split('<').next().unwrap()).collect()
}

/// Returns the rows of the table whose head starts with `head`.
fn rows<'a>(page: &'a str, head: &str) -> Vec<Vec<&'a str>> {
    let lines = page.lines().skip_while(|line| !line.starts_with(head)).skip(2);
    let rows: Vec<Vec<&str>> = lines
        .take_while(|line| line.starts_with('|'))
        .map(|line| line.trim_matches('|').split(" | ").map(|cell| cell.trim_matches(['|', ' '])).collect())
        .collect();
    assert!(!rows.is_empty(), "no table starts with {head:?}");
    rows
}

/// Returns the visitors of the table's columns.
const COLUMNS: [&str; 7] = ["nobody", "a stranger", "pending", "Alan", "Ada", "a script", "down"];

#[tokio::test]
async fn extractors_respond_as_the_table_says() {
    let instance = Instance::new();
    let visitors = Visitors::of(&instance);
    let (with, without) = (authenticated(&instance, app()), app());
    let mut cells = 0;
    for row in rows(EXTRACTORS, "| extractor | no token |") {
        assert_eq!(row.len(), COLUMNS.len() + 1, "{row:?}");
        for name in names(row[0]) {
            let path = format!("/{name}");
            for (visitor, cell) in COLUMNS.iter().zip(&row[1..]) {
                let token = visitors.iter().find(|(name, _)| name == visitor).unwrap().1;
                let response = ask(&with, Method::GET, &path, token).await;
                let status = response.status.as_str();
                assert!(cell.contains(status), "{name} for {visitor}: {status} instead of {cell}");
                let code = response.code();
                assert!(names(cell).iter().all(|named| *named == code), "{name} for {visitor}: {code}");
                cells += 1;
            }
            let response = ask(&without, Method::GET, &path, "").await;
            assert_eq!((response.status.as_u16(), &*response.code()), (500, "clerk-layer-missing"), "{name}");
        }
    }
    assert!(cells > 60, "{cells}");
}

/// Returns the visitors that a part of a cell means.
fn meant(part: &str) -> &'static [&'static str] {
    // The first match wins.
    let meanings: [(&str, &[&str]); 8] = [
        ("missing `ClerkLayer`", &[]),
        ("no token", &["nobody"]),
        ("pending session", &["pending"]),
        ("another kind of machine token", &[]),
        ("machine token", &["a script"]),
        ("personal account", &["Alan"]),
        ("session that lacks", &["Alan", "Grace"]),
        ("session", &["pending", "Alan", "Grace", "Ada"]),
    ];
    let meaning = meanings.into_iter().find(|(words, _)| part.contains(words));
    meaning.unwrap_or_else(|| panic!("no visitor is known for {part:?}")).1
}

#[tokio::test]
async fn optional_extractors_are_none_where_the_table_says() {
    let instance = Instance::new();
    let visitors = Visitors::of(&instance);
    let (with, without) = (authenticated(&instance, app()), app());
    let mut seen = Vec::new();
    for row in rows(EXTRACTORS, "| extractor | `None` for |") {
        let parts: Vec<_> = row[1].split(',').map(str::trim).collect();
        let needs_layer = !row[1].contains("`ClerkLayer`");
        let absent: Vec<_> = parts.into_iter().flat_map(meant).collect();
        for name in names(row[0]) {
            let path = format!("/Option/{name}");
            for (visitor, token) in visitors.iter() {
                let expected = match visitor {
                    _ if absent.contains(&&visitor) => "none",
                    // Invalid tokens, and tokens that cannot be checked, are rejected.
                    "a stranger" if needs_layer => "401",
                    "down" if needs_layer => "503",
                    _ => "some",
                };
                let response = ask(&with, Method::GET, &path, token).await;
                let status = response.status;
                let got = if status == 200 { response.body } else { status.as_str().to_owned() };
                assert_eq!(got, expected, "Option<{name}> for {visitor}");
            }
            let response = ask(&without, Method::GET, &path, "").await;
            let got = if needs_layer { response.code() } else { response.body };
            assert_eq!(got, if needs_layer { "clerk-layer-missing" } else { "none" }, "Option<{name}>");
            seen.push(name);
        }
    }
    for name in [
        "Session",
        "ClerkUser",
        "Claims",
        "ActiveOrganization",
        "ClerkOrganization",
        "Has",
        "Meets",
        "ApiKey",
        "Auth",
    ] {
        assert!(seen.contains(&name), "{name} has no row");
    }
}

/// Returns the quoted strings that follow `before` in a file of the project.
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
    let reasons = quoted("clerk-core/src/reason.rs", " = ");
    assert!(reasons.len() > 30, "{reasons:?}");
    for reason in reasons {
        let is_expired = reason.starts_with("session-token-expired-refresh-");
        assert!(is_expired || TROUBLE.contains(&format!("`{reason}`")), "{reason}");
    }
    assert!(TROUBLE.contains("`session-token-expired-refresh-…`"));
}

#[test]
fn every_response_to_a_delivery_has_a_row() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../clerk-tower/src/server/webhook/rejection.rs");
    let text = fs::read_to_string(path).unwrap();
    let codes: Vec<&str> =
        text.split('"').skip(1).step_by(2).filter(|text| text.starts_with("webhook-")).collect();
    assert!(codes.len() > 9, "{codes:?}");
    for code in codes {
        // The fallback for future errors, which nothing returns today.
        assert!(code == "webhook-refused" || WEBHOOKS.contains(&format!("`{code}`")), "{code}");
    }
}

#[test]
fn every_code_and_every_cause_has_a_row() {
    let rejection = "clerk-tower/src/server/rejection/mod.rs";
    let mut codes = quoted(rejection, "Self::insufficient(");
    for status in ["UNAUTHORIZED", "BAD_REQUEST", "SERVICE_UNAVAILABLE", "NOT_FOUND", "INTERNAL_SERVER_ERROR"]
    {
        codes.extend(quoted(rejection, &format!("StatusCode::{status},")));
    }
    codes.extend(quoted("clerk-core/src/authenticate/outcome/diagnosis.rs", "=>"));
    codes.extend(quoted("clerk-tower/src/telemetry.rs", "cause ="));
    assert!(codes.len() > 25, "{codes:?}");
    for code in codes {
        assert!(TROUBLE.contains(&format!("`{code}`")), "{code}");
    }
}

/// Returns the text up to the parenthesis that closes a macro call, ignoring parentheses in strings.
fn arguments(rest: &str) -> &str {
    let (mut depth, mut in_string) = (1_u32, false);
    let end = rest.find(|character| {
        match character {
            '"' => in_string = !in_string,
            '(' if !in_string => depth += 1,
            ')' if !in_string => depth -= 1,
            _ => {}
        }
        depth == 0
    });
    &rest[..end.unwrap()]
}

#[test]
fn every_warning_has_a_row() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../clerk-tower/src/telemetry.rs");
    let code = fs::read_to_string(path).unwrap();
    // The message is the last string of the macro's arguments.
    let calls = ["tracing::warn!(", "limited!("].into_iter().flat_map(|call| code.split(call).skip(1));
    let warnings: Vec<&str> = calls.filter_map(|rest| arguments(rest).rsplit('"').nth(1)).collect();
    assert!(warnings.len() > 10, "{warnings:?}");
    for message in warnings {
        assert!(TROUBLE.contains(&format!("`{message}`")), "{message}");
    }
}

/// The page about bounds names what shows that one is reached. What it names exists.
#[test]
fn the_counters_and_messages_of_the_bounds_exist() {
    let bounds = SECURITY.split("# Bounds").nth(1).unwrap();
    let rows = bounds.lines().filter(|line| line.starts_with("| ")).skip(1);
    let shown = rows.map(|row| row.trim_end_matches(" |").rsplit(" | ").next().unwrap());
    let names: BTreeSet<&str> = shown
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .filter(|name| !name.contains('.'))
        .collect();
    assert!(names.len() > 8, "{names:?}");
    for name in names {
        let is_documented = [LOGGING, TROUBLE].iter().any(|page| page.contains(&format!("`{name}`")));
        assert!(is_documented, "{name} is neither in clerk-tower/src/telemetry.md nor in troubleshooting");
    }
}

/// A query for a metric that does not exist shows nothing, and an alert on it never fires.
#[test]
fn the_dashboard_shows_every_metric_and_no_other() {
    let named = |text: &'static str| -> BTreeSet<&str> {
        let words = text.split(|it: char| !it.is_ascii_lowercase() && it != '_');
        words.filter(|word| word.starts_with("clerk_")).collect()
    };
    let metrics: BTreeSet<&str> =
        LOGGING.lines().filter_map(|line| line.strip_prefix("| `clerk_")?.split('`').next()).collect();
    let dashboard = named(DASHBOARD).into_iter().filter_map(|name| name.strip_prefix("clerk_"));
    assert_eq!(dashboard.collect::<BTreeSet<_>>(), metrics);
    let unknown: Vec<_> =
        named(ALERTS).into_iter().filter(|name| !metrics.contains(&name["clerk_".len()..])).collect();
    assert!(metrics.len() > 15 && unknown.is_empty(), "{unknown:?}");
    assert!(serde_json::from_str::<Value>(DASHBOARD).is_ok());
}

#[test]
fn every_environment_variable_has_a_row() {
    let config = "clerk-tower/src/client/config.rs";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(config);
    let code = fs::read_to_string(path).unwrap();
    let variables: BTreeSet<&str> =
        code.split('"').skip(1).step_by(2).filter(|text| text.starts_with("CLERK_")).collect();
    assert!(variables.len() > 12, "{variables:?}");
    for variable in variables {
        assert!(ENVIRONMENT.contains(&format!("`{variable}`")), "{variable}");
    }
}

fn guide() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../clerk-axum/src/guide")
}

/// Returns a page without its code.
fn prose(page: &str) -> String {
    let mut in_code = false;
    let lines = page.lines().filter(|line| {
        let is_fence = line.trim_start().starts_with("```");
        in_code ^= is_fence;
        !in_code && !is_fence
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Returns what `[label]: target` at the start of a line defines.
fn definitions(text: &str) -> BTreeMap<&str, &str> {
    text.lines().filter_map(|line| line.strip_prefix('[')?.split_once("]: ")).collect()
}

/// Returns the labels that a text refers to: `[text][label]`, and `[label]` if it is defined.
fn references(prose: &str, defined: &BTreeMap<&str, &str>) -> BTreeSet<String> {
    let body: Vec<&str> = prose.lines().filter(|line| definitions(line).is_empty()).collect();
    let body = body.join("\n");
    let brackets = body.match_indices('[').filter_map(|(start, _)| {
        let label = &body[start + 1..start + body[start..].find(']')?];
        let is_label = body[..start].ends_with(']') || defined.contains_key(label);
        is_label.then(|| label.to_owned())
    });
    brackets.collect()
}

/// In the documentation, the definitions of `links.md` count, which rustdoc checks; on a code host those of the page.
#[test]
fn links_of_the_guide_lead_somewhere_in_both_places() {
    let shared = fs::read_to_string(guide().join("links.md")).unwrap();
    let shared = definitions(&shared);
    let mut pages = BTreeMap::new();
    for entry in fs::read_dir(guide()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "md") && !path.ends_with("links.md") {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            pages.insert(name, prose(&fs::read_to_string(&path).unwrap()));
        }
    }
    assert!(pages.len() > 20, "{}", pages.len());
    let mut used = BTreeSet::new();
    for (name, page) in &pages {
        assert!(
            !page.contains("](crate::"),
            "{name}: write `[text][label]`, and define the label in links.md"
        );
        for link in page.split("](#").skip(1) {
            let anchor = link.split(')').next().unwrap();
            assert!(headings(page).contains(anchor), "{name} has no heading for #{anchor}");
        }
        let own = definitions(page);
        let referenced = references(page, &own);
        let defined: BTreeSet<String> = own.keys().map(|label| (*label).to_owned()).collect();
        assert_eq!(
            referenced, defined,
            "{name}: the labels that it uses, and those that it defines at its end"
        );
        for (label, target) in &own {
            let item =
                shared.get(label).unwrap_or_else(|| panic!("links.md does not define [{label}] of {name}"));
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let text = fs::read_to_string(guide().join(file));
            let text = text.unwrap_or_else(|error| panic!("{name}: [{label}]: {target}: {error}"));
            if let Some(module) = item.strip_prefix("crate::guide::") {
                assert_eq!(
                    module.replacen('#', ".md#", 1).trim_end_matches(".md"),
                    target.trim_end_matches(".md")
                );
                assert!(anchor.is_empty() || headings(&text).contains(anchor), "{name}: {target}");
            } else {
                let item = item.split('#').next().unwrap().rsplit("::").next().unwrap();
                let is_module = target.contains(item) || item == "tower";
                assert!(is_module || text.contains(item), "{name}: {target} does not contain {item}");
            }
            used.insert(*label);
        }
    }
    let unused: Vec<_> = shared.keys().filter(|label| !used.contains(*label)).collect();
    assert!(unused.is_empty(), "links.md defines what no page uses: {unused:?}");
}

#[test]
fn every_page_of_the_guide_is_listed_on_its_start_page() {
    let start = fs::read_to_string(guide().join("README.md")).unwrap();
    let modules = fs::read_to_string(guide().join("mod.rs")).unwrap();
    let listed = definitions(&start);
    let pages: Vec<&str> =
        modules.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(" {}")).collect();
    assert!(pages.len() > 20, "{pages:?}");
    for page in pages {
        assert_eq!(listed.get(page), Some(&&*format!("{page}.md")), "{page}");
    }
}
