//! Tests of how users prove who they are.

use std::time::Duration;

use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};

use super::{Fixture, none};
use crate::state::CredentialRefused;

/// The secret of RFC 6238's test vectors.
const SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

fn create(fixture: &Fixture, more: Value) -> String {
    let body = crate::state::extended(json!({"username": "ada"}), more);
    fixture.ok("POST", "/v1/users", &body)["id"].as_str().unwrap().to_owned()
}

#[test]
fn passwords_are_verified_and_never_stored_in_plain_text() {
    let fixture = Fixture::new();
    let id = create(&fixture, json!({"password": "correct horse", "email_address": ["ada@example.com"]}));
    let saved = serde_json::to_string(&*fixture.local.state()).unwrap();
    assert!(!saved.contains("correct horse"));
    let verify = format!("/v1/users/{id}/verify_password");
    assert_eq!(fixture.ok("POST", &verify, &json!({"password": "correct horse"})), json!({"verified": true}));
    for (body, status, code, param) in [
        (json!({"password": "wrong"}), 422, "incorrect_password", ""),
        (json!({}), 422, "form_param_missing", "password"),
    ] {
        fixture.refuses("POST", &verify, &body, status, code, param);
    }
    let session = fixture.ok("POST", "/v1/sessions", &json!({"user_id": id}));
    let session = format!("/v1/sessions/{}", session["id"].as_str().unwrap());
    let remove = format!("/v1/users/{id}/remove_password");
    let events = fixture.event_kinds(|fixture| {
        assert_eq!(fixture.ok("POST", &remove, &none())["password_enabled"], false);
    });
    assert_eq!(events, ["user.updated", "email.created"]);
    assert_eq!(fixture.get(&session)["status"], "active");
    let again = json!({"sign_out_of_other_sessions": true});
    assert_eq!(fixture.event_kinds(|it| drop(it.ok("POST", &remove, &again))), ["session.revoked"]);
    fixture.refuses("POST", &verify, &json!({"password": "correct horse"}), 400, "no_password_set", "");
    fixture.refuses("POST", "/v1/users/x/verify_password", &none(), 404, "resource_not_found", "");
}

#[test]
fn digests_of_other_systems_are_verified() {
    // Made with Python: hashlib, passlib, bcrypt, argon2-cffi and werkzeug, all of the password `correct horse`.
    for (hasher, digest) in DIGESTS {
        let fixture = Fixture::new();
        let id = create(&fixture, json!({"password_hasher": hasher, "password_digest": digest}));
        let verify = format!("/v1/users/{id}/verify_password");
        fixture.ok("POST", &verify, &json!({"password": "correct horse"}));
        let wrong = json!({"password": "correct house"});
        fixture.refuses("POST", &verify, &wrong, 422, "incorrect_password", "");
    }
    let fixture = Fixture::new();
    for (hasher, digest) in [
        ("sha256", "x"),
        ("pbkdf2_sha256", "pbkdf2_sha256$0$c2FsdA==$MDEyMzQ1Njc4OWFiY2RlZg=="),
        ("pbkdf2_sha256", "pbkdf2_sha256$4000000000$c2FsdA==$MDEyMzQ1Njc4OWFiY2RlZg=="),
        ("pbkdf2_sha256", "pbkdf2_sha1$1$c2FsdA==$MDEyMzQ1Njc4OWFiY2RlZg=="),
        ("ldap_ssha", "{SSHA}AAAA"),
        ("bcrypt", "$2b$31$5eWMxxU72rtnKtNTdFjwEO3KlaibF/uDbLbpBBGS.dQPOKwWrhCF6"),
        (
            "argon2id",
            "$argon2id$v=19$m=4000000000,t=2,p=2$lFfoZ8AkpWcHG1gpuHcdLA$iYDV/7/2eUFEnH4T8MxXFVTH4M6Vy4Vk",
        ),
        ("scrypt_werkzeug", "scrypt:1073741824:8:1$saltsalt$6467"),
        ("phpass", "$P$zFAAAtPV5RG8JPLh6TfjEW9RXfwhzD1"),
        ("sha512_symfony", "sha512_symfony$0$salt$AA=="),
    ] {
        let body = json!({"username": "ada", "password_hasher": hasher, "password_digest": digest});
        let code = "form_password_digest_invalid_code";
        fixture.refuses("POST", "/v1/users", &body, 422, code, "password_digest");
    }
    let body = json!({"username": "ada", "password_hasher": "nope", "password_digest": "x"});
    fixture.refuses("POST", "/v1/users", &body, 422, "form_param_format_invalid", "password_hasher");
}

