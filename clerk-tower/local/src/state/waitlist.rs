//! The waitlist: people who want an invitation.

use clerk_core::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Message, Purpose, State};
use crate::{random, table::Row};

/// Somebody on the waitlist.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct WaitlistEntry {
    pub(crate) id: String,
    pub(crate) email: String,
    pub(crate) is_rejected: bool,
    /// The invitation that followed, and when it was sent.
    pub(crate) invitation: Option<String>,
    pub(crate) invited_at: Option<Timestamp>,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
}

impl Row for WaitlistEntry {
    const NAME: &'static str = "waitlist entry";

    fn id(&self) -> &str {
        &self.id
    }
}

impl State {
    /// Puts somebody on the waitlist, and tells them if requested. Somebody who is there already stays there.
    pub(crate) fn join_waitlist(&mut self, email: &str, notify: bool) -> WaitlistEntry {
        let now = self.now;
        if let Some(known) = self.waitlist.find(|entry| entry.email.eq_ignore_ascii_case(email)) {
            return known.clone();
        }
        let entry = WaitlistEntry {
            id: random::id("wle_"),
            email: email.to_owned(),
            is_rejected: false,
            invitation: None,
            invited_at: None,
            created_at: now,
            updated_at: now,
        };
        self.waitlist.insert(entry.clone());
        if notify {
            let subject = "You are on the waitlist";
            self.send(Message::notice(Purpose::WaitlistConfirmation, email, subject, now));
        }
        entry
    }

    /// Returns `pending`, `invited`, `rejected` or `completed`, which is somebody who became a user.
    pub(crate) fn waitlist_status(&self, entry: &WaitlistEntry) -> &'static str {
        match () {
            () if self.user_by_identifier(&entry.email).is_some() => "completed",
            () if entry.is_rejected => "rejected",
            () if entry.invitation.is_some() => "invited",
            () => "pending",
        }
    }

    pub(crate) fn render_waitlist_entry(&self, entry: &WaitlistEntry) -> Value {
        let invitation = entry.invitation.as_ref().and_then(|id| self.invitations.get(id).ok());
        json!({
            "object": "waitlist_entry",
            "id": entry.id,
            "email_address": entry.email,
            "status": self.waitlist_status(entry),
            "is_locked": false,
            "created_at": entry.created_at,
            "updated_at": entry.updated_at,
            "invitation": invitation.map(|invitation| self.render_invitation(invitation)),
        })
    }
}
