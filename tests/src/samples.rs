//! A minimal and a maximal sample of every operation, made of values that the document accepts.
// Written by clerk-codegen; changes belong into its overlay.

#![allow(deprecated, reason = "the samples cover what Clerk advises against too")]

use std::collections::BTreeMap;

use serde_json::json;

use clerk_core::{
    Metadata, Timestamp,
    api::{
        actor_tokens, admin_portal_link_tokens, agent_tasks, allowlist_identifiers, api_keys, beta_features,
        billing, blocklist_identifiers, clients, directories, domains, email_addresses, email_sms_templates,
        enterprise_connections, instance_settings, invitations, jwks, jwt_templates, m2m, machines,
        miscellaneous, oauth_access_tokens, oauth_applications, organization_domains,
        organization_invitations, organization_memberships, organization_permissions, organization_roles,
        organizations, phone_numbers, proxy_checks, redirect_urls, role_sets, saml_connections,
        scim_directories, sessions, sign_in_tokens, sign_ups, testing_tokens, users, waitlist_entries,
        webhooks,
    },
    encode::File,
    model::{
        AgentTaskPermissions, BillingCreditAction, BillingPayerType, BillingPricePeriods,
        BillingSubscriptionItemStatus, EnrollmentMode, EnrollmentModeFilter, EnterpriseConnectionProvider,
        EnterpriseConnectionTestRunStatus, IdentificationStatus, InvitationStatus, InvitationTemplate,
        LoginHintMode, M2mTokenFormat, PreferredSignInStrategy, RoleSetType, SessionRefreshFormat,
        SessionStatus, TemplateType, WaitlistEntryStatus,
    },
};

use crate::visit::{Sample, Visit};

/// Shows the visitor every operation of the Backend API: with what it requires, and with every setter called;
/// a third time where the document does not know all of that.
pub fn all(visitor: &mut impl Visit) {
    actor_tokens(visitor);
    admin_portal_link_tokens(visitor);
    agent_tasks(visitor);
    allowlist_identifiers(visitor);
    api_keys(visitor);
    beta_features(visitor);
    billing(visitor);
    blocklist_identifiers(visitor);
    clients(visitor);
    directories(visitor);
    domains(visitor);
    email_addresses(visitor);
    email_sms_templates(visitor);
    enterprise_connections(visitor);
    instance_settings(visitor);
    invitations(visitor);
    jwks(visitor);
    jwt_templates(visitor);
    m2m(visitor);
    machines(visitor);
    miscellaneous(visitor);
    oauth_access_tokens(visitor);
    oauth_applications(visitor);
    organization_domains(visitor);
    organization_invitations(visitor);
    organization_memberships(visitor);
    organization_permissions(visitor);
    organization_roles(visitor);
    organizations(visitor);
    phone_numbers(visitor);
    proxy_checks(visitor);
    redirect_urls(visitor);
    role_sets(visitor);
    saml_connections(visitor);
    scim_directories(visitor);
    sessions(visitor);
    sign_in_tokens(visitor);
    sign_ups(visitor);
    testing_tokens(visitor);
    users(visitor);
    waitlist_entries(visitor);
    webhooks(visitor);
}

fn actor_tokens(visitor: &mut impl Visit) {
    visitor.visit(Sample::Minimal, actor_tokens::create("user_1", Metadata::new().with("sub", "the sub")));
    visitor.visit(
        Sample::Maximal,
        actor_tokens::create("user_1", Metadata::new().with("sub", "the sub"))
            .expires_in_seconds(1_i64)
            .session_max_duration_in_seconds(1_i64),
    );
    visitor.visit(Sample::Minimal, actor_tokens::revoke("id_1"));
    visitor.visit(Sample::Maximal, actor_tokens::revoke("id_1"));
}

fn admin_portal_link_tokens(visitor: &mut impl Visit) {
    visitor.visit(Sample::Minimal, admin_portal_link_tokens::create());
    visitor.visit(
        Sample::Maximal,
        admin_portal_link_tokens::create()
            .organization_id("org_0123456789abcdefghijklmnopq")
            .it_contact_id("it contact id 1")
            .scopes(["scopes 1", "scopes 2"])
            .seconds_until_expiration(1_i64),
    );
    visitor.visit(Sample::Minimal, admin_portal_link_tokens::revoke("aplt_0123456789ABCDEFabcdef0123456789"));
    visitor.visit(
        Sample::Maximal,
        admin_portal_link_tokens::revoke("aplt_0123456789ABCDEFabcdef0123456789")
            .revocation_reason("revocation reason 1"),
    );
}

fn agent_tasks(visitor: &mut impl Visit) {
    visitor.visit(
        Sample::Minimal,
        agent_tasks::create(
            agent_tasks::CreateOnBehalfOf::new(),
            AgentTaskPermissions::Any,
            "agent name 1",
            "task description 1",
            "https://example.com/1?from=clerk",
        ),
    );
    visitor.visit(
        Sample::Maximal,
        agent_tasks::create(
            agent_tasks::CreateOnBehalfOf::new().user_id("user_1").identifier("identifier 1"),
            AgentTaskPermissions::Any,
            "agent name 1",
            "task description 1",
            "https://example.com/1?from=clerk",
        )
        .session_max_duration_in_seconds(1_i64),
    );
    visitor.visit(Sample::Minimal, agent_tasks::revoke("id_1"));
    visitor.visit(Sample::Maximal, agent_tasks::revoke("id_1"));
}

fn allowlist_identifiers(visitor: &mut impl Visit) {
    visitor.visit(Sample::Minimal, allowlist_identifiers::list());
    visitor.visit(Sample::Maximal, allowlist_identifiers::list().limit(1).offset(1));
    visitor.visit(Sample::Minimal, allowlist_identifiers::create("identifier 1"));
    visitor.visit(Sample::Maximal, allowlist_identifiers::create("identifier 1").notify(true));
    visitor.visit(Sample::Minimal, allowlist_identifiers::delete("id_1"));
    visitor.visit(Sample::Maximal, allowlist_identifiers::delete("id_1"));
}

fn api_keys(visitor: &mut impl Visit) {
    visitor.visit(Sample::Minimal, api_keys::list("user_0123456789abcdefghijklmnopq"));
    visitor.visit(
        Sample::Maximal,
        api_keys::list("user_0123456789abcdefghijklmnopq")
            .r#type("type 1")
            .include_invalid(true)
            .limit(1)
            .offset(1)
            .query("query 1"),
    );
    visitor.visit(Sample::Minimal, api_keys::create("0aaa1", "user_0123456789abcdefghijklmnopq"));
    visitor.visit(
        Sample::Maximal,
        api_keys::create("0aaa1", "user_0123456789abcdefghijklmnopq")
            .r#type("type 1")
            .description("description 1")
            .claims(json!({"plan": "gold"}))
            .scopes(["scopes 1", "scopes 2"])
            .created_by("user_0123456789abcdefghijklmnopq")
            .seconds_until_expiration(1_i64),
    );
    visitor.visit(Sample::Minimal, api_keys::get("ak_0123456789ABCDEFabcdef0123456789"));
    visitor.visit(Sample::Maximal, api_keys::get("ak_0123456789ABCDEFabcdef0123456789"));
    visitor.visit(Sample::Minimal, api_keys::update("ak_0123456789ABCDEFabcdef0123456789"));
    visitor.visit(
        Sample::Maximal,
        api_keys::update("ak_0123456789ABCDEFabcdef0123456789")
            .claims(json!({"plan": "gold"}))
            .scopes(["scopes 1", "scopes 2"])
            .description("description 1")
            .subject("user_0123456789abcdefghijklmnopq")
            .seconds_until_expiration(1_i64),
    );
    visitor.visit(Sample::Minimal, api_keys::delete("ak_0123456789ABCDEFabcdef0123456789"));
    visitor.visit(Sample::Maximal, api_keys::delete("ak_0123456789ABCDEFabcdef0123456789"));
    visitor.visit(Sample::Minimal, api_keys::get_secret("ak_0123456789ABCDEFabcdef0123456789"));
    visitor.visit(Sample::Maximal, api_keys::get_secret("ak_0123456789ABCDEFabcdef0123456789"));
    visitor.visit(Sample::Minimal, api_keys::revoke("ak_0123456789ABCDEFabcdef0123456789"));
    visitor.visit(
        Sample::Maximal,
        api_keys::revoke("ak_0123456789ABCDEFabcdef0123456789").revocation_reason("revocation reason 1"),
    );
    visitor.visit(Sample::Minimal, api_keys::verify("secret 1"));
    visitor.visit(Sample::Maximal, api_keys::verify("secret 1"));
}

fn beta_features(visitor: &mut impl Visit) {
    visitor.visit(Sample::Minimal, beta_features::update_instance_settings());
    visitor.visit(
        Sample::Maximal,
        beta_features::update_instance_settings()
            .restricted_to_allowlist(true)
            .from_email_address("ada+1@example.com")
            .progressive_sign_up(true)
            .test_mode(true),
    );
    visitor.visit(Sample::Minimal, beta_features::update_production_instance_domain());
    visitor.visit(
        Sample::Maximal,
        beta_features::update_production_instance_domain()
            .home_url("https://example.com/1?from=clerk")
            .is_secondary(true),
    );
}

fn billing(visitor: &mut impl Visit) {
    visitor.visit(Sample::Minimal, billing::list_plans());
    visitor
        .visit(Sample::Maximal, billing::list_plans().limit(1).offset(1).payer_type(BillingPayerType::User));
    visitor.visit(Sample::Minimal, billing::list_prices());
    visitor.visit(Sample::Maximal, billing::list_prices().limit(1).offset(1).plan_id("id_1"));
    visitor.visit(Sample::Minimal, billing::create_price("id_1", 1_i64));
    visitor.visit(
        Sample::Maximal,
        billing::create_price("id_1", 1_i64)
            .currency("currency 1")
            .annual_monthly_amount(1_i64)
            .description("description 1")
            .supported_billing_periods(BillingPricePeriods::Month),
    );
    visitor.visit(Sample::Minimal, billing::list_subscription_items());
    visitor.visit(
        Sample::Maximal,
        billing::list_subscription_items()
            .limit(1)
            .offset(1)
            .status(BillingSubscriptionItemStatus::Active)
            .payer_type(BillingPayerType::User)
            .plan_id("id_1")
            .include_free(true)
            .query("query 1"),
    );
    visitor.visit(Sample::Minimal, billing::cancel_subscription_item("id_1"));
    visitor.visit(Sample::Maximal, billing::cancel_subscription_item("id_1").end_now(true));
    visitor
        .visit(Sample::Minimal, billing::extend_subscription_item_free_trial("id_1", "2030-01-01T00:00:00Z"));
    visitor
        .visit(Sample::Maximal, billing::extend_subscription_item_free_trial("id_1", "2030-01-01T00:00:00Z"));
    visitor.visit(Sample::Minimal, billing::create_price_transition("id_1", "id_1", "id_1"));
    visitor.visit(Sample::Maximal, billing::create_price_transition("id_1", "id_1", "id_1"));
    visitor.visit(Sample::Minimal, billing::apply_subscription_item_discount("id_1", "id_1"));
    visitor.visit(Sample::Maximal, billing::apply_subscription_item_discount("id_1", "id_1"));
    visitor.visit(Sample::Minimal, billing::remove_subscription_item_discount("id_1", "id_1"));
    visitor.visit(Sample::Maximal, billing::remove_subscription_item_discount("id_1", "id_1"));
    visitor.visit(Sample::Minimal, billing::list_statements());
    visitor.visit(Sample::Maximal, billing::list_statements().limit(1).offset(1));
    visitor.visit(Sample::Minimal, billing::get_statement("id_1"));
    visitor.visit(Sample::Maximal, billing::get_statement("id_1"));
    visitor.visit(Sample::Minimal, billing::get_statement_payment_attempts("id_1"));
    visitor.visit(Sample::Maximal, billing::get_statement_payment_attempts("id_1").limit(1).offset(1));
}

