//! Sessions.

use clerk_core::{
    Timestamp,
    id::{ClientId, OrganizationId, SessionId, UserId},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Proof;
use crate::{random, table::Row};

/// One day.
const DAY: std::time::Duration = std::time::Duration::from_secs(86_400);

/// How a session ended before it expired.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SessionEnd {
    /// The application revoked it.
    Revoked,
    /// The user ended this session only.
    Ended,
    /// The user signed out, or signed in again with the same browser.
    Removed,
}

impl SessionEnd {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Revoked => "revoked",
            Self::Ended => "ended",
            Self::Removed => "removed",
        }
    }
}

/// A session.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Session {
    pub(crate) id: SessionId,
    pub(crate) user: UserId,
    pub(crate) client: ClientId,
    pub(crate) organization: Option<OrganizationId>,
    pub(crate) pending: bool,
    pub(crate) over: Option<SessionEnd>,
    /// Who is signed in for the user, as the claim `act`.
    #[serde(default)]
    pub(crate) actor: Option<Value>,
    /// When the first factor was last verified, if it was since the sign-in.
    #[serde(default)]
    pub(crate) first_factor_at: Option<Timestamp>,
    /// When the second factor was last verified.
    #[serde(default)]
    pub(crate) second_factor_at: Option<Timestamp>,
    /// The reverification that was begun last.
    #[serde(default)]
    pub(crate) reverification: Option<Reverification>,
    pub(crate) last_active_at: Timestamp,
    pub(crate) expire_at: Timestamp,
    pub(crate) abandon_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    pub(crate) created_at: Timestamp,
}

/// Somebody proves once more who they are.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Reverification {
    /// `first_factor`, `second_factor` or `multi_factor`.
    pub(crate) level: String,
    pub(crate) first: Option<Proof>,
    pub(crate) second: Option<Proof>,
}

impl Row for Session {
    const NAME: &'static str = "session";

    fn id(&self) -> &str {
        self.id.as_str()
    }

    fn keys(&self) -> Vec<String> {
        vec![self.client.as_str().to_owned(), self.user.as_str().to_owned()]
    }
}

impl Session {
    /// Creates an active session that expires in a week.
    pub(crate) fn new(user: UserId, now: Timestamp) -> Self {
        Self {
            id: random::id("sess_").into(),
            user,
            client: random::id("client_").into(),
            organization: None,
            pending: false,
            over: None,
            actor: None,
            first_factor_at: None,
            second_factor_at: None,
            reverification: None,
            last_active_at: now,
            expire_at: now.saturating_add(DAY * 7),
            abandon_at: now.saturating_add(DAY * 30),
            updated_at: now,
            created_at: now,
        }
    }

    pub(crate) fn status(&self, now: Timestamp) -> &'static str {
        if let Some(over) = self.over {
            return over.as_str();
        }
        match () {
            () if now >= self.expire_at => "expired",
            () if self.pending => "pending",
            () => "active",
        }
    }

    /// Revokes the session, unless it has ended already.
    pub(crate) fn revoke(&mut self, now: Timestamp) {
        self.end(SessionEnd::Revoked, now);
    }

    /// Ends the session, unless it has ended already.
    pub(crate) fn end(&mut self, over: SessionEnd, now: Timestamp) {
        if matches!(self.status(now), "active" | "pending") {
            self.over = Some(over);
            self.updated_at = now;
        }
    }

    /// Returns for how many minutes the first and the second factor have been verified; -1 for one that never was.
    pub(crate) fn factor_ages(&self, now: Timestamp) -> [i64; 2] {
        let minutes = |since: Timestamp| now.as_secs().saturating_sub(since.as_secs()) / 60;
        [minutes(self.first_factor_at.unwrap_or(self.created_at)), self.second_factor_at.map_or(-1, minutes)]
    }

    pub(crate) fn render(&self, now: Timestamp) -> Value {
        let tasks = if self.pending { json!([{ "key": "choose-organization" }]) } else { Value::Null };
        json!({
            "object": "session",
            "id": self.id,
            "user_id": self.user,
            "client_id": self.client,
            "actor": self.actor,
            "status": self.status(now),
            "last_active_organization_id": self.organization,
            "last_active_at": self.last_active_at,
            "latest_activity": null,
            "expire_at": self.expire_at,
            "abandon_at": self.abandon_at,
            "updated_at": self.updated_at,
            "created_at": self.created_at,
            "tasks": tasks,
        })
    }
}
