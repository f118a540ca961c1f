//! Sessions and the clients they run on.
//!
//! ```
//! use clerk_core::{Timestamp, model::{Session, SessionStatus}};
//!
//! let session: Session = serde_json::from_str(r#"{
//!     "id": "sess_1", "user_id": "user_1", "client_id": "client_1",
//!     "status": "active", "expire_at": 1700000000000
//! }"#).unwrap();
//! assert_eq!(session.status, SessionStatus::Active);
//! assert_eq!(session.expire_at, Timestamp::from_secs(1_700_000_000));
//! ```
// Written by clerk-codegen; changes belong into its overlay.

use serde::{Deserialize, Serialize};

use crate::{
    Metadata, Timestamp,
    decode::lenient,
    id::{ClientId, Id, OrganizationId, SessionId, UserId},
    opaque::opaque,
    open_enum::open_enum,
};

/// A period in which a user is signed in on a client.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Session {
    /// Its identifier.
    pub id: SessionId,
    /// The user.
    pub user_id: UserId,
    /// The client it runs on.
    pub client_id: ClientId,
    /// Who acts as the user, when the user is impersonated: an object with `sub`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<Metadata>,
    /// Where it stands.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub status: SessionStatus,
    /// The organization that was last active in it.
    #[serde(default, deserialize_with = "lenient::optional_id", skip_serializing_if = "Option::is_none")]
    pub last_active_organization_id: Option<OrganizationId>,
    /// When it was last active, to the day or better.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub last_active_at: Timestamp,
    /// Where and with what it was last used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latest_activity: Option<SessionActivity>,
    /// When it ends, whatever happens.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub expire_at: Timestamp,
    /// When it counts as abandoned and cannot be taken up again.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub abandon_at: Timestamp,
    /// When it was last changed.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub updated_at: Timestamp,
    /// When it was created.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub created_at: Timestamp,
    /// What has to be done before it becomes active.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tasks: Option<Vec<SessionTask>>,
}

opaque!(Session, id);

open_enum! {
    /// Where a session stands.
    SessionStatus {
        /// In use.
        Active = "active",
        /// Ended by the application or an administrator.
        Revoked = "revoked",
        /// The user signed out.
        Ended = "ended",
        /// Its time has run out.
        Expired = "expired",
        /// Taken off its client.
        Removed = "removed",
        /// Unused for too long.
        Abandoned = "abandoned",
        /// Another session took its place.
        Replaced = "replaced",
        /// Signed in, with a task left to do before it counts.
        Pending = "pending",
    }
}

/// Where and with what a session was last used.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SessionActivity {
    /// Its identifier.
    pub id: Id,
    /// The kind of device.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_type: Option<String>,
    /// Whether the device is a mobile one.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub is_mobile: bool,
    /// The browser's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub browser_name: Option<String>,
    /// The browser's version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub browser_version: Option<String>,
    /// The address it came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip_address: Option<String>,
    /// The city, as far as the address tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
    /// The country, as far as the address tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
}

opaque!(SessionActivity, id);

/// Something a user must do before a pending session becomes active.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SessionTask {
    /// What is to be done, such as `choose-organization`.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub key: String,
}

opaque!(SessionTask);

/// A freshly minted token.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SessionToken {
    /// The token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwt: Option<String>,
}

opaque!(SessionToken);

/// What a refresh gives: a token or cookies, as asked for.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SessionRefresh {
    /// The token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwt: Option<String>,
    /// The cookies to set, each as the value of one `Set-Cookie` header.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cookies: Option<Vec<String>>,
}

opaque!(SessionRefresh);

open_enum! {
    /// What a refresh shall give.
    SessionRefreshFormat {
        /// `token`.
        Token = "token",
        /// `cookie`.
        Cookie = "cookie",
    }
}

/// A browser or device, with the sessions on it.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Client {
    /// Its identifier.
    pub id: ClientId,
    /// The sessions on it.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub session_ids: Vec<SessionId>,
    /// The sessions on it.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub sessions: Vec<Session>,
    /// The sign-in going on.
    pub sign_in_id: Option<String>,
    /// The sign-up going on.
    pub sign_up_id: Option<String>,
    /// The session that was last active on it.
    #[serde(default, deserialize_with = "lenient::optional_id")]
    pub last_active_session_id: Option<SessionId>,
    /// How the last sign-in on it went.
    pub last_authentication_strategy: Option<String>,
    /// When it was last changed.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub updated_at: Timestamp,
    /// When it was created.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub created_at: Timestamp,
}

opaque!(Client, id);

/// What a handshake gives.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HandshakePayload {
    /// The cookies to set, each as the value of one `Set-Cookie` header.
    pub directives: Vec<String>,
}

opaque!(HandshakePayload);