fn blocklist_identifiers(visitor: &mut impl Visit) {
    visitor.visit(Sample::Minimal, blocklist_identifiers::list());
    visitor.visit(Sample::Maximal, blocklist_identifiers::list());
    visitor.visit(Sample::Minimal, blocklist_identifiers::create("identifier 1"));
    visitor.visit(Sample::Maximal, blocklist_identifiers::create("identifier 1"));
    visitor.visit(Sample::Minimal, blocklist_identifiers::delete("id_1"));
    visitor.visit(Sample::Maximal, blocklist_identifiers::delete("id_1"));
}

fn clients(visitor: &mut impl Visit) {
    visitor.visit(Sample::Minimal, clients::list());
    visitor.visit(Sample::Maximal, clients::list().limit(1).offset(1));
    visitor.visit(Sample::Minimal, clients::verify("token 1"));
    visitor.visit(Sample::Maximal, clients::verify("token 1"));
    visitor.visit(Sample::Minimal, clients::get("client_1"));
    visitor.visit(Sample::Maximal, clients::get("client_1"));
    visitor.visit(Sample::Minimal, clients::get_handshake_payload("nonce 1"));
    visitor.visit(Sample::Maximal, clients::get_handshake_payload("nonce 1"));
}

fn directories(visitor: &mut impl Visit) {
    visitor.visit(Sample::Minimal, directories::list());
    visitor.visit(Sample::Maximal, directories::list().limit(1).offset(1));
    visitor.visit(Sample::Minimal, directories::create("id_1", "provider 1"));
    visitor.visit(
        Sample::Maximal,
        directories::create("id_1", "provider 1").name("name 1").group_role_mappings([
            directories::NewGroupRoleMapping::new("id_1", "id_1")
                .directory_group_display_name("directory group display name 1")
                .precedence(1_i64),
            directories::NewGroupRoleMapping::new("id_1", "id_1")
                .directory_group_display_name("directory group display name 1")
                .precedence(1_i64),
        ]),
    );
    visitor.visit(Sample::Minimal, directories::get("id_1"));
    visitor.visit(Sample::Maximal, directories::get("id_1"));
    visitor.visit(Sample::Minimal, directories::update("id_1"));
    visitor.visit(
        Sample::Maximal,
        directories::update("id_1")
            .name("name 1")
            .enabled(true)
            .provider("provider 1")
            .attribute_mapping(BTreeMap::from([("key".to_owned(), Some("attribute mapping 1".to_owned()))]))
            .group_role_mapping_enabled(true),
    );
    visitor.visit(Sample::Minimal, directories::delete("id_1"));
    visitor.visit(Sample::Maximal, directories::delete("id_1"));
    visitor.visit(Sample::Minimal, directories::rotate_api_key("id_1"));
    visitor.visit(Sample::Maximal, directories::rotate_api_key("id_1"));
    visitor.visit(Sample::Minimal, directories::list_group_role_mappings("id_1"));
    visitor.visit(Sample::Maximal, directories::list_group_role_mappings("id_1"));
    visitor.visit(Sample::Minimal, directories::create_group_role_mapping("id_1", "id_1", "id_1"));
    visitor.visit(
        Sample::Maximal,
        directories::create_group_role_mapping("id_1", "id_1", "id_1").precedence(1_i64),
    );
    visitor.visit(
        Sample::Minimal,
        directories::replace_group_role_mappings("id_1", [directories::GroupRole::new("id_1", "id_1")]),
    );
    visitor.visit(
        Sample::Maximal,
        directories::replace_group_role_mappings(
            "id_1",
            [directories::GroupRole::new("id_1", "id_1"), directories::GroupRole::new("id_1", "id_1")],
        ),
    );
    visitor.visit(Sample::Minimal, directories::delete_group_role_mapping("id_1", "id_1"));
    visitor.visit(Sample::Maximal, directories::delete_group_role_mapping("id_1", "id_1"));
}

fn domains(visitor: &mut impl Visit) {
    visitor.visit(Sample::Minimal, domains::list());
    visitor.visit(Sample::Maximal, domains::list());
    visitor.visit(Sample::Minimal, domains::add("name 1", true));
    visitor
        .visit(Sample::Maximal, domains::add("name 1", true).proxy_url("https://example.com/1?from=clerk"));
    visitor.visit(Sample::Minimal, domains::update("id_1"));
    visitor.visit(
        Sample::Maximal,
        domains::update("id_1")
            .name("name 1")
            .proxy_url("https://example.com/1?from=clerk")
            .is_secondary(true),
    );
    visitor.visit(Sample::Minimal, domains::delete("id_1"));
    visitor.visit(Sample::Maximal, domains::delete("id_1"));
}

fn email_addresses(visitor: &mut impl Visit) {
    visitor.visit(Sample::Minimal, email_addresses::create("user_1", "ada+1@example.com"));
    visitor.visit(
        Sample::Maximal,
        email_addresses::create("user_1", "ada+1@example.com")
            .verified(true)
            .primary(true)
            .notify_primary_email_address_changed(true),
    );
    visitor.visit(Sample::Minimal, email_addresses::get("id_1"));
    visitor.visit(Sample::Maximal, email_addresses::get("id_1"));
    visitor.visit(Sample::Minimal, email_addresses::update("id_1"));
    visitor.visit(
        Sample::Maximal,
        email_addresses::update("id_1")
            .verified(true)
            .primary(true)
            .notify_primary_email_address_changed(true),
    );
    visitor.visit(Sample::Minimal, email_addresses::delete("id_1"));
    visitor.visit(Sample::Maximal, email_addresses::delete("id_1"));
    visitor.visit(Sample::Minimal, email_addresses::prepare_verification("id_1"));
    visitor.visit(Sample::Maximal, email_addresses::prepare_verification("id_1"));
    visitor.visit(Sample::Minimal, email_addresses::attempt_verification("id_1", "id_1", "code 1"));
    visitor.visit(Sample::Maximal, email_addresses::attempt_verification("id_1", "id_1", "code 1"));
    visitor.visit(Sample::Minimal, email_addresses::replace_for_user("user_1", "ada+1@example.com"));
    visitor.visit(
        Sample::Maximal,
        email_addresses::replace_for_user("user_1", "ada+1@example.com")
            .identification_status(IdentificationStatus::Verified)
            .notify_primary_email_address_changed(true),
    );
}

fn email_sms_templates(visitor: &mut impl Visit) {
    visitor.visit(Sample::Minimal, email_sms_templates::list(TemplateType::Email));
    visitor.visit(Sample::Maximal, email_sms_templates::list(TemplateType::Email).limit(1).offset(1));
    visitor.visit(Sample::Minimal, email_sms_templates::get(TemplateType::Email, "slug 1"));
    visitor.visit(Sample::Maximal, email_sms_templates::get(TemplateType::Email, "slug 1"));
    visitor.visit(Sample::Minimal, email_sms_templates::upsert(TemplateType::Email, "slug 1"));
    visitor.visit(
        Sample::Maximal,
        email_sms_templates::upsert(TemplateType::Email, "slug 1")
            .name("name 1")
            .subject("subject 1")
            .markup("markup 1")
            .body("body 1")
            .delivered_by_clerk(true)
            .from_email_name("from email name 1")
            .reply_to_email_name("reply to email name 1"),
    );
    visitor.visit(Sample::Minimal, email_sms_templates::revert(TemplateType::Email, "slug 1"));
    visitor.visit(Sample::Maximal, email_sms_templates::revert(TemplateType::Email, "slug 1"));
    visitor.visit(Sample::Minimal, email_sms_templates::preview(TemplateType::Email, "slug 1"));
    visitor.visit(
        Sample::Maximal,
        email_sms_templates::preview(TemplateType::Email, "slug 1")
            .subject("subject 1")
            .body("body 1")
            .from_email_name("from email name 1")
            .reply_to_email_name("reply to email name 1"),
    );
    visitor.visit(Sample::Minimal, email_sms_templates::toggle_delivery(TemplateType::Email, "slug 1"));
    visitor.visit(
        Sample::Maximal,
        email_sms_templates::toggle_delivery(TemplateType::Email, "slug 1").delivered_by_clerk(true),
    );
}

