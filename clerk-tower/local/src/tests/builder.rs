//! Tests of keys and addresses that are set.

use std::{io, net::SocketAddr};

use clerk_core::keys::PublishableKey;
use serde_json::Value;

use super::{Fixture, save::Directory};
use crate::{LocalClerk, LocalClerkBuilder};

/// A private key that `openssl genpkey` made.
const PKCS8: &str = include_str!("keys/rsa-pkcs8.pem");
/// The same one as `openssl rsa -traditional` writes it.
const PKCS1: &str = include_str!("keys/rsa-pkcs1.pem");
/// A private key for another algorithm.
const EC: &str = include_str!("keys/ec.pem");

const SECRET: &str = "sk_test_e2e";
const WEBHOOK_SECRET: &str = "whsec_c2VjcmV0";
/// `127.0.0.1:4010$` in base64.
const PUBLISHABLE: &str = "pk_test_MTI3LjAuMC4xOjQwMTAk";

fn keys(builder: LocalClerkBuilder) -> LocalClerkBuilder {
    builder.secret_key(SECRET).publishable_key(PUBLISHABLE).webhook_secret(WEBHOOK_SECRET).jwt_key(PKCS8)
}

#[track_caller]
fn has_keys(local: &LocalClerk) {
    assert_eq!(local.secret_key().expose(), SECRET);
    assert_eq!(local.publishable_key().as_str(), PUBLISHABLE);
    assert_eq!(local.expose_webhook_secret(), WEBHOOK_SECRET);
    assert_eq!(local.issuer(), "http://127.0.0.1:4010");
    assert_eq!(local.jwt_key().trim(), include_str!("keys/rsa-public.pem").trim());
}

#[test]
fn keys_can_be_given() {
    let fixture = Fixture::with(keys);
    has_keys(&fixture.local);
    fixture.get("/users");
    let other = LocalClerk::builder().jwt_key(PKCS1).build().unwrap();
    assert_eq!((other.jwks(), other.jwt_key()), (fixture.local.jwks(), fixture.local.jwt_key()));
    let jwks: Value = serde_json::from_str(&other.jwks()).unwrap();
    assert_eq!(jwks["keys"][0]["kid"], other.key_id());
}

#[test]
fn keys_that_are_set_win_over_those_of_a_file() {
    let directory = Directory::new();
    let path = directory.0.join("clerk.json");
    let before = LocalClerk::seeded();
    before.save(&path).unwrap();
    let fixture = Fixture::with(|builder| keys(builder).load(&path));
    has_keys(&fixture.local);
    assert_eq!(fixture.get("/users/user_ada")["first_name"], "Ada");

    let same = LocalClerk::load(&path).unwrap();
    assert_eq!(same.secret_key().expose(), before.secret_key().expose());
    assert_eq!((same.key_id(), same.issuer()), (before.key_id(), before.issuer()));
}

#[test]
fn invalid_keys_are_named_and_not_repeated() {
    let build = LocalClerk::builder;
    for (builder, expected) in [
        (build().secret_key("hunter2"), "secret_key: "),
        (build().secret_key("sk_live_hunter2"), "secret_key: this is a live key"),
        (build().publishable_key("hunter2"), "publishable_key: "),
        (build().publishable_key("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k"), "publishable_key: this is a live key"),
        (build().webhook_secret("hunter2!"), "webhook_secret: "),
        (build().jwt_key("hunter2"), "jwt_key: not a private key in PEM format"),
        (build().jwt_key(EC), "jwt_key: not an RSA"),
        (build().jwt_key("").secret_key("later"), "jwt_key: "),
    ] {
        let error = builder.build().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        let message = error.to_string();
        assert!(message.starts_with(expected) && !message.contains("hunter2"), "{message}");
    }
}

#[tokio::test]
async fn the_publishable_key_names_the_address() {
    let (fixture, server) = Fixture::served().await;
    let (local, address) = (&fixture.local, server.addr().to_string());
    assert_eq!(local.publishable_key().frontend_api(), address);
    assert_eq!(local.issuer(), format!("http://{address}"));
    assert!(fixture.get("/users/user_ada")["image_url"].as_str().unwrap().starts_with(local.issuer()));

    let explicit =
        LocalClerk::builder().publishable_key(PUBLISHABLE).serve(([127, 0, 0, 1], 0)).await.unwrap();
    assert_eq!(explicit.local().publishable_key().as_str(), PUBLISHABLE);

    let in_memory = LocalClerk::new();
    assert!(in_memory.publishable_key().frontend_api().ends_with(".invalid"));
}

#[tokio::test]
async fn a_file_moves_to_another_port_with_its_keys() {
    let directory = Directory::new();
    let path = directory.0.join("clerk.json");
    let (fixture, server) = Fixture::served().await;
    fixture.local.save(&path).unwrap();
    let again = LocalClerk::builder().load(&path).serve(([127, 0, 0, 1], 0)).await.unwrap();
    assert_ne!(again.addr(), server.addr());
    assert_eq!(again.local().publishable_key().frontend_api(), again.addr().to_string());
    assert_eq!(again.local().secret_key().expose(), fixture.local.secret_key().expose());
}

#[tokio::test]
async fn other_addresses_than_loopback_need_a_word() {
    let all: SocketAddr = "0.0.0.0:0".parse().unwrap();
    let error = LocalClerk::builder().serve(all).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    assert!(error.to_string().contains("loopback"), "{error}");

    let server = LocalClerk::builder().insecure_any_address().serve(all).await.unwrap();
    let here = format!("127.0.0.1:{}", server.addr().port());
    assert_eq!(server.api_url(), format!("http://{here}"));
    assert_eq!(server.local().publishable_key().frontend_api(), here);
}

#[tokio::test]
async fn an_ipv6_address_needs_a_publishable_key_of_its_own() {
    let loopback: SocketAddr = "[::1]:0".parse().unwrap();
    match LocalClerk::builder().serve(loopback).await {
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
            assert!(error.to_string().contains("publishable key"), "{error}");
            let key: PublishableKey = PUBLISHABLE.parse().unwrap();
            LocalClerk::builder().publishable_key(key).serve(loopback).await.unwrap().shutdown().await;
        }
        // This computer has no IPv6.
        result => assert!(result.is_err()),
    }
}
