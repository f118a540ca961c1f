//! Decoding of responses about machines, tokens and enterprise connections.

use bytes::Bytes;
use clerk_core::{
    Operation, Timestamp,
    api::{agent_tasks, api_keys, enterprise_connections, m2m, machines, oauth_applications},
    decode::ResponseError,
    model::{
        ApiKey, CreatedM2mToken, EnterpriseConnection, EnterpriseConnectionTestRun,
        EnterpriseConnectionTestRunStatus, EnterpriseProtocol, LoginHintMode, M2mToken, MachineScope,
        SamlConnection,
    },
};
use http::Response;
use serde_json::{Value, from_value, json};

fn decode<O: Operation>(operation: &O, status: u16, body: &Value) -> Result<O::Output, ResponseError> {
    let body = Bytes::from(body.to_string());
    operation.decode(&Response::builder().status(status).body(body).unwrap())
}

fn token() -> Value {
    json!({
        "object": "machine_to_machine_token", "id": "mt_1", "subject": "mch_1",
        "claims": {"n": [1]}, "scopes": ["mch_2"], "revoked": false, "revocation_reason": null,
        "expired": false, "expiration": 1_700_000_000_000.0, "last_used_at": null,
        "created_at": 1_700_000_000_000_i64, "updated_at": 1_700_000_000_000.0,
    })
}

#[test]
fn tokens_say_whether_they_are_valid() {
    let read: M2mToken = from_value(token()).unwrap();
    assert_eq!(read.expiration, Some(Timestamp::from_secs(1_700_000_000)));
    assert_eq!((read.subject.as_str(), read.claims), ("mch_1", Some(json!({"n": [1]}).into())));
    for field in ["id", "subject", "revoked", "expired"] {
        for wrong in [None, Some(Value::Null)] {
            let mut token = token();
            match wrong.clone() {
                Some(wrong) => token[field] = wrong,
                None => drop(token.as_object_mut().unwrap().remove(field)),
            }
            assert!(from_value::<M2mToken>(token.clone()).is_err(), "{field} {wrong:?}");
            token["token"] = json!("mt_x");
            token["name"] = json!("ci");
            assert!(from_value::<CreatedM2mToken>(token.clone()).is_err(), "{field} {wrong:?}");
            assert!(from_value::<ApiKey>(token).is_err(), "{field} {wrong:?}");
        }
    }
}

#[test]
fn lists_of_m2m_tokens_have_their_own_field() {
    let body = json!({"m2m_tokens": [token()], "total_count": 1.0});
    let page = decode(&m2m::list_tokens("mch_1"), 200, &body);
    // A total of 1.0 is a whole number.
    assert_eq!(page.unwrap().total_count, Some(1));
}

#[test]
fn responses_to_creations() {
    let mut body = token();
    body["token"] = json!("mt_x");
    let created = decode(&m2m::create_token(), 201, &body).unwrap();
    assert_eq!(created.token, "mt_x");
    assert!(!format!("{created:?}").contains("mt_x"));

    let machine = json!({
        "object": "machine", "id": "mch_1", "name": "billing", "instance_id": "ins_1",
        "created_at": 1, "updated_at": 2, "default_token_ttl": 3600,
        "scoped_machines": [{"object": "machine", "id": "mch_2", "name": "mail"}], "secret_key": "ak_x",
    });
    let machine = decode(&machines::create("billing"), 200, &machine).unwrap();
    assert_eq!((machine.name.as_str(), machine.secret_key.as_str()), ("billing", "ak_x"));
    assert_eq!(machine.scoped_machines[0].id.as_str(), "mch_2");

    let key = json!({
        "object": "api_key", "id": "ak_1", "type": "api_key", "subject": "org_1", "name": "ci",
        "claims": null, "scopes": [], "secret": "ak_x", "revoked": false, "expired": false,
    });
    for status in [200, 201] {
        assert_eq!(decode(&api_keys::create("ci", "org_1"), status, &key).unwrap().secret, "ak_x");
    }
    let public = json!({"object": "oauth_application", "id": "oauthapp_1", "public": true});
    let application = decode(&oauth_applications::create("Analyst"), 200, &public).unwrap();
    assert!(application.public && application.client_secret.is_none());
}