fn enterprise_connections(visitor: &mut impl Visit) {
    visitor.visit(Sample::Minimal, enterprise_connections::list());
    visitor.visit(
        Sample::Maximal,
        enterprise_connections::list().limit(1).offset(1).organization_id("organization_1").active(true),
    );
    visitor.visit(
        Sample::Minimal,
        enterprise_connections::create("name 1", EnterpriseConnectionProvider::SamlCustom, ["domains 1"]),
    );
    visitor.visit(
        Sample::Maximal,
        enterprise_connections::create(
            "name 1",
            EnterpriseConnectionProvider::SamlCustom,
            ["domains 1", "domains 2"],
        )
        .organization_id("organization_1")
        .allow_organization_account_linking(true)
        .active(true)
        .saml(
            enterprise_connections::CreateSaml::new()
                .idp_entity_id("idp entity id 1")
                .idp_sso_url("https://example.com/1?from=clerk")
                .idp_certificate("idp certificate 1")
                .idp_metadata_url("https://example.com/1?from=clerk")
                .idp_metadata("idp metadata 1")
                .attribute_mapping(
                    enterprise_connections::CreateSamlAttributeMapping::new()
                        .user_id("user id 1")
                        .email_address("ada+1@example.com")
                        .first_name("first name 1")
                        .last_name("last name 1"),
                )
                .allow_subdomains(true)
                .allow_idp_initiated(true)
                .force_authn(true)
                .login_hint(
                    enterprise_connections::CreateSamlLoginHint::new(LoginHintMode::EmailAddress)
                        .source("source 1"),
                ),
        )
        .oidc(
            enterprise_connections::CreateOidc::new()
                .client_id("client id 1")
                .client_secret("client secret 1")
                .discovery_url("https://example.com/1?from=clerk")
                .auth_url("https://example.com/1?from=clerk")
                .token_url("https://example.com/1?from=clerk")
                .user_info_url("https://example.com/1?from=clerk")
                .requires_pkce(true),
        )
        .custom_attributes([
            enterprise_connections::CreateCustomAttribute::new("name 1", "aBCD")
                .sso_path("sso path 1")
                .scim_path("scim path 1")
                .directory_path("directory path 1")
                .multi_valued(true),
            enterprise_connections::CreateCustomAttribute::new("name 1", "aBCD")
                .sso_path("sso path 1")
                .scim_path("scim path 1")
                .directory_path("directory path 1")
                .multi_valued(true),
        ]),
    );
    visitor.visit(
        Sample::Beyond,
        enterprise_connections::create(
            "name 1",
            EnterpriseConnectionProvider::SamlCustom,
            ["domains 1", "domains 2"],
        )
        .organization_id("organization_1")
        .allow_organization_account_linking(true)
        .active(true)
        .saml(
            enterprise_connections::CreateSaml::new()
                .idp_entity_id("idp entity id 1")
                .idp_sso_url("https://example.com/1?from=clerk")
                .idp_certificate("idp certificate 1")
                .idp_metadata_url("https://example.com/1?from=clerk")
                .idp_metadata("idp metadata 1")
                .attribute_mapping(
                    enterprise_connections::CreateSamlAttributeMapping::new()
                        .user_id("user id 1")
                        .email_address("ada+1@example.com")
                        .first_name("first name 1")
                        .last_name("last name 1"),
                )
                .allow_subdomains(true)
                .allow_idp_initiated(true)
                .force_authn(true)
                .login_hint(
                    enterprise_connections::CreateSamlLoginHint::new(LoginHintMode::EmailAddress)
                        .source("source 1"),
                ),
        )
        .oidc(
            enterprise_connections::CreateOidc::new()
                .client_id("client id 1")
                .client_secret("client secret 1")
                .discovery_url("https://example.com/1?from=clerk")
                .auth_url("https://example.com/1?from=clerk")
                .token_url("https://example.com/1?from=clerk")
                .user_info_url("https://example.com/1?from=clerk")
                .requires_pkce(true),
        )
        .custom_attributes([
            enterprise_connections::CreateCustomAttribute::new("name 1", "aBCD")
                .sso_path("sso path 1")
                .scim_path("scim path 1")
                .directory_path("directory path 1")
                .multi_valued(true),
            enterprise_connections::CreateCustomAttribute::new("name 1", "aBCD")
                .sso_path("sso path 1")
                .scim_path("scim path 1")
                .directory_path("directory path 1")
                .multi_valued(true),
        ])
        .authenticatable(true)
        .disable_jit_provisioning(true),
    );
    visitor.visit(Sample::Minimal, enterprise_connections::get("id_1"));
    visitor.visit(Sample::Maximal, enterprise_connections::get("id_1"));
    visitor.visit(Sample::Minimal, enterprise_connections::update("id_1"));
    visitor.visit(
        Sample::Maximal,
        enterprise_connections::update("id_1")
            .name("name 1")
            .domains(["domains 1", "domains 2"])
            .active(true)
            .sync_user_attributes(true)
            .disable_additional_identifications(true)
            .allow_organization_account_linking(true)
            .organization_id("organization_1")
            .saml(
                enterprise_connections::UpdateSaml::new()
                    .name("name 1")
                    .idp_entity_id("idp entity id 1")
                    .idp_sso_url("https://example.com/1?from=clerk")
                    .idp_certificate("idp certificate 1")
                    .idp_metadata_url("https://example.com/1?from=clerk")
                    .idp_metadata("idp metadata 1")
                    .attribute_mapping(
                        enterprise_connections::UpdateSamlAttributeMapping::new()
                            .user_id("user id 1")
                            .email_address("ada+1@example.com")
                            .first_name("first name 1")
                            .last_name("last name 1"),
                    )
                    .allow_subdomains(true)
                    .allow_idp_initiated(true)
                    .force_authn(true)
                    .login_hint(
                        enterprise_connections::UpdateSamlLoginHint::new(LoginHintMode::EmailAddress)
                            .source("source 1"),
                    ),
            )
            .oidc(
                enterprise_connections::UpdateOidc::new()
                    .client_id("client id 1")
                    .client_secret("client secret 1")
                    .discovery_url("https://example.com/1?from=clerk")
                    .auth_url("https://example.com/1?from=clerk")
                    .token_url("https://example.com/1?from=clerk")
                    .user_info_url("https://example.com/1?from=clerk")
                    .requires_pkce(true),
            )
            .custom_attributes([
                enterprise_connections::UpdateCustomAttribute::new("name 1", "aBCD")
                    .sso_path("sso path 1")
                    .scim_path("scim path 1")
                    .directory_path("directory path 1")
                    .multi_valued(true),
                enterprise_connections::UpdateCustomAttribute::new("name 1", "aBCD")
                    .sso_path("sso path 1")
                    .scim_path("scim path 1")
                    .directory_path("directory path 1")
                    .multi_valued(true),
            ]),
    );
    visitor.visit(
        Sample::Beyond,
        enterprise_connections::update("id_1")
            .name("name 1")
            .domains(["domains 1", "domains 2"])
            .active(true)
            .sync_user_attributes(true)
            .disable_additional_identifications(true)
            .allow_organization_account_linking(true)
            .organization_id("organization_1")
            .saml(
                enterprise_connections::UpdateSaml::new()
                    .name("name 1")
                    .idp_entity_id("idp entity id 1")
                    .idp_sso_url("https://example.com/1?from=clerk")
                    .idp_certificate("idp certificate 1")
                    .idp_metadata_url("https://example.com/1?from=clerk")
                    .idp_metadata("idp metadata 1")
                    .attribute_mapping(
                        enterprise_connections::UpdateSamlAttributeMapping::new()
                            .user_id("user id 1")
                            .email_address("ada+1@example.com")
                            .first_name("first name 1")
                            .last_name("last name 1"),
                    )
                    .allow_subdomains(true)
                    .allow_idp_initiated(true)
                    .force_authn(true)
                    .login_hint(
                        enterprise_connections::UpdateSamlLoginHint::new(LoginHintMode::EmailAddress)
                            .source("source 1"),
                    ),
            )
            .oidc(
                enterprise_connections::UpdateOidc::new()
                    .client_id("client id 1")
                    .client_secret("client secret 1")
                    .discovery_url("https://example.com/1?from=clerk")
                    .auth_url("https://example.com/1?from=clerk")
                    .token_url("https://example.com/1?from=clerk")
                    .user_info_url("https://example.com/1?from=clerk")
                    .requires_pkce(true),
            )
            .custom_attributes([
                enterprise_connections::UpdateCustomAttribute::new("name 1", "aBCD")
                    .sso_path("sso path 1")
                    .scim_path("scim path 1")
                    .directory_path("directory path 1")
                    .multi_valued(true),
                enterprise_connections::UpdateCustomAttribute::new("name 1", "aBCD")
                    .sso_path("sso path 1")
                    .scim_path("scim path 1")
                    .directory_path("directory path 1")
                    .multi_valued(true),
            ])
            .authenticatable(true)
            .disable_jit_provisioning(true),
    );
    visitor.visit(Sample::Minimal, enterprise_connections::delete("id_1"));
    visitor.visit(Sample::Maximal, enterprise_connections::delete("id_1"));
    visitor.visit(Sample::Minimal, enterprise_connections::list_test_runs("id_1"));
    visitor.visit(
        Sample::Maximal,
        enterprise_connections::list_test_runs("id_1")
            .status([EnterpriseConnectionTestRunStatus::Pending, EnterpriseConnectionTestRunStatus::Success])
            .limit(1)
            .offset(1),
    );
    visitor.visit(Sample::Minimal, enterprise_connections::create_test_run("id_1"));
    visitor.visit(Sample::Maximal, enterprise_connections::create_test_run("id_1"));
}

fn instance_settings(visitor: &mut impl Visit) {
    visitor.visit(Sample::Minimal, instance_settings::get());
    visitor.visit(Sample::Maximal, instance_settings::get());
    visitor.visit(Sample::Minimal, instance_settings::update());
    visitor.visit(
        Sample::Maximal,
        instance_settings::update()
            .test_mode(true)
            .hibp(true)
            .support_email("support email 1")
            .clerk_js_version("clerk js version 1")
            .development_origin("development origin 1")
            .allowed_origins(["allowed origins 1", "allowed origins 2"])
            .cookieless_dev(true)
            .url_based_session_syncing(true)
            .preferred_sign_in_strategy_when_password_required(PreferredSignInStrategy::Password),
    );
    visitor.visit(Sample::Minimal, instance_settings::update_restrictions());
    visitor.visit(
        Sample::Maximal,
        instance_settings::update_restrictions()
            .allowlist(true)
            .blocklist(true)
            .allowlist_blocklist_disabled_on_sign_in(true)
            .block_email_subaddresses(true)
            .block_disposable_email_domains(true),
    );
    visitor.visit(Sample::Minimal, instance_settings::get_protect());
    visitor.visit(Sample::Maximal, instance_settings::get_protect());
    visitor.visit(Sample::Minimal, instance_settings::update_protect());
    visitor.visit(
        Sample::Maximal,
        instance_settings::update_protect().rules_enabled(true).specter_enabled(true),
    );
    visitor.visit(Sample::Minimal, instance_settings::get_communication());
    visitor.visit(Sample::Maximal, instance_settings::get_communication());
    visitor.visit(Sample::Minimal, instance_settings::update_communication());
    visitor.visit(
        Sample::Maximal,
        instance_settings::update_communication().blocked_country_codes(["AB", "BC"]),
    );
    visitor.visit(Sample::Minimal, instance_settings::get_oauth_application_settings());
    visitor.visit(Sample::Maximal, instance_settings::get_oauth_application_settings());
    visitor.visit(Sample::Minimal, instance_settings::update_oauth_application_settings());
    visitor.visit(
        Sample::Maximal,
        instance_settings::update_oauth_application_settings()
            .dynamic_oauth_client_registration(true)
            .default_scopes(["default scopes 1", "default scopes 2"])
            .oauth_jwt_access_tokens(true)
            .client_id_metadata_documents_advertised(true)
            .client_id_metadata_documents_only_allow_pre_registered_clients(true)
            .client_id_metadata_documents_block_implicitly_allowed_clients(true),
    );
    visitor.visit(Sample::Minimal, instance_settings::change_domain());
    visitor.visit(
        Sample::Maximal,
        instance_settings::change_domain().home_url("https://example.com/1?from=clerk").is_secondary(true),
    );
    visitor.visit(Sample::Minimal, instance_settings::get_organization_settings());
    visitor.visit(Sample::Maximal, instance_settings::get_organization_settings());
    visitor.visit(Sample::Minimal, instance_settings::update_organization_settings());
    visitor.visit(
        Sample::Maximal,
        instance_settings::update_organization_settings()
            .enabled(true)
            .max_allowed_memberships(1_i64)
            .admin_delete_enabled(true)
            .domains_enabled(true)
            .slug_disabled(true)
            .domains_enrollment_modes([EnrollmentMode::ManualInvitation, EnrollmentMode::AutomaticInvitation])
            .creator_role_id("id_1")
            .domains_default_role_id("id_1"),
    );
}

