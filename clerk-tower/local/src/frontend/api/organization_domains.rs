//! Email domains of organizations, as their members see and change them.

use http::Method;
use serde_json::{Value, json};

use super::{
    super::super::{
        error::ApiError,
        state::{CodeStrategy, ContactKind, OrganizationDomain, extended},
    },
    ApiResult, Call,
    Handler::{NotEmulated, One, Two},
    Reply, Route,
    factors::wrong_code,
    organizations::path,
};

pub(super) const ROUTES: &[Route] = &[
    Route::get("/v1/organizations/{organization_id}/domains", One(list)),
    Route::post("/v1/organizations/{organization_id}/domains", One(create)),
    Route::post("/v1/organizations/{organization_id}/domains/bulk", One(create_all)),
    Route::post(
        "/v1/organizations/{organization_id}/domains/prepare_ownership_verification/bulk",
        NotEmulated(OWNERSHIP),
    ),
    Route::post(
        "/v1/organizations/{organization_id}/domains/attempt_ownership_verification/bulk",
        NotEmulated(OWNERSHIP),
    ),
    Route::get("/v1/organizations/{organization_id}/domains/{domain_id}", Two(get)),
    Route::delete("/v1/organizations/{organization_id}/domains/{domain_id}", Two(delete)),
    Route::post(
        "/v1/organizations/{organization_id}/domains/{domain_id}/update_enrollment_mode",
        Two(update_enrollment_mode),
    ),
    Route::post(
        "/v1/organizations/{organization_id}/domains/{domain_id}/prepare_affiliation_verification",
        Two(prepare_affiliation),
    ),
    Route::post(
        "/v1/organizations/{organization_id}/domains/{domain_id}/attempt_affiliation_verification",
        Two(attempt_affiliation),
    ),
    Route::post(
        "/v1/organizations/{organization_id}/domains/{domain_id}/prepare_ownership_verification",
        NotEmulated(OWNERSHIP),
    ),
    Route::post(
        "/v1/organizations/{organization_id}/domains/{domain_id}/attempt_ownership_verification",
        NotEmulated(OWNERSHIP),
    ),
];

const OWNERSHIP: &str =
    "the verification of a domain's owner in the DNS; the Backend API's verify_ownership does it";
const READ_DOMAINS: &str = "org:sys_domains:read";
const MANAGE_DOMAINS: &str = "org:sys_domains:manage";

/// The most domains of one request.
const MAX_BULK: usize = 10;

fn list(call: &mut Call<'_>, id: &str) -> ApiResult {
    call.check_permission(id, READ_DOMAINS)?;
    Ok(Reply::Resource(call.perform(&Method::GET, &path(id, &["domains"]), &[])?))
}

/// Returns a domain of an organization.
fn find<'a>(call: &'a Call<'_>, id: &str, domain: &str) -> Result<&'a OrganizationDomain, ApiError> {
    let found = call.state.organization_domains.get(domain)?;
    let is_own = found.organization == id;
    is_own.then_some(found).ok_or_else(|| ApiError::not_found("organization domain"))
}

fn show(call: &Call<'_>, id: &str, domain: &str) -> ApiResult {
    Ok(Reply::Resource(call.state.render_organization_domain(find(call, id, domain)?)))
}

fn get(call: &mut Call<'_>, id: &str, domain: &str) -> ApiResult {
    call.check_permission(id, READ_DOMAINS)?;
    show(call, id, domain)
}

/// Adds a domain. Unlike the Backend API, a member cannot vouch for it, and verifies it afterwards.
fn add(call: &mut Call<'_>, id: &str, name: Option<&str>) -> Result<Value, ApiError> {
    let body = extended(call.fields(&["name", "enrollment_mode"]), json!({ "verified": false }));
    let body = name.map_or_else(|| body.clone(), |name| extended(body.clone(), json!({ "name": name })));
    call.perform(&Method::POST, &path(id, &["domains"]), body.to_string().as_bytes())
}

