//! Every path that is counted, in the order of `counts.toml`.

use std::{
    cell::{Cell, RefCell},
    convert::Infallible,
    fmt::Debug,
    future::{Ready, ready},
    rc::Rc,
};

use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256};
use axum::{Router, body::Body, routing::get};
use base64::{Engine as _, prelude::BASE64_STANDARD, prelude::BASE64_URL_SAFE_NO_PAD};
use bytes::Bytes;
use clerk_axum::{ClerkLayer, ClerkUser, Session, require};
use clerk_core::{Operation, api::users};
use clerk_tower::{Clerk, server::authenticate::Auth};
use http::{Extensions, HeaderValue, Request, Response, header::CONTENT_TYPE};
use serde_json::Value;
use tower::{Layer, Service, ServiceExt as _, service_fn};

use crate::{
    jobs::{Case, Prepare, each},
    world::{Carry, USER, World, canned, request, user, with},
};

/// Creates all cases.
#[must_use]
pub fn all() -> Vec<Case> {
    let world = World::new();
    let groups = [requests(&world), routers(&world), guards(&world), signatures(&world), calls(&world)];
    groups.into_iter().flatten().collect()
}

/// Takes a path so often that what happens once in a while, such as maintenance of a cache, has its share.
const MANY: usize = 512;
/// For paths of which each takes a token of its own, which has to be signed.
const FEW: usize = 32;
const PAGES: usize = 4;

const BARE_CHECK: &str = "bare-signature-check";
const UNTYPED: &str = "page-of-500-users-as-json-values";

/// Whole requests through the layer.
fn requests(world: &World) -> Vec<Case> {
    let clerk = world.clerk();
    let known = known(world, &clerk);
    let (in_header, in_cookie) =
        (|token: &str| with(token, Carry::Header), |token: &str| with(token, Carry::Cookie));
    let case = |name, repetitions, tokens: Tokens, request: fn(&str) -> Request<()>, is_signed_in| {
        let layer = ClerkLayer::new(&clerk);
        let expected = service_fn(move |request: Request<()>| {
            let auth = Auth::from_extensions(request.extensions()).unwrap();
            assert_eq!(auth.session().is_some(), is_signed_in, "{name}");
            hello(request)
        });
        let once = layer.layer(expected).call(request(&tokens()));
        world.runtime.block_on(once).unwrap();
        let path = layer.layer(service_fn(hello));
        let case = compare(world, name, repetitions, (tokens, request), service_fn(hello), path);
        Case { compared_with: (repetitions == FEW).then_some(BARE_CHECK), ..case }
    };
    let new: Tokens = {
        let world = world.clone();
        Rc::new(move || world.token().into())
    };
    let tampered: Tokens = {
        let world = world.clone();
        Rc::new(move || tamper(&world.token()).into())
    };
    vec![
        case("known-token-in-the-header", MANY, known.clone(), in_header, true),
        case("no-token", MANY, known.clone(), |_| request(), false),
        case("known-token-in-a-cookie", MANY, known, in_cookie, true),
        case("tampered-token-in-the-header", FEW, tampered, in_header, false),
        case("first-seen-token-in-the-header", FEW, new.clone(), in_header, true),
        case("first-seen-token-in-a-cookie", FEW, new, in_cookie, true),
    ]
}

/// The same in a router of axum, which puts services and bodies into boxes.
fn routers(world: &World) -> Vec<Case> {
    let clerk = world.clerk();
    let known = known(world, &clerk);
    let router = || Router::new().route("/dashboard", get("hello"));
    let service = |router: Router| {
        // As `axum::serve` does: otherwise the router creates its services for each request.
        router.with_state::<()>(()).map_request(|request: Request<()>| {
            let mut request = request.map(|()| Body::empty());
            // The router adds its own.
            *request.extensions_mut() = Extensions::new();
            request
        })
    };
    let case = |name, request: Make| {
        let path = service(router().layer(ClerkLayer::new(&clerk)));
        compare(world, name, MANY, (known.clone(), request), service(router()), path)
    };
    vec![
        case("axum-known-token-in-the-header", |token| with(token, Carry::Header)),
        case("axum-no-token", |_| request()),
        case("axum-known-token-in-a-cookie", |token| with(token, Carry::Cookie)),
    ]
}

/// What handlers ask for, inside of the layer.
fn guards(world: &World) -> Vec<Case> {
    let clerk = world.clerk();
    let known = known(world, &clerk);
    let layer = ClerkLayer::new(&clerk);
    let open = service_fn(async |request: Request<()>| -> Result<Response<Body>, Infallible> {
        let (head, ()) = request.into_parts();
        drop(head);
        Ok(response())
    });
    let session = service_fn(async |request: Request<()>| -> Result<Response<Body>, Infallible> {
        let (mut head, ()) = request.into_parts();
        let session = extract::<Session>(&mut head).await;
        assert_eq!(session.user_id(), USER);
        Ok(response())
    });
    let user = service_fn(async |request: Request<()>| -> Result<Response<Body>, Infallible> {
        let (mut head, ()) = request.into_parts();
        let user = extract::<ClerkUser>(&mut head).await;
        assert_eq!(user.id, USER);
        Ok(response())
    });
    let guard = require::permission("org:teams:manage");
    let mut guarded = layer.layer(guard.layer(service_fn(hello)));
    let (unguarded, open) = (layer.layer(service_fn(hello)), layer.layer(open));
    let (session, user) = (layer.layer(session), layer.layer(user));
    let response = guarded.call(with(&known(), Carry::Header));
    assert_eq!(world.runtime.block_on(response).unwrap().status(), 200);
    let requests: (Tokens, Make) = (known, |token| with(token, Carry::Header));
    vec![
        compare(world, "guard-for-a-permission", MANY, requests.clone(), unguarded, guarded),
        compare(world, "session-in-a-handler", MANY, requests.clone(), open, session.clone()),
        compare(world, "cached-user-beyond-the-session", MANY, requests, session, user),
    ]
}

