//! Who stands behind a machine's token.

use std::{fmt, sync::Arc};

use serde_json::{Map, Value};

use crate::{
    Timestamp,
    id::{Id, OrganizationId, UserId},
    model::{ApiKey, M2mToken, OAuthAccessTokenVerification},
    token::{Token, TokenKind},
};

/// A verified machine token. `Debug` shows its kind, and nothing of the token.
#[derive(Clone, PartialEq)]
pub struct MachineAuth {
    token: Box<str>,
    machine: Machine,
}

/// What a machine token says, by kind. Look at the kind before you look at the subject: an API key may belong to
/// a user or to an organization, an M2M token belongs to a machine.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum Machine {
    /// An API key.
    ApiKey(Arc<ApiKeyAuth>),
    /// A machine-to-machine token.
    M2m(Arc<M2mAuth>),
    /// An OAuth access token.
    OAuth(Arc<OAuthAuth>),
}

/// A verified API key.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct ApiKeyAuth {
    /// The key's identifier, not the key itself.
    pub id: Id,
    /// The name it was given.
    pub name: String,
    /// Whom it belongs to: a user (`user_…`), an organization (`org_…`), or a machine (`mch_…`).
    pub subject: Id,
    /// What it is good for. What the scopes mean is up to the application.
    pub scopes: Vec<String>,
    /// What the application wanted to be known with it: any JSON.
    pub claims: Option<Value>,
    /// When it ends; `None` when it does not, or when Clerk does not say.
    pub expiration: Option<Timestamp>,
}

impl ApiKeyAuth {
    /// The user it belongs to, if it belongs to one.
    #[must_use]
    pub fn user_id(&self) -> Option<UserId> {
        let subject = self.subject.as_str();
        subject.starts_with("user_").then(|| subject.into())
    }

    /// The organization it belongs to, if it belongs to one.
    #[must_use]
    pub fn organization_id(&self) -> Option<OrganizationId> {
        let subject = self.subject.as_str();
        subject.starts_with("org_").then(|| subject.into())
    }
}

/// A verified machine-to-machine token.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct M2mAuth {
    /// The token's identifier; `None` when a token in JWT form has none.
    pub id: Option<Id>,
    /// The machine that sent it.
    pub machine_id: Id,
    /// The machines it was made for. With an instance's secret key Clerk verifies tokens for any machine: check
    /// that yours is among them. With a machine's own secret key Clerk has checked it.
    pub scopes: Vec<String>,
    /// What the application wanted to be known with it: any JSON.
    pub claims: Option<Value>,
    /// When it ends; `None` when it does not, or when Clerk does not say.
    pub expiration: Option<Timestamp>,
}

/// A verified OAuth access token.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct OAuthAuth {
    /// The token's identifier; `None` when a token in JWT form has none.
    pub id: Option<Id>,
    /// The user who gave the consent.
    pub user_id: UserId,
    /// The client that it was issued to.
    pub client_id: Option<String>,
    /// What the user consented to.
    pub scopes: Vec<String>,
    /// When it ends; `None` when it does not, or when Clerk does not say.
    pub expiration: Option<Timestamp>,
}

impl Machine {
    /// Which kind of token it is.
    #[must_use]
    pub const fn kind(&self) -> TokenKind {
        match self {
            Self::ApiKey(_) => TokenKind::ApiKey,
            Self::M2m(_) => TokenKind::M2m,
            Self::OAuth(_) => TokenKind::OAuth,
        }
    }

    /// When the token ends; `None` when it does not, or when Clerk does not say.
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
    pub(super) fn new(token: &str, machine: Machine) -> Self {
        Self { token: token.into(), machine }
    }

    /// What the token says.
    #[must_use]
    pub const fn machine(&self) -> &Machine {
        &self.machine
    }

    /// Which kind of token it is.
    #[must_use]
    pub const fn kind(&self) -> TokenKind {
        self.machine.kind()
    }

    /// When the token ends; `None` when it does not, or when Clerk does not say.
    #[must_use]
    pub fn expiration(&self) -> Option<Timestamp> {
        self.machine.expiration()
    }

