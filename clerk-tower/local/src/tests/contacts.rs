//! Tests of email addresses and phone numbers.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Fixture, has_fields, none};

/// The two kinds of contacts: path, parameter and `object`, a value, another value, and one that is malformed.
const KINDS: [(&str, &str, &str, &str, &str); 2] = [
    ("/v1/email_addresses", "email_address", "new@example.com", "newer@example.com", "nobody"),
    ("/v1/phone_numbers", "phone_number", "+12025550123", "+12025550124", "555"),
];

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap()
}

#[test]
fn contacts_are_created_read_changed_and_deleted() {
    for (path, kind, value, other, _) in KINDS {
        let fixture = Fixture::new();
        fixture.local.user("Ada", "L").id("user_1").username("ada").create();
        let user = |field: &str| fixture.get("/v1/users/user_1")[field].clone();
        let primary = format!("primary_{kind}_id");

        let body = json!({"user_id": "user_1", kind: value});
        let created = fixture.ok("POST", path, &body);
        has_fields(&created, &["id", "object", kind, "verification", "linked_to", "reserved", "updated_at"]);
        assert_eq!((&created["object"], &created[kind]), (&json!(kind), &json!(value)));
        assert_eq!((&created["verification"], &user(&primary)), (&none(), &none()), "not verified");
        let id = text(&created, "id");
        let one = format!("{path}/{id}");
        assert_eq!(fixture.get(&one), created);

        fixture.refuses(
            "PATCH",
            &one,
            &json!({"primary": true}),
            422,
            "form_param_format_invalid",
            "primary",
        );
        fixture.tick();
        let verified = fixture.ok("PATCH", &one, &json!({"verified": true}));
        assert_eq!(verified["verification"]["strategy"], "admin");
        assert!(verified["updated_at"].as_i64() > created["updated_at"].as_i64());
        assert_eq!(user(&primary), id);

        let body = json!({"user_id": "user_1", kind: other, "verified": true, "primary": true});
        let second = fixture.ok("POST", path, &body);
        assert_eq!(user(&primary), second["id"]);

        let events = fixture.event_kinds(|fixture| {
            let deleted = fixture.ok("DELETE", &format!("{path}/{}", text(&second, "id")), &none());
            assert_eq!(deleted, json!({"object": kind, "id": second["id"], "deleted": true}));
        });
        assert_eq!(events, ["user.updated"]);
        assert_eq!(user(&primary), id, "the other verified one is the primary one");
        fixture.ok("DELETE", &one, &none());
        assert_eq!((user(&primary), user(path.trim_start_matches("/v1/"))), (none(), json!([])));
    }
}

#[test]
fn invalid_contacts_are_rejected() {
    for (path, kind, value, other, bad) in KINDS {
        let fixture = Fixture::new();
        for id in ["user_1", "user_2"] {
            fixture.local.user("Ada", "L").id(id).create();
        }
        let create = |user: &str, value: &str| json!({"user_id": user, kind: value, "verified": true});
        let id = text(&fixture.ok("POST", path, &create("user_1", value)), "id").to_owned();
        for (body, status, code, param) in [
            (create("user_2", value), 422, "form_identifier_exists", kind),
            (create("user_1", value), 422, "form_identifier_exists", kind),
            (create("user_1", bad), 422, "form_param_format_invalid", kind),
            (create("user_3", other), 404, "resource_not_found", ""),
            (json!({"user_id": "user_1"}), 422, "form_param_missing", kind),
            (json!({kind: other}), 422, "form_param_missing", "user_id"),
            (
                json!({"user_id": "user_1", kind: other, "primary": true}),
                422,
                "form_param_format_invalid",
                "primary",
            ),
            (json!({"user_id": "user_1", kind: other, "x": 1}), 422, "form_param_unknown", "x"),
        ] {
            fixture.refuses("POST", path, &body, status, code, param);
        }
        for method in ["GET", "DELETE", "PATCH"] {
            fixture.refuses(method, &format!("{path}/idn_0"), &none(), 404, "resource_not_found", "");
        }
        let change = json!({ "verified": 1 });
        let one = format!("{path}/{id}");
        fixture.refuses("PATCH", &one, &change, 422, "form_param_format_invalid", "verified");
    }
}

