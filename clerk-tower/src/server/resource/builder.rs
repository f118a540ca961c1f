use std::fmt;

use clerk_core::{authenticate::AuthenticateOptions, token::TokenKind};

use super::{
    ProtectedResourceLayer,
    address::ResourceUrl,
    authorization_server::AuthorizationServer,
    challenge::Challenges,
    documents::{About, Documents},
    layer::Resource,
};
use crate::{
    ClerkVerifier, ConfigError,
    client::middleware::base_uri::BaseUriLayer,
    server::{authenticate::AuthenticateLayer, rejection::is_scope},
};

/// Builder of a [`ProtectedResourceLayer`]. Settings are checked in [`build`](Self::build).
///
/// ```
/// use clerk_tower::{Clerk, server::resource::ProtectedResourceLayer};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let clerk = Clerk::builder()
///     .secret_key("sk_test_abc")
///     .publishable_key("pk_test_Zm9vLWJhci0xMy5jbGVyay5hY2NvdW50cy5kZXYk")
///     .build()?;
/// let layer = ProtectedResourceLayer::builder(&clerk, "https://mcp.example.com/mcp")
///     .scopes(["notes:read", "notes:write"])
///     .name("Notes")
///     .documentation("https://example.com/docs/mcp")
///     .build()?;
/// # let _ = layer;
///
/// let error = ProtectedResourceLayer::builder(&clerk, "http://mcp.example.com/mcp").build().unwrap_err();
/// assert!(error.to_string().starts_with("url: with http, anyone on the way could read the tokens"));
/// # Ok(()) }
/// ```
#[derive(Clone)]
#[must_use]
pub struct ProtectedResourceBuilder {
    clerk: ClerkVerifier,
    url: String,
    about: About,
    authorization_server: Option<String>,
    is_audience_required: bool,
    also_accepted: Vec<TokenKind>,
    mounted_at: Option<String>,
    has_neighbors: bool,
}

impl ProtectedResourceBuilder {
    pub(super) fn new(clerk: ClerkVerifier, url: String) -> Self {
        Self {
            clerk,
            url,
            about: About::default(),
            authorization_server: None,
            is_audience_required: false,
            also_accepted: Vec::new(),
            mounted_at: None,
            has_neighbors: false,
        }
    }

    /// Sets the scopes that clients may ask for. By default, the document names none, and clients ask for what the
    /// authorization server offers.
    ///
    /// They are information for clients: which request needs which scope is said by guards such as
    /// [`RequireLayer::scope`](crate::server::require::RequireLayer::scope).
    pub fn scopes<T: Into<String>>(mut self, scopes: impl IntoIterator<Item = T>) -> Self {
        self.about.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the name that clients show to users. None by default.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.about.name = Some(name.into());
        self
    }

    /// Sets the URL of a page for developers. None by default.
    pub fn documentation(mut self, url: impl Into<String>) -> Self {
        self.about.documentation = Some(url.into());
        self
    }

    /// Sets the authorization server: its issuer, such as `https://clerk.example.com`. Defaults to the Frontend API of the
    /// publishable key's instance.
    ///
    /// Tokens that are JWTs need this issuer (`iss`).
    pub fn authorization_server(mut self, issuer: impl Into<String>) -> Self {
        self.authorization_server = Some(issuer.into());
        self
    }

    /// Sets whether a token has to name this resource in its audience (`aud`). Off by default: then a token that names no
    /// audience is accepted, and one that names only others is not.
    ///
    /// Turn it on if all your clients ask for the resource (RFC 8707), as MCP clients do, and Clerk puts it into the
    /// tokens: a token without an audience may have been issued for any other service of the instance.
    pub const fn require_audience(mut self, on: bool) -> Self {
        self.is_audience_required = on;
        self
    }

    /// Accepts these kinds of token besides OAuth tokens: sessions or API keys. By default, none: they are not meant for
    /// agents, and have no audience.
    ///
    /// Sessions count in cookies, too, which browsers also send with requests that other sites make (CSRF). See
    /// [`authorized_parties`](AuthenticateOptions::authorized_parties).
    pub fn also_accept(mut self, kinds: impl IntoIterator<Item = TokenKind>) -> Self {
        self.also_accepted = kinds.into_iter().collect();
        self
    }

    /// Sets the path under which this service sees the resource, if a proxy in front of it removes the start of the URL's
    /// path. Defaults to the URL's path.
    pub fn mounted_at(mut self, path: impl Into<String>) -> Self {
        self.mounted_at = Some(path.into());
        self
    }

    /// Sets whether other resources stand at the same origin. Off by default. Then the documents of the origin as a whole,
    /// of which there can be one, are left out: the one at the root, and the authorization server's.
    pub const fn has_neighbors(mut self, on: bool) -> Self {
        self.has_neighbors = on;
        self
    }

