//! Tests that HTTP features work through the layer: upgrades, preflights, HTTP/2, streams and trailers.

use std::{convert::Infallible, net::SocketAddr};

use axum::{Router, body::Body, routing::get as on_get};
use bytes::Bytes;
use clerk_axum::{ClerkLayer, Session, require};
use clerk_tests::{
    Instance, TextResponse,
    browser::{LIVE, SUFFIX, expired_cookies, refreshed, token_until},
    fault::FaultServer,
    send, serve,
};
use clerk_tower::{
    Clerk,
    server::authenticate::{Auth, AuthenticateLayer},
    server::require::RequireLayer,
};
use futures_util::{
    StreamExt as _,
    stream::{BoxStream, unfold},
};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::{
    body::{Frame, Incoming},
    client::conn::http2::SendRequest,
    server::conn::{http1, http2},
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    service::TowerToHyperService,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};
use tower::{Service, ServiceBuilder};
use tower_http::cors::CorsLayer;
use url::Url;

/// Returns a client whose every refresh succeeds, and the cookies that must be set then.
async fn refreshing(instance: &Instance) -> (Clerk, Vec<String>) {
    let (fault, lines) = refreshed(instance);
    let server = FaultServer::with_keys(instance, fault).await;
    let clerk = instance.builder().api_url(server.api_url()).publishable_key(LIVE).build().unwrap();
    (clerk, lines)
}

fn values(headers: &HeaderMap, name: &str) -> Vec<String> {
    headers.get_all(name).iter().map(|value| value.to_str().unwrap().to_owned()).collect()
}

#[derive(Clone, Copy)]
enum Version {
    One,
    Two,
}

/// Serves a service with bare hyper.
async fn bare<S, B>(version: Version, service: S) -> SocketAddr
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send,
    B: hyper::body::Body<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>>
        + Send
        + 'static,
{
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (io, service) = (TokioIo::new(stream), TowerToHyperService::new(service.clone()));
            tokio::spawn(async move {
                let _ = match version {
                    Version::One => http1::Builder::new().serve_connection(io, service).with_upgrades().await,
                    Version::Two => {
                        http2::Builder::new(TokioExecutor::new()).serve_connection(io, service).await
                    }
                };
            });
        }
    });
    address
}

/// Returns the items sent into a channel as a stream.
fn received<T: Send + 'static>(receiver: mpsc::Receiver<T>) -> BoxStream<'static, Result<T, Infallible>> {
    unfold(receiver, async |mut receiver| receiver.recv().await.map(|item| (Ok(item), receiver))).boxed()
}

type Stream = StreamBody<BoxStream<'static, Result<Frame<Bytes>, Infallible>>>;

/// Returns a body whose frames the test sends.
fn stream() -> (mpsc::Sender<Frame<Bytes>>, Stream) {
    let (sender, receiver) = mpsc::channel(1);
    (sender, StreamBody::new(received(receiver)))
}

async fn connect(address: SocketAddr) -> SendRequest<Stream> {
    let io = TokioIo::new(TcpStream::connect(address).await.unwrap());
    let (sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await.unwrap();
    tokio::spawn(connection);
    sender
}

/// Upgrades to an echo protocol.
async fn upgrade<B>(mut request: Request<B>) -> Result<Response<Body>, Infallible> {
    let user = Auth::from_extensions(request.extensions())
        .unwrap()
        .session()
        .map(|session| session.claims().user_id().to_string());
    let Some(user) = user else {
        return Ok(Response::builder().status(401).body(Body::from("signed out")).unwrap());
    };
    let upgraded = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        let (mut read, mut write) = tokio::io::split(TokioIo::new(upgraded.await.unwrap()));
        tokio::io::copy(&mut read, &mut write).await.unwrap();
    });
    let response = Response::builder().status(StatusCode::SWITCHING_PROTOCOLS);
    let response = response.header("connection", "upgrade").header("upgrade", "websocket");
    Ok(response.header("set-cookie", "own=1").header("x-user", user).body(Body::empty()).unwrap())
}

