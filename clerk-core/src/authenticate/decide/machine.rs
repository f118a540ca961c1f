//! The decision about a machine token in the `Authorization` header.

use super::{Asked, Decision, header::Bearer, verify::Rejection};
use crate::{
    Reason,
    authenticate::{
        need::{CallFailure, Want},
        outcome::{MachineAuth, MachineFacts, Outcome, SignedOutCause, of_jwt},
    },
    token::{Token, TokenError, TokenKind},
};

/// Upper bound on the length of an opaque token in bytes, since each one causes a call to Clerk. Clerk's have fewer than a
/// hundred.
const MAX_OPAQUE: usize = 4096;

impl Decision<'_> {
    pub(super) fn header_machine(&self, bearer: Bearer<'_>) -> Asked<Outcome> {
        match bearer {
            Bearer::Opaque(kind, text) => self.opaque(kind, text),
            Bearer::Jwt(jwt) => self.machine_jwt(jwt.token()),
            Bearer::Undecodable(error) => Ok(self.reject_token(Some(TokenKind::Session), &error)),
        }
    }

    /// Decides about an opaque token, which only Clerk can verify.
    fn opaque(&self, kind: TokenKind, text: &str) -> Asked<Outcome> {
        let (reason, message, is_undecided) = match &self.learned.machine {
            None if text.len() > MAX_OPAQUE => {
                (Reason::TokenInvalid, "the token is longer than 4 KiB", false)
            }
            None if !self.config.can_verify(kind) => (
                Reason::SecretKeyMissing,
                "only Clerk can verify the token, and there is no secret key",
                true,
            ),
            None => return Err(Want::Machine(kind, text.to_owned())),
            Some(Ok(Some(facts))) => return Ok(self.verified_machine(text, facts.clone())),
            // Clerk responds with status 200 for these too.
            Some(Ok(None)) => (Reason::TokenInvalid, "the token has expired or was revoked", false),
            Some(Err(failure)) => match failure {
                CallFailure::Refused { status, .. } if status.as_u16() == 404 => {
                    (Reason::TokenInvalid, "Clerk does not know the token", false)
                }
                // This service's own key is wrong, which says nothing about the token: respond with 503 and not 401.
                CallFailure::Refused { status, .. } if status.as_u16() == 401 => {
                    (Reason::SecretKeyInvalid, "Clerk refused the secret key", true)
                }
                other => (Reason::UnexpectedError, "Clerk did not verify the token", other.is_outage()),
            },
        };
        Ok(self.signed_out(Some(kind), reason, SignedOutCause::new(true, is_undecided), message))
    }

    fn machine_jwt(&self, token: &Token) -> Asked<Outcome> {
        let kind = token.kind();
        let verified = match token.check_machine() {
            Err(error) => Err(Rejection::from(error)),
            Ok(()) => {
                let verified = self.verify_with_key(token, |key| {
                    token.verify_machine(key, &self.config.machine, self.now)
                })?;
                // Clerk's SDK has a single code for all errors here, missing keys included. It checks no issuer.
                verified.map_err(|rejection| match rejection.error.reason() {
                    Reason::TokenInvalidIssuer => rejection,
                    _ => Rejection { error: TokenError::failed(rejection.error.message()), ..rejection },
                })
            }
        };
        if let Err(Rejection { error, is_undecided }) = verified {
            let cause = SignedOutCause::new(true, is_undecided);
            return Ok(self.signed_out(Some(kind), error.reason().clone(), cause, error.message()));
        }
        Ok(match of_jwt(kind, token) {
            Some(facts) => self.verified_machine(token.expose(), facts),
            None => self.reject_token(Some(kind), &TokenError::failed("the token's claims cannot be read")),
        })
    }

    /// Signs in with a verified token of either form, if it is meant for this service.
    ///
    /// Checked here and not when Clerk responds: a cached result is shared by services with different audiences.
    fn verified_machine(&self, text: &str, facts: MachineFacts) -> Outcome {
        if let Some(audience) = facts.audience()
            && let Err(error) = self.config.machine_audience.check(audience)
        {
            return self.reject_token(Some(facts.kind()), &error).with_rejected_audience(audience);
        }
        Outcome::machine_signed_in(MachineAuth::new(text, facts))
    }
}
