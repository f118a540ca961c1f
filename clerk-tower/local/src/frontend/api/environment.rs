//! The environment: what Clerk's JavaScript has to know about the instance.

use serde_json::{Map, Value, json};

use super::{
    super::super::state::{Attribute, INSTANCE_ID, Settings, State, extended},
    ApiResult, Call,
    Handler::Fixed,
    Reply, Route,
};

pub(super) const ROUTES: &[Route] =
    &[Route::get("/v1/environment", Fixed(get)), Route::patch("/v1/environment", Fixed(get))];

fn get(call: &mut Call<'_>) -> ApiResult {
    let settings = &call.state.settings;
    Ok(Reply::Body(json!({
        "auth_config": auth_config(settings),
        "display_config": display_config(settings, &call.request.pages_url()),
        "user_settings": user_settings(settings, call.request.own_url()),
        "organization_settings": organization_settings(settings),
        "fraud_settings": { "object": "fraud_settings", "native": { "device_attestation_mode": "disabled" } },
        "commerce_settings": { "billing": {
            "stripe_publishable_key": null,
            "free_trial_requires_payment_method": false,
            "user": billing(call.state, false),
            "organization": billing(call.state, true),
        } },
        "api_keys_settings": { "enabled": true, "user_api_keys_enabled": true, "orgs_api_keys_enabled": true },
        "protect_config": { "loaders": [] },
        "client_debug_mode": false,
        "partitioned_cookies": false,
        "maintenance_mode": false,
    })))
}

/// Returns whether there are plans for users, or for organizations.
fn billing(state: &State, for_organizations: bool) -> Value {
    let mut plans = state.plans.iter().filter(|plan| plan.for_organizations == for_organizations).peekable();
    let enabled = plans.peek().is_some();
    let has_paid_plans = plans.any(|plan| state.default_price(&plan.id).amount > 0);
    json!({ "enabled": enabled, "has_paid_plans": has_paid_plans })
}