#[tokio::test]
async fn an_upgrade_passes_with_the_cookies_of_a_refresh() {
    let instance = Instance::new();
    let (clerk, lines) = refreshing(&instance).await;
    let axum = Router::new()
        .route("/", on_get(async |request: axum::extract::Request| upgrade(request).await.unwrap()))
        .layer(ClerkLayer::new(&clerk));
    let hyper = AuthenticateLayer::new(&clerk);
    let hyper = ServiceBuilder::new().layer(hyper).service_fn(upgrade::<Incoming>);
    for address in [serve(axum).await, bare(Version::One, hyper).await] {
        let io = TokioIo::new(TcpStream::connect(address).await.unwrap());
        let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await.unwrap();
        tokio::spawn(connection.with_upgrades());
        let upgrade = || {
            let request = Request::get("/").header("host", "app.example.com").header("upgrade", "websocket");
            request.header("connection", "upgrade").header("sec-fetch-dest", "websocket")
        };
        // A signed-out upgrade request is not redirected.
        let request = upgrade().header("cookie", format!("__client_uat=1; __client_uat_{SUFFIX}=1"));
        let response = sender.send_request(request.body(Full::<Bytes>::default()).unwrap()).await.unwrap();
        assert_eq!(response.status(), 401);
        drop(response.into_body().collect().await.unwrap());

        let request = upgrade().header("cookie", expired_cookies(&instance).join("; "));
        let mut response = sender.send_request(request.body(Full::default()).unwrap()).await.unwrap();
        assert_eq!(response.status(), 101);
        assert_eq!(response.headers()["x-user"], "user_ada");
        assert_eq!(values(response.headers(), "set-cookie"), [&["own=1".to_owned()], &*lines].concat());
        assert_eq!(values(response.headers(), "cache-control"), ["no-store"]);
        let mut upgraded = TokioIo::new(hyper::upgrade::on(&mut response).await.unwrap());
        for message in [*b"ping", *b"pong"] {
            upgraded.write_all(&message).await.unwrap();
            let mut heard = [0; 4];
            upgraded.read_exact(&mut heard).await.unwrap();
            assert_eq!(heard, message);
        }
    }
}

async fn ask(address: SocketAddr, method: Method, path: &str, headers: &[(&str, &str)]) -> TextResponse {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    send(address, request.body(Full::default()).unwrap()).await
}

#[tokio::test]
async fn a_preflight_gets_its_response_in_either_order_of_layers() {
    const ORIGIN: &str = "https://spa.example.com";
    let instance = Instance::new();
    let clerk = instance.in_memory();
    let cors = || {
        let origin: http::HeaderValue = ORIGIN.parse().unwrap();
        CorsLayer::new().allow_origin(origin).allow_methods([Method::PUT]).allow_credentials(true)
    };
    let routes = || Router::new().route("/thing", axum::routing::put("in").route_layer(require::signed_in()));
    let outside = serve(routes().layer(ClerkLayer::new(&clerk)).layer(cors())).await;
    let inside = serve(routes().layer(cors()).layer(ClerkLayer::new(&clerk))).await;
    let bearer = format!("Bearer {}", instance.ada());
    for address in [outside, inside] {
        let preflight = [("origin", ORIGIN), ("access-control-request-method", "PUT")];
        let response = ask(address, Method::OPTIONS, "/thing", &preflight).await;
        assert_eq!(response.status, 200);
        assert_eq!(response.header("access-control-allow-methods"), "PUT");
        assert_eq!(response.header("access-control-allow-origin"), ORIGIN);
        // The page can read rejections, too.
        let response = ask(address, Method::PUT, "/thing", &[("origin", ORIGIN)]).await;
        assert_eq!(response.status, 401);
        assert_eq!(response.header("access-control-allow-origin"), ORIGIN);
        let response =
            ask(address, Method::PUT, "/thing", &[("origin", ORIGIN), ("authorization", &bearer)]).await;
        assert_eq!(response.summary(), (200, "in".to_owned()));
        assert_eq!(response.header("access-control-allow-origin"), ORIGIN);
    }
    // An application that handles preflights itself gets them, whatever headers they have.
    let own = Router::new().route("/thing", axum::routing::any(async |method: Method| method.to_string()));
    let own = serve(own.layer(ClerkLayer::new(&clerk))).await;
    for header in [("origin", ORIGIN), ("authorization", "Bearer garbage"), ("cookie", "__session=garbage")] {
        let response = ask(own, Method::OPTIONS, "/thing", &[header]).await;
        assert_eq!(response.summary(), (200, "OPTIONS".to_owned()));
    }
}

