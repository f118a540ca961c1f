//! Gives every request the API's address and the headers that all of them carry.
//!
//! An operation's URI is relative. This layer puts the base before it, so that a request can only go to the
//! configured host: one that brings a host of its own is refused, and with it the key it carries.
//!
//! ```
//! use bytes::Bytes;
//! use clerk_tower::base_uri::BaseUriLayer;
//! use http::{Request, Response};
//! use tower::{BoxError, Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), BoxError> {
//! let transport = service_fn(|request: Request<Bytes>| async move {
//!     Ok::<_, BoxError>(Response::new(request.uri().to_string()))
//! });
//! let service = BaseUriLayer::new("https://api.clerk.com/v1")?.layer(transport);
//! let relative = Request::get("/users?limit=1").body(Bytes::new())?;
//! assert_eq!(service.clone().oneshot(relative).await?.into_body(), "https://api.clerk.com/v1/users?limit=1");
//!
//! let elsewhere = Request::get("https://example.com/users").body(Bytes::new())?;
//! assert!(service.oneshot(elsewhere).await.is_err());
//! # Ok(()) }
//! ```

mod layer;
mod service;

pub use self::{
    layer::{BaseUriLayer, InvalidBaseUri},
    service::BaseUri,
};
