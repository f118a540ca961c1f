//! Machines and their tokens.
//!
//! ```
//! use clerk_core::{Timestamp, model::M2mToken};
//!
//! let token: M2mToken = serde_json::from_str(r#"{
//!     "id": "mt_1", "subject": "mch_1", "scopes": ["mch_2"],
//!     "revoked": false, "expired": false, "expiration": 1700000000000
//! }"#).unwrap();
//! assert_eq!(token.subject.as_str(), "mch_1");
//! assert_eq!(token.expiration, Some(Timestamp::from_secs(1_700_000_000)));
//! // What says that a token is no longer good is never guessed.
//! assert!(serde_json::from_str::<M2mToken>(r#"{"id": "mt_1", "subject": "mch_1"}"#).is_err());
//! ```
// Written by clerk-codegen; changes belong into its overlay.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    Timestamp,
    decode::{lenient, plain},
    id::Id,
    opaque::opaque,
    open_enum::open_enum,
};

/// A machine.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Machine {
    /// Its identifier.
    pub id: Id,
    /// Its name.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub name: String,
    /// The instance it belongs to.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub instance_id: String,
    /// When it was created.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub updated_at: Timestamp,
    /// How many seconds its tokens are good for when nothing else is asked for.
    #[serde(
        default,
        deserialize_with = "lenient::optional_integer",
        skip_serializing_if = "Option::is_none"
    )]
    pub default_token_ttl: Option<i64>,
    /// The machines it may talk to.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub scoped_machines: Vec<ScopedMachine>,
}

opaque!(Machine, id);

/// A machine right after it was made, with its secret key.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MachineWithSecretKey {
    /// Its identifier.
    pub id: Id,
    /// Its name.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub name: String,
    /// The instance it belongs to.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub instance_id: String,
    /// When it was created.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub updated_at: Timestamp,
    /// How many seconds its tokens are good for when nothing else is asked for.
    #[serde(
        default,
        deserialize_with = "lenient::optional_integer",
        skip_serializing_if = "Option::is_none"
    )]
    pub default_token_ttl: Option<i64>,
    /// The machines it may talk to.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub scoped_machines: Vec<ScopedMachine>,
    /// The secret key.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub secret_key: String,
}

opaque!(MachineWithSecretKey, id);

/// The secret key of a machine.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MachineSecretKey {
    /// The secret key.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub secret: String,
}

opaque!(MachineSecretKey);

/// A machine that another one may talk to.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ScopedMachine {
    /// Its identifier.
    pub id: Id,
    /// Its name.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub name: String,
    /// The instance it belongs to.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub instance_id: String,
    /// When it was created.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub updated_at: Timestamp,
    /// How many seconds its tokens are good for when nothing else is asked for.
    #[serde(
        default,
        deserialize_with = "lenient::optional_integer",
        skip_serializing_if = "Option::is_none"
    )]
    pub default_token_ttl: Option<i64>,
}

opaque!(ScopedMachine, id);

/// Says that a machine may talk to another one.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MachineScope {
    /// The machine that talks.
    pub from_machine_id: Id,
    /// The machine that is talked to.
    pub to_machine_id: Id,
    /// When it was created.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
}

opaque!(MachineScope);

/// Says that a machine may no longer talk to another one.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DeletedMachineScope {
    /// The machine that talks.
    pub from_machine_id: Id,
    /// The machine that is talked to.
    pub to_machine_id: Id,
    /// Whether it is deleted.
    pub deleted: bool,
}

opaque!(DeletedMachineScope);

/// A token of a machine, without its secret text.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct M2mToken {
    /// Its identifier.
    pub id: Id,
    /// The machine it is for.
    pub subject: Id,
    /// What the application wants to be known with it: any JSON.
    #[serde(default, deserialize_with = "plain::optional", skip_serializing_if = "Option::is_none")]
    pub claims: Option<Value>,
    /// The machines that accept it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
    /// Whether it is revoked.
    pub revoked: bool,
    /// Why it was revoked.
    pub revocation_reason: Option<String>,
    /// Whether it is expired.
    pub expired: bool,
    /// When it expires. `None` when it does not.
    pub expiration: Option<Timestamp>,
    /// When it was last used.
    pub last_used_at: Option<Timestamp>,
    /// When it was created.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub updated_at: Timestamp,
}

opaque!(M2mToken, id);

/// An M2M token right after it was made, with its secret text.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CreatedM2mToken {
    /// Its identifier.
    pub id: Id,
    /// The machine it is for.
    pub subject: Id,
    /// What the application wants to be known with it: any JSON.
    #[serde(default, deserialize_with = "plain::optional", skip_serializing_if = "Option::is_none")]
    pub claims: Option<Value>,
    /// The machines that accept it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
    /// The token itself.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub token: String,
    /// Whether it is revoked.
    pub revoked: bool,
    /// Why it was revoked.
    pub revocation_reason: Option<String>,
    /// Whether it is expired.
    pub expired: bool,
    /// When it expires. `None` when it does not.
    pub expiration: Option<Timestamp>,
    /// When it was last used.
    pub last_used_at: Option<Timestamp>,
    /// When it was created.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub updated_at: Timestamp,
}

opaque!(CreatedM2mToken, id);

open_enum! {
    /// How a token is made.
    M2mTokenFormat {
        /// A text that only Clerk understands, and that can be revoked.
        Opaque = "opaque",
        /// A JWT, which can be verified without asking Clerk, but not revoked.
        Jwt = "jwt",
    }
}
