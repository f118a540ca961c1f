//! Tickets: what lets somebody sign in, or sign up, without another credential.

use std::time::Duration;

use clerk_core::{
    Timestamp,
    id::{OrganizationId, UserId},
};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Invitation, OrganizationInvitation, State};
use crate::{error::ApiError, keys::SigningKey, random, table::Row};

/// Whether a ticket can still be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TicketStatus {
    Pending,
    Accepted,
    Revoked,
}

impl TicketStatus {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Accepted => "accepted",
            Self::Revoked => "revoked",
        }
    }
}

/// A token with which a user signs in once. With an actor, somebody else does it for the user.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct SignInToken {
    pub(crate) id: String,
    pub(crate) user: UserId,
    /// The organization that the session starts with.
    pub(crate) organization: Option<OrganizationId>,
    pub(crate) impersonation: Option<Impersonation>,
    /// How long the session lasts that it starts; `None` for the usual time.
    #[serde(default)]
    pub(crate) session_seconds: Option<u64>,
    pub(crate) token: String,
    pub(crate) status: TicketStatus,
    pub(crate) expire_at: Timestamp,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
}

/// Somebody signs in for a user.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Impersonation {
    /// The claim `act` of the session's tokens, with the `sub` of who it really is.
    pub(crate) actor: Value,
}

impl Row for SignInToken {
    const NAME: &'static str = "sign-in token";

    fn id(&self) -> &str {
        &self.id
    }
}

impl SignInToken {
    pub(crate) fn new(user: UserId, impersonation: Option<Impersonation>, now: Timestamp) -> Self {
        Self {
            id: random::id(if impersonation.is_some() { "act_" } else { "sit_" }),
            user,
            organization: None,
            impersonation,
            session_seconds: None,
            token: String::new(),
            status: TicketStatus::Pending,
            expire_at: now,
            created_at: now,
            updated_at: now,
        }
    }

    const fn kind(&self) -> &'static str {
        if self.impersonation.is_some() { "actor_token" } else { "sign_in_token" }
    }
}

/// What a ticket is good for.
pub(crate) enum Ticket {
    /// Signing in once; it may be used already.
    SignIn,
    /// Signing up, or in. It is pending.
    Invitation(Invitation),
    /// Becoming a member after signing up, or in. It is pending.
    OrganizationInvitation(OrganizationInvitation),
}

/// Returns the error of a ticket that cannot be used.
pub(crate) fn unusable(code: &'static str, why: &str) -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, code, "ticket is invalid", why)
}

impl State {
    /// Creates the text of a ticket. It is only recognized as a whole, but is a JWT, as at Clerk.
    pub(crate) fn ticket_text(
        &self,
        key: &SigningKey,
        kind: &str,
        id: &str,
        expire_at: Option<Timestamp>,
    ) -> String {
        let claims = json!({
            "iss": self.issuer,
            "sid": id,
            "st": kind,
            "jti": random::string(20),
            "exp": expire_at.map(|time| self.clock_time(time).as_secs()),
        });
        key.sign(&Map::new(), &claims)
    }

    /// Stores a sign-in token with its text, and returns it.
    pub(crate) fn add_sign_in_token(&mut self, mut token: SignInToken, key: &SigningKey) -> SignInToken {
        token.token = self.ticket_text(key, token.kind(), &token.id, Some(token.expire_at));
        self.sign_in_tokens.insert(token.clone());
        token
    }

    /// Returns what a ticket is good for.
    pub(crate) fn ticket(&self, text: &str) -> Result<Ticket, ApiError> {
        if self.sign_in_tokens.iter().any(|token| token.token == text) {
            return Ok(Ticket::SignIn);
        }
        // Invitations that follow from a domain have no ticket.
        let is_same = |it: &OrganizationInvitation| !it.ticket.is_empty() && it.ticket == text;
        match self.organization_invitations.find(is_same) {
            Some(invitation) => {
                invitation.check_pending(self.now)?;
                Ok(Ticket::OrganizationInvitation(invitation.clone()))
            }
            None => Ok(Ticket::Invitation(self.invitation_by_ticket(text)?.clone())),
        }
    }

