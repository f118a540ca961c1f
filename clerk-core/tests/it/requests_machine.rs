//! Requests about machines, tokens and enterprise connections: their exact method, URI and body.
#![allow(deprecated, reason = "SAML connections are")]

use clerk_core::{
    Nullable, Operation,
    api::{
        OPERATIONS, admin_portal_link_tokens, agent_tasks, api_keys,
        enterprise_connections::{
            self, CreateCustomAttribute, CreateOidc, CreateSaml, CreateSamlAttributeMapping,
            CreateSamlLoginHint, UpdateSaml,
        },
        m2m, machines, oauth_access_tokens, oauth_applications,
        saml_connections::{self, CreateAttributeMapping, UpdateLoginHint},
    },
    credential::Credential,
    encode::File,
    model::{
        AgentTaskPermissions, EnterpriseConnectionProvider, EnterpriseConnectionTestRunStatus, LoginHintMode,
        M2mTokenFormat,
    },
    operation::Retry,
};
use http::header;
use serde_json::json;

/// Checks the method and URI, and the body; `-` if there is no body.
#[track_caller]
fn check(operation: &impl Operation, line: &str, body: &str) {
    let request = operation.request().unwrap();
    let has_body = request.headers().contains_key(header::CONTENT_TYPE);
    let sent = if has_body { std::str::from_utf8(request.body()).unwrap() } else { "-" };
    assert_eq!((format!("{} {}", request.method(), request.uri()).as_str(), sent), (line, body));
}

