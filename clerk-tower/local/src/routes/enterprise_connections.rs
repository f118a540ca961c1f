//! Enterprise connections, and the older operations on those with SAML.

use serde_json::{Map, Value, json};

use super::{
    super::{
        body::Body,
        error::ApiError,
        query::SortKey,
        random,
        state::{
            State,
            enterprise::{EnterpriseConnection, TestRun},
        },
    },
    ApiRequest, ApiResult,
    Handler::{Fixed, One},
    Route,
};

pub(super) const ROUTES: &[Route] = &[
    Route::get("/saml_connections", Fixed(list_saml)),
    Route::post("/saml_connections", Fixed(create_saml)),
    Route::get("/saml_connections/{saml_connection_id}", One(get_saml)),
    Route::patch("/saml_connections/{saml_connection_id}", One(update_saml)),
    Route::delete("/saml_connections/{saml_connection_id}", One(delete_saml)),
    Route::get("/enterprise_connections", Fixed(list)),
    Route::post("/enterprise_connections", Fixed(create)).created(),
    Route::get("/enterprise_connections/{enterprise_connection_id}", One(get)),
    Route::patch("/enterprise_connections/{enterprise_connection_id}", One(update)),
    Route::delete("/enterprise_connections/{enterprise_connection_id}", One(delete)),
    Route::get("/enterprise_connections/{enterprise_connection_id}/test_runs", One(test_runs)),
    Route::post("/enterprise_connections/{enterprise_connection_id}/test_runs", One(create_test_run)),
];

const SAML_PROVIDERS: [&str; 4] = ["saml_custom", "saml_okta", "saml_google", "saml_microsoft"];
const OIDC_PROVIDERS: [&str; 3] = ["oidc_custom", "oidc_github_enterprise", "oidc_gitlab"];

/// The settings of SAML: strings, and flags.
const SAML_STRINGS: [&str; 5] =
    ["idp_entity_id", "idp_sso_url", "idp_certificate", "idp_metadata_url", "idp_metadata"];
const SAML_FLAGS: [&str; 3] = ["allow_subdomains", "allow_idp_initiated", "force_authn"];
/// The settings of OpenID Connect. The secret is kept, and never shown.
const OIDC_STRINGS: [&str; 6] =
    ["client_id", "client_secret", "discovery_url", "auth_url", "token_url", "user_info_url"];
const OIDC_FLAGS: [&str; 1] = ["requires_pkce"];

/// Sets what all connections have, as far as the body has it.
fn put_common(body: &Body, state: &State, connection: &mut EnterpriseConnection) -> Result<(), ApiError> {
    if let Some(name) = body.string("name")? {
        if name.is_empty() {
            return Err(ApiError::missing("name"));
        }
        name.clone_into(&mut connection.name);
    }
    let domain = body.string("domain")?.map(|domain| ("domain", vec![domain.to_owned()]));
    let domains = body.strings_if_given("domains")?.map(|domains| ("domains", domains));
    if let Some((param, domains)) = domains.or(domain).filter(|(_, domains)| !domains.is_empty()) {
        if !domains.iter().all(|domain| is_domain(domain)) {
            return Err(ApiError::bad_format(param, "made of domains such as example.com"));
        }
        connection.domains = domains.iter().map(|domain| domain.to_lowercase()).collect();
    }
    body.put_string("organization_id", &mut connection.organization)?;
    if let Some(organization) = &connection.organization {
        state.organizations.get(organization)?;
    }
    body.put_flag("active", &mut connection.active)?;
    body.put_flag("sync_user_attributes", &mut connection.sync_user_attributes)?;
    body.put_flag("disable_additional_identifications", &mut connection.disable_additional_identifications)?;
    body.put_flag("allow_organization_account_linking", &mut connection.allow_organization_account_linking)
}

fn is_domain(text: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    text.len() <= 253 && text.contains('.') && text.split('.').all(is_label)
}

/// Sets strings and flags of a protocol; `null` clears one.
fn put_settings(
    body: &Body,
    strings: &[&str],
    flags: &[&str],
    settings: &mut Map<String, Value>,
) -> Result<(), ApiError> {
    for name in strings {
        let mut text = settings.get(*name).and_then(Value::as_str).map(str::to_owned);
        body.put_string(name, &mut text)?;
        settings.insert((*name).to_owned(), json!(text));
    }
    for name in flags {
        if let Some(flag) = body.flag(name)? {
            settings.insert((*name).to_owned(), json!(flag));
        }
    }
    Ok(())
}