fn invitations(visitor: &mut impl Visit) {
    visitor.visit(Sample::Minimal, invitations::list());
    visitor.visit(
        Sample::Maximal,
        invitations::list()
            .status([InvitationStatus::Pending])
            .query("query 1")
            .order_by("order by 1")
            .limit(1)
            .offset(1),
    );
    visitor.visit(
        Sample::Beyond,
        invitations::list()
            .status([InvitationStatus::Pending, InvitationStatus::Accepted])
            .query("query 1")
            .order_by("order by 1")
            .limit(1)
            .offset(1),
    );
    visitor.visit(Sample::Minimal, invitations::create("ada+1@example.com"));
    visitor.visit(
        Sample::Maximal,
        invitations::create("ada+1@example.com")
            .public_metadata(Metadata::new().with("plan", "gold"))
            .redirect_url("https://example.com/1?from=clerk")
            .notify(true)
            .ignore_existing(true)
            .expires_in_days(1_i64)
            .template_slug(InvitationTemplate::Invitation),
    );
    visitor.visit(
        Sample::Minimal,
        invitations::bulk_create([invitations::BulkCreateItem::new("ada+1@example.com")]),
    );
    visitor.visit(
        Sample::Maximal,
        invitations::bulk_create([
            invitations::BulkCreateItem::new("ada+1@example.com")
                .public_metadata(Metadata::new().with("plan", "gold"))
                .redirect_url("https://example.com/1?from=clerk")
                .notify(true)
                .ignore_existing(true)
                .expires_in_days(1_i64)
                .template_slug(InvitationTemplate::Invitation),
            invitations::BulkCreateItem::new("ada+1@example.com")
                .public_metadata(Metadata::new().with("plan", "gold"))
                .redirect_url("https://example.com/1?from=clerk")
                .notify(true)
                .ignore_existing(true)
                .expires_in_days(1_i64)
                .template_slug(InvitationTemplate::Invitation),
        ]),
    );
    visitor.visit(Sample::Minimal, invitations::revoke("id_1"));
    visitor.visit(Sample::Maximal, invitations::revoke("id_1"));
}

fn jwks(visitor: &mut impl Visit) {
    visitor.visit(Sample::Minimal, jwks::get_jwks());
    visitor.visit(Sample::Maximal, jwks::get_jwks());
}

fn jwt_templates(visitor: &mut impl Visit) {
    visitor.visit(Sample::Minimal, jwt_templates::list());
    visitor.visit(Sample::Maximal, jwt_templates::list().limit(1).offset(1));
    visitor.visit(Sample::Minimal, jwt_templates::create("name 1", Metadata::new().with("plan", "gold")));
    visitor.visit(
        Sample::Maximal,
        jwt_templates::create("name 1", Metadata::new().with("plan", "gold"))
            .lifetime(30_i64)
            .allowed_clock_skew(1_i64)
            .custom_signing_key(true)
            .signing_algorithm("signing algorithm 1")
            .signing_key("signing key 1"),
    );
    visitor.visit(Sample::Minimal, jwt_templates::get("id_1"));
    visitor.visit(Sample::Maximal, jwt_templates::get("id_1"));
    visitor.visit(
        Sample::Minimal,
        jwt_templates::update("id_1", "name 1", Metadata::new().with("plan", "gold")),
    );
    visitor.visit(
        Sample::Maximal,
        jwt_templates::update("id_1", "name 1", Metadata::new().with("plan", "gold"))
            .lifetime(30_i64)
            .allowed_clock_skew(1_i64)
            .custom_signing_key(true)
            .signing_algorithm("signing algorithm 1")
            .signing_key("signing key 1"),
    );
    visitor.visit(Sample::Minimal, jwt_templates::delete("id_1"));
    visitor.visit(Sample::Maximal, jwt_templates::delete("id_1"));
}

fn m2m(visitor: &mut impl Visit) {
    visitor.visit(Sample::Minimal, m2m::list_tokens("mch_0123456789abcdefghijklmnopq"));
    visitor.visit(
        Sample::Maximal,
        m2m::list_tokens("mch_0123456789abcdefghijklmnopq").revoked(true).expired(true).limit(1).offset(1),
    );
    visitor.visit(Sample::Minimal, m2m::create_token());
    visitor.visit(
        Sample::Maximal,
        m2m::create_token()
            .token_format(M2mTokenFormat::Opaque)
            .seconds_until_expiration(1_i64)
            .claims(json!({"plan": "gold"}))
            .min_remaining_ttl_seconds(1_i64),
    );
    visitor.visit(Sample::Minimal, m2m::revoke_token("mt_0123456789ABCDEFabcdef0123456789"));
    visitor.visit(
        Sample::Maximal,
        m2m::revoke_token("mt_0123456789ABCDEFabcdef0123456789").revocation_reason("revocation reason 1"),
    );
    visitor.visit(Sample::Minimal, m2m::verify_token("token 1"));
    visitor.visit(Sample::Maximal, m2m::verify_token("token 1"));
}

fn machines(visitor: &mut impl Visit) {
    visitor.visit(Sample::Minimal, machines::list());
    visitor
        .visit(Sample::Maximal, machines::list().limit(1).offset(1).query("query 1").order_by("order by 1"));
    visitor.visit(Sample::Minimal, machines::create("name 1"));
    visitor.visit(
        Sample::Maximal,
        machines::create("name 1").scoped_machines(["id_1", "id_2"]).default_token_ttl(1_i64),
    );
    visitor.visit(Sample::Minimal, machines::get("id_1"));
    visitor.visit(Sample::Maximal, machines::get("id_1"));
    visitor.visit(Sample::Minimal, machines::update("id_1"));
    visitor.visit(Sample::Maximal, machines::update("id_1").name("name 1").default_token_ttl(1_i64));
    visitor.visit(Sample::Minimal, machines::delete("id_1"));
    visitor.visit(Sample::Maximal, machines::delete("id_1"));
    visitor.visit(Sample::Minimal, machines::get_secret_key("id_1"));
    visitor.visit(Sample::Maximal, machines::get_secret_key("id_1"));
    visitor.visit(Sample::Minimal, machines::rotate_secret_key("id_1", 1_i64));
    visitor.visit(Sample::Maximal, machines::rotate_secret_key("id_1", 1_i64));
    visitor.visit(Sample::Minimal, machines::create_scope("id_1", "id_1"));
    visitor.visit(Sample::Maximal, machines::create_scope("id_1", "id_1"));
    visitor.visit(Sample::Minimal, machines::delete_scope("id_1", "id_1"));
    visitor.visit(Sample::Maximal, machines::delete_scope("id_1", "id_1"));
}

fn miscellaneous(visitor: &mut impl Visit) {
    visitor.visit(Sample::Minimal, miscellaneous::get_public_interstitial());
    visitor.visit(
        Sample::Maximal,
        miscellaneous::get_public_interstitial()
            .frontend_api("frontend api 1")
            .publishable_key("publishable key 1")
            .proxy_url("https://example.com/1?from=clerk")
            .domain("domain 1")
            .sign_in_url("https://example.com/1?from=clerk")
            .use_domain_for_script(true),
    );
}

fn oauth_access_tokens(visitor: &mut impl Visit) {
    visitor.visit(Sample::Minimal, oauth_access_tokens::verify("access token 1"));
    visitor.visit(Sample::Maximal, oauth_access_tokens::verify("access token 1"));
}

fn oauth_applications(visitor: &mut impl Visit) {
    visitor.visit(Sample::Minimal, oauth_applications::list());
    visitor.visit(
        Sample::Maximal,
        oauth_applications::list().limit(1).offset(1).order_by("order by 1").name_query("name query 1"),
    );
    visitor.visit(Sample::Minimal, oauth_applications::create("name 1"));
    visitor.visit(
        Sample::Maximal,
        oauth_applications::create("name 1")
            .redirect_uris(["redirect uris 1", "redirect uris 2"])
            .callback_url("https://example.com/1?from=clerk")
            .scopes("scopes 1")
            .consent_screen_enabled(true)
            .pkce_required(true)
            .public(true),
    );
    visitor.visit(Sample::Minimal, oauth_applications::get("id_1"));
    visitor.visit(Sample::Maximal, oauth_applications::get("id_1"));
    visitor.visit(Sample::Minimal, oauth_applications::update("id_1"));
    visitor.visit(
        Sample::Maximal,
        oauth_applications::update("id_1")
            .name("name 1")
            .redirect_uris(["redirect uris 1", "redirect uris 2"])
            .callback_url("https://example.com/1?from=clerk")
            .scopes("scopes 1")
            .consent_screen_enabled(true)
            .pkce_required(true)
            .public(true),
    );
    visitor.visit(Sample::Minimal, oauth_applications::delete("id_1"));
    visitor.visit(Sample::Maximal, oauth_applications::delete("id_1"));
    visitor.visit(
        Sample::Minimal,
        oauth_applications::upload_logo(
            "id_1",
            File::new("a picture").name("picture.png").content_type("image/png"),
        ),
    );
    visitor.visit(
        Sample::Maximal,
        oauth_applications::upload_logo(
            "id_1",
            File::new("a picture").name("picture.png").content_type("image/png"),
        )
        .uploader_user_id("user_1"),
    );
    visitor.visit(Sample::Minimal, oauth_applications::rotate_secret("id_1"));
    visitor.visit(Sample::Maximal, oauth_applications::rotate_secret("id_1"));
    visitor.visit(Sample::Minimal, oauth_applications::revoke_token("id_1", "token 1"));
    visitor.visit(Sample::Maximal, oauth_applications::revoke_token("id_1", "token 1"));
}