/// Hashers and digests.
const DIGESTS: &[(&str, &str)] = &[
    (
        "argon2i",
        "$argon2i$v=19$m=64,t=2,p=2$qBR+uTaWEdXV+OlpJB8Uhw$nFCmUNM0oIjQ7lMr6CU6DCj5+3JJywhN4iZcAyNPjjE",
    ),
    (
        "argon2id",
        "$argon2id$v=19$m=64,t=2,p=2$lFfoZ8AkpWcHG1gpuHcdLA$iYDV/7/2eUFEnH4T8MxXFVTH4M6Vy4Vk8n2O7icjYyI",
    ),
    ("bcrypt", "$2b$04$5eWMxxU72rtnKtNTdFjwEO3KlaibF/uDbLbpBBGS.dQPOKwWrhCF6"),
    ("bcrypt_sha256_django", "bcrypt_sha256$$2b$04$G0yS8WXWNUpbMCMk3mo4mOfuQK0cbYxF7mpKgVKqfls68M9gtL3uu"),
    ("ldap_ssha", "{SSHA}o1r0ZzYtFLGWv7X1ftRAc0On2OD4f49x"),
    ("md5", "3cb4e732631f47e6eb961f34554b7cde"),
    ("md5_phpass", "$P$54CMUczKDglDGl14/iQHPMPUl2A3My1"),
    (
        "pbkdf2_sha1",
        "pbkdf2_sha1$1000$saltsalt$c10a0153b19730da360890beada8a3adfea47b2ed3ddc87f9b3eb7dd10d83b03",
    ),
    (
        "pbkdf2_sha1",
        "pbkdf2_sha1$1000$30313233343536373839616263646566$6947c4dafc7943bce06dbd23c78f4068da575104$20",
    ),
    (
        "pbkdf2_sha256",
        "pbkdf2_sha256$1000$MDEyMzQ1Njc4OWFiY2RlZg==$cBg8D2DungRB9k76szThf5ehfyBz991ay6PT8Srwk4M=",
    ),
    ("pbkdf2_sha256_django", "pbkdf2_sha256$1000$cSmPsDs1q1tY$5DtSJfE5wYfKkHWsd+AABHpKgOhBy7jM4+iux7pZyPU="),
    (
        "pbkdf2_sha512",
        "pbkdf2_sha512$1000$saltsalt$fac5120fc8f0e1ff27b3b9bd6fb923f0f7892def252573bc026d3d04b80eefd9124fd0ff2236b968a20d185e5783b864297c35f9f361073cc93f77885dc597c3",
    ),
    (
        "pbkdf2_sha512_hex",
        "pbkdf2_sha512_hex$1000$30313233343536373839616263646566$38cd0502822a0952b5b16b710e27df56505e8ed2dafa4b384cfef526279cc2e499086f222db9e52043ce328557fa2d81db0912c6343c091191f4e90d1ae20f31",
    ),
    ("phpass", "$P$5FAAAtPV5RG8JPLh6TfjEW9RXfwhzD1"),
    (
        "scrypt_werkzeug",
        "scrypt:1024:8:1$saltsalt$646792c2ba294af1202d0535a6396d20d2ab46f9840529e885da985d47b9119f255fcdfd85ef17967bb51e6eaf060f14d1d8a4e461dfcd7bb56b1d9aa486025d",
    ),
    ("sha256", "4104d36f8da2c254349f85836793ebe029e0c957063a34c91c2e9203187b5631"),
    (
        "sha512_symfony",
        "sha512_symfony$100$saltsalt$umK8dTZtvK1AhTG0p4F1nA5v36ePQK4kgot1f41RzDRvU/yr9ICvBXUIS6hHTkeaG37KLS9DPI9/74vLNDfgMQ==",
    ),
];

