use std::{
    convert::Infallible,
    fmt,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use clerk_core::authenticate::{Forwarded, RequestHead};
use http::{HeaderValue, Method, Request, Response, StatusCode, Uri, header::LOCATION, request::Parts};
use http_body::Body;
use tower::ServiceExt as _;
use tower_service::Service;

#[cfg(feature = "reqwest")]
use super::ProxyBuilder;
use super::{
    ProxyBody,
    exchanges::Exchanges,
    headers::{self, AddressSource, Caller},
    path::Prefix,
    upstream::Upstream,
    watched::{Stage, Watched},
};
use crate::{
    BoxError,
    client::{
        CallFuture,
        transport::{ConnectError, Delivery},
    },
    runtime,
    server::{
        NoInner, ResponseBody,
        body::{OwnBody, boxed},
        rejection::Rejection,
    },
    telemetry,
};
#[cfg(feature = "reqwest")]
use crate::{Clerk, ConfigError, client::transport::ReqwestTransport};

/// Response future of [`Proxy`].
pub type ProxyFuture = CallFuture<Response<ResponseBody<NoInner>>, Infallible>;

/// Service that forwards every request to Clerk's Frontend API. See the [module docs](super) for examples.
///
/// A request whose path is not below the proxy's is rejected with 400. The service never fails: an upstream failure is
/// a response with status 502. Clones share the limit of requests in flight.
#[derive(Clone)]
pub struct Proxy<T> {
    pub(super) transport: T,
    pub(super) rules: Arc<Rules>,
}

/// The settings of a proxy, checked by the builder.
pub(super) struct Rules {
    pub(super) prefix: Prefix,
    pub(super) upstream: Upstream,
    pub(super) secret: HeaderValue,
    pub(super) forwarded: Forwarded,
    pub(super) address: AddressSource,
    pub(super) timeout: Duration,
    pub(super) idle_timeout: Duration,
    pub(super) exchanges: Exchanges,
}

#[cfg(feature = "reqwest")]
impl Proxy<ReqwestTransport> {
    /// Creates a proxy with the keys and options of `clerk`, and the default transport.
    ///
    /// Its path is that of the client's [`proxy_url`](clerk_core::authenticate::AuthenticateOptions::proxy_url), which
    /// [`Clerk::from_env`] reads from `CLERK_PROXY_URL`. Use a [`ProxyBuilder`] for other settings.
    ///
    /// [`ProxyBuilder`]: super::ProxyBuilder
    ///
    /// # Errors
    /// If the client has no publishable key or no `proxy_url`, if the path of `proxy_url` is not valid, such as `/`
    /// alone, if `fapi_url` is not a valid URL to forward to, or if the transport cannot be created.
    pub fn new(clerk: &Clerk) -> Result<Self, ConfigError> {
        ProxyBuilder::new(clerk).build()
    }
}

impl<T> Proxy<T> {
    /// Returns `true` if a path is the proxy's path or below it.
    #[must_use]
    pub fn matches(&self, path: &str) -> bool {
        self.rules.prefix.matches(path)
    }
}

impl<T, B, RB> Service<Request<B>> for Proxy<T>
where
    T: Service<Request<ProxyBody>, Response = Response<RB>, Error: Into<BoxError>, Future: Send>
        + Clone
        + Send
        + 'static,
    B: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    RB: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Response = Response<ResponseBody<NoInner>>;
    type Error = Infallible;
    type Future = ProxyFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // `call` waits for the transport instead, where its timeout applies.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (head, body) = request.into_parts();
        let transport = self.transport.clone();
        let rules = self.rules.clone();
        CallFuture::new(async move {
            let response = match rules.prepare(head) {
                Ok(sent) => rules.exchange(transport, sent, boxed(body)).await,
                Err(rejection) => Err(rejection),
            };
            Ok(response.unwrap_or_else(|rejection| rejection.into_response().map(ResponseBody::full)))
        })
    }
}

/// A request that is ready to be sent, with what is needed to rewrite its response.
struct Outgoing {
    request: Request<()>,
    target: Uri,
    public: String,
}

impl Rules {
    fn prepare(&self, head: Parts) -> Result<Outgoing, Rejection> {
        let path = head.uri.path();
        let rest = self.prefix.rest(path).ok_or_else(path_mismatch)?;
        if [Method::CONNECT, Method::TRACE].contains(&head.method) || head.method.as_str() == "TRACK" {
            // CONNECT asks for a tunnel. TRACE and TRACK return the request, which contains the secret key.
            return Err(refused("CONNECT, TRACE and TRACK are not proxied."));
        }
        if headers::are_too_large(&head.headers) {
            let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
            return Err(Rejection::new(status, FAILED, "The request headers exceed 64 KiB."));
        }
        let target = self.upstream.target(rest, head.uri.query());
        let target = target.ok_or_else(|| refused("The request URI is too long or not valid."))?;
        let origin = RequestHead::from(&head).public_origin(&self.forwarded);
        let origin = origin.map_err(|_| refused("The request must name exactly one valid host."))?;
        // The rewritten redirects and `Clerk-Proxy-Url` have to agree on this URL.
        let public = format!("{}{}", origin.as_str(), self.prefix.as_str());
        let public_header = HeaderValue::from_str(&public)
            .map_err(|_| refused("The request's host is not a valid header value."))?;
        let caller = Caller { origin, address: self.address.find(&head) };

        // A new request, because version and extensions belong to the caller's connection, and a transport may act on
        // them.
        let mut request = Request::new(());
        *request.method_mut() = head.method;
        *request.uri_mut() = target.clone();
        *request.headers_mut() = head.headers;
        let (host, secret) = (self.upstream.host(), self.secret.clone());
        headers::prepare_request(request.headers_mut(), &caller, host, public_header, secret);
        Ok(Outgoing { request, target, public })
    }

