//! For which services a machine token may have been issued.

use crate::token::TokenError;

/// The audiences of this service, one of which a machine token needs. Without any, audiences are not checked.
pub(crate) struct MachineAudience {
    pub(super) accepted: Vec<String>,
    /// Whether tokens that name no audience are accepted.
    pub(super) is_optional: bool,
}

impl MachineAudience {
    /// Checks the audience of a verified machine token.
    ///
    /// Stricter than for session tokens, to which Clerk adds an audience only if it is configured.
    pub(crate) fn check(&self, audience: &[String]) -> Result<(), TokenError> {
        if self.accepted.is_empty() || (audience.is_empty() && self.is_optional) {
            Ok(())
        } else if audience.is_empty() || audience.iter().any(String::is_empty) {
            Err(TokenError::failed("the token has no audience (aud), or a malformed one"))
        } else if audience.iter().any(|one| self.accepted.contains(one)) {
            Ok(())
        } else {
            Err(TokenError::failed("the token is for another audience (aud)"))
        }
    }

    pub(crate) fn accepted(&self) -> &[String] {
        &self.accepted
    }
}
