//! Runs the shared authentication cases, if they are available, through the layer and real HTTP.

use std::{convert::Infallible, env, fs, io, path::PathBuf, sync::Arc};

use bytes::Bytes;
use clerk_tests::conformance;
use http::{Request, Response};
use http_body_util::Full;
use hyper::{body::Incoming, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use url::Url;

/// Returns the folder with the cases: `CLERK_VECTORS`, or a folder next to the project.
fn folder() -> Option<PathBuf> {
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/vectors/authenticate");
    let folder = env::var_os("CLERK_VECTORS").map_or(beside, PathBuf::from);
    folder.join("cases.json").exists().then_some(folder)
}

fn read(folder: &std::path::Path, name: &str) -> Value {
    serde_json::from_slice(&fs::read(folder.join(name)).unwrap()).unwrap()
}

/// Starts a server in Clerk's place. It closes the connection of requests that no case expects.
async fn stub(cases: Arc<Vec<Value>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let cases = cases.clone();
            let service = service_fn(move |request: Request<Incoming>| {
                let response =
                    stub_response(&cases, &request).ok_or_else(|| io::Error::other("not expected"));
                async move { response }
            });
            tokio::spawn(
                hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service),
            );
        }
    });
    format!("http://{address}")
}

fn stub_response(cases: &[Value], request: &Request<Incoming>) -> Option<Response<Full<Bytes>>> {
    let path = request.uri().path().strip_prefix("/c/")?;
    let (index, path) = path.split_once('/')?;
    let path = path.strip_prefix("v1/").unwrap_or(path);
    let entries = cases[index.parse::<usize>().ok()?]["bapi"].as_array()?;
    let entry = entries.iter().find(|entry| {
        let expected = entry["path"].as_str().unwrap().trim_start_matches('/');
        entry["method"] == request.method().as_str() && expected.trim_start_matches("v1/") == path
    })?;
    if entry["network_error"] == true {
        return None;
    }
    let mut response =
        Response::builder().status(u16::try_from(entry["status"].as_u64().unwrap_or(200)).unwrap());
    let given = entry["headers"].as_object().cloned().unwrap_or_default();
    if !given.keys().any(|name| name.eq_ignore_ascii_case("content-type")) {
        response = response.header("content-type", "application/json");
    }
    for (name, value) in &given {
        response = response.header(name, value.as_str().unwrap());
    }
    let body = match &entry["text"] {
        Value::String(text) => text.clone(),
        _ => entry["json"].to_string(),
    };
    Some(response.body(Full::from(body)).unwrap())
}

/// Returns the differences between two results.
fn differences(expected: &Value, got: &Value) -> Vec<String> {
    if !expected["error"].is_null() || !got["error"].is_null() {
        let agree = expected["error"].is_null() == got["error"].is_null();
        return if agree {
            Vec::new()
        } else {
            vec![format!("error: {} / {}", expected["error"], got["error"])]
        };
    }
    let mut found = Vec::new();
    for name in ["status", "reason", "tokenType", "isAuthenticated", "token", "has"] {
        compare(name, &expected[name], &got[name], &mut found);
    }
    for name in ["auth", "auth_pending_as_signed_in"] {
        let (expected, got) = (members(&expected[name]), members(&got[name]));
        for member in expected.keys().chain(got.keys()) {
            let (expected, got) = (&expected.get(member), &got.get(member));
            let is_strange_age = member == "factorVerificationAge" && got.is_none();
            if !is_strange_age {
                compare(&format!("{name}.{member}"), &json!(expected), &json!(got), &mut found);
            }
        }
    }
    let (wanted, has) = (&expected["headers"], &got["headers"]);
    let literal = |name: &str| name.starts_with("access-control-") || name.starts_with("x-clerk-auth-");
    let names: Vec<String> = members(wanted).keys().chain(members(has).keys()).cloned().collect();
    for name in names.iter().filter(|name| literal(name) && *name != "x-clerk-auth-message") {
        compare(name, &wanted[name], &has[name], &mut found);
    }
    compare("location", &address(&wanted["location"]), &address(&has["location"]), &mut found);
    let list = |value: &Value| if value.is_null() { json!([]) } else { value.clone() };
    compare("set-cookie", &list(&wanted["set-cookie"]), &list(&has["set-cookie"]), &mut found);
    if !wanted["location"].is_null() || list(&wanted["set-cookie"]) != json!([]) {
        let held = has["cache-control"].as_str().unwrap_or_default().contains("no-store");
        compare("no-store", &json!(true), &json!(held), &mut found);
    }
    found
}

