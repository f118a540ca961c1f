//! Passwords: hashed, verified, and locked after too many wrong ones.

use std::time::Duration;

use clerk_core::Timestamp;
use http::StatusCode;
use serde::{Deserialize, Serialize};

use super::{
    State, User,
    hasher::{self, Hasher},
    settings::UserLockout,
};
use crate::error::ApiError;

/// A password's digest, in the format of its hasher.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Password {
    hasher: Hasher,
    digest: String,
}

impl Password {
    /// Digests a new password.
    pub(crate) fn new(text: &str) -> Self {
        Self { hasher: Hasher::Pbkdf2Sha256Django, digest: hasher::hash(text) }
    }

    /// Digests a random text, such as a backup code. It needs no slow hash, because it cannot be guessed.
    pub(crate) fn of_random(text: &str) -> Self {
        Self { hasher: Hasher::Sha256, digest: hasher::quick_hash(text) }
    }

    /// Takes over a backup code of another system: the code itself, or its digest by bcrypt.
    pub(crate) fn of_backup_code(code: &str) -> Self {
        Self::import("bcrypt", code).unwrap_or_else(|_| Self::of_random(code))
    }

    /// Takes over a digest that another system made.
    pub(crate) fn import(hasher: &str, digest: &str) -> Result<Self, ApiError> {
        let hasher = Hasher::by_name(hasher)
            .ok_or_else(|| ApiError::bad_format("password_hasher", "a hasher that Clerk supports"))?;
        match hasher.verifier(digest) {
            Some(_) => Ok(Self { hasher, digest: digest.to_owned() }),
            None => Err(ApiError::bad_digest()),
        }
    }

    /// Returns whether this is the password.
    pub(crate) fn matches(&self, text: &str) -> bool {
        self.hasher.verifier(&self.digest).is_some_and(|verify| verify(text.as_bytes()))
    }
}

/// Why a credential was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CredentialRefused {
    /// The user has none of this kind.
    Missing,
    Wrong,
    /// Too many attempts failed before, or the user was locked by the application.
    Locked,
    /// The password is known to be compromised, and has to be reset.
    Compromised,
}

impl CredentialRefused {
    /// Returns the error of the Frontend API.
    pub(crate) fn into_error(self) -> ApiError {
        let error = |status, code, message, long| ApiError::new(status, code, message, long);
        match self {
            Self::Missing => error(
                StatusCode::UNPROCESSABLE_ENTITY,
                "strategy_for_user_invalid",
                "is invalid",
                "The verification strategy is not valid for this account",
            ),
            Self::Wrong => ApiError::wrong_password(),
            Self::Locked => error(
                StatusCode::FORBIDDEN,
                "user_locked",
                "Account locked",
                "Your account is locked. Try again later, or ask the application's administrators to unlock it",
            ),
            Self::Compromised => error(
                StatusCode::UNPROCESSABLE_ENTITY,
                "form_password_compromised",
                "Password compromised",
                "Your password may be compromised. Reset it, or sign in with another method",
            ),
        }
    }
}

impl User {
    /// Sets a new password.
    pub(crate) fn set_password(&mut self, password: Password, now: Timestamp) {
        self.password = Some(password);
        self.password_compromised = false;
        self.password_changed_at = Some(now);
    }

    pub(crate) fn is_locked(&self, now: Timestamp) -> bool {
        self.lock.is_some_and(|lock| lock.holds(now))
    }

    /// Returns for how many more seconds the user is locked; `None` if the user is not, or for ever.
    pub(crate) fn locked_for(&self, now: Timestamp) -> Option<i64> {
        let until = self.lock.filter(|lock| lock.holds(now))?.until?;
        Some(until.as_secs().saturating_sub(now.as_secs()))
    }

    /// Locks the user for as long as the settings say.
    pub(crate) fn lock(&mut self, settings: &UserLockout, now: Timestamp) {
        let minutes = u64::from(settings.duration_in_minutes);
        let until = (minutes > 0).then(|| now.saturating_add(Duration::from_secs(minutes * 60)));
        self.lock = Some(Lock { until });
    }

    pub(crate) const fn unlock(&mut self) {
        self.lock = None;
        self.failed_attempts = 0;
    }

    /// Returns how many more attempts may fail before the user is locked; `None` if any number may.
    pub(crate) fn attempts_remaining(&self, settings: &UserLockout, now: Timestamp) -> Option<u32> {
        let failed = if self.lock.is_some_and(|lock| !lock.holds(now)) { 0 } else { self.failed_attempts };
        settings.enabled.then(|| settings.max_attempts.saturating_sub(failed))
    }

    /// Counts a failed attempt of a first or second factor; the last one locks the user.
    fn count_failure(&mut self, settings: &UserLockout, now: Timestamp) {
        if self.lock.is_some_and(|lock| !lock.holds(now)) {
            self.unlock();
        }
        self.failed_attempts = self.failed_attempts.saturating_add(1);
        if settings.enabled && self.failed_attempts >= settings.max_attempts {
            self.lock(settings, now);
        }
    }
}

/// A lock: until then, or until somebody unlocks the user.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lock {
    pub(crate) until: Option<Timestamp>,
}

impl Lock {
    fn holds(self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}

impl State {
    /// Checks a new password against the instance's rules.
    pub(crate) fn check_password_rules(&self, text: &str) -> Result<(), ApiError> {
        let rules = &self.settings.password;
        let length = text.chars().count();
        let has = |is: fn(char) -> bool| text.chars().any(is);
        let refused = |code, lacks: &str| Err(ApiError::weak_password(code, lacks));
        match () {
            () if length < rules.min_length => Err(ApiError::short_password(rules.min_length)),
            () if length > rules.max_length => Err(ApiError::long_password(rules.max_length)),
            () if rules.require_numbers && !has(|it| it.is_ascii_digit()) => {
                refused("form_password_no_number", "a number")
            }
            () if rules.require_uppercase && !has(char::is_uppercase) => {
                refused("form_password_no_uppercase", "an uppercase letter")
            }
            () if rules.require_lowercase && !has(char::is_lowercase) => {
                refused("form_password_no_lowercase", "a lowercase letter")
            }
            () if rules.require_special_char && !has(|it| !it.is_alphanumeric()) => {
                refused("form_password_no_special_char", "a special character")
            }
            () => Ok(()),
        }
    }

    /// Counts a failed attempt of a user's first or second factor; the last one locks the user.
    pub(crate) fn count_failure(&mut self, user: &str, now: Timestamp) {
        if let Ok(user) = self.users.get_mut(user) {
            user.count_failure(&self.settings.user_lockout, now);
        }
    }

    /// Checks a user's password at sign-in. A wrong one counts, and the last one that may be wrong locks the user.
    pub(crate) fn check_password(
        &mut self,
        user: &str,
        text: &str,
        now: Timestamp,
    ) -> Result<(), CredentialRefused> {
        let user = self.users.get_mut(user).map_err(|_| CredentialRefused::Missing)?;
        let password = user.password.as_ref().ok_or(CredentialRefused::Missing)?;
        if user.is_locked(now) {
            return Err(CredentialRefused::Locked);
        }
        if !password.matches(text) {
            user.count_failure(&self.settings.user_lockout, now);
            return Err(CredentialRefused::Wrong);
        }
        if user.password_compromised {
            return Err(CredentialRefused::Compromised);
        }
        if password.hasher.is_weak() {
            user.password = Some(Password::new(text));
        }
        user.failed_attempts = 0;
        Ok(())
    }
}
