//! Tests of tokens and keys.

use std::time::Duration;

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::{Fixture, none};

fn bytes(encoded: &str) -> Vec<u8> {
    BASE64_URL_SAFE_NO_PAD.decode(encoded).unwrap()
}

/// Verifies a token against the keys that the instance serves, and returns header and claims.
fn verify(fixture: &Fixture, token: &str) -> Option<(Value, Value)> {
    let (message, signature) = token.rsplit_once('.').unwrap();
    let (header, claims) = message.split_once('.').unwrap();
    let header: Value = serde_json::from_slice(&bytes(header)).unwrap();
    let keys = fixture.get("/v1/jwks");
    let key = keys["keys"].as_array().unwrap().iter().find(|key| key["kid"] == header["kid"])?;
    for (field, expected) in [("kty", "RSA"), ("alg", "RS256"), ("use", "sig")] {
        assert_eq!(key[field], expected);
    }
    let (n, e) = (bytes(key["n"].as_str().unwrap()), bytes(key["e"].as_str().unwrap()));
    assert_eq!(n.len(), 256);
    RsaPublicKeyComponents { n, e }
        .verify(&RSA_PKCS1_2048_8192_SHA256, message.as_bytes(), &bytes(signature))
        .ok()?;
    Some((header, serde_json::from_slice(&bytes(claims)).unwrap()))
}

/// Returns the permissions of a token, decoded as its readers have to.
fn permissions(claims: &Value) -> Vec<String> {
    let features = claims["fea"].as_str().unwrap_or_default().split(',');
    let features: Vec<_> = features.filter_map(|item| item.trim().strip_prefix("o:")).collect();
    let names: Vec<_> = claims["o"]["per"].as_str().unwrap_or_default().split(',').collect();
    let masks = claims["o"]["fpm"].as_str().unwrap_or_default().split(',');
    let mut permissions = Vec::new();
    for (feature, mask) in features.iter().zip(masks) {
        let mask: u128 = mask.parse().unwrap();
        for (bit, name) in names.iter().enumerate() {
            if mask >> bit & 1 == 1 {
                permissions.push(format!("org:{feature}:{name}"));
            }
        }
    }
    permissions
}

#[test]
fn tokens_verify_against_the_served_keys() {
    let fixture = Fixture::seeded();
    let session = fixture.local.sign_in("user_ada").organization("org_acme");
    let (header, claims) = verify(&fixture, &session.token()).unwrap();
    let expected =
        json!({"alg": "RS256", "cat": "cl_B7d4PD111AAA", "kid": fixture.local.key_id(), "typ": "JWT"});
    assert_eq!(header, expected);
    assert!(fixture.local.key_id().starts_with("ins_"));
    let jti = claims["jti"].as_str().unwrap();
    assert_eq!(
        claims,
        json!({
            "exp": 1_700_000_060, "iat": 1_700_000_000, "nbf": 1_699_999_990, "fva": [0, -1],
            "iss": fixture.local.issuer(), "jti": jti, "sid": session.session_id(), "sub": "user_ada",
            "sts": "active", "v": 2, "fea": "o:users,o:reports",
            "o": {"id": "org_acme", "slg": "acme", "rol": "admin", "per": "manage,read", "fpm": "3,3"},
        })
    );
    // The same session, through the Backend API.
    let path = format!("/v1/sessions/{}/tokens", session.session_id());
    let response = fixture.ok("POST", &path, &json!({"expires_in_seconds": 90}));
    assert_eq!(response["object"], "token");
    let (_, claims) = verify(&fixture, response["jwt"].as_str().unwrap()).unwrap();
    assert_eq!((&claims["exp"], &claims["o"]["rol"]), (&json!(1_700_000_090), &json!("admin")));
    for bad in [29, 315_360_001] {
        let body = json!({ "expires_in_seconds": bad });
        fixture.refuses("POST", &path, &body, 422, "form_param_format_invalid", "expires_in_seconds");
    }
    fixture.refuses("POST", &format!("{path}/template"), &none(), 404, "resource_not_found", "");
}

#[test]
fn permissions_in_a_token_are_those_of_the_role() {
    let fixture = Fixture::new();
    let ada = fixture.person("ada");
    let all: Vec<String> = (0..70).map(|n| format!("org:f{}:p{n}", n % 4)).collect();
    let some = ["org:dashboard:manage", "org:dashboard:read", "org:teams:read"].map(str::to_owned).to_vec();
    let system = vec!["org:sys_profile:manage".to_owned()];
    for wanted in [all, some, system, Vec::new()] {
        let acme = fixture.local.organization("Acme").role("org:admin", wanted.clone()).create();
        fixture.local.add_member(&acme, &ada, "org:admin");
        let (_, claims) = verify(&fixture, &fixture.local.sign_in(&ada).organization(&acme).token()).unwrap();
        let mut decoded = permissions(&claims);
        let mut expected = wanted;
        // Clerk's system permissions are not in tokens.
        expected.retain(|permission| !permission.starts_with("org:sys_"));
        if expected.is_empty() {
            assert_eq!((claims.get("fea"), claims["o"].get("per")), (None, None));
        }
        decoded.sort();
        expected.sort();
        assert_eq!(decoded, expected);
    }
}

#[test]
fn session_handles_customize_their_tokens() {
    let fixture = Fixture::new();
    let (ada, acme) = (fixture.person("ada"), fixture.acme());
    let session = fixture
        .local
        .sign_in(&ada)
        .pending()
        // Not a member.
        .organization(&acme)
        .authorized_party("https://app.example.com")
        .factor_ages(5, 7)
        .lifetime(Duration::from_secs(3600))
        .claim("plan", "gold")
        .claim("sts", "odd");
    let (_, claims) = verify(&fixture, &session.token()).unwrap();
    assert_eq!(claims["azp"], "https://app.example.com");
    assert_eq!(claims["fva"], json!([5, 7]));
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 3600);
    assert_eq!((&claims["plan"], &claims["sts"], claims.get("o")), (&json!("gold"), &json!("odd"), None));
    assert_eq!(session.user_id(), &ada.id);
    let (_, claims) = verify(&fixture, &fixture.local.sign_in("user_nobody").pending().token()).unwrap();
    assert_eq!((&claims["sub"], &claims["sts"]), (&json!("user_nobody"), &json!("pending")));
}

#[test]
fn rotated_keys_are_no_longer_served() {
    let fixture = Fixture::seeded();
    let session = fixture.local.sign_in("user_ada");
    let old = session.token();
    assert!(verify(&fixture, &old).is_some());
    fixture.local.rotate_keys();
    assert!(verify(&fixture, &old).is_none());
    assert!(verify(&fixture, &session.token()).is_some());
}

#[test]
fn unusual_tokens_can_be_signed() {
    let fixture = Fixture::new();
    let token = fixture.local.sign_claims(&json!({"typ": "at+jwt", "kid": null}), &json!({"sub": 1}));
    let head: Value = serde_json::from_slice(&bytes(token.split('.').next().unwrap())).unwrap();
    assert_eq!(head, json!({"alg": "RS256", "typ": "at+jwt"}));
    let (_, claims) = verify(&fixture, &fixture.local.sign_claims(&none(), &json!({"sub": 1}))).unwrap();
    assert_eq!(claims, json!({"sub": 1}));
}
