//! The visitors that guards are shown, and a client whose Clerk knows them.

use axum::{Router, body::Body};
use clerk_axum::{AcceptedKinds, ClerkLayer};
use clerk_tower::Clerk;
use http::{Method, Request};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::{
    Answer, Instance,
    browser::LIVE,
    scripted::{Reply, Script},
};

/// Who comes, each with what they send as a bearer token:
///
/// - nobody, who sends none, and a stranger, whose token is none;
/// - Ada, an admin of Acme, and the same with a pending session;
/// - Grace, a member, who proved long ago who she is;
/// - Alan, without an organization, on the plan `plus` with the feature `export`;
/// - a script with an API key that has the scope `read`, and one whose key cannot be verified at the moment.
#[derive(Debug)]
pub struct Visitors {
    /// The visitors, in the order of [`Visitors::NAMES`].
    pub tokens: [String; 8],
}

impl Visitors {
    /// Their names.
    pub const NAMES: [&str; 8] =
        ["nobody", "a stranger", "pending", "Alan", "Grace", "Ada", "a script", "down"];

    /// The visitors of an instance.
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

    /// Each name with its token.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        Self::NAMES.into_iter().zip(self.tokens.iter().map(String::as_str))
    }
}

/// A client of the instance that accepts these kinds of token. Its Clerk knows one API key.
#[must_use]
pub fn clerk(instance: &Instance, accepts: impl Into<AcceptedKinds>) -> Clerk {
    let accepts = accepts.into();
    let local = instance.local.clone();
    let transport = Script::new(move |seen| {
        if !seen.request.uri().path().ends_with("/api_keys/verify") {
            return Reply::Pass(local.clone());
        }
        let body: Value = serde_json::from_slice(seen.request.body()).unwrap_or_default();
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

/// The application, authenticated for a client of the instance that accepts every kind of token.
pub fn authenticated(instance: &Instance, app: Router) -> Router {
    app.layer(ClerkLayer::new(&clerk(instance, AcceptedKinds::any())))
}

/// Asks an application without a socket.
pub async fn ask(app: &Router, method: Method, path: &str, token: &str) -> Answer {
    let mut request = Request::builder().method(method).uri(path).header("host", "app.example.com");
    if !token.is_empty() {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    asked(app, request.body(Body::empty()).unwrap()).await
}

/// Hands an application a request.
pub async fn asked(app: &Router, request: Request<Body>) -> Answer {
    let (head, body) = app.clone().oneshot(request).await.unwrap().into_parts();
    let body = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
    Answer { status: head.status, headers: head.headers, body }
}
