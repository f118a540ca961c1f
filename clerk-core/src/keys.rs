//! Clerk's keys: validated when parsed, zeroed when dropped, and never printed.
//!
//! ```
//! use clerk_core::keys::{InstanceType, PublishableKey, SecretKey};
//!
//! let secret: SecretKey = "sk_test_abcdefghijklmnop".parse().unwrap();
//! assert_eq!(secret.instance_type(), InstanceType::Development);
//! assert_eq!(format!("{secret:?}"), "SecretKey(sk_test_…)");
//!
//! let publishable: PublishableKey = "pk_live_Y2xlcmsuZXhhbXBsZS5jb20k".parse().unwrap();
//! assert_eq!(publishable.frontend_api(), "clerk.example.com");
//!
//! // The error says what kind of key it is, but does not contain the key.
//! let error = "pk_live_Y2xlcmsuZXhhbXBsZS5jb20k".parse::<SecretKey>().unwrap_err();
//! assert!(error.to_string().contains("publishable key"));
//! ```

use std::{fmt, str::FromStr};

use aws_lc_rs::{digest, hmac};
use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use http::HeaderValue;
use secrecy::{ExposeSecret, SecretString, zeroize::Zeroizing};

/// Error of parsing a key. It says what was found and what was expected, but does not contain the key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}; expected {expected}")]
pub struct KeyError {
    problem: &'static str,
    expected: &'static str,
}

impl KeyError {
    const fn new(problem: &'static str, expected: &'static str) -> Self {
        Self { problem, expected }
    }
}

/// The type of the instance that a key belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum InstanceType {
    /// A development instance, with keys `…_test_…`.
    Development,
    /// A production instance, with keys `…_live_…`.
    Production,
}

/// Describes a wrong value by its first characters.
fn looks_like(text: &str) -> &'static str {
    match text {
        "" => "the value is empty",
        t if t.trim() != t => "the value has leading or trailing white space",
        t if t.starts_with(['"', '\'']) => "the value is in quotes, which would be part of the key",
        t if t.starts_with("pk_") => "this is a publishable key",
        t if t.starts_with("sk_") => "this is a secret key",
        t if t.starts_with("ak_") => "this is a machine secret key or an API key",
        t if t.starts_with("whsec_") => "this is a webhook signing secret",
        _ => "the value does not look like a key",
    }
}

/// Keys are sent in a header, so only visible ASCII characters are allowed.
fn is_key_text(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic())
}

macro_rules! secret {
    ($name:ident, $shown:expr) => {
        impl $name {
            /// Returns the key. Use it only in the `Authorization` header.
            #[must_use]
            pub fn expose(&self) -> &str {
                self.0.expose_secret()
            }

            /// Returns `Bearer <key>` as a header value that is marked as sensitive.
            #[must_use]
            pub fn to_header(&self) -> HeaderValue {
                bearer(self.expose())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let shown: fn(&$name) -> &'static str = $shown;
                write!(f, concat!(stringify!($name), "({}…)"), shown(self))
            }
        }
    };
}

fn bearer(key: &str) -> HeaderValue {
    // Parsing accepts only visible ASCII characters, so this cannot fail.
    let mut value =
        HeaderValue::try_from(format!("Bearer {key}")).unwrap_or_else(|_| HeaderValue::from_static("Bearer"));
    value.set_sensitive(true);
    value
}

/// The secret key of an instance, `sk_test_…` or `sk_live_…`.
#[derive(Clone)]
pub struct SecretKey(SecretString);

secret!(SecretKey, |key| match key.instance_type() {
    InstanceType::Development => "sk_test_",
    InstanceType::Production => "sk_live_",
});

impl SecretKey {
    /// Returns the type of the instance that the key belongs to.
    #[must_use]
    pub fn instance_type(&self) -> InstanceType {
        let key = self.expose();
        if key.starts_with("sk_live_") || key.starts_with("live_") {
            InstanceType::Production
        } else {
            InstanceType::Development
        }
    }
}

