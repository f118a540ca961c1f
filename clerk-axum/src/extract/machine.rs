use std::{borrow::Cow, fmt, ops::Deref, sync::Arc};

use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use clerk_core::{
    authenticate::{self, ApiKeyAuth, M2mAuth, MachineAuth, OAuthAuth},
    model::User,
    token::TokenKind,
};
use clerk_tower::server::{authenticate::Auth, rejection};
use http::{Extensions, request::Parts};

use super::auth::{decided, decided_in};
use crate::Rejection;

macro_rules! machines {
    ($($(#[$doc:meta])* $name:ident: $kind:ident => $target:ident,)*) => {$(
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $name {
            auth: Auth,
            token: Arc<MachineAuth>,
            machine: Arc<$target>,
        }

        impl $name {
            fn of(auth: &Auth) -> Result<Self, Rejection> {
                let token = auth.require_machine(TokenKind::$kind)?;
                Self::read(auth, token).ok_or_else(|| rejection::Rejection::no_machine(auth.outcome()).into())
            }

            fn read(auth: &Auth, token: &Arc<MachineAuth>) -> Option<Self> {
                match token.facts() {
                    authenticate::MachineFacts::$kind(machine) => {
                        Some(Self { auth: auth.clone(), token: token.clone(), machine: machine.clone() })
                    }
                    _ => None,
                }
            }

            /// Returns the token from a request's extensions, for code that is not a handler: a middleware, or a tool of an MCP
            /// server, which gets the request's head.
            ///
            /// # Errors
            /// As the extractor.
            pub fn from_extensions(extensions: &Extensions) -> Result<Self, Rejection> {
                Self::of(decided_in(extensions)?)
            }

            /// Returns the token, to call another service with. It is a credential: do not log it.
            #[must_use]
            pub fn expose_token(&self) -> &str {
                self.token.expose_token()
            }

            /// Returns the decision that accepted the token, with the [client](Auth::clerk) of the layer.
            #[must_use]
            pub fn auth(&self) -> &Auth {
                &self.auth
            }

            /// Whether the token has this scope.
            #[must_use]
            pub fn has_scope(&self, scope: &str) -> bool {
                self.token.has_scope(scope)
            }

            /// Requires this scope, where it is known only in the handler. A [guard](crate::require::scope) does the same for a
            /// route.
            ///
            /// # Errors
            /// 403 `scope-missing`, with a challenge that names the scope.
            pub fn require_scope(&self, scope: impl Into<Cow<'static, str>>) -> Result<(), Rejection> {
                let scope = scope.into();
                match self.has_scope(&scope) {
                    true => Ok(()),
                    false => Err(rejection::Rejection::scope_missing([scope]).into()),
                }
            }
        }

        impl Deref for $name {
            type Target = $target;

            fn deref(&self) -> &$target {
                &self.machine
            }
        }

        /// Shows nothing of the token.
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }

        impl<S: Sync> FromRequestParts<S> for $name {
            type Rejection = Rejection;

            async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejection> {
                Self::of(decided(parts)?)
            }
        }

        impl<S: Sync> OptionalFromRequestParts<S> for $name {
            type Rejection = Rejection;

            async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Rejection> {
                let auth = decided(parts)?;
                // An invalid token is rejected.
                if auth.has_none_of(&[TokenKind::$kind]) { Ok(None) } else { Self::of(auth).map(Some) }
            }
        }
    )*};
}