fn organization_domains(visitor: &mut impl Visit) {
    visitor.visit(Sample::Minimal, organization_domains::list("organization_1"));
    visitor.visit(
        Sample::Maximal,
        organization_domains::list("organization_1")
            .verified(true)
            .enrollment_mode([EnrollmentModeFilter::ManualInvitation])
            .limit(1)
            .offset(1),
    );
    visitor.visit(
        Sample::Beyond,
        organization_domains::list("organization_1")
            .verified(true)
            .enrollment_mode([
                EnrollmentModeFilter::ManualInvitation,
                EnrollmentModeFilter::AutomaticInvitation,
            ])
            .limit(1)
            .offset(1),
    );
    visitor.visit(Sample::Minimal, organization_domains::create("organization_1", "name 1"));
    visitor.visit(
        Sample::Maximal,
        organization_domains::create("organization_1", "name 1")
            .enrollment_mode(EnrollmentMode::ManualInvitation)
            .verified(true),
    );
    visitor.visit(Sample::Minimal, organization_domains::update("organization_1", "id_1"));
    visitor.visit(
        Sample::Maximal,
        organization_domains::update("organization_1", "id_1")
            .enrollment_mode(EnrollmentMode::ManualInvitation)
            .verified(true),
    );
    visitor.visit(Sample::Minimal, organization_domains::delete("organization_1", "id_1"));
    visitor.visit(Sample::Maximal, organization_domains::delete("organization_1", "id_1"));
    visitor.visit(Sample::Minimal, organization_domains::verify_ownership("organization_1", "id_1"));
    visitor.visit(Sample::Maximal, organization_domains::verify_ownership("organization_1", "id_1"));
    visitor.visit(Sample::Minimal, organization_domains::list_all());
    visitor.visit(
        Sample::Maximal,
        organization_domains::list_all()
            .organization_id("organization_1")
            .verified(true)
            .enrollment_mode([
                EnrollmentModeFilter::ManualInvitation,
                EnrollmentModeFilter::AutomaticInvitation,
            ])
            .query("query 1")
            .domains(["domains 1", "domains 2"])
            .order_by("order by 1")
            .offset(1)
            .limit(1),
    );
}

fn organization_invitations(visitor: &mut impl Visit) {
    visitor.visit(Sample::Minimal, organization_invitations::list_all());
    visitor.visit(
        Sample::Maximal,
        organization_invitations::list_all()
            .order_by("order by 1")
            .status([InvitationStatus::Pending])
            .query("query 1")
            .limit(1)
            .offset(1),
    );
    visitor.visit(
        Sample::Beyond,
        organization_invitations::list_all()
            .order_by("order by 1")
            .status([InvitationStatus::Pending, InvitationStatus::Accepted])
            .query("query 1")
            .limit(1)
            .offset(1),
    );
    visitor.visit(Sample::Minimal, organization_invitations::list("organization_1"));
    visitor.visit(
        Sample::Maximal,
        organization_invitations::list("organization_1")
            .status([InvitationStatus::Pending])
            .email_address("ada+1@example.com")
            .order_by("order by 1")
            .limit(1)
            .offset(1),
    );
    visitor.visit(
        Sample::Beyond,
        organization_invitations::list("organization_1")
            .status([InvitationStatus::Pending, InvitationStatus::Accepted])
            .email_address("ada+1@example.com")
            .order_by("order by 1")
            .limit(1)
            .offset(1),
    );
    visitor.visit(
        Sample::Minimal,
        organization_invitations::create("organization_1", "ada+1@example.com", "role 1"),
    );
    visitor.visit(
        Sample::Maximal,
        organization_invitations::create("organization_1", "ada+1@example.com", "role 1")
            .inviter_user_id("user_1")
            .public_metadata(Metadata::new().with("plan", "gold"))
            .private_metadata(Metadata::new().with("plan", "gold"))
            .redirect_url("https://example.com/1?from=clerk")
            .expires_in_days(1_i64)
            .notify(true),
    );
    visitor.visit(
        Sample::Minimal,
        organization_invitations::bulk_create(
            "organization_1",
            [organization_invitations::BulkCreateItem::new("ada+1@example.com", "role 1")],
        ),
    );
    visitor.visit(
        Sample::Maximal,
        organization_invitations::bulk_create(
            "organization_1",
            [
                organization_invitations::BulkCreateItem::new("ada+1@example.com", "role 1")
                    .inviter_user_id("user_1")
                    .public_metadata(Metadata::new().with("plan", "gold"))
                    .private_metadata(Metadata::new().with("plan", "gold"))
                    .redirect_url("https://example.com/1?from=clerk")
                    .expires_in_days(1_i64)
                    .notify(true),
                organization_invitations::BulkCreateItem::new("ada+1@example.com", "role 1")
                    .inviter_user_id("user_1")
                    .public_metadata(Metadata::new().with("plan", "gold"))
                    .private_metadata(Metadata::new().with("plan", "gold"))
                    .redirect_url("https://example.com/1?from=clerk")
                    .expires_in_days(1_i64)
                    .notify(true),
            ],
        ),
    );
    visitor.visit(Sample::Minimal, organization_invitations::list_pending("organization_1"));
    visitor
        .visit(Sample::Maximal, organization_invitations::list_pending("organization_1").limit(1).offset(1));
    visitor.visit(Sample::Minimal, organization_invitations::get("organization_1", "id_1"));
    visitor.visit(Sample::Maximal, organization_invitations::get("organization_1", "id_1"));
    visitor.visit(Sample::Minimal, organization_invitations::revoke("organization_1", "id_1"));
    visitor.visit(
        Sample::Maximal,
        organization_invitations::revoke("organization_1", "id_1").requesting_user_id("user_1"),
    );
}

fn organization_memberships(visitor: &mut impl Visit) {
    visitor.visit(Sample::Minimal, organization_memberships::list("organization_1"));
    visitor.visit(
        Sample::Maximal,
        organization_memberships::list("organization_1")
            .order_by("order by 1")
            .user_id(["user_1", "user_2"])
            .email_address(["ada+1@example.com", "ada+2@example.com"])
            .phone_number(["+15555550101", "+15555550102"])
            .username(["username 1", "username 2"])
            .web3_wallet(["web3 wallet 1", "web3 wallet 2"])
            .role(["role 1", "role 2"])
            .query("query 1")
            .email_address_query("ada+1@example.com")
            .phone_number_query("+15555550101")
            .username_query("username query 1")
            .name_query("name query 1")
            .last_active_at_before(Timestamp::from_millis(1_700_000_000_000))
            .last_active_at_after(Timestamp::from_millis(1_700_000_000_000))
            .created_at_before(Timestamp::from_millis(1_700_000_000_000))
            .created_at_after(Timestamp::from_millis(1_700_000_000_000))
            .limit(1)
            .offset(1),
    );
    visitor.visit(Sample::Minimal, organization_memberships::create("organization_1", "user_1", "role 1"));
    visitor.visit(
        Sample::Maximal,
        organization_memberships::create("organization_1", "user_1", "role 1")
            .public_metadata(Metadata::new().with("plan", "gold"))
            .private_metadata(Metadata::new().with("plan", "gold")),
    );
    visitor.visit(Sample::Minimal, organization_memberships::update("organization_1", "user_1", "role 1"));
    visitor.visit(Sample::Maximal, organization_memberships::update("organization_1", "user_1", "role 1"));
    visitor.visit(Sample::Minimal, organization_memberships::delete("organization_1", "user_1"));
    visitor.visit(Sample::Maximal, organization_memberships::delete("organization_1", "user_1"));
    visitor.visit(Sample::Minimal, organization_memberships::update_metadata("organization_1", "user_1"));
    visitor.visit(
        Sample::Maximal,
        organization_memberships::update_metadata("organization_1", "user_1")
            .public_metadata(Metadata::new().with("plan", "gold"))
            .private_metadata(Metadata::new().with("plan", "gold")),
    );
    visitor.visit(Sample::Minimal, organization_memberships::list_all());
    visitor.visit(
        Sample::Maximal,
        organization_memberships::list_all().order_by("order by 1").limit(1).offset(1),
    );
}

fn organization_permissions(visitor: &mut impl Visit) {
    visitor.visit(Sample::Minimal, organization_permissions::list());
    visitor.visit(
        Sample::Maximal,
        organization_permissions::list().query("query 1").order_by("order by 1").limit(1).offset(1),
    );
    visitor.visit(Sample::Minimal, organization_permissions::create("name 1", "key 1"));
    visitor.visit(
        Sample::Maximal,
        organization_permissions::create("name 1", "key 1").description("description 1"),
    );
    visitor.visit(Sample::Minimal, organization_permissions::get("id_1"));
    visitor.visit(Sample::Maximal, organization_permissions::get("id_1"));
    visitor.visit(Sample::Minimal, organization_permissions::update("id_1"));
    visitor.visit(
        Sample::Maximal,
        organization_permissions::update("id_1").name("name 1").key("key 1").description("description 1"),
    );
    visitor.visit(Sample::Minimal, organization_permissions::delete("id_1"));
    visitor.visit(Sample::Maximal, organization_permissions::delete("id_1"));
}

fn organization_roles(visitor: &mut impl Visit) {
    visitor.visit(Sample::Minimal, organization_roles::list());
    visitor.visit(
        Sample::Maximal,
        organization_roles::list().query("query 1").order_by("order by 1").limit(1).offset(1),
    );
    visitor.visit(Sample::Minimal, organization_roles::create("name 1", "key 1"));
    visitor.visit(
        Sample::Maximal,
        organization_roles::create("name 1", "key 1")
            .description("description 1")
            .permissions(["id_1", "id_2"])
            .include_in_initial_role_set(true),
    );
    visitor.visit(Sample::Minimal, organization_roles::get("id_1"));
    visitor.visit(Sample::Maximal, organization_roles::get("id_1"));
    visitor.visit(Sample::Minimal, organization_roles::update("id_1"));
    visitor.visit(
        Sample::Maximal,
        organization_roles::update("id_1")
            .name("name 1")
            .key("key 1")
            .description("description 1")
            .permissions(["id_1", "id_2"]),
    );
    visitor.visit(Sample::Minimal, organization_roles::delete("id_1"));
    visitor.visit(Sample::Maximal, organization_roles::delete("id_1"));
    visitor.visit(Sample::Minimal, organization_roles::assign_permission("id_1", "id_1"));
    visitor.visit(Sample::Maximal, organization_roles::assign_permission("id_1", "id_1"));
    visitor.visit(Sample::Minimal, organization_roles::remove_permission("id_1", "id_1"));
    visitor.visit(Sample::Maximal, organization_roles::remove_permission("id_1", "id_1"));
}

