//! Tickets: sign-in tokens, invitations to the application, and invitations to organizations.

use clerk_core::id::UserId;
use http::StatusCode;

use super::{
    super::{
        super::{
            HttpResponse,
            error::ApiError,
            state::{Claim, OrganizationInvitation, Proof, SignIn, SignInToken, SignUp, State, Ticket},
        },
        browser_request::{BrowserRequest, require_loopback, return_url, with_query_pair},
        handshake::{self, redirect},
    },
    Call,
    sign_ins::unknown_account,
};

impl Call<'_> {
    /// Signs in with a ticket: a sign-in token, or an invitation of somebody who is a user already.
    pub(super) fn sign_in_with_ticket(&mut self, mut sign_in: SignIn, ticket: &str) -> super::ApiResult {
        sign_in.first = Some(Proof::verified("ticket"));
        match self.state.ticket(ticket)? {
            Ticket::SignIn => {
                let token = self.state.redeem_sign_in_ticket(ticket)?;
                sign_in.user = Some(token.user.clone());
                let reply = self.put_sign_in(sign_in)?;
                self.apply(&token)?;
                Ok(reply)
            }
            Ticket::Invitation(invitation) => {
                sign_in.user = Some(invited(self.state, &invitation.email)?);
                let reply = self.put_sign_in(sign_in)?;
                self.state.mark_invitation_accepted(&invitation.id);
                Ok(reply)
            }
            Ticket::OrganizationInvitation(invitation) => {
                let user = invited(self.state, &invitation.email_address)?;
                self.state.check_acceptable(&invitation.id)?;
                sign_in.user = Some(user.clone());
                let reply = self.put_sign_in(sign_in)?;
                self.join(invitation, &user)?;
                Ok(reply)
            }
        }
    }

    /// Gives the session that a sign-in token started what the token says.
    fn apply(&mut self, token: &SignInToken) -> Result<(), ApiError> {
        if let Some(session) = self.client()?.last_active.clone() {
            self.state.apply_sign_in_token(token, session.as_str());
        }
        Ok(())
    }

    /// Makes the user of the active session a member by an invitation, and the organization the session's active one.
    pub(super) fn join(&mut self, invitation: OrganizationInvitation, user: &UserId) -> Result<(), ApiError> {
        let invitation = self.state.accept_organization_invitation(invitation, user)?;
        if let Some(session) = self.client()?.last_active.clone() {
            handshake::activate(self.state, session.as_str(), invitation.organization.as_str());
        }
        Ok(())
    }
}

/// Returns the user whom an invitation reached.
fn invited(state: &State, email: &str) -> Result<UserId, ApiError> {
    Ok(state.user_by_identifier(email).ok_or_else(unknown_account)?.id.clone())
}

impl SignUp {
    /// Takes over an invitation.
    pub(super) fn take_invitation(&mut self, state: &State, ticket: &str) -> Result<(), ApiError> {
        let email = match state.ticket(ticket)? {
            Ticket::Invitation(invitation) => {
                self.public_metadata = invitation.public_metadata;
                self.invitation = Some(invitation.id);
                invitation.email
            }
            Ticket::OrganizationInvitation(invitation) => {
                self.organization_invitation = Some(invitation.id);
                invitation.email_address
            }
            Ticket::SignIn => {
                return Err(ApiError::new(
                    StatusCode::BAD_REQUEST,
                    "ticket_invalid_code",
                    "ticket is invalid",
                    "The ticket is for signing in",
                ));
            }
        };
        self.email = Some(Claim { value: email, proof: Some(Proof::verified("ticket")) });
        Ok(())
    }
}

