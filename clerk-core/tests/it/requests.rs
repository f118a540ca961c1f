//! Requests of operations: their exact method, URI and body.

use bytes::Bytes;
use clerk_core::{
    Metadata, Nullable, Operation, OperationInfo, Timestamp,
    api::{
        OPERATIONS, allowlist_identifiers, api_keys, blocklist_identifiers, clients, invitations, jwks,
        organization_memberships, organizations, sessions, sign_ups, users,
    },
    credential::Credential,
    encode::{BuildError, File},
    id::UserId,
    model::{
        BillingCreditAction, IdentificationStatus, InvitationStatus, SessionRefreshFormat, SessionStatus,
    },
    operation::Retry,
};
use http::{Request, header};

/// The method and URI, and the body; `-` if there is no body.
fn sent(operation: &impl Operation) -> (String, String) {
    let request = operation.request().unwrap();
    assert!(request.uri().authority().is_none());
    assert!(!request.headers().contains_key(header::AUTHORIZATION));
    let body = match request.headers().get(header::CONTENT_TYPE) {
        Some(kind) => {
            assert_eq!(kind, "application/json");
            String::from_utf8(request.body().to_vec()).unwrap()
        }
        None => {
            assert!(request.body().is_empty());
            "-".to_owned()
        }
    };
    (format!("{} {}", request.method(), request.uri()), body)
}

#[track_caller]
fn check(operation: &impl Operation, line: &str, body: &str) {
    assert_eq!(sent(operation), (line.to_owned(), body.to_owned()));
}

#[test]
fn reading_users() {
    check(&users::list(), "GET /users", "-");
    check(
        &users::list()
            .email_address(["a@example.com", "b+c@example.com"])
            .organization_id(["-org_1"])
            .banned(false)
            .last_active_at_after(Timestamp::from_millis(1_700_000_000_123))
            .limit(500)
            .offset(0)
            .order_by("+created_at"),
        "GET /users?email_address=a%40example.com&email_address=b%2Bc%40example.com&organization_id=-org_1\
         &banned=false&last_active_at_after=1700000000123&limit=500&offset=0&order_by=%2Bcreated_at",
        "-",
    );
    check(
        &users::list().starting_after("user_1").limit(100),
        "GET /users?limit=100&starting_after=user_1",
        "-",
    );
    check(
        &users::count().phone_number(["+15555550100"]),
        "GET /users/count?phone_number=%2B15555550100",
        "-",
    );
    check(&users::get("user_1"), "GET /users/user_1", "-");
    check(&users::get("../a b?c"), "GET /users/..%2Fa%20b%3Fc", "-");
    check(
        &users::get_oauth_access_tokens("user_1", "oauth_google"),
        "GET /users/user_1/oauth_access_tokens/oauth_google?paginated=true",
        "-",
    );
    check(
        &users::get_organization_memberships(UserId::from("user_1")).limit(5),
        "GET /users/user_1/organization_memberships?limit=5",
        "-",
    );
    check(
        &users::get_organization_invitations("user_1").status(InvitationStatus::Pending),
        "GET /users/user_1/organization_invitations?status=pending",
        "-",
    );
    check(&users::list_trusted_devices("user_1"), "GET /users/user_1/trusted_devices", "-");
    check(&users::get_billing_subscription("user_1"), "GET /users/user_1/billing/subscription", "-");
}

