//! Tests of the whole instance, through its service.

mod advance;
mod billing;
mod builder;
mod contacts;
mod cost;
mod credentials;
mod domains;
mod emails;
mod enrollment;
mod enterprise;
mod external_accounts;
mod faults;
mod flow;
mod frontend;
mod frontend_api;
mod frontend_api_keys;
mod frontend_billing;
mod frontend_consent;
mod frontend_instance;
mod frontend_profile;
mod frontend_tickets;
mod instance;
mod invitations;
mod jwt_templates;
mod keep;
mod memberships;
mod oauth;
mod oauth_flow;
mod operations;
mod organization_domains;
mod organization_invitations;
mod organizations;
mod overview;
mod roles;
mod save;
mod seed_file;
mod server;
mod service;
mod sessions;
mod settings;
mod sign_ups;
mod snapshot;
mod surfing;
mod templates;
mod tickets;
mod titles;
mod tokens;
mod user_credentials;
mod users;

use std::time::Duration;

use bytes::Bytes;
use clerk_core::Timestamp;
use futures_util::FutureExt as _;
use http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower_service::Service as _;

use super::{LocalClerk, LocalClerkBuilder, LocalOrganization, LocalServer, LocalUser, changes};
use clerk_tower::clock::{Clock as _, ManualClock};

const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

/// An instance with a manual clock.
struct Fixture {
    local: LocalClerk,
    clock: ManualClock,
}

impl Fixture {
    fn new() -> Self {
        Self::with(|builder| builder)
    }

    fn seeded() -> Self {
        Self::with(LocalClerkBuilder::seeded)
    }

    fn with(configure: impl FnOnce(LocalClerkBuilder) -> LocalClerkBuilder) -> Self {
        let clock = ManualClock::at(NOW);
        let local = configure(LocalClerk::builder().clock(clock.clone())).build().unwrap();
        Self { local, clock }
    }

    /// A seeded instance on a port.
    async fn served() -> (Self, LocalServer) {
        let clock = ManualClock::at(NOW);
        let builder = LocalClerk::builder().clock(clock.clone()).seeded();
        let server = builder.serve(([127, 0, 0, 1], 0)).await.unwrap();
        (Self { local: server.local().clone(), clock }, server)
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Advances the clock by a second.
    fn tick(&self) {
        self.clock.advance(Duration::from_secs(1));
    }

    fn send(&self, request: Request<Bytes>) -> (StatusCode, Value) {
        let response = self.local.clone().call(request).now_or_never().unwrap().unwrap();
        let status = response.status();
        let content_type = response.headers().get("content-type").cloned();
        let body = response.into_body().collect().now_or_never().unwrap().unwrap();
        let body = body.to_bytes();
        if body.is_empty() {
            return (status, Value::Null);
        }
        assert_eq!(content_type.unwrap(), "application/json");
        (status, serde_json::from_slice(&body).unwrap())
    }

    /// Sends a request and returns status and body; `null` sends no body.
    fn call(&self, method: &str, path: &str, body: &Value) -> (StatusCode, Value) {
        let body = if body.is_null() { Bytes::new() } else { body.to_string().into() };
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", self.local.secret_key().to_header());
        self.send(request.body(body).unwrap())
    }

    /// Sends a request that must succeed with 200, and returns the body.
    #[track_caller]
    fn ok(&self, method: &str, path: &str, body: &Value) -> Value {
        self.ok_with(200, method, path, body)
    }

    /// Sends a request that must succeed with this status, and returns the body.
    #[track_caller]
    fn ok_with(&self, expected: u16, method: &str, path: &str, body: &Value) -> Value {
        let (status, response) = self.call(method, path, body);
        assert_eq!(status, expected, "{method} {path} {body}: {response}");
        response
    }

    #[track_caller]
    fn get(&self, path: &str) -> Value {
        self.ok("GET", path, &Value::Null)
    }

    /// Sends a request that must fail, and returns status, code and parameter of the error.
    #[track_caller]
    fn error(&self, method: &str, path: &str, body: &Value) -> (u16, String, String) {
        let (status, response) = self.call(method, path, body);
        assert!(!status.is_success(), "{method} {path} {body}: {response}");
        assert_eq!(response["clerk_trace_id"].as_str().unwrap().len(), 32);
        let error = &response["errors"][0];
        for field in ["message", "long_message", "code"] {
            assert!(!error[field].as_str().unwrap().is_empty(), "{response}");
        }
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        (status.as_u16(), text(&error["code"]), text(&error["meta"]["param_name"]))
    }

    #[track_caller]
    fn refuses(&self, method: &str, path: &str, body: &Value, status: u16, code: &str, param: &str) {
        let expected = (status, code.to_owned(), param.to_owned());
        assert_eq!(self.error(method, path, body), expected, "{method} {path} {body}");
    }

    /// Returns the values of `field` in a list, or in a list's `data`.
    #[track_caller]
    fn column(&self, path: &str, field: &str) -> Vec<String> {
        let response = self.get(path);
        let rows = response.as_array().or(response["data"].as_array()).unwrap();
        rows.iter().map(|row| row.pointer(field).unwrap().as_str().unwrap().to_owned()).collect()
    }

    /// Runs `change` and returns the webhook events that it causes.
    fn events(&self, change: impl FnOnce(&Self)) -> Vec<(&'static str, Value)> {
        let before = self.local.state().clone();
        change(self);
        let after = self.local.state().clone();
        changes::events(&before, &after, self.now())
    }

    /// Like [`events`](Self::events), but returns only the kinds of the events.
    fn event_kinds(&self, change: impl FnOnce(&Self)) -> Vec<&'static str> {
        self.events(change).into_iter().map(|(kind, _)| kind).collect()
    }

    /// Returns the code in the last message.
    #[track_caller]
    fn last_code(&self) -> String {
        self.local.state().outbox.iter().next_back().unwrap().code.clone().unwrap()
    }

    fn person(&self, name: &str) -> LocalUser {
        self.tick();
        self.local.user(name, "Test").email(format!("{name}@example.com")).create()
    }

    fn acme(&self) -> LocalOrganization {
        self.local
            .organization("Acme")
            .role("org:admin", ["org:users:manage", "org:reports:read"])
            .role("org:member", ["org:reports:read"])
            .create()
    }
}

/// Checks that every field in `fields` is present.
#[track_caller]
fn has_fields(value: &Value, fields: &[&str]) {
    for field in fields {
        assert!(value.get(field).is_some(), "{field} is missing in {value}");
    }
}

/// Returns an empty body.
fn none() -> Value {
    json!(null)
}
