//! Passwords: hashed, verified, and locked after too many wrong ones.

use std::{num::NonZeroU32, time::Duration};

use aws_lc_rs::{
    constant_time, digest,
    pbkdf2::{self, Algorithm, PBKDF2_HMAC_SHA1, PBKDF2_HMAC_SHA256, PBKDF2_HMAC_SHA512},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use clerk_core::Timestamp;
use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use http::StatusCode;
use serde::{Deserialize, Serialize};

use super::{State, User, settings::UserLockout};
use crate::{error::ApiError, random};

/// The iterations for new passwords. Fewer than a production system needs: these are passwords of test people, and a test
/// creates many of them.
const ITERATIONS: u32 = 10_000;

/// The most iterations of an imported digest. Verifying more would stop the whole instance for a long time.
const MAX_ITERATIONS: u32 = 2_000_000;

/// How a digest was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Hasher {
    Pbkdf2Sha1,
    Pbkdf2Sha256,
    Pbkdf2Sha256Django,
    Pbkdf2Sha512,
    Pbkdf2Sha512Hex,
    Sha256,
    LdapSsha,
}

impl Hasher {
    fn parse(name: &str) -> Option<Self> {
        serde_json::from_value(name.into()).ok()
    }
}

/// A password's digest, in the format of its hasher.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Password {
    hasher: Hasher,
    digest: String,
}

impl Password {
    /// Hashes a new password.
    pub(crate) fn new(text: &str) -> Self {
        let salt = random::string(22);
        let hash = derive(PBKDF2_HMAC_SHA256, ITERATIONS, salt.as_bytes(), text, 32).unwrap_or_default();
        let digest = format!("pbkdf2_sha256${ITERATIONS}${salt}${}", BASE64_STANDARD.encode(hash));
        Self { hasher: Hasher::Pbkdf2Sha256Django, digest }
    }

    /// Digests a random text, such as a backup code. It needs no slow hash, because it cannot be guessed.
    pub(crate) fn of_random(text: &str) -> Self {
        let hash = digest::digest(&digest::SHA256, text.as_bytes());
        Self { hasher: Hasher::Sha256, digest: HEXLOWER.encode(hash.as_ref()) }
    }

    /// Takes over a backup code of another system: the code itself, or its digest by bcrypt.
    pub(crate) fn of_backup_code(code: &str) -> Self {
        Self::import("bcrypt", code).unwrap_or_else(|_| Self::of_random(code))
    }

    /// Takes over a digest that another system made.
    pub(crate) fn import(hasher: &str, digest: &str) -> Result<Self, ApiError> {
        let hasher = Hasher::parse(hasher)
            .ok_or_else(|| ApiError::bad_format("password_hasher", "a hasher that Clerk supports"))?;
        let password = Self { hasher, digest: digest.to_owned() };
        match password.try_matches("") {
            Some(_) => Ok(password),
            None => Err(ApiError::bad_format("password_digest", "in the format of its password_hasher")),
        }
    }

    /// Returns whether this is the password.
    pub(crate) fn matches(&self, text: &str) -> bool {
        self.try_matches(text).unwrap_or(false)
    }

    /// Like [`matches`](Self::matches); `None` if the digest is malformed.
    fn try_matches(&self, text: &str) -> Option<bool> {
        let hex = |text: &str| HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok();
        let base64 = |text: &str| BASE64_STANDARD.decode(text).ok();
        let raw = |text: &str| Some(text.as_bytes().to_vec());
        match self.hasher {
            Hasher::Pbkdf2Sha1 => self.pbkdf2("pbkdf2_sha1", PBKDF2_HMAC_SHA1, raw, hex, text),
            Hasher::Pbkdf2Sha256 => self.pbkdf2("pbkdf2_sha256", PBKDF2_HMAC_SHA256, base64, base64, text),
            Hasher::Pbkdf2Sha256Django => self.pbkdf2("pbkdf2_sha256", PBKDF2_HMAC_SHA256, raw, base64, text),
            Hasher::Pbkdf2Sha512 => self.pbkdf2("pbkdf2_sha512", PBKDF2_HMAC_SHA512, base64, base64, text),
            Hasher::Pbkdf2Sha512Hex => self.pbkdf2("pbkdf2_sha512", PBKDF2_HMAC_SHA512, hex, hex, text),
            Hasher::Sha256 => {
                let expected = hex(&self.digest).filter(|hash| hash.len() == 32)?;
                Some(same(digest::digest(&digest::SHA256, text.as_bytes()).as_ref(), &expected))
            }
            Hasher::LdapSsha => {
                let salted = base64(self.digest.strip_prefix("{SSHA}")?)?;
                let (expected, salt) = salted.split_at_checked(20)?;
                let salted = [text.as_bytes(), salt].concat();
                Some(same(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, &salted).as_ref(), expected))
            }
        }
    }

    /// Verifies a digest of the form `NAME$ITERATIONS$SALT$HASH`.
    fn pbkdf2(
        &self,
        name: &str,
        algorithm: Algorithm,
        salt: impl Fn(&str) -> Option<Vec<u8>>,
        hash: impl Fn(&str) -> Option<Vec<u8>>,
        text: &str,
    ) -> Option<bool> {
        let mut parts = self.digest.split('$');
        let iterations = parts.next().filter(|first| *first == name).and(parts.next())?.parse().ok()?;
        let (salt, expected) = (salt(parts.next()?)?, hash(parts.next()?)?);
        let is_well_formed = parts.next().is_none() && (1..=128).contains(&expected.len());
        let derived = is_well_formed.then(|| derive(algorithm, iterations, &salt, text, expected.len()));
        Some(same(&derived??, &expected))
    }
}

fn same(one: &[u8], other: &[u8]) -> bool {
    constant_time::verify_slices_are_equal(one, other).is_ok()
}

/// Derives `length` bytes of a password, unless the number of iterations is out of range.
fn derive(algorithm: Algorithm, iterations: u32, salt: &[u8], text: &str, length: usize) -> Option<Vec<u8>> {
    let iterations = NonZeroU32::new(iterations).filter(|iterations| iterations.get() <= MAX_ITERATIONS)?;
    let mut derived = vec![0; length];
    pbkdf2::derive(algorithm, iterations, salt, text.as_bytes(), &mut derived);
    Some(derived)
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
        user.failed_attempts = 0;
        Ok(())
    }
}