fn organizations(visitor: &mut impl Visit) {
    visitor.visit(Sample::Minimal, organizations::list());
    visitor.visit(
        Sample::Maximal,
        organizations::list()
            .include_members_count(true)
            .include_missing_member_with_elevated_permissions(true)
            .query("query 1")
            .user_id(["user_1", "user_2"])
            .organization_id(["organization_1", "organization_2"])
            .order_by("order by 1")
            .limit(1)
            .offset(1),
    );
    visitor.visit(Sample::Minimal, organizations::create("name 1"));
    visitor.visit(
        Sample::Maximal,
        organizations::create("name 1")
            .created_by("user_1")
            .private_metadata(Metadata::new().with("plan", "gold"))
            .public_metadata(Metadata::new().with("plan", "gold"))
            .slug("slug 1")
            .max_allowed_memberships(1_i64)
            .created_at("created at 1")
            .role_set_key("role set key 1"),
    );
    visitor.visit(Sample::Minimal, organizations::get("organization_1"));
    visitor.visit(
        Sample::Maximal,
        organizations::get("organization_1")
            .include_members_count(true)
            .include_missing_member_with_elevated_permissions(true),
    );
    visitor.visit(Sample::Minimal, organizations::update("organization_1"));
    visitor.visit(
        Sample::Maximal,
        organizations::update("organization_1")
            .name("name 1")
            .slug("slug 1")
            .max_allowed_memberships(1_i64)
            .admin_delete_enabled(true)
            .created_at("created at 1")
            .role_set_key("role set key 1"),
    );
    visitor.visit(Sample::Minimal, organizations::delete("organization_1"));
    visitor.visit(Sample::Maximal, organizations::delete("organization_1"));
    visitor.visit(Sample::Minimal, organizations::replace_metadata("organization_1"));
    visitor.visit(
        Sample::Maximal,
        organizations::replace_metadata("organization_1")
            .public_metadata(Metadata::new().with("plan", "gold"))
            .private_metadata(Metadata::new().with("plan", "gold")),
    );
    visitor.visit(Sample::Minimal, organizations::merge_metadata("organization_1"));
    visitor.visit(
        Sample::Maximal,
        organizations::merge_metadata("organization_1")
            .public_metadata(Metadata::new().with("plan", "gold"))
            .private_metadata(Metadata::new().with("plan", "gold")),
    );
    visitor.visit(
        Sample::Minimal,
        organizations::upload_logo(
            "organization_1",
            File::new("a picture").name("picture.png").content_type("image/png"),
        ),
    );
    visitor.visit(
        Sample::Maximal,
        organizations::upload_logo(
            "organization_1",
            File::new("a picture").name("picture.png").content_type("image/png"),
        )
        .uploader_user_id("user_1"),
    );
    visitor.visit(Sample::Minimal, organizations::delete_logo("organization_1"));
    visitor.visit(Sample::Maximal, organizations::delete_logo("organization_1"));
    visitor.visit(Sample::Minimal, organizations::get_billing_subscription("organization_1"));
    visitor.visit(Sample::Maximal, organizations::get_billing_subscription("organization_1"));
    visitor.visit(Sample::Minimal, organizations::get_billing_credit_balance("organization_1"));
    visitor.visit(Sample::Maximal, organizations::get_billing_credit_balance("organization_1"));
    visitor.visit(
        Sample::Minimal,
        organizations::adjust_billing_credit_balance(
            "organization_1",
            1_i64,
            BillingCreditAction::Increase,
            "idempotency key 1",
        ),
    );
    visitor.visit(
        Sample::Maximal,
        organizations::adjust_billing_credit_balance(
            "organization_1",
            1_i64,
            BillingCreditAction::Increase,
            "idempotency key 1",
        )
        .currency("currency 1")
        .note("note 1"),
    );
}

fn phone_numbers(visitor: &mut impl Visit) {
    visitor.visit(Sample::Minimal, phone_numbers::create("user_1", "+15555550101"));
    visitor.visit(
        Sample::Maximal,
        phone_numbers::create("user_1", "+15555550101")
            .verified(true)
            .primary(true)
            .reserved_for_second_factor(true),
    );
    visitor.visit(Sample::Minimal, phone_numbers::get("id_1"));
    visitor.visit(Sample::Maximal, phone_numbers::get("id_1"));
    visitor.visit(Sample::Minimal, phone_numbers::update("id_1"));
    visitor.visit(
        Sample::Maximal,
        phone_numbers::update("id_1").verified(true).primary(true).reserved_for_second_factor(true),
    );
    visitor.visit(Sample::Minimal, phone_numbers::delete("id_1"));
    visitor.visit(Sample::Maximal, phone_numbers::delete("id_1"));
    visitor.visit(Sample::Minimal, phone_numbers::prepare_verification("id_1"));
    visitor.visit(Sample::Maximal, phone_numbers::prepare_verification("id_1"));
    visitor.visit(Sample::Minimal, phone_numbers::attempt_verification("id_1", "id_1", "code 1"));
    visitor.visit(Sample::Maximal, phone_numbers::attempt_verification("id_1", "id_1", "code 1"));
    visitor.visit(Sample::Minimal, phone_numbers::replace_for_user("user_1", "+15555550101"));
    visitor.visit(
        Sample::Maximal,
        phone_numbers::replace_for_user("user_1", "+15555550101")
            .identification_status(IdentificationStatus::Verified),
    );
}

fn proxy_checks(visitor: &mut impl Visit) {
    visitor.visit(Sample::Minimal, proxy_checks::verify());
    visitor.visit(
        Sample::Maximal,
        proxy_checks::verify().domain_id("id_1").proxy_url("https://example.com/1?from=clerk"),
    );
}

fn redirect_urls(visitor: &mut impl Visit) {
    visitor.visit(Sample::Minimal, redirect_urls::list());
    visitor.visit(Sample::Maximal, redirect_urls::list().limit(1).offset(1));
    visitor.visit(Sample::Minimal, redirect_urls::create("https://example.com/1?from=clerk"));
    visitor.visit(Sample::Maximal, redirect_urls::create("https://example.com/1?from=clerk"));
    visitor.visit(Sample::Minimal, redirect_urls::get("id_1"));
    visitor.visit(Sample::Maximal, redirect_urls::get("id_1"));
    visitor.visit(Sample::Minimal, redirect_urls::delete("id_1"));
    visitor.visit(Sample::Maximal, redirect_urls::delete("id_1"));
}

fn role_sets(visitor: &mut impl Visit) {
    visitor.visit(Sample::Minimal, role_sets::list());
    visitor
        .visit(Sample::Maximal, role_sets::list().query("query 1").order_by("order by 1").limit(1).offset(1));
    visitor.visit(
        Sample::Minimal,
        role_sets::create("name 1", "default role key 1", "creator role key 1", ["roles 1"]),
    );
    visitor.visit(
        Sample::Maximal,
        role_sets::create("name 1", "default role key 1", "creator role key 1", ["roles 1", "roles 2"])
            .key("key 1")
            .description("description 1")
            .r#type(RoleSetType::Initial),
    );
    visitor.visit(Sample::Minimal, role_sets::get("id_1"));
    visitor.visit(Sample::Maximal, role_sets::get("id_1"));
    visitor.visit(Sample::Minimal, role_sets::update("id_1"));
    visitor.visit(
        Sample::Maximal,
        role_sets::update("id_1")
            .name("name 1")
            .key("key 1")
            .description("description 1")
            .r#type(RoleSetType::Initial)
            .default_role_key("default role key 1")
            .creator_role_key("creator role key 1"),
    );
    visitor.visit(Sample::Minimal, role_sets::replace("id_1", "dest role set key 1"));
    visitor.visit(
        Sample::Maximal,
        role_sets::replace("id_1", "dest role set key 1").reassignment_mappings(BTreeMap::from([(
            "key".to_owned(),
            "reassignment mappings 1".to_owned(),
        )])),
    );
    visitor.visit(Sample::Minimal, role_sets::add_roles("id_1", ["role keys 1"]));
    visitor.visit(
        Sample::Maximal,
        role_sets::add_roles("id_1", ["role keys 1", "role keys 2"])
            .default_role_key("default role key 1")
            .creator_role_key("creator role key 1"),
    );
    visitor.visit(Sample::Minimal, role_sets::replace_role("id_1", "role key 1", "to role key 1"));
    visitor.visit(Sample::Maximal, role_sets::replace_role("id_1", "role key 1", "to role key 1"));
}

fn saml_connections(visitor: &mut impl Visit) {
    visitor.visit(Sample::Minimal, saml_connections::list());
    visitor.visit(
        Sample::Maximal,
        saml_connections::list()
            .limit(1)
            .offset(1)
            .query("query 1")
            .order_by("order by 1")
            .organization_id(["organization_1", "organization_2"]),
    );
    visitor.visit(
        Sample::Minimal,
        saml_connections::create("name 1", EnterpriseConnectionProvider::SamlCustom).domains(["domains 1"]),
    );
    visitor.visit(
        Sample::Maximal,
        saml_connections::create("name 1", EnterpriseConnectionProvider::SamlCustom)
            .domain("domain 1")
            .domains(["domains 1", "domains 2"])
            .idp_entity_id("idp entity id 1")
            .idp_sso_url("https://example.com/1?from=clerk")
            .idp_certificate("idp certificate 1")
            .idp_metadata_url("https://example.com/1?from=clerk")
            .idp_metadata("idp metadata 1")
            .organization_id("organization_1")
            .attribute_mapping(
                saml_connections::CreateAttributeMapping::new()
                    .user_id("user id 1")
                    .email_address("ada+1@example.com")
                    .first_name("first name 1")
                    .last_name("last name 1"),
            )
            .force_authn(true)
            .login_hint(
                saml_connections::CreateLoginHint::new(LoginHintMode::EmailAddress).source("source 1"),
            ),
    );
    visitor.visit(Sample::Minimal, saml_connections::get("id_1"));
    visitor.visit(Sample::Maximal, saml_connections::get("id_1"));
    visitor.visit(Sample::Minimal, saml_connections::update("id_1"));
    visitor.visit(
        Sample::Maximal,
        saml_connections::update("id_1")
            .name("name 1")
            .domain("domain 1")
            .domains(["domains 1", "domains 2"])
            .idp_entity_id("idp entity id 1")
            .idp_sso_url("https://example.com/1?from=clerk")
            .idp_certificate("idp certificate 1")
            .idp_metadata_url("https://example.com/1?from=clerk")
            .idp_metadata("idp metadata 1")
            .organization_id("organization_1")
            .attribute_mapping(
                saml_connections::UpdateAttributeMapping::new()
                    .user_id("user id 1")
                    .email_address("ada+1@example.com")
                    .first_name("first name 1")
                    .last_name("last name 1"),
            )
            .active(true)
            .sync_user_attributes(true)
            .allow_subdomains(true)
            .allow_idp_initiated(true)
            .disable_additional_identifications(true)
            .allow_organization_account_linking(true)
            .force_authn(true)
            .login_hint(
                saml_connections::UpdateLoginHint::new(LoginHintMode::EmailAddress).source("source 1"),
            )
            .consent_verified_domains_deletion(true),
    );
    visitor.visit(Sample::Minimal, saml_connections::delete("id_1"));
    visitor.visit(Sample::Maximal, saml_connections::delete("id_1"));
}

