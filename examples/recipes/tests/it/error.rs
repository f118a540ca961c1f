//! The application's own error type.

use clerk_axum::local::{Fault, LocalClerk};
use clerk_recipes::error::app;

use crate::{post, read, serve};

#[tokio::test]
async fn all_errors_have_one_format_and_keep_their_headers() {
    let local = LocalClerk::seeded();
    let address = serve(app(local.client())).await;
    let token = local.sign_in("user_alan").token();
    for (method, path, token, status, code, header) in [
        // Of an extractor, of a guard, and of `?` in a handler.
        ("GET", "/organization", "", 401, "dev-browser-missing", Some("www-authenticate")),
        ("POST", "/register/x@example.com", "", 401, "dev-browser-missing", Some("www-authenticate")),
        ("GET", "/organization", &*token, 403, "organization-missing", Some("www-authenticate")),
        // The application's own.
        ("POST", "/register/ada@example.com", &token, 409, "email-taken", None),
    ] {
        let url = format!("{address}{path}");
        let request = reqwest::Client::new().request(method.parse().unwrap(), url);
        let request = if token.is_empty() { request } else { request.bearer_auth(token) };
        let response = request.send().await.unwrap();
        if let Some(header) = header {
            assert!(response.headers().contains_key(header), "{path}: {header}");
        }
        let (got, body) = read(response).await;
        assert_eq!((got, body["error"]["code"].as_str()), (status, Some(code)), "{path}: {body}");
        assert!(body["error"]["message"].is_string() && body["errors"].is_null(), "{path}: {body}");
    }
    let (status, _) = post(&format!("{address}/register/mary@example.com"), &token).await;
    assert_eq!(status, 200);
}

#[tokio::test]
async fn an_outage_is_503_with_retry_after() {
    let local = LocalClerk::seeded();
    let clerk = local.client();
    clerk.keys().warm_up().await.unwrap();
    let address = serve(app(clerk)).await;
    local.inject(Fault::status(reqwest::StatusCode::SERVICE_UNAVAILABLE).times(10));
    let request = reqwest::Client::new().post(format!("{address}/register/mary@example.com"));
    let response = request.bearer_auth(local.sign_in("user_ada").token()).send().await.unwrap();
    assert!(response.headers().contains_key("retry-after"));
    let (status, body) = read(response).await;
    assert_eq!((status, body["error"]["code"].as_str()), (503, Some("clerk-unavailable")));
}
