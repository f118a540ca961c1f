//! Browsers, which Clerk calls clients.

use http::{
    HeaderValue, StatusCode,
    header::{CONTENT_SECURITY_POLICY, X_FRAME_OPTIONS},
};
use serde_json::json;

use super::{
    super::{
        super::{LocalBody, error::ApiError, state::SessionEnd},
        browser_request::{require_loopback, return_url},
        html::document_with_script,
    },
    ApiResult, Call,
    Handler::Fixed,
    Reply, Route, unknown_browser,
};

pub(super) const ROUTES: &[Route] = &[
    Route::get("/.well-known/jwks.json", Fixed(jwks)),
    Route::post("/v1/dev_browser", Fixed(dev_browser)),
    Route::get("/v1/dev_browser/init", Fixed(init)),
    Route::post("/v1/dev_browser/set_first_party_cookie", Fixed(set_cookie)),
    Route::get("/v1/client", Fixed(get)),
    Route::put("/v1/client", Fixed(create)),
    Route::post("/v1/client", Fixed(create)),
    Route::delete("/v1/client", Fixed(sign_out)),
    Route::delete("/v1/client/sessions", Fixed(sign_out)),
];

fn jwks(call: &mut Call<'_>) -> ApiResult {
    Ok(Reply::Body(json!({ "keys": [call.key.jwk()] })))
}

/// Registers a browser.
fn dev_browser(call: &mut Call<'_>) -> ApiResult {
    let client = call.state.clients.create(call.request.now);
    let body = json!({
        "object": "dev_browser",
        "id": client.dev_browser,
        "token": client.dev_browser,
        "client_id": client.id,
        "created_at": client.created_at,
        "updated_at": client.created_at,
    });
    call.client = Some(client);
    Ok(Reply::Body(body))
}

/// Returns a document for a frame in the application's page, as version 4 of Clerk's JavaScript and older ones use it. It
/// tells the page the browser's token.
fn init(call: &mut Call<'_>) -> ApiResult {
    let origin = call.request.query.first("origin").ok_or_else(|| ApiError::missing("origin"))?;
    let origin = return_url(origin)?;
    require_loopback(&origin)?;
    let origin = origin.origin().ascii_serialization();
    let token = call.client_or_new().dev_browser;
    let script = format!("parent.postMessage({}, {})", json!({ "browserToken": token }), json!(origin));
    let mut response = document_with_script(StatusCode::OK, "Browser", "", &script);
    let headers = response.headers_mut();
    headers.remove(X_FRAME_OPTIONS);
    let policy = headers.get(CONTENT_SECURITY_POLICY).and_then(|policy| policy.to_str().ok());
    let policy =
        policy.unwrap_or_default().replace("frame-ancestors 'none'", &format!("frame-ancestors {origin}"));
    if let Ok(policy) = HeaderValue::try_from(policy) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    Ok(Reply::Response(response))
}

/// Sets the cookies by which this server recognizes the browser.
fn set_cookie(call: &mut Call<'_>) -> ApiResult {
    call.client_or_new();
    Ok(Reply::Response(http::Response::new(LocalBody::default())))
}

/// Returns the browser. One that brings nothing that identifies it is registered, if it is one; a token that is unknown is
/// an error, on which Clerk's JavaScript asks for a new one.
fn get(call: &mut Call<'_>) -> ApiResult {
    if call.client.is_none() && call.request.query.first("__clerk_db_jwt").is_some() {
        return Err(unknown_browser());
    }
    if call.request.script_origin().is_some() {
        call.client_or_new();
    }
    Ok(Reply::Client)
}

fn create(call: &mut Call<'_>) -> ApiResult {
    call.client_or_new();
    Ok(Reply::Client)
}

/// Ends all sessions of the browser.
fn sign_out(call: &mut Call<'_>) -> ApiResult {
    let browser = call.client()?.dev_browser.clone();
    call.state.sign_out_with(&browser, SessionEnd::Removed, call.request.now);
    Ok(Reply::Client)
}
