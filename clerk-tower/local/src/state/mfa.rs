//! Second factors: codes of an authenticator app (TOTP, RFC 6238), and backup codes.

use aws_lc_rs::{constant_time, hmac, rand};
use clerk_core::Timestamp;
use data_encoding::BASE32_NOPAD;
use serde::{Deserialize, Serialize};

use super::{CredentialRefused, Password, State, User};
use crate::{error::ApiError, random};

/// How long one code is valid, in seconds.
const PERIOD: i64 = 30;

/// How many backup codes a user gets.
const BACKUP_CODES: usize = 10;

/// The secret of an authenticator app.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Totp {
    /// In base32, as authenticator apps show it.
    pub(crate) secret: String,
    /// Whether the user has shown that the app works.
    pub(crate) verified: bool,
    /// The time step of the last code, which is not accepted again.
    last_step: i64,
}

impl Totp {
    /// Creates a new secret, which the user still has to verify with a code.
    pub(crate) fn generate() -> Self {
        let mut secret = [0; 20];
        random::until_ok(|| rand::fill(&mut secret));
        Self { secret: BASE32_NOPAD.encode(&secret), verified: false, last_step: 0 }
    }

    /// Takes over the secret of another system.
    pub(crate) fn import(secret: &str) -> Result<Self, ApiError> {
        let secret = secret.trim_end_matches('=').to_uppercase();
        match BASE32_NOPAD.decode(secret.as_bytes()) {
            Ok(bytes) if !bytes.is_empty() => Ok(Self { secret, verified: true, last_step: 0 }),
            _ => Err(ApiError::bad_format("totp_secret", "a secret in base32")),
        }
    }

    /// Returns the address that a QR code for the authenticator app contains.
    pub(crate) fn uri(&self, issuer: &str, account: &str) -> String {
        let mut uri = url::form_urlencoded::Serializer::new(String::new());
        uri.append_pair("secret", &self.secret).append_pair("issuer", issuer);
        let encode = |text: &str| {
            percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
        };
        format!("otpauth://totp/{}:{}?{}", encode(issuer), encode(account), uri.finish())
    }

    /// Returns whether a code is right, now or one step before or after. A code is accepted once. `now` is the time of the
    /// clock, as the app has it.
    pub(crate) fn accept(&mut self, code: &str, now: Timestamp) -> bool {
        let step = now.as_secs() / PERIOD;
        let steps = [step, step.saturating_sub(1), step.saturating_add(1)];
        let is_right = |step: &i64| {
            let expected = self.code_at(*step).unwrap_or_default();
            constant_time::verify_slices_are_equal(expected.as_bytes(), code.as_bytes()).is_ok()
        };
        let step = steps.into_iter().filter(|step| *step > self.last_step).find(is_right);
        self.last_step = step.unwrap_or(self.last_step);
        step.is_some()
    }

    /// Returns the code of a time step.
    fn code_at(&self, step: i64) -> Option<String> {
        let secret = BASE32_NOPAD.decode(self.secret.as_bytes()).ok()?;
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &secret);
        let tag = hmac::sign(&key, &step.to_be_bytes());
        let offset = usize::from(tag.as_ref().last()? & 0xf);
        let part: [u8; 4] = tag.as_ref().get(offset..offset + 4)?.try_into().ok()?;
        Some(format!("{:06}", (u32::from_be_bytes(part) & 0x7fff_ffff) % 1_000_000))
    }

    /// Returns the current code, as an authenticator app shows it.
    #[cfg(test)]
    pub(crate) fn current_code(&self, now: Timestamp) -> String {
        self.code_at(now.as_secs() / PERIOD).unwrap_or_default()
    }
}

/// Which second factor a code belonged to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SecondFactor {
    Totp,
    BackupCode,
}

impl SecondFactor {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Totp => "totp",
            Self::BackupCode => "backup_code",
        }
    }
}

impl User {
    /// Returns whether the user has an authenticator app that works.
    pub(crate) fn has_totp(&self) -> bool {
        self.totp.as_ref().is_some_and(|totp| totp.verified)
    }

    /// Replaces the backup codes, and returns the new ones. Only their digests are stored.
    pub(crate) fn new_backup_codes(&mut self) -> Vec<String> {
        let codes: Vec<_> = (0..BACKUP_CODES).map(|_| random::string(8)).collect();
        self.backup_codes = codes.iter().map(|code| Password::of_random(code)).collect();
        codes
    }

