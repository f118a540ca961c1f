//! Domains, checks of proxies in front of them, and the console of webhooks.

use http::StatusCode;
use serde_json::{Value, json};

use super::{
    super::{
        body::Body,
        error::ApiError,
        random,
        state::{Domain, PRIMARY_DOMAIN, State},
    },
    ApiRequest, ApiResult,
    Handler::{Fixed, One},
    Route,
};

pub(super) const ROUTES: &[Route] = &[
    Route::get("/domains", Fixed(list)),
    Route::post("/domains", Fixed(create)),
    Route::patch("/domains/{domain_id}", One(update)),
    Route::delete("/domains/{domain_id}", One(delete)),
    Route::post("/instance/change_domain", Fixed(change_production)),
    Route::put("/beta_features/domain", Fixed(change_production)),
    Route::post("/proxy_checks", Fixed(check_proxy)),
    Route::post("/webhooks/svix", Fixed(create_svix)),
    Route::delete("/webhooks/svix", Fixed(delete_svix)).no_content(),
    Route::post("/webhooks/svix_url", Fixed(svix_url)),
    Route::get("/public/interstitial", Fixed(interstitial)).public(),
];

fn list(request: ApiRequest<'_>) -> ApiResult {
    let ApiRequest { state, .. } = request;
    let satellites = state.domains.iter().map(|domain| state.render_domain(domain));
    let domains: Vec<_> = [state.render_primary_domain()].into_iter().chain(satellites).collect();
    Ok(json!({ "total_count": domains.len(), "data": domains }))
}

/// Rejects what is not a host with an optional port, and a name that another domain has.
fn check_name(state: &State, name: &str, id: &str) -> Result<(), ApiError> {
    let url = url::Url::parse(&format!("https://{name}/"));
    let is_host = url.is_ok_and(|url| {
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        url.host_str().is_some_and(|host| format!("{host}{port}").eq_ignore_ascii_case(name))
    });
    if !is_host {
        return Err(ApiError::bad_format("name", "a domain such as example.com or localhost:3000"));
    }
    let is_taken =
        state.domains.find(|domain| domain.id != id && domain.name.eq_ignore_ascii_case(name)).is_some();
    if is_taken { Err(ApiError::exists("name")) } else { Ok(()) }
}

fn put_proxy_url(body: &Body, domain: &mut Domain) -> Result<(), ApiError> {
    body.put_string("proxy_url", &mut domain.proxy_url)?;
    if domain.proxy_url.as_deref().is_some_and(|url| !is_web_url(url)) {
        return Err(ApiError::bad_format("proxy_url", "a URL such as https://example.com/__clerk"));
    }
    Ok(())
}

fn is_web_url(text: &str) -> bool {
    url::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
}

fn create(request: ApiRequest<'_>) -> ApiResult {
    let ApiRequest { state, body, now, .. } = request;
    let body = Body::parse(body, &["name", "is_satellite", "proxy_url"])?;
    let name = body.required("name")?;
    if !body.flag("is_satellite")?.ok_or_else(|| ApiError::missing("is_satellite"))? {
        let error = ApiError::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "primary_domain_already_exists",
            "primary domain already exists",
            "The instance has a primary domain already; new domains must be satellites",
        );
        return Err(error.with_param("is_satellite"));
    }
    check_name(state, name, "")?;
    let mut domain = Domain::new(name, now);
    put_proxy_url(&body, &mut domain)?;
    let rendered = state.render_domain(&domain);
    state.domains.insert(domain);
    Ok(rendered)
}

/// Returns the error that only domains of production instances change.
fn forbidden() -> ApiError {
    ApiError::new(
        StatusCode::BAD_REQUEST,
        "domain_update_forbidden",
        "Domain update was forbidden",
        "Only production instances can change this, and LocalClerk is a development instance",
    )
}

