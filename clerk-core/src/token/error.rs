//! Why a token is refused.

use serde::de::DeserializeOwned;

use crate::{Reason, decode::describe_data};

/// Why a token is refused. Says which rule it breaks; never repeats anything of the token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TokenError {
    reason: Reason,
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

    /// The stable code of the broken rule.
    #[must_use]
    pub const fn reason(&self) -> &Reason {
        &self.reason
    }

    pub(crate) const fn message(&self) -> &'static str {
        self.message
    }
}

/// Claims do not have the shape of a type. Says where and what was expected, and repeats no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the claims do not fit{}{path}: {problem}", if path.is_empty() { "" } else { " at " })]
#[non_exhaustive]
pub struct ClaimsError {
    /// The path to the claim, for example `metadata.plan`; empty for the claims as a whole. Letters that no name in a
    /// program has are question marks in it.
    pub path: String,
    problem: String,
}

const fn is_plain(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '.' | '_' | '-' | '[' | ']' | ':' | '/' | '?')
}

impl ClaimsError {
    /// Reads the claims once more to find the fault.
    pub(super) fn locate<T: DeserializeOwned>(json: &str) -> Self {
        let reader = &mut serde_json::Deserializer::from_str(json);
        let (path, problem) = match serde_path_to_error::deserialize::<_, T>(reader) {
            Err(error) => {
                let path = error.path().to_string();
                // The names of claims may be anybody's words, and what says the path may end in a page.
                let path = path.replace(|letter: char| !is_plain(letter), "?");
                let path = if path == "." { "" } else { &path };
                describe_data(path, &error.inner().to_string())
            }
            Ok(_) => (String::new(), "they could not be read".to_owned()),
        };
        Self { path, problem }
    }
}