machines! {
    /// Extractor for the API key in the request's `Authorization` header. Clerk verifies it: one call for each request.
    ///
    /// ```
    /// use axum::{Router, routing::get};
    /// use clerk_axum::{ApiKey, Clerk, ClerkLayer, token::TokenKind};
    ///
    /// async fn owner(key: ApiKey) -> String {
    ///     format!("{} belongs to {}", key.name, key.subject)
    /// }
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let clerk = Clerk::builder()
    ///     .secret_key("sk_test_abc")
    ///     .publishable_key("pk_test_Zm9vLWJhci0xMy5jbGVyay5hY2NvdW50cy5kZXYk")
    ///     .authentication(|options| options.accepted_kinds([TokenKind::Session, TokenKind::ApiKey]))
    ///     .build()?;
    /// let app: Router = Router::new().route("/owner", get(owner)).layer(ClerkLayer::new(&clerk));
    /// # let _ = app; Ok(()) }
    /// ```
    ///
    /// | rejection | if |
    /// |---|---|
    /// | 401 | the request has no API key, or the key is invalid, revoked or expired |
    /// | 503 | Clerk does not respond |
    /// | 500 `clerk-kind-not-accepted` | the layer does not accept API keys |
    ///
    /// `Option<ApiKey>` is `None` for sessions, for other machine tokens, and without a token.
    #[doc = include_str!("derive.md")]
    ///
    /// [`ClerkBuilder::machine_token_cache`](crate::ClerkBuilder::machine_token_cache) saves calls.
    ApiKey: ApiKey => ApiKeyAuth,

    /// Extractor for the machine-to-machine token in the request's `Authorization` header.
    ///
    /// A JWT is verified by its signature, an opaque token by Clerk. It rejects like [`ApiKey`].
    ///
    /// With the instance's secret key, Clerk verifies tokens for every machine of the instance: check `scopes`, or use
    /// the machine's own secret key.
    M2mToken: M2m => M2mAuth,

    /// Extractor for the OAuth access token in the request's `Authorization` header.
    ///
    /// A JWT is verified by its signature, an opaque token by Clerk. It rejects like [`ApiKey`].
    ///
    /// Its fields are those of [`OAuthAuth`]. `audience` names the services that the token was issued for: set
    /// [`machine_audiences`](crate::AuthenticateOptions::machine_audiences), so that only tokens for this service are accepted.
    /// `actor` says who acts for the user, if that is not the client itself.
    ///
    /// ```
    /// use axum::{Router, routing::get};
    /// use clerk_axum::{Clerk, ClerkLayer, OAuthToken, token::TokenKind};
    ///
    /// async fn notes(token: OAuthToken) -> String {
    ///     let actor = token.actor.as_ref().map(|actor| match &actor.subject {
    ///         Some(subject) => subject.as_str(),
    ///         None => "someone",
    ///     });
    ///     match actor {
    ///         Some(actor) => format!("notes of {}, for {actor}", token.user_id),
    ///         None => format!("notes of {}", token.user_id),
    ///     }
    /// }
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let clerk = Clerk::builder()
    ///     .secret_key("sk_test_abc")
    ///     .publishable_key("pk_test_Zm9vLWJhci0xMy5jbGVyay5hY2NvdW50cy5kZXYk")
    ///     .authentication(|options| {
    ///         options.accepted_kinds(TokenKind::OAuth).machine_audiences(["https://notes.example.com"])
    ///     })
    ///     .build()?;
    /// let app: Router = Router::new().route("/notes", get(notes)).layer(ClerkLayer::new(&clerk));
    /// # let _ = app; Ok(()) }
    /// ```
    OAuthToken: OAuth => OAuthAuth,
}

impl OAuthToken {
    /// Returns the user whom the token acts for, by the rules of [`ClerkUser`](crate::ClerkUser): one who may no longer sign in
    /// is rejected, although the token is still valid.
    ///
    /// # Errors
    /// As [`Auth::oauth_user`].
    pub async fn user(&self) -> Result<Arc<User>, Rejection> {
        Ok(self.auth.oauth_user().await?)
    }
}

/// Extractor for a machine token of any kind that the layer accepts.
///
/// It rejects like [`ApiKey`], and with 500 `clerk-kind-not-accepted` if the layer accepts no kind of machine token.
/// `Option<Machine>` is `None` for sessions, and without a token.
#[doc = include_str!("derive.md")]
///
/// ```
/// use clerk_axum::Machine;
///
/// async fn name(machine: Machine) -> String {
///     match &machine {
///         Machine::ApiKey(key) => format!("the key {} of {}", key.name, key.subject),
///         Machine::M2m(token) => format!("the machine {}", token.machine_id),
///         Machine::OAuth(token) => format!("a client of {}", token.user_id),
///         _ => format!("a {} of {}", machine.kind().as_str(), machine.subject()),
///     }
/// }
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub enum Machine {
    /// An API key.
    ApiKey(ApiKey),
    /// A machine-to-machine token.
    M2m(M2mToken),
    /// An OAuth access token.
    OAuth(OAuthToken),
}

impl Machine {
    fn of(auth: &Auth) -> Result<Self, Rejection> {
        let token = auth.require_any_machine()?;
        let machine = match token.kind() {
            TokenKind::ApiKey => ApiKey::read(auth, token).map(Self::ApiKey),
            TokenKind::M2m => M2mToken::read(auth, token).map(Self::M2m),
            TokenKind::OAuth => OAuthToken::read(auth, token).map(Self::OAuth),
            _ => None,
        };
        machine.ok_or_else(|| rejection::Rejection::no_machine(auth.outcome()).into())
    }
}

/// What all kinds have: [`kind`](MachineAuth::kind), [`subject`](MachineAuth::subject), scopes and the expiry.
impl Deref for Machine {
    type Target = MachineAuth;

    fn deref(&self) -> &MachineAuth {
        match self {
            Self::ApiKey(key) => &key.token,
            Self::M2m(token) => &token.token,
            Self::OAuth(token) => &token.token,
        }
    }
}

/// Shows the kind, and nothing of the token.
impl fmt::Debug for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Machine").field(&self.kind()).finish()
    }
}

impl<S: Sync> FromRequestParts<S> for Machine {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejection> {
        Self::of(decided(parts)?)
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for Machine {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Rejection> {
        let auth = decided(parts)?;
        let kinds = [TokenKind::ApiKey, TokenKind::M2m, TokenKind::OAuth];
        if auth.has_none_of(&kinds) { Ok(None) } else { Self::of(auth).map(Some) }
    }
}