fn scim_directories(visitor: &mut impl Visit) {
    visitor.visit(Sample::Minimal, scim_directories::list());
    visitor.visit(Sample::Maximal, scim_directories::list().limit(1).offset(1));
    visitor.visit(Sample::Minimal, scim_directories::create("id_1", "provider 1"));
    visitor.visit(
        Sample::Maximal,
        scim_directories::create("id_1", "provider 1").name("name 1").group_role_mappings([
            scim_directories::NewGroupRoleMapping::new("id_1", "id_1")
                .scim_group_display_name("scim group display name 1")
                .precedence(1_i64),
            scim_directories::NewGroupRoleMapping::new("id_1", "id_1")
                .scim_group_display_name("scim group display name 1")
                .precedence(1_i64),
        ]),
    );
    visitor.visit(Sample::Minimal, scim_directories::get("id_1"));
    visitor.visit(Sample::Maximal, scim_directories::get("id_1"));
    visitor.visit(Sample::Minimal, scim_directories::update("id_1"));
    visitor.visit(
        Sample::Maximal,
        scim_directories::update("id_1")
            .name("name 1")
            .enabled(true)
            .provider("provider 1")
            .attribute_mapping(BTreeMap::from([("key".to_owned(), Some("attribute mapping 1".to_owned()))]))
            .group_role_mapping_enabled(true),
    );
    visitor.visit(Sample::Minimal, scim_directories::delete("id_1"));
    visitor.visit(Sample::Maximal, scim_directories::delete("id_1"));
    visitor.visit(Sample::Minimal, scim_directories::rotate_api_key("id_1"));
    visitor.visit(Sample::Maximal, scim_directories::rotate_api_key("id_1"));
    visitor.visit(Sample::Minimal, scim_directories::list_group_role_mappings("id_1"));
    visitor.visit(Sample::Maximal, scim_directories::list_group_role_mappings("id_1"));
    visitor.visit(Sample::Minimal, scim_directories::create_group_role_mapping("id_1", "id_1", "id_1"));
    visitor.visit(
        Sample::Maximal,
        scim_directories::create_group_role_mapping("id_1", "id_1", "id_1").precedence(1_i64),
    );
    visitor.visit(
        Sample::Minimal,
        scim_directories::replace_group_role_mappings(
            "id_1",
            [scim_directories::GroupRole::new("id_1", "id_1")],
        ),
    );
    visitor.visit(
        Sample::Maximal,
        scim_directories::replace_group_role_mappings(
            "id_1",
            [
                scim_directories::GroupRole::new("id_1", "id_1"),
                scim_directories::GroupRole::new("id_1", "id_1"),
            ],
        ),
    );
    visitor.visit(Sample::Minimal, scim_directories::delete_group_role_mapping("id_1", "id_1"));
    visitor.visit(Sample::Maximal, scim_directories::delete_group_role_mapping("id_1", "id_1"));
}

fn sessions(visitor: &mut impl Visit) {
    visitor.visit(Sample::Minimal, sessions::list());
    visitor.visit(
        Sample::Maximal,
        sessions::list()
            .client_id("client_1")
            .user_id("user_1")
            .status(SessionStatus::Abandoned)
            .limit(1)
            .offset(1),
    );
    visitor.visit(Sample::Minimal, sessions::create("user_1"));
    visitor.visit(Sample::Maximal, sessions::create("user_1").active_organization_id("organization_1"));
    visitor.visit(Sample::Minimal, sessions::get("session_1"));
    visitor.visit(Sample::Maximal, sessions::get("session_1"));
    visitor.visit(
        Sample::Minimal,
        sessions::refresh("session_1", "expired token 1", "refresh token 1", "request origin 1"),
    );
    visitor.visit(
        Sample::Maximal,
        sessions::refresh("session_1", "expired token 1", "refresh token 1", "request origin 1")
            .request_headers(Metadata::new().with("plan", "gold"))
            .format(SessionRefreshFormat::Token)
            .request_originating_ip("request originating ip 1"),
    );
    visitor.visit(
        Sample::Beyond,
        sessions::refresh("session_1", "expired token 1", "refresh token 1", "request origin 1")
            .suffixed_cookies(true)
            .request_headers(Metadata::new().with("plan", "gold"))
            .format(SessionRefreshFormat::Token)
            .request_originating_ip("request originating ip 1"),
    );
    visitor.visit(Sample::Minimal, sessions::revoke("session_1"));
    visitor.visit(Sample::Maximal, sessions::revoke("session_1"));
    visitor.visit(Sample::Minimal, sessions::create_token("session_1"));
    visitor.visit(Sample::Maximal, sessions::create_token("session_1").expires_in_seconds(30_i64));
    visitor.visit(Sample::Minimal, sessions::create_token_from_template("session_1", "template name 1"));
    visitor.visit(
        Sample::Maximal,
        sessions::create_token_from_template("session_1", "template name 1").expires_in_seconds(30_i64),
    );
}

fn sign_in_tokens(visitor: &mut impl Visit) {
    visitor.visit(Sample::Minimal, sign_in_tokens::create("user_1"));
    visitor.visit(
        Sample::Maximal,
        sign_in_tokens::create("user_1").org_id("organization_1").expires_in_seconds(1_i64),
    );
    visitor.visit(Sample::Minimal, sign_in_tokens::revoke("id_1"));
    visitor.visit(Sample::Maximal, sign_in_tokens::revoke("id_1"));
}

fn sign_ups(visitor: &mut impl Visit) {
    visitor.visit(Sample::Minimal, sign_ups::get("id_1"));
    visitor.visit(Sample::Maximal, sign_ups::get("id_1"));
    visitor.visit(Sample::Minimal, sign_ups::update("id_1"));
    visitor.visit(Sample::Maximal, sign_ups::update("id_1").external_id("external id 1").custom_action(true));
}

fn testing_tokens(visitor: &mut impl Visit) {
    visitor.visit(Sample::Minimal, testing_tokens::create());
    visitor.visit(Sample::Maximal, testing_tokens::create());
}