    /// The token's identifier, if it has one.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        match &self.machine {
            Machine::ApiKey(key) => Some(key.id.as_str()),
            Machine::M2m(token) => token.id.as_ref().map(Id::as_str),
            Machine::OAuth(token) => token.id.as_ref().map(Id::as_str),
        }
    }

    /// Whom it belongs to or speaks for: see the kind.
    #[must_use]
    pub fn subject(&self) -> &str {
        match &self.machine {
            Machine::ApiKey(key) => key.subject.as_str(),
            Machine::M2m(token) => token.machine_id.as_str(),
            Machine::OAuth(token) => token.user_id.as_str(),
        }
    }

    /// What it is good for.
    #[must_use]
    pub fn scopes(&self) -> &[String] {
        match &self.machine {
            Machine::ApiKey(key) => &key.scopes,
            Machine::M2m(token) => &token.scopes,
            Machine::OAuth(token) => &token.scopes,
        }
    }

    /// Whether the token has this scope.
    #[must_use]
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scopes().iter().any(|one| one == scope)
    }

    /// The token's text, to pass it on to another service. It is a credential: do not log it.
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

opaque_debug!(ApiKeyAuth, M2mAuth, OAuthAuth);

impl fmt::Debug for MachineAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MachineAuth").field("kind", &self.kind()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ApiKey(key) => key.fmt(f),
            Self::M2m(token) => token.fmt(f),
            Self::OAuth(token) => token.fmt(f),
        }
    }
}

/// What Clerk says about an opaque token; nothing when it says that the token is no longer good. Its word alone
/// is not enough: an answer with status 200 may be about a token that was revoked.
pub(super) trait Verified {
    fn machine(self) -> Option<Machine>;
}

impl Verified for ApiKey {
    fn machine(self) -> Option<Machine> {
        let key = ApiKeyAuth {
            id: self.id,
            name: self.name,
            subject: self.subject,
            scopes: self.scopes,
            claims: self.claims,
            expiration: self.expiration,
        };
        (!self.revoked && !self.expired).then(|| Machine::ApiKey(Arc::new(key)))
    }
}

impl Verified for M2mToken {
    fn machine(self) -> Option<Machine> {
        let token = M2mAuth {
            id: Some(self.id),
            machine_id: self.subject,
            scopes: self.scopes.unwrap_or_default(),
            claims: self.claims,
            expiration: self.expiration,
        };
        (!self.revoked && !self.expired).then(|| Machine::M2m(Arc::new(token)))
    }
}

impl Verified for OAuthAccessTokenVerification {
    fn machine(self) -> Option<Machine> {
        let is_good = self.is_valid();
        let user_id = self.subject.filter(|_| is_good)?;
        Some(Machine::OAuth(Arc::new(OAuthAuth {
            id: self.id,
            user_id,
            client_id: self.client_id,
            scopes: self.scopes.unwrap_or_default(),
            expiration: self.expiration,
        })))
    }
}

/// The claims of a JWT that was verified, read as a machine's.
pub(super) fn of_jwt(kind: TokenKind, token: &Token) -> Option<Machine> {
    let mut claims: Map<String, Value> = token.claims().ok()?;
    let id = text(&claims, "jti").map(Id::from);
    let expiration = claims.get("exp").and_then(Value::as_i64).map(Timestamp::from_secs);
    let subject = claims.get("sub").and_then(Value::as_str).unwrap_or_default().to_owned();
    match kind {
        TokenKind::OAuth => Some(Machine::OAuth(Arc::new(OAuthAuth {
            id,
            user_id: subject.into(),
            client_id: text(&claims, "client_id").map(ToOwned::to_owned),
            scopes: match claims.get("scp") {
                Some(Value::Array(scopes)) => texts(scopes),
                _ => words(claims.get("scope")),
            },
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
            let claims = Some(claims).filter(|claims| !claims.is_empty()).map(Value::Object);
            Some(Machine::M2m(Arc::new(M2mAuth {
                id,
                machine_id: subject.into(),
                scopes,
                claims,
                expiration,
            })))
        }
        TokenKind::Session | TokenKind::ApiKey => None,
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
