//! Verified machine tokens.

use std::{fmt, sync::Arc};

use serde_json::{Map, Value};

use crate::{
    AnyJson, Timestamp,
    decode::lenient,
    id::{Id, OrganizationId, UserId},
    model::{ApiKey, M2mToken, OAuthAccessTokenVerification},
    token::{Token, TokenKind},
};

/// Verified machine token, with what Clerk or the token says about it. `Debug` shows only its kind.
#[derive(Clone, PartialEq)]
pub struct MachineAuth {
    token: Box<str>,
    facts: MachineFacts,
}

/// Details of a verified machine token, by its kind.
///
/// Check the kind before you use the subject: an API key may belong to a user or an organization, an M2M token to a
/// machine.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum MachineFacts {
    /// An API key.
    ApiKey(Arc<ApiKeyAuth>),
    /// A machine-to-machine token.
    M2m(Arc<M2mAuth>),
    /// An OAuth access token.
    OAuth(Arc<OAuthAuth>),
}

/// Verified API key.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct ApiKeyAuth {
    /// The key's identifier, not the key itself.
    pub id: Id,
    /// The key's name.
    pub name: String,
    /// The owner: a user (`user_…`), an organization (`org_…`), or a machine (`mch_…`).
    pub subject: Id,
    /// The scopes, whose meaning the application defines.
    pub scopes: Vec<String>,
    /// The application's custom claims, which may be any JSON.
    pub claims: Option<AnyJson>,
    /// When the key expires; `None` if it does not, or if that is not known.
    pub expiration: Option<Timestamp>,
}

impl ApiKeyAuth {
    /// Returns the user, if the key belongs to one.
    #[must_use]
    pub fn user_id(&self) -> Option<UserId> {
        let subject = self.subject.as_str();
        subject.starts_with("user_").then(|| subject.into())
    }

    /// Returns the organization, if the key belongs to one.
    #[must_use]
    pub fn organization_id(&self) -> Option<OrganizationId> {
        let subject = self.subject.as_str();
        subject.starts_with("org_").then(|| subject.into())
    }
}

/// Verified machine-to-machine (M2M) token.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct M2mAuth {
    /// The token's identifier; `None` for a JWT without `jti`.
    pub id: Option<Id>,
    /// The machine that the token belongs to: the sender.
    pub machine_id: Id,
    /// The machines that the token was created for.
    ///
    /// If the token is verified with the instance's secret key, Clerk accepts tokens for any machine: check that yours is
    /// among the scopes. If it is verified with a machine's secret key, Clerk checks that.
    pub scopes: Vec<String>,
    /// The application's custom claims, which may be any JSON.
    pub claims: Option<AnyJson>,
    /// When the token expires; `None` if it does not, or if that is not known.
    pub expiration: Option<Timestamp>,
}

/// Verified OAuth access token.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct OAuthAuth {
    /// The token's identifier; `None` for a JWT without `jti`.
    pub id: Option<Id>,
    /// The user who gave consent to the client.
    pub user_id: UserId,
    /// The OAuth client that the token was issued to.
    pub client_id: Option<String>,
    /// The scopes that the user consented to.
    pub scopes: Vec<String>,
    /// The services that the token was issued for (`aud`), usually URLs (RFC 8707). Empty if it names none. A single empty
    /// string if the claim is neither a string nor an array of strings: such a token is not one that names none.
    ///
    /// [`AuthenticateOptions::machine_audiences`] requires one of yours among them.
    ///
    /// [`AuthenticateOptions::machine_audiences`]: crate::authenticate::AuthenticateOptions::machine_audiences
    pub audience: Vec<String>,
    /// Who acts for the user (`act`); `None` if it is the client itself.
    pub actor: Option<OAuthActor>,
    /// When the token expires; `None` if it does not, or if that is not known.
    pub expiration: Option<Timestamp>,
}

/// Someone or something that acts for the user of an OAuth access token which was issued by a token exchange: the claim `act`
/// (RFC 8693, section 4.1).
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct OAuthActor {
    /// The issuer that identifies the actor.
    pub issuer: Option<String>,
    /// The actor: a user, a client or a machine. `None` if the claim is malformed. Someone acts for the user then too.
    pub subject: Option<Id>,
    /// The actor before this one, who let this one act. For information only: do not base access on it.
    pub previous: Option<Box<OAuthActor>>,
}

impl OAuthActor {
    /// The maximum number of actors in a chain: the last ones, who are at its start. Earlier ones are left out.
    pub const MAX_CHAIN: usize = 8;