fn users(visitor: &mut impl Visit) {
    visitor.visit(Sample::Minimal, users::list());
    visitor.visit(
        Sample::Maximal,
        users::list()
            .email_address(["ada+1@example.com", "ada+2@example.com"])
            .phone_number(["+15555550101", "+15555550102"])
            .external_id(["external id 1", "external id 2"])
            .username(["username 1", "username 2"])
            .web3_wallet(["web3 wallet 1", "web3 wallet 2"])
            .user_id(["user_1", "user_2"])
            .organization_id(["organization_1", "organization_2"])
            .query("query 1")
            .email_address_query("ada+1@example.com")
            .phone_number_query("+15555550101")
            .username_query("username query 1")
            .name_query("name query 1")
            .banned(true)
            .last_active_at_before(Timestamp::from_millis(1_700_000_000_000))
            .last_active_at_after(Timestamp::from_millis(1_700_000_000_000))
            .created_at_before(Timestamp::from_millis(1_700_000_000_000))
            .created_at_after(Timestamp::from_millis(1_700_000_000_000))
            .last_sign_in_at_before(Timestamp::from_millis(1_700_000_000_000))
            .last_sign_in_at_after(Timestamp::from_millis(1_700_000_000_000))
            .provider("provider 1")
            .provider_user_id(["provider user id 1", "provider user id 2"])
            .limit(1)
            .offset(1)
            .starting_after("user_1")
            .order_by("order by 1"),
    );
    visitor.visit(
        Sample::Beyond,
        users::list()
            .email_address(["ada+1@example.com", "ada+2@example.com"])
            .phone_number(["+15555550101", "+15555550102"])
            .external_id(["external id 1", "external id 2"])
            .username(["username 1", "username 2"])
            .web3_wallet(["web3 wallet 1", "web3 wallet 2"])
            .user_id(["user_1", "user_2"])
            .organization_id(["organization_1", "organization_2"])
            .query("query 1")
            .email_address_query("ada+1@example.com")
            .phone_number_query("+15555550101")
            .username_query("username query 1")
            .name_query("name query 1")
            .banned(true)
            .last_active_at_before(Timestamp::from_millis(1_700_000_000_000))
            .last_active_at_after(Timestamp::from_millis(1_700_000_000_000))
            .last_active_at_since(Timestamp::from_millis(1_700_000_000_000))
            .created_at_before(Timestamp::from_millis(1_700_000_000_000))
            .created_at_after(Timestamp::from_millis(1_700_000_000_000))
            .last_sign_in_at_before(Timestamp::from_millis(1_700_000_000_000))
            .last_sign_in_at_after(Timestamp::from_millis(1_700_000_000_000))
            .provider("provider 1")
            .provider_user_id(["provider user id 1", "provider user id 2"])
            .limit(1)
            .offset(1)
            .starting_after("user_1")
            .order_by("order by 1"),
    );
    visitor.visit(Sample::Minimal, users::create());
    visitor.visit(
        Sample::Maximal,
        users::create()
            .external_id("external id 1")
            .first_name("first name 1")
            .last_name("last name 1")
            .locale("locale 1")
            .email_address(["ada+1@example.com", "ada+2@example.com"])
            .email_address_identification_status([
                IdentificationStatus::Verified,
                IdentificationStatus::Reserved,
            ])
            .phone_number(["+15555550101", "+15555550102"])
            .phone_number_identification_status([
                IdentificationStatus::Verified,
                IdentificationStatus::Reserved,
            ])
            .web3_wallet(["web3 wallet 1", "web3 wallet 2"])
            .username("username 1")
            .password("password 1")
            .password_digest("password digest 1")
            .password_hasher("password hasher 1")
            .skip_password_checks(true)
            .skip_password_requirement(true)
            .totp_secret("totp secret 1")
            .backup_codes(["backup codes 1", "backup codes 2"])
            .public_metadata(Metadata::new().with("plan", "gold"))
            .private_metadata(Metadata::new().with("plan", "gold"))
            .unsafe_metadata(Metadata::new().with("plan", "gold"))
            .delete_self_enabled(true)
            .legal_accepted_at("legal accepted at 1")
            .skip_legal_checks(true)
            .skip_user_requirement(true)
            .create_organization_enabled(true)
            .create_organizations_limit(1_i64)
            .created_at("created at 1")
            .bypass_client_trust(true)
            .banned(true)
            .locked(true),
    );
    visitor.visit(Sample::Minimal, users::count());
    visitor.visit(
        Sample::Maximal,
        users::count()
            .email_address(["ada+1@example.com", "ada+2@example.com"])
            .phone_number(["+15555550101", "+15555550102"])
            .external_id(["external id 1", "external id 2"])
            .username(["username 1", "username 2"])
            .web3_wallet(["web3 wallet 1", "web3 wallet 2"])
            .user_id(["user_1", "user_2"])
            .organization_id(["organization_1", "organization_2"])
            .query("query 1")
            .email_address_query("ada+1@example.com")
            .phone_number_query("+15555550101")
            .username_query("username query 1")
            .name_query("name query 1")
            .banned(true)
            .last_active_at_before(Timestamp::from_millis(1_700_000_000_000))
            .last_active_at_after(Timestamp::from_millis(1_700_000_000_000))
            .created_at_before(Timestamp::from_millis(1_700_000_000_000))
            .created_at_after(Timestamp::from_millis(1_700_000_000_000))
            .last_sign_in_at_before(Timestamp::from_millis(1_700_000_000_000))
            .last_sign_in_at_after(Timestamp::from_millis(1_700_000_000_000))
            .provider("provider 1")
            .provider_user_id(["provider user id 1", "provider user id 2"]),
    );
    visitor.visit(
        Sample::Beyond,
        users::count()
            .email_address(["ada+1@example.com", "ada+2@example.com"])
            .phone_number(["+15555550101", "+15555550102"])
            .external_id(["external id 1", "external id 2"])
            .username(["username 1", "username 2"])
            .web3_wallet(["web3 wallet 1", "web3 wallet 2"])
            .user_id(["user_1", "user_2"])
            .organization_id(["organization_1", "organization_2"])
            .query("query 1")
            .email_address_query("ada+1@example.com")
            .phone_number_query("+15555550101")
            .username_query("username query 1")
            .name_query("name query 1")
            .banned(true)
            .last_active_at_before(Timestamp::from_millis(1_700_000_000_000))
            .last_active_at_after(Timestamp::from_millis(1_700_000_000_000))
            .last_active_at_since(Timestamp::from_millis(1_700_000_000_000))
            .created_at_before(Timestamp::from_millis(1_700_000_000_000))
            .created_at_after(Timestamp::from_millis(1_700_000_000_000))
            .last_sign_in_at_before(Timestamp::from_millis(1_700_000_000_000))
            .last_sign_in_at_after(Timestamp::from_millis(1_700_000_000_000))
            .provider("provider 1")
            .provider_user_id(["provider user id 1", "provider user id 2"]),
    );
    visitor.visit(Sample::Minimal, users::get("user_1"));
    visitor.visit(Sample::Maximal, users::get("user_1"));
    visitor.visit(Sample::Minimal, users::update("user_1"));
    visitor.visit(
        Sample::Maximal,
        users::update("user_1")
            .external_id("external id 1")
            .first_name("first name 1")
            .last_name("last name 1")
            .locale("locale 1")
            .primary_email_address_id("id_1")
            .notify_primary_email_address_changed(true)
            .primary_phone_number_id("id_1")
            .primary_web3_wallet_id("id_1")
            .username("username 1")
            .profile_image_id("id_1")
            .password("password 1")
            .password_digest("password digest 1")
            .password_hasher("password hasher 1")
            .skip_password_checks(true)
            .sign_out_of_other_sessions(true)
            .totp_secret("totp secret 1")
            .backup_codes(["backup codes 1", "backup codes 2"])
            .delete_self_enabled(true)
            .create_organization_enabled(true)
            .legal_accepted_at("legal accepted at 1")
            .skip_legal_checks(true)
            .create_organizations_limit(1_i64)
            .created_at("created at 1")
            .bypass_client_trust(true),
    );
    visitor.visit(Sample::Minimal, users::delete("user_1"));
    visitor.visit(Sample::Maximal, users::delete("user_1"));
    visitor.visit(Sample::Minimal, users::ban("user_1"));
    visitor.visit(Sample::Maximal, users::ban("user_1"));
    visitor.visit(Sample::Minimal, users::unban("user_1"));
    visitor.visit(Sample::Maximal, users::unban("user_1"));
    visitor.visit(Sample::Minimal, users::bulk_ban(["user_1"]));
    visitor.visit(Sample::Maximal, users::bulk_ban(["user_1", "user_2"]));
    visitor.visit(Sample::Minimal, users::bulk_unban(["user_1"]));
    visitor.visit(Sample::Maximal, users::bulk_unban(["user_1", "user_2"]));
    visitor.visit(Sample::Minimal, users::lock("user_1"));
    visitor.visit(Sample::Maximal, users::lock("user_1"));
    visitor.visit(Sample::Minimal, users::unlock("user_1"));
    visitor.visit(Sample::Maximal, users::unlock("user_1"));
    visitor.visit(
        Sample::Minimal,
        users::set_profile_image(
            "user_1",
            File::new("a picture").name("picture.png").content_type("image/png"),
        ),
    );
    visitor.visit(
        Sample::Maximal,
        users::set_profile_image(
            "user_1",
            File::new("a picture").name("picture.png").content_type("image/png"),
        ),
    );
    visitor.visit(Sample::Minimal, users::delete_profile_image("user_1"));
    visitor.visit(Sample::Maximal, users::delete_profile_image("user_1"));
    visitor.visit(Sample::Minimal, users::replace_metadata("user_1"));
    visitor.visit(
        Sample::Maximal,
        users::replace_metadata("user_1")
            .public_metadata(Metadata::new().with("plan", "gold"))
            .private_metadata(Metadata::new().with("plan", "gold"))
            .unsafe_metadata(Metadata::new().with("plan", "gold")),
    );
    visitor.visit(Sample::Minimal, users::update_metadata("user_1"));
    visitor.visit(
        Sample::Maximal,
        users::update_metadata("user_1")
            .public_metadata(Metadata::new().with("plan", "gold"))
            .private_metadata(Metadata::new().with("plan", "gold"))
            .unsafe_metadata(Metadata::new().with("plan", "gold")),
    );
    visitor.visit(Sample::Minimal, users::get_billing_subscription("user_1"));
    visitor.visit(Sample::Maximal, users::get_billing_subscription("user_1"));
    visitor.visit(Sample::Minimal, users::get_billing_credit_balance("user_1"));
    visitor.visit(Sample::Maximal, users::get_billing_credit_balance("user_1"));
    visitor.visit(
        Sample::Minimal,
        users::adjust_billing_credit_balance(
            "user_1",
            1_i64,
            BillingCreditAction::Increase,
            "idempotency key 1",
        ),
    );
    visitor.visit(
        Sample::Maximal,
        users::adjust_billing_credit_balance(
            "user_1",
            1_i64,
            BillingCreditAction::Increase,
            "idempotency key 1",
        )
        .currency("currency 1")
        .note("note 1"),
    );
    visitor.visit(Sample::Minimal, users::get_oauth_access_tokens("user_1", "provider 1"));
    visitor.visit(Sample::Maximal, users::get_oauth_access_tokens("user_1", "provider 1").limit(1).offset(1));
    visitor.visit(Sample::Minimal, users::get_organization_memberships("user_1"));
    visitor.visit(Sample::Maximal, users::get_organization_memberships("user_1").limit(1).offset(1));
    visitor.visit(Sample::Minimal, users::get_organization_invitations("user_1"));
    visitor.visit(
        Sample::Maximal,
        users::get_organization_invitations("user_1").limit(1).offset(1).status(InvitationStatus::Pending),
    );
    visitor.visit(Sample::Minimal, users::remove_password("user_1"));
    visitor.visit(Sample::Maximal, users::remove_password("user_1").sign_out_of_other_sessions(true));
    visitor.visit(Sample::Minimal, users::verify_password("user_1", "password 1"));
    visitor.visit(Sample::Maximal, users::verify_password("user_1", "password 1"));
    visitor.visit(Sample::Minimal, users::verify_totp("user_1", "code 1"));
    visitor.visit(Sample::Maximal, users::verify_totp("user_1", "code 1"));
    visitor.visit(Sample::Minimal, users::disable_mfa("user_1"));
    visitor.visit(Sample::Maximal, users::disable_mfa("user_1"));
    visitor.visit(Sample::Minimal, users::delete_backup_codes("user_1"));
    visitor.visit(Sample::Maximal, users::delete_backup_codes("user_1"));
    visitor.visit(Sample::Minimal, users::delete_passkey("user_1", "id_1"));
    visitor.visit(Sample::Maximal, users::delete_passkey("user_1", "id_1"));
    visitor.visit(Sample::Minimal, users::list_trusted_devices("user_1"));
    visitor.visit(Sample::Maximal, users::list_trusted_devices("user_1"));
    visitor.visit(Sample::Minimal, users::revoke_trusted_device("user_1", "id_1"));
    visitor.visit(Sample::Maximal, users::revoke_trusted_device("user_1", "id_1"));
    visitor.visit(Sample::Minimal, users::delete_web3_wallet("user_1", "id_1"));
    visitor.visit(Sample::Maximal, users::delete_web3_wallet("user_1", "id_1"));
    visitor.visit(Sample::Minimal, users::delete_totp("user_1"));
    visitor.visit(Sample::Maximal, users::delete_totp("user_1"));
    visitor.visit(Sample::Minimal, users::delete_external_account("user_1", "id_1"));
    visitor.visit(Sample::Maximal, users::delete_external_account("user_1", "id_1"));
    visitor.visit(Sample::Minimal, users::set_password_compromised("user_1"));
    visitor.visit(Sample::Maximal, users::set_password_compromised("user_1").revoke_all_sessions(true));
    visitor.visit(Sample::Minimal, users::unset_password_compromised("user_1"));
    visitor.visit(Sample::Maximal, users::unset_password_compromised("user_1"));
}

fn waitlist_entries(visitor: &mut impl Visit) {
    visitor.visit(Sample::Minimal, waitlist_entries::list());
    visitor.visit(
        Sample::Maximal,
        waitlist_entries::list()
            .limit(1)
            .offset(1)
            .query("query 1")
            .status(WaitlistEntryStatus::Pending)
            .order_by("order by 1"),
    );
    visitor.visit(Sample::Minimal, waitlist_entries::create("ada+1@example.com"));
    visitor.visit(Sample::Maximal, waitlist_entries::create("ada+1@example.com").notify(true));
    visitor.visit(
        Sample::Minimal,
        waitlist_entries::bulk_create([waitlist_entries::BulkCreateItem::new("ada+1@example.com")]),
    );
    visitor.visit(
        Sample::Maximal,
        waitlist_entries::bulk_create([
            waitlist_entries::BulkCreateItem::new("ada+1@example.com").notify(true),
            waitlist_entries::BulkCreateItem::new("ada+1@example.com").notify(true),
        ]),
    );
    visitor.visit(Sample::Minimal, waitlist_entries::delete("id_1"));
    visitor.visit(Sample::Maximal, waitlist_entries::delete("id_1"));
    visitor.visit(Sample::Minimal, waitlist_entries::invite("id_1"));
    visitor.visit(Sample::Maximal, waitlist_entries::invite("id_1").ignore_existing(true));
    visitor.visit(Sample::Minimal, waitlist_entries::reject("id_1"));
    visitor.visit(Sample::Maximal, waitlist_entries::reject("id_1"));
}

fn webhooks(visitor: &mut impl Visit) {
    visitor.visit(Sample::Minimal, webhooks::create_svix_app());
    visitor.visit(Sample::Maximal, webhooks::create_svix_app());
    visitor.visit(Sample::Minimal, webhooks::delete_svix_app());
    visitor.visit(Sample::Maximal, webhooks::delete_svix_app());
    visitor.visit(Sample::Minimal, webhooks::generate_svix_auth_url());
    visitor.visit(Sample::Maximal, webhooks::generate_svix_auth_url());
}
