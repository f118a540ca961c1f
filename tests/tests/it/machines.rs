//! Tests of machine tokens and pages in axum: extractors, guards, and redirects to the sign-in page.

use std::net::SocketAddr;

use axum::{Router, response::IntoResponse, routing::get as on_get};
use clerk_axum::{
    AcceptedKinds, ApiKey, Auth, Clerk, ClerkLayer, M2mToken, OAuthToken, Session, require, token::TokenKind,
};
use clerk_tests::{
    get,
    scripted::{Reply, Script},
    send, serve,
};
use http::{Request, header};
use http_body_util::Full;
use serde_json::{Value, json};

const KEY: &str = "pk_live_Y2xlcmsuZXhhbXBsZS5jb20k";

/// A client whose Clerk knows a handful of tokens.
fn clerk(accepts: impl Into<AcceptedKinds>) -> Clerk {
    let accepts = accepts.into();
    let transport = Script::new(|received| {
        let body: Value = serde_json::from_slice(received.request.body()).unwrap_or_default();
        let token = ["secret", "token", "access_token"].iter().find_map(|name| body[*name].as_str());
        verification(token.unwrap_or_default())
    });
    Clerk::builder()
        .secret_key("sk_live_abc")
        .publishable_key(KEY)
        .authentication(|options| options.accepted_kinds(accepts))
        .transport(transport)
        .build()
        .unwrap()
}

fn verification(token: &str) -> Reply {
    let mut known = json!({
        "id": "id_1", "type": "api_key", "name": "nightly", "subject": "user_ada", "scopes": ["read"], "claims": null,
        "client_id": "client_1", "revoked": false, "expired": false, "created_at": 1, "updated_at": 1,
    });
    let status = match token {
        "mt_good" => {
            known["subject"] = "mch_1".into();
            200
        }
        _ if token.ends_with("_good") => 200,
        _ if token.ends_with("_revoked") => {
            known["revoked"] = true.into();
            200
        }
        _ if token.ends_with("_down") => 503,
        _ => 404,
    };
    let body = if status == 200 { known } else { json!({"errors": [{"code": "x", "message": "y"}]}) };
    Reply::json(status, &body)
}

async fn start(clerk: &Clerk) -> SocketAddr {
    let dashboard = async |auth: Auth| match auth.session() {
        Some(_) => "the dashboard".into_response(),
        None => auth.redirect_to_sign_in(None).unwrap(),
    };
    let app = Router::new()
        .route("/key", on_get(async |key: ApiKey| format!("{} {}", key.name, key.user_id().unwrap())))
        .route("/maybe", on_get(async |key: Option<ApiKey>| key.map_or("none", |_| "a key")))
        .route("/m2m", on_get(async |token: M2mToken| token.machine_id.to_string()))
        .route("/oauth", on_get(async |token: OAuthToken| token.client_id.clone().unwrap()))
        .route("/session", on_get(async |session: Session| session.user_id().to_string()))
        .route("/read", on_get("read").route_layer(require::scope(TokenKind::ApiKey, "read")))
        .route("/write", on_get("written").route_layer(require::scope(TokenKind::ApiKey, "write")))
        .route("/machine", on_get("machine").route_layer(require::machine(TokenKind::M2m)))
        .route("/dashboard", on_get(dashboard));
    serve(app.layer(ClerkLayer::new(clerk))).await
}

