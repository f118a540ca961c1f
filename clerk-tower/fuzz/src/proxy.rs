use std::{
    convert::Infallible,
    future::{Ready, ready},
    net::{IpAddr, Ipv4Addr},
    sync::{Arc, LazyLock, Mutex},
    task::{Context, Poll},
};

use bytes::Bytes;
use clerk_core::{
    authenticate::Forwarded,
    keys::{PublishableKey, SecretKey},
};
use clerk_tower::server::proxy::{Proxy, ProxyBody, ProxyBuilder};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, Uri, request::Parts};
use http_body_util::Full;
use percent_encoding::percent_decode_str;
use tokio::runtime::{Builder, Runtime};
use tower::{Service, ServiceExt as _};

const SECRET_KEY: &str = "sk_live_4pK7dQ2mXw9sB1vN6yJ3";
const PUBLISHABLE_KEY: &str = "pk_live_Y2xlcmsuZXhhbXBsZS5jb20k";
const UPSTREAM: &str = "frontend-api.example.com";
const PEER: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 7));

/// Headers in which a caller could pretend to have another address or host, and the starts of names of such.
const ADDRESS_HEADERS: [&str; 6] =
    ["fastly-client-ip", "forwarded", "true-client-ip", "x-client-ip", "x-cluster-client-ip", "x-real-ip"];
const ADDRESS_PREFIXES: [&str; 4] = ["cf-", "x-forwarded", "x-original-", "x-vercel-"];

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_current_thread().enable_time().build().expect("a runtime starts"));

/// A request to the proxy: a line with method and URI, then lines with headers.
///
/// What the proxy sends on goes to the upstream's host, with the secret key once, to a path that no decoding turns into
/// another one, with no address but the peer's, and with no other header about addresses than those that the proxy sets.
pub fn proxy(data: &[u8]) {
    let Some(request) = request(data) else { return };
    for forwarded in [Forwarded::Ignore, Forwarded::TrustFirst] {
        let trusts = forwarded.trusts_headers();
        let recorder = Recorder::default();
        let mut copy = Request::new(Full::<Bytes>::default());
        *copy.method_mut() = request.method().clone();
        *copy.uri_mut() = request.uri().clone();
        *copy.headers_mut() = request.headers().clone();
        let Ok(_) = RUNTIME.block_on(proxy_to(recorder.clone(), forwarded).oneshot(copy));
        let sent = recorder.0.lock().expect("nothing panics with the lock").take();
        if let Some(sent) = sent {
            check(&sent, trusts);
        }
    }
}

fn request(data: &[u8]) -> Option<Request<()>> {
    let mut lines = data.split(|byte| *byte == b'\n');
    let mut first = lines.next()?.splitn(2, |byte| *byte == b' ');
    let method = Method::from_bytes(first.next()?).ok()?;
    let uri = Uri::try_from(first.next()?).ok()?;
    let mut request = Request::new(());
    (*request.method_mut(), *request.uri_mut()) = (method, uri);
    for line in lines.take(64) {
        let mut parts = line.splitn(2, |byte| *byte == b':');
        let name = HeaderName::from_bytes(parts.next()?).ok()?;
        let value = HeaderValue::from_bytes(parts.next()?.trim_ascii()).ok()?;
        request.headers_mut().append(name, value);
    }
    Some(request)
}

fn proxy_to(recorder: Recorder, forwarded: Forwarded) -> Proxy<Recorder> {
    let publishable: PublishableKey = PUBLISHABLE_KEY.parse().expect("the key is valid");
    let secret: SecretKey = SECRET_KEY.parse().expect("the key is valid");
    let builder = ProxyBuilder::with_keys(publishable, secret).fapi_url(format!("https://{UPSTREAM}"));
    let builder =
        if forwarded.trusts_headers() { builder } else { builder.client_ip(|_: &Parts| Some(PEER)) };
    builder.forwarded(forwarded).build_with(recorder).expect("the settings are valid")
}

fn check(sent: &Parts, trusts: bool) {
    assert_eq!(sent.uri.scheme_str(), Some("https"));
    assert_eq!(sent.uri.authority().map(http::uri::Authority::as_str), Some(UPSTREAM));
    check_path(sent.uri.path());
    let all = |name: &str| sent.headers.get_all(name).iter().collect::<Vec<_>>();
    assert_eq!(all("clerk-secret-key"), [SECRET_KEY]);
    assert_eq!(all("host"), [UPSTREAM]);
    assert_eq!(all("clerk-proxy-url").len(), 1);
    check_addresses(&sent.headers, trusts);
    for name in
        ["connection", "transfer-encoding", "upgrade", "te", "trailer", "proxy-authorization", "expect"]
    {
        assert!(!sent.headers.contains_key(name), "{name}");
    }
}

/// However often the path is decoded, it has the same segments.
fn check_path(path: &str) {
    let segments = path.split('/').count();
    let mut text = path.to_owned();
    for _ in 0..3 {
        assert_eq!(text.split(['/', '\\']).count(), segments, "{path}");
        assert!(!text.split('/').any(|segment| segment == "." || segment == ".."), "{path}");
        assert!(!text.contains(|letter: char| letter.is_ascii_control()), "{path}");
        text = percent_decode_str(&text).decode_utf8_lossy().into_owned();
    }
}

fn check_addresses(headers: &HeaderMap, trusts: bool) {
    const SET: [&str; 3] = ["x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"];
    for name in headers.keys() {
        let about_addresses = ADDRESS_HEADERS.contains(&name.as_str())
            || ADDRESS_PREFIXES.iter().any(|start| name.as_str().starts_with(start));
        assert!(!about_addresses || SET.contains(&name.as_str()), "{name}");
    }
    for name in SET {
        assert!(headers.get_all(name).iter().count() <= 1, "{name}");
    }
    let address = headers.get("x-forwarded-for").map(|value| value.to_str().expect("the value is ASCII"));
    let address = address.map(|text| text.parse::<IpAddr>().expect("the value is an address"));
    assert!(trusts || address == Some(PEER), "{address:?}");
}

/// A transport that keeps the request and responds with 204.
#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<Option<Parts>>>);

impl Service<Request<ProxyBody>> for Recorder {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<ProxyBody>) -> Self::Future {
        *self.0.lock().expect("nothing panics with the lock") = Some(request.into_parts().0);
        ready(Ok(Response::builder().status(204).body(Full::default()).expect("the parts are valid")))
    }
}