async fn visitor(request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    let auth = Auth::from_extensions(request.extensions()).unwrap();
    let visitor =
        auth.session().map_or("nobody".to_owned(), |session| session.claims().user_id().to_string());
    Ok(Response::new(Body::from(visitor)))
}

#[tokio::test]
async fn http_2_requests_with_split_cookies_and_the_host_in_the_uri_are_authenticated() {
    let instance = Instance::new();
    let (clerk, lines) = refreshing(&instance).await;
    clerk.keys().warm_up().await.unwrap();
    let service = ServiceBuilder::new().layer(AuthenticateLayer::new(&clerk)).service_fn(visitor);
    let mut sender = connect(bare(Version::Two, service).await).await;
    let good = token_until(&instance, 50);
    let crumbs = |cookies: &[String]| {
        let mut request = Request::get("http://app.example.com/page?x=1&y=a%20b");
        for cookie in cookies {
            request = request.header("cookie", cookie);
        }
        request
    };
    let visit = async |sender: &mut SendRequest<Stream>, request: http::request::Builder| {
        let response = sender.send_request(request.body(stream().1).unwrap()).await.unwrap();
        let (head, body) = response.into_parts();
        (head, String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap())
    };

    let cookies = ["a=1".to_owned(), format!("__session={good}"), "__client_uat=1".to_owned(), "b=2".into()];
    let (head, body) = visit(&mut sender, crumbs(&cookies)).await;
    assert_eq!((head.status.as_u16(), &*body), (200, "user_ada"));
    assert!(head.headers.get("set-cookie").is_none());

    // A refresh sees all cookies.
    let (head, body) = visit(&mut sender, crumbs(&expired_cookies(&instance))).await;
    assert_eq!((head.status.as_u16(), &*body), (200, "user_ada"));
    assert_eq!(values(&head.headers, "set-cookie"), lines);

    // A handshake returns to the original URL; the query is form-encoded.
    let active = ["a=1".to_owned(), "__client_uat=1".into(), format!("__client_uat_{SUFFIX}=1")];
    let request = crumbs(&active).header("sec-fetch-dest", "document");
    let (head, body) = visit(&mut sender, request).await;
    assert_eq!((head.status.as_u16(), &*body), (307, ""));
    let location = Url::parse(head.headers["location"].to_str().unwrap()).unwrap();
    assert_eq!(location.host_str(), Some("clerk.example.com"));
    let back = location.query_pairs().find(|(name, _)| name == "redirect_url").unwrap().1;
    assert_eq!(back, "http://app.example.com/page?x=1&y=a+b");
    assert_eq!(values(&head.headers, "cache-control"), ["no-store"]);
}

#[tokio::test]
async fn head_is_treated_like_get_but_never_redirected() {
    let instance = Instance::new();
    let (clerk, _) = refreshing(&instance).await;
    let routes = Router::new()
        .route("/in", on_get(async |session: Session| session.user_id().to_string()))
        .layer(ClerkLayer::new(&clerk));
    let address = serve(routes).await;
    let bearer = format!("Bearer {}", token_until(&instance, 50));
    let response = ask(address, Method::HEAD, "/in", &[("authorization", &bearer)]).await;
    assert_eq!(
        (response.status.as_u16(), &*response.body, response.header("content-length")),
        (200, "", "8")
    );

    let response = ask(address, Method::HEAD, "/in", &[]).await;
    assert_eq!((response.status.as_u16(), &*response.body), (401, ""));
    assert_eq!(response.header("www-authenticate"), "Bearer");
    // Without a refresh and without a redirect.
    let cookies = expired_cookies(&instance).join("; ");
    let document = [("cookie", &*cookies), ("sec-fetch-dest", "document")];
    let response = ask(address, Method::HEAD, "/in", &document).await;
    assert_eq!(response.status, 401);
    assert_eq!(response.header("x-clerk-auth-reason"), "session-token-expired-refresh-non-eligible-non-get");
    assert!(!response.headers.contains_key("location") && !response.headers.contains_key("set-cookie"));
}

