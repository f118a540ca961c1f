use std::{
    error::Error as StdError,
    fmt,
    future::{Future, ready},
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use http::{
    Request, Response, Uri,
    uri::{Authority, Scheme},
};
use http_body::Body as _;
use hyper_util::client::proxy::matcher::Matcher;
use reqwest::Url;
use tower_service::Service;

use super::{
    CONNECT_TIMEOUT, ProxyError, check_runtime,
    delivery::{Delivery, TrackedBody, sort, sources},
    is_loopback,
};
use crate::{BoxError, client::purpose::Purpose};

/// Default transport: a [`reqwest::Client`] with its connection pool, HTTP/2, rustls and the system's proxy settings.
///
/// It reads `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` as reqwest does. Addresses on the loopback interface are never
/// proxied.
///
/// Without TLS, which the client accepts only on the loopback interface, a server that sends interim responses (1xx) without
/// end can hold the thread, and so delay the deadlines of its calls: each time the connection is polled, hyper parses all that
/// has arrived, and reqwest has no setting for how much it reads at once. Over TLS that is limited by the size of a record. If
/// you do not trust what listens on that port, use `HyperTransport` (feature `hyper`), which reads 32 KiB at a time.
#[derive(Clone)]
pub struct ReqwestTransport(Arc<Clients>);

struct Clients {
    build: Build,
    program: Slots,
    /// For calls that strangers may have caused. The streams of an HTTP/2 connection are limited.
    decisions: Slots,
    /// The system's proxies, to name the one that failed; `None` if the application chose its own.
    system: Option<Matcher>,
    /// The origin of the last request, because reqwest wants URLs, and the host is most of the work of parsing one.
    origin: Mutex<Option<Origin>>,
}

struct Origin {
    scheme: Scheme,
    authority: Authority,
    url: Url,
}

impl Origin {
    fn of(uri: &Uri) -> Option<Self> {
        let (scheme, authority) = (uri.scheme()?.clone(), uri.authority()?.clone());
        let url = Url::parse(&format!("{scheme}://{authority}")).ok()?;
        Some(Self { scheme, authority, url })
    }

    fn is_of(&self, uri: &Uri) -> bool {
        // Not as authorities, which are compared without regard to case: a password is no host.
        let is_authority = |other: &Authority| other.as_str() == self.authority.as_str();
        uri.scheme() == Some(&self.scheme) && uri.authority().is_some_and(is_authority)
    }
}

/// Clients that are created when they are needed.
#[derive(Default)]
struct Slots {
    /// For the loopback interface, without a proxy.
    direct: Slot,
    others: Slot,
}

/// What a request leads to.
type Responded = Result<Response<reqwest::Body>, BoxError>;

type Build = Box<dyn Fn() -> reqwest::ClientBuilder + Send + Sync>;

/// A client, which is replaced after a timeout. reqwest cannot take a single connection out of its pool.
type Slot = Mutex<Option<Arc<reqwest::Client>>>;

impl ReqwestTransport {
    /// Creates a transport that does not follow redirects, does not retry and does not send `Referer`.
    ///
    /// # Errors
    /// If the TLS backend cannot be set up.
    pub fn new() -> Result<Self, BoxError> {
        Self::with(Box::new(reqwest::Client::builder), Some(Matcher::from_system()))
    }

    /// Creates a transport from your own builder, with other proxies, roots or limits. The settings that every
    /// transport needs are added to it: no redirects, no retries, no `Referer`, and the timeouts of connections.
    ///
    /// It is a function, because the transport needs a client without a proxy for the loopback interface, and a new one
    /// after a timeout. It is called again for each.
    ///
    /// ```
    /// use clerk_tower::client::transport::ReqwestTransport;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    /// let proxy = reqwest::Proxy::https("http://proxy.internal:3128")?;
    /// let transport = ReqwestTransport::from_builder(move || reqwest::Client::builder().proxy(proxy.clone()))?;
    /// # let _ = transport; Ok(()) }
    /// ```
    ///
    /// # Errors
    /// If the client cannot be built.
    pub fn from_builder(
        build: impl Fn() -> reqwest::ClientBuilder + Send + Sync + 'static,
    ) -> Result<Self, BoxError> {
        Self::with(Box::new(build), None)
    }

    fn with(build: Build, system: Option<Matcher>) -> Result<Self, BoxError> {
        let (program, decisions) = (Slots::default(), Slots::default());
        let clients = Clients { build, program, decisions, system, origin: Mutex::default() };
        clients.client(&clients.program.others, false)?;
        Ok(Self(Arc::new(clients)))
    }
}

impl Clients {
    /// Returns the client for a request.
    fn client_for<B>(&self, request: &Request<B>) -> Result<Arc<reqwest::Client>, BoxError> {
        let is_decision = Purpose::of(request.extensions()).is_decision();
        let slots = if is_decision { &self.decisions } else { &self.program };
        let is_direct = request.uri().host().is_some_and(is_loopback);
        self.client(if is_direct { &slots.direct } else { &slots.others }, is_direct)
    }

    /// Returns the client in a slot; builds one if the slot is empty.
    fn client(&self, slot: &Slot, is_direct: bool) -> Result<Arc<reqwest::Client>, BoxError> {
        let mut current = slot.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = &*current {
            return Ok(client.clone());
        }
        let mut builder = configure((self.build)());
        if is_direct {
            builder = builder.no_proxy();
        }
        Ok(current.insert(Arc::new(builder.build()?)).clone())
    }

    /// Returns a URI as a URL. `None` if it is not one, for example because it has no host.
    fn url(&self, uri: &Uri) -> Option<Url> {
        let mut last = self.origin.lock().unwrap_or_else(PoisonError::into_inner);
        if !last.as_ref().is_some_and(|origin| origin.is_of(uri)) {
            *last = Origin::of(uri);
        }
        let mut url = last.as_ref()?.url.clone();
        drop(last);
        url.set_path(uri.path());
        url.set_query(uri.query());
        Some(url)
    }

    /// Starts a request at once, because a future that has the whole request is large. The future does not borrow the service.
    fn start<B>(
        self: &Arc<Self>,
        request: Request<B>,
    ) -> Result<impl Future<Output = Responded> + use<B>, BoxError>
    where
        B: Into<reqwest::Body>,
    {
        check_runtime(request.extensions())?;
        let delivery = Delivery::of(request.extensions());
        let client = self.client_for(&request)?;
        let (head, body) = request.into_parts();
        let url = self.url(&head.uri).ok_or("the request has no valid URL")?;
        let body = TrackedBody::new(body.into(), &head.method, delivery.clone());
        let mut request = reqwest::Request::new(head.method, url);
        *request.headers_mut() = head.headers;
        *request.version_mut() = head.version;
        // A request that ends with its head has no body to track.
        if !body.is_end_stream() {
            *request.body_mut() = Some(reqwest::Body::wrap(body));
        }
        let used = (self.clone(), client.clone());
        delivery.on_timeout(move || used.0.give_up(&used.1));
        let (response, clients, uri) = (client.execute(request), self.clone(), head.uri);
        Ok(async move {
            let response = response.await;
            Ok(response.map_err(|error| clients.sort(error, &uri, &delivery))?.into())
        })
    }

    /// Empties the client's slot if this client is still in it. The next request gets a new client, which has no connections yet;
    /// requests in flight keep the old one.
    fn give_up(&self, client: &Arc<reqwest::Client>) {
        let slots = [&self.program, &self.decisions];
        for slot in slots.into_iter().flat_map(|slots| [&slots.direct, &slots.others]) {
            let mut current = slot.lock().unwrap_or_else(PoisonError::into_inner);
            current.take_if(|current| Arc::ptr_eq(current, client));
        }
    }

    /// Returns the error of a request to `uri` as the layers above expect it. The URL is removed, because it can contain
    /// ids and search terms, and errors are logged.
    fn sort(&self, error: reqwest::Error, uri: &Uri, delivery: &Delivery) -> BoxError {
        let error = error.without_url();
        let is_connect = error.is_connect();
        let proxy = if is_connect { self.proxy_of(uri, &error) } else { None };
        let error: BoxError = match proxy {
            Some(proxy) => Box::new(ProxyError { proxy, source: error.into() }),
            None => error.into(),
        };
        sort(is_connect, error, delivery)
    }

    /// Returns the proxy that requests to `uri` go through, without its credentials.
    fn proxy_of(&self, uri: &Uri, error: &reqwest::Error) -> Option<String> {
        if uri.host().is_some_and(is_loopback) {
            return None;
        }
        let Some(system) = &self.system else {
            // The application's own proxies are hidden in its builder, so hyper-util's error has to tell.
            let is_tunnel = |error: &(dyn StdError + 'static)| error.to_string().starts_with("tunnel error");
            return sources(error).any(is_tunnel).then(|| "the proxy".to_owned());
        };
        let proxy = system.intercept(uri)?;
        // Host and port one by one: whatever else the authority contains may be a password.
        let (host, port) = (proxy.uri().host()?, proxy.uri().port_u16());
        let port = port.map_or(String::new(), |port| format!(":{port}"));
        Some(format!("the proxy {host}{port}"))
    }
}

fn configure(builder: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
    builder
        // reqwest drops `Authorization` on a redirect to another host, but not a header it does not know, such as the
        // `Clerk-Secret-Key` that the Frontend API proxy sends.
        .redirect(reqwest::redirect::Policy::none())
        // reqwest would retry on its own what the retry layer counts, limits and reports.
        .retry(reqwest::retry::never())
        .referer(false)
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_idle_timeout(Duration::from_secs(90))
        .http2_keep_alive_interval(Duration::from_secs(30))
        .http2_keep_alive_timeout(Duration::from_secs(10))
}

impl fmt::Debug for ReqwestTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReqwestTransport")
    }
}