#[tokio::test]
async fn machines_are_distinguished() {
    let address = start(&clerk(AcceptedKinds::any())).await;
    for (path, token, status, expected_body) in [
        ("/key", "ak_good", 200, "nightly user_ada"),
        ("/key", "ak_revoked", 401, "token-invalid"),
        ("/key", "ak_unknown", 401, "token-invalid"),
        ("/key", "ak_down", 503, "clerk-unavailable"),
        ("/key", "mt_good", 401, "token-type-mismatch"),
        ("/key", "", 401, "session-token-and-uat-missing"),
        ("/key", "garbage", 401, "token-invalid"),
        ("/maybe", "ak_good", 200, "a key"),
        ("/maybe", "mt_good", 200, "none"),
        ("/maybe", "", 200, "none"),
        ("/maybe", "ak_revoked", 401, "token-invalid"),
        ("/maybe", "ak_down", 503, "clerk-unavailable"),
        ("/m2m", "mt_good", 200, "mch_1"),
        ("/m2m", "ak_good", 401, "token-type-mismatch"),
        ("/oauth", "oat_good", 200, "client_1"),
        ("/oauth", "oat_revoked", 401, "token-invalid"),
        // A machine has no session.
        ("/session", "ak_good", 401, "token-type-mismatch"),
        ("/session", "oat_good", 401, "token-type-mismatch"),
        ("/read", "ak_good", 200, "read"),
        ("/write", "ak_good", 403, "scope-missing"),
        ("/write", "ak_revoked", 401, "token-invalid"),
        ("/read", "mt_good", 401, "token-type-mismatch"),
        ("/machine", "mt_good", 200, "machine"),
        ("/machine", "ak_good", 401, "token-type-mismatch"),
    ] {
        let response = get(address, path, token).await;
        assert_eq!(response.summary(), (status, expected_body.to_owned()), "{path} {token}");
    }
}

#[tokio::test]
async fn a_guard_for_a_kind_the_layer_does_not_accept_is_reported() {
    let address = start(&clerk([TokenKind::Session, TokenKind::ApiKey])).await;
    for (path, token, status, expected_body) in [
        ("/key", "ak_good", 200, "nightly user_ada"),
        ("/m2m", "mt_good", 500, "clerk-kind-not-accepted"),
        ("/machine", "mt_good", 500, "clerk-kind-not-accepted"),
        ("/key", "mt_good", 401, "token-type-mismatch"),
    ] {
        let response = get(address, path, token).await;
        assert_eq!(response.summary(), (status, expected_body.to_owned()), "{path} {token}");
    }
    let only_keys = start(&clerk(TokenKind::ApiKey)).await;
    let response = get(only_keys, "/session", "ak_good").await;
    assert_eq!(response.summary(), (500, "clerk-kind-not-accepted".to_owned()));
    let without = get(only_keys, "/key", "").await;
    assert_eq!(without.summary(), (401, "no-token-in-header".to_owned()));
    assert_eq!(without.header("x-clerk-auth-reason"), "No token in header");
}

#[tokio::test]
async fn visitors_are_redirected_to_sign_in_and_back() {
    let address = start(&clerk(TokenKind::Session)).await;
    let response = get(address, "/dashboard?tab=2", "").await;
    assert_eq!(response.status, 303);
    let back = format!("redirect_url=http%3A%2F%2F127.0.0.1%3A{}%2Fdashboard%3Ftab%3D2", address.port());
    assert_eq!(response.header("location"), format!("https://accounts.example.com/sign-in?{back}"));
    assert_eq!(response.header("cache-control"), "no-store");
}

#[tokio::test]
async fn browsers_with_an_active_client_get_a_handshake() {
    let address = start(&clerk(TokenKind::Session)).await;
    let ask = |dest: &'static str| {
        let request = Request::get("/dashboard?tab=2")
            .header(header::COOKIE, "__client_uat=1699999999; theme=dark")
            .header("sec-fetch-dest", dest);
        send(address, request.body(Full::default()).unwrap())
    };
    let response = ask("document").await;
    assert_eq!((response.status.as_u16(), &*response.body), (307, ""));
    assert!(
        response
            .header("location")
            .starts_with("https://clerk.example.com/v1/client/handshake?redirect_url=http")
    );
    assert_eq!(response.header("set-cookie"), "__clerk_redirect_count=1; SameSite=Lax; HttpOnly; Max-Age=2");
    assert_eq!(response.header("cache-control"), "no-store");
    // A script gets the handler's response.
    assert_eq!(ask("empty").await.status, 303);
}
