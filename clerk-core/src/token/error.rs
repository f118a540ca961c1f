//! Errors of decoding and verifying tokens.

use serde::de::DeserializeOwned;

use crate::{Reason, decode::describe_data};

/// Error when a token is rejected: the rule that it breaks. Contains nothing of the token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TokenError {
    reason: Reason,
    // Static, so that it cannot contain anything of a token.
    message: &'static str,
}

impl TokenError {
    pub(crate) const fn new(reason: Reason, message: &'static str) -> Self {
        Self { reason, message }
    }

    pub(crate) const fn invalid(message: &'static str) -> Self {
        Self::new(Reason::TokenInvalid, message)
    }

    pub(crate) const fn failed(message: &'static str) -> Self {
        Self::new(Reason::TokenVerificationFailed, message)
    }

    pub(crate) const fn mismatch() -> Self {
        Self::new(Reason::TokenTypeMismatch, "this kind of token is not accepted here")
    }

    /// Returns the stable code of the rule that the token breaks.
    #[must_use]
    pub const fn reason(&self) -> &Reason {
        &self.reason
    }

    pub(crate) const fn message(&self) -> &'static str {
        self.message
    }
}

/// Error when claims do not match a type: the path and what was expected. Contains no values.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("claims{}{path}: {problem}", if path.is_empty() { "" } else { " at " })]
#[non_exhaustive]
pub struct ClaimsError {
    /// The path to the claim, for example `metadata.plan`; empty for the claims as a whole. Characters that do not
    /// occur in identifiers are replaced with question marks.
    pub path: String,
    problem: String,
}

const fn is_plain(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '.' | '_' | '-' | '[' | ']' | ':' | '/' | '?')
}

impl ClaimsError {
    /// Deserializes the claims again to find the path of the error.
    pub(super) fn locate<T: DeserializeOwned>(json: &str) -> Self {
        let reader = &mut serde_json::Deserializer::from_str(json);
        let (path, problem) = match serde_path_to_error::deserialize::<_, T>(reader) {
            Err(error) => {
                let path = error.path().to_string();
                // Users can often choose names in their metadata, and an application may render the message in an HTML
                // page: without this, a name such as `<script>` would be an injection.
                let path = path.replace(|letter: char| !is_plain(letter), "?");
                let path = if path == "." { "" } else { &path };
                describe_data(path, &error.inner().to_string())
            }
            Ok(_) => (String::new(), "they cannot be deserialized".to_owned()),
        };
        Self { path, problem }
    }
}