    /// Uses up a backup code, if it is one.
    fn use_backup_code(&mut self, code: &str) -> bool {
        let found = self.backup_codes.iter().position(|one| one.matches(code));
        if let Some(at) = found {
            self.backup_codes.remove(at);
        }
        found.is_some()
    }

    /// Checks the code of an authenticator app, or a backup code, which it uses up.
    pub(crate) fn use_second_factor(&mut self, code: &str, now: Timestamp) -> Option<SecondFactor> {
        if self.totp.as_mut().filter(|totp| totp.verified).is_some_and(|totp| totp.accept(code, now)) {
            return Some(SecondFactor::Totp);
        }
        self.use_backup_code(code).then_some(SecondFactor::BackupCode)
    }

    /// Removes the authenticator app. Without another second factor, backup codes are useless and go, too.
    pub(crate) fn remove_totp(&mut self, now: Timestamp) {
        let before = self.has_second_factor();
        self.totp = None;
        self.note_second_factor(before, now);
    }

    /// Removes all second factors.
    pub(crate) fn remove_second_factors(&mut self, now: Timestamp) {
        let before = self.has_second_factor();
        self.totp = None;
        self.backup_codes.clear();
        for phone in &mut self.phones {
            phone.second_factor = false;
        }
        self.note_second_factor(before, now);
    }
}

impl State {
    /// Checks a code of a user's authenticator app at sign-in. A wrong one counts towards the lockout.
    pub(crate) fn check_totp(
        &mut self,
        user: &str,
        code: &str,
        now: Timestamp,
    ) -> Result<(), CredentialRefused> {
        let clock_time = self.clock_time(now);
        self.check_second_factor(user, now, |user| {
            let totp = user.totp.as_mut().filter(|totp| totp.verified)?;
            Some(totp.accept(code, clock_time))
        })
    }

    /// Checks a user's backup code at sign-in, and uses it up. A wrong one counts towards the lockout.
    pub(crate) fn check_backup_code(
        &mut self,
        user: &str,
        code: &str,
        now: Timestamp,
    ) -> Result<(), CredentialRefused> {
        self.check_second_factor(user, now, |user| {
            (!user.backup_codes.is_empty()).then(|| user.use_backup_code(code))
        })
    }

    fn check_second_factor(
        &mut self,
        id: &str,
        now: Timestamp,
        check: impl FnOnce(&mut User) -> Option<bool>,
    ) -> Result<(), CredentialRefused> {
        let user = self.users.get_mut(id).map_err(|_| CredentialRefused::Missing)?;
        if user.is_locked(now) {
            return Err(CredentialRefused::Locked);
        }
        if check(user).ok_or(CredentialRefused::Missing)? {
            return Ok(());
        }
        self.count_failure(id, now);
        Err(CredentialRefused::Wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The secret of RFC 6238's test vectors, `12345678901234567890`.
    const SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

    #[test]
    fn codes_are_those_of_rfc_6238() {
        for (time, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            let mut totp = Totp::import(SECRET).unwrap();
            let now = Timestamp::from_secs(time);
            assert_eq!(totp.current_code(now), code);
            assert!(totp.accept(code, now) && !totp.accept(code, now), "once");
        }
    }

    #[test]
    fn a_clock_may_be_half_a_minute_off() {
        let code = Totp::import(SECRET).unwrap().current_code(Timestamp::from_secs(3_000));
        for (time, expected) in [(2_969, false), (2_970, true), (3_029, true), (3_059, true), (3_060, false)]
        {
            let mut totp = Totp::import(SECRET).unwrap();
            assert_eq!(totp.accept(&code, Timestamp::from_secs(time)), expected, "{time}");
        }
    }

    #[test]
    fn secrets_are_base32() {
        assert!(Totp::import("gezdgnbvgy3tqojq====").is_ok());
        for bad in ["", "1", "not base32"] {
            assert!(Totp::import(bad).is_err(), "{bad}");
        }
        let uri = Totp::import(SECRET).unwrap().uri("My app", "ada@example.com");
        assert!(uri.starts_with("otpauth://totp/My%20app:ada%40example%2Ecom?secret=GEZDG"), "{uri}");
    }
}
