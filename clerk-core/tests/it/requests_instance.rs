//! Requests about the instance's own resources: their exact method, URI and body.

use bytes::Bytes;
use clerk_core::{
    Metadata, Nullable, Operation,
    api::{
        OPERATIONS, actor_tokens, beta_features, domains, email_addresses, email_sms_templates,
        emails::{self, Attachment, BatchMessage, Mailbox, Recipient},
        instance_settings, invitations, jwt_templates, miscellaneous, organization_invitations,
        phone_numbers, proxy_checks, redirect_urls, sign_in_tokens, testing_tokens, waitlist_entries,
        webhooks,
    },
    credential::Credential,
    encode::BuildError,
    model::{
        EnrollmentMode, IdentificationStatus, InvitationStatus, InvitationTemplate, PreferredSignInStrategy,
        TemplateType, WaitlistEntryStatus,
    },
    operation::Retry,
};
use http::{Request, header};

/// Checks the method and URI, and the body; `-` if there is no body.
#[track_caller]
fn check(operation: &impl Operation, line: &str, body: &str) {
    let request = operation.request().unwrap();
    assert_eq!(format!("{} {}", request.method(), request.uri()), line);
    match request.headers().get(header::CONTENT_TYPE) {
        Some(kind) => {
            assert_eq!(kind, "application/json");
            assert_eq!(std::str::from_utf8(request.body()).unwrap(), body);
        }
        None => {
            assert!(request.body().is_empty());
            assert_eq!(body, "-");
        }
    }
}