fn create(call: &mut Call<'_>, id: &str) -> ApiResult {
    call.check_permission(id, MANAGE_DOMAINS)?;
    Ok(Reply::Resource(add(call, id, None)?))
}

/// Adds domains as far as possible, each name once.
fn create_all(call: &mut Call<'_>, id: &str) -> ApiResult {
    call.check_permission(id, MANAGE_DOMAINS)?;
    let form = &call.request.form;
    let mut names = form.all("names")?;
    if names.is_empty() || names.len() > MAX_BULK {
        return Err(ApiError::bad_format("names", "between 1 and 10 domains"));
    }
    let all = std::mem::take(&mut names);
    all.into_iter().for_each(|name| {
        if !names.contains(&name) {
            names.push(name);
        }
    });
    let (mut created, mut errors) = (Vec::new(), Vec::new());
    for name in names {
        match add(call, id, Some(&name)) {
            Ok(domain) => created.push(domain),
            Err(error) => errors.push(json!({ "name": name, "code": error.code() })),
        }
    }
    Ok(Reply::Resource(json!({ "data": created, "errors": errors })))
}

fn delete(call: &mut Call<'_>, id: &str, domain: &str) -> ApiResult {
    call.check_permission(id, MANAGE_DOMAINS)?;
    Ok(Reply::Resource(call.perform(&Method::DELETE, &path(id, &["domains", domain]), &[])?))
}

/// Changes how people enroll. Invitations and suggestions follow from the domain, so that those of another mode end with
/// it, as with `delete_pending` at Clerk.
fn update_enrollment_mode(call: &mut Call<'_>, id: &str, domain: &str) -> ApiResult {
    call.check_permission(id, MANAGE_DOMAINS)?;
    call.request.form.flag("delete_pending")?;
    let body = call.fields(&["enrollment_mode"]);
    call.perform_with(&Method::PATCH, &path(id, &["domains", domain]), &body)
}

/// Sends a code to an address at the domain, by which a member shows that the organization belongs to it.
fn prepare_affiliation(call: &mut Call<'_>, id: &str, domain: &str) -> ApiResult {
    const ADDRESS: &str = "affiliation_email_address";
    call.check_permission(id, MANAGE_DOMAINS)?;
    let address = call.request.form.first(ADDRESS).ok_or_else(|| ApiError::missing(ADDRESS))?.trim();
    ContactKind::Email.check_format(address).map_err(|error| error.with_param(ADDRESS))?;
    let found = find(call, id, domain)?;
    let is_there = address.rsplit_once('@').is_some_and(|(_, host)| host.eq_ignore_ascii_case(&found.name));
    if !is_there {
        return Err(ApiError::bad_format(ADDRESS, &format!("an address at {}", found.name)));
    }
    let now = call.request.now;
    call.state.send_code(CodeStrategy::Affiliation, domain, address, now);
    let domain_mut = call.state.organization_domains.get_mut(domain)?;
    domain_mut.affiliation_email_address = Some(address.to_owned());
    domain_mut.updated_at = now;
    show(call, id, domain)
}

fn attempt_affiliation(call: &mut Call<'_>, id: &str, domain: &str) -> ApiResult {
    call.check_permission(id, MANAGE_DOMAINS)?;
    let code = call.request.form.first("code").ok_or_else(|| ApiError::missing("code"))?;
    find(call, id, domain)?;
    let now = call.request.now;
    let sent = call.state.latest_verification(domain).map(|sent| sent.id.clone());
    let sent = sent.ok_or_else(super::factors::nothing_sent)?;
    match call.state.attempt_code(&sent, code, now)?.status(now) {
        "verified" => {}
        status => return Err(wrong_code(status)),
    }
    let domain_mut = call.state.organization_domains.get_mut(domain)?;
    domain_mut.verified = true;
    domain_mut.updated_at = now;
    show(call, id, domain)
}
