//! The cost of decoding a response, building a request and verifying a webhook delivery.
//!
//! A page of 500 users is decoded into typed values and, for comparison, into `serde_json::Value`. A webhook delivery is
//! verified and, for comparison, its signature alone with aws-lc-rs.

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark may panic")]

use std::hint::black_box;

use aws_lc_rs::hmac;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use clerk_core::{Operation as _, Timestamp, api::users, webhook::Verifier};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use http::Response;
use serde_json::{Value, json};

const USERS: usize = 500;

/// A user as Clerk serializes it: with an email address, a Google account, and all the fields that are `null`.
fn user(number: usize) -> Value {
    let id = format!("29w83sxmDNGwOuEthce5gg{number:05}");
    let verification = |strategy: &str| {
        json!({
            "object": "verification_otp", "status": "verified", "strategy": strategy, "attempts": 1,
            "expire_at": 1_700_000_600_000_i64, "verified_at_client": format!("client_{id}"),
        })
    };
    json!({
        "id": format!("user_{id}"),
        "object": "user",
        "username": null,
        "first_name": "Ada",
        "last_name": format!("Lovelace {number}"),
        "locale": "en-GB",
        "image_url": format!("https://img.clerk.com/eyJ0eXBlIjoicHJveHkiLCJzcmMiOiJodHRwczovL{id}"),
        "has_image": true,
        "primary_email_address_id": format!("idn_{id}"),
        "primary_phone_number_id": null,
        "primary_web3_wallet_id": null,
        "password_enabled": true,
        "two_factor_enabled": false,
        "totp_enabled": false,
        "backup_code_enabled": false,
        "email_addresses": [{
            "id": format!("idn_{id}"),
            "object": "email_address",
            "email_address": format!("ada.{number}@example.com"),
            "reserved": false,
            "verification": verification("from_oauth_google"),
            "linked_to": [{"type": "oauth_google", "id": format!("idn_2{id}")}],
            "matches_sso_connection": false,
            "created_at": 1_700_000_000_000_i64,
            "updated_at": 1_700_000_000_123_i64,
        }],
        "phone_numbers": [],
        "web3_wallets": [],
        "passkeys": [],
        "external_accounts": [{
            "object": "google_account",
            "id": format!("idn_2{id}"),
            "provider": "oauth_google",
            "identification_id": format!("idn_2{id}"),
            "provider_user_id": "103492834092834098234",
            "approved_scopes": "email https://www.googleapis.com/auth/userinfo.email openid profile",
            "email_address": format!("ada.{number}@example.com"),
            "first_name": "Ada",
            "last_name": format!("Lovelace {number}"),
            "avatar_url": "https://lh3.googleusercontent.com/a/ACg8ocKx",
            "image_url": format!("https://img.clerk.com/eyJ0eXBlIjoicHJveHkiLCJzcmMiOiJodHRwczovL{id}"),
            "username": null,
            "public_metadata": {},
            "label": null,
            "created_at": 1_700_000_000_000_i64,
            "updated_at": 1_700_000_000_123_i64,
            "verification": verification("oauth_google"),
        }],
        "saml_accounts": [],
        "enterprise_accounts": [],
        "public_metadata": {"tier": "gold", "onboarded": true},
        "private_metadata": {"crm": {"id": number, "owner": "sales"}},
        "unsafe_metadata": {},
        "external_id": format!("crm-{number}"),
        "last_sign_in_at": 1_700_000_000_000_i64,
        "banned": false,
        "locked": false,
        "lockout_expires_in_seconds": null,
        "verification_attempts_remaining": 100,
        "created_at": 1_700_000_000_000_i64,
        "updated_at": 1_700_000_000_123_i64,
        "delete_self_enabled": true,
        "create_organization_enabled": true,
        "last_active_at": 1_700_000_000_000_i64,
        "mfa_enabled_at": null,
        "mfa_disabled_at": null,
        "legal_accepted_at": null,
    })
}

fn decode(criterion: &mut Criterion) {
    let users: Vec<Value> = (0..USERS).map(user).collect();
    let body = Bytes::from(json!({"data": users, "total_count": USERS}).to_string());
    let response = Response::new(body.clone());

    let mut group = criterion.benchmark_group("500 users");
    group.throughput(Throughput::Bytes(body.len() as u64));
    group.bench_function("as users", |bencher| {
        bencher.iter(|| users::list().decode(black_box(&response)).unwrap());
    });
    group.bench_function("as a JSON value", |bencher| {
        bencher.iter(|| serde_json::from_slice::<Value>(black_box(&body)).unwrap());
    });
    group.finish();
}

fn build(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("request");
    group.bench_function("list with filters", |bencher| {
        bencher.iter(|| {
            let operation = users::list()
                .email_address([black_box("ada@example.com"), "grace@example.com"])
                .query("lovelace & co")
                .limit(100)
                .offset(200);
            operation.request().unwrap()
        });
    });
    group.bench_function("update with a body", |bencher| {
        bencher.iter(|| {
            let operation = users::update(black_box("user_29w83sxmDNGwOuEthce5gg56FcC"))
                .first_name("Ada")
                .last_name("Lovelace")
                .external_id("crm-1");
            operation.request().unwrap()
        });
    });
    group.finish();
}

fn webhook(criterion: &mut Criterion) {
    let secret = BASE64_STANDARD.encode([7; 24]);
    let verifier = Verifier::new(format!("whsec_{secret}").parse().unwrap());
    let other = Verifier::new(format!("whsec_{}", BASE64_STANDARD.encode([8; 24])).parse().unwrap());
    let body = json!({
        "data": user(1), "object": "event", "type": "user.updated", "timestamp": 1_700_000_000_000_i64,
        "instance_id": "ins_29w83sxmDNGwOuEthce5gg56FcC",
    })
    .to_string();
    let now = Timestamp::from_secs(1_700_000_000);
    let id = "msg_29w83sxmDNGwOuEthce5gg56FcC";
    let headers = verifier.sign(id, now, body.as_bytes());

    let key = hmac::Key::new(hmac::HMAC_SHA256, &[7; 24]);
    let signed = format!("{id}.{}.{body}", now.as_secs());
    let tag = hmac::sign(&key, signed.as_bytes());

    let mut group = criterion.benchmark_group("webhook");
    group.throughput(Throughput::Bytes(body.len() as u64));
    group.bench_function("verify", |bencher| {
        bencher.iter(|| verifier.verify(black_box(&headers), black_box(body.as_bytes()), now).unwrap());
    });
    group.bench_function("reject another secret's signature", |bencher| {
        bencher.iter(|| other.verify(black_box(&headers), black_box(body.as_bytes()), now).unwrap_err());
    });
    group.bench_function("aws-lc-rs alone", |bencher| {
        bencher.iter(|| hmac::verify(&key, black_box(signed.as_bytes()), black_box(tag.as_ref())).unwrap());
    });
    group.finish();
}

criterion_group!(benches, decode, build, webhook);
criterion_main!(benches);
