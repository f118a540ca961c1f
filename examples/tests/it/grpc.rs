//! The stack of the gRPC example, asked by a gRPC client: which status each visitor is told.

use clerk_local::LocalClerk;
use clerk_tower::{Clerk, server::authenticate::AuthenticateLayer, server::require::RequireLayer};
use tokio::net::TcpListener;
use tonic::{
    Code, Request,
    transport::{Channel, Server, server::TcpIncoming},
};
use tonic_health::{
    ServingStatus,
    pb::{HealthCheckRequest, health_client::HealthClient},
};
use tower::ServiceBuilder;

/// Serves the health service to those who may read reports.
async fn serve(local: &LocalClerk) -> HealthClient<Channel> {
    let key = local.secret_key().expose();
    let clerk = Clerk::builder().secret_key(key).transport(local.clone()).max_attempts(1).build().unwrap();
    let layers = ServiceBuilder::new()
        .layer(AuthenticateLayer::new(&clerk))
        .layer(RequireLayer::permission("org:reports:read"))
        .into_inner();
    let (reporter, health) = tonic_health::server::health_reporter();
    reporter.set_service_status("reports", ServingStatus::Serving).await;
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let server = Server::builder().layer(layers).add_service(health);
    tokio::spawn(server.serve_with_incoming(TcpIncoming::from(listener)));
    HealthClient::new(Channel::from_shared(address).unwrap().connect().await.unwrap())
}

fn request(token: &str) -> Request<HealthCheckRequest> {
    let mut request = Request::new(HealthCheckRequest { service: "reports".to_owned() });
    if !token.is_empty() {
        request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    }
    request
}

/// What becomes of one answer, and of a stream of them.
async fn codes(client: &mut HealthClient<Channel>, token: &str) -> [Code; 2] {
    let check = client.check(request(token)).await.map(drop);
    let watch = client.watch(request(token)).await.map(drop);
    [check, watch].map(|answer| answer.map_or_else(|status| status.code(), |()| Code::Ok))
}

#[tokio::test]
async fn every_visitor_is_told_a_status() {
    let local = LocalClerk::seeded();
    let mut client = serve(&local).await;
    let grace = local.sign_in("user_grace").organization("org_acme").token();
    for (who, token, code) in [
        ("nobody", "", Code::Unauthenticated),
        ("a stranger", "garbage", Code::Unauthenticated),
        (
            "somebody of another instance",
            &LocalClerk::seeded().sign_in("user_grace").token(),
            Code::Unauthenticated,
        ),
        ("Grace", &grace, Code::Ok),
        ("Grace, for nobody but herself", &local.sign_in("user_grace").token(), Code::PermissionDenied),
        ("Alan, who is no member", &local.sign_in("user_alan").token(), Code::PermissionDenied),
    ] {
        assert_eq!(codes(&mut client, token).await, [code; 2], "{who}");
    }
}

#[tokio::test]
async fn what_is_undecided_is_unavailable() {
    let local = LocalClerk::seeded();
    let mut client = serve(&local).await;
    local.set_jwks_down(true);
    let grace = local.sign_in("user_grace").organization("org_acme").token();
    assert_eq!(codes(&mut client, &grace).await, [Code::Unavailable; 2]);
    assert_eq!(codes(&mut client, "").await, [Code::Unauthenticated; 2]);
}