impl FromStr for SecretKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        const EXPECTED: &str = "a secret key, which begins with sk_test_ or sk_live_";
        let rest = ["sk_test_", "sk_live_", "test_", "live_"].iter().find_map(|p| text.strip_prefix(p));
        match rest {
            Some("") => Err(KeyError::new("nothing follows the prefix", EXPECTED)),
            Some(_) if is_key_text(text) => Ok(Self(text.into())),
            Some(_) => {
                Err(KeyError::new("the value contains white space or unprintable characters", EXPECTED))
            }
            None if text.starts_with("sk_") => Err(KeyError::new(
                "sk_ is not followed by test_ or live_, so the key may be truncated",
                EXPECTED,
            )),
            None => Err(KeyError::new(looks_like(text), EXPECTED)),
        }
    }
}

/// The secret key of a machine, `ak_…`. It can only be used for the M2M token operations.
#[derive(Clone)]
pub struct MachineSecretKey(SecretString);

secret!(MachineSecretKey, |_| "ak_");

impl FromStr for MachineSecretKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        const EXPECTED: &str = "a machine secret key, which begins with ak_";
        match text.strip_prefix("ak_") {
            Some("") => Err(KeyError::new("nothing follows the prefix", EXPECTED)),
            Some(_) if is_key_text(text) => Ok(Self(text.into())),
            Some(_) => {
                Err(KeyError::new("the value contains white space or unprintable characters", EXPECTED))
            }
            None => Err(KeyError::new(looks_like(text), EXPECTED)),
        }
    }
}

/// The signing secret of a webhook endpoint, `whsec_…`.
#[derive(Clone)]
pub struct WebhookSecret(hmac::Key);

impl WebhookSecret {
    pub(crate) fn key(&self) -> &hmac::Key {
        &self.0
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret(whsec_…)")
    }
}

impl FromStr for WebhookSecret {
    type Err = KeyError;

    /// Parses a secret with or without its prefix. The rest must be standard base64 with padding. An empty
    /// secret is rejected, because anyone could sign with it.
    fn from_str(text: &str) -> Result<Self, KeyError> {
        const EXPECTED: &str = "a webhook signing secret, which begins with whsec_";
        let encoded = text.strip_prefix("whsec_").unwrap_or(text);
        let key = Zeroizing::new(
            BASE64_STANDARD
                .decode(encoded)
                .map_err(|_| KeyError::new(looks_like_no_secret(text), EXPECTED))?,
        );
        if key.is_empty() {
            return Err(KeyError::new("nothing follows the prefix", EXPECTED));
        }
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, &key)))
    }
}

fn looks_like_no_secret(text: &str) -> &'static str {
    if text.starts_with("whsec_") { "the part after whsec_ is not valid base64" } else { looks_like(text) }
}

/// The publishable key of an instance, `pk_test_…` or `pk_live_…`.
///
/// It is public, and encodes the host of the instance's Frontend API.
#[derive(Clone, PartialEq, Eq)]
pub struct PublishableKey {
    text: String,
    frontend_api: String,
    instance_type: InstanceType,
}

impl PublishableKey {
    /// Returns the key as a string.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the host of the instance's Frontend API, such as `clerk.example.com`.
    #[must_use]
    pub fn frontend_api(&self) -> &str {
        &self.frontend_api
    }

    /// Returns the type of the instance that the key belongs to.
    #[must_use]
    pub const fn instance_type(&self) -> InstanceType {
        self.instance_type
    }

    /// Returns the suffix of this instance's cookie names, without the underscore.
    ///
    /// The suffix has eight characters. It distinguishes several applications on the same domain.
    #[must_use]
    pub fn cookie_suffix(&self) -> String {
        let hash = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, self.text.as_bytes());
        let mut suffix = BASE64_URL_SAFE_NO_PAD.encode(hash);
        suffix.truncate(8);
        suffix
    }
}

/// Clerk's JavaScript decodes the key with the browsers' `atob`, for which padding is optional.
const ATOB: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

impl FromStr for PublishableKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        const EXPECTED: &str = "a publishable key, which begins with pk_test_ or pk_live_";
        let (instance_type, rest) = if let Some(rest) = text.strip_prefix("pk_live_") {
            (InstanceType::Production, rest)
        } else if let Some(rest) = text.strip_prefix("pk_test_") {
            (InstanceType::Development, rest)
        } else {
            return Err(KeyError::new(looks_like(text), EXPECTED));
        };
        let frontend_api = decode_frontend_api(rest).ok_or(KeyError::new(
            "the part after the prefix does not encode the host of a Frontend API",
            EXPECTED,
        ))?;
        Ok(Self { text: text.to_owned(), frontend_api, instance_type })
    }
}

