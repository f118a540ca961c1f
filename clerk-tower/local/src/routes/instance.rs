//! Instance settings, and the beta features, which change some of the same settings.

use serde_json::Value;

use super::{
    super::{
        body::Body,
        error::ApiError,
        state::{ENROLLMENT_MODES, Roles},
    },
    ApiRequest, ApiResult,
    Handler::Fixed,
    Route, roles,
};

pub(super) const ROUTES: &[Route] = &[
    Route::get("/instance", Fixed(get)),
    Route::patch("/instance", Fixed(update)).no_content(),
    Route::patch("/instance/restrictions", Fixed(update_restrictions)),
    Route::get("/instance/protect", Fixed(protect)),
    Route::patch("/instance/protect", Fixed(update_protect)),
    Route::get("/instance/communication", Fixed(communication)),
    Route::patch("/instance/communication", Fixed(update_communication)),
    Route::get("/instance/oauth_application_settings", Fixed(oauth_applications)),
    Route::patch("/instance/oauth_application_settings", Fixed(update_oauth_applications)),
    Route::get("/instance/organization_settings", Fixed(organizations)),
    Route::patch("/instance/organization_settings", Fixed(update_organizations)),
    Route::patch("/beta_features/instance_settings", Fixed(update_beta)),
];

fn get(request: ApiRequest<'_>) -> ApiResult {
    let ApiRequest { state, .. } = request;
    Ok(state.settings.render_instance())
}

fn update(request: ApiRequest<'_>) -> ApiResult {
    let ApiRequest { state, body, .. } = request;
    let body = Body::parse(
        body,
        &[
            "test_mode",
            "hibp",
            "support_email",
            "clerk_js_version",
            "development_origin",
            "allowed_origins",
            "cookieless_dev",
            "url_based_session_syncing",
            "preferred_sign_in_strategy_when_password_required",
        ],
    )?;
    let mut settings = state.settings.clone();
    body.put_flag("test_mode", &mut settings.test_mode)?;
    body.put_flag("hibp", &mut settings.hibp)?;
    body.put_string("support_email", &mut settings.support_email)?;
    body.put_string("clerk_js_version", &mut settings.clerk_js_version)?;
    body.put_string("development_origin", &mut settings.development_origin)?;
    if let Some(origins) = body.strings_if_given("allowed_origins")? {
        settings.allowed_origins = Some(origins);
    }
    // The former name of the same setting.
    body.put_flag("cookieless_dev", &mut settings.url_based_session_syncing)?;
    body.put_flag("url_based_session_syncing", &mut settings.url_based_session_syncing)?;
    let preferred = "preferred_sign_in_strategy_when_password_required";
    if let Some(strategy) = body.one_of(preferred, &["password", "otp", ""])? {
        settings.preferred_sign_in_strategy_when_password_required = strategy.to_owned();
    }
    state.settings = settings;
    Ok(Value::Null)
}

fn update_restrictions(request: ApiRequest<'_>) -> ApiResult {
    let ApiRequest { state, body, .. } = request;
    let body = Body::parse(
        body,
        &[
            "allowlist",
            "blocklist",
            "allowlist_blocklist_disabled_on_sign_in",
            "block_email_subaddresses",
            "block_disposable_email_domains",
        ],
    )?;
    let mut settings = state.settings.clone();
    let restrictions = &mut settings.restrictions;
    body.put_flag("allowlist", &mut restrictions.allowlist)?;
    body.put_flag("blocklist", &mut restrictions.blocklist)?;
    body.put_flag(
        "allowlist_blocklist_disabled_on_sign_in",
        &mut restrictions.allowlist_blocklist_disabled_on_sign_in,
    )?;
    body.put_flag("block_email_subaddresses", &mut restrictions.block_email_subaddresses)?;
    body.put_flag("block_disposable_email_domains", &mut restrictions.block_disposable_email_domains)?;
    state.settings = settings;
    Ok(state.settings.render_restrictions())
}

fn protect(request: ApiRequest<'_>) -> ApiResult {
    let ApiRequest { state, .. } = request;
    Ok(state.settings.render_protect())
}

fn update_protect(request: ApiRequest<'_>) -> ApiResult {
    let ApiRequest { state, body, .. } = request;
    let body = Body::parse(body, &["rules_enabled", "specter_enabled"])?;
    let mut protect = state.settings.protect.clone();
    body.put_flag("rules_enabled", &mut protect.rules_enabled)?;
    body.put_flag("specter_enabled", &mut protect.specter_enabled)?;
    state.settings.protect = protect;
    Ok(state.settings.render_protect())
}

fn communication(request: ApiRequest<'_>) -> ApiResult {
    let ApiRequest { state, .. } = request;
    Ok(state.settings.render_communication())
}