#[test]
fn a_digest_of_firebase_is_verified() {
    // Firebase's own example.
    let digest = "lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==\
        $42xEC+ixf3L2lw==$jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==\
        $Bw==$8$14";
    let fixture = Fixture::new();
    let id = create(&fixture, json!({"password_hasher": "scrypt_firebase", "password_digest": digest}));
    fixture.ok("POST", &format!("/v1/users/{id}/verify_password"), &json!({"password": "user1password"}));
}

#[test]
fn a_weak_digest_is_replaced_at_the_first_sign_in() {
    let fixture = Fixture::new();
    let digest = "3cb4e732631f47e6eb961f34554b7cde";
    let id = create(&fixture, json!({"password_hasher": "md5", "password_digest": digest}));
    let saved = || serde_json::to_string(&fixture.local.state().users).unwrap();
    assert!(saved().contains(digest));
    for _ in 0..2 {
        let checked = fixture.local.state().check_password(&id, "correct horse", fixture.now());
        assert_eq!(checked, Ok(()));
        assert!(!saved().contains(digest));
    }
}

#[test]
fn too_many_wrong_passwords_lock_a_user_for_an_hour() {
    let fixture = Fixture::new();
    let id = create(&fixture, json!({"password": "correct horse"}));
    fixture.local.state().settings.user_lockout.max_attempts = 3;
    let check = |text: &str| fixture.local.state().check_password(&id, text, fixture.now());
    let user = || fixture.get(&format!("/v1/users/{id}"));
    let wrong = Err(CredentialRefused::Wrong);
    assert_eq!([check("x"), check("x")], [wrong; 2]);
    assert_eq!(user()["verification_attempts_remaining"], 1);
    assert_eq!(check("correct horse"), Ok(()));
    assert_eq!(user()["verification_attempts_remaining"], 3, "starts again");
    assert_eq!([check("x"), check("x"), check("x")], [wrong; 3]);
    assert_eq!(check("correct horse"), Err(CredentialRefused::Locked));
    assert_eq!((&user()["locked"], &user()["lockout_expires_in_seconds"]), (&json!(true), &json!(3600)));
    fixture.clock.advance(Duration::from_secs(3600));
    assert_eq!((&user()["locked"], &user()["verification_attempts_remaining"]), (&json!(false), &json!(3)));
    assert_eq!(check("correct horse"), Ok(()));
    assert_eq!([check("x"), check("x"), check("x")], [wrong; 3]);
    fixture.ok("POST", &format!("/v1/users/{id}/unlock"), &none());
    assert_eq!(check("correct horse"), Ok(()));
}

#[test]
fn a_compromised_password_cannot_be_used_until_it_is_replaced() {
    let fixture = Fixture::new();
    let id = create(&fixture, json!({"password": "correct horse"}));
    let check = || fixture.local.state().check_password(&id, "correct horse", fixture.now());
    let set = format!("/v1/users/{id}/password/set_compromised");
    fixture.ok("POST", &set, &json!({"revoke_all_sessions": true}));
    assert_eq!(check(), Err(CredentialRefused::Compromised));
    fixture.ok("POST", &format!("/v1/users/{id}/password/unset_compromised"), &none());
    assert_eq!(check(), Ok(()));
    fixture.ok("POST", &set, &none());
    let body = json!({"password": "correct horse"});
    fixture.ok("PATCH", &format!("/v1/users/{id}"), &body);
    assert_eq!(check(), Ok(()));
    let other = fixture.ok("POST", "/v1/users", &json!({"username": "bob"}));
    let path = format!("/v1/users/{}/password/set_compromised", other["id"].as_str().unwrap());
    fixture.refuses("POST", &path, &none(), 422, "no_password_set", "");
}