fn put_saml(body: &Body, settings: &mut Map<String, Value>) -> Result<(), ApiError> {
    put_settings(body, &SAML_STRINGS, &SAML_FLAGS, settings)?;
    if let Some(mapping) = body.object("attribute_mapping")? {
        const KNOWN: [&str; 4] = ["user_id", "email_address", "first_name", "last_name"];
        if !mapping.iter().all(|(name, value)| KNOWN.contains(&name.as_str()) && value.is_string()) {
            return Err(ApiError::bad_format("attribute_mapping", "an object of strings"));
        }
        settings.insert("attribute_mapping".to_owned(), json!(mapping));
    }
    if let Some(hint) = body.object("login_hint")? {
        let mode = hint.get("mode").and_then(Value::as_str);
        if !matches!(mode, Some("email_address" | "custom_attribute" | "off")) {
            return Err(ApiError::bad_format(
                "login_hint",
                "an object with the mode email_address, custom_attribute or off",
            ));
        }
        settings.insert("login_hint".to_owned(), json!(hint));
    }
    Ok(())
}

/// Returns an object in the body as a body of its own.
fn nested(body: &Body, name: &str, known: &[&str]) -> Result<Option<Body>, ApiError> {
    let object = body.object(name)?.map(|object| json!(object).to_string());
    object.map(|object| Body::parse(object.as_bytes(), known)).transpose()
}

fn put_custom_attributes(body: &Body, connection: &mut EnterpriseConnection) -> Result<(), ApiError> {
    let mut given = None;
    body.put_value("custom_attributes", &mut given);
    let Some(given) = given else { return Ok(()) };
    let wrong = || ApiError::bad_format("custom_attributes", "an array of objects with a name and a key");
    let attributes = given.as_array().ok_or_else(wrong)?;
    let is_text = |attribute: &Value, name: &str| {
        attribute.get(name).and_then(Value::as_str).is_some_and(|text| !text.is_empty())
    };
    if !attributes.iter().all(|attribute| is_text(attribute, "name") && is_text(attribute, "key")) {
        return Err(wrong());
    }
    connection.custom_attributes.clone_from(attributes);
    Ok(())
}

fn store(request: ApiRequest<'_>, mut connection: EnterpriseConnection) -> Result<&mut State, ApiError> {
    let ApiRequest { state, now, .. } = request;
    connection.updated_at = now;
    if let Ok(known) = state.enterprise_connections.get_mut(&connection.id) {
        *known = connection;
    } else {
        state.enterprise_connections.insert(connection);
    }
    Ok(state)
}

/// Returns the SAML connection with an identifier.
fn find_saml<'a>(state: &'a State, id: &str) -> Result<&'a EnterpriseConnection, ApiError> {
    let found = state.enterprise_connections.find(|known| known.is_saml() && known.part_id() == id);
    found.ok_or_else(|| ApiError::not_found("SAML connection"))
}

fn list_saml(request: ApiRequest<'_>) -> ApiResult {
    let ApiRequest { state, query, .. } = request;
    let page = query.page()?;
    let order = query.order(&["created_at", "name"])?;
    let organizations = query.include_exclude("organization_id")?;
    let text = query.first("query").map(str::to_lowercase);
    let admits = |known: &&EnterpriseConnection| {
        known.is_saml()
            && organizations.admits(|id| known.organization.as_deref() == Some(id))
            && text.as_deref().is_none_or(|text| {
                known.name.to_lowercase().contains(text)
                    || known.domains.iter().any(|domain| domain.contains(text))
            })
    };
    let mut connections: Vec<_> = state.enterprise_connections.iter().filter(admits).collect();
    order.sort(&mut connections, |known| match order.field {
        "name" => SortKey::from(Some(known.name.as_str())),
        _ => known.created_at.into(),
    });
    Ok(page.envelope(&connections, |known| state.render_saml_connection(known)))
}

fn saml_body(body: &[u8], more: &[&str]) -> Result<Body, ApiError> {
    const FIELDS: [&str; 7] =
        ["name", "domain", "domains", "organization_id", "attribute_mapping", "force_authn", "login_hint"];
    let known: Vec<_> = FIELDS.iter().chain(&SAML_STRINGS).chain(more).copied().collect();
    Body::parse(body, &known)
}

fn create_saml(request: ApiRequest<'_>) -> ApiResult {
    let body = saml_body(request.body, &["provider"])?;
    let name = body.required("name")?.to_owned();
    body.required("provider")?;
    let provider = body.one_of("provider", &SAML_PROVIDERS)?.unwrap_or_default().to_owned();
    let mut connection = EnterpriseConnection::new(name, provider, request.now);
    put_common(&body, request.state, &mut connection)?;
    if connection.domains.is_empty() {
        return Err(ApiError::missing("domains"));
    }
    put_saml(&body, &mut connection.settings)?;
    let state = store(request, connection.clone())?;
    Ok(state.render_saml_connection(&connection))
}

fn get_saml(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let state = request.state;
    Ok(state.render_saml_connection(find_saml(state, id)?))
}

fn update_saml(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let mut connection = find_saml(request.state, id)?.clone();
    let more = [
        "active",
        "sync_user_attributes",
        "allow_subdomains",
        "allow_idp_initiated",
        "disable_additional_identifications",
        "allow_organization_account_linking",
        "consent_verified_domains_deletion",
    ];
    let body = saml_body(request.body, &more)?;
    put_common(&body, request.state, &mut connection)?;
    put_saml(&body, &mut connection.settings)?;
    let state = store(request, connection)?;
    Ok(state.render_saml_connection(find_saml(state, id)?))
}

