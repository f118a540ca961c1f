//! Tests that the caches' memory bounds count what is allocated. A program of its own: the allocator counts everything
//! in it, so nothing else may run.

#![recursion_limit = "256"]

use std::{alloc::System, convert::Infallible, sync::Arc};

use bytes::Bytes;
use cap::Cap;
use clerk_core::{
    Operation,
    api::{api_keys, jwks, organization_memberships, organizations, users},
    credential::NeedsSecretKey,
    model::HasPrivate,
    page::Paged,
};
use clerk_tests::{Instance, responses};
use clerk_tower::client::cache::Cacheable;
use http::{Method, Request, Response};
use http_body_util::Full;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use tower::service_fn;

#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, usize::MAX);

/// Metadata of 8 KB that takes far more memory once it is parsed: end users can write it.
fn hostile() -> [(&'static str, String); 4] {
    let list = |item: &str| format!("{{\"a\":[{}]}}", vec![item; 8192 / (item.len() + 1)].join(","));
    [
        ("objects", list("{\"\":0}")),
        ("numbers", list("0")),
        ("lists", list("[]")),
        ("nothing", "{}".to_owned()),
    ]
}

/// Decodes a response that can be cached, and returns what the value counts as its memory and what it takes.
struct Weigh(Bytes);

impl responses::Read for Weigh {
    type Found = Option<(usize, usize)>;

    fn read<O>(&self, _: &O) -> Self::Found
    where
        O: Operation<Output: HasPrivate + Serialize + DeserializeOwned + PartialEq>,
    {
        if O::INFO.method != Method::GET {
            return None;
        }
        let before = ALLOCATOR.allocated();
        let value: O::Output = serde_json::from_slice(&self.0).unwrap();
        Some((O::memory(&value, self.0.len()), size_of_val(&value) + ALLOCATOR.allocated() - before))
    }
}

fn every_response_counts_what_it_has_allocated() {
    let samples: Vec<Value> = serde_json::from_str(include_str!("../samples/responses.json")).unwrap();
    assert!(samples.len() > 50);
    for sample in samples {
        let weigh = Weigh(sample["response"].to_string().into());
        for operation in sample["operations"].as_array().unwrap() {
            let operation = operation.as_str().unwrap();
            let Some((counted, allocated)) = responses::read(operation, &weigh) else { continue };
            let difference = counted.abs_diff(allocated);
            assert!(difference * 20 <= allocated, "{operation}: {counted} counted, {allocated} allocated");
        }
    }
}

/// A user as Clerk returns it, with an address, a phone number, an account and 2 KB of metadata.
fn ada() -> String {
    let verification = |strategy: &str| {
        json!({
            "object": "verification_otp", "status": "verified", "strategy": strategy, "attempts": 1,
            "expire_at": 1_700_000_600_000_i64, "verified_at_client": "client_29w83sxmDNGwOuEthce5gg56FcC",
        })
    };
    let (created, updated) = (1_700_000_000_000_i64, 1_700_000_000_123_i64);
    let image =
        "https://img.clerk.com/eyJ0eXBlIjoicHJveHkiLCJzcmMiOiJodHRwczovL2ltYWdlcy5jbGVyay5kZXYvb2F1dGgifQ";
    let user = json!({
        "id": "{id}", "object": "user", "username": null, "first_name": "Ada", "last_name": "Lovelace",
        "locale": "en-GB", "image_url": image, "profile_image_url": image, "has_image": true, "external_id": "crm-1",
        "primary_email_address_id": "idn_29w83sxmDNGwOuEthce5gg56FcC", "primary_web3_wallet_id": null,
        "primary_phone_number_id": "idn_39w83sxmDNGwOuEthce5gg56FcC",
        "password_enabled": true, "two_factor_enabled": false, "totp_enabled": false, "backup_code_enabled": false,
        "email_addresses": [{
            "id": "idn_29w83sxmDNGwOuEthce5gg56FcC", "object": "email_address",
            "email_address": "ada@example.com", "reserved": false, "verification": verification("from_oauth_google"),
            "linked_to": [{"type": "oauth_google", "id": "idn_49w83sxmDNGwOuEthce5gg56FcC"}],
            "matches_sso_connection": false, "created_at": created, "updated_at": updated,
        }],
        "phone_numbers": [{
            "id": "idn_39w83sxmDNGwOuEthce5gg56FcC", "object": "phone_number", "phone_number": "+15555550100",
            "reserved_for_second_factor": false, "default_second_factor": false, "reserved": false,
            "verification": verification("phone_code"), "linked_to": [], "backup_codes": null,
            "created_at": created, "updated_at": updated,
        }],
        "web3_wallets": [], "passkeys": [], "saml_accounts": [], "enterprise_accounts": [],
        "external_accounts": [{
            "object": "google_account", "id": "idn_49w83sxmDNGwOuEthce5gg56FcC", "provider": "oauth_google",
            "identification_id": "idn_49w83sxmDNGwOuEthce5gg56FcC", "provider_user_id": "103492834092834098234",
            "approved_scopes": "email https://www.googleapis.com/auth/userinfo.email openid profile",
            "email_address": "ada@example.com", "first_name": "Ada", "last_name": "Lovelace",
            "avatar_url": image, "image_url": image, "username": null, "public_metadata": {}, "label": null,
            "created_at": created, "updated_at": updated, "verification": verification("oauth_google"),
        }],
        "public_metadata": {"notes": "n".repeat(2048)}, "private_metadata": {"crm": {"owner": "sales"}},
        "unsafe_metadata": {}, "last_sign_in_at": created, "banned": false, "locked": false,
        "lockout_expires_in_seconds": null, "verification_attempts_remaining": 100, "created_at": created,
        "updated_at": updated, "delete_self_enabled": true, "create_organization_enabled": true,
        "last_active_at": created, "mfa_enabled_at": null, "mfa_disabled_at": null, "legal_accepted_at": null,
    });
    user.to_string()
}

/// What the cache contains.
struct Filled {
    entries: u64,
    allocated: usize,
}

/// Fills the response cache with what `operation` gets for each number, and compares what is allocated with what is
/// counted. `{id}` in the body is the ID that is asked for.
async fn check<O>(shape: &str, calls: u32, body: String, operation: impl Fn(u32) -> O) -> Filled
where
    O: Operation<Output: Send + Sync + 'static, Credential = NeedsSecretKey> + Cacheable,
{
    let instance = Instance::new();
    let body = Arc::<str>::from(body);
    let transport = service_fn(move |request: Request<Bytes>| {
        let id = request.uri().path().rsplit('/').next().unwrap_or_default();
        let body = body.replacen("{id}", id, 1);
        async move { Ok::<_, Infallible>(Response::new(Full::new(Bytes::from(body)))) }
    });
    let clerk = instance.builder().transport(transport).build().unwrap();
    clerk.cached(users::get("user_warm")).await.ok();
    let before = (ALLOCATOR.allocated(), clerk.cache().stats().bytes);
    for number in 0..calls {
        clerk.cached(operation(number)).await.unwrap();
    }
    let stats = clerk.cache().stats();
    let (allocated, counted) =
        (ALLOCATOR.allocated() - before.0, usize::try_from(stats.bytes - before.1).unwrap());
    println!("{shape}: {} entries, {counted} bytes counted, {allocated} allocated", stats.entries);
    assert!(stats.bytes <= 32 * 1024 * 1024, "{shape}");
    assert!(allocated * 2 <= counted * 3, "{shape}: {allocated} bytes for {counted}");
    assert!(counted <= allocated * 2, "{shape}: {allocated} bytes for {counted}");
    Filled { entries: stats.entries, allocated }
}

#[tokio::test]
async fn the_response_cache_counts_what_is_allocated() {
    every_response_counts_what_it_has_allocated();

    for (shape, metadata) in hostile() {
        let body = format!(r#"{{"id":"{{id}}","banned":false,"locked":false,"unsafe_metadata":{metadata}}}"#);
        let filled = check(shape, 6000, body, |number| users::get(format!("user_{number}"))).await;
        assert!(filled.entries > 1000, "{shape}: {}", filled.entries);
    }

    let user = ada();
    let json = user.len();
    let filled = check("whole users", 2000, user, |number| users::get(format!("user_{number}"))).await;
    assert!(filled.entries >= 2000, "{} entries", filled.entries);
    assert!(
        filled.allocated * 10 <= json * 2000 * 13,
        "{} bytes for {json} of JSON",
        filled.allocated / 2000
    );

    // Elements that take far more memory than text.
    let list = |item: &str, count: usize| format!("[{}]", vec![item; count].join(","));
    let user = r#"{"id":"a","banned":false,"locked":false}"#;
    let key = r#"{"id":"a","subject":"b","revoked":false,"expired":false"#;
    check("users", 600, list(user, 100), |number| users::list().offset(number)).await;
    check("users, one by one", 600, list(user, 100), |number| users::list().offset(number).elements()).await;
    check("organizations", 600, list(r#"{"id":"a"}"#, 100), |number| organizations::list().offset(number))
        .await;
    let membership = r#"{"id":"a","organization":{"id":"b"}}"#;
    check("memberships", 600, list(membership, 100), |number| {
        organization_memberships::list("org_1").offset(number)
    })
    .await;
    let addresses = list(r#"{"id":"a"}"#, 200);
    let body = format!(r#"{{"id":"{{id}}","banned":false,"locked":false,"email_addresses":{addresses}}}"#);
    let page = list(&body, 10);
    check("addresses", 2000, body, |number| users::get(format!("user_{number}"))).await;
    check("addresses, one by one", 200, page, |number| users::list().offset(number).elements()).await;
    let scoped = list(&format!("{key},\"scopes\":{}}}", list("\"\"", 100)), 10);
    check("scopes", 600, format!("{{\"data\":{scoped}}}"), |number| api_keys::list("user_1").offset(number))
        .await;
    let short = || vec!["a"; 100];
    check("short filters", 2000, "[]".to_owned(), |number| users::list().offset(number).user_id(short()))
        .await;
    check("keys", 1, format!("{{\"keys\":{}}}", list(r#"{"kid":"a"}"#, 10_000)), |_| jwks::get_jwks()).await;
}
