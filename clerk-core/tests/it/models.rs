//! Decoding of responses: tolerant where that is harmless, strict where it is not.

use bytes::Bytes;
use clerk_core::{
    Operation, Page,
    api::{OPERATIONS, clients, sessions, users},
    decode::{DecodeError, ResponseError},
    model::{Organization, Session, SessionStatus, User, VerificationStatus},
};
use http::Response;
use serde_json::{Value, json};

fn user() -> Value {
    json!({
        "id": "user_1",
        "object": "user",
        "external_id": null,
        "primary_email_address_id": "idn_1",
        "primary_phone_number_id": null,
        "primary_web3_wallet_id": null,
        "username": null,
        "first_name": "Ada",
        "last_name": "Lovelace",
        "locale": "en-GB",
        "image_url": "https://img.example.com/ada",
        "has_image": true,
        "public_metadata": {"tier": "gold"},
        "private_metadata": null,
        "unsafe_metadata": {},
        "email_addresses": [{
            "id": "idn_1",
            "object": "email_address",
            "email_address": "ada@example.com",
            "reserved": false,
            "verification": {
                "object": "verification_otp",
                "status": "verified",
                "strategy": "email_code",
                "attempts": 1,
                "expire_at": 1_700_000_600_000_i64,
            },
            "linked_to": [{"type": "oauth_google", "id": "idn_2"}],
            "created_at": 1_700_000_000_000_i64,
            "updated_at": 1_700_000_000_000.0,
        }],
        "phone_numbers": [],
        "web3_wallets": [],
        "passkeys": [],
        "password_enabled": true,
        "two_factor_enabled": false,
        "totp_enabled": false,
        "backup_code_enabled": false,
        "mfa_enabled_at": null,
        "mfa_disabled_at": null,
        "external_accounts": [{
            "object": "google_account",
            "id": "idn_2",
            "provider": "oauth_google",
            "identification_id": "idn_2",
            "external_account_id": "eac_1",
            "verification": {"status": "verified", "strategy": "oauth_google"},
        }],
        "saml_accounts": [],
        "enterprise_accounts": [],
        "last_sign_in_at": 1_700_000_000_000_i64,
        "banned": false,
        "locked": false,
        "lockout_expires_in_seconds": null,
        "verification_attempts_remaining": 100,
        "updated_at": 1_700_000_000_000_i64,
        "created_at": 1_700_000_000_000_i64,
        "delete_self_enabled": true,
        "create_organization_enabled": true,
        "create_organizations_limit": 3.0,
        "last_active_at": 1_700_000_000_000_i64,
        "legal_accepted_at": null,
        "a_field_of_tomorrow": {"deep": [1, 2]},
    })
}

fn response(body: &Value) -> Response<Bytes> {
    Response::new(body.to_string().into())
}

fn decode_error<O: Operation>(operation: &O, body: &Value) -> Box<DecodeError> {
    match operation.decode(&response(body)) {
        Err(ResponseError::Decode(error)) => error,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("{body} is accepted"),
    }
}

#[test]
fn a_user_is_decoded() {
    let user = users::get("user_1").decode(&response(&user())).unwrap();
    assert_eq!(user.full_name().as_deref(), Some("Ada Lovelace"));
    assert!(user.has_verified_email("ada@example.com"));
    assert_eq!(user.public_metadata.get("tier").unwrap(), "gold");
    assert_eq!(user.create_organizations_limit, Some(3));
    assert!(user.private_metadata.is_none());
    let email = user.primary_email().unwrap();
    assert_eq!(email.created_at, email.updated_at);
    assert_eq!(user.external_accounts[0].external_account_id.as_ref().unwrap(), "eac_1");
    let verification = user.external_accounts[0].verification.as_ref().unwrap();
    assert_eq!(verification.strategy.as_str(), "oauth_google");
}

#[test]
fn any_field_but_the_strict_ones_may_be_missing_or_null() {
    const STRICT: [&str; 3] = ["id", "banned", "locked"];
    let names: Vec<String> = user().as_object().unwrap().keys().cloned().collect();
    for name in names {
        for null in [false, true] {
            let mut user = user();
            let object = user.as_object_mut().unwrap();
            if null {
                object.insert(name.clone(), Value::Null);
            } else {
                object.remove(&name);
            }
            if STRICT.contains(&name.as_str()) {
                assert_eq!(decode_error(&users::get("user_1"), &user).operation, "GetUser", "{name}");
            } else {
                users::get("user_1")
                    .decode(&response(&user))
                    .unwrap_or_else(|error| panic!("{name}: {error}"));
            }
        }
    }
}

