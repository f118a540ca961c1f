//! Email domains of organizations.

use http::StatusCode;
use serde_json::{Value, json};

use super::{
    super::{
        body::Body,
        error::ApiError,
        query::{Query, SortKey},
        state::{ENROLLMENT_MODES, OrganizationDomain, State},
    },
    ApiRequest, ApiResult,
    Handler::{Fixed, One, Two},
    Route,
};

pub(super) const ROUTES: &[Route] = &[
    Route::get("/organization_domains", Fixed(all)),
    Route::get("/organizations/{organization_id}/domains", One(list)),
    Route::post("/organizations/{organization_id}/domains", One(create)),
    Route::patch("/organizations/{organization_id}/domains/{domain_id}", Two(update)),
    Route::delete("/organizations/{organization_id}/domains/{domain_id}", Two(delete)),
    Route::post(
        "/organizations/{organization_id}/domains/{domain_id}/verify_ownership",
        Two(verify_ownership),
    ),
];

const ENTERPRISE_SSO: &str = "enterprise_sso";

/// Domains at which anybody gets an address.
const COMMON: &[&str] = &[
    "aol.com",
    "gmail.com",
    "gmx.de",
    "gmx.net",
    "googlemail.com",
    "hotmail.com",
    "icloud.com",
    "live.com",
    "mail.com",
    "me.com",
    "msn.com",
    "outlook.com",
    "proton.me",
    "protonmail.com",
    "web.de",
    "yahoo.com",
    "yandex.ru",
];

fn is_mode(mode: &str) -> bool {
    mode == ENTERPRISE_SSO || ENROLLMENT_MODES.contains(&mode)
}

/// Returns a page of the domains that a query asks for.
fn page(state: &State, query: &Query, admits: impl Fn(&OrganizationDomain) -> bool) -> ApiResult {
    let page = query.page()?;
    let order = query.order(&["created_at", "name"])?;
    let verified = query.flag("verified")?;
    let modes = query.include_exclude_list("enrollment_mode")?;
    if !modes.included.iter().chain(&modes.excluded).all(|mode| is_mode(mode)) {
        let modes = ENROLLMENT_MODES.join(", ");
        return Err(ApiError::bad_format("enrollment_mode", &format!("one of {modes}, {ENTERPRISE_SSO}")));
    }
    let admits = |domain: &&OrganizationDomain| {
        verified.is_none_or(|verified| domain.verified == verified)
            && modes.admits(|mode| domain.enrollment_mode == mode)
            && admits(domain)
    };
    let mut domains: Vec<_> = state.organization_domains.iter().filter(admits).collect();
    order.sort(&mut domains, |domain| match order.field {
        "name" => SortKey::from(Some(domain.name.as_str())),
        _ => domain.created_at.into(),
    });
    Ok(page.envelope(&domains, |domain| state.render_organization_domain(domain)))
}

fn all(request: ApiRequest<'_>) -> ApiResult {
    let ApiRequest { state, query, .. } = request;
    let organization = query.first("organization_id");
    let names = query.all("domains")?;
    let text = query.given("query").map(str::trim);
    if text == Some("") {
        return Err(ApiError::bad_format("query", "not empty"));
    }
    let text = text.map(str::to_lowercase);
    let matches = |domain: &OrganizationDomain, text: &str| match text.strip_prefix("org_") {
        Some(_) => domain.organization.as_str().eq_ignore_ascii_case(text),
        None => domain.name.contains(text),
    };
    page(state, &query, |domain| {
        organization.is_none_or(|organization| domain.organization == organization)
            && (names.is_empty() || names.contains(&domain.name))
            && text.as_deref().is_none_or(|text| matches(domain, text))
    })
}

fn list(request: ApiRequest<'_>, organization: &str) -> ApiResult {
    let ApiRequest { state, query, .. } = request;
    state.organizations.get(organization)?;
    page(state, &query, |domain| domain.organization == organization)
}

fn find<'a>(state: &'a State, organization: &str, id: &str) -> Result<&'a OrganizationDomain, ApiError> {
    state.organizations.get(organization)?;
    let domain = state.organization_domains.get(id)?;
    let is_there = domain.organization == organization;
    is_there.then_some(domain).ok_or_else(|| ApiError::not_found("organization domain"))
}