#[test]
fn email_addresses_and_phone_numbers() {
    check(
        &email_addresses::create("user_1", "a@example.com").primary(true).verified(Nullable::Null),
        "POST /email_addresses",
        r#"{"user_id":"user_1","email_address":"a@example.com","verified":null,"primary":true}"#,
    );
    check(&email_addresses::get("idn_1"), "GET /email_addresses/idn_1", "-");
    check(&email_addresses::delete("idn_1"), "DELETE /email_addresses/idn_1", "-");
    check(
        &email_addresses::update("idn_1").notify_primary_email_address_changed(true),
        "PATCH /email_addresses/idn_1",
        r#"{"notify_primary_email_address_changed":true}"#,
    );
    check(
        &email_addresses::prepare_verification("idn_1"),
        "POST /email_addresses/idn_1/prepare_verification",
        "-",
    );
    check(
        &email_addresses::attempt_verification("idn_1", "ver_1", "424242"),
        "POST /email_addresses/idn_1/attempt_verification",
        r#"{"verification_id":"ver_1","code":"424242"}"#,
    );
    check(
        &email_addresses::replace_for_user("user_1", "a@example.com")
            .identification_status(IdentificationStatus::Reserved),
        "PUT /users/user_1/email_address",
        r#"{"email_address":"a@example.com","identification_status":"reserved"}"#,
    );
    check(
        &phone_numbers::create("user_1", "+15555550100").reserved_for_second_factor(true),
        "POST /phone_numbers",
        r#"{"user_id":"user_1","phone_number":"+15555550100","reserved_for_second_factor":true}"#,
    );
    check(&phone_numbers::get("idn_2"), "GET /phone_numbers/idn_2", "-");
    check(&phone_numbers::delete("idn_2"), "DELETE /phone_numbers/idn_2", "-");
    check(&phone_numbers::update("idn_2").primary(true), "PATCH /phone_numbers/idn_2", r#"{"primary":true}"#);
    check(
        &phone_numbers::prepare_verification("idn_2"),
        "POST /phone_numbers/idn_2/prepare_verification",
        "-",
    );
    check(
        &phone_numbers::replace_for_user("user_1", "+15555550100"),
        "PUT /users/user_1/phone_number",
        r#"{"phone_number":"+15555550100"}"#,
    );
}

#[test]
#[allow(deprecated, reason = "Clerk is retiring them")]
fn templates() {
    check(
        &email_sms_templates::list(TemplateType::Sms).limit(2),
        "GET /templates/sms?paginated=true&limit=2",
        "-",
    );
    check(&email_sms_templates::get(TemplateType::Email, "a b"), "GET /templates/email/a%20b", "-");
    check(
        &email_sms_templates::upsert(TemplateType::Email, "invitation").subject(Nullable::Null).body("Hi"),
        "PUT /templates/email/invitation",
        r#"{"subject":null,"body":"Hi"}"#,
    );
    check(
        &email_sms_templates::revert(TemplateType::Email, "invitation"),
        "POST /templates/email/invitation/revert",
        "-",
    );
    check(
        &email_sms_templates::preview(TemplateType::Email, "invitation").body("Hi"),
        "POST /templates/email/invitation/preview",
        r#"{"body":"Hi"}"#,
    );
    check(
        &email_sms_templates::toggle_delivery(TemplateType::Sms, "code").delivered_by_clerk(false),
        "POST /templates/sms/code/toggle_delivery",
        r#"{"delivered_by_clerk":false}"#,
    );
    check(&jwt_templates::list().offset(5), "GET /jwt_templates?paginated=true&offset=5", "-");
    check(
        &jwt_templates::update("jtmp_1", "shop", Metadata::new().with("aud", "shop"))
            .signing_key(Nullable::Null),
        "PATCH /jwt_templates/jtmp_1",
        r#"{"name":"shop","claims":{"aud":"shop"},"signing_key":null}"#,
    );
    check(&jwt_templates::get("jtmp_1"), "GET /jwt_templates/jtmp_1", "-");
    check(&jwt_templates::delete("jtmp_1"), "DELETE /jwt_templates/jtmp_1", "-");
}

#[test]
fn emails_and_their_idempotency_keys() {
    let (to, from) = (Recipient::new().user_id("user_1"), Mailbox::new("shop@example.com").name("Shop"));
    let email = emails::create(to.clone(), from, "Hi").text("Hello");
    check(
        &email,
        "POST /email",
        r#"{"to":{"user_id":"user_1"},"from":{"address":"shop@example.com","name":"Shop"},"subject":"Hi","text":"Hello"}"#,
    );
    check(&emails::get("ema_1"), "GET /email/ema_1", "-");
    let message = || BatchMessage::new(to.clone(), Mailbox::new("shop@example.com"), "Hi").html("<p>");
    check(
        &emails::create_batch([message().idempotency_key("order_1")]),
        "POST /email/batch",
        r#"{"messages":[{"to":{"user_id":"user_1"},"from":{"address":"shop@example.com"},"subject":"Hi","html":"<p>","idempotency_key":"order_1"}]}"#,
    );

    let key = |request: &Request<Bytes>| request.headers().get("idempotency-key").cloned();
    let rule = |request: &Request<Bytes>| request.extensions().get::<Retry>().copied();
    let request = email.request().unwrap();
    assert_eq!((key(&request), rule(&request)), (None, None));
    let request = email.idempotency_key("order_1").request().unwrap();
    assert_eq!((key(&request).unwrap(), rule(&request)), ("order_1".parse().unwrap(), Some(Retry::Safe)));
    let all = emails::create_batch([message().idempotency_key("a"), message().idempotency_key("b")]);
    assert_eq!(rule(&all.request().unwrap()), Some(Retry::Safe));
    let some = emails::create_batch([message().idempotency_key("a"), message()]);
    assert_eq!(rule(&some.request().unwrap()), None);
}

#[test]
fn emails_outside_their_limits_are_not_sent() {
    let said = |operation: &dyn Fn() -> Result<Request<Bytes>, BuildError>| {
        operation().err().map(|error| error.to_string())
    };
    let to = || Recipient::new().address("ada@example.com");
    let from = || Mailbox::new("shop@example.com");
    let (ok, more) = ("x".repeat(49_000), "x".repeat(1_001));
    let mebibyte = "AAAA".repeat(1_048_576 / 3);
    let file = |content: &str| Attachment::new("a.pdf", content);
    let address = "ada@example.com";
    // A change of a message in its limits, one out of them, and the error.
    type Change = Box<dyn Fn(BatchMessage) -> BatchMessage>;
    let cases: Vec<(Change, Change, &str)> = vec![
        (
            Box::new({
                let ok = ok.clone();
                move |email| email.html(&ok).text("x".repeat(1_000))
            }),
            Box::new(move |email| email.html(&ok).text(&more)),
            "`html` has 50001 bytes; at most 50000 are allowed",
        ),
        (
            Box::new(move |email| email.cc([address; 24]).bcc([address; 25])),
            Box::new(move |email| email.cc([address; 25]).bcc([address; 25])),
            "`to` has 51 items; 0 to 50 are allowed",
        ),
        (
            Box::new(move |email| email.attachments([file(&mebibyte), file("AA==")])),
            Box::new(move |email| email.attachments([file(&"AAAA".repeat(1_048_576 / 3)), file("AAA=")])),
            "`attachments` has 1048577 bytes; at most 1048576 are allowed",
        ),
        (
            Box::new(move |email| email.attachments(vec![file(""); 10])),
            Box::new(move |email| email.attachments(vec![file(""); 11])),
            "`attachments` has 11 items; 0 to 10 are allowed",
        ),
        (
            Box::new(move |email| email.reply_to(from().name("n".repeat(200)))),
            Box::new(move |email| email.reply_to(from().name("n".repeat(201)))),
            "`name` has 201 characters; at most 200 are allowed",
        ),
        (
            Box::new(|email| email.idempotency_key("k".repeat(255))),
            Box::new(|email| email.idempotency_key("k".repeat(256))),
            "`idempotency_key` is not 1 to 255 ASCII letters, digits, `_` and `-`",
        ),
    ];
    let message = || BatchMessage::new(to(), from(), "Hi");
    for (within, beyond, want) in cases {
        assert_eq!(said(&|| emails::create_batch([within(message())]).request()), None, "{want}");
        let error = said(&|| emails::create_batch([message(), beyond(message())]).request());
        assert_eq!(error, Some(format!("CreateEmailBatch: {want}")));
    }
    for (len, is_sent) in [(0, false), (1, true), (100, true), (101, false)] {
        assert_eq!(emails::create_batch(vec![message(); len]).request().is_ok(), is_sent, "{len}");
    }
    let email = |subject: usize| emails::create(to(), from(), "s".repeat(subject));
    assert_eq!(said(&|| email(998).request()), None);
    assert!(said(&|| email(999).request()).unwrap().contains("`subject` has 999 characters"));
    assert!(said(&|| email(1).cc([address; 50]).request()).unwrap().contains("`to` has 51 items"));
    let error = said(&|| email(1).idempotency_key("no spaces").request()).unwrap();
    assert!(error.contains("`Idempotency-Key`") && !error.contains("spaces"), "{error}");
}

#[test]
fn invitations_to_the_application() {
    check(
        &invitations::list().status([InvitationStatus::Pending, InvitationStatus::Revoked]).query("ada"),
        "GET /invitations?status=pending&status=revoked&query=ada&paginated=true",
        "-",
    );
    check(
        &invitations::create("a@example.com")
            .redirect_url("https://example.com/join")
            .template_slug(InvitationTemplate::WaitlistInvitation)
            .notify(false),
        "POST /invitations",
        r#"{"email_address":"a@example.com","redirect_url":"https://example.com/join","notify":false,"template_slug":"waitlist_invitation"}"#,
    );
    check(
        &invitations::bulk_create([
            invitations::BulkCreateItem::new("a@example.com").expires_in_days(3),
            invitations::BulkCreateItem::new("b@example.com").public_metadata(Nullable::Null),
        ]),
        "POST /invitations/bulk",
        r#"[{"email_address":"a@example.com","expires_in_days":3},{"email_address":"b@example.com","public_metadata":null}]"#,
    );
    check(&invitations::revoke("inv_1"), "POST /invitations/inv_1/revoke", "-");
    check(&invitations::delete("inv_1"), "DELETE /invitations/inv_1", "-");
}

#[test]
fn invitations_to_organizations() {
    check(
        &organization_invitations::list_all().status([InvitationStatus::Expired]).order_by("-email_address"),
        "GET /organization_invitations?order_by=-email_address&status=expired",
        "-",
    );
    check(
        &organization_invitations::list("org_1")
            .status([InvitationStatus::Pending, InvitationStatus::Accepted])
            .email_address("a+b@example.com"),
        "GET /organizations/org_1/invitations?status=pending&status=accepted&email_address=a%2Bb%40example.com",
        "-",
    );
    check(
        &organization_invitations::create("org_1", "a@example.com", "org:member")
            .inviter_user_id("user_1")
            .private_metadata(Metadata::new().with("seat", 7)),
        "POST /organizations/org_1/invitations",
        r#"{"email_address":"a@example.com","inviter_user_id":"user_1","role":"org:member","private_metadata":{"seat":7}}"#,
    );
    check(
        &organization_invitations::bulk_create(
            "org_1",
            [organization_invitations::BulkCreateItem::new("a@example.com", "org:admin").notify(false)],
        ),
        "POST /organizations/org_1/invitations/bulk",
        r#"[{"email_address":"a@example.com","role":"org:admin","notify":false}]"#,
    );
    check(
        &organization_invitations::get("org_1", "orginv_1"),
        "GET /organizations/org_1/invitations/orginv_1",
        "-",
    );
    check(
        &organization_invitations::revoke("org_1", "orginv_1").requesting_user_id("user_1"),
        "POST /organizations/org_1/invitations/orginv_1/revoke",
        r#"{"requesting_user_id":"user_1"}"#,
    );
}

#[test]
fn the_waitlist() {
    check(
        &waitlist_entries::list().status(WaitlistEntryStatus::Pending).order_by("+invited_at"),
        "GET /waitlist_entries?status=pending&order_by=%2Binvited_at",
        "-",
    );
    check(
        &waitlist_entries::create("a@example.com"),
        "POST /waitlist_entries",
        r#"{"email_address":"a@example.com"}"#,
    );
    check(
        &waitlist_entries::bulk_create([waitlist_entries::BulkCreateItem::new("a@example.com").notify(true)]),
        "POST /waitlist_entries/bulk",
        r#"[{"email_address":"a@example.com","notify":true}]"#,
    );
    check(&waitlist_entries::delete("wle_1"), "DELETE /waitlist_entries/wle_1", "-");
    check(&waitlist_entries::invite("wle_1"), "POST /waitlist_entries/wle_1/invite", "{}");
    check(&waitlist_entries::reject("wle_1"), "POST /waitlist_entries/wle_1/reject", "-");
}

#[test]
fn tokens() {
    check(
        &actor_tokens::create("user_1", Metadata::new().with("sub", "user_2").with("why", "support"))
            .session_max_duration_in_seconds(60),
        "POST /actor_tokens",
        r#"{"user_id":"user_1","actor":{"sub":"user_2","why":"support"},"session_max_duration_in_seconds":60}"#,
    );
    check(&actor_tokens::revoke("act_1"), "POST /actor_tokens/act_1/revoke", "-");
    check(
        &sign_in_tokens::create("user_1").org_id("org_1"),
        "POST /sign_in_tokens",
        r#"{"user_id":"user_1","org_id":"org_1"}"#,
    );
    check(&sign_in_tokens::revoke("sit_1"), "POST /sign_in_tokens/sit_1/revoke", "-");
    check(&testing_tokens::create(), "POST /testing_tokens", "-");
}

#[test]
fn domains_and_redirect_urls() {
    check(&domains::list(), "GET /domains", "-");
    check(
        &domains::add("shop.example", true).proxy_url("https://shop.example/__clerk"),
        "POST /domains",
        r#"{"name":"shop.example","is_satellite":true,"proxy_url":"https://shop.example/__clerk"}"#,
    );
    check(
        &domains::update("dmn_1").proxy_url(Nullable::Null),
        "PATCH /domains/dmn_1",
        r#"{"proxy_url":null}"#,
    );
    check(&domains::delete("dmn_1"), "DELETE /domains/dmn_1", "-");
    check(&proxy_checks::verify().domain_id("dmn_1"), "POST /proxy_checks", r#"{"domain_id":"dmn_1"}"#);
    check(&redirect_urls::list(), "GET /redirect_urls?paginated=true", "-");
    check(&redirect_urls::create("my-app://back"), "POST /redirect_urls", r#"{"url":"my-app://back"}"#);
    check(&redirect_urls::get("ru_1"), "GET /redirect_urls/ru_1", "-");
    check(&redirect_urls::delete("ru_1"), "DELETE /redirect_urls/ru_1", "-");
    check(
        &miscellaneous::get_public_interstitial()
            .frontend_api("clerk.example.com")
            .use_domain_for_script(false),
        "GET /public/interstitial?frontend_api=clerk.example.com&use_domain_for_script=false",
        "-",
    );
    check(&webhooks::create_svix_app(), "POST /webhooks/svix", "-");
    check(&webhooks::delete_svix_app(), "DELETE /webhooks/svix", "-");
    check(&webhooks::generate_svix_auth_url(), "POST /webhooks/svix_url", "-");
}

#[test]
fn settings() {
    check(&instance_settings::get(), "GET /instance", "-");
    check(
        &instance_settings::update()
            .hibp(true)
            .support_email(Nullable::Null)
            .allowed_origins(["chrome-extension://a"])
            .preferred_sign_in_strategy_when_password_required(PreferredSignInStrategy::from("")),
        "PATCH /instance",
        r#"{"hibp":true,"support_email":null,"allowed_origins":["chrome-extension://a"],"preferred_sign_in_strategy_when_password_required":""}"#,
    );
    check(
        &instance_settings::update_restrictions().allowlist(true),
        "PATCH /instance/restrictions",
        r#"{"allowlist":true}"#,
    );
    check(&instance_settings::get_protect(), "GET /instance/protect", "-");
    check(
        &instance_settings::update_protect().rules_enabled(false),
        "PATCH /instance/protect",
        r#"{"rules_enabled":false}"#,
    );
    check(
        &instance_settings::update_communication().blocked_country_codes(vec!["AQ".to_owned()]),
        "PATCH /instance/communication",
        r#"{"blocked_country_codes":["AQ"]}"#,
    );
    check(
        &instance_settings::update_oauth_application_settings().default_scopes(Nullable::Null),
        "PATCH /instance/oauth_application_settings",
        r#"{"default_scopes":null}"#,
    );
    check(
        &instance_settings::update_organization_settings()
            .domains_enrollment_modes([EnrollmentMode::AutomaticInvitation]),
        "PATCH /instance/organization_settings",
        r#"{"domains_enrollment_modes":["automatic_invitation"]}"#,
    );
    check(
        &instance_settings::change_domain().home_url("https://www.example.com").is_secondary(false),
        "POST /instance/change_domain",
        r#"{"home_url":"https://www.example.com","is_secondary":false}"#,
    );
    check(
        &beta_features::update_instance_settings().from_email_address("hello"),
        "PATCH /beta_features/instance_settings",
        r#"{"from_email_address":"hello"}"#,
    );
}

#[test]
fn bulk_operations_of_the_wrong_size_are_rejected() {
    let fault = |result: Result<Request<Bytes>, BuildError>| {
        let error = result.unwrap_err();
        (error.operation, error.field)
    };
    let invitation = || invitations::BulkCreateItem::new("a@example.com");
    let many = |count| invitations::bulk_create(std::iter::repeat_with(invitation).take(count)).request();
    assert_eq!(fault(many(0)), ("CreateBulkInvitations", "body"));
    assert_eq!(fault(many(11)), ("CreateBulkInvitations", "body"));
    assert!(many(10).is_ok());
    let member = || organization_invitations::BulkCreateItem::new("a@example.com", "org:member");
    let many = |count| {
        organization_invitations::bulk_create("org_1", std::iter::repeat_with(member).take(count)).request()
    };
    assert_eq!(fault(many(0)), ("CreateOrganizationInvitationBulk", "body"));
    assert_eq!(fault(many(11)), ("CreateOrganizationInvitationBulk", "body"));
    assert!(many(10).is_ok());
    let entry = || waitlist_entries::BulkCreateItem::new("a@example.com");
    let many = |count| waitlist_entries::bulk_create(std::iter::repeat_with(entry).take(count)).request();
    assert_eq!(fault(many(0)), ("CreateBulkWaitlistEntries", "body"));
    assert_eq!(fault(many(51)), ("CreateBulkWaitlistEntries", "body"));
    assert!(many(50).is_ok());
    let countries = |count| {
        instance_settings::update_communication()
            .blocked_country_codes(vec!["AQ".to_owned(); count])
            .request()
    };
    assert_eq!(fault(countries(251)), ("UpdateInstanceCommunication", "blocked_country_codes"));
    assert!(countries(250).is_ok());
    assert!(countries(0).is_ok());
}

#[test]
fn operation_information() {
    let info = |id: &str| *OPERATIONS.iter().find(|info| info.id == id).unwrap();
    assert_eq!(info("GetPublicInterstitial").credential, Credential::None);
    assert_eq!(info("CreateInvitation").retry, Retry::IfRefused);
    assert_eq!(info("CreateWaitlistEntry").retry, Retry::IfRefused);
    assert_eq!(info("ToggleTemplateDelivery").retry, Retry::Safe);
    assert_eq!(info("UpdateInstance").retry, Retry::Safe);
}
