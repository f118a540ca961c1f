//! What anybody may know of the instance, and what does not belong to anybody.

use aws_lc_rs::constant_time;
use http::{HeaderName, HeaderValue, StatusCode};
use serde_json::json;

use super::{
    super::{
        super::{LocalBody, error::ApiError},
        browser_request::{require_loopback, return_url},
        handshake::redirect,
    },
    ApiResult, Call,
    Handler::{Fixed, NotEmulated},
    Reply, Route,
};

pub(super) const ROUTES: &[Route] = &[
    Route::get("/.well-known/assetlinks.json", Fixed(|_| Ok(Reply::Body(json!([]))))),
    Route::get(
        "/.well-known/apple-app-site-association",
        Fixed(|_| Ok(Reply::Body(json!({ "webcredentials": { "apps": [] } })))),
    ),
    Route::get("/.well-known/webauthn", Fixed(|_| Err(ApiError::not_found("document of related origins")))),
    Route::get("/v1/account_portal", Fixed(account_portal)),
    Route::get("/v1/health", Fixed(|_| Ok(Reply::Body(json!({ "status": "healthy" }))))),
    Route::get("/v1/proxy-health", Fixed(proxy_health)),
    Route::get("/v1/clear-site-data", Fixed(clear_site_data)),
    Route::get("/v1/redirect", Fixed(leave)),
    Route::get("/v1/client/sync", NotEmulated(SATELLITE)),
    Route::get("/v1/client/link", NotEmulated(SATELLITE)),
    Route::get("/v1/oauth_callback", NotEmulated(CALLBACK)),
    Route::post("/v1/oauth_callback", NotEmulated(CALLBACK)),
    Route::get("/v1/saml/metadata/{saml_connection_id}", NotEmulated("SAML")),
    Route::post("/v1/saml/acs/{saml_connection_id}", NotEmulated("SAML")),
];

const SATELLITE: &str = "satellite domains of production instances";
const CALLBACK: &str = "callbacks of real social providers; the built-in one needs none";

fn account_portal(call: &mut Call<'_>) -> ApiResult {
    let base = call.request.pages_url();
    Ok(Reply::Body(json!({
        "object": "account_portal",
        "allowed": true,
        "enabled": true,
        "internal_linking": true,
        "after_sign_in_url": base,
        "after_sign_up_url": base,
        "after_join_waitlist_url": base,
        "after_create_organization_url": base,
        "after_leave_organization_url": base,
        "logo_link_url": base,
        "customization": {
            "appearance": null,
            "background_color_dark": null,
            "background_color_light": null,
            "primary_color_dark": null,
            "primary_color_light": null,
        },
    })))
}

/// Tells the operator of a proxy whether it sends what it has to.
fn proxy_health(call: &mut Call<'_>) -> ApiResult {
    let header = |name: &str| call.request.headers.get(name).and_then(|value| value.to_str().ok());
    let refuse =
        |code, why: &str| Err(ApiError::new(StatusCode::BAD_REQUEST, code, "proxy misconfigured", why));
    let domain =
        call.request.query.first("domain_id").ok_or_else(|| ApiError::bad_request("domain_id is missing"))?;
    if call.state.domains.get(domain).is_err() && domain != crate::state::PRIMARY_DOMAIN {
        return refuse("domain_not_found", "There is no domain with this domain_id");
    }
    let Some(secret_key) = header("clerk-secret-key") else {
        return refuse("proxy_request_missing_secret_key", "The header Clerk-Secret-Key is missing");
    };
    let own = call.request.local.secret_key().expose().as_bytes();
    if constant_time::verify_slices_are_equal(secret_key.as_bytes(), own).is_err() {
        return refuse("proxy_request_invalid_secret_key", "The Clerk-Secret-Key is not this LocalClerk's");
    }
    if header("clerk-proxy-url").is_none_or(|url| return_url(url).is_err()) {
        return refuse(
            "proxy_request_missing_proxy_url",
            "The header Clerk-Proxy-Url is missing or not a URL",
        );
    }
    match header("x-forwarded-for") {
        None => refuse("proxy_request_missing_x_forwarded_for", "The header X-Forwarded-For is missing"),
        Some(address) => Ok(Reply::Body(json!({ "status": "healthy", "x_forwarded_for": address }))),
    }
}

fn clear_site_data(call: &mut Call<'_>) -> ApiResult {
    const CLEAR_SITE_DATA: HeaderName = HeaderName::from_static("clear-site-data");
    // What is cleared is that of every application under this name: no other site may ask for it.
    if call.request.script_origin().is_none() {
        call.request.check_form()?;
    }
    let mut response = http::Response::new(LocalBody::default());
    response.headers_mut().insert(CLEAR_SITE_DATA, HeaderValue::from_static("\"*\""));
    Ok(Reply::Response(response))
}

/// Redirects to an application on this computer, or else to the pages.
fn leave(call: &mut Call<'_>) -> ApiResult {
    let url = match call.request.query.first("redirect_url") {
        Some(text) => {
            let url = return_url(text)?;
            require_loopback(&url)?;
            url.into()
        }
        None => call.request.pages_url(),
    };
    Ok(Reply::Response(redirect(StatusCode::TEMPORARY_REDIRECT, &url, Vec::new())))
}