#[test]
fn errors_name_the_operation_and_the_path() {
    for field in ["banned", "id"] {
        let mut second = user();
        second.as_object_mut().unwrap().remove(field);
        let list = json!({"data": [user(), second], "total_count": 2});
        let error = decode_error(&users::list(), &list);
        assert_eq!(
            (error.operation, error.path.as_str()),
            ("GetUserList", format!("data[1].{field}").as_str())
        );
        let bare = json!([user(), list["data"][1]]);
        assert_eq!(decode_error(&users::list(), &bare).path, format!("[1].{field}"));
    }
    let mut user = user();
    user["email_addresses"][0].as_object_mut().unwrap().remove("id");
    assert_eq!(decode_error(&users::get("user_1"), &user).path, "email_addresses[0].id");
}

#[test]
fn lists_with_and_without_a_total_are_pages() {
    let page: Page<User> = users::list().decode(&response(&json!([user()]))).unwrap();
    assert_eq!((page.len(), page.total_count), (1, None));
    let page = users::list().decode(&response(&json!({"data": [user(), user()], "total_count": 7}))).unwrap();
    assert_eq!((page.len(), page.total_count), (2, Some(7)));
}

#[test]
fn decoded_values_serialize_to_the_same_json() {
    let read: User = serde_json::from_value(user()).unwrap();
    let again: User = serde_json::from_value(serde_json::to_value(&read).unwrap()).unwrap();
    assert!(read == again);
}

#[test]
fn unknown_enum_values_are_preserved() {
    let session =
        json!({"id": "sess_1", "user_id": "user_1", "client_id": "client_1", "status": "hibernating"});
    let session: Session = serde_json::from_value(session).unwrap();
    assert_eq!(session.status, SessionStatus::from("hibernating"));
    assert_eq!(serde_json::to_value(&session).unwrap()["status"], "hibernating");

    let mut user = user();
    user["email_addresses"][0]["verification"] =
        json!({"status": "unverified", "strategy": "carrier_pigeon"});
    let user: User = serde_json::from_value(user).unwrap();
    let verification = user.primary_email().unwrap().verification.clone().unwrap();
    assert_eq!(verification.status, VerificationStatus::Unverified);
    assert_eq!(verification.strategy.as_str(), "carrier_pigeon");
}

#[test]
fn an_empty_optional_identifier_is_none() {
    let organization = json!({"id": "org_1", "name": "Engines", "created_by": ""});
    let organization: Organization = serde_json::from_value(organization).unwrap();
    assert!(organization.created_by.is_none());
    assert!(serde_json::from_value::<Organization>(json!({"id": "", "name": "Engines"})).is_err());
}

#[test]
fn debug_shows_type_and_id_only() {
    let user: User = serde_json::from_value(user()).unwrap();
    assert_eq!(format!("{user:?}"), "User { id: UserId(\"user_1\"), .. }");
    assert_eq!(format!("{:?}", user.email_addresses), "[EmailAddress { id: Id(\"idn_1\"), .. }]");
}

#[test]
fn handshakes_and_refreshes_return_cookies() {
    let cookies = json!(["__session=a.b.c; Path=/", "__client_uat=1; Path=/"]);
    let payload = json!({"directives": cookies});
    let read = clients::get_handshake_payload("nonce").decode(&response(&payload)).unwrap();
    assert_eq!(json!(read.directives), cookies);
    // A handshake without cookies is an error.
    assert_eq!(decode_error(&clients::get_handshake_payload("nonce"), &json!({})).path, "directives");

    let refresh = sessions::refresh("sess_1", "expired", "refresh", "https://app.example.com");
    let refreshed = json!({"object": "cookies", "cookies": cookies});
    let read = refresh.decode(&response(&refreshed)).unwrap();
    assert_eq!((json!(read.cookies), read.jwt), (cookies, None));
    let refreshed = json!({"object": "token", "jwt": "a.b.c"});
    let read = refresh.decode(&response(&refreshed)).unwrap();
    assert_eq!((read.cookies, read.jwt.as_deref()), (None, Some("a.b.c")));
}

#[test]
fn operations_without_documented_errors_decode_them() {
    assert!(OPERATIONS.len() > 50);
    let mut response = response(&json!({"errors": [{"code": "user_banned", "message": "no"}]}));
    *response.status_mut() = http::StatusCode::FORBIDDEN;
    assert!(matches!(users::get("user_1").decode(&response), Err(ResponseError::Status(_))));
}

#[test]
fn what_is_not_utf8_only_matters_where_it_is_read() {
    for (field, is_read) in [("first_name", true), ("new_field", false)] {
        let start = format!(r#"{{"id":"user_1","banned":false,"locked":false,"{field}":""#);
        for (text, is_utf8) in [(&b"Ad\xC3\xA4"[..], true), (b"Ad\xC3", false), (b"\xFF", false)] {
            let response = Response::new([start.as_bytes(), text, b"\"}"].concat().into());
            let user = users::get("user_1").decode(&response);
            assert_eq!(user.is_ok(), is_utf8 || !is_read, "{field}: {text:?}");
            let name = user.ok().and_then(|user| user.first_name);
            assert_eq!(name.as_deref(), (is_read && is_utf8).then_some("Adä"));
        }
    }
}