#[test]
fn an_unverified_contact_belongs_to_nobody_until_one_user_verifies_it() {
    for (path, kind, value, ..) in KINDS {
        let fixture = Fixture::new();
        for id in ["user_1", "user_2"] {
            fixture.local.user("Ada", "L").id(id).create();
        }
        let create = |user: &str| fixture.ok("POST", path, &json!({"user_id": user, kind: value}));
        let [first, second] = ["user_1", "user_2"].map(create);
        let verify = |contact: &Value| format!("{path}/{}", text(contact, "id"));
        fixture.ok("PATCH", &verify(&first), &json!({"verified": true}));
        let taken = json!({"verified": true});
        fixture.refuses("PATCH", &verify(&second), &taken, 422, "form_identifier_exists", kind);
    }
}

#[test]
fn a_code_verifies_a_contact() {
    for (path, kind, value, ..) in KINDS {
        let fixture = Fixture::new();
        fixture.local.user("Ada", "L").id("user_1").create();
        let value = value.replace("20255501", "20255502");
        let created = fixture.ok("POST", path, &json!({"user_id": "user_1", kind: value}));
        let one = format!("{path}/{}", text(&created, "id"));
        let prepare = || fixture.ok("POST", &format!("{one}/prepare_verification"), &none());
        let attempt = |verification: &Value, code: &str| {
            let body = json!({"verification_id": verification["id"], "code": code});
            fixture.ok("POST", &format!("{one}/attempt_verification"), &body)
        };

        let events = fixture.events(|_| drop(prepare()));
        let [(event, sent)] = &*events else { panic!("one event") };
        assert_eq!(*event, if kind == "email_address" { "email.created" } else { "sms.created" });
        assert_eq!(sent["data"]["otp_code"], fixture.last_code());
        assert_eq!((&sent[format!("to_{kind}")], &sent["user_id"]), (&json!(value), &json!("user_1")));

        let failed = prepare();
        let wrong = if fixture.last_code() == "000000" { "111111" } else { "000000" };
        for (attempts, status) in [(1, "unverified"), (2, "unverified"), (3, "failed"), (3, "failed")] {
            let answer = attempt(&failed, wrong);
            assert_eq!((&answer["attempts"], &answer["status"]), (&json!(attempts), &json!(status)));
        }
        assert_eq!(attempt(&failed, &fixture.last_code())["status"], "failed", "too late");

        let expired = prepare();
        fixture.clock.advance(Duration::from_secs(600));
        assert_eq!(attempt(&expired, &fixture.last_code())["status"], "expired");

        let verification = prepare();
        assert_eq!(fixture.get(&one)["verification"]["status"], "unverified");
        let code = fixture.last_code();
        assert_eq!(code.len(), 6);
        assert_eq!(attempt(&verification, &code)["status"], "verified");
        assert_eq!(fixture.get(&one)["verification"]["status"], "verified");
        let body = json!({"verification_id": verification["id"], "code": code});
        let path = format!("{one}/attempt_verification");
        fixture.refuses("POST", &path, &body, 400, "verification_already_verified", "");
        let body = json!({"verification_id": "ver_0", "code": code});
        fixture.refuses("POST", &path, &body, 404, "resource_not_found", "");
    }
}

#[test]
fn test_contacts_take_the_test_code_and_get_no_message() {
    for (path, kind, value) in [
        ("/v1/email_addresses", "email_address", "ada+clerk_test@example.com"),
        ("/v1/phone_numbers", "phone_number", "+12025550100"),
    ] {
        let fixture = Fixture::new();
        fixture.local.user("Ada", "L").id("user_1").create();
        let created = fixture.ok("POST", path, &json!({"user_id": "user_1", kind: value}));
        let one = format!("{path}/{}", text(&created, "id"));
        let verification = fixture.ok("POST", &format!("{one}/prepare_verification"), &none());
        assert!(fixture.local.state().outbox.is_empty());
        let body = json!({"verification_id": verification["id"], "code": "424242"});
        let verified = fixture.ok("POST", &format!("{one}/attempt_verification"), &body);
        assert_eq!(verified["status"], "verified");
    }
}

