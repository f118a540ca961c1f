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

use std::{fmt, net::Ipv4Addr, str::FromStr};

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use http::HeaderValue;
use secrecy::{ExposeSecret, SecretString, zeroize::Zeroizing};

use crate::crypto::{self, HmacKey};

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

/// Describes a mistake at the ends of a value that was copied into a configuration: white space, quotes, or characters
/// that cannot be seen. `None` if there is none.
///
/// The keys of this module are checked for it. Use it for settings of your own that are read the same way.
///
/// ```
/// use clerk_core::keys::copy_mistake;
///
/// assert_eq!(copy_mistake("https://example.com\n"), Some("the value ends with a line break"));
/// assert_eq!(copy_mistake("https://example.com"), None);
/// ```
#[must_use]
pub fn copy_mistake(text: &str) -> Option<&'static str> {
    const QUOTES: [char; 7] = ['"', '\'', '`', '“', '”', '‘', '’'];
    // Zero-width characters of web pages and word processors.
    const INVISIBLE: [char; 5] = ['\u{200b}', '\u{200c}', '\u{200d}', '\u{2060}', '\u{feff}'];
    match text {
        t if t.starts_with('\u{feff}') => Some("the value begins with a byte order mark (U+FEFF)"),
        t if t.contains(INVISIBLE) => Some("the value contains a character that cannot be seen"),
        t if t.ends_with(['\n', '\r']) => Some("the value ends with a line break"),
        t if t.trim() != t => Some("the value has leading or trailing white space"),
        t if t.ends_with("\\n") => {
            Some("the value ends with the two characters \\n, which stand for a line break")
        }
        t if t.starts_with(QUOTES) || t.ends_with(QUOTES) => {
            Some("the value is in quotes, which would be part of it")
        }
        _ => None,
    }
}

/// What people set instead of a key, by its first characters.
const KINDS: [(&str, &str); 21] = [
    ("pk_", "this is a publishable key"),
    ("sk_", "this is a secret key"),
    ("ak_", "this is a machine secret key or an API key"),
    ("whsec_", "this is a webhook signing secret"),
    ("mt_", "this is an M2M token"),
    ("oat_", "this is an OAuth access token"),
    ("eyJ", "this is a JSON Web Token"),
    ("-----BEGIN", "this is a key in PEM format"),
    // `-----BEGIN` in base64.
    ("LS0tLS1CRUdJTi", "this is a PEM file in base64, which must be decoded first"),
    ("{", "this is JSON, or a placeholder that nothing replaced"),
    ("[", "this is JSON"),
    ("$", "this is the name of a variable that nothing replaced"),
    ("<", "this is a placeholder that nothing replaced"),
    ("Bearer ", "this is the value of an Authorization header"),
    ("export ", "the value begins with the name of a variable"),
    ("CLERK_", "the value begins with the name of a variable"),
    ("http://", "this is a URL"),
    ("https://", "this is a URL"),
    ("file:", "this is the path of a file, not its contents"),
    ("/", "this is the path of a file, not its contents"),
    ("./", "this is the path of a file, not its contents"),
];

/// Describes a wrong value without repeating it; `None` if nothing is known about it.
pub(crate) fn describe(text: &str) -> Option<&'static str> {
    if text.is_empty() {
        return Some("the value is empty");
    }
    let kind = || KINDS.iter().find(|(start, _)| text.starts_with(start)).map(|(_, kind)| *kind);
    copy_mistake(text).or_else(kind)
}

fn looks_like(text: &str) -> &'static str {
    describe(text).unwrap_or("the value does not look like a key")
}

/// Returns what is wrong with a value whose beginning is right.
fn mistake_within(text: &str) -> &'static str {
    copy_mistake(text).unwrap_or_else(|| match text {
        // Where it shows a key, Clerk's dashboard hides its end.
        t if t.contains(['•', '…', '*']) => {
            "the value has characters that hide a part of the key: copy it with the button beside it"
        }
        _ => "the value contains white space or unprintable characters",
    })
}

/// Keys are sent in a header, so only visible ASCII characters are allowed. Quotes and asterisks are mistakes.
fn is_key_text(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'*') && copy_mistake(text).is_none()
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
///
/// ```
/// use clerk_core::keys::{InstanceType, SecretKey};
///
/// let key: SecretKey = "sk_test_abcdefghijklmnop".parse()?;
/// assert_eq!(key.instance_type(), InstanceType::Development);
/// assert_eq!(format!("{key:?}"), "SecretKey(sk_test_…)");
/// # Ok::<(), clerk_core::keys::KeyError>(())
/// ```
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
            Some(_) => Err(KeyError::new(mistake_within(text), EXPECTED)),
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
            Some(_) => Err(KeyError::new(mistake_within(text), EXPECTED)),
            None => Err(KeyError::new(looks_like(text), EXPECTED)),
        }
    }
}

/// The signing secret of a webhook endpoint, `whsec_…`.
#[derive(Clone)]
pub struct WebhookSecret(HmacKey);

