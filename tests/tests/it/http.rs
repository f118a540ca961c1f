//! What HTTP can do passes the layer: upgrades, preflights, HTTP/2, streams and trailers.

use std::{convert::Infallible, net::SocketAddr};

use axum::{Router, body::Body, routing::get as on_get};
use bytes::Bytes;
use clerk_axum::{ClerkLayer, Session, require};
use clerk_tests::{
    Answer, Instance,
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

/// A client whose Clerk answers every refresh, and what it says must be set then.
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

/// Serves anything with bare hyper.
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

/// What is sent into a channel, one after the other.
fn received<T: Send + 'static>(receiver: mpsc::Receiver<T>) -> BoxStream<'static, Result<T, Infallible>> {
    unfold(receiver, async |mut receiver| receiver.recv().await.map(|item| (Ok(item), receiver))).boxed()
}

type Stream = StreamBody<BoxStream<'static, Result<Frame<Bytes>, Infallible>>>;

/// A body that is sent frame by frame.
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

/// Switches to a protocol that gives back what it gets.
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
        // Signed out is signed out: nobody is sent anywhere.
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
        for said in [*b"ping", *b"pong"] {
            upgraded.write_all(&said).await.unwrap();
            let mut heard = [0; 4];
            upgraded.read_exact(&mut heard).await.unwrap();
            assert_eq!(heard, said);
        }
    }
}

async fn ask(address: SocketAddr, method: Method, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    send(address, request.body(Full::default()).unwrap()).await
}

#[tokio::test]
async fn a_preflight_gets_its_answer_in_either_order_of_layers() {
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
        let answer = ask(address, Method::OPTIONS, "/thing", &preflight).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("access-control-allow-methods"), "PUT");
        assert_eq!(answer.header("access-control-allow-origin"), ORIGIN);
        // A rejection can be read by the page as well.
        let answer = ask(address, Method::PUT, "/thing", &[("origin", ORIGIN)]).await;
        assert_eq!(answer.status, 401);
        assert_eq!(answer.header("access-control-allow-origin"), ORIGIN);
        let answer =
            ask(address, Method::PUT, "/thing", &[("origin", ORIGIN), ("authorization", &bearer)]).await;
        assert_eq!(answer.summary(), (200, "in".to_owned()));
        assert_eq!(answer.header("access-control-allow-origin"), ORIGIN);
    }
    // An application that answers preflights itself gets them, whatever they carry.
    let own = Router::new().route("/thing", axum::routing::any(async |method: Method| method.to_string()));
    let own = serve(own.layer(ClerkLayer::new(&clerk))).await;
    for header in [("origin", ORIGIN), ("authorization", "Bearer garbage"), ("cookie", "__session=garbage")] {
        let answer = ask(own, Method::OPTIONS, "/thing", &[header]).await;
        assert_eq!(answer.summary(), (200, "OPTIONS".to_owned()));
    }
}

async fn who(request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    let auth = Auth::from_extensions(request.extensions()).unwrap();
    let who = auth.session().map_or("nobody".to_owned(), |session| session.claims().user_id().to_string());
    Ok(Response::new(Body::from(who)))
}

#[tokio::test]
async fn over_http_2_cookies_come_in_pieces_and_the_host_in_the_uri() {
    let instance = Instance::new();
    let (clerk, lines) = refreshing(&instance).await;
    clerk.keys().warm_up().await.unwrap();
    let service = ServiceBuilder::new().layer(AuthenticateLayer::new(&clerk)).service_fn(who);
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

    // A refresh has all cookies to look at.
    let (head, body) = visit(&mut sender, crumbs(&expired_cookies(&instance))).await;
    assert_eq!((head.status.as_u16(), &*body), (200, "user_ada"));
    assert_eq!(values(&head.headers, "set-cookie"), lines);

    // A handshake comes back to where it began; its query is written as browsers write forms.
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
async fn head_is_answered_like_get_but_sends_nobody_away() {
    let instance = Instance::new();
    let (clerk, _) = refreshing(&instance).await;
    let routes = Router::new()
        .route("/in", on_get(async |session: Session| session.user_id().to_string()))
        .layer(ClerkLayer::new(&clerk));
    let address = serve(routes).await;
    let bearer = format!("Bearer {}", token_until(&instance, 50));
    let answer = ask(address, Method::HEAD, "/in", &[("authorization", &bearer)]).await;
    assert_eq!((answer.status.as_u16(), &*answer.body, answer.header("content-length")), (200, "", "8"));

    let answer = ask(address, Method::HEAD, "/in", &[]).await;
    assert_eq!((answer.status.as_u16(), &*answer.body), (401, ""));
    assert_eq!(answer.header("www-authenticate"), "Bearer");
    // Neither refreshed nor redirected.
    let cookies = expired_cookies(&instance).join("; ");
    let document = [("cookie", &*cookies), ("sec-fetch-dest", "document")];
    let answer = ask(address, Method::HEAD, "/in", &document).await;
    assert_eq!(answer.status, 401);
    assert_eq!(answer.header("x-clerk-auth-reason"), "session-token-expired-refresh-non-eligible-non-get");
    assert!(!answer.headers.contains_key("location") && !answer.headers.contains_key("set-cookie"));
}

#[tokio::test]
async fn headers_are_added_beside_the_handlers_own_and_no_store_comes_once() {
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
        let answer = ask(address, Method::GET, "/in", &[("cookie", &cookies)]).await;
        assert_eq!(answer.summary(), (200, "in".to_owned()));
        let all = [&["own=1".to_owned(), "two=2".to_owned()], &*lines].concat();
        assert_eq!(values(&answer.headers, "set-cookie"), all);
        assert_eq!(values(&answer.headers, "cache-control"), expected, "{own}");
        // Cookies are set whatever the guard says, and its answer is not to be stored anyway.
        let answer = ask(address, Method::GET, "/admin", &[("cookie", &cookies)]).await;
        assert_eq!(answer.status, 403);
        assert_eq!(values(&answer.headers, "set-cookie"), lines);
        assert_eq!(values(&answer.headers, "cache-control"), ["no-store"]);
    }
}

#[tokio::test]
async fn streams_and_trailers_pass_both_ways_frame_by_frame() {
    let instance = Instance::new();
    let clerk = instance.in_memory();
    // Whatever comes in goes out, at once.
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
    let mut answer = response.into_body();
    // The next piece is sent when the last one has come back.
    for piece in [&b"one"[..], b"\0\xff\xfe", &[7; 10_000]] {
        frames.send(Frame::data(Bytes::copy_from_slice(piece))).await.unwrap();
        let mut heard = Vec::new();
        while heard.len() < piece.len() {
            heard.extend(answer.frame().await.unwrap().unwrap().into_data().unwrap());
        }
        assert_eq!(heard, piece);
    }
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", "0".parse().unwrap());
    frames.send(Frame::trailers(trailers.clone())).await.unwrap();
    drop(frames);
    assert_eq!(answer.frame().await.unwrap().unwrap().into_trailers().unwrap(), trailers);
    assert!(answer.frame().await.is_none());
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
    let mut answer = response.into_body().into_data_stream();
    for piece in ["one", "two", "three"] {
        pieces.send(Bytes::from(piece)).await.unwrap();
        assert_eq!(answer.next().await.unwrap().unwrap(), piece);
    }
    drop(pieces);
    assert!(answer.next().await.is_none());
}