#[test]
fn all_contacts_of_a_user_can_be_replaced_by_one() {
    for (path, kind, value, other, bad) in KINDS {
        let fixture = Fixture::new();
        fixture.local.user("Ada", "L").id("user_1").email("old@example.com").phone("+12025550111").create();
        fixture.local.user("Bob", "L").id("user_2").create();
        fixture.ok("POST", path, &json!({"user_id": "user_2", kind: other, "verified": true}));
        let one = format!("/v1/users/user_1/{kind}");
        for (status, reserved, verified) in
            [("verified", false, true), ("reserved", true, false), ("unverified", false, false)]
        {
            let body = json!({kind: value, "identification_status": status});
            let replaced = fixture.ok("PUT", &one, &body);
            assert_eq!(replaced["reserved"], reserved, "{status}");
            assert_eq!(replaced["verification"].is_object(), verified, "{status}");
            let user = fixture.get("/v1/users/user_1");
            assert_eq!(user[path.trim_start_matches("/v1/")].as_array().unwrap().len(), 1);
            assert_eq!(user[format!("primary_{kind}_id")], replaced["id"]);
        }
        for (body, status, code, param) in [
            (json!({kind: other}), 422, "form_identifier_exists", kind),
            (json!({kind: bad}), 422, "form_param_format_invalid", kind),
            (json!({}), 422, "form_param_missing", kind),
            (
                json!({kind: value, "identification_status": "x"}),
                422,
                "form_param_format_invalid",
                "identification_status",
            ),
        ] {
            fixture.refuses("PUT", &one, &body, status, code, param);
        }
        fixture.refuses("PUT", "/v1/users/user_0/email_address", &none(), 404, "resource_not_found", "");
    }
}

#[test]
fn the_former_primary_email_address_is_told_if_requested() {
    let fixture = Fixture::new();
    fixture.local.user("Ada", "L").id("user_1").email("old@example.com").create();
    let notify = |flag: bool, value: &str| json!({"email_address": value, "notify_primary_email_address_changed": flag});
    let told = || fixture.local.state().outbox.iter().map(|it| it.to.clone()).collect::<Vec<_>>();
    fixture.ok("PUT", "/v1/users/user_1/email_address", &notify(false, "a@example.com"));
    fixture.ok("PUT", "/v1/users/user_1/email_address", &notify(true, "A@example.com"));
    assert!(told().is_empty());
    fixture.ok("PUT", "/v1/users/user_1/email_address", &notify(true, "b@example.com"));
    let mut body = notify(true, "c@example.com");
    body["user_id"] = "user_1".into();
    body["verified"] = true.into();
    body["primary"] = true.into();
    fixture.ok("POST", "/v1/email_addresses", &body);
    assert_eq!(told(), ["A@example.com", "b@example.com"]);
}

#[test]
fn a_phone_number_can_be_the_second_factor() {
    let fixture = Fixture::new();
    fixture.local.user("Ada", "L").id("user_1").create();
    let second = |value: &str, verified: bool| json!({"user_id": "user_1", "phone_number": value, "verified": verified, "reserved_for_second_factor": true});
    let path = "/v1/phone_numbers";
    let param = "reserved_for_second_factor";
    fixture.refuses("POST", path, &second("+12025550101", false), 422, "form_param_format_invalid", param);
    let flags = |it: &Value| (it[param] == true, it["default_second_factor"] == true);
    let first = fixture.ok("POST", path, &second("+12025550101", true));
    assert_eq!(flags(&first), (true, true));
    assert_eq!(flags(&fixture.ok("POST", path, &second("+12025550102", true))), (true, false));
    let user = fixture.get("/v1/users/user_1");
    assert_eq!((&user["two_factor_enabled"], user["mfa_enabled_at"].is_i64()), (&json!(true), true));
    let one = format!("{path}/{}", text(&first, "id"));
    assert_eq!(flags(&fixture.ok("PATCH", &one, &json!({param: false}))), (false, false));
    fixture.ok("PUT", "/v1/users/user_1/phone_number", &json!({"phone_number": "+12025550103"}));
    let user = fixture.get("/v1/users/user_1");
    assert_eq!((&user["two_factor_enabled"], user["mfa_disabled_at"].is_i64()), (&json!(false), true));
}