impl WebhookSecret {
    pub(crate) fn key(&self) -> &HmacKey {
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
        HmacKey::new(&key).map(Self).ok_or_else(|| KeyError::new("the value is not a key", EXPECTED))
    }
}

fn looks_like_no_secret(text: &str) -> &'static str {
    let secret = text.strip_prefix("whsec_").filter(|_| copy_mistake(text).is_none());
    match secret {
        None => looks_like(text),
        Some(rest) if rest.contains([',', ';', ' ', '\n']) => {
            "the value contains several secrets, or white space"
        }
        Some(_) => "the part after whsec_ is not valid base64, so it may be truncated",
    }
}

/// The publishable key of an instance, `pk_test_…` or `pk_live_…`.
///
/// It is public, and encodes the host of the instance's Frontend API.
///
/// ```
/// use clerk_core::keys::PublishableKey;
///
/// let key: PublishableKey = "pk_live_Y2xlcmsuZXhhbXBsZS5jb20k".parse()?;
/// assert_eq!(key.frontend_api_url(), "https://clerk.example.com");
/// # Ok::<(), clerk_core::keys::KeyError>(())
/// ```
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

    /// Returns the URL of the instance's Frontend API, such as `https://clerk.example.com`, which is also the issuer
    /// (`iss`) of its tokens. It is `http` if the key is that of a development instance and names a loopback address, such
    /// as `127.0.0.1:4010`: a stand-in for Clerk on this computer has no certificate.
    ///
    /// ```
    /// use clerk_core::keys::PublishableKey;
    ///
    /// let local: PublishableKey = "pk_test_MTI3LjAuMC4xOjQwMTAk".parse().unwrap();
    /// assert_eq!(local.frontend_api_url(), "http://127.0.0.1:4010");
    /// ```
    #[must_use]
    pub fn frontend_api_url(&self) -> String {
        frontend_api_url(&self.frontend_api, self.instance_type)
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
        let mut suffix = BASE64_URL_SAFE_NO_PAD.encode(crypto::sha1(self.text.as_bytes()));
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
            copy_mistake(text).unwrap_or(
                "the part after the prefix does not encode the host of a Frontend API, so it may be truncated",
            ),
            EXPECTED,
        ))?;
        Ok(Self { text: text.to_owned(), frontend_api, instance_type })
    }
}

/// Whether this is a host name (RFC 1123, section 2.1). Underscores are allowed, because some networks use them.
///
/// URL parsers accept more, such as `*.example.com`.
pub(crate) fn is_host_name(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    text.len() <= 253 && text.split('.').all(is_label)
}

/// Returns the URL of a Frontend API.
pub(crate) fn frontend_api_url(host: &str, instance_type: InstanceType) -> String {
    let address = host.split_once(':').map_or(host, |(name, _)| name).parse::<Ipv4Addr>();
    let is_local =
        instance_type == InstanceType::Development && address.is_ok_and(|address| address.is_loopback());
    format!("{}://{host}", if is_local { "http" } else { "https" })
}

fn decode_frontend_api(encoded: &str) -> Option<String> {
    let host = String::from_utf8(ATOB.decode(encoded).ok()?).ok()?;
    let host = host.strip_suffix('$')?;
    // The host is used in URLs and headers, so only a host name and a port are allowed.
    let (name, port) = host.split_once(':').map_or((host, None), |(name, port)| (name, Some(port)));
    let is_port = |port: &str| port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok();
    (name.contains('.') && is_host_name(name) && port.is_none_or(is_port)).then(|| host.to_owned())
}

impl fmt::Debug for PublishableKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PublishableKey").field(&self.text).finish()
    }
}

/// Lets functions take a key as `impl TryInto<Key>`: parsed, borrowed, or as a string.
macro_rules! convertible {
    ($($name:ident)*) => {$(
        /// Parses the key.
        impl TryFrom<&str> for $name {
            type Error = KeyError;

            fn try_from(text: &str) -> Result<Self, KeyError> {
                text.parse()
            }
        }

        /// Parses the key.
        impl TryFrom<String> for $name {
            type Error = KeyError;

            fn try_from(text: String) -> Result<Self, KeyError> {
                text.parse()
            }
        }

        /// Parses the key.
        impl TryFrom<&String> for $name {
            type Error = KeyError;

            fn try_from(text: &String) -> Result<Self, KeyError> {
                text.parse()
            }
        }

        /// Clones the key.
        impl From<&$name> for $name {
            fn from(key: &$name) -> Self {
                key.clone()
            }
        }
    )*};
}