    async fn exchange<T, RB>(
        &self,
        transport: T,
        sent: Outgoing,
        body: OwnBody,
    ) -> Result<Response<ResponseBody<NoInner>>, Rejection>
    where
        T: Service<Request<ProxyBody>, Response = Response<RB>, Error: Into<BoxError>>,
        RB: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    {
        let body = Watched::new(body, self.idle_timeout, None);
        let upload = body.progress();
        runtime::current().map_err(|_| failed("runtime", upload.stage()))?;
        let exchange = self.exchanges.begin(body.progress()).ok_or_else(busy)?;
        // The timeout ends with the response head: one for the whole body would cut off long downloads.
        let mut request = sent.request.map(|()| ProxyBody::new(body));
        let delivery = Delivery::start(request.extensions_mut());
        let response = transport.oneshot(request);
        let response = match tokio::time::timeout(self.timeout, response).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => {
                let _place = exchange.answered().ok_or_else(busy)?;
                return Err(failed(phase_of(&error.into()), upload.stage()));
            }
            Err(_) => {
                let _place = exchange.answered().ok_or_else(busy)?;
                let stage = upload.stage();
                // The transport gives up the connection, which may be dead. A slow caller says nothing about it.
                if stage.is_readers_turn() {
                    delivery.timed_out();
                }
                return Err(failed("timeout", stage));
            }
        };
        let place = exchange.answered().ok_or_else(busy)?;
        // `Upgrade` is removed from requests, so a 101 is not a valid response. Headers are limited in this direction
        // too.
        if response.status().is_informational() || headers::are_too_large(response.headers()) {
            return Err(failed("response", Stage::Complete));
        }
        telemetry::proxied(response.status());
        let response = self.pass_on(response, &sent.target, &sent.public);
        let watch = |body| Watched::new(boxed(body), self.idle_timeout, Some(place));
        Ok(response.map(|body| ResponseBody::own(boxed(watch(body)))))
    }

    /// Returns the response for the caller: a new one, because version and extensions belong to the upstream's
    /// connection.
    fn pass_on<RB>(&self, upstream: Response<RB>, target: &Uri, public: &str) -> Response<RB> {
        let (head, body) = upstream.into_parts();
        let mut response = Response::new(body);
        *response.status_mut() = head.status;
        let headers = response.headers_mut();
        *headers = head.headers;
        headers::prepare_response(headers);
        // Not `HeaderValue::to_str`, which rejects the UTF-8 that some servers do not escape.
        let location = headers.get(LOCATION).and_then(|value| std::str::from_utf8(value.as_bytes()).ok());
        let rewritten = location.and_then(|location| self.upstream.rewrite(location, target, public));
        if let Some(value) = rewritten.and_then(|location| HeaderValue::try_from(location).ok()) {
            headers.insert(LOCATION, value);
        }
        response
    }
}

const FAILED: &str = "proxy_request_failed";

fn path_mismatch() -> Rejection {
    let message = "The path is not below the Frontend API proxy's path, or contains dot segments, encoded separators or \
                   other characters that no path of the Frontend API has.";
    Rejection::new(StatusCode::BAD_REQUEST, "proxy_path_mismatch", message)
}

fn refused(message: &'static str) -> Rejection {
    Rejection::new(StatusCode::BAD_REQUEST, FAILED, message)
}

fn phase_of(error: &BoxError) -> &'static str {
    if error.is::<ConnectError>() { "connect" } else { "transfer" }
}

/// Rejects after a failure: with 400 or 408 if the caller's own body did not arrive although it was waited for, which says
/// nothing about this server, and with 502 otherwise. Only the phase is logged and nothing of the error is returned, because it can contain internal
/// addresses.
fn failed(phase: &'static str, upload: Stage) -> Rejection {
    let (status, message) = match (upload, phase) {
        (Stage::Broken, _) => (StatusCode::BAD_REQUEST, "The request body was not received completely."),
        (Stage::Stalled, _) | (Stage::Waiting, "timeout") => {
            (StatusCode::REQUEST_TIMEOUT, "The request body was not received in time.")
        }
        (stage, phase) => {
            // Clerk stopped reading, which the transport reports as a failure of the body.
            let is_unread = stage == Stage::Unread && phase == "transfer";
            telemetry::not_proxied(if is_unread { "timeout" } else { phase });
            (StatusCode::BAD_GATEWAY, "No valid response from Clerk's Frontend API. Try again shortly.")
        }
    };
    Rejection::new(status, FAILED, message)
}

/// Rejects with 503 if too many requests are being forwarded.
fn busy() -> Rejection {
    telemetry::proxy_busy();
    let message = "Too many requests are being forwarded. Try again shortly.";
    Rejection::new(StatusCode::SERVICE_UNAVAILABLE, "proxy_busy", message).after(Duration::from_secs(1))
}

/// Shows the path and the upstream's host, and no secrets.
impl<T> fmt::Debug for Proxy<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (path, upstream) = (self.rules.prefix.as_str(), self.rules.upstream.host());
        f.debug_struct("Proxy").field("path", &path).field("upstream", &upstream).finish_non_exhaustive()
    }
}