#[test]
fn deletions_say_what_was_deleted() {
    let gone =
        decode(&api_keys::delete("ak_1"), 200, &json!({"object": "api_key", "id": "ak_1", "deleted": true}));
    assert!(gone.unwrap().deleted);
    let gone = decode(
        &machines::delete("mch_1"),
        200,
        &json!({"object": "machine", "id": "mch_1", "deleted": true}),
    );
    assert_eq!(gone.unwrap().object, "machine");
    let scope = json!({"object": "machine_scope", "from_machine_id": "mch_1", "to_machine_id": "mch_2"});
    assert!(decode(&machines::delete_scope("mch_1", "mch_2"), 200, &scope).is_err());
    assert!(from_value::<MachineScope>(scope).unwrap().created_at.is_none());
}

#[test]
fn enterprise_connections_as_clerk_returns_them() {
    let connection: EnterpriseConnection = from_value(json!({
        "object": "enterprise_connection", "id": "entconn_1", "name": "E", "provider": "oidc_ghe_1",
        "active": true, "domains": null, "authenticatable": true, "disable_jit_provisioning": true,
        "saml_connection": {
            "id": "samlc_1", "login_hint": {"mode": "of_tomorrow"},
            "idp_certificates": [
                {"certificate": "PEM 1", "issued_at": 1_700_000_000_000_i64, "expires_at": 1_800_000_000_000_i64},
                {"certificate": "PEM 2", "issued_at": null, "expires_at": null},
            ],
        },
        "oauth_config": {"provider_key": "oidc_custom"},
        "custom_attributes": [{"name": "Team", "key": "team"}],
    }))
    .unwrap();
    assert!(connection.authenticatable && connection.disable_jit_provisioning);
    assert!(connection.domains.is_empty() && connection.organization_id.is_none());
    let config = connection.saml_connection.unwrap();
    let certificates: Vec<_> = config.idp_certificates.iter().flatten().collect();
    let read =
        certificates.iter().map(|it| (it.certificate.as_str(), it.expires_at.map(|at| at.as_millis())));
    assert_eq!(read.collect::<Vec<_>>(), [("PEM 1", Some(1_800_000_000_000)), ("PEM 2", None)]);
    let hint = config.login_hint.unwrap();
    assert_eq!(hint.mode, LoginHintMode::from("of_tomorrow"));
    assert!(connection.oauth_config.unwrap().client_id.is_none());

    let saml: SamlConnection = from_value(json!({
        "id": "samlc_1", "provider": "saml_okta", "user_count": 3.0, "authenticatable": true,
        "attribute_mapping": {"user_id": "", "email_address": "mail"}, "login_hint": null,
    }))
    .unwrap();
    assert!(saml.authenticatable && !saml.disable_jit_provisioning);
    assert_eq!((saml.user_count, saml.attribute_mapping.unwrap().user_id), (3, String::new()));

    let run: EnterpriseConnectionTestRun = from_value(json!({
        "id": "run_1", "status": "failed", "connection_type": "saml", "saml": {"relay_state": "r"},
        "logs": [{"level": "error", "message": "no assertion"}], "parsed_user_info": {"user_id": "ada"},
    }))
    .unwrap();
    assert_eq!(run.status, EnterpriseConnectionTestRunStatus::Failed);
    assert_eq!(run.connection_type, EnterpriseProtocol::Saml);
    assert_eq!(run.parsed_user_info.unwrap().user_id.as_deref(), Some("ada"));
    let url = decode(&enterprise_connections::create_test_run("e"), 200, &json!({"url": "https://e.com"}));
    assert_eq!(url.unwrap().url, "https://e.com");
}

#[test]
fn agent_tasks_are_decoded_with_the_new_name_alone() {
    let task = json!({"object": "agent_task", "agent_id": "agent_1", "agent_task_id": "agtask_1"});
    assert!(decode(&agent_tasks::revoke("agtask_1"), 200, &task).unwrap().url.is_none());
    assert!(decode(&agent_tasks::revoke("agtask_1"), 200, &json!({"agent_id": "agent_1"})).is_err());
}
