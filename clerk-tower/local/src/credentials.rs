//! Stored credentials: API keys, machines with their secret keys, M2M tokens and OAuth access tokens.

use clerk_core::{
    Timestamp,
    id::{Id, OrganizationId, UserId},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{
    error::ApiError,
    kept::kept_by_field,
    random,
    state::{INSTANCE_ID, OAuthGrant, State, extended},
    table::{Row, Table},
};

/// The default lifetime of a machine's tokens, in seconds.
pub(super) const DEFAULT_TTL: i64 = 3600;

/// The longest lifetime of a token, in seconds.
pub(super) const MAX_TTL: i64 = 315_360_000;

/// Whether a credential is revoked, and when it expires.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Standing {
    pub(super) revoked: bool,
    pub(super) revocation_reason: Option<String>,
    pub(super) expiration: Option<Timestamp>,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
}

impl Standing {
    pub(super) fn new(now: Timestamp) -> Self {
        Self { revoked: false, revocation_reason: None, expiration: None, created_at: now, updated_at: now }
    }

    pub(super) fn is_expired(&self, now: Timestamp) -> bool {
        self.expiration.is_some_and(|end| now >= end)
    }

    pub(super) fn is_good(&self, now: Timestamp) -> bool {
        !self.revoked && !self.is_expired(now)
    }

    /// Revokes the credential. A second revocation does not change the reason.
    pub(super) fn revoke(&mut self, reason: Option<&str>, now: Timestamp) {
        if !self.revoked {
            self.revoked = true;
            self.revocation_reason = reason.map(str::to_owned);
            self.updated_at = now;
        }
    }

    pub(super) fn render(&self, now: Timestamp) -> Value {
        json!({
            "revoked": self.revoked,
            "revocation_reason": self.revocation_reason,
            "expired": self.is_expired(now),
            "expiration": self.expiration,
            "created_at": self.created_at,
            "updated_at": self.updated_at,
        })
    }
}

/// An API key of a user, an organization or a machine.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct StoredApiKey {
    pub(super) id: Id,
    pub(super) kind: String,
    pub(super) subject: Id,
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) claims: Option<Value>,
    pub(super) scopes: Vec<String>,
    pub(super) secret: String,
    pub(super) created_by: Option<UserId>,
    pub(super) last_used_at: Option<Timestamp>,
    pub(super) standing: Standing,
}

impl Row for StoredApiKey {
    const NAME: &'static str = "API key";

    fn id(&self) -> &str {
        self.id.as_str()
    }
}

impl StoredApiKey {
    pub(super) fn new(name: String, subject: Id, now: Timestamp) -> Self {
        Self {
            id: hexadecimal("ak_"),
            kind: "api_key".into(),
            subject,
            name,
            description: None,
            claims: None,
            scopes: Vec::new(),
            secret: random::secret("ak_", 32),
            created_by: None,
            last_used_at: None,
            standing: Standing::new(now),
        }
    }

    /// Returns the key without its secret.
    pub(super) fn render(&self, now: Timestamp) -> Value {
        let own = json!({
            "object": "api_key",
            "id": self.id,
            "type": self.kind,
            "subject": self.subject,
            "name": self.name,
            "description": self.description,
            "claims": self.claims,
            "scopes": self.scopes,
            "created_by": self.created_by,
            "last_used_at": self.last_used_at,
        });
        extended(own, self.standing.render(now))
    }
}

/// A machine, and the machines that it may call.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct StoredMachine {
    pub(super) id: Id,
    pub(super) name: String,
    pub(super) default_token_ttl: i64,
    pub(super) scopes: Vec<Id>,
    pub(super) secret_key: String,
    /// The secret key before the last rotation, and until when it is still accepted.
    pub(super) previous_key: Option<(String, Timestamp)>,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
}

impl Row for StoredMachine {
    const NAME: &'static str = "machine";

    fn id(&self) -> &str {
        self.id.as_str()
    }
}

impl StoredMachine {
    pub(super) fn new(name: String, now: Timestamp) -> Self {
        Self {
            id: random::id("mch_").into(),
            name,
            default_token_ttl: DEFAULT_TTL,
            scopes: Vec::new(),
            secret_key: new_secret_key(),
            previous_key: None,
            created_at: now,
            updated_at: now,
        }
    }

    /// Returns the machine without the machines that it may call.
    fn render_alone(&self) -> Value {
        json!({
            "object": "machine",
            "id": self.id,
            "name": self.name,
            "instance_id": INSTANCE_ID,
            "default_token_ttl": self.default_token_ttl,
            "created_at": self.created_at,
            "updated_at": self.updated_at,
        })
    }
}

/// Generates a machine's secret key.
pub(super) fn new_secret_key() -> String {
    random::secret("ak_", 40)
}

/// An opaque token with which one machine calls others.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct StoredM2mToken {
    pub(super) id: Id,
    pub(super) subject: Id,
    pub(super) claims: Option<Value>,
    /// The machines that accept it.
    pub(super) scopes: Vec<Id>,
    pub(super) token: String,
    pub(super) last_used_at: Option<Timestamp>,
    pub(super) standing: Standing,
}

impl Row for StoredM2mToken {
    const NAME: &'static str = "M2M token";

    fn id(&self) -> &str {
        self.id.as_str()
    }
}