    /// Reads the claim `act`. Returns `None` for `null`.
    ///
    /// Any other value that is malformed is an actor without a name and not a missing one: a token that was issued to an
    /// actor must not look like the client's own.
    #[must_use]
    pub fn from_json(act: &Value) -> Option<Self> {
        Self::read(act, Self::MAX_CHAIN)
    }

    fn read(act: &Value, rest: usize) -> Option<Self> {
        let rest = rest.checked_sub(1).filter(|_| !act.is_null())?;
        let text = |name| act.get(name).and_then(Value::as_str).filter(|text: &&str| !text.is_empty());
        Some(Self {
            issuer: text("iss").map(ToOwned::to_owned),
            subject: text("sub").map(Id::from),
            previous: act.get("act").and_then(|act| Self::read(act, rest)).map(Box::new),
        })
    }

    /// Iterates over the chain of actors. It starts with this one, who acts now; each lets the one before it act.
    pub fn chain(&self) -> impl Iterator<Item = &OAuthActor> {
        std::iter::successors(Some(self), |actor| actor.previous.as_deref())
    }
}

impl MachineFacts {
    /// Returns the kind of the token.
    #[must_use]
    pub const fn kind(&self) -> TokenKind {
        match self {
            Self::ApiKey(_) => TokenKind::ApiKey,
            Self::M2m(_) => TokenKind::M2m,
            Self::OAuth(_) => TokenKind::OAuth,
        }
    }

    /// Returns what the token was issued for; `None` for an API key, which has no audience.
    ///
    /// An M2M token's audience are the machines that it was created for, whether it is opaque or a JWT.
    pub(crate) fn audience(&self) -> Option<&[String]> {
        match self {
            Self::ApiKey(_) => None,
            Self::M2m(token) => Some(&token.scopes),
            Self::OAuth(token) => Some(&token.audience),
        }
    }

    /// Returns when the token expires; `None` if it does not, or if that is not known.
    #[must_use]
    pub fn expiration(&self) -> Option<Timestamp> {
        match self {
            Self::ApiKey(key) => key.expiration,
            Self::M2m(token) => token.expiration,
            Self::OAuth(token) => token.expiration,
        }
    }
}

impl MachineAuth {
    pub(crate) fn new(token: &str, facts: MachineFacts) -> Self {
        Self { token: token.into(), facts }
    }

    /// Returns the token's details, by its kind. They can be cached: see [`PendingCall::resume_known`].
    ///
    /// [`PendingCall::resume_known`]: crate::authenticate::PendingCall::resume_known
    #[must_use]
    pub const fn facts(&self) -> &MachineFacts {
        &self.facts
    }

    /// Returns the kind of the token.
    #[must_use]
    pub const fn kind(&self) -> TokenKind {
        self.facts.kind()
    }

    /// Returns when the token expires; `None` if it does not, or if that is not known.
    #[must_use]
    pub fn expiration(&self) -> Option<Timestamp> {
        self.facts.expiration()
    }

    /// Returns the token's identifier, if it has one.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        match &self.facts {
            MachineFacts::ApiKey(key) => Some(key.id.as_str()),
            MachineFacts::M2m(token) => token.id.as_ref().map(Id::as_str),
            MachineFacts::OAuth(token) => token.id.as_ref().map(Id::as_str),
        }
    }

    /// Returns the subject: a user, an organization or a machine, depending on the kind.
    #[must_use]
    pub fn subject(&self) -> &str {
        match &self.facts {
            MachineFacts::ApiKey(key) => key.subject.as_str(),
            MachineFacts::M2m(token) => token.machine_id.as_str(),
            MachineFacts::OAuth(token) => token.user_id.as_str(),
        }
    }

    /// Returns the scopes.
    #[must_use]
    pub fn scopes(&self) -> &[String] {
        match &self.facts {
            MachineFacts::ApiKey(key) => &key.scopes,
            MachineFacts::M2m(token) => &token.scopes,
            MachineFacts::OAuth(token) => &token.scopes,
        }
    }

    /// Whether the token has this scope.
    #[must_use]
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scopes().iter().any(|one| one == scope)
    }

    /// Returns the token itself, to pass it on to another service. It is a credential: do not log it.
    #[must_use]
    pub fn expose_token(&self) -> &str {
        &self.token
    }
}

macro_rules! opaque_debug {
    ($($name:ident),*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )*};
}

opaque_debug!(ApiKeyAuth, M2mAuth, OAuthAuth, OAuthActor);

impl fmt::Debug for MachineAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MachineAuth").field("kind", &self.kind()).finish_non_exhaustive()
    }
}

