//! The decision itself.

use std::{fmt, sync::Arc};

use http::Method;

use super::{
    AuthenticateOptions, OptionsError, Outcome, Reason, RequestHead, SessionAuth,
    authorization::{self, Authorization},
    cookies::Cookies,
    suffix::Chosen,
};
use crate::{
    Timestamp,
    keys::PublishableKey,
    token::{KeySet, Token, TokenError, VerifyOptions, VerifyingKey, plausible_kid, unknown_key},
};

/// Decides about requests. Cloning it is a reference count.
#[derive(Clone)]
pub struct Authenticator(Arc<Config>);

struct Config {
    verify: VerifyOptions,
    instance: Option<Instance>,
    jwt_key: Option<VerifyingKey>,
    debug_headers: bool,
}

struct Instance {
    key: PublishableKey,
    suffix: String,
}

/// What to do next.
#[derive(Debug)]
#[must_use]
pub enum Step {
    /// The decision is made.
    Done(Outcome),
    /// One thing is missing.
    Need(Need),
}

/// The one thing that is missing for a decision. It takes the answer back.
#[derive(Debug)]
#[non_exhaustive]
pub enum Need {
    /// One of the instance's public keys.
    Key(KeyNeeded),
}

impl Need {
    /// Gives up: the request is signed out with `unexpected-error`, and undecided. For needs that a
    /// driver does not know.
    #[must_use]
    pub fn abandon(self) -> Outcome {
        match self {
            Self::Key(key) => key.fail(KeyFailure::Unreachable),
        }
    }
}

/// A token waits for the key that it names.
pub struct KeyNeeded(Box<Waiting>);

struct Waiting {
    authenticator: Authenticator,
    token: Token,
    carrier: Carrier,
}

/// Why there is no key to answer with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyFailure {
    /// Clerk did not answer, or not in a form that can be read: `unexpected-error`.
    Unreachable,
    /// Clerk answered with an error, or without keys: `jwk-remote-failed-to-load`.
    FailedToLoad,
    /// Clerk refuses the secret key: `secret-key-invalid`.
    SecretKeyInvalid,
    /// There is no secret key to ask with: `jwk-failed-to-resolve`.
    NotConfigured,
}

impl KeyFailure {
    const fn reason(self) -> (Reason, &'static str) {
        match self {
            Self::Unreachable => (Reason::UnexpectedError, "Clerk did not answer"),
            Self::FailedToLoad => (Reason::JwkRemoteFailedToLoad, "Clerk did not hand out its keys"),
            Self::SecretKeyInvalid => (Reason::SecretKeyInvalid, "Clerk refuses the secret key"),
            Self::NotConfigured => {
                (Reason::JwkFailedToResolve, "neither a public key nor a secret key is configured")
            }
        }
    }
}

/// Where a session token came from, and what else decides about it when it has expired.
#[derive(Clone, Copy)]
struct Carrier {
    name: &'static str,
    is_get: bool,
    has_refresh: bool,
}

impl Carrier {
    /// The code of a broken rule, once it is known where the token came from.
    fn reason(self, error: &TokenError) -> Reason {
        match error.reason() {
            Reason::TokenExpired if !self.is_get => Reason::ExpiredNonGet,
            Reason::TokenExpired if !self.has_refresh => Reason::ExpiredNoRefreshCookie,
            Reason::TokenExpired => Reason::ExpiredMissingApiClient,
            Reason::TokenNotActiveYet => Reason::SessionTokenNbf,
            Reason::TokenIatInTheFuture => Reason::SessionTokenIatInTheFuture,
            other => other.clone(),
        }
    }
}

impl Authenticator {
    /// Checks the options.
    ///
    /// # Errors
    ///
    /// When a key among them is none.
    pub fn new(options: AuthenticateOptions) -> Result<Self, OptionsError> {
        let jwt_key = options.parse_jwt_key()?;
        let AuthenticateOptions { verify, publishable_key, debug_headers, .. } = options;
        let instance = publishable_key.map(|key| Instance { suffix: key.cookie_suffix(), key });
        Ok(Self(Arc::new(Config { verify, instance, jwt_key, debug_headers })))
    }