impl StoredM2mToken {
    /// Creates a token of `machine` for all the machines that it may call.
    pub(super) fn new(machine: &StoredMachine, now: Timestamp) -> Self {
        Self {
            id: hexadecimal("mt_"),
            subject: machine.id.clone(),
            claims: None,
            scopes: machine.scopes.clone(),
            token: format!("mt_{}", random::string(32)),
            last_used_at: None,
            standing: Standing::new(now),
        }
    }

    /// Returns the token without its secret.
    pub(super) fn render(&self, now: Timestamp) -> Value {
        let own = json!({
            "object": "machine_to_machine_token",
            "id": self.id,
            "subject": self.subject,
            "claims": self.claims,
            "scopes": self.scopes,
            "last_used_at": self.last_used_at,
        });
        extended(own, self.standing.render(now))
    }
}

/// An opaque token with which an OAuth client acts for a user.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct StoredOAuthToken {
    pub(super) id: Id,
    pub(super) client_id: String,
    pub(super) subject: UserId,
    pub(super) scopes: Vec<String>,
    #[serde(default)]
    pub(super) audience: Vec<String>,
    /// The claim `act`.
    #[serde(default)]
    pub(super) actor: Option<Value>,
    /// The grant with which the token ends.
    #[serde(default)]
    pub(super) grant: Option<String>,
    #[serde(default)]
    pub(super) organization: Option<OrganizationId>,
    pub(super) token: String,
    pub(super) standing: Standing,
}

impl Row for StoredOAuthToken {
    const NAME: &'static str = "OAuth access token";

    fn id(&self) -> &str {
        self.id.as_str()
    }
}

impl StoredOAuthToken {
    pub(super) fn new(subject: UserId, now: Timestamp) -> Self {
        Self {
            id: hexadecimal("oat_"),
            client_id: random::id("client_"),
            subject,
            scopes: Vec::new(),
            audience: Vec::new(),
            actor: None,
            grant: None,
            organization: None,
            token: format!("oat_{}", random::string(32)),
            standing: Standing::new(now),
        }
    }

    pub(super) fn render(&self, now: Timestamp) -> Value {
        let own = json!({
            "object": "clerk_idp_oauth_access_token",
            "id": self.id,
            "client_id": self.client_id,
            "subject": self.subject,
            "scopes": self.scopes,
        });
        let whole = extended(extended(own, self.standing.render(now)), self.delegation());
        // Unlike other credentials, with times in seconds.
        let seconds = |time: Timestamp| Value::from(time.as_secs());
        let times = json!({
            "expiration": self.standing.expiration.map(seconds),
            "created_at": seconds(self.standing.created_at),
            "updated_at": seconds(self.standing.updated_at),
        });
        extended(whole, times)
    }

    /// Returns `aud` and `act`, as far as the token has them.
    pub(super) fn delegation(&self) -> Value {
        let mut members = Map::new();
        if !self.audience.is_empty() {
            members.insert("aud".into(), json!(self.audience));
        }
        members.extend(self.actor.clone().map(|actor| ("act".into(), actor)));
        Value::Object(members)
    }
}

/// Creates a new identifier of a credential: a prefix and 32 hexadecimal digits.
fn hexadecimal(prefix: &str) -> Id {
    format!("{prefix}{}", random::hex(16)).into()
}

/// All credentials.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Credentials {
    pub(super) api_keys: Table<StoredApiKey>,
    pub(super) machines: Table<StoredMachine>,
    pub(super) m2m_tokens: Table<StoredM2mToken>,
    pub(super) oauth_tokens: Table<StoredOAuthToken>,
    pub(super) oauth_grants: Table<OAuthGrant>,
}

kept_by_field!(Credentials { api_keys, machines, m2m_tokens, oauth_tokens, oauth_grants } without {});

impl Credentials {
    /// Returns the machine whose secret key this is.
    pub(super) fn machine_of(&self, key: &str, now: Timestamp) -> Option<&StoredMachine> {
        self.machines.find(|machine| {
            let previous = machine.previous_key.as_ref();
            machine.secret_key == key || previous.is_some_and(|(old, until)| old == key && now < *until)
        })
    }

    /// Returns a machine with the machines that it may call.
    pub(super) fn render_machine(&self, machine: &StoredMachine) -> Value {
        let scoped: Vec<_> = machine
            .scopes
            .iter()
            .filter_map(|id| self.machines.get(id.as_str()).ok())
            .map(StoredMachine::render_alone)
            .collect();
        extended(machine.render_alone(), json!({ "scoped_machines": scoped }))
    }

    /// Deletes the credentials of a deleted user, organization or machine.
    pub(super) fn forget(&mut self, subject: &str) {
        self.api_keys.retain(|key| key.subject != *subject);
        self.oauth_tokens.retain(|token| token.subject != *subject);
        self.oauth_grants.retain(|grant| grant.user != *subject);
    }
}

impl State {
    /// Checks that a user, an organization or a machine with this identifier exists.
    pub(super) fn check_subject(&self, id: &str) -> Result<(), ApiError> {
        match id.split_once('_').map_or("", |(kind, _)| kind) {
            "user" => self.users.get(id).map(drop),
            "org" => self.organizations.get(id).map(drop),
            "mch" => self.credentials.machines.get(id).map(drop),
            _ => Err(ApiError::bad_format("subject", "the id of a user, an organization or a machine")),
        }
    }
}