#[test]
fn writing_users() {
    check(
        &users::create()
            .email_address(["ada@example.com"])
            .email_address_identification_status([IdentificationStatus::Reserved])
            .first_name("Ada")
            .public_metadata(Metadata::new().with("tier", "gold"))
            .legal_accepted_at("2026-01-02T03:04:05Z")
            .skip_password_requirement(true),
        "POST /users",
        r#"{"first_name":"Ada","email_address":["ada@example.com"],"email_address_identification_status":["reserved"],"skip_password_requirement":true,"public_metadata":{"tier":"gold"},"legal_accepted_at":"2026-01-02T03:04:05Z"}"#,
    );
    check(&users::update("user_1"), "PATCH /users/user_1", "{}");
    check(
        &users::update("user_1")
            .first_name(Nullable::Null)
            .username("ada")
            .primary_email_address_id("idn_1")
            .create_organizations_limit(0),
        "PATCH /users/user_1",
        r#"{"first_name":null,"primary_email_address_id":"idn_1","username":"ada","create_organizations_limit":0}"#,
    );
    check(&users::delete("user_1"), "DELETE /users/user_1", "-");
    check(&users::ban("user_1"), "POST /users/user_1/ban", "-");
    check(&users::bulk_ban(["user_1", "user_2"]), "POST /users/ban", r#"{"user_ids":["user_1","user_2"]}"#);
    check(
        &users::update_metadata("user_1")
            .private_metadata(Metadata::new().with("gone", serde_json::Value::Null)),
        "PATCH /users/user_1/metadata",
        r#"{"private_metadata":{"gone":null}}"#,
    );
    check(
        &users::replace_metadata("user_1").public_metadata(Nullable::Null).unsafe_metadata(Metadata::new()),
        "PUT /users/user_1/metadata",
        r#"{"public_metadata":null,"unsafe_metadata":{}}"#,
    );
    check(&users::remove_password("user_1"), "POST /users/user_1/remove_password", "{}");
    check(
        &users::verify_password("user_1", "s"),
        "POST /users/user_1/verify_password",
        r#"{"password":"s"}"#,
    );
    check(&users::verify_totp("user_1", "123456"), "POST /users/user_1/verify_totp", r#"{"code":"123456"}"#);
    check(&users::disable_mfa("user_1"), "DELETE /users/user_1/mfa", "-");
    check(&users::delete_passkey("user_1", "idn_1"), "DELETE /users/user_1/passkeys/idn_1", "-");
    check(
        &users::adjust_billing_credit_balance("user_1", 500, BillingCreditAction::Increase, "key-1")
            .note("sorry"),
        "POST /users/user_1/billing/credits",
        r#"{"amount":500,"action":"increase","idempotency_key":"key-1","note":"sorry"}"#,
    );
}

#[test]
fn sessions_clients_keys_and_sign_ups() {
    check(
        &sessions::list().client_id("client_1").status(SessionStatus::Active).limit(1),
        "GET /sessions?client_id=client_1&status=active&paginated=true&limit=1",
        "-",
    );
    check(&sessions::create("user_1"), "POST /sessions", r#"{"user_id":"user_1"}"#);
    check(&sessions::revoke("sess_1"), "POST /sessions/sess_1/revoke", "-");
    check(
        &sessions::refresh("sess_1", "old", "refresh", "https://example.com")
            .format(SessionRefreshFormat::Cookie),
        "POST /sessions/sess_1/refresh",
        r#"{"expired_token":"old","refresh_token":"refresh","request_origin":"https://example.com","format":"cookie"}"#,
    );
    check(
        &sessions::refresh("sess_1", "old", "refresh", "https://example.com")
            .format(SessionRefreshFormat::Cookie)
            .suffixed_cookies(true)
            .request_headers(Metadata::new().with("cookie", ["a=b; c=d"]).with("host", ["example.com"])),
        "POST /sessions/sess_1/refresh?suffixed_cookies=true",
        r#"{"expired_token":"old","refresh_token":"refresh","request_origin":"https://example.com","request_headers":{"cookie":["a=b; c=d"],"host":["example.com"]},"format":"cookie"}"#,
    );
    check(
        &sessions::create_token("sess_1").expires_in_seconds(60),
        "POST /sessions/sess_1/tokens",
        r#"{"expires_in_seconds":60}"#,
    );
    check(&clients::get_handshake_payload("a+b"), "GET /clients/handshake_payload?nonce=a%2Bb", "-");
    check(&sessions::create_token("sess_1"), "POST /sessions/sess_1/tokens", "{}");
    check(
        &sessions::create_token_from_template("sess_1", "supa base").expires_in_seconds(60),
        "POST /sessions/sess_1/tokens/supa%20base",
        r#"{"expires_in_seconds":60}"#,
    );
    check(&clients::get("client_1"), "GET /clients/client_1", "-");
    check(&clients::verify("t"), "POST /clients/verify", r#"{"token":"t"}"#);
    check(&jwks::get_jwks(), "GET /jwks", "-");
    check(&sign_ups::get("sua_1"), "GET /sign_ups/sua_1", "-");
    check(
        &sign_ups::update("sua_1").custom_action(Nullable::Null),
        "PATCH /sign_ups/sua_1",
        r#"{"custom_action":null}"#,
    );
}

#[test]
fn organizations_memberships_and_restrictions() {
    check(
        &organizations::list().include_members_count(true).user_id(["user_1", "user_2"]).order_by("-name"),
        "GET /organizations?include_members_count=true&user_id=user_1&user_id=user_2&order_by=-name",
        "-",
    );
    check(
        &organizations::create("Engines").max_allowed_memberships(5).public_metadata(Metadata::new()),
        "POST /organizations",
        r#"{"name":"Engines","public_metadata":{},"max_allowed_memberships":5}"#,
    );
    check(
        &organizations::update("org_1").slug("engines").role_set_key(Nullable::Null),
        "PATCH /organizations/org_1",
        r#"{"slug":"engines","role_set_key":null}"#,
    );
    check(&organizations::delete_logo("org_1"), "DELETE /organizations/org_1/logo", "-");
    check(
        &organization_memberships::create("org_1", "user_1", "org:admin"),
        "POST /organizations/org_1/memberships",
        r#"{"user_id":"user_1","role":"org:admin"}"#,
    );
    check(
        &organization_memberships::update("org_1", "user_1", "org:member"),
        "PATCH /organizations/org_1/memberships/user_1",
        r#"{"role":"org:member"}"#,
    );
    check(
        &organization_memberships::list("org_1").role(["org:admin"]).query("ada lovelace"),
        "GET /organizations/org_1/memberships?role=org%3Aadmin&query=ada+lovelace",
        "-",
    );
    check(&organization_memberships::list_all().limit(3), "GET /organization_memberships?limit=3", "-");
    check(&allowlist_identifiers::list(), "GET /allowlist_identifiers?paginated=true", "-");
    check(
        &allowlist_identifiers::create("a@example.com").notify(true),
        "POST /allowlist_identifiers",
        r#"{"identifier":"a@example.com","notify":true}"#,
    );
    check(&blocklist_identifiers::list(), "GET /blocklist_identifiers", "-");
    check(&blocklist_identifiers::delete("blid_1"), "DELETE /blocklist_identifiers/blid_1", "-");
}

#[test]
fn files_are_sent_as_forms() {
    let picture = File::new(&b"PNG"[..]).name("me.png").content_type("image/png");
    let request: Request<Bytes> = users::set_profile_image("user_1", picture.clone()).request().unwrap();
    assert_eq!((request.method().as_str(), request.uri().path()), ("POST", "/users/user_1/profile_image"));
    let kind = request.headers()[header::CONTENT_TYPE].to_str().unwrap();
    let boundary = kind.strip_prefix("multipart/form-data; boundary=").unwrap();
    let body = std::str::from_utf8(request.body()).unwrap();
    assert_eq!(
        body,
        format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"me.png\"\r\n\
             Content-Type: image/png\r\n\r\nPNG\r\n--{boundary}--\r\n"
        )
    );
    let request = organizations::upload_logo("org_1", picture).uploader_user_id("user_1").request().unwrap();
    assert_eq!((request.method().as_str(), request.uri().path()), ("PUT", "/organizations/org_1/logo"));
    assert!(
        std::str::from_utf8(request.body()).unwrap().contains("name=\"uploader_user_id\"\r\n\r\nuser_1\r\n")
    );
}

#[test]
fn invalid_values_are_rejected_with_operation_and_field() {
    let fault = |result: Result<Request<Bytes>, BuildError>| {
        let error = result.unwrap_err();
        (error.operation, error.field)
    };
    assert_eq!(fault(users::get("").request()), ("GetUser", "user_id"));
    assert_eq!(fault(users::get("..").request()), ("GetUser", "user_id"));
    assert_eq!(fault(users::bulk_ban([] as [&str; 0]).request()), ("UsersBan", "user_ids"));
    assert_eq!(fault(users::bulk_ban(vec!["user_1"; 51]).request()), ("UsersBan", "user_ids"));
    assert!(users::bulk_ban(vec!["user_1"; 50]).request().is_ok());
    assert_eq!(fault(users::list().user_id(vec!["user_1"; 101]).request()), ("GetUserList", "user_id"));
    assert!(users::list().user_id(vec!["user_1"; 100]).request().is_ok());
    let file = File::new(vec![0; 10 * 1024 * 1024 + 1]);
    assert_eq!(fault(users::set_profile_image("user_1", file).request()), ("SetUserProfileImage", "file"));
}

#[test]
fn numbers_and_strings_out_of_range_are_rejected() {
    let said = |operation: &dyn Fn() -> Result<Request<Bytes>, BuildError>| {
        operation().err().map(|error| error.to_string()).unwrap_or_default()
    };
    let seconds = |seconds: Nullable<i64>| {
        said(&|| sessions::create_token("sess_1").expires_in_seconds(seconds).request())
    };
    let range = "it must be at least 30 and at most 315360000";
    assert_eq!(seconds(29.into()), format!("CreateSessionToken: `expires_in_seconds` is 29; {range}"));
    for fine in [30.into(), 315_360_000.into(), Nullable::Null, Nullable::Absent] {
        assert_eq!(seconds(fine), "");
    }
    assert_eq!(
        said(&|| users::list().limit(501).request()),
        "GetUserList: `limit` is 501; it must be at least 1 and at most 500"
    );
    assert_eq!(said(&|| users::list().limit(500).offset(0).request()), "");
    assert_eq!(
        said(&|| api_keys::create("ab", "user_1").request()),
        "createApiKey: `name` has 2 characters; at least 3 are allowed"
    );
    let invite = |days| invitations::BulkCreateItem::new("ada@example.com").expires_in_days(days);
    assert_eq!(
        said(&|| invitations::bulk_create([invite(1), invite(366)]).request()),
        "CreateBulkInvitations: `expires_in_days` is 366; it must be at least 1 and at most 365"
    );
}

#[test]
fn every_operation_is_listed_once_with_its_information() {
    let mut ids: Vec<_> = OPERATIONS.iter().map(|info| info.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), OPERATIONS.len());
    let info = |id: &str| *OPERATIONS.iter().find(|info| info.id == id).unwrap();
    assert_eq!(info("GetUser").section, "Users");
    assert_eq!(info("CreateUser").retry, Retry::IfRefused);
    assert_eq!(info("BanUser").retry, Retry::Safe);
    assert_eq!(info("GetJWKS").credential, Credential::SecretKey);
    let request = users::get("user_1").request().unwrap();
    let carried: &&OperationInfo = request.extensions().get().unwrap();
    assert_eq!((carried.id, carried.path), ("GetUser", "/users/{user_id}"));
}

#[test]
fn debug_shows_no_values() {
    assert_eq!(format!("{:?}", users::update("user_1").password("hunter2")), "Update { .. }");
    assert_eq!(format!("{:?}", users::create()), "Create { .. }");
    assert_eq!(format!("{:?}", jwks::get_jwks()), "GetJwks { .. }");
}