/// `GET /v1/tickets/accept`: the link of a sign-in token, or in an invitation. It leads to the application, which takes the
/// ticket. Without an application, and for somebody who is invited to an organization and signed in, it is taken here.
pub(in super::super) fn accept(request: &BrowserRequest<'_>) -> Result<HttpResponse, ApiError> {
    let ticket = request.query.first("ticket").ok_or_else(|| ApiError::missing("ticket"))?;
    if request.is_subresource() {
        return Err(ApiError::not_emulated("accepting a ticket by a background request; link to it"));
    }
    let key = request.local.key();
    let state = &mut *request.local.state();
    let client = request.client_by_cookie(state).cloned();
    let mut call = Call { request, state, key: &key, client };
    let (email, url) = match call.state.ticket(ticket)? {
        Ticket::SignIn => (None, None),
        Ticket::Invitation(it) => (Some(it.email), it.redirect_url),
        Ticket::OrganizationInvitation(it) => {
            let (email, url) = (it.email_address.clone(), it.redirect_url.clone());
            if let Some(user) = call.active_user(&email) {
                call.join(it, &user)?;
                return leave(&call, url.as_deref(), "complete", ticket);
            }
            (Some(email), url)
        }
    };
    let is_user = email.is_none_or(|email| call.state.user_by_identifier(&email).is_some());
    let status = if is_user { "sign_in" } else { "sign_up" };
    if url.is_none() {
        if is_user {
            call.sign_in_with_ticket(SignIn::new(request.now), ticket)?;
        } else {
            call.sign_up_with_ticket(ticket)?;
        }
    }
    leave(&call, url.as_deref(), status, ticket)
}

/// Sends the browser to the application, or else to the page that shows who is signed in.
fn leave(call: &Call<'_>, url: Option<&str>, status: &str, ticket: &str) -> Result<HttpResponse, ApiError> {
    let cookies = call.client.as_ref().map(|client| call.request.client_cookies(call.state, client));
    let cookies = cookies.unwrap_or_default();
    let Some(url) = url else { return Ok(redirect(StatusCode::SEE_OTHER, "/sign-in", cookies)) };
    let url = with_query_pair(return_url(url)?, "__clerk_ticket", ticket);
    let url = with_query_pair(url, "__clerk_status", status);
    Ok(redirect(StatusCode::SEE_OTHER, url.as_str(), cookies))
}

impl Call<'_> {
    /// Returns the user of the active session, if the address is the user's.
    fn active_user(&self, email: &str) -> Option<UserId> {
        let (_, user) = self.state.active_session(self.client().ok()?, self.request.now)?;
        let is_own = user.emails.iter().any(|own| own.is_verified() && own.is(email));
        is_own.then(|| user.id.clone())
    }

    /// Signs somebody up with nothing but a ticket, as the page for signing up does with an address.
    fn sign_up_with_ticket(&mut self, ticket: &str) -> Result<(), ApiError> {
        let client = self.client_or_new();
        let mut sign_up = SignUp::new(client.id, self.request.now);
        sign_up.take_invitation(self.state, ticket)?;
        self.complete_sign_up(&mut sign_up)?;
        self.state.put_sign_up(sign_up);
        Ok(())
    }
}

/// `GET /v1/agents/tasks`: the URL of an agent's task. The browser returns to the application as after a handshake.
pub(in super::super) fn agent_task(request: &BrowserRequest<'_>) -> Result<HttpResponse, ApiError> {
    let ticket = request.query.first("ticket").ok_or_else(|| ApiError::missing("ticket"))?;
    if request.is_subresource() {
        return Err(ApiError::not_emulated("beginning a task by a background request; link to it"));
    }
    let key = request.local.key();
    let state = &mut *request.local.state();
    let token = state.sign_in_tokens.find(|token| token.token == ticket);
    let task = token.and_then(|token| state.agent_tasks.find(|task| task.sign_in_token == token.id));
    let task = task.ok_or_else(|| ApiError::not_found("agent task"))?.clone();
    let back = return_url(&task.redirect_url)?;
    // What is appended contains the session's cookies.
    require_loopback(&back)?;
    let client = request.client_by_cookie(state).cloned();
    let mut call = Call { request, state, key: &key, client };
    call.sign_in_with_ticket(SignIn::new(request.now), ticket)?;
    let client = call.client()?.clone();
    Ok(handshake::finish(request, call.state, &key, &client, back, false))
}