fn update_communication(request: ApiRequest<'_>) -> ApiResult {
    let ApiRequest { state, body, .. } = request;
    let name = "blocked_country_codes";
    let body = Body::parse(body, &[name])?;
    if let Some(codes) = body.strings_if_given(name)? {
        let is_code = |code: &String| code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase());
        let repeats =
            codes.iter().enumerate().any(|(at, code)| codes.iter().skip(at + 1).any(|it| it == code));
        if codes.len() > 250 || repeats || !codes.iter().all(is_code) {
            return Err(ApiError::bad_format(name, "at most 250 different codes such as DE"));
        }
        state.settings.blocked_country_codes = codes;
    }
    Ok(state.settings.render_communication())
}

fn oauth_applications(request: ApiRequest<'_>) -> ApiResult {
    let ApiRequest { state, .. } = request;
    Ok(state.settings.render_oauth_applications())
}

fn update_oauth_applications(request: ApiRequest<'_>) -> ApiResult {
    let ApiRequest { state, body, .. } = request;
    let body = Body::parse(
        body,
        &[
            "dynamic_oauth_client_registration",
            "default_scopes",
            "oauth_jwt_access_tokens",
            "client_id_metadata_documents_advertised",
            "client_id_metadata_documents_only_allow_pre_registered_clients",
            "client_id_metadata_documents_block_implicitly_allowed_clients",
        ],
    )?;
    let mut settings = state.settings.oauth_applications.clone();
    body.put_flag("dynamic_oauth_client_registration", &mut settings.dynamic_oauth_client_registration)?;
    body.put_strings("default_scopes", &mut settings.default_scopes)?;
    body.put_flag("oauth_jwt_access_tokens", &mut settings.oauth_jwt_access_tokens)?;
    for (name, target) in [
        ("client_id_metadata_documents_advertised", &mut settings.client_id_metadata_documents_advertised),
        (
            "client_id_metadata_documents_only_allow_pre_registered_clients",
            &mut settings.client_id_metadata_documents_only_allow_pre_registered_clients,
        ),
        (
            "client_id_metadata_documents_block_implicitly_allowed_clients",
            &mut settings.client_id_metadata_documents_block_implicitly_allowed_clients,
        ),
    ] {
        body.put_flag(name, target)?;
    }
    state.settings.oauth_applications = settings;
    Ok(state.settings.render_oauth_applications())
}

fn organizations(request: ApiRequest<'_>) -> ApiResult {
    let ApiRequest { state, .. } = request;
    Ok(state.render_organization_settings())
}

fn update_organizations(request: ApiRequest<'_>) -> ApiResult {
    let ApiRequest { state, body, .. } = request;
    let body = Body::parse(
        body,
        &[
            "enabled",
            "max_allowed_memberships",
            "admin_delete_enabled",
            "domains_enabled",
            "slug_disabled",
            "domains_enrollment_modes",
            "creator_role_id",
            "domains_default_role_id",
        ],
    )?;
    let mut settings = state.settings.organizations.clone();
    body.put_flag("enabled", &mut settings.enabled)?;
    if let Some(members) = body.count("max_allowed_memberships")? {
        settings.max_allowed_memberships = members;
    }
    body.put_flag("admin_delete_enabled", &mut settings.admin_delete_enabled)?;
    body.put_flag("domains_enabled", &mut settings.domains_enabled)?;
    body.put_flag("slug_disabled", &mut settings.slug_disabled)?;
    if let Some(modes) = body.strings_if_given("domains_enrollment_modes")? {
        if modes.iter().any(|mode| !ENROLLMENT_MODES.contains(&mode.as_str())) {
            let modes = ENROLLMENT_MODES.join(", ");
            return Err(ApiError::bad_format("domains_enrollment_modes", &format!("an array of {modes}")));
        }
        settings.domains_enrollment_modes = modes;
    }
    if let Some(id) = body.string("domains_default_role_id")? {
        settings.domains_default_role.clone_from(&state.roles.roles.get(id)?.key);
    }
    if let Some(id) = body.string("creator_role_id")? {
        let role = state.roles.roles.get(id)?.clone();
        if !role.is_creator_eligible() {
            return Err(roles::missing_creator_permissions());
        }
        state.roles.include_in_initial_set(&role.key);
        let Roles { sets, initial_set, .. } = &mut state.roles;
        sets.change(|set| set.key == *initial_set, |set| set.creator_role.clone_from(&role.key));
    }
    state.settings.organizations = settings;
    Ok(state.render_organization_settings())
}

fn update_beta(request: ApiRequest<'_>) -> ApiResult {
    let ApiRequest { state, body, .. } = request;
    let names = ["restricted_to_allowlist", "from_email_address", "progressive_sign_up", "test_mode"];
    let body = Body::parse(body, &names)?;
    let mut settings = state.settings.clone();
    body.put_flag("restricted_to_allowlist", &mut settings.restrictions.allowlist)?;
    if let Some(local_part) = body.string("from_email_address")? {
        if local_part.is_empty() || !local_part.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(ApiError::bad_format("from_email_address", "made of letters and digits"));
        }
        local_part.clone_into(&mut settings.from_email_address);
    }
    body.put_flag("progressive_sign_up", &mut settings.progressive_sign_up)?;
    body.put_flag("test_mode", &mut settings.test_mode)?;
    state.settings = settings;
    Ok(state.settings.render_beta())
}
