//! The decision about a token of a JWT template in the `Authorization` header.

use super::{Asked, Decision};
use crate::{
    authenticate::{
        outcome::{Outcome, SignedOutCause},
        request::SessionToken,
    },
    token::{TemplateAuth, TokenKind},
};

impl Decision<'_> {
    /// Decides about a token of this class, where it is accepted. It is never refreshed, and no browser is redirected for
    /// it.
    pub(super) fn header_template(&self, token: SessionToken) -> Asked<Outcome> {
        Ok(match self.verify_template(&token)? {
            Ok(()) => Outcome::template_signed_in(TemplateAuth::new(self.session(token))),
            Err(rejection) => {
                let cause = SignedOutCause::new(true, rejection.is_undecided);
                let (reason, message) = (rejection.error.reason().clone(), rejection.error.message());
                self.signed_out(Some(TokenKind::Template), reason, cause, message)
            }
        })
    }
}
