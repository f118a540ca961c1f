//! The visitors for tests of guards, and a client whose instance knows them.

use axum::{Router, body::Body};
use clerk_axum::{AcceptedKinds, ClerkLayer};
use clerk_tower::Clerk;
use http::{Method, Request};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::{
    Instance, TextResponse,
    browser::LIVE,
    scripted::{Reply, Script},
};

/// The visitors, each with its bearer token:
///
/// - nobody, without a token, and a stranger, with an invalid token;
/// - Ada, an admin of Acme, once with an active and once with a pending session;
/// - Grace, a member, whose last verification was long ago;
/// - Alan, without an organization, with the plan `plus` and the feature `export`;
/// - a script with an API key that has the scope `read`, and one whose key cannot currently be verified.
#[derive(Debug)]
pub struct Visitors {
    /// The visitors, in the order of [`Visitors::NAMES`].
    pub tokens: [String; 8],
}

impl Visitors {
    /// The names of the visitors.
    pub const NAMES: [&str; 8] =
        ["nobody", "a stranger", "pending", "Alan", "Grace", "Ada", "a script", "down"];

    /// Creates the visitors of an instance.
    #[must_use]
    pub fn of(instance: &Instance) -> Self {
        let member = |user: &str| instance.local.sign_in(user).organization("org_acme");
        let alan = instance.local.sign_in("user_alan").claim("fea", "u:export").claim("pla", "u:plus");
        let tokens = [
            String::new(),
            "garbage".to_owned(),
            member("user_ada").pending().token(),
            alan.token(),
            member("user_grace").factor_ages(20, -1).token(),
            member("user_ada").token(),
            "ak_good".to_owned(),
            "ak_down".to_owned(),
        ];
        Self { tokens }
    }

    /// Iterates over the names and tokens.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        Self::NAMES.into_iter().zip(self.tokens.iter().map(String::as_str))
    }
}

/// Returns a client of the instance that accepts these token kinds. Clerk knows one API key.
#[must_use]
pub fn clerk(instance: &Instance, accepts: impl Into<AcceptedKinds>) -> Clerk {
    let accepts = accepts.into();
    let local = instance.local.clone();
    let transport = Script::new(move |received| {
        if !received.request.uri().path().ends_with("/api_keys/verify") {
            return Reply::Pass(local.clone());
        }
        let body: Value = serde_json::from_slice(received.request.body()).unwrap_or_default();
        api_key(&body["secret"])
    });
    let builder = instance.builder().publishable_key(LIVE);
    builder.authentication(|options| options.accepted_kinds(accepts)).transport(transport).build().unwrap()
}

fn api_key(secret: &Value) -> Reply {
    let known = json!({
        "object": "api_key", "id": "ak_1", "type": "api_key", "name": "nightly", "subject": "user_ada",
        "scopes": ["read"], "claims": null, "revoked": false, "expired": false, "created_at": 1, "updated_at": 1,
    });
    let (status, body) = match secret.as_str() {
        Some("ak_good") => (200, known),
        Some("ak_down") => (503, json!({})),
        _ => (404, json!({"errors": [{"code": "x", "message": "y"}]})),
    };
    Reply::json(status, &body)
}

/// Wraps the application in a layer that accepts every token kind of the instance.
pub fn authenticated(instance: &Instance, app: Router) -> Router {
    app.layer(ClerkLayer::new(clerk(instance, AcceptedKinds::any())))
}

/// Sends a request to an application in memory.
pub async fn ask(app: &Router, method: Method, path: &str, token: &str) -> TextResponse {
    let mut request = Request::builder().method(method).uri(path).header("host", "app.example.com");
    if !token.is_empty() {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    ask_with(app, request.body(Body::empty()).unwrap()).await
}

/// Sends a prepared request to an application in memory.
pub async fn ask_with(app: &Router, request: Request<Body>) -> TextResponse {
    let (head, body) = app.clone().oneshot(request).await.unwrap().into_parts();
    let body = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
    TextResponse { status: head.status, headers: head.headers, body }
}
