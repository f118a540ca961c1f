//! The [Frontend API proxy](https://clerk.com/docs/guides/dashboard/dns-domains/proxy-fapi): browsers reach Clerk under
//! your own domain.
//!
//! Browsers talk to Clerk's Frontend API to sign in. With the proxy, they send these requests to a path of your
//! application, such as `/__clerk`, and this service forwards them. The proxy is for production instances, and must be
//! on the application's domain. Enable it for the domain in Clerk's dashboard first.
//!
//! [`ProxyLayer`] handles requests whose path is the proxy's path or below it, and passes all others to the inner
//! service unchanged. Put it outside the layer that authenticates, because most of its requests come from visitors who
//! are not signed in yet. Without the layer, [`Proxy`] is a service for routers that do not strip the path they have
//! matched.
//!
//! ```
//! use bytes::Bytes;
//! use clerk_tower::{Clerk, server::authenticate::AuthenticateLayer, server::proxy::ProxyLayer};
//! use http::{Request, Response};
//! use http_body_util::Full;
//! use tower::{ServiceBuilder, ServiceExt};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let clerk = Clerk::builder()
//!     .secret_key("sk_live_abc")
//!     .publishable_key("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k")
//!     .authentication(|options| options.proxy_url("/__clerk"))
//!     .build()?;
//! let service = ServiceBuilder::new()
//!     .layer(ProxyLayer::new(&clerk)?)
//!     .layer(AuthenticateLayer::new(&clerk))
//!     .service_fn(|_: Request<Full<Bytes>>| async {
//!         Ok::<_, std::convert::Infallible>(Response::new(Full::<Bytes>::from("the application")))
//!     });
//!
//! let response = service.clone().oneshot(Request::get("/__clerkx").body(Full::default())?).await?;
//! assert_eq!(response.headers()["x-clerk-auth-status"], "signed-out");
//! // A path that could leave the prefix again is rejected.
//! let response = service.oneshot(Request::get("/__clerk/../x").body(Full::default())?).await?;
//! assert_eq!(response.status(), 400);
//! # Ok(()) }
//! ```
//!
//! # Configuration
//!
//! Authentication has to know the proxy too, so both use one setting: `CLERK_PROXY_URL=/__clerk`, or
//! [`AuthenticateOptions::proxy_url`](clerk_core::authenticate::AuthenticateOptions::proxy_url). Without it, building
//! the proxy of a client fails.
//!
//! Clerk compares the header `Clerk-Proxy-Url` with the URL in the dashboard. Behind a server that terminates TLS, this
//! service does not see the public URL: set [`ProxyBuilder::forwarded`].
//!
//! Clerk limits sign-in attempts by IP address, so it needs the visitor's. The address has one source: what
//! [`ProxyBuilder::client_ip`] or [`ProxyBuilder::client_ip_header`] says, or else `X-Forwarded-For` behind a trusted proxy.
//! Only an IP address is sent. All other headers that could name an address are removed, because visitors could forge
//! them: `X-Forwarded-*`, `Forwarded`, `X-Real-IP`, `CF-*`, `True-Client-IP`, `Fastly-Client-IP`, `X-Vercel-*`,
//! `X-Original-*`, and their like.
//!
//! On a plain hyper server, store the peer's address in each request's extensions, and read it from there:
//!
//! ```
//! use std::net::SocketAddr;
//! use clerk_core::{authenticate::Forwarded, keys::{PublishableKey, SecretKey}};
//! use clerk_tower::server::proxy::{ProxyBuilder, ProxyLayer};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let keys: (PublishableKey, SecretKey) = ("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k".parse()?, "sk_live_abc".parse()?);
//! let proxy = ProxyBuilder::with_keys(keys.0, keys.1)
//!     .forwarded(Forwarded::Origin("https://app.example.com".parse()?))
//!     // The server calls `request.extensions_mut().insert(peer)` with the address from `accept`.
//!     .client_ip(|head| head.extensions.get::<SocketAddr>().map(SocketAddr::ip))
//!     .build()?;
//! # let _ =
//! ProxyLayer::from(proxy);
//! # Ok(()) }
//! ```
//!
//! # Requests
//!
//! Method, path, query, headers and body are forwarded unchanged, with these exceptions:
//!
//! - Hop-by-hop headers are removed, and several `Cookie` headers are joined.
//! - `Host`, `Accept-Encoding: identity`, `Clerk-Proxy-Url` and `Clerk-Secret-Key` replace those of the request.
//! - `X-Forwarded-Host` and `X-Forwarded-Proto` are those of the public URL, `X-Forwarded-For` is the visitor's address, and
//!   no other header about the visitor's address or URL is forwarded.
//!
//! The secret key is only sent to the configured host, over TLS or on the loopback interface. Redirects are not
//! followed. Paths that a server could take for another one are rejected: those with dot segments in any spelling, encoded
//! slashes or backslashes, control characters, or anything that is encoded twice. No path of the Frontend API has them.
//!
//! # Responses
//!
//! Status, headers and body of Clerk's response are returned, without hop-by-hop headers and without `Content-Length`,
//! which the server sets again. A `Location` on Clerk's host is rewritten to the proxy's URL; others are not changed.
//!
//! | cause | status | code |
//! |---|---|---|
//! | the path is not below the prefix, or has dot segments, encoded separators or the like | 400 | `proxy_path_mismatch` |
//! | the method is `CONNECT`, `TRACE` or `TRACK`; no host, or several | 400 | `proxy_request_failed` |
//! | the request headers exceed 64 KiB | 431 | `proxy_request_failed` |
//! | the request body does not arrive completely | 400 | `proxy_request_failed` |
//! | the request body does not arrive in time | 408 | `proxy_request_failed` |
//! | too many requests are in flight ([`ProxyBuilder::max_in_flight`]) | 503 | `proxy_busy` |
//! | Clerk cannot be reached or does not respond in time; the response is not valid, or its headers exceed 64 KiB | 502 | `proxy_request_failed` |
//!
//! Invalid settings are errors of the [`ProxyBuilder`], so they cannot affect requests.
//!
//! # Streaming
//!
//! Bodies are streamed with backpressure in both directions. Dropping a response ends the request to Clerk. There is a
//! timeout for the connection, one until the response head ([`ProxyBuilder::timeout`]), and one for a body that stands still
//! ([`ProxyBuilder::idle_timeout`]), because its sender stops or its reader does not read. At most 256 requests are in
//! flight, until the end of their responses ([`ProxyBuilder::max_in_flight`]). Beyond that,
//! whoever has announced a body and not sent it makes room for others. The size of a body is not limited.
//!
//! Upgrades are not proxied: `Upgrade` is a hop-by-hop header, so Clerk receives a WebSocket handshake as a plain
//! request.
//!
//! # Transports
//!
//! The default is [`ReqwestTransport`](crate::client::transport::ReqwestTransport). Any service for requests with a
//! [`ProxyBody`] can replace it:
//!
//! ```
//! use clerk_core::keys::{PublishableKey, SecretKey};
//! use clerk_tower::server::proxy::{ProxyBody, ProxyBuilder};
//! use http::{Request, Response};
//! use http_body_util::{BodyExt, Full};
//! use tower::{ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // A transport for a test, which returns the request's body.
//! let echo = service_fn(|request: Request<ProxyBody>| async move {
//!     assert_eq!(request.uri(), "https://frontend-api.clerk.dev/v1/client?a=b");
//!     assert_eq!(request.headers()["clerk-proxy-url"], "http://app.example.com/__clerk");
//!     Ok::<_, std::convert::Infallible>(Response::new(request.into_body()))
//! });
//! let keys: (PublishableKey, SecretKey) = ("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k".parse()?, "sk_live_abc".parse()?);
//! let proxy = ProxyBuilder::with_keys(keys.0, keys.1).build_with(echo)?;
//!
//! let request = Request::post("/__clerk/v1/client?a=b").header("host", "app.example.com");
//! let response = proxy.oneshot(request.body(Full::from("a body"))?).await?;
//! assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "a body");
//! # Ok(()) }
//! ```

mod body;
mod builder;
mod exchanges;
mod headers;
mod layer;
mod path;
mod service;
mod upstream;
mod watched;

pub use self::{
    body::ProxyBody,
    builder::ProxyBuilder,
    layer::{Proxied, ProxyLayer, ResponseFuture},
    service::{Proxy, ProxyFuture},
};
