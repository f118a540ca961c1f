//! The documents of aide and of utoipa say what the applications do.

use std::{fs, path::Path};

use axum::Router;
use clerk_axum::{Clerk, local::LocalClerk, token::TokenKind};
use clerk_recipes::{openapi_aide, openapi_utoipa};
use serde_json::{Value, json};
use utoipa::OpenApi as _;

use crate::{get, serve};

fn client(local: &LocalClerk) -> Clerk {
    let accepted = [TokenKind::Session, TokenKind::ApiKey];
    local.client_builder().authentication(|options| options.accepted_kinds(accepted)).build().unwrap()
}

/// Returns both applications with their documents.
fn both(clerk: &Clerk) -> [(&'static str, Router, Value); 2] {
    let (app, document) = openapi_aide::app(clerk.clone());
    let aide = ("aide", app, serde_json::to_value(document).unwrap());
    let document = serde_json::to_value(openapi_utoipa::Document::openapi()).unwrap();
    [aide, ("utoipa", openapi_utoipa::app(clerk.clone()), document)]
}

fn statuses(operation: &Value) -> Vec<&str> {
    let mut statuses: Vec<&str> =
        operation["responses"].as_object().unwrap().keys().map(String::as_str).collect();
    statuses.sort_unstable();
    statuses
}

#[test]
fn operations_have_their_security_requirements_and_responses() {
    let local = LocalClerk::seeded();
    let session = json!([{ "clerk_bearer": [] }, { "clerk_cookie": [] }]);
    let optional = json!([{}, { "clerk_bearer": [] }, { "clerk_cookie": [] }]);
    let machine = json!([{ "clerk_machine": [] }]);
    for (name, _, document) in both(&client(&local)) {
        assert!(document["openapi"].as_str().unwrap().starts_with("3.1"), "{name}");
        let schemes = &document["components"]["securitySchemes"];
        assert_eq!(schemes["clerk_bearer"]["type"], "http", "{name}");
        assert_eq!(schemes["clerk_bearer"]["scheme"], "bearer", "{name}");
        assert_eq!(schemes["clerk_bearer"]["bearerFormat"], "JWT", "{name}");
        assert_eq!(schemes["clerk_cookie"]["type"], "apiKey", "{name}");
        assert_eq!(schemes["clerk_cookie"]["in"], "cookie", "{name}");
        assert_eq!(schemes["clerk_cookie"]["name"], "__session", "{name}");
        assert_eq!(schemes["clerk_machine"]["scheme"], "bearer", "{name}");
        assert_eq!(schemes["clerk_template"]["bearerFormat"], "JWT", "{name}");
        for (path, security, expected) in [
            ("/", &optional, &["200", "401", "503"][..]),
            ("/me", &session, &["200", "401", "403", "503"]),
            ("/colleagues", &session, &["200", "401", "403", "404", "503"]),
            ("/owner", &machine, &["200", "401", "503"]),
            ("/reports", &session, &["200", "401", "403", "503"]),
        ] {
            let operation = &document["paths"][path]["get"];
            assert_eq!(operation["security"], *security, "{name} {path}");
            assert_eq!(statuses(operation), expected, "{name} {path}");
            for (status, header) in [("401", "WWW-Authenticate"), ("503", "Retry-After")] {
                let response = &operation["responses"][status];
                assert!(!response["description"].as_str().unwrap().is_empty(), "{name} {path} {status}");
                assert_eq!(response["headers"][header]["schema"]["type"], "string", "{name} {path} {status}");
                let schema = &response["content"]["application/json"]["schema"];
                assert_eq!(schema["required"], json!(["errors"]), "{name} {path} {status}");
                let item = &schema["properties"]["errors"]["items"];
                assert_eq!(item["required"], json!(["code", "message"]), "{name} {path} {status}");
            }
        }
        let forbidden = &document["paths"]["/me"]["get"]["responses"]["403"];
        let alternatives = forbidden["content"]["application/json"]["schema"]["oneOf"].as_array().unwrap();
        assert_eq!(alternatives[1]["required"], json!(["clerk_error"]), "{name}");
    }
}

/// Extractors cannot be listed by the compiler, so this reads the crate's list of them.
#[test]
fn every_extractor_is_documented() {
    let read = |path: &str| {
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../clerk-axum/src");
        fs::read_to_string(sources.join(path)).unwrap()
    };
    let list = read("extract/mod.rs");
    let names = list.split("pub use").nth(1).unwrap().split(|character: char| !character.is_alphanumeric());
    // Types are capitalized, modules are not.
    let names: Vec<&str> = names.filter(|name| name.starts_with(char::is_uppercase)).collect();
    assert!(names.len() >= 12, "{names:?}");
    let (openapi, page) = (read("openapi/mod.rs"), read("guide/openapi.md"));
    let documented = openapi.split("\nextractors! {").nth(1).unwrap();
    let traits = ["Requirement", "SessionRule"];
    for name in names.into_iter().filter(|name| !traits.contains(name)) {
        let is_documented =
            [": ", "<"].iter().any(|after| documented.contains(&format!("    {name}{after}")));
        assert!(is_documented, "openapi/mod.rs lacks {name}");
        assert!(page.contains(&format!("[`{name}")), "guide/openapi.md lacks {name}");
    }
}

#[tokio::test]
async fn every_response_is_documented() {
    let local = LocalClerk::seeded();
    let clerk = client(&local);
    let sign_in = |user: &str| local.sign_in(user);
    let tokens = [
        sign_in("user_ada").organization("org_acme").token(),
        sign_in("user_alan").token(),
        sign_in("user_ada").expired_token(),
        local.api_key("nightly").subject("user_ada").create().secret.to_string(),
        "nonsense".to_owned(),
    ];
    for (name, app, document) in both(&clerk) {
        let address = serve(app).await;
        let mut seen = Vec::new();
        for path in ["/", "/me", "/colleagues", "/owner", "/reports"] {
            let documented = statuses(&document["paths"][path]["get"]);
            for token in &tokens {
                let (status, body) = get(&format!("{address}{path}"), token).await;
                assert!(documented.contains(&&*status.to_string()), "{name} {path}: {status}");
                if status >= 400 {
                    let error = &body["errors"][0];
                    assert!(
                        error["code"].is_string() && error["message"].is_string(),
                        "{name} {path}: {body}"
                    );
                }
                seen.push(status);
            }
        }
        for status in [200, 401, 403] {
            assert!(seen.contains(&status), "{name}: {status}");
        }
    }
}
