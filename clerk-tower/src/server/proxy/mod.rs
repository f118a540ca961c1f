//! The Frontend API proxy: browsers reach Clerk under your own domain.
//!
//! A browser that signs in talks to Clerk's Frontend API. With the proxy it talks to a path of your
//! application, such as `/__clerk`, and this service sends its requests on. Turn the proxy on
//! for the domain in Clerk's dashboard first; it is for production instances, and has to stand on the domain
//! of the application.
//!
//! [`ProxyLayer`] answers requests whose path is the prefix or lies below it, and passes all others to the
//! inner service untouched. It stands outside of the layer that authenticates: most of these requests come
//! from people who are not signed in yet. [`Proxy`] alone is a service for routers that match paths themselves
//! and leave them whole.
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
//! // A path that could lead out of the prefix again is not sent on.
//! let response = service.oneshot(Request::get("/__clerk/../x").body(Full::default())?).await?;
//! assert_eq!(response.status(), 400);
//! # Ok(()) }
//! ```
//!
//! # What is sent
//!
//! Method, path, query, body and headers as they came, with these exceptions. Headers that concern one
//! connection are removed, and several `Cookie` headers become one. `Host`, `Accept-Encoding: identity`, `Clerk-Proxy-Url` and `Clerk-Secret-Key` are
//! set over anything the caller sent. The secret key goes to the configured host alone, over TLS, or without
//! it to this computer; redirects are not followed.
//!
//! Clerk compares `Clerk-Proxy-Url` with the address it was told in the dashboard. A service behind a server
//! that ends TLS does not see that address: set [`ProxyBuilder::forwarded`]. Clerk also limits how often one address
//! may try to sign in, so it has to know who is calling: behind a trusted server that is read from the headers
//! it sets; otherwise [`ProxyBuilder::client_ip`] says how to find out. What callers claim in such headers is
//! removed unless it is trusted.
//!
//! Authentication has to know of the proxy too, so both read one setting: `CLERK_PROXY_URL=/__clerk`, or
//! [`AuthenticateOptions::proxy_url`](clerk_core::authenticate::AuthenticateOptions::proxy_url). Without it the proxy of
//! a client is not built.
//!
//! On a bare hyper server, put the peer's address into each request, and say where it is:
//!
//! ```
//! use std::net::SocketAddr;
//! use clerk_core::authenticate::Forwarded;
//! use clerk_tower::server::proxy::{ProxyBuilder, ProxyLayer};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let keys = ("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k".parse()?, "sk_live_abc".parse()?);
//! let proxy = ProxyBuilder::with_keys(keys.0, keys.1)
//!     .forwarded(Forwarded::Origin("https://app.example.com".parse()?))
//!     // The server does `request.extensions_mut().insert(peer)`, with what `accept` gave it.
//!     .client_ip(|head| head.extensions.get::<SocketAddr>().map(SocketAddr::ip))
//!     .build()?;
//! # let _ =
//! ProxyLayer::from(proxy);
//! # Ok(()) }
//! ```
//!
//! # What is answered
//!
//! Status, headers and body of Clerk's answer, without the headers that concern one connection and without
//! `Content-Length`, which the server tells anew. A `Location` at Clerk's host becomes the same place under
//! the proxy's address; others stay.
//!
//! | what went wrong | status | code |
//! |---|---|---|
//! | the path is not below the prefix, or has dot segments | 400 | `proxy_path_mismatch` |
//! | the method is `CONNECT`, `TRACE` or `TRACK`; no host, or several | 400 | `proxy_request_failed` |
//! | the headers have more than 64 KiB | 431 | `proxy_request_failed` |
//! | no connection, no answer in time, an answer that is none or has headers of more than 64 KiB | 502 | `proxy_request_failed` |
//!
//! Wrong settings are errors of the [`ProxyBuilder`], so no request meets them.
//!
//! # Streams
//!
//! Bodies are never collected. A piece is read when the other side asks for the next, in both directions, and
//! dropping an answer ends the exchange with Clerk. There is a deadline for the connection and one until the
//! head of an answer is there. How long a body may pause, and how large it may be, is for the server and its
//! other layers to say.
//!
//! Upgrades are not proxied: `Upgrade` concerns one connection, so a WebSocket handshake arrives at Clerk as a
//! plain request.
//!
//! # Transports
//!
//! The default one is [`ReqwestTransport`](crate::client::transport::ReqwestTransport). Any service that takes a
//! request with a [`ProxyBody`] can be another:
//!
//! ```
//! use clerk_tower::server::proxy::{ProxyBody, ProxyBuilder};
//! use http::{Request, Response};
//! use http_body_util::{BodyExt, Full};
//! use tower::{ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // A transport for a test: sends the body back.
//! let echo = service_fn(|request: Request<ProxyBody>| async move {
//!     assert_eq!(request.uri(), "https://frontend-api.clerk.dev/v1/client?a=b");
//!     assert_eq!(request.headers()["clerk-proxy-url"], "http://app.example.com/__clerk");
//!     Ok::<_, std::convert::Infallible>(Response::new(request.into_body()))
//! });
//! let keys = ("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k".parse()?, "sk_live_abc".parse()?);
//! let proxy = ProxyBuilder::with_keys(keys.0, keys.1).build_with(echo)?;
//!
//! let request = Request::post("/__clerk/v1/client?a=b").header("host", "app.example.com");
//! let response = proxy.oneshot(request.body(Full::from("a body"))?).await?;
//! assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "a body");
//! # Ok(()) }
//! ```

mod body;
mod builder;
mod headers;
mod layer;
mod path;
mod service;
mod upstream;

pub use self::{
    body::ProxyBody,
    builder::ProxyBuilder,
    layer::{Proxied, ProxiedBody, ProxyLayer, ResponseFuture},
    service::{Proxy, ProxyFuture},
};