#[test]
fn authenticator_apps_and_backup_codes_are_second_factors() {
    let fixture = Fixture::new();
    let id = create(&fixture, json!({"totp_secret": SECRET, "backup_codes": ["alpha", "beta"]}));
    let user = |field: &str| fixture.get(&format!("/v1/users/{id}"))[field].clone();
    assert_eq!(
        [user("totp_enabled"), user("backup_code_enabled"), user("two_factor_enabled")],
        [true, true, true]
    );
    let code =
        fixture.local.state().users.get(&id).unwrap().totp.as_ref().unwrap().current_code(fixture.now());
    let verify = format!("/v1/users/{id}/verify_totp");
    let attempt = |code: &str| json!({"code": code});
    assert_eq!(fixture.ok("POST", &verify, &attempt(&code)), json!({"verified": true, "code_type": "totp"}));
    assert_eq!(
        fixture.ok("POST", &verify, &attempt("beta")),
        json!({"verified": true, "code_type": "backup_code"})
    );
    for used in [&*code, "beta", "000000"] {
        fixture.refuses("POST", &verify, &attempt(used), 422, "form_code_incorrect", "code");
    }
    fixture.refuses("POST", &verify, &json!({}), 422, "form_param_missing", "code");

    let path = |what: &str| format!("/v1/users/{id}/{what}");
    assert_eq!(fixture.ok("DELETE", &path("totp"), &none()), json!({"user_id": id}));
    assert_eq!([user("totp_enabled"), user("two_factor_enabled")], [false, false]);
    assert!(user("mfa_disabled_at").is_i64());
    fixture.ok("DELETE", &path("backup_code"), &none());
    assert_eq!(user("backup_code_enabled"), false);
    fixture.refuses("POST", &verify, &attempt("alpha"), 400, "strategy_for_user_invalid", "");
    for what in ["totp", "backup_code"] {
        fixture.refuses("DELETE", &path(what), &none(), 404, "resource_not_found", "");
    }
    let body = json!({"totp_secret": SECRET, "backup_codes": ["gamma"]});
    fixture.ok("PATCH", &format!("/v1/users/{id}"), &body);
    assert_eq!(fixture.ok("DELETE", &path("mfa"), &none()), json!({"user_id": id}));
    assert_eq!([user("totp_enabled"), user("backup_code_enabled")], [false, false]);
    fixture.refuses("DELETE", "/v1/users/x/mfa", &none(), 404, "resource_not_found", "");
    let body = json!({"username": "bob", "totp_secret": "not base32"});
    fixture.refuses("POST", "/v1/users", &body, 422, "form_param_format_invalid", "totp_secret");
}