/// The cases whose expected result is not ours, with ours and the reason.
const OTHERWISE: [(&str, &str, &str); 1] = [(
    "handshake-resolve/live-cookie-expired-handshake-token",
    "signed-out: session-token-and-uat-missing",
    "the times of a handshake's token are checked",
)];

/// Checks a case whose expected result is not ours.
fn check_otherwise(result: &Value, ours: &str, why: &str) -> Vec<String> {
    let verdict = format!(
        "{}: {}",
        result["status"].as_str().unwrap_or_default(),
        result["reason"].as_str().unwrap_or_default()
    );
    if verdict == ours { Vec::new() } else { vec![format!("{verdict}, but {why}: {ours}")] }
}

fn compare(name: &str, expected: &Value, got: &Value, found: &mut Vec<String>) {
    if plain(expected) != plain(got) {
        found.push(format!("{name}: {expected} / {got}"));
    }
}

/// Normalizes numbers and absent identifiers.
fn plain(value: &Value) -> Value {
    match value {
        Value::Number(number) => json!(number.as_f64()),
        Value::Array(items) => items.iter().map(plain).collect(),
        Value::Object(items) => items.iter().map(|(name, value)| (name.clone(), plain(value))).collect(),
        other => other.clone(),
    }
}

/// Removes absent members.
fn members(object: &Value) -> Map<String, Value> {
    let all = object.as_object().cloned().unwrap_or_default();
    let identifiers = ["userId", "id", "subject", "machineId", "clientId"];
    all.into_iter()
        .filter(|(name, value)| !(value.is_null() || value == "" && identifiers.contains(&&**name)))
        .collect()
}

/// Returns origin, path, and the pairs of the query.
fn address(location: &Value) -> Value {
    let Some(url) = location.as_str().map(|text| Url::parse(text).unwrap()) else { return Value::Null };
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    json!([url.origin().ascii_serialization(), url.path(), pairs])
}

#[tokio::test]
async fn all_shared_cases_agree() -> Result<(), Infallible> {
    let Some(folder) = folder() else {
        eprintln!("SKIPPED: the shared cases are not at hand; set CLERK_VECTORS to their folder");
        return Ok(());
    };
    let (cases, expected) = (read(&folder, "cases.json"), read(&folder, "expected.json"));
    let all = Arc::new(cases["cases"].as_array().unwrap().clone());
    let stub = stub(all.clone()).await;
    let mut wrong = Vec::new();
    for (index, case) in all.iter().enumerate() {
        let mut case = case.clone();
        case["index"] = json!(index);
        case["now"] = cases["meta"]["now"].clone();
        case["refs"] = cases["meta"]["refs"].clone();
        let got = conformance::result(&case, &stub).await;
        let id = case["id"].as_str().unwrap();
        let found = match OTHERWISE.iter().find(|(other, ..)| *other == id) {
            Some((_, ours, why)) => check_otherwise(&got, ours, why),
            None => differences(&expected["results"][id], &got),
        };
        wrong.extend(found.into_iter().map(|difference| format!("{id}: {difference}")));
    }
    assert!(wrong.is_empty(), "{} differences in {} cases:\n{}", wrong.len(), all.len(), wrong.join("\n"));
    assert!(all.len() > 400);
    Ok(())
}