impl fmt::Debug for MachineFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ApiKey(key) => key.fmt(f),
            Self::M2m(token) => token.fmt(f),
            Self::OAuth(token) => token.fmt(f),
        }
    }
}

/// Conversions from Clerk's responses to verifications.
///
/// They return `None` for a token that was revoked or has expired: Clerk's API responds with status 200 for those too.
impl MachineFacts {
    pub(crate) fn of_api_key(verified: ApiKey) -> Option<MachineFacts> {
        let key = ApiKeyAuth {
            id: verified.id,
            name: verified.name,
            subject: verified.subject,
            scopes: verified.scopes,
            claims: verified.claims,
            expiration: verified.expiration,
        };
        (!verified.revoked && !verified.expired).then(|| MachineFacts::ApiKey(Arc::new(key)))
    }

    pub(crate) fn of_m2m_token(verified: M2mToken) -> Option<MachineFacts> {
        let token = M2mAuth {
            id: Some(verified.id),
            machine_id: verified.subject,
            scopes: verified.scopes.unwrap_or_default(),
            claims: verified.claims,
            expiration: verified.expiration,
        };
        (!verified.revoked && !verified.expired).then(|| MachineFacts::M2m(Arc::new(token)))
    }

    pub(crate) fn of_oauth_token(verified: OAuthAccessTokenVerification) -> Option<MachineFacts> {
        let is_good = verified.is_valid();
        let user_id = verified.subject.filter(|_| is_good)?;
        // Without the actor, the token would look like the client's own.
        let act = verified.act.as_ref().map(AnyJson::to_value).transpose().ok()?;
        Some(MachineFacts::OAuth(Arc::new(OAuthAuth {
            id: verified.id,
            user_id,
            client_id: verified.client_id,
            scopes: verified.scopes.unwrap_or_default(),
            audience: verified.aud.unwrap_or_default(),
            actor: act.as_ref().and_then(OAuthActor::from_json),
            expiration: verified.expiration,
        })))
    }
}

/// Reads the details of an M2M or OAuth token from the claims of its verified JWT.
pub(crate) fn of_jwt(kind: TokenKind, token: &Token) -> Option<MachineFacts> {
    let mut claims: Map<String, Value> = token.claims().ok()?;
    let id = text(&claims, "jti").map(Id::from);
    let expiration = token.unverified_expires_at();
    let subject = claims.get("sub").and_then(Value::as_str).unwrap_or_default().to_owned();
    match kind {
        TokenKind::OAuth => Some(MachineFacts::OAuth(Arc::new(OAuthAuth {
            id,
            user_id: subject.into(),
            client_id: text(&claims, "client_id").map(ToOwned::to_owned),
            // Clerk's tokens have `scp`, an array; RFC 9068, section 2.2.3 defines `scope`, a string.
            scopes: match claims.get("scp") {
                Some(Value::Array(scopes)) => texts(scopes),
                _ => words(claims.get("scope")),
            },
            audience: match claims.get("aud") {
                None | Some(Value::Null) => Vec::new(),
                Some(audience) => lenient::audience_of(audience),
            },
            actor: claims.get("act").and_then(OAuthActor::from_json),
            expiration,
        }))),
        TokenKind::M2m => {
            let scopes = match (claims.get("scopes"), claims.get("aud")) {
                (Some(Value::String(_)), _) => words(claims.get("scopes")),
                (_, Some(Value::Array(audience))) => texts(audience),
                (_, Some(Value::String(audience))) => vec![audience.clone()],
                _ => Vec::new(),
            };
            for name in ["iss", "sub", "exp", "nbf", "iat", "jti"] {
                claims.remove(name);
            }
            let claims =
                Some(claims).filter(|claims| !claims.is_empty()).map(|claims| Value::Object(claims).into());
            Some(MachineFacts::M2m(Arc::new(M2mAuth {
                id,
                machine_id: subject.into(),
                scopes,
                claims,
                expiration,
            })))
        }
        TokenKind::Session | TokenKind::ApiKey | TokenKind::Template => None,
    }
}

fn text<'a>(claims: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    claims.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
}

fn texts(values: &[Value]) -> Vec<String> {
    values.iter().filter_map(Value::as_str).map(ToOwned::to_owned).collect()
}

fn words(value: Option<&Value>) -> Vec<String> {
    let text = value.and_then(Value::as_str).unwrap_or_default();
    text.split(' ').filter(|word| !word.is_empty()).map(ToOwned::to_owned).collect()
}