fn delete_saml(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let state = request.state;
    let connection = find_saml(state, id)?.id.clone();
    remove(state, &connection)?;
    Ok(json!({ "object": "saml_connection", "id": id, "deleted": true }))
}

/// Removes a connection, and its directories.
fn remove(state: &mut State, id: &str) -> Result<(), ApiError> {
    state.enterprise_connections.remove(id)?;
    state.directories.retain(|directory| directory.connection != id);
    Ok(())
}

fn list(request: ApiRequest<'_>) -> ApiResult {
    let ApiRequest { state, query, .. } = request;
    let page = query.page()?;
    let (organization, active) = (query.first("organization_id"), query.flag("active")?);
    let admits = |known: &&EnterpriseConnection| {
        organization.is_none_or(|id| known.organization.as_deref() == Some(id))
            && active.is_none_or(|active| known.active == active)
    };
    let connections: Vec<_> = state.enterprise_connections.iter().rev().filter(admits).collect();
    Ok(page.envelope(&connections, |known| state.render_enterprise_connection(known)))
}

/// Sets the part of the body for the connection's protocol. The other part is ignored.
fn put_protocol(body: &Body, connection: &mut EnterpriseConnection) -> Result<(), ApiError> {
    if connection.is_saml() {
        let known: Vec<_> = ["name", "attribute_mapping", "login_hint"]
            .iter()
            .chain(&SAML_STRINGS)
            .chain(&SAML_FLAGS)
            .copied()
            .collect();
        if let Some(saml) = nested(body, "saml", &known)? {
            put_saml(&saml, &mut connection.settings)?;
        }
    } else {
        let known: Vec<_> = OIDC_STRINGS.iter().chain(&OIDC_FLAGS).copied().collect();
        if let Some(oidc) = nested(body, "oidc", &known)? {
            put_settings(&oidc, &OIDC_STRINGS, &OIDC_FLAGS, &mut connection.settings)?;
        }
    }
    put_custom_attributes(body, connection)
}

fn create(request: ApiRequest<'_>) -> ApiResult {
    let known = [
        "name",
        "provider",
        "domains",
        "organization_id",
        "allow_organization_account_linking",
        "active",
        "saml",
        "oidc",
        "custom_attributes",
    ];
    let body = Body::parse(request.body, &known)?;
    let name = body.required("name")?.to_owned();
    body.required("provider")?;
    let providers: Vec<_> = SAML_PROVIDERS.iter().chain(&OIDC_PROVIDERS).copied().collect();
    let provider = body.one_of("provider", &providers)?.unwrap_or_default().to_owned();
    let mut connection = EnterpriseConnection::new(name, provider, request.now);
    put_common(&body, request.state, &mut connection)?;
    if connection.domains.is_empty() {
        return Err(ApiError::missing("domains"));
    }
    put_protocol(&body, &mut connection)?;
    let state = store(request, connection.clone())?;
    Ok(state.render_enterprise_connection(&connection))
}

fn get(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let state = request.state;
    Ok(state.render_enterprise_connection(state.enterprise_connections.get(id)?))
}

fn update(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let mut connection = request.state.enterprise_connections.get(id)?.clone();
    let known = [
        "name",
        "domains",
        "active",
        "sync_user_attributes",
        "disable_additional_identifications",
        "allow_organization_account_linking",
        "organization_id",
        "saml",
        "oidc",
        "custom_attributes",
    ];
    let body = Body::parse(request.body, &known)?;
    put_common(&body, request.state, &mut connection)?;
    put_protocol(&body, &mut connection)?;
    let state = store(request, connection)?;
    Ok(state.render_enterprise_connection(state.enterprise_connections.get(id)?))
}

fn delete(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let state = request.state;
    remove(state, id)?;
    Ok(json!({ "object": "enterprise_connection", "id": id, "deleted": true }))
}

fn test_runs(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let ApiRequest { state, query, .. } = request;
    let page = query.page()?;
    let connection = state.enterprise_connections.get(id)?;
    let statuses = query.all("status")?;
    if let Some(unknown) =
        statuses.iter().find(|status| !["pending", "success", "failed"].contains(&status.as_str()))
    {
        return Err(ApiError::bad_format("status", &format!("pending, success or failed, not {unknown}")));
    }
    // Nobody finishes a run.
    let is_asked = statuses.is_empty() || statuses.iter().any(|status| status == "pending");
    let runs: Vec<_> = connection.test_runs.iter().rev().filter(|_| is_asked).collect();
    Ok(page.envelope(&runs, |run| connection.render_test_run(run)))
}

fn create_test_run(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let ApiRequest { state, now, .. } = request;
    let run = TestRun { id: random::id("entrun_"), created_at: now };
    let url = format!("{}/v1/enterprise_connections/{id}/test_runs/{}", state.frontend_url(), run.id);
    state.enterprise_connections.get_mut(id)?.test_runs.push(run);
    Ok(json!({ "url": url }))
}
