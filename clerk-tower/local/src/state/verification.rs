//! One-time codes that prove that somebody reads an email address or a phone number.

use std::time::Duration;

use aws_lc_rs::constant_time;
use clerk_core::Timestamp;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    ContactKind, State,
    outbox::{Message, Purpose},
};
use crate::{error::ApiError, random, table::Row};

/// How long a code is accepted.
const LIFETIME: Duration = Duration::from_secs(600);

/// How often a wrong code may be entered; then the verification has failed.
const MAX_ATTEMPTS: u32 = 3;

/// How many verifications are remembered. Beyond that, the oldest ones are forgotten.
const MAX_VERIFICATIONS: usize = 10_000;

/// The code for Clerk's test addresses and numbers.
const TEST_CODE: &str = "424242";

/// What a code is for, and how it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CodeStrategy {
    Email,
    Phone,
    ResetPasswordEmail,
    ResetPasswordPhone,
    /// To an address at an organization's domain.
    Affiliation,
}

impl CodeStrategy {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email_code",
            Self::Phone => "phone_code",
            Self::ResetPasswordEmail => "reset_password_email_code",
            Self::ResetPasswordPhone => "reset_password_phone_code",
            Self::Affiliation => "affiliation_email_code",
        }
    }

    pub(crate) const fn contact_kind(self) -> ContactKind {
        match self {
            Self::Email | Self::ResetPasswordEmail | Self::Affiliation => ContactKind::Email,
            Self::Phone | Self::ResetPasswordPhone => ContactKind::Phone,
        }
    }

    const fn purpose(self) -> Purpose {
        match self {
            Self::Email | Self::Phone => Purpose::VerificationCode,
            Self::ResetPasswordEmail | Self::ResetPasswordPhone => Purpose::ResetPasswordCode,
            Self::Affiliation => Purpose::OrganizationDomainVerification,
        }
    }
}

/// A code that was sent.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Verification {
    pub(crate) id: String,
    /// What the code belongs to: the identifier of a contact, of a sign-in or of a sign-up.
    pub(crate) subject: String,
    pub(crate) strategy: CodeStrategy,
    code: String,
    pub(crate) attempts: u32,
    pub(crate) verified_at: Option<Timestamp>,
    pub(crate) expire_at: Timestamp,
}

impl Row for Verification {
    const NAME: &'static str = "verification";

    fn id(&self) -> &str {
        &self.id
    }
}

impl Verification {
    /// Returns `unverified`, `verified`, `failed` or `expired`.
    pub(crate) fn status(&self, now: Timestamp) -> &'static str {
        match self.verified_at {
            Some(_) => "verified",
            None if self.attempts >= MAX_ATTEMPTS => "failed",
            None if now >= self.expire_at => "expired",
            None => "unverified",
        }
    }

    pub(crate) fn render(&self, now: Timestamp) -> Value {
        json!({
            "object": "verification_otp",
            "status": self.status(now),
            "strategy": self.strategy.as_str(),
            "attempts": self.attempts,
            "expire_at": self.expire_at,
        })
    }
}

/// Returns whether Clerk sends nothing to a contact, and accepts the code `424242`.
pub(crate) fn is_test_contact(value: &str) -> bool {
    let email = value.rsplit_once('@').is_some_and(|(local, _)| {
        local.rsplit_once('+').is_some_and(|(_, label)| label.to_ascii_lowercase().contains("clerk_test"))
    });
    // +1 XXX 555 0100 to +1 XXX 555 0199
    let phone = value.strip_prefix("+1").filter(|digits| digits.len() == 10);
    let phone = phone.and_then(|digits| digits.get(3..8));
    email || phone == Some("55501")
}

impl State {
    /// Sends a code to an email address or a phone number. `subject` is what the code belongs to: the identifier of a
    /// contact, of a sign-in or of a sign-up. An earlier code for it is still accepted.
    pub(crate) fn send_code(
        &mut self,
        strategy: CodeStrategy,
        subject: &str,
        to: &str,
        now: Timestamp,
    ) -> Verification {
        let is_test = self.settings.test_mode && is_test_contact(to);
        let code = if is_test { TEST_CODE.to_owned() } else { random::digits(6) };
        if !is_test {
            self.send(Message::code(strategy.contact_kind(), strategy.purpose(), to, &code, now));
        }
        let verification = Verification {
            id: random::id("ver_"),
            subject: subject.to_owned(),
            strategy,
            code,
            attempts: 0,
            verified_at: None,
            expire_at: now.saturating_add(LIFETIME),
        };
        self.verifications.insert(verification.clone());
        self.verifications.keep_newest(MAX_VERIFICATIONS);
        verification
    }

    /// Checks a code. Whether it was right is the [`status`](Verification::status) of what is returned. A verification
    /// that succeeded before is rejected.
    pub(crate) fn attempt_code(
        &mut self,
        verification: &str,
        code: &str,
        now: Timestamp,
    ) -> Result<&Verification, ApiError> {
        let verification = self.verifications.get_mut(verification)?;
        match verification.status(now) {
            "verified" => {
                return Err(ApiError::new(
                    StatusCode::BAD_REQUEST,
                    "verification_already_verified",
                    "already verified",
                    "This verification has already been verified",
                ));
            }
            "unverified" => {
                let is_right =
                    constant_time::verify_slices_are_equal(verification.code.as_bytes(), code.as_bytes());
                match is_right {
                    Ok(()) => verification.verified_at = Some(now),
                    Err(_) => verification.attempts = verification.attempts.saturating_add(1),
                }
            }
            _ => {}
        }
        Ok(verification)
    }

    /// Returns the code that was last sent for a contact, a sign-in or a sign-up.
    pub(crate) fn latest_verification(&self, subject: &str) -> Option<&Verification> {
        self.verifications.iter().rfind(|verification| verification.subject == subject)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_contacts_are_recognized() {
        for (value, expected) in [
            ("ada+clerk_test@example.com", true),
            ("ada+x+clerk_test1@example.com", true),
            ("ada@example.com", false),
            ("clerk_test@example.com", false),
            ("ada@clerk+clerk_test.com", false),
            ("+12015550100", true),
            ("+12015550199", true),
            ("+12015550200", false),
            ("+22015550100", false),
            ("+120155501000", false),
            ("", false),
        ] {
            assert_eq!(is_test_contact(value), expected, "{value}");
        }
    }
}
