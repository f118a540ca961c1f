use std::convert::Infallible;

use axum::Router;
use axum_core::extract::Request;
use bytes::Bytes;
use clerk_core::token::TokenKind;
use clerk_tower::{
    BoxError, ClerkVerifier, ConfigError,
    server::resource::{ProtectedResourceBuilder as Builder, ProtectedResourceLayer as Layer},
};
use tower_layer::Layer as _;
use tower_service::Service;

use crate::service::AxumBody;

/// A service that clients call with OAuth access tokens, such as an MCP server: its metadata documents, and what protects it.
/// See [`resource`](clerk_tower::server::resource) of clerk-tower for what is checked, and the guide's page on
/// [MCP servers](crate::guide::mcp) for the whole way to a connected client.
///
/// ```
/// use axum::{Router, routing::post};
/// use clerk_axum::{Clerk, OAuthToken, ProtectedResource, Rejection};
///
/// async fn add(token: OAuthToken, note: String) -> Result<String, Rejection> {
///     token.require_scope("notes:write")?;
///     Ok(format!("{} noted: {note}", token.user_id))
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let clerk = Clerk::builder()
///     .secret_key("sk_test_abc")
///     .publishable_key("pk_test_Zm9vLWJhci0xMy5jbGVyay5hY2NvdW50cy5kZXYk")
///     .build()?;
/// let notes = ProtectedResource::builder(&clerk, "https://api.example.com/notes")
///     .scopes(["notes:write"])
///     .build()?;
/// // Clients call `https://api.example.com/notes/add`.
/// let app: Router = Router::new().merge(notes.protect(Router::new().route("/add", post(add))));
/// # let _ = app; Ok(()) }
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct ProtectedResource(Layer);

impl ProtectedResource {
    /// Returns a builder for the resource at this URL: the one that clients call, such as `https://mcp.example.com/mcp`.
    ///
    /// Clients, the metadata document, the audience of tokens and Clerk's dashboard have to agree about it, character by
    /// character.
    pub fn builder(clerk: impl Into<ClerkVerifier>, url: impl Into<String>) -> ProtectedResourceBuilder {
        ProtectedResourceBuilder(Layer::builder(clerk, url))
    }

    /// Returns a router that serves `service` at the path of the resource's URL, to requests with a token for it, and the
    /// metadata documents at theirs. Merge it into the application's router, at the top: the documents have addresses of
    /// the whole host.
    ///
    /// `service` is a router, or any other service, such as the streamable HTTP service of the crate `rmcp`. It sees paths
    /// without that of the resource, as in [`Router::nest`]. A router with a state needs
    /// [`with_state`](Router::with_state) first.
    pub fn protect<T, B, S>(&self, service: T) -> Router<S>
    where
        T: Service<Request, Response = http::Response<B>, Error = Infallible, Future: Send>
            + Clone
            + Send
            + Sync
            + 'static,
        B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
        S: Clone + Send + Sync + 'static,
    {
        let documents = AxumBody::new(self.0.documents());
        let routes = Router::new().without_v07_checks();
        let routes = self
            .0
            .document_paths()
            .fold(routes, |routes, path| routes.route_service(path, documents.clone()));
        let guarded = AxumBody::new(self.0.layer(service));
        match self.0.path() {
            "/" => routes.fallback_service(guarded),
            path => routes.nest_service(path, guarded),
        }
    }
}

/// In a nested router, axum removes the matched prefix from the request's URI, and keeps the full one in the extensions.
impl From<Layer> for ProtectedResource {
    fn from(layer: Layer) -> Self {
        #[cfg(feature = "original-uri")]
        let layer =
            layer.original_uri(|extensions| extensions.get().map(|axum::extract::OriginalUri(uri)| uri));
        Self(layer)
    }
}

/// Builder of a [`ProtectedResource`]. Settings are checked in [`build`](Self::build).
#[derive(Clone, Debug)]
#[must_use]
pub struct ProtectedResourceBuilder(Builder);

impl ProtectedResourceBuilder {
    /// Sets the scopes that clients may ask for. By default, the document names none, and clients ask for what the
    /// authorization server offers. See [`Builder::scopes`].
    pub fn scopes<T: Into<String>>(self, scopes: impl IntoIterator<Item = T>) -> Self {
        Self(self.0.scopes(scopes))
    }

    /// Sets the name that clients show to users. None by default.
    pub fn name(self, name: impl Into<String>) -> Self {
        Self(self.0.name(name))
    }

    /// Sets the URL of a page for developers. None by default.
    pub fn documentation(self, url: impl Into<String>) -> Self {
        Self(self.0.documentation(url))
    }

    /// Sets the authorization server. Defaults to the instance of the publishable key. See
    /// [`Builder::authorization_server`].
    pub fn authorization_server(self, issuer: impl Into<String>) -> Self {
        Self(self.0.authorization_server(issuer))
    }

    /// Sets whether a token has to name this resource in its audience. Off by default: then a token that names no audience
    /// is accepted. See [`Builder::require_audience`].
    pub fn require_audience(self, on: bool) -> Self {
        Self(self.0.require_audience(on))
    }

    /// Accepts sessions or API keys, too. By default, only OAuth tokens. See [`Builder::also_accept`].
    pub fn also_accept(self, kinds: impl IntoIterator<Item = TokenKind>) -> Self {
        Self(self.0.also_accept(kinds))
    }

    /// Sets the path under which the application sees the resource, if a proxy in front of it removes the start of the URL's
    /// path. Defaults to the URL's path. See [`Builder::mounted_at`].
    pub fn mounted_at(self, path: impl Into<String>) -> Self {
        Self(self.0.mounted_at(path))
    }

    /// Sets whether other resources stand at the same host, so that the documents of the whole host are left out. Off by
    /// default. See [`Builder::has_neighbors`].
    pub fn has_neighbors(self, on: bool) -> Self {
        Self(self.0.has_neighbors(on))
    }

    /// Checks the settings. Nothing is sent.
    ///
    /// # Errors
    /// [`ConfigError`] names the first setting that is missing or not valid. See [`Builder::build`].
    pub fn build(self) -> Result<ProtectedResource, ConfigError> {
        self.0.build().map(ProtectedResource::from)
    }
}