    /// Returns the URL that accepts a ticket in a browser.
    pub(crate) fn ticket_url(&self, ticket: &str) -> String {
        let base = self.clients.address.as_ref().unwrap_or(&self.issuer);
        format!("{base}/v1/tickets/accept?ticket={ticket}")
    }

    /// Returns a sign-in token or an actor token as the Backend API shows it.
    pub(crate) fn render_sign_in_token(&self, token: &SignInToken) -> Value {
        let mut rendered = json!({
            "object": token.kind(),
            "id": token.id,
            "user_id": token.user,
            "status": token.status.as_str(),
            "token": token.token,
            "url": self.ticket_url(&token.token),
            "created_at": token.created_at,
            "updated_at": token.updated_at,
        });
        if let (Some(it), Some(fields)) = (&token.impersonation, rendered.as_object_mut()) {
            fields.insert("actor".to_owned(), it.actor.clone());
        }
        rendered
    }

    /// Uses up a sign-in token or an actor token, and returns it. [`apply_sign_in_token`](Self::apply_sign_in_token) then
    /// completes the session that it starts. The caller checks whether the user may sign in.
    pub(crate) fn redeem_sign_in_ticket(&mut self, ticket: &str) -> Result<SignInToken, ApiError> {
        let now = self.now;
        let token = self.sign_in_tokens.find_mut(|token| token.token == ticket);
        let token = token.ok_or_else(|| unusable("ticket_invalid_code", "The ticket is not known"))?;
        match (token.status, &token.impersonation) {
            (TicketStatus::Accepted, None) => {
                return Err(unusable("sign_in_token_already_used_code", "The token was already used"));
            }
            (TicketStatus::Accepted, Some(_)) => {
                return Err(unusable("actor_token_already_used_code", "The token was already used"));
            }
            (TicketStatus::Revoked, None) => {
                return Err(unusable("sign_in_token_revoked_code", "The token was revoked"));
            }
            (TicketStatus::Revoked, Some(_)) => {
                return Err(unusable("actor_token_revoked_code", "The token was revoked"));
            }
            (TicketStatus::Pending, _) if now >= token.expire_at => {
                return Err(unusable("ticket_expired_code", "The ticket has expired"));
            }
            (TicketStatus::Pending, _) => {}
        }
        token.status = TicketStatus::Accepted;
        token.updated_at = now;
        Ok(token.clone())
    }

    /// Gives a session that a token started the token's organization, actor and duration.
    pub(crate) fn apply_sign_in_token(&mut self, token: &SignInToken, session: &str) {
        let organization = token.organization.as_ref();
        let is_member =
            organization.is_some_and(|it| self.membership(it.as_str(), token.user.as_str()).is_ok());
        let Ok(session) = self.sessions.get_mut(session) else { return };
        if is_member {
            session.organization = token.organization.clone();
        }
        if let Some(impersonation) = &token.impersonation {
            session.actor = Some(impersonation.actor.clone());
        }
        if let Some(seconds) = token.session_seconds {
            session.expire_at = session.created_at.saturating_add(Duration::from_secs(seconds));
        }
    }

    /// Revokes a pending sign-in token or actor token.
    pub(crate) fn revoke_sign_in_token(
        &mut self,
        id: &str,
        is_actor_token: bool,
    ) -> Result<&SignInToken, ApiError> {
        let now = self.now;
        let token = self.sign_in_tokens.get_mut(id)?;
        if token.impersonation.is_some() != is_actor_token {
            return Err(ApiError::not_found(if is_actor_token { "actor token" } else { SignInToken::NAME }));
        }
        if token.status != TicketStatus::Pending {
            let code = if is_actor_token {
                "actor_token_cannot_be_revoked_code"
            } else {
                "sign_in_token_cannot_be_revoked_code"
            };
            return Err(unusable(code, "Only a pending token can be revoked"));
        }
        token.status = TicketStatus::Revoked;
        token.updated_at = now;
        Ok(token)
    }
}