convertible!(SecretKey MachineSecretKey WebhookSecret PublishableKey);

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
            (".example.com", false),
            ("clerk..example.com", false),
            ("clerk.example.com.", false),
            ("-clerk.example.com", false),
            ("*.example.com", false),
            ("clerk.example.com/x", false),
            ("user@clerk.example.com", false),
        ] {
            let key = format!("pk_test_{}", ATOB.encode(format!("{host}$")));
            assert_eq!(key.parse::<PublishableKey>().is_ok(), good, "{host}");
        }
    }

    #[test]
    fn plain_http_is_for_loopback_addresses_of_development_instances() {
        for (prefix, host, expected) in [
            ("pk_test_", "clerk.example.com", "https://clerk.example.com"),
            ("pk_test_", "127.0.0.1:4010", "http://127.0.0.1:4010"),
            ("pk_test_", "127.8.9.1", "http://127.8.9.1"),
            ("pk_test_", "127.0.0.1.example.com", "https://127.0.0.1.example.com"),
            ("pk_test_", "192.168.1.5:4010", "https://192.168.1.5:4010"),
            ("pk_live_", "127.0.0.1:4010", "https://127.0.0.1:4010"),
        ] {
            let key: PublishableKey = format!("{prefix}{}", ATOB.encode(format!("{host}$"))).parse().unwrap();
            assert_eq!(key.frontend_api_url(), expected);
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
            ("sk_test_verysecret\n", "ends with a line break"),
            (" sk_test_verysecret", "white space"),
            ("sk_test_very secret", "white space"),
            ("sk_test_verysecret\"", "quotes"),
            ("sk_test_••••••••", "hide a part of the key"),
            ("sk_live_very…", "hide a part of the key"),
            ("$CLERK_SECRET_KEY", "nothing replaced"),
            ("${verysecret}", "nothing replaced"),
            ("CLERK_SECRET_KEY=sk_test_verysecret", "name of a variable"),
            ("Bearer sk_test_verysecret", "Authorization header"),
            ("verysecret", "does not look like a key"),
        ] {
            let error = text.parse::<SecretKey>().unwrap_err().to_string();
            assert!(error.contains(says), "{text:?}: {error}");
            assert!(!error.contains("verysecret"), "{error}");
        }
    }

    /// Parses a string as each kind of key, and returns the errors.
    fn errors(text: &str) -> [(&'static str, Option<KeyError>); 4] {
        [
            ("secret", text.parse::<SecretKey>().err()),
            ("machine", text.parse::<MachineSecretKey>().err()),
            ("webhook", text.parse::<WebhookSecret>().err()),
            ("publishable", text.parse::<PublishableKey>().err()),
        ]
    }

    const GOOD: [(&str, &str); 4] = [
        ("secret", "sk_test_verysecret"),
        ("machine", "ak_verysecret"),
        ("webhook", "whsec_dmVyeXNlY3JldA=="),
        ("publishable", "pk_live_Y2xlcmsuZXhhbXBsZS5jb20k"),
    ];

    #[test]
    fn mistakes_of_copying_are_named_for_every_kind_of_key() {
        for (kind, good) in GOOD {
            for (text, says) in [
                (format!("{good}\n"), "ends with a line break"),
                (format!("{good}\r\n"), "ends with a line break"),
                (format!("{good} "), "white space"),
                (format!("\t{good}"), "white space"),
                (format!("\u{a0}{good}"), "white space"),
                (format!("\u{feff}{good}"), "byte order mark"),
                (format!("{good}\u{200b}"), "cannot be seen"),
                (format!("{good}\\n"), "two characters \\n"),
                (format!("\"{good}\""), "in quotes"),
                (format!("'{good}'"), "in quotes"),
                (format!("“{good}”"), "in quotes"),
                (format!("{good}'"), "in quotes"),
                (format!("CLERK_KEY={good}"), "name of a variable"),
                (format!("export CLERK_KEY={good}"), "name of a variable"),
            ] {
                let [error] = errors(&text)
                    .into_iter()
                    .filter(|(of, _)| *of == kind)
                    .collect::<Vec<_>>()
                    .try_into()
                    .unwrap();
                let error = error.1.unwrap_or_else(|| panic!("{text:?} is accepted")).to_string();
                assert!(error.contains(says) && error.contains("; expected a"), "{text:?}: {error}");
                assert!(
                    !["verysecret", "dmVyeXN", "Y2xlcms"].iter().any(|part| error.contains(part)),
                    "{error}"
                );
            }
        }
    }

    #[test]
    fn a_key_of_another_kind_is_named() {
        let also = [
            ("a JSON Web Key Set", r#"{"keys": []}"#, "this is JSON"),
            ("a public key", "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----", "PEM"),
            ("a session token", "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ1In0.c2ln", "JSON Web Token"),
            ("a file", "/run/secrets/clerk.key", "path of a file"),
            ("an address", "https://clerk.example.com", "URL"),
            ("a placeholder", "<secret key>", "nothing replaced"),
        ];
        let says = ["a secret key", "a machine secret key", "a webhook signing secret", "a publishable key"];
        let kinds = GOOD.iter().zip(says).map(|((kind, good), says)| (*kind, *good, says));
        for (is, text, says) in kinds.chain(also) {
            for (wanted, error) in errors(text) {
                match error {
                    None => assert_eq!(wanted, is, "{text} is accepted"),
                    Some(error) => assert!(error.to_string().contains(says), "{text} as {wanted}: {error}"),
                }
            }
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