#[test]
fn machines() {
    check(
        &machines::list().query("bill").order_by("+name").limit(2),
        "GET /machines?limit=2&query=bill&order_by=%2Bname",
        "-",
    );
    check(
        &machines::create("billing").scoped_machines(["mch_2"]).default_token_ttl(60),
        "POST /machines",
        r#"{"name":"billing","scoped_machines":["mch_2"],"default_token_ttl":60}"#,
    );
    check(&machines::get("mch_1"), "GET /machines/mch_1", "-");
    check(&machines::update("mch_1").name("b"), "PATCH /machines/mch_1", r#"{"name":"b"}"#);
    check(&machines::delete("mch_1"), "DELETE /machines/mch_1", "-");
    check(&machines::get_secret_key("mch_1"), "GET /machines/mch_1/secret_key", "-");
    check(
        &machines::rotate_secret_key("mch_1", 0),
        "POST /machines/mch_1/secret_key/rotate",
        r#"{"previous_token_ttl":0}"#,
    );
    check(
        &machines::create_scope("mch_1", "mch_2"),
        "POST /machines/mch_1/scopes",
        r#"{"to_machine_id":"mch_2"}"#,
    );
    check(&machines::delete_scope("mch_1", "mch_2"), "DELETE /machines/mch_1/scopes/mch_2", "-");
}

#[test]
fn a_machine_has_at_most_150_scopes() {
    assert!(machines::create("m").scoped_machines(vec!["mch_1"; 150]).request().is_ok());
    let error = machines::create("m").scoped_machines(vec!["mch_1"; 151]).request().unwrap_err();
    assert_eq!((error.operation, error.field), ("CreateMachine", "scoped_machines"));
}

#[test]
fn m2m_tokens() {
    check(&m2m::create_token(), "POST /m2m_tokens", "{}");
    check(
        &m2m::create_token()
            .token_format(M2mTokenFormat::Jwt)
            .seconds_until_expiration(Nullable::Null)
            .claims(json!({"a": null}))
            .min_remaining_ttl_seconds(5),
        "POST /m2m_tokens",
        r#"{"token_format":"jwt","seconds_until_expiration":null,"claims":{"a":null},"min_remaining_ttl_seconds":5}"#,
    );
    check(
        &m2m::list_tokens("mch_1").revoked(true).expired(false).limit(100).offset(0),
        "GET /m2m_tokens?subject=mch_1&revoked=true&expired=false&limit=100&offset=0",
        "-",
    );
    check(
        &m2m::revoke_token("mt_1").revocation_reason("leaked"),
        "POST /m2m_tokens/mt_1/revoke",
        r#"{"revocation_reason":"leaked"}"#,
    );
    check(&m2m::verify_token("mt_x"), "POST /m2m_tokens/verify", r#"{"token":"mt_x"}"#);
}

#[test]
fn api_keys() {
    check(
        &api_keys::create("the ci", "org_1")
            .description(Nullable::Null)
            .claims(json!([1]))
            .scopes(["read", "write"])
            .created_by("user_1")
            .seconds_until_expiration(60),
        "POST /api_keys",
        r#"{"name":"the ci","description":null,"subject":"org_1","claims":[1],"scopes":["read","write"],"created_by":"user_1","seconds_until_expiration":60}"#,
    );
    check(
        &api_keys::list("user_1").r#type("api_key").include_invalid(false).query("ci"),
        "GET /api_keys?type=api_key&subject=user_1&include_invalid=false&query=ci",
        "-",
    );
    check(&api_keys::get("ak_1"), "GET /api_keys/ak_1", "-");
    check(&api_keys::update("ak_1").claims(Nullable::Null), "PATCH /api_keys/ak_1", r#"{"claims":null}"#);
    check(&api_keys::delete("ak_1"), "DELETE /api_keys/ak_1", "-");
    check(&api_keys::get_secret("ak_1"), "GET /api_keys/ak_1/secret", "-");
    check(&api_keys::revoke("ak_1"), "POST /api_keys/ak_1/revoke", "{}");
    check(&api_keys::verify("ak_x"), "POST /api_keys/verify", r#"{"secret":"ak_x"}"#);
}

#[test]
fn oauth() {
    check(
        &oauth_access_tokens::verify("oat_x"),
        "POST /oauth_applications/access_tokens/verify",
        r#"{"access_token":"oat_x"}"#,
    );
    check(
        &oauth_applications::list().order_by("-name").name_query("a&b"),
        "GET /oauth_applications?order_by=-name&name_query=a%26b",
        "-",
    );
    check(
        &oauth_applications::create("Analyst").public(true).scopes("email"),
        "POST /oauth_applications",
        r#"{"name":"Analyst","scopes":"email","public":true}"#,
    );
    check(
        &oauth_applications::update("oauthapp_1").redirect_uris(vec!["https://a.example".to_owned()]),
        "PATCH /oauth_applications/oauthapp_1",
        r#"{"redirect_uris":["https://a.example"]}"#,
    );
    check(&oauth_applications::delete("oauthapp_1"), "DELETE /oauth_applications/oauthapp_1", "-");
    check(
        &oauth_applications::rotate_secret("oauthapp_1"),
        "POST /oauth_applications/oauthapp_1/rotate_secret",
        "-",
    );
    check(
        &oauth_applications::revoke_token("oauthapp_1", "oat_x"),
        "POST /oauth_applications/oauthapp_1/revoke_token",
        r#"{"token":"oat_x"}"#,
    );
    let logo = File::new(&b"PNG"[..]).name("logo.png").content_type("image/png");
    let request =
        oauth_applications::upload_logo("oauthapp_1", logo).uploader_user_id("user_1").request().unwrap();
    assert_eq!(
        (request.method().as_str(), request.uri().path()),
        ("PUT", "/oauth_applications/oauthapp_1/logo")
    );
    let body = std::str::from_utf8(request.body()).unwrap();
    assert!(body.contains("name=\"uploader_user_id\"\r\n\r\nuser_1\r\n"), "{body}");
    assert!(body.contains("filename=\"logo.png\"\r\nContent-Type: image/png\r\n\r\nPNG\r\n"), "{body}");
}

#[test]
fn enterprise_connections() {
    check(
        &enterprise_connections::list().organization_id("org_1").active(false),
        "GET /enterprise_connections?organization_id=org_1&active=false",
        "-",
    );
    let saml = CreateSaml::new()
        .idp_entity_id("idp")
        .attribute_mapping(CreateSamlAttributeMapping::new().user_id("uid").last_name(Nullable::Null))
        .login_hint(CreateSamlLoginHint::new(LoginHintMode::CustomAttribute).source("hint"));
    check(
        &enterprise_connections::create("E", EnterpriseConnectionProvider::SamlCustom, ["e.com"])
            .active(true)
            .saml(saml)
            .custom_attributes([CreateCustomAttribute::new("Team", "team").multi_valued(true)])
            .disable_jit_provisioning(true),
        "POST /enterprise_connections",
        r#"{"name":"E","provider":"saml_custom","domains":["e.com"],"active":true,"saml":{"idp_entity_id":"idp","attribute_mapping":{"user_id":"uid","last_name":null},"login_hint":{"mode":"custom_attribute","source":"hint"}},"custom_attributes":[{"name":"Team","key":"team","multi_valued":true}],"disable_jit_provisioning":true}"#,
    );
    check(
        &enterprise_connections::create("E", "oidc_of_tomorrow", ["e.com"])
            .oidc(CreateOidc::new().client_id("c").requires_pkce(true)),
        "POST /enterprise_connections",
        r#"{"name":"E","provider":"oidc_of_tomorrow","domains":["e.com"],"oidc":{"client_id":"c","requires_pkce":true}}"#,
    );
    check(
        &enterprise_connections::update("entconn_1").saml(UpdateSaml::new().idp_metadata(Nullable::Null)),
        "PATCH /enterprise_connections/entconn_1",
        r#"{"saml":{"idp_metadata":null}}"#,
    );
    check(&enterprise_connections::get("entconn_1"), "GET /enterprise_connections/entconn_1", "-");
    check(&enterprise_connections::delete("entconn_1"), "DELETE /enterprise_connections/entconn_1", "-");
    check(
        &enterprise_connections::list_test_runs("entconn_1")
            .status([EnterpriseConnectionTestRunStatus::Pending, EnterpriseConnectionTestRunStatus::Failed]),
        "GET /enterprise_connections/entconn_1/test_runs?status=pending&status=failed",
        "-",
    );
    check(
        &enterprise_connections::create_test_run("entconn_1"),
        "POST /enterprise_connections/entconn_1/test_runs",
        "-",
    );
}

#[test]
fn saml_connections() {
    check(
        &saml_connections::list().organization_id(["+org_1", "-org_2"]).query("e"),
        "GET /saml_connections?query=e&organization_id=%2Borg_1&organization_id=-org_2",
        "-",
    );
    check(
        &saml_connections::create("E", EnterpriseConnectionProvider::SamlOkta)
            .domains(["e.com"])
            .attribute_mapping(CreateAttributeMapping::new().email_address("mail")),
        "POST /saml_connections",
        r#"{"name":"E","domains":["e.com"],"provider":"saml_okta","attribute_mapping":{"email_address":"mail"}}"#,
    );
    check(&saml_connections::get("samlc_1"), "GET /saml_connections/samlc_1", "-");
    check(
        &saml_connections::update("samlc_1")
            .organization_id(Nullable::Null)
            .login_hint(UpdateLoginHint::new(LoginHintMode::Off))
            .idp_certificates(["PEM 1", "PEM 2"]),
        "PATCH /saml_connections/samlc_1",
        r#"{"organization_id":null,"login_hint":{"mode":"off"},"idp_certificates":["PEM 1","PEM 2"]}"#,
    );
    check(&saml_connections::delete("samlc_1"), "DELETE /saml_connections/samlc_1", "-");
}

#[test]
fn agent_tasks_and_the_admin_portal() {
    check(
        &agent_tasks::create(
            agent_tasks::CreateOnBehalfOf::new().identifier("a@example.com"),
            AgentTaskPermissions::Any,
            "helper",
            "tidies up",
            "https://example.com",
        )
        .session_max_duration_in_seconds(60),
        "POST /agents/tasks",
        r#"{"on_behalf_of":{"identifier":"a@example.com"},"permissions":"*","agent_name":"helper","task_description":"tidies up","redirect_url":"https://example.com","session_max_duration_in_seconds":60}"#,
    );
    check(&agent_tasks::revoke("agtask_1"), "POST /agents/tasks/agtask_1/revoke", "-");
    check(
        &admin_portal_link_tokens::create().it_contact_id("c").scopes(["sso"]),
        "POST /admin_portal_link_tokens",
        r#"{"it_contact_id":"c","scopes":["sso"]}"#,
    );
    check(
        &admin_portal_link_tokens::revoke("aplt_1").revocation_reason(Nullable::Null),
        "POST /admin_portal_link_tokens/aplt_1/revoke",
        r#"{"revocation_reason":null}"#,
    );
}

#[test]
fn required_keys_and_retries() {
    let info = |id: &str| *OPERATIONS.iter().find(|info| info.id == id).unwrap();
    for (id, credential, retry) in [
        ("createM2MToken", Credential::MachineSecretKey, Retry::IfRefused),
        ("getM2MTokens", Credential::MachineOrSecretKey, Retry::Safe),
        ("revokeM2MToken", Credential::MachineOrSecretKey, Retry::IfRefused),
        ("verifyM2MToken", Credential::MachineOrSecretKey, Retry::Safe),
        ("verifyApiKey", Credential::SecretKey, Retry::Safe),
        ("verifyOAuthAccessToken", Credential::SecretKey, Retry::Safe),
        ("createApiKey", Credential::SecretKey, Retry::IfRefused),
        ("RotateMachineSecretKey", Credential::SecretKey, Retry::IfRefused),
    ] {
        assert_eq!((info(id).credential, info(id).retry), (credential, retry), "{id}");
    }
}

#[test]
fn debug_shows_no_secrets() {
    assert_eq!(format!("{:?}", api_keys::verify("ak_x")), "Verify { .. }");
    assert_eq!(format!("{:?}", m2m::verify_token("mt_x")), "VerifyToken { .. }");
    let oidc = CreateOidc::new().client_secret("s3cret");
    assert!(!format!("{oidc:?}").contains("s3cret"));
}