fn update(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let ApiRequest { state, body, .. } = request;
    let body = Body::parse(body, &["name", "proxy_url", "is_secondary"])?;
    body.flag("is_secondary")?;
    if id == PRIMARY_DOMAIN {
        let changes = body.is_given("name") || body.is_given("proxy_url");
        return if changes { Err(forbidden()) } else { Ok(state.render_primary_domain()) };
    }
    let mut domain = state.domains.get(id)?.clone();
    body.replace_string("name", &mut domain.name)?;
    check_name(state, &domain.name, id)?;
    put_proxy_url(&body, &mut domain)?;
    let rendered = state.render_domain(&domain);
    *state.domains.get_mut(id)? = domain;
    Ok(rendered)
}

fn delete(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let ApiRequest { state, .. } = request;
    if id == PRIMARY_DOMAIN {
        return Err(ApiError::new(
            StatusCode::FORBIDDEN,
            "operation_not_allowed_on_primary_domain",
            "operation not allowed",
            "The primary domain cannot be deleted, only satellites",
        ));
    }
    state.domains.remove(id)?;
    Ok(json!({ "object": "domain", "id": id, "deleted": true }))
}

fn change_production(ApiRequest { body, .. }: ApiRequest<'_>) -> ApiResult {
    let body = Body::parse(body, &["home_url", "is_secondary"])?;
    body.flag("is_secondary")?;
    if body.string("home_url")?.is_some_and(|url| !is_web_url(url)) {
        return Err(ApiError::bad_format("home_url", "a URL such as https://www.example.com"));
    }
    Err(forbidden())
}

/// Checks a proxy. LocalClerk calls nobody, so only a URL of its own Frontend API is known to reach it.
fn check_proxy(request: ApiRequest<'_>) -> ApiResult {
    let ApiRequest { state, body, now, .. } = request;
    let body = Body::parse(body, &["domain_id", "proxy_url"])?;
    let id = body.required("domain_id")?;
    if id != PRIMARY_DOMAIN {
        state.domains.get(id)?;
    }
    let url = body.required("proxy_url")?;
    if url.trim_end_matches('/') != state.frontend_url() {
        let error = ApiError::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "invalid_proxy_configuration",
            "invalid proxy configuration",
            format!("LocalClerk calls no other server; its own Frontend API is at {}", state.frontend_url()),
        );
        return Err(error.with_param("proxy_url"));
    }
    Ok(json!({
        "object": "proxy_check",
        "id": random::id("proxchk_"),
        "domain_id": id,
        "last_run_at": now,
        "proxy_url": url,
        "successful": true,
        "created_at": now,
        "updated_at": now,
    }))
}

fn svix(state: &State) -> Value {
    json!({ "svix_url": state.frontend_url() })
}

fn create_svix(request: ApiRequest<'_>) -> ApiResult {
    let ApiRequest { state, .. } = request;
    if state.settings.svix_app {
        let message = "Only one Svix app is allowed per instance";
        return Err(ApiError::new(StatusCode::BAD_REQUEST, "svix_app_exists", "Svix app exists", message));
    }
    state.settings.svix_app = true;
    Ok(svix(state))
}

fn check_svix(state: &State) -> Result<(), ApiError> {
    if state.settings.svix_app {
        return Ok(());
    }
    let message = "The instance has no Svix app; create it with POST /webhooks/svix";
    Err(ApiError::new(StatusCode::BAD_REQUEST, "svix_app_missing", "Svix app missing", message))
}

fn delete_svix(request: ApiRequest<'_>) -> ApiResult {
    let ApiRequest { state, .. } = request;
    check_svix(state)?;
    state.settings.svix_app = false;
    Ok(Value::Null)
}

fn svix_url(request: ApiRequest<'_>) -> ApiResult {
    let ApiRequest { state, .. } = request;
    check_svix(state)?;
    Ok(svix(state))
}

fn interstitial(_: ApiRequest<'_>) -> ApiResult {
    Err(ApiError::not_emulated("the interstitial page, which no current SDK loads"))
}
