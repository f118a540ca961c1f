//! Protected resources: services that clients call with OAuth access tokens, such as MCP servers.
//!
//! [`ProtectedResourceLayer`] makes a service such a resource, with the instance as its authorization server:
//!
//! - It serves the document by which clients find the authorization server ([RFC 9728]), to scripts of any origin, and
//!   passes on the authorization server's own document ([RFC 8414]), for clients that ask the resource for it.
//! - It lets a request through only with an OAuth token, opaque or a JWT, that was issued by the instance, and for this
//!   resource if it names an audience ([RFC 8707]).
//! - It turns every 401 beneath it, and every 403 that other scopes would change, into the challenge that clients need to go on
//!   ([RFC 6750], [RFC 9728]), those of guards and extractors included.
//! - It removes the `Authorization` header, so that nothing behind it can pass the token on.
//!
//! [`Auth`](super::authenticate::Auth), in the request's extensions, tells who is calling. It holds for everything beneath the
//! layer: another [`AuthenticateLayer`](super::authenticate::AuthenticateLayer) there does not decide again.
//!
//! | the request has | response |
//! |---|---|
//! | no token | 401, and where the document is |
//! | a token that is not an access token of the instance, has expired or was revoked | 401 `invalid_token` |
//! | a token for another resource, or for none if [one is required](ProtectedResourceBuilder::require_audience) | 401 `invalid_token`, and once a minute a line in the log |
//! | a token without the scope that a guard or handler requires | 403 `insufficient_scope`, with all scopes to ask for |
//! | an opaque token, while Clerk does not respond | 503 |
//! | an opaque token, at a service without the secret key | 500 `clerk-secret-key-missing` |
//!
//! Without the secret key, tokens that are JWTs are accepted: a [`ClerkVerifier`](crate::ClerkVerifier) is enough.
//!
//! ```
//! use bytes::Bytes;
//! use clerk_local::LocalClerk;
//! use clerk_tower::server::{authenticate::Auth, resource::ProtectedResourceLayer};
//! use http::{Request, Response};
//! use http_body_util::Full;
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let local = LocalClerk::seeded();
//! let layer = ProtectedResourceLayer::builder(&local.client(), "https://mcp.example.com/mcp").build()?;
//! let service = layer.layer(service_fn(|request: Request<Bytes>| async move {
//!     let auth = Auth::from_extensions(request.extensions()).expect("the layer is there");
//!     let user = auth.machine().map(|token| token.subject().to_string()).unwrap_or_default();
//!     Ok::<_, std::convert::Infallible>(Response::new(Full::<Bytes>::from(user)))
//! }));
//!
//! let response = service.clone().oneshot(Request::post("/mcp").body(Bytes::new())?).await?;
//! assert_eq!(response.status(), 401);
//! assert_eq!(
//!     response.headers()["www-authenticate"],
//!     r#"Bearer resource_metadata="https://mcp.example.com/.well-known/oauth-protected-resource/mcp""#,
//! );
//!
//! let token = local.oauth_token("user_ada").create();
//! let request = Request::post("/mcp").header("authorization", format!("Bearer {}", token.token));
//! let response = service.oneshot(request.body(Bytes::new())?).await?;
//! assert_eq!(response.status(), 200);
//! # Ok(()) }
//! ```
//!
//! [`CallScopesLayer`], inside of it, requires scopes that depend on a request's body, such as those of the tool that it calls.
//!
//! Everything that passes through the layer is protected, whatever its path. In a router, wrap the resource's own service in the
//! layer, and lead the [paths of the documents](ProtectedResourceLayer::document_paths) to the
//! [service](ProtectedResourceLayer::documents) that serves them; in axum, `clerk_axum::ProtectedResource::protect` does both.
//!
//! A preflight request of a browser ([CORS]) has no token, and is rejected like every other: for clients in browsers, put the layer
//! of tower-http that answers them outside of this one.
//!
//! [CORS]: https://fetch.spec.whatwg.org/#http-cors-protocol
//! [RFC 6750]: https://www.rfc-editor.org/rfc/rfc6750#section-3
//! [RFC 8414]: https://www.rfc-editor.org/rfc/rfc8414
//! [RFC 8707]: https://www.rfc-editor.org/rfc/rfc8707
//! [RFC 9728]: https://www.rfc-editor.org/rfc/rfc9728

mod address;
mod authorization_server;
mod builder;
mod calls;
mod challenge;
mod documents;
mod guard;
mod layer;
mod tool_calls;

pub use self::{
    builder::ProtectedResourceBuilder,
    calls::{CallBody, CallScopes, CallScopesFuture, CallScopesLayer},
    layer::{DocumentFuture, MetadataDocuments, ProtectedResource, ProtectedResourceLayer, ResponseFuture},
};
