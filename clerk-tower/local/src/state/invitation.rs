//! Invitations to the application.

use std::time::Duration;

use clerk_core::Timestamp;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{ContactKind, Message, Purpose, State, TicketStatus, ticket::unusable};
use crate::{error::ApiError, keys::SigningKey, random, table::Row};

/// One day.
const DAY: Duration = Duration::from_secs(86_400);

/// How many days an invitation is valid by default.
const DEFAULT_DAYS: u32 = 30;

/// An invitation.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Invitation {
    pub(crate) id: String,
    pub(crate) email: String,
    /// What the user's public metadata will contain.
    pub(crate) public_metadata: Value,
    /// Where the link leads; `None` for the default.
    pub(crate) redirect_url: Option<String>,
    pub(crate) token: String,
    pub(crate) status: TicketStatus,
    pub(crate) expires_at: Timestamp,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
}

impl Row for Invitation {
    const NAME: &'static str = "invitation";

    fn id(&self) -> &str {
        &self.id
    }
}

impl Invitation {
    /// Returns `pending`, `accepted`, `revoked` or `expired`.
    pub(crate) fn status(&self, now: Timestamp) -> &'static str {
        match self.status {
            TicketStatus::Pending if now >= self.expires_at => "expired",
            status => status.as_str(),
        }
    }
}

/// A new invitation.
pub(crate) struct NewInvitation {
    pub(crate) email: String,
    pub(crate) public_metadata: Value,
    pub(crate) redirect_url: Option<String>,
    /// Whether an email is sent.
    pub(crate) notify: bool,
    /// Whether there may be an invitation or a user already.
    pub(crate) ignore_existing: bool,
    pub(crate) days: Option<u32>,
    pub(crate) purpose: Purpose,
}

impl NewInvitation {
    pub(crate) fn to(email: &str, purpose: Purpose) -> Self {
        Self {
            email: email.to_owned(),
            public_metadata: json!({}),
            redirect_url: None,
            notify: true,
            ignore_existing: false,
            days: None,
            purpose,
        }
    }
}

impl State {
    /// Rejects an invitation of somebody who already is invited, or is a user.
    pub(crate) fn check_invitation(&self, new: &NewInvitation) -> Result<(), ApiError> {
        if new.ignore_existing {
            return ContactKind::Email.check_format(&new.email);
        }
        self.check_contact(ContactKind::Email, &new.email)?;
        let is_same = |one: &Invitation| one.email.eq_ignore_ascii_case(&new.email);
        match self.invitations.find(|one| is_same(one) && one.status(self.now) == "pending") {
            Some(_) => Err(ApiError::new(
                StatusCode::BAD_REQUEST,
                "duplicate_record",
                "duplicate invitation",
                format!("There is already a pending invitation for {}", new.email),
            )),
            None => Ok(()),
        }
    }

    /// Creates an invitation that was [checked](Self::check_invitation), and sends it if requested.
    pub(crate) fn invite(&mut self, new: NewInvitation, key: &SigningKey) -> Invitation {
        let now = self.now;
        let id = random::id("inv_");
        let expires_at = now.saturating_add(DAY * new.days.unwrap_or(DEFAULT_DAYS));
        let invitation = Invitation {
            token: self.ticket_text(key, "invitation", &id, Some(expires_at)),
            id,
            email: new.email,
            public_metadata: new.public_metadata,
            redirect_url: new.redirect_url,
            status: TicketStatus::Pending,
            expires_at,
            created_at: now,
            updated_at: now,
        };
        if new.notify {
            let (link, subject) = (self.ticket_url(&invitation.token), "You are invited");
            self.send(Message::link(new.purpose, &invitation.email, subject, &link, now));
        }
        self.invitations.insert(invitation.clone());
        invitation
    }

    /// Returns the pending invitation that a ticket belongs to.
    pub(crate) fn invitation_by_ticket(&self, ticket: &str) -> Result<&Invitation, ApiError> {
        let invitation = self.invitations.find(|invitation| invitation.token == ticket);
        let invitation =
            invitation.ok_or_else(|| unusable("ticket_invalid_code", "The ticket is not known"))?;
        match invitation.status(self.now) {
            "pending" => Ok(invitation),
            "expired" => Err(unusable("ticket_expired_code", "The invitation has expired")),
            "revoked" => Err(unusable("invitation_revoked_code", "The invitation was revoked")),
            _ => Err(unusable("invitation_already_accepted_code", "The invitation was already accepted")),
        }
    }

    /// Marks an invitation as accepted.
    pub(crate) fn mark_invitation_accepted(&mut self, id: &str) {
        let now = self.now;
        if let Ok(invitation) = self.invitations.get_mut(id) {
            invitation.status = TicketStatus::Accepted;
            invitation.updated_at = now;
        }
    }

    pub(crate) fn render_invitation(&self, invitation: &Invitation) -> Value {
        json!({
            "object": "invitation",
            "id": invitation.id,
            "email_address": invitation.email,
            "public_metadata": invitation.public_metadata,
            "revoked": invitation.status == TicketStatus::Revoked,
            "status": invitation.status(self.now),
            "url": self.ticket_url(&invitation.token),
            "expires_at": invitation.expires_at,
            "created_at": invitation.created_at,
            "updated_at": invitation.updated_at,
        })
    }
}