    /// Checks the settings, and builds the layer. Nothing is sent.
    ///
    /// # Errors
    /// [`ConfigError`] names the first setting that is missing or not valid, and what is wrong with it:
    ///
    /// - `url`: it is not absolute, has a query or a fragment, is not encrypted, or clients would write it differently
    /// - `authorization_server`: it is not valid, or it is not set and the client has no publishable key
    /// - `scopes`, `documentation`, `mounted_at`, `also_accept`: see the methods
    pub fn build(self) -> Result<ProtectedResourceLayer, ConfigError> {
        let url = ResourceUrl::parse(&self.url).map_err(|problem| ConfigError::new("url", problem))?;
        self.check_about()?;
        let issuer = self.issuer()?;
        let server = BaseUriLayer::for_key(&issuer)
            .map_err(|problem| ConfigError::new("authorization_server", problem))?;
        let path = self.checked_path(&url)?;
        let kinds = self.checked_kinds()?;
        let options = self.options(&url, &kinds);
        let invalid = |problem| ConfigError::new("authentication", problem);
        let issuers = options.accepted_issuers().map_err(invalid)?;
        let authenticate = AuthenticateLayer::for_resource(&self.clerk, options).map_err(invalid)?;
        let clerk = self.clerk.client();
        let passed_on =
            (!self.has_neighbors).then(|| AuthorizationServer::new(clerk.clone(), server, issuers));
        Ok(ProtectedResourceLayer::new(
            authenticate,
            Resource {
                documents: Documents::new(&url, &self.about, &issuer, passed_on),
                challenges: Challenges::new(&url.metadata_url()),
                kinds,
                path,
            },
        ))
    }

    fn check_about(&self) -> Result<(), ConfigError> {
        for scope in &self.about.scopes {
            if !is_scope(scope) {
                let problem = format!("{scope:?} is not a scope: expected ASCII without spaces and quotes");
                return Err(ConfigError::new("scopes", problem));
            }
        }
        match &self.about.documentation {
            Some(page) if !is_web_address(page) => {
                Err(ConfigError::new("documentation", "expected an absolute URL with https or http"))
            }
            _ => Ok(()),
        }
    }

    fn issuer(&self) -> Result<String, ConfigError> {
        if let Some(issuer) = &self.authorization_server {
            return Ok(issuer.clone());
        }
        let clerk = self.clerk.client();
        let key = clerk.publishable_key().ok_or_else(|| {
            let advice = "clients have to know where to get tokens: set the publishable key, from which it follows, or \
                          call `.authorization_server(\"https://clerk.example.com\")`";
            ConfigError::new("authorization_server", clerk.misnamed().not_set("publishable_key", advice))
        })?;
        Ok(key.frontend_api_url())
    }

    fn checked_path(&self, url: &ResourceUrl) -> Result<String, ConfigError> {
        let Some(mounted) = &self.mounted_at else { return Ok(url.path().to_owned()) };
        let rest = url.path().strip_suffix(mounted.as_str());
        if mounted.starts_with('/') && rest.is_some() {
            return Ok(mounted.clone());
        }
        let problem = format!(
            "{mounted:?} is not the end of the resource's path {:?}, so clients would call another address than the one \
             that is protected; expected a path that starts with a slash, and ends with one only if the URL does",
            url.path()
        );
        Err(ConfigError::new("mounted_at", problem))
    }

    fn checked_kinds(&self) -> Result<Box<[TokenKind]>, ConfigError> {
        let is_possible =
            |kind: &TokenKind| matches!(kind, TokenKind::Session | TokenKind::ApiKey | TokenKind::OAuth);
        if let Some(kind) = self.also_accepted.iter().find(|kind| !is_possible(kind)) {
            let problem = format!("TokenKind::{kind:?} cannot be accepted here; expected Session or ApiKey");
            return Err(ConfigError::new("also_accept", problem));
        }
        let others = self.also_accepted.iter().copied().filter(|kind| *kind != TokenKind::OAuth);
        Ok(std::iter::once(TokenKind::OAuth).chain(others).collect())
    }

    /// The client's own options, as far as they are not about kinds of token.
    fn options(&self, url: &ResourceUrl, kinds: &[TokenKind]) -> AuthenticateOptions {
        let options = self.clerk.authenticate_options();
        let options = match &self.authorization_server {
            Some(issuer) => options.issuers([issuer.clone()]),
            None => options.require_issuer(true),
        };
        let options = match kinds {
            [only] => options.accepted_kinds(*only),
            several => options.accepted_kinds(several.to_vec()),
        };
        // Tokens of templates are not meant for agents either.
        let options = options.template_audiences::<String>([]);
        match self.is_audience_required {
            true => options.machine_audiences(url.audiences()),
            false => options.machine_audiences_if_present(url.audiences()),
        }
    }
}

fn is_web_address(text: &str) -> bool {
    url::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "https" | "http"))
}

impl fmt::Debug for ProtectedResourceBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProtectedResourceBuilder").field("url", &self.url).finish_non_exhaustive()
    }
}