#[test]
fn wallets_passkeys_and_trusted_devices_are_listed_and_removed() {
    let fixture = Fixture::new();
    let wallets =
        ["0x71C7656EC7ab88b098defB751B7401B5f6d8976F", "0x0000000000000000000000000000000000000001"];
    let id = create(&fixture, json!({"web3_wallet": wallets, "email_address": ["ada@example.com"]}));
    let ada = crate::LocalUser { id: id.as_str().into() };
    fixture.local.add_passkey(&ada, "My laptop");
    let device = fixture.local.add_trusted_device(&ada, "ios", "com.example.app", "My phone");
    let user = fixture.get(&format!("/v1/users/{id}"));
    assert_eq!(user["passkeys"][0]["name"], "My laptop");
    let wallet = |at: usize| user["web3_wallets"][at]["id"].as_str().unwrap();
    assert_eq!(user["primary_web3_wallet_id"], wallet(0));
    let query = format!("/v1/users?web3_wallet={}", wallets[1].to_lowercase());
    assert_eq!(fixture.column(&query, "/id"), [&*id]);
    for (body, code) in [
        (json!({"web3_wallet": [wallets[1]]}), "form_identifier_exists"),
        (json!({"web3_wallet": ["0x0"]}), "form_param_format_invalid"),
    ] {
        fixture.refuses("POST", "/v1/users", &body, 422, code, "web3_wallet");
    }
    fixture.ok("PATCH", &format!("/v1/users/{id}"), &json!({"primary_web3_wallet_id": wallet(1)}));
    let path = |rest: &str| format!("/v1/users/{id}/{rest}");
    let passkey = user["passkeys"][0]["id"].as_str().unwrap();
    for (rest, object, removed) in [
        (format!("web3_wallets/{}", wallet(1)), "web3_wallet", wallet(1)),
        (format!("passkeys/{passkey}"), "passkey", passkey),
    ] {
        let expected = json!({"object": object, "id": removed, "deleted": true});
        assert_eq!(fixture.ok("DELETE", &path(&rest), &none()), expected);
        fixture.refuses("DELETE", &path(&rest), &none(), 404, "resource_not_found", "");
    }
    assert_eq!(fixture.get(path("").trim_end_matches('/'))["primary_web3_wallet_id"], wallet(0));

    let devices = fixture.get(&path("trusted_devices"));
    assert_eq!((&devices["total_count"], &devices["data"][0]["id"]), (&json!(1), &json!(device)));
    let one = path(&format!("trusted_devices/{device}"));
    assert_eq!(fixture.ok("DELETE", &one, &none())["status"], "revoked");
    fixture.refuses("DELETE", &one, &none(), 404, "resource_not_found", "");
    assert_eq!(fixture.get(&path("trusted_devices"))["total_count"], 0);
}

#[test]
fn a_profile_image_is_uploaded_served_and_deleted() {
    let fixture = Fixture::seeded();
    let png = b"\x89PNG\r\n\x1a\nrest";
    let upload = |name: &str, content: &[u8]| {
        let head =
            format!("--B\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"a.png\"\r\n\r\n");
        let body = [head.as_bytes(), content, b"\r\n--B--\r\n"].concat();
        let request = Request::post("/v1/users/user_ada/profile_image")
            .header("authorization", fixture.local.secret_key().to_header())
            .header("content-type", "multipart/form-data; boundary=B");
        fixture.send(request.body(Bytes::from(body)).unwrap())
    };
    let (status, user) = upload("file", png);
    assert_eq!((status.as_u16(), &user["has_image"]), (200, &json!(true)), "{user}");
    let image = crate::frontend::picture::respond(&fixture.local.state(), "user_ada").unwrap();
    assert_eq!(image.headers()["content-type"], "image/png");
    for (name, content, code) in [
        ("file", &b"<svg onload=alert(1)>"[..], "form_param_format_invalid"),
        ("other", png, "form_param_missing"),
    ] {
        let (status, error) = upload(name, content);
        assert_eq!((status.as_u16(), &error["errors"][0]["code"]), (422, &json!(code)));
    }
    let path = "/v1/users/user_ada/profile_image";
    fixture.refuses("POST", path, &none(), 400, "bad_request", "");
    assert_eq!(fixture.ok("DELETE", path, &none())["has_image"], false);
    fixture.refuses("DELETE", path, &none(), 404, "resource_not_found", "");
    fixture.refuses("POST", "/v1/users/x/profile_image", &none(), 404, "resource_not_found", "");
}

#[test]
fn metadata_has_at_most_eight_kilobytes() {
    let fixture = Fixture::seeded();
    let large = |bytes: usize| json!({"public_metadata": {"a": "x".repeat(bytes - 8)}});
    let path = "/v1/users/user_ada/metadata";
    for (method, path) in [("PATCH", path), ("PUT", path), ("PATCH", "/v1/organizations/org_acme/metadata")] {
        fixture.ok(method, path, &large(8_192));
        let code = "form_param_exceeds_allowed_size";
        fixture.refuses(method, path, &large(8_193), 422, code, "public_metadata");
    }
    let more = json!({"public_metadata": {"b": 1}});
    fixture.refuses("PATCH", path, &more, 422, "form_param_exceeds_allowed_size", "public_metadata");
}