/// Returns a domain's name in lowercase, if it can be an organization's domain and no organization has it.
pub(in super::super) fn check_name(state: &State, name: &str) -> Result<String, ApiError> {
    let name = name.to_ascii_lowercase();
    let is_label = |label: &str| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        (1..=63).contains(&label.len())
            && label.bytes().all(plain)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if name.len() > 253 || !name.contains('.') || !name.split('.').all(is_label) {
        return Err(ApiError::bad_format("name", "a domain such as example.com"));
    }
    let refuse = |code, message, why: &str| {
        Err(ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, code, message, why).with_param("name"))
    };
    if COMMON.contains(&name.as_str()) {
        return refuse(
            "organization_domain_common",
            "common email domain",
            "Anybody can get an address at this domain",
        );
    }
    if state.organization_domains.find(|domain| domain.name == name).is_some() {
        let code = "organization_domain_already_exists";
        return refuse(code, "organization domain already exists", "An organization has this domain already");
    }
    Ok(name)
}

/// Sets how people of a domain enroll, if the settings allow it.
fn put_mode(state: &State, body: &Body, domain: &mut OrganizationDomain) -> Result<(), ApiError> {
    let Some(mode) = body.string("enrollment_mode")? else { return Ok(()) };
    if !is_mode(mode) {
        let modes = ENROLLMENT_MODES.join(", ");
        return Err(ApiError::bad_format("enrollment_mode", &format!("one of {modes}, {ENTERPRISE_SSO}")));
    }
    let enabled = &state.settings.organizations.domains_enrollment_modes;
    if mode != ENTERPRISE_SSO && !enabled.iter().any(|enabled| enabled == mode) {
        return Err(ApiError::new(
            StatusCode::FORBIDDEN,
            "organization_domain_enrollment_mode_not_enabled",
            "organization enrollment mode not enabled",
            format!("The enrollment mode {mode} is not enabled for this instance's organizations"),
        ));
    }
    mode.clone_into(&mut domain.enrollment_mode);
    Ok(())
}

fn create(request: ApiRequest<'_>, organization: &str) -> ApiResult {
    let ApiRequest { state, body, now, .. } = request;
    let organization = state.organizations.get(organization)?.id.clone();
    let body = Body::parse(body, &["name", "enrollment_mode", "verified"])?;
    if !state.settings.organizations.domains_enabled {
        return Err(ApiError::new(
            StatusCode::FORBIDDEN,
            "feature_not_enabled",
            "not enabled",
            "Organization domains are disabled; enable them with PATCH /instance/organization_settings",
        ));
    }
    let name = check_name(state, body.required("name")?)?;
    let mut domain = OrganizationDomain::new(&organization, &name, now);
    put_mode(state, &body, &mut domain)?;
    domain.verified = body.flag("verified")?.unwrap_or(true);
    let id = domain.id.clone();
    state.organization_domains.insert(domain);
    show(state, &id)
}

fn show(state: &State, id: &str) -> ApiResult {
    Ok(state.render_organization_domain(state.organization_domains.get(id)?))
}

fn update(request: ApiRequest<'_>, organization: &str, id: &str) -> ApiResult {
    let ApiRequest { state, body, now, .. } = request;
    let mut domain = find(state, organization, id)?.clone();
    let body = Body::parse(body, &["enrollment_mode", "verified"])?;
    put_mode(state, &body, &mut domain)?;
    body.put_flag("verified", &mut domain.verified)?;
    domain.updated_at = now;
    *state.organization_domains.get_mut(id)? = domain;
    show(state, id)
}

fn delete(request: ApiRequest<'_>, organization: &str, id: &str) -> Result<Value, ApiError> {
    let ApiRequest { state, .. } = request;
    find(state, organization, id)?;
    state.organization_domains.remove(id)?;
    Ok(json!({ "object": "organization_domain", "id": id, "deleted": true }))
}

fn verify_ownership(request: ApiRequest<'_>, organization: &str, id: &str) -> ApiResult {
    let ApiRequest { state, now, .. } = request;
    if find(state, organization, id)?.ownership_verified_at.is_none() {
        let domain = state.organization_domains.get_mut(id)?;
        domain.ownership_verified_at = Some(now);
        domain.updated_at = now;
    }
    show(state, id)
}