impl<B> Service<Request<B>> for ReqwestTransport
where
    B: Into<reqwest::Body> + Send + 'static,
{
    type Response = Response<reqwest::Body>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Responded> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        // A reqwest client is always ready.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        match self.0.start(request) {
            Ok(response) => Box::pin(response),
            Err(error) => Box::pin(ready(Err(error))),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn clients() -> Arc<Clients> {
        ReqwestTransport::new().unwrap().0
    }

    #[test]
    fn a_url_has_the_origin_of_its_own_request() {
        let clients = clients();
        for uri in [
            "https://api.clerk.com/v1/users?limit=1",
            "https://api.clerk.com/v1/users",
            "http://api.clerk.com/v1/users",
            "https://API.clerk.com:443/v1/users",
            "https://api.clerk.com:8443",
            "http://[::1]:8080/a//b/../c?d=%20#",
            "https://user:password@example.com/",
            "https://api.clerk.com/v1/users?",
        ] {
            let url = clients.url(&uri.parse().unwrap()).unwrap();
            assert_eq!(url, Url::parse(uri.trim_end_matches('#')).unwrap(), "{uri}");
        }
        for relative in ["/v1/users", "*"] {
            assert_eq!(clients.url(&relative.parse().unwrap()), None, "{relative}");
        }
    }

    proptest! {
        /// The path and the query are read as if the whole URL had been parsed.
        #[test]
        fn a_url_is_what_its_uri_says(address in "/[!-~é]{0,40}") {
            if let Ok(uri) = Uri::try_from(format!("https://api.clerk.com{address}")) {
                let expected = Url::parse(&uri.to_string()).unwrap();
                prop_assert_eq!(clients().url(&uri), Some(expected));
            }
        }
    }
}
