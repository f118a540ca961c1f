//! Tests of JWT templates.

use std::time::Duration;

use aws_lc_rs::{
    encoding::{AsDer as _, EcPrivateKeyRfc5915Der},
    hmac,
    rand::SystemRandom,
    signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey, VerificationAlgorithm},
};
use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use serde_json::{Value, json};

use super::{Fixture, NOW, has_fields, none};

const PATH: &str = "/v1/jwt_templates";

/// Returns a part of a token.
fn part(token: &str, at: usize) -> Value {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').nth(at).unwrap()).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

#[test]
fn templates_are_created_changed_and_deleted() {
    let fixture = Fixture::new();
    let created = fixture.ok("POST", PATH, &json!({"name": "plain", "claims": {"aud": "api"}}));
    has_fields(
        &created,
        &[
            "object",
            "id",
            "name",
            "claims",
            "lifetime",
            "allowed_clock_skew",
            "custom_signing_key",
            "signing_algorithm",
            "created_at",
            "updated_at",
        ],
    );
    assert_eq!((&created["lifetime"], &created["allowed_clock_skew"]), (&json!(60), &json!(5)));
    let own = format!("{PATH}/{}", created["id"].as_str().unwrap());
    assert_eq!(fixture.get(&own), created);
    fixture.ok("POST", PATH, &json!({"name": "other", "claims": {}}));
    assert_eq!(fixture.column(PATH, "/name"), ["other", "plain"]);
    assert_eq!(fixture.get(&format!("{PATH}?paginated=true&limit=1"))["total_count"], 2);
    let changed = fixture.ok("PATCH", &own, &json!({"name": "better", "claims": {"a": 1}, "lifetime": 3600}));
    assert_eq!(
        (&changed["name"], &changed["claims"], &changed["lifetime"]),
        (&json!("better"), &json!({"a": 1}), &json!(3600))
    );
    assert_eq!(fixture.ok("DELETE", &own, &none())["deleted"], true);
    fixture.refuses("GET", &own, &none(), 404, "resource_not_found", "");
    fixture.refuses("DELETE", &own, &none(), 404, "resource_not_found", "");
}

#[test]
fn tokens_have_the_claims_of_their_template() {
    let fixture = Fixture::seeded();
    let claims = json!({
        "aud": "https://api.example.com", "email": "{{user.primary_email_address}}", "verified": "{{user.email_verified}}",
        "name": "{{user.full_name}}", "hello": "Hi {{user.first_name}}{{user.nothing}}!", "role": "{{org.role || 'none'}}",
        "org": {"id": "{{org.id}}", "slug": "{{org.slug}}"}, "meta": "{{user.public_metadata}}", "actor": "{{session.actor}}",
        "secret": "{{user.private_metadata}}", "orgs": "{{user.organizations}}", "level": 7,
        "team": "{{org_membership.public_metadata.team || org.public_metadata.team || \"b\"}}",
    });
    let template = json!({"name": "api", "claims": claims, "lifetime": 600, "allowed_clock_skew": 30});
    fixture.ok("POST", PATH, &template);
    let metadata = json!({"public_metadata": {"plan": "gold"}, "private_metadata": {"debt": 1}});
    fixture.ok("PATCH", "/v1/users/user_ada/metadata", &metadata);
    let session = fixture.local.sign_in("user_ada").organization("org_acme");
    let path = format!("/v1/sessions/{}/tokens/api", session.session_id());
    let token = fixture.ok("POST", &path, &none())["jwt"].as_str().unwrap().to_owned();
    assert!(fixture.local.key().verify(&token).is_some());
    let found = part(&token, 1);
    for (name, expected) in [
        ("iss", json!(fixture.local.issuer())),
        ("sub", json!("user_ada")),
        ("aud", json!("https://api.example.com")),
        ("iat", json!(1_700_000_000)),
        ("nbf", json!(1_700_000_000 - 30)),
        ("exp", json!(1_700_000_600)),
        ("email", json!("ada@example.com")),
        ("verified", json!(true)),
        ("name", json!("Ada Lovelace")),
        ("hello", json!("Hi Ada!")),
        ("role", json!("org:admin")),
        ("org", json!({"id": "org_acme", "slug": "acme"})),
        ("meta", json!({"plan": "gold"})),
        ("actor", none()),
        ("secret", none()),
        ("orgs", json!({"org_acme": "org:admin"})),
        ("level", json!(7)),
        ("team", json!("b")),
    ] {
        assert_eq!(found[name], expected, "{name}");
    }
    assert!(found.get("sid").is_none());
    let short = fixture.ok("POST", &path, &json!({"expires_in_seconds": 30}));
    assert_eq!(part(short["jwt"].as_str().unwrap(), 1)["exp"], 1_700_000_030);
    let personal = fixture.local.sign_in("user_alan");
    let path = format!("/v1/sessions/{}/tokens/api", personal.session_id());
    let token = fixture.ok("POST", &path, &none());
    assert_eq!(part(token["jwt"].as_str().unwrap(), 1)["role"], "none");

    fixture.refuses(
        "POST",
        &path,
        &json!({"expires_in_seconds": 1}),
        422,
        "form_param_format_invalid",
        "expires_in_seconds",
    );
    fixture.refuses("POST", &path.replace("/api", "/nope"), &none(), 404, "resource_not_found", "");
    fixture.ok("POST", &format!("/v1/sessions/{}/revoke", personal.session_id()), &none());
    fixture.refuses("POST", &path, &none(), 404, "resource_not_found", "");
}

#[test]
fn templates_can_have_a_signing_key_of_their_own() {
    let fixture = Fixture::seeded();
    let session = fixture.local.sign_in("user_ada");
    let token = |name: &str| {
        let path = format!("/v1/sessions/{}/tokens/{name}", session.session_id());
        fixture.ok("POST", &path, &none())["jwt"].as_str().unwrap().to_owned()
    };
    for (algorithm, kind) in
        [("HS256", hmac::HMAC_SHA256), ("HS384", hmac::HMAC_SHA384), ("HS512", hmac::HMAC_SHA512)]
    {
        let created = fixture.ok(
            "POST",
            PATH,
            &json!({
                "name": algorithm, "claims": {}, "custom_signing_key": true, "signing_algorithm": algorithm,
                "signing_key": "a secret that others know, too",
            }),
        );
        assert_eq!(
            (&created["custom_signing_key"], &created["signing_algorithm"]),
            (&json!(true), &json!(algorithm))
        );
        assert!(!created.to_string().contains("a secret"));
        let token = token(algorithm);
        assert_eq!((&part(&token, 0)["alg"], &part(&token, 0)["kid"]), (&json!(algorithm), &none()));
        let (message, signature) = token.rsplit_once('.').unwrap();
        let key = hmac::Key::new(kind, b"a secret that others know, too");
        hmac::verify(&key, message.as_bytes(), &BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
    }
    let pem = include_str!("keys/rsa-pkcs8.pem");
    let body = json!({
        "name": "rsa", "claims": {}, "custom_signing_key": true, "signing_algorithm": "RS256", "signing_key": pem,
    });
    let created = fixture.ok("POST", PATH, &body);
    let signed = token("rsa");
    let key = crate::keys::SigningKey::from_pem(pem).unwrap();
    assert!(key.verify(&signed).is_some() && fixture.local.key().verify(&signed).is_none());
    assert_eq!(part(&signed, 0)["alg"], "RS256");
    // Back to the instance's key.
    let own = format!("{PATH}/{}", created["id"].as_str().unwrap());
    fixture.ok("PATCH", &own, &json!({"name": "rsa", "claims": {}, "custom_signing_key": false}));
    assert!(fixture.local.key().verify(&token("rsa")).is_some());
}

fn pem(label: &str, der: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", BASE64_STANDARD.encode(der))
}

#[test]
fn templates_can_have_a_key_pair_of_their_own() {
    let fixture = Fixture::seeded();
    let session = fixture.local.sign_in("user_ada");
    let rsa = include_str!("keys/rsa-pkcs8.pem");
    let rsa_public = crate::keys::rsa_from_pem(rsa).unwrap().public_key().as_ref().to_vec();
    let mut keys: Vec<(&str, String, Vec<u8>, &'static dyn VerificationAlgorithm)> = Vec::new();
    for (algorithm, verification) in [
        ("RS256", &signature::RSA_PKCS1_2048_8192_SHA256),
        ("RS384", &signature::RSA_PKCS1_2048_8192_SHA384),
        ("RS512", &signature::RSA_PKCS1_2048_8192_SHA512),
        ("PS256", &signature::RSA_PSS_2048_8192_SHA256),
        ("PS384", &signature::RSA_PSS_2048_8192_SHA384),
        ("PS512", &signature::RSA_PSS_2048_8192_SHA512),
    ] {
        keys.push((algorithm, rsa.to_owned(), rsa_public.clone(), verification));
    }
    for (algorithm, signing, verification) in [
        ("ES256", &signature::ECDSA_P256_SHA256_FIXED_SIGNING, &signature::ECDSA_P256_SHA256_FIXED),
        ("ES384", &signature::ECDSA_P384_SHA384_FIXED_SIGNING, &signature::ECDSA_P384_SHA384_FIXED),
        ("ES512", &signature::ECDSA_P521_SHA512_FIXED_SIGNING, &signature::ECDSA_P521_SHA512_FIXED),
    ] {
        let private = EcdsaKeyPair::generate_pkcs8(signing, &SystemRandom::new()).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(signing, private.as_ref()).unwrap();
        let public = pair.public_key().as_ref().to_vec();
        keys.push((algorithm, pem("PRIVATE KEY", private.as_ref()), public.clone(), verification));
        // As OpenSSL writes it: SEC 1.
        let private: EcPrivateKeyRfc5915Der<'_> = pair.private_key().as_der().unwrap();
        keys.push((algorithm, pem("EC PRIVATE KEY", private.as_ref()), public, verification));
    }
    let private = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
    let public = Ed25519KeyPair::from_pkcs8(private.as_ref()).unwrap().public_key().as_ref().to_vec();
    keys.push(("EdDSA", pem("PRIVATE KEY", private.as_ref()), public, &signature::ED25519));

    let es256 = keys[6].1.clone();
    for (at, (algorithm, private, public, verification)) in keys.into_iter().enumerate() {
        let name = format!("own_{at}");
        fixture.ok(
            "POST",
            PATH,
            &json!({
                "name": name, "claims": {}, "custom_signing_key": true, "signing_algorithm": algorithm,
                "signing_key": private,
            }),
        );
        let path = format!("/v1/sessions/{}/tokens/{name}", session.session_id());
        let token = fixture.ok("POST", &path, &none())["jwt"].as_str().unwrap().to_owned();
        assert_eq!((&part(&token, 0)["alg"], &part(&token, 0)["kid"]), (&json!(algorithm), &none()));
        let (message, signature) = token.rsplit_once('.').unwrap();
        let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap();
        let public = UnparsedPublicKey::new(verification, public);
        public.verify(message.as_bytes(), &signature).unwrap_or_else(|_| panic!("{algorithm}"));
    }
    for (algorithm, key) in [
        ("ES384", &*es256),
        ("EdDSA", &es256),
        ("PS256", &es256),
        ("ES256", rsa),
        ("ES256", "x"),
        ("EdDSA", rsa),
    ] {
        let body = json!({
            "name": "wrong", "claims": {}, "custom_signing_key": true, "signing_algorithm": algorithm,
            "signing_key": key,
        });
        fixture.refuses("POST", PATH, &body, 422, "form_param_format_invalid", "signing_key");
    }
}

#[test]
fn templates_can_be_created_without_the_api() {
    let fixture = Fixture::seeded();
    for lifetime in [300, 90] {
        let template = fixture
            .local
            .jwt_template("hasura")
            .claims(json!({ "role": "user", "who": "{{user.id}}" }))
            .lifetime(Duration::from_secs(lifetime))
            .allowed_clock_skew(Duration::from_secs(7))
            .signing_key("HS256", "a secret that others know, too")
            .create();
        let rendered = fixture.get(&format!("{PATH}/{}", template.id));
        assert_eq!((&rendered["lifetime"], &rendered["allowed_clock_skew"]), (&json!(lifetime), &json!(7)));
    }
    assert_eq!(fixture.column(PATH, "/name"), ["hasura"]);
    let session = fixture.local.sign_in("user_ada");
    let path = format!("/v1/sessions/{}/tokens/hasura", session.session_id());
    let token = fixture.ok("POST", &path, &none())["jwt"].as_str().unwrap().to_owned();
    let claims = part(&token, 1);
    assert_eq!((&claims["role"], &claims["who"]), (&json!("user"), &json!("user_ada")));
    assert_eq!((&claims["exp"], &part(&token, 0)["alg"]), (&json!(NOW.as_secs() + 90), &json!("HS256")));
    fixture.local.jwt_template("broken").signing_key("ES256", "x").create();
    let broken = path.replace("hasura", "broken");
    fixture.refuses("POST", &broken, &none(), 422, "form_param_format_invalid", "signing_key");
}

#[test]
fn invalid_templates_are_rejected() {
    let fixture = Fixture::new();
    fixture.ok("POST", PATH, &json!({"name": "taken", "claims": {}}));
    let with = |field: &str, value: Value| {
        let mut body = json!({"name": "a", "claims": {}});
        body[field] = value;
        body
    };
    let custom = |algorithm: Value, key: Value| json!({"name": "a", "claims": {}, "custom_signing_key": true, "signing_algorithm": algorithm, "signing_key": key});
    for (body, status, code, param) in [
        (with("name", json!("")), 422, "form_param_missing", "name"),
        (with("name", json!("a b")), 422, "form_param_format_invalid", "name"),
        (with("name", json!("taken")), 422, "form_identifier_exists", "name"),
        (with("claims", none()), 422, "form_param_missing", "claims"),
        (with("claims", json!("{}")), 422, "form_param_format_invalid", "claims"),
        (with("claims", json!({"sub": "x"})), 400, "jwt_template_reserved_claim", "claims"),
        (with("claims", json!({"a": "x".repeat(20_000)})), 422, "form_param_format_invalid", "claims"),
        (with("lifetime", json!(29)), 422, "form_param_format_invalid", "lifetime"),
        (with("lifetime", json!(315_360_001)), 422, "form_param_format_invalid", "lifetime"),
        (with("allowed_clock_skew", json!(301)), 422, "form_param_format_invalid", "allowed_clock_skew"),
        (custom(none(), json!("x")), 422, "form_param_missing", "signing_algorithm"),
        (custom(json!("none"), json!("x")), 422, "form_param_format_invalid", "signing_algorithm"),
        (custom(json!("HS256"), none()), 422, "form_param_missing", "signing_key"),
        (custom(json!("RS256"), json!("x")), 422, "form_param_format_invalid", "signing_key"),
    ] {
        fixture.refuses("POST", PATH, &body, status, code, param);
    }
}

#[test]
fn redirect_urls_are_created_and_deleted() {
    let fixture = Fixture::new();
    let path = "/v1/redirect_urls";
    let created = fixture.ok("POST", path, &json!({"url": "my-app://callback"}));
    has_fields(&created, &["object", "id", "url", "created_at", "updated_at"]);
    let own = format!("{path}/{}", created["id"].as_str().unwrap());
    assert_eq!(fixture.get(&own), created);
    fixture.ok("POST", path, &json!({"url": "https://app.example.com/callback"}));
    assert_eq!(fixture.column(path, "/url"), ["https://app.example.com/callback", "my-app://callback"]);
    for (body, code) in [
        (json!({}), "form_param_missing"),
        (json!({"url": "callback"}), "form_param_format_invalid"),
        (json!({"url": "mailto:a@b"}), "form_param_format_invalid"),
        (json!({"url": "my-app://callback"}), "form_identifier_exists"),
    ] {
        fixture.refuses("POST", path, &body, 422, code, "url");
    }
    assert_eq!(fixture.ok("DELETE", &own, &none())["deleted"], true);
    fixture.refuses("DELETE", &own, &none(), 404, "resource_not_found", "");
}