/// The names of the attributes with what is set of them.
fn attributes(settings: &Settings) -> [(&'static str, &Attribute); 11] {
    let all = &settings.attributes;
    [
        ("email_address", &all.email_address),
        ("phone_number", &all.phone_number),
        ("username", &all.username),
        ("web3_wallet", &all.web3_wallet),
        ("first_name", &all.first_name),
        ("last_name", &all.last_name),
        ("password", &all.password),
        ("authenticator_app", &all.authenticator_app),
        ("ticket", &all.ticket),
        ("backup_code", &all.backup_code),
        ("passkey", &all.passkey),
    ]
}

/// The strategies of the social providers that are on.
fn social(settings: &Settings) -> impl Iterator<Item = String> {
    settings.social.iter().map(|provider| format!("oauth_{provider}"))
}

fn auth_config(settings: &Settings) -> Value {
    let attributes = attributes(settings);
    let requirement = |name: &str| match attributes.iter().find(|(other, _)| *other == name) {
        Some((_, Attribute { enabled: true, required: true, .. })) => "required",
        Some((_, Attribute { enabled: true, .. })) => "on",
        _ => "off",
    };
    let strategies = |of: fn(&Attribute) -> &Vec<String>| -> Vec<&str> {
        let on = attributes.iter().filter(|(_, attribute)| attribute.enabled);
        on.flat_map(|(_, attribute)| of(attribute)).map(String::as_str).collect()
    };
    let identifiers = attributes.iter().filter(|(_, attribute)| identifies(attribute)).map(|(name, _)| *name);
    let strategy_names: Vec<String> =
        identifiers.clone().map(str::to_owned).chain(social(settings)).collect();
    json!({
        "object": "auth_config",
        "id": INSTANCE_ID,
        "first_name": requirement("first_name"),
        "last_name": requirement("last_name"),
        "email_address": requirement("email_address"),
        "phone_number": requirement("phone_number"),
        "username": requirement("username"),
        "password": requirement("password"),
        "identification_requirements": [strategy_names],
        "identification_strategies": strategy_names,
        "first_factors": strategies(|attribute| &attribute.first_factors),
        "second_factors": strategies(|attribute| &attribute.second_factors),
        "email_address_verification_strategies": settings.attributes.email_address.verifications,
        "single_session_mode": settings.single_session_mode,
        "enhanced_email_deliverability": false,
        "test_mode": settings.test_mode,
        "cookieless_dev": false,
        "url_based_session_syncing": settings.url_based_session_syncing,
        "claimed_at": null,
        "reverification": true,
        "native_settings": {
            "object": "native_settings",
            "api_enabled": true,
            "trusted_device_sign_in_enabled": false,
            "trusted_device_enrollment_prompt_after_sign_in_enabled": false,
            "trusted_device_enrollment_prompt_after_sign_up_enabled": false,
        },
    })
}

/// Returns whether an attribute is what people sign in with.
fn identifies(attribute: &Attribute) -> bool {
    attribute.enabled && !attribute.first_factors.is_empty()
}

/// `base` is where the pages are: Clerk's JavaScript sends people there if the application has none of its own.
fn display_config(settings: &Settings, base: &str) -> Value {
    let page = |path: &str| format!("{base}{path}");
    let pages = json!({
        "home_url": page("/"),
        "sign_in_url": page("/sign-in"),
        "sign_up_url": page("/sign-up"),
        "user_profile_url": page("/"),
        "waitlist_url": page("/sign-up"),
        "oauth_consent_url": page("/oauth/authorize"),
        "after_sign_in_url": page("/"),
        "after_sign_up_url": page("/"),
        "after_sign_out_one_url": page("/sign-in"),
        "after_sign_out_all_url": page("/sign-in"),
        "after_switch_session_url": page("/"),
        "after_join_waitlist_url": page("/"),
        "organization_profile_url": page("/sign-in/organization"),
        "create_organization_url": page("/sign-in/organization"),
        "after_leave_organization_url": page("/"),
        "after_create_organization_url": page("/"),
        "logo_link_url": page("/"),
    });
    let strategy = &*settings.preferred_sign_in_strategy_when_password_required;
    let display = json!({
        "object": "display_config",
        "id": INSTANCE_ID,
        "instance_environment_type": "development",
        "application_name": "LocalClerk",
        "theme": theme(),
        "preferred_sign_in_strategy": if strategy == "otp" { "otp" } else { "password" },
        "logo_image_url": null,
        "favicon_image_url": null,
        "support_email": settings.support_email,
        "branded": false,
        "experimental_force_oauth_first": false,
        "clerk_js_version": settings.clerk_js_version,
        "show_devmode_warning": false,
        "google_one_tap_client_id": null,
        "help_url": null,
        "privacy_policy_url": null,
        "terms_url": null,
        "logo_url": null,
        "favicon_url": null,
        "logo_image": null,
        "favicon_image": null,
        "captcha_public_key": null,
        "captcha_widget_type": null,
        "captcha_public_key_invisible": null,
        "captcha_provider": null,
        "captcha_oauth_bypass": [],
        "captcha_heartbeat": false,
    });
    extended(display, pages)
}

fn theme() -> Value {
    json!({
        "general": {
            "color": "#6c47ff",
            "background_color": "#ffffff",
            "font_family": "system-ui, sans-serif",
            "font_color": "#151515",
            "label_font_weight": "600",
            "padding": "1em",
            "border_radius": "0.5em",
            "box_shadow": "0 2px 8px rgba(0, 0, 0, 0.2)",
        },
        "buttons": { "font_color": "#ffffff", "font_family": "system-ui, sans-serif", "font_weight": "600" },
        "accounts": { "background_color": "#ffffff" },
    })
}

fn user_settings(settings: &Settings, base: &str) -> Value {
    let attributes: Map<String, Value> = attributes(settings)
        .into_iter()
        .map(|(name, attribute)| (name.to_owned(), render_attribute(attribute)))
        .collect();
    let social: Map<String, Value> = social(settings)
        .map(|strategy| {
            let described = json!({
                "enabled": true,
                "required": false,
                "authenticatable": true,
                "block_email_subaddresses": false,
                "strategy": strategy,
                "not_selectable": false,
                "deprecated": false,
                "name": provider_name(&strategy),
                "logo_url": format!("{base}/images/icon"),
            });
            (strategy, described)
        })
        .collect();
    let (restrictions, password, lockout) =
        (&settings.restrictions, &settings.password, &settings.user_lockout);
    let enabled = |enabled: bool| json!({ "enabled": enabled });
    json!({
        "attributes": attributes,
        "social": social,
        "saml": enabled(false),
        "enterprise_sso": { "enabled": false, "self_serve_sso": false },
        "sign_in": {
            "second_factor": { "required": settings.second_factor_required },
        },
        "sign_up": {
            "captcha_enabled": false,
            "captcha_widget_type": "smart",
            "custom_action_required": false,
            "progressive": settings.progressive_sign_up,
            "mode": settings.sign_up.mode,
            "legal_consent_enabled": settings.sign_up.legal_consent_enabled,
        },
        "restrictions": {
            "allowlist": enabled(restrictions.allowlist),
            "blocklist": enabled(restrictions.blocklist),
            "allowlist_blocklist_disabled_on_sign_in":
                enabled(restrictions.allowlist_blocklist_disabled_on_sign_in),
            "block_email_subaddresses": enabled(restrictions.block_email_subaddresses),
            "block_disposable_email_domains": enabled(restrictions.block_disposable_email_domains),
        },
        "password_settings": {
            // Nothing is compared with known leaks: that would need a call to another computer.
            "disable_hibp": true,
            "disable_password_reverification": false,
            "min_length": password.min_length,
            "max_length": password.max_length,
            "require_special_char": password.require_special_char,
            "require_numbers": password.require_numbers,
            "require_uppercase": password.require_uppercase,
            "require_lowercase": password.require_lowercase,
            "show_zxcvbn": false,
            "min_zxcvbn_strength": 0,
            "enforce_hibp_on_sign_in": false,
            "allowed_special_characters": "!\"#$%&'()*+,-./:;<=>?@[]^_`{|}~",
        },
        "username_settings": {
            "min_length": 4,
            "max_length": 64,
            "allow_extended_special_characters": false,
            "allow_numeric_usernames": false,
        },
        "actions": { "delete_self": true, "create_organization": true, "create_organizations_limit": null },
        "attack_protection": {
            "user_lockout": {
                "enabled": lockout.enabled,
                "max_attempts": lockout.max_attempts,
                "duration_in_minutes": lockout.duration_in_minutes,
            },
            "pii": enabled(false),
            "email_link": { "require_same_client": false },
            "enumeration_protection": enabled(false),
        },
        "passkey_settings": {
            "allow_autofill": false,
            "show_sign_in_button": false,
            "satisfies_second_factor": false,
        },
    })
}

fn render_attribute(attribute: &Attribute) -> Value {
    json!({
        "enabled": attribute.enabled,
        "required": attribute.enabled && attribute.required,
        "used_for_first_factor": identifies(attribute),
        "first_factors": attribute.first_factors,
        "used_for_second_factor": attribute.enabled && !attribute.second_factors.is_empty(),
        "second_factors": attribute.second_factors,
        "verifications": attribute.verifications,
        "verify_at_sign_up": attribute.enabled && !attribute.verifications.is_empty(),
        "immutable": false,
    })
}

/// Returns how the provider of a strategy is called: `GitHub` for `oauth_github`.
pub(in super::super) fn provider_name(strategy: &str) -> String {
    let provider = strategy.strip_prefix("oauth_").unwrap_or(strategy);
    let provider = provider.strip_prefix("custom_").unwrap_or(provider);
    match provider {
        "github" => "GitHub".to_owned(),
        "gitlab" => "GitLab".to_owned(),
        "linkedin" | "linkedin_oidc" => "LinkedIn".to_owned(),
        other => {
            let words = other.replace('_', " ");
            let mut letters = words.chars();
            letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
        }
    }
}

fn organization_settings(settings: &Settings) -> Value {
    let organizations = &settings.organizations;
    json!({
        "enabled": organizations.enabled,
        "max_allowed_memberships": organizations.max_allowed_memberships,
        "actions": { "admin_delete": organizations.admin_delete_enabled },
        "domains": {
            "enabled": organizations.domains_enabled,
            "enrollment_modes": organizations.domains_enrollment_modes,
            "default_role": organizations.domains_default_role,
        },
        "slug": { "disabled": organizations.slug_disabled },
        "creator_role": "org:admin",
    })
}