#[tokio::test]
async fn headers_are_added_to_the_handlers_own_and_no_store_appears_once() {
    let instance = Instance::new();
    let (clerk, lines) = refreshing(&instance).await;
    for (own, expected) in [
        ("", &["no-store"][..]),
        ("private", &["private", "no-store"]),
        ("no-store", &["no-store"]),
        ("private, No-Store", &["private, No-Store"]),
        ("no-storefront", &["no-storefront", "no-store"]),
    ] {
        let handler = async move || {
            let response = Response::builder().header("set-cookie", "own=1").header("set-cookie", "two=2");
            let response = if own.is_empty() { response } else { response.header("cache-control", own) };
            response.body(Body::from("in")).unwrap()
        };
        let routes = Router::new()
            .route("/in", on_get(handler).route_layer(require::signed_in()))
            .route("/admin", on_get(handler).route_layer(require::role("org:admin")))
            .layer(ClerkLayer::new(&clerk));
        let address = serve(routes).await;
        let cookies = expired_cookies(&instance).join("; ");
        let reply = ask(address, Method::GET, "/in", &[("cookie", &cookies)]).await;
        assert_eq!(reply.summary(), (200, "in".to_owned()));
        let all = [&["own=1".to_owned(), "two=2".to_owned()], &*lines].concat();
        assert_eq!(values(&reply.headers, "set-cookie"), all);
        assert_eq!(values(&reply.headers, "cache-control"), expected, "{own}");
        // Cookies are set whatever the guard decides, and its response is `no-store` anyway.
        let reply = ask(address, Method::GET, "/admin", &[("cookie", &cookies)]).await;
        assert_eq!(reply.status, 403);
        assert_eq!(values(&reply.headers, "set-cookie"), lines);
        assert_eq!(values(&reply.headers, "cache-control"), ["no-store"]);
    }
}

#[tokio::test]
async fn streams_and_trailers_pass_both_ways_frame_by_frame() {
    let instance = Instance::new();
    let clerk = instance.in_memory();
    // Echoes every frame at once.
    let echo = async |request: Request<Incoming>| Ok::<_, Infallible>(Response::new(request.into_body()));
    let service = ServiceBuilder::new()
        .layer(AuthenticateLayer::new(&clerk))
        .layer(RequireLayer::signed_in())
        .service_fn(echo);
    let mut sender = connect(bare(Version::Two, service).await).await;
    let (frames, body) = stream();
    let bearer = format!("Bearer {}", instance.ada());
    let request =
        Request::post("http://app.example.com/").header("authorization", bearer).body(body).unwrap();
    let response = sender.send_request(request).await.unwrap();
    assert_eq!(response.status(), 200);
    let mut body = response.into_body();
    // The next frame is sent once the last one has come back.
    for piece in [&b"one"[..], b"\0\xff\xfe", &[7; 10_000]] {
        frames.send(Frame::data(Bytes::copy_from_slice(piece))).await.unwrap();
        let mut heard = Vec::new();
        while heard.len() < piece.len() {
            heard.extend(body.frame().await.unwrap().unwrap().into_data().unwrap());
        }
        assert_eq!(heard, piece);
    }
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", "0".parse().unwrap());
    frames.send(Frame::trailers(trailers.clone())).await.unwrap();
    drop(frames);
    assert_eq!(body.frame().await.unwrap().unwrap().into_trailers().unwrap(), trailers);
    assert!(body.frame().await.is_none());
}

#[tokio::test]
async fn axum_streams_pass_unbuffered() {
    let instance = Instance::new();
    let clerk = instance.in_memory();
    let (pieces, receiver) = mpsc::channel::<Bytes>(1);
    let body = std::sync::Mutex::new(Some(Body::from_stream(received(receiver))));
    let body = std::sync::Arc::new(body);
    let handler = async move || body.lock().unwrap().take().unwrap();
    let routes = Router::new().route("/", on_get(handler).route_layer(require::signed_in()));
    let address = serve(routes.layer(ClerkLayer::new(&clerk))).await;
    let io = TokioIo::new(TcpStream::connect(address).await.unwrap());
    let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await.unwrap();
    tokio::spawn(connection);
    let request = Request::get("/").header("host", "app.example.com");
    let request = request.header("authorization", format!("Bearer {}", instance.ada()));
    let response = sender.send_request(request.body(Full::<Bytes>::default()).unwrap()).await.unwrap();
    let mut body = response.into_body().into_data_stream();
    for piece in ["one", "two", "three"] {
        pieces.send(Bytes::from(piece)).await.unwrap();
        assert_eq!(body.next().await.unwrap().unwrap(), piece);
    }
    drop(pieces);
    assert!(body.next().await.is_none());
}
