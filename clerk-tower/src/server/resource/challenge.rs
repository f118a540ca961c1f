//! The challenges of a protected resource: RFC 6750, section 3, with the parameter of RFC 9728, section 5.1.

use std::sync::Arc;

use clerk_core::authenticate::{MachineAuth, Outcome};
use http::{HeaderMap, HeaderValue, StatusCode, header, response::Parts};

use crate::server::rejection::{LONGEST_SCOPES, Rejection, valid_scopes};

/// What the challenges of one resource have in common.
#[derive(Debug)]
pub(super) struct Challenges {
    /// The parameter that names the metadata document.
    metadata: String,
}

/// What is known of a request whose response may have to be a challenge.
pub(super) struct Caller {
    token: Option<Arc<MachineAuth>>,
    /// What is wrong with the token, for developers.
    problem: Problem,
}

/// What is wrong with a token.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Problem {
    /// There is none.
    NoToken,
    NoAudience,
    OtherAudience,
    Other,
}

impl Caller {
    pub(super) fn of(outcome: &Outcome) -> Self {
        let problem = match outcome.rejected_audience() {
            Some([]) => Problem::NoAudience,
            Some(_) => Problem::OtherAudience,
            None if outcome.is_anonymous() => Problem::NoToken,
            None => Problem::Other,
        };
        Self { token: outcome.machine().cloned(), problem }
    }
}

impl Challenges {
    pub(super) fn new(metadata_url: &str) -> Self {
        Self { metadata: format!("resource_metadata=\"{metadata_url}\"") }
    }

    /// Replaces the challenge of a response with 401 or 403, or adds one.
    ///
    /// A 403 gets one only if other scopes would help: clients ask the user for consent again because of it.
    pub(super) fn write(&self, caller: &Caller, response: &mut Parts) {
        let challenge = match response.status {
            StatusCode::UNAUTHORIZED => Some(self.unauthorized(caller)),
            StatusCode::FORBIDDEN => match response.extensions.get::<Rejection>() {
                Some(rejection) => self.forbidden(caller, rejection),
                // A response of the application's own, which knows best.
                None => return,
            },
            _ => return,
        };
        let headers = &mut response.headers;
        let others = without_bearer(headers);
        headers.remove(header::WWW_AUTHENTICATE);
        if let Some(challenge) = challenge.and_then(|challenge| HeaderValue::try_from(challenge).ok()) {
            // Before the others: MCP clients look only at the start of the header.
            headers.append(header::WWW_AUTHENTICATE, challenge);
            // For clients in browsers: otherwise their scripts do not see the challenge.
            headers
                .append(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("WWW-Authenticate"));
        }
        for other in others {
            headers.append(header::WWW_AUTHENTICATE, other);
        }
    }

    fn unauthorized(&self, caller: &Caller) -> String {
        let description = match caller.problem {
            Problem::NoToken => return format!("Bearer {}", self.metadata),
            Problem::NoAudience => "The token was issued for no resource in particular",
            Problem::OtherAudience => "The token was issued for another resource",
            Problem::Other => {
                "The token is not an access token for this resource, has expired, or was revoked"
            }
        };
        format!("Bearer error=\"invalid_token\", error_description=\"{description}\", {}", self.metadata)
    }

    fn forbidden(&self, caller: &Caller, rejection: &Rejection) -> Option<String> {
        let missing = rejection.missing_scopes();
        let missing = valid_scopes(missing.iter().map(AsRef::as_ref));
        if missing.is_empty() {
            return None;
        }
        // The new token replaces the old one, so what was granted before is asked for again.
        let granted = caller.token.as_ref().map_or(&[][..], |token| token.scopes());
        let granted = valid_scopes(granted.iter().map(String::as_str));
        let scopes = match granted.is_empty() || granted.len() + missing.len() >= LONGEST_SCOPES {
            true => missing,
            false => format!("{granted} {missing}"),
        };
        Some(format!("Bearer error=\"insufficient_scope\", scope=\"{scopes}\", {}", self.metadata))
    }
}

/// Returns the challenges of other schemes than `Bearer`. Ours replaces those of that scheme.
fn without_bearer(headers: &HeaderMap) -> Vec<HeaderValue> {
    let challenges = headers.get_all(header::WWW_AUTHENTICATE).iter();
    challenges.filter(|challenge| !is_bearer(challenge.as_bytes())).cloned().collect()
}

fn is_bearer(challenge: &[u8]) -> bool {
    let (scheme, rest) = challenge.split_at_checked(6).unwrap_or_default();
    scheme.eq_ignore_ascii_case(b"Bearer") && rest.first().is_none_or(|byte| *byte == b' ')
}