/// The least that a first seen token can cost.
fn signatures(world: &World) -> Vec<Case> {
    let pem = world.pem();
    let der: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let key =
        ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, BASE64_STANDARD.decode(der).unwrap()).unwrap();
    let signed = {
        let world = world.clone();
        move || {
            let mut token = world.token();
            let signature = token.split_off(token.rfind('.').unwrap());
            (token, BASE64_URL_SAFE_NO_PAD.decode(signature.trim_start_matches('.')).unwrap())
        }
    };
    let nothing = each(&world.runtime, signed.clone(), async |_| ());
    let verify = async move |(text, signature): &(String, Vec<u8>)| {
        key.verify_sig(text.as_bytes(), signature).unwrap();
    };
    let path = each(&world.runtime, signed, verify);
    vec![Case { name: BARE_CHECK, repetitions: FEW, compared_with: None, baseline: nothing, path }]
}

/// What goes out, and what comes back.
fn calls(world: &World) -> Vec<Case> {
    let runtime = &world.runtime;
    let (sending, caching) = (world.clerk(), world.clerk());
    let page = Response::new(Bytes::from(Value::from(vec![user(); 500]).to_string()));
    let untyped = {
        let page = page.clone();
        move || serde_json::from_slice::<Value>(page.body()).unwrap()
    };
    let nothing = || each(runtime, || (), async |(): &()| ());
    let case =
        |name, repetitions, path| Case { name, repetitions, compared_with: None, baseline: nothing(), path };
    let cached = async move |(): &()| caching.cached(users::get(USER)).await.unwrap();
    let sent = async move |(): &()| sending.send(users::get(USER)).await.unwrap();
    let transport = async |(): &()| canned(request().map(|()| Bytes::new())).await;
    let decoded = async move |(): &()| users::list().decode(&page).unwrap();
    vec![
        case("cached-call", MANY, each(runtime, || (), cached)),
        Case {
            baseline: each(runtime, || (), transport),
            ..case("sent-call", MANY, each(runtime, || (), sent))
        },
        Case {
            compared_with: Some(UNTYPED),
            ..case("page-of-500-users", PAGES, each(runtime, || (), decoded))
        },
        case(UNTYPED, PAGES, each(runtime, || (), async move |(): &()| untyped())),
    ]
}

/// Returns the tokens of the requests.
pub(crate) type Tokens = Rc<dyn Fn() -> Rc<str>>;
/// Creates a request with a token.
pub(crate) type Make = fn(&str) -> Request<()>;

/// Returns tokens that a client has seen before, one after the other.
fn known(world: &World, clerk: &Clerk) -> Tokens {
    let tokens: Vec<String> = (0..32).map(|_| world.token()).collect();
    make_known(world, clerk, &tokens);
    cycle(tokens)
}

/// Sends a request with each of the tokens.
pub(crate) fn make_known(world: &World, clerk: &Clerk, tokens: &[String]) {
    let mut service = ClerkLayer::new(clerk).layer(service_fn(hello));
    for token in tokens {
        world.runtime.block_on(service.call(with(token, Carry::Header))).unwrap();
    }
}

/// Returns one token after the other, and then the first one again.
pub(crate) fn cycle(tokens: impl IntoIterator<Item = String>) -> Tokens {
    let (tokens, next) = (tokens.into_iter().map(Rc::from).collect::<Vec<Rc<str>>>(), Cell::new(0));
    Rc::new(move || tokens[next.replace(next.get() + 1) % tokens.len()].clone())
}

/// Claims another user, so that the signature does not fit.
fn tamper(token: &str) -> String {
    let mut segments = token.split('.');
    let [header, payload, signature] = [(); 3].map(|()| segments.next().unwrap());
    let payload = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
    let payload = BASE64_URL_SAFE_NO_PAD.encode(payload.replace("user_29", "user_30"));
    format!("{header}.{payload}.{signature}")
}

/// Sends requests to a service without the path, and to one with it.
pub(crate) fn compare<S, T, B, C>(
    world: &World,
    name: &'static str,
    repetitions: usize,
    requests: (Tokens, Make),
    without: S,
    with: T,
) -> Case
where
    S: Service<Request<()>, Response = Response<B>, Error: Debug> + 'static,
    T: Service<Request<()>, Response = Response<C>, Error: Debug> + 'static,
{
    let (baseline, path) = (through(world, requests.clone(), without), through(world, requests, with));
    Case { name, repetitions, compared_with: None, baseline, path }
}

fn through<S>(world: &World, (tokens, request): (Tokens, Make), service: S) -> Prepare
where
    S: Service<Request<()>, Error: Debug> + 'static,
{
    let service = RefCell::new(service);
    let job = async move |token: &Rc<str>| {
        let response = service.borrow_mut().call(request(token));
        response.await.unwrap()
    };
    each(&world.runtime, move || tokens(), job)
}

/// The handler.
pub(crate) fn hello(request: Request<()>) -> Ready<Result<Response<Body>, Infallible>> {
    drop(request);
    ready(Ok(response()))
}

fn response() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

async fn extract<T>(head: &mut http::request::Parts) -> T
where
    T: axum_core::extract::FromRequestParts<(), Rejection: Debug>,
{
    T::from_request_parts(head, &()).await.unwrap()
}
