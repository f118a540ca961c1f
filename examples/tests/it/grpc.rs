//! The layers of the gRPC example with a gRPC client: which status each caller gets.

use clerk_local::{Fault, LocalClerk};
use clerk_tower::{
    Clerk,
    server::{
        authenticate::{Auth, AuthenticateLayer},
        require::RequireLayer,
    },
};
use tokio::net::TcpListener;
use tonic::{
    Code, Request, Status,
    service::interceptor::InterceptedService,
    transport::{Channel, Server, server::TcpIncoming},
};
use tonic_health::{
    ServingStatus,
    pb::{HealthCheckRequest, health_client::HealthClient},
};
use tower::ServiceBuilder;

/// Serves the health service to callers that may read reports.
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

#[tokio::test]
async fn an_interceptor_inside_the_layers_knows_the_caller() {
    let local = LocalClerk::seeded();
    let clerk = local.client();
    let (_, health) = tonic_health::server::health_reporter();
    let interceptor = |request: Request<()>| {
        let session = request.extensions().get::<Auth>().and_then(Auth::session);
        // The message carries what the interceptor knows to the test.
        Err(Status::aborted(session.map_or("nobody", |session| session.claims().user_id().as_str())))
    };
    let service = InterceptedService::new(health, interceptor);
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let server = Server::builder().layer(AuthenticateLayer::new(&clerk)).add_service(service);
    tokio::spawn(server.serve_with_incoming(TcpIncoming::from(listener)));
    let mut client = HealthClient::new(Channel::from_shared(address).unwrap().connect().await.unwrap());
    for (token, caller) in [(local.sign_in("user_grace").token(), "user_grace"), (String::new(), "nobody")] {
        let status = client.check(request(&token)).await.unwrap_err();
        assert_eq!((status.code(), status.message()), (Code::Aborted, caller));
    }
}

fn request(token: &str) -> Request<HealthCheckRequest> {
    let mut request = Request::new(HealthCheckRequest { service: "reports".to_owned() });
    if !token.is_empty() {
        request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    }
    request
}

/// The status of a unary call and of a streaming call.
async fn codes(client: &mut HealthClient<Channel>, token: &str) -> [Code; 2] {
    let check = client.check(request(token)).await.map(drop);
    let watch = client.watch(request(token)).await.map(drop);
    [check, watch].map(|result| result.map_or_else(|status| status.code(), |()| Code::Ok))
}

#[tokio::test]
async fn every_caller_gets_a_status() {
    let local = LocalClerk::seeded();
    let mut client = serve(&local).await;
    let grace = local.sign_in("user_grace").organization("org_acme").token();
    for (caller, token, code) in [
        ("no token", "", Code::Unauthenticated),
        ("an invalid token", "garbage", Code::Unauthenticated),
        (
            "a user of another instance",
            &LocalClerk::seeded().sign_in("user_grace").token(),
            Code::Unauthenticated,
        ),
        ("Grace", &grace, Code::Ok),
        (
            "Grace, without an active organization",
            &local.sign_in("user_grace").token(),
            Code::PermissionDenied,
        ),
        ("Alan, who is not a member", &local.sign_in("user_alan").token(), Code::PermissionDenied),
    ] {
        assert_eq!(codes(&mut client, token).await, [code; 2], "{caller}");
    }
}

#[tokio::test]
async fn undecided_calls_are_unavailable() {
    let local = LocalClerk::seeded();
    let mut client = serve(&local).await;
    local.inject(Fault::status(http::StatusCode::SERVICE_UNAVAILABLE).on("GET", "/jwks"));
    let grace = local.sign_in("user_grace").organization("org_acme").token();
    assert_eq!(codes(&mut client, &grace).await, [Code::Unavailable; 2]);
    assert_eq!(codes(&mut client, "").await, [Code::Unauthenticated; 2]);
}
