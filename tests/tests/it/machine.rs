//! Tests of a service that is a machine and accepts calls from other machines.

use axum::{Router, routing::get as on_get};
use clerk_axum::{Auth, ClerkLayer, Rejection};
use clerk_core::token::TokenKind;
use clerk_tests::{
    Instance,
    fault::{Fault, FaultServer, http_response},
    get, serve,
    tokens::claims,
};
use clerk_tower::MachineClerk;
use serde_json::json;

const KEY: &str = "ak_mAcHiNeKeY";

async fn start(machine: &MachineClerk) -> std::net::SocketAddr {
    async fn caller(auth: Auth) -> Result<String, Rejection> {
        Ok(auth.require_machine(TokenKind::M2m)?.subject().to_owned())
    }
    serve(Router::new().route("/", on_get(caller)).layer(ClerkLayer::for_machine(machine).unwrap())).await
}

/// Starts a server that declares every token valid.
async fn clerk(instance: &Instance) -> FaultServer {
    let token = json!({"id": "mt_1", "subject": "mch_1", "revoked": false, "expired": false});
    let headers = "content-type: application/json\r\nconnection: close\r\n";
    let fault = Fault::Close(http_response("200 OK", headers, &token.to_string()));
    FaultServer::with_keys(instance, fault).await
}

#[tokio::test]
async fn opaque_tokens_are_verified_with_the_machines_key() {
    let instance = Instance::new();
    let server = clerk(&instance).await;
    let builder = || instance.builder().api_url(server.api_url()).machine_secret_key(KEY);
    for machine in [builder().build_machine().unwrap(), builder().build().unwrap().as_machine().unwrap()] {
        let address = start(&machine).await;
        let before = server.heads().len();
        assert_eq!(get(address, "/", "mt_0123456789").await.summary(), (200, "mch_1".to_owned()));
        let heads = server.heads().split_off(before);
        assert_eq!(heads.len(), 1);
        assert!(heads[0].starts_with("POST /v1/m2m_tokens/verify "), "{heads:?}");
        assert!(heads[0].contains(&format!("authorization: Bearer {KEY}")), "{heads:?}");
        // Other kinds of credentials are ignored.
        for (token, code) in [
            ("", "no-token-in-header"),
            ("ak_0123456789", "token-type-mismatch"),
            ("oat_0123456789", "token-type-mismatch"),
            (&*instance.ada(), "token-type-mismatch"),
        ] {
            let response = get(address, "/", token).await;
            assert_eq!((response.status.as_u16(), &*response.code()), (401, code), "{token}");
        }
        assert_eq!(server.heads().len(), before + 1);
    }
}

#[tokio::test]
async fn tokens_in_jwt_form_need_the_instances_keys() {
    let instance = Instance::new();
    let server = clerk(&instance).await;
    let token = instance.local.sign_claims(&json!({"cat": null}), &claims(&json!({"sub": "mch_2"})));
    let builder = || instance.builder().api_url(server.api_url()).machine_secret_key(KEY);

    let both = builder().build().unwrap().as_machine().unwrap();
    assert_eq!(get(start(&both).await, "/", &token).await.summary(), (200, "mch_2".to_owned()));
    let keys = server.heads().len();
    assert_eq!(keys, 1);

    let alone = builder().build_machine().unwrap();
    let address = start(&alone).await;
    for _ in 0..3 {
        let response = get(address, "/", &token).await;
        assert_eq!(response.summary(), (503, "clerk-unavailable".to_owned()));
    }
    assert_eq!(server.heads().len(), keys, "no call without a key");
}
