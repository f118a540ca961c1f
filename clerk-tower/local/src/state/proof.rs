//! What somebody proves in a sign-in, a sign-up or a reverification.

use std::time::Duration;

use clerk_core::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::State;
use crate::random;

/// How long a link and a visit to a social provider may take.
const LIFETIME: Duration = Duration::from_secs(600);

/// A strategy, and how far it has got.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Proof {
    /// The name of the strategy: `password`, `email_code`, `oauth_google`.
    pub(crate) strategy: String,
    pub(crate) progress: Progress,
}

/// How far a strategy has got.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Progress {
    Verified,
    /// A code was sent. These are the identifiers of its verification, and of the user's contact that it was sent to.
    Code {
        sent: String,
        contact: Option<String>,
    },
    /// An email with a link was sent.
    Link(Link),
    /// The browser visits a social provider.
    Social(Social),
}

/// A link in an email.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Link {
    /// What the link contains.
    pub(crate) token: String,
    /// Where it leads in the end.
    pub(crate) redirect_url: String,
    pub(crate) is_opened: bool,
    expire_at: Timestamp,
}

impl Link {
    pub(crate) fn new(redirect_url: String, now: Timestamp) -> Self {
        Self {
            token: random::string(43),
            redirect_url,
            is_opened: false,
            expire_at: now.saturating_add(LIFETIME),
        }
    }

    pub(crate) fn is_expired(&self, now: Timestamp) -> bool {
        now >= self.expire_at
    }
}

/// A visit to a social provider.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Social {
    /// What identifies the visit.
    pub(crate) state: String,
    /// Where the browser returns if something is still missing.
    pub(crate) redirect_url: String,
    /// Where the browser returns if nothing is missing.
    pub(crate) complete_url: String,
    /// The code of the error with which the visit ended, if it did not succeed.
    pub(crate) error: Option<String>,
    pub(crate) expire_at: Timestamp,
}

impl Social {
    pub(crate) fn new(redirect_url: String, complete_url: String, now: Timestamp) -> Self {
        Self {
            state: random::string(43),
            redirect_url,
            complete_url,
            error: None,
            expire_at: now.saturating_add(LIFETIME),
        }
    }

    /// Returns whether a sign-in can go on as a sign-up, or the other way round.
    pub(crate) fn is_transferable(&self) -> bool {
        matches!(self.error.as_deref(), Some("external_account_not_found" | "external_account_exists"))
    }
}

impl Proof {
    pub(crate) fn new(strategy: &str, progress: Progress) -> Self {
        Self { strategy: strategy.to_owned(), progress }
    }

    pub(crate) fn verified(strategy: &str) -> Self {
        Self::new(strategy, Progress::Verified)
    }
}

impl State {
    /// Returns whether something is proven.
    pub(crate) fn is_proven(&self, proof: &Proof) -> bool {
        match &proof.progress {
            Progress::Verified => true,
            Progress::Code { sent, .. } => {
                self.verifications.get(sent).is_ok_and(|sent| sent.verified_at.is_some())
            }
            Progress::Link(link) => link.is_opened,
            Progress::Social(_) => false,
        }
    }

    /// Returns a proof as the Frontend API shows it. `base` is the URL of the server.
    pub(crate) fn render_proof(&self, proof: &Proof, base: &str) -> Value {
        let strategy = &*proof.strategy;
        match &proof.progress {
            Progress::Verified => json!({
                "object": format!("verification_{}", kind(strategy)),
                "status": "verified",
                "strategy": strategy,
                "attempts": null,
                "expire_at": (kind(strategy) == "oauth").then_some(self.now),
            }),
            Progress::Code { sent, .. } => {
                self.verifications.get(sent).map_or(Value::Null, |sent| sent.render(self.now))
            }
            Progress::Link(link) => json!({
                "object": "verification_email_link",
                "status": match () {
                    () if link.is_opened => "verified",
                    () if link.is_expired(self.now) => "expired",
                    () => "unverified",
                },
                "strategy": strategy,
                "attempts": null,
                "expire_at": link.expire_at,
                "verified_at_client": "",
            }),
            Progress::Social(social) => {
                let provider = strategy.strip_prefix("oauth_").unwrap_or(strategy);
                let error = social.error.as_ref().map(|code| {
                    let message = match &**code {
                        "external_account_not_found" => "The external account was not found",
                        "external_account_exists" => "This external account already exists",
                        _ => "The social provider denied access",
                    };
                    json!({ "code": code, "message": message, "long_message": message })
                });
                json!({
                    "object": "verification_oauth",
                    "status": match () {
                        () if social.is_transferable() => "transferable",
                        () if social.error.is_some() => "failed",
                        () if self.now >= social.expire_at => "expired",
                        () => "unverified",
                    },
                    "strategy": strategy,
                    "external_verification_redirect_url":
                        format!("{base}/social/{provider}?state={}", social.state),
                    "error": error,
                    "attempts": null,
                    "expire_at": social.expire_at,
                })
            }
        }
    }
}

/// Returns what the verification of a strategy is called.
fn kind(strategy: &str) -> &str {
    match strategy {
        "email_code" | "phone_code" | "reset_password_email_code" | "reset_password_phone_code" => "otp",
        strategy if strategy.starts_with("oauth_") => "oauth",
        strategy => strategy,
    }
}
