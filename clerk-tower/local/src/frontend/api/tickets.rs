//! Tickets: sign-in tokens and invitations.

use super::{
    super::super::{
        error::ApiError,
        state::{Claim, Proof, SignIn, SignUp, State},
    },
    Call,
};

impl Call<'_> {
    /// Signs in with a ticket: a sign-in token, or an invitation of somebody who is a user meanwhile.
    pub(super) fn sign_in_with_ticket(&mut self, mut sign_in: SignIn, ticket: &str) -> super::ApiResult {
        sign_in.first = Some(Proof::verified("ticket"));
        if self.state.ticket_destination(ticket).is_ok_and(|(status, _)| status == "sign_in")
            && let Ok(invitation) = self.state.invitation_by_ticket(ticket).cloned()
        {
            let user = self.state.user_by_identifier(&invitation.email).map(|user| user.id.clone());
            sign_in.user = user;
            self.state.mark_invitation_accepted(&invitation.id);
            return self.put_sign_in(sign_in);
        }
        let token = self.state.redeem_sign_in_ticket(ticket)?;
        sign_in.user = Some(token.user.clone());
        let reply = self.put_sign_in(sign_in)?;
        let session = self.client()?.last_active.clone();
        if let Some(session) = session {
            self.state.apply_sign_in_token(&token, session.as_str());
        }
        Ok(reply)
    }
}

impl SignUp {
    /// Takes over an invitation.
    pub(super) fn take_invitation(&mut self, state: &State, ticket: &str) -> Result<(), ApiError> {
        let invitation = state.invitation_by_ticket(ticket)?;
        let proof = Some(Proof::verified("ticket"));
        self.email = Some(Claim { value: invitation.email.clone(), proof });
        self.public_metadata = invitation.public_metadata.clone();
        self.invitation = Some(invitation.id.clone());
        Ok(())
    }
}