fn decode_frontend_api(encoded: &str) -> Option<String> {
    let host = String::from_utf8(ATOB.decode(encoded).ok()?).ok()?;
    let host = host.strip_suffix('$')?;
    // The host is used in URLs and headers, so only letters, digits, dots, hyphens and a port are allowed.
    let (name, port) = host.split_once(':').map_or((host, None), |(name, port)| (name, Some(port)));
    let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'));
    let is_port = |port: &str| port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok();
    (name.contains('.') && plain && port.is_none_or(is_port)).then(|| host.to_owned())
}

impl fmt::Debug for PublishableKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PublishableKey").field(&self.text).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_may_have_one_port() {
        for (host, good) in [
            ("clerk.example.com", true),
            ("clerk.example.com:8080", true),
            ("clerk.example.com:", false),
            ("clerk.example.com::80", false),
            ("clerk.example.com:80:80", false),
            ("clerk.example.com:a", false),
            ("clerk.example.com:+1", false),
            ("clerk.example.com:65536", false),
            ("localhost:a.b", false),
        ] {
            let key = format!("pk_test_{}", ATOB.encode(format!("{host}$")));
            assert_eq!(key.parse::<PublishableKey>().is_ok(), good, "{host}");
        }
    }

    #[test]
    fn cookie_suffixes_match_clerks() {
        for (key, suffix) in [
            ("pk_live_Y2xlcmsuY2xlcmsuZGV2JA", "1Z8AzTQD"),
            ("pk_test_Y2xlcmsuY2xlcmsuZGV2JA", "QvfNY2dr"),
            ("pk_test_Zm9vLWJhci0xMy5jbGVyay5hY2NvdW50cy5kZXYk", "nx2hSE6I"),
            ("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k", "naoXFJnI"),
        ] {
            let key: PublishableKey = key.parse().unwrap();
            assert_eq!(key.cookie_suffix(), suffix, "{key:?}");
        }
    }

    #[test]
    fn publishable_keys_are_checked() {
        let good: PublishableKey = "pk_test_Zm9vLWJhci0xMy5jbGVyay5hY2NvdW50cy5kZXYk".parse().unwrap();
        assert_eq!(good.frontend_api(), "foo-bar-13.clerk.accounts.dev");
        assert_eq!(good.instance_type(), InstanceType::Development);
        for bad in [
            "",
            "pk_test_",
            "pk_live_%%%",
            "pk_other_Y2xlcmsuZXhhbXBsZS5jb20k",
            "pk_live_Y2xlcmsuZXhhbXBsZS5jb20",   // no `$`
            "pk_live_Y2xlcmskJA",                // two `$`, no dot
            "pk_live_Y2xlcmsuZXhhbXBsZS5jb20k_", // four parts
            "sk_test_abc",
        ] {
            assert!(bad.parse::<PublishableKey>().is_err(), "{bad}");
        }
    }

    #[test]
    fn wrong_keys_are_named_without_repeating_them() {
        for (text, says) in [
            ("sk_test", "not followed by test_ or live_"),
            ("sk_abc", "not followed by test_ or live_"),
            ("\"sk_test_abc\"", "quotes"),
            ("", "empty"),
            ("pk_test_verysecret", "publishable key"),
            ("whsec_verysecret", "webhook"),
            ("ak_verysecret", "machine secret key"),
            ("sk_test_", "nothing follows the prefix"),
            ("sk_test_verysecret\n", "white space"),
            (" sk_test_verysecret", "white space"),
            ("verysecret", "does not look like a key"),
        ] {
            let error = text.parse::<SecretKey>().unwrap_err().to_string();
            assert!(error.contains(says), "{text:?}: {error}");
            assert!(!error.contains("verysecret"), "{error}");
        }
    }

    #[test]
    fn secrets_do_not_print() {
        let key: SecretKey = "sk_live_verysecret".parse().unwrap();
        let machine: MachineSecretKey = "ak_verysecret".parse().unwrap();
        let shown = format!("{key:?} {machine:?} {:?} {:?}", key.to_header(), machine.to_header());
        assert!(!shown.contains("verysecret"), "{shown}");
        assert_eq!(key.to_header(), "Bearer sk_live_verysecret");
    }
}