    /// Looks at a request at the time `now`, with the keys that are at hand.
    ///
    /// A token in the `Authorization` header comes before cookies. With a configured
    /// [`jwt_key`](AuthenticateOptions::jwt_key), `keys` are not looked at.
    pub fn start(&self, head: &RequestHead<'_>, keys: &KeySet, now: Timestamp) -> Step {
        let is_get = head.method == Method::GET;
        let carrier = Carrier { name: "header", is_get, has_refresh: false };
        match authorization::token(head.headers) {
            Authorization::None => self.cookie(head, is_get, keys, now),
            Authorization::Token(text) => self.judge(Token::decode(text), carrier, keys, now),
            Authorization::Broken => {
                let error = TokenError::invalid("several Authorization headers, or one that is no text");
                Step::Done(self.refuse(&error, carrier))
            }
        }
    }

    fn cookie(&self, head: &RequestHead<'_>, is_get: bool, keys: &KeySet, now: Timestamp) -> Step {
        let instance = self.0.instance.as_ref();
        let cookies = Cookies::read(head.headers, instance.map(|instance| &*instance.suffix));
        let chosen = Chosen::new(&cookies, instance.map(|instance| &instance.key), now);
        let Some(token) = chosen.token else {
            let is_active = instance.is_some() && chosen.client_uat != 0;
            let (reason, message) = if is_active {
                (Reason::ClientUatButNoSessionToken, "there is an active client, and no session token")
            } else {
                (Reason::SessionTokenAndUatMissing, "there is no session token")
            };
            return Step::Done(self.signed_out(reason, message, "cookie"));
        };
        let carrier = Carrier { name: "cookie", is_get, has_refresh: cookies.has_refresh };
        self.judge(token, carrier, keys, now)
    }

    /// Judges a token, as far as the keys at hand allow.
    fn judge(
        &self,
        token: Result<Token, TokenError>,
        carrier: Carrier,
        keys: &KeySet,
        now: Timestamp,
    ) -> Step {
        let token = match token {
            Ok(token) if token.is_session() => token,
            Ok(_) => return Step::Done(self.refuse(&TokenError::mismatch(), carrier)),
            Err(error) => return Step::Done(self.refuse(&error, carrier)),
        };
        if let Some(key) = &self.0.jwt_key {
            return Step::Done(self.verify(token, Ok(key), carrier, now));
        }
        match token.kid() {
            Some(kid) if keys.contains(kid) => {
                let key = keys.get(kid);
                Step::Done(self.verify(token, key, carrier, now))
            }
            Some(kid) if plausible_kid(kid) => {
                let waiting = Waiting { authenticator: self.clone(), token, carrier };
                Step::Need(Need::Key(KeyNeeded(Box::new(waiting))))
            }
            _ => Step::Done(self.refuse(&unknown_key(), carrier)),
        }
    }

    fn verify(
        &self,
        token: Token,
        key: Result<&VerifyingKey, TokenError>,
        carrier: Carrier,
        now: Timestamp,
    ) -> Outcome {
        match key.and_then(|key| token.verify(key, &self.0.verify, now)) {
            Ok(()) => Outcome::signed_in(SessionAuth::new(token)),
            Err(error) => self.refuse(&error, carrier),
        }
    }

    fn refuse(&self, error: &TokenError, carrier: Carrier) -> Outcome {
        self.signed_out(carrier.reason(error), error.message(), carrier.name)
    }

    fn signed_out(&self, reason: Reason, message: &str, carrier: &str) -> Outcome {
        let message =
            self.0.debug_headers.then(|| format!("{message} (reason={reason}, token-carrier={carrier})"));
        Outcome::signed_out(reason, message.as_deref())
    }
}

impl KeyNeeded {
    /// The id of the key. It comes from whoever sent the request: look it up, but do not let it cause one
    /// call to Clerk each.
    #[must_use]
    pub fn kid(&self) -> &str {
        self.0.token.kid().unwrap_or_default()
    }

    /// Goes on with the instance's current keys, or without any. Keys without this one refuse the token
    /// with `jwk-kid-mismatch`.
    pub fn resume(self, answer: Result<&KeySet, KeyFailure>, now: Timestamp) -> Step {
        Step::Done(match answer {
            Ok(keys) => {
                let key = keys.get(self.kid());
                let Waiting { authenticator, token, carrier } = *self.0;
                authenticator.verify(token, key, carrier, now)
            }
            Err(failure) => self.fail(failure),
        })
    }

    fn fail(self, failure: KeyFailure) -> Outcome {
        let (reason, message) = failure.reason();
        self.0.authenticator.signed_out(reason, message, self.0.carrier.name).undecided()
    }
}

impl fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authenticator")
            .field("verify", &self.0.verify)
            .field("publishable_key", &self.0.instance.as_ref().map(|instance| &instance.key))
            .field("has_jwt_key", &self.0.jwt_key.is_some())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for KeyNeeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyNeeded").finish_non_exhaustive()
    }
}
