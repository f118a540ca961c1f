use std::{fmt, time::Duration};

use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::Delivery;
use crate::{Timestamp, crypto, keys::WebhookSecret};

/// Error of verifying a delivery. Respond with status 400; Clerk then repeats the delivery.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WebhookError {
    /// Required headers are missing or blank.
    #[error("the delivery is missing the headers {}", .0.join(", "))]
    MissingHeaders(Vec<&'static str>),
    /// A header is present, but not valid.
    #[error("the header {name} of the delivery {problem}")]
    InvalidHeader {
        /// The name of the header, such as `svix-id`.
        name: &'static str,
        /// What is wrong. Contains no values.
        problem: &'static str,
    },
    /// The timestamp is not a number.
    #[error("the timestamp of the delivery is not a number")]
    InvalidTimestamp,
    /// The delivery is older than the tolerance. It could be a replay by an attacker.
    #[error("the delivery is too old; check the clock of this machine")]
    TooOld,
    /// The timestamp is further in the future than the tolerance.
    #[error("the timestamp of the delivery is in the future; check the clock of this machine")]
    TooNew,
    /// No signature matches: the secret is wrong, or the body was modified, for example by a parser.
    #[error("no signature matches; check the secret, and pass the body exactly as it was received")]
    InvalidSignature,
}

/// The names of the ID, timestamp and signature headers.
const FAMILIES: [[&str; 3]; 2] = [
    ["svix-id", "svix-timestamp", "svix-signature"],
    ["webhook-id", "webhook-timestamp", "webhook-signature"],
];

/// Verifies deliveries with the secrets of an endpoint.
#[derive(Clone)]
#[must_use]
pub struct Verifier {
    secrets: Vec<WebhookSecret>,
    tolerance: Duration,
}

/// Upper bound on the tolerance of timestamps.
const MAX_TOLERANCE: Duration = Duration::from_secs(3600);

impl Verifier {
    /// Creates a verifier with the secret of the endpoint. The tolerance defaults to five minutes.
    pub fn new(secret: WebhookSecret) -> Self {
        Self { secrets: vec![secret], tolerance: Duration::from_secs(300) }
    }

    /// Also accepts deliveries that are signed with this secret, for the rotation of secrets.
    pub fn or(mut self, secret: WebhookSecret) -> Self {
        self.secrets.push(secret);
        self
    }

    /// Sets how far the timestamp may be in the past or in the future, in whole seconds. Defaults to five
    /// minutes; more than an hour counts as an hour.
    ///
    /// Someone who has recorded a delivery can replay it for that long.
    pub fn tolerance(mut self, tolerance: Duration) -> Self {
        self.tolerance = tolerance.min(MAX_TOLERANCE);
        self
    }

    /// Sets the same without an upper bound. Insecure: a recorded delivery can be replayed for that long.
    pub fn insecure_tolerance(mut self, tolerance: Duration) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// Checks what can be checked without the body, at the time `now`: the headers and the timestamp. A server calls this
    /// before it reads the body, because anyone can send one.
    ///
    /// # Errors
    /// As [`verify`](Self::verify), except for [`WebhookError::InvalidSignature`].
    pub fn check_headers(&self, headers: &HeaderMap, now: Timestamp) -> Result<(), WebhookError> {
        self.read(headers, now).map(drop)
    }

    /// Verifies a delivery at the time `now` and decodes its event. `body` must be exactly the bytes that
    /// were received.
    ///
    /// Uses the `svix-*` headers, or the `webhook-*` headers if there are no `svix-*` headers. Checks the
    /// headers, then the timestamp, then the signatures. A delivery with a valid signature comes from Clerk, so it is never
    /// an error: if its body does not have the expected shape, the event is [`Event::Unreadable`](super::Event::Unreadable).
    ///
    /// # Errors
    /// Returns a [`WebhookError`] that tells which check failed.
    pub fn verify(&self, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Result<Delivery, WebhookError> {
        let Signed { id, timestamp, signatures } = self.read(headers, now)?;
        let signer = self.signer(&content(id, timestamp, body), &signatures);
        let signer = signer.ok_or(WebhookError::InvalidSignature)?;
        Ok(Delivery { endpoint: endpoint(signer), ..Delivery::read(id, body) })
    }

    /// Returns the headers of a delivery, signed with the first secret. Meant for tests and for fakes of Clerk.
    ///
    /// If `id` is not a valid header value, its header is omitted.
    #[must_use]
    pub fn sign(&self, id: &str, at: Timestamp, body: &[u8]) -> HeaderMap {
        let timestamp = at.as_secs();
        let signature = self.secrets.first().map(|secret| {
            let tag = secret.key().sign(&content(id, timestamp, body));
            format!("v1,{}", BASE64_STANDARD.encode(tag))
        });
        let [names, _] = FAMILIES;
        let values = [Some(id.to_owned()), Some(timestamp.to_string()), signature];
        names
            .into_iter()
            .zip(values)
            .filter_map(|(name, value)| {
                Some((HeaderName::from_static(name), HeaderValue::try_from(value?).ok()?))
            })
            .collect()
    }

    fn read<'a>(&self, headers: &'a HeaderMap, now: Timestamp) -> Result<Signed<'a>, WebhookError> {
        let signed = Signed::read(headers)?;
        self.check_age(signed.timestamp, now)?;
        Ok(signed)
    }

    fn check_age(&self, timestamp: i64, now: Timestamp) -> Result<(), WebhookError> {
        let tolerance = i64::try_from(self.tolerance.as_secs()).unwrap_or(i64::MAX);
        let age = now.as_secs().saturating_sub(timestamp);
        if age > tolerance {
            Err(WebhookError::TooOld)
        } else if age < tolerance.saturating_neg() {
            Err(WebhookError::TooNew)
        } else {
            Ok(())
        }
    }

    /// Returns the last of the secrets that one of the signatures was made with. Comparisons take constant time, so that
    /// an attacker cannot guess a signature byte by byte. The content is hashed once per secret, not once per signature.
    ///
    /// The last one, because during a rotation Clerk signs with both secrets, and the old one is set last: processes that
    /// have only that one then agree with those that have both about the [endpoint](Delivery::endpoint).
    fn signer(&self, content: &[u8], signatures: &[&str]) -> Option<&WebhookSecret> {
        let tags: Vec<_> = signatures
            .iter()
            .flat_map(|line| line.split(' '))
            // A proxy that joins several header lines puts a comma between them.
            .filter_map(|entry| entry.trim_end_matches(',').strip_prefix("v1,"))
            .filter_map(|encoded| BASE64_STANDARD.decode(encoded).ok())
            .collect();
        self.secrets.iter().rev().find(|secret| {
            let own = secret.key().sign(content);
            tags.iter().any(|tag| crypto::equal(own.as_ref(), tag))
        })
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").field("tolerance", &self.tolerance).finish_non_exhaustive()
    }
}

/// The headers of a delivery.
struct Signed<'a> {
    id: &'a str,
    timestamp: i64,
    /// The values of all signature headers, each with signatures that are separated by spaces.
    signatures: Vec<&'a str>,
}

impl<'a> Signed<'a> {
    /// Reads the family of headers that is present.
    fn read(headers: &'a HeaderMap) -> Result<Self, WebhookError> {
        let [svix, standard] = FAMILIES;
        let is_svix = svix.iter().any(|name| headers.contains_key(*name));
        let is_standard = standard.iter().any(|name| headers.contains_key(*name));
        let names = if is_svix || !is_standard { svix } else { standard };
        let missing: Vec<_> = names.into_iter().filter(|name| is_blank(headers, name)).collect();
        if !missing.is_empty() {
            return Err(WebhookError::MissingHeaders(missing));
        }
        let [id, timestamp, signatures] = names;
        let (id, timestamp) = (only(headers, id)?, only(headers, timestamp)?);
        let timestamp = leading_integer(timestamp).ok_or(WebhookError::InvalidTimestamp)?;
        Ok(Self { id, timestamp, signatures: lines(headers, signatures)? })
    }
}

fn is_blank(headers: &HeaderMap, name: &str) -> bool {
    headers.get_all(name).iter().all(|value| value.as_bytes().trim_ascii().is_empty())
}

/// Returns all values of a header, trimmed.
fn lines<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<Vec<&'a str>, WebhookError> {
    let lines =
        headers.get_all(name).iter().map(|value| value.to_str().map(str::trim)).collect::<Result<_, _>>();
    lines
        .map_err(|_| WebhookError::InvalidHeader { name, problem: "has characters other than visible ASCII" })
}

/// Returns the only value of a header. With several, it would be unclear which of them is signed.
fn only<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<&'a str, WebhookError> {
    match lines(headers, name)?[..] {
        [value] => Ok(value),
        _ => Err(WebhookError::InvalidHeader { name, problem: "was sent more than once" }),
    }
}

/// Parses the integer at the start of a string: `1700000000.7` is `1700000000`.
fn leading_integer(text: &str) -> Option<i64> {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    format!("{sign}{}", digits.get(..end)?).parse().ok()
}

/// Returns what names the endpoint that has this secret. It cannot be used as a signature: what is signed has two dots.
fn endpoint(secret: &WebhookSecret) -> String {
    let tag = secret.key().sign(b"name of the endpoint");
    BASE64_URL_SAFE_NO_PAD.encode(tag.as_ref().get(..16).unwrap_or_default())
}

fn content(id: &str, timestamp: i64, body: &[u8]) -> Vec<u8> {
    let mut content = format!("{id}.{timestamp}.").into_bytes();
    content.extend_from_slice(body);
    content
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::webhook::Event;
    use proptest::prelude::*;

    const BODY: &[u8] = br#"{"type":"user.deleted","data":{"id":"user_1","deleted":true}}"#;
    const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

    fn verifier(secret: &str) -> Verifier {
        Verifier::new(secret.parse().unwrap())
    }

    #[test]
    fn the_published_example_of_the_scheme_verifies() {
        let verifier = verifier("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let body = br#"{"test": 2432232314}"#;
        let headers =
            verifier.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", Timestamp::from_secs(1_614_265_330), body);
        assert_eq!(headers["svix-signature"], "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn the_endpoint_is_named_by_the_secret_that_signed() {
        let [new, old] = ["whsec_bmV3", "whsec_b2xk"];
        let endpoint = |verifier: &Verifier, headers: &HeaderMap| {
            verifier.verify(headers, BODY, NOW).map(|delivery| delivery.endpoint).unwrap()
        };
        let by_new = verifier(new).sign("msg_1", NOW, BODY);
        let by_old = verifier(old).sign("msg_2", NOW, BODY);
        let (name_of_new, name_of_old) =
            (endpoint(&verifier(new), &by_new), endpoint(&verifier(old), &by_old));
        assert_eq!([name_of_new.len(), name_of_old.len()], [22, 22]);
        assert_ne!(name_of_new, name_of_old);
        let both = verifier(new).or(old.parse().unwrap());
        assert_eq!(endpoint(&both, &by_new), name_of_new);
        assert_eq!(endpoint(&both, &by_old), name_of_old);
        // While Clerk signs with both, all processes agree, whether they know the new secret already or not.
        let mut by_both = verifier(new).sign("msg_2", NOW, BODY);
        let signatures = format!(
            "{} {}",
            by_both["svix-signature"].to_str().unwrap(),
            by_old["svix-signature"].to_str().unwrap()
        );
        by_both.insert("svix-signature", signatures.parse().unwrap());
        for verifier in [both, verifier(old)] {
            assert_eq!(endpoint(&verifier, &by_both), name_of_old);
        }
        assert_eq!(endpoint(&verifier(new), &by_both), name_of_new);
    }

    #[test]
    fn the_tolerance_is_at_most_an_hour() {
        let is_accepted = |verifier: &Verifier, seconds: i64| {
            let at = Timestamp::from_secs(NOW.as_secs() - seconds);
            verifier.verify(&verifier.sign("msg_1", at, BODY), BODY, NOW).is_ok()
        };
        let of = |secret: &str| verifier(secret);
        for (verifier, limit) in [
            (of("whsec_c2VjcmV0"), 300),
            (of("whsec_c2VjcmV0").tolerance(Duration::from_secs(10)), 10),
            (of("whsec_c2VjcmV0").tolerance(Duration::from_secs(7200)), 3600),
            (of("whsec_c2VjcmV0").tolerance(Duration::MAX), 3600),
            (of("whsec_c2VjcmV0").insecure_tolerance(Duration::from_secs(7200)), 7200),
        ] {
            assert!(is_accepted(&verifier, limit) && !is_accepted(&verifier, limit + 1), "{limit}");
            assert!(is_accepted(&verifier, -limit) && !is_accepted(&verifier, -limit - 1), "{limit}");
        }
    }

    #[test]
    fn headers_ages_and_signatures() {
        let ours = verifier("whsec_c2VjcmV0");
        let signed = |at| ours.sign("msg_1", at, BODY);
        let changed = |name: &'static str, value: &str| {
            let mut headers = signed(NOW);
            headers.insert(name, value.parse().unwrap());
            headers
        };
        // Two lines, or only the second one if the first one is empty.
        let appended = |name: &'static str, first: String, second: &[u8]| {
            let mut headers = signed(NOW);
            headers.remove(name);
            for value in [first.as_bytes(), second].into_iter().filter(|value| !value.is_empty()) {
                headers.append(name, HeaderValue::from_bytes(value).unwrap());
            }
            headers
        };
        let own = signed(NOW)["svix-signature"].to_str().unwrap().to_owned();
        let secs = |offset: i64| Timestamp::from_secs(NOW.as_secs() + offset);
        let cases = [
            ("as sent", signed(NOW), "ok"),
            ("exactly as old as allowed", signed(secs(-300)), "ok"),
            ("too old", signed(secs(-301)), "TooOld"),
            ("exactly as early as allowed", signed(secs(300)), "ok"),
            ("too early", signed(secs(301)), "TooNew"),
            ("fraction of a second", changed("svix-timestamp", "1700000000.7"), "ok"),
            ("no number", changed("svix-timestamp", "yesterday"), "InvalidTimestamp"),
            ("a number beyond all", changed("svix-timestamp", "99999999999999999999"), "InvalidTimestamp"),
            ("the largest number", changed("svix-timestamp", &i64::MAX.to_string()), "TooNew"),
            ("the smallest number", changed("svix-timestamp", &i64::MIN.to_string()), "TooOld"),
            ("another id", changed("svix-id", "msg_2"), "InvalidSignature"),
            ("white space around", changed("svix-id", "  msg_1 "), "ok"),
            ("blank", changed("svix-id", "  "), "MissingHeaders([\"svix-id\"])"),
            ("second signature fits", changed("svix-signature", &format!("v1,AAAA {own}")), "ok"),
            ("other versions are skipped", changed("svix-signature", &format!("v2,x v1a,y {own}")), "ok"),
            (
                "only another version",
                changed("svix-signature", &own.replace("v1,", "v2,")),
                "InvalidSignature",
            ),
            (
                "right after many others",
                changed("svix-signature", &format!("{}{own}", "v1,AAAA ".repeat(100))),
                "ok",
            ),
            ("on a second line", appended("svix-signature", "v1,AAAA".into(), own.as_bytes()), "ok"),
            ("lines joined by a proxy", changed("svix-signature", &format!("{own}, v1,AAAA")), "ok"),
            (
                "two ids",
                appended("svix-id", "msg_1".into(), b"msg_2"),
                "InvalidHeader { name: \"svix-id\", problem: \"was sent more than once\" }",
            ),
            (
                "two times",
                appended("svix-timestamp", "1700000000".into(), b"1700000000"),
                "InvalidHeader { name: \"svix-timestamp\", problem: \"was sent more than once\" }",
            ),
            (
                "an id that is not ASCII",
                appended("svix-id", String::new(), "msg_\u{e4}".as_bytes()),
                "InvalidHeader { name: \"svix-id\", problem: \"has characters other than visible ASCII\" }",
            ),
            (
                "a signature that is not ASCII",
                appended("svix-signature", own.clone(), "v1,\u{e4}".as_bytes()),
                "InvalidHeader { name: \"svix-signature\", problem: \"has characters other than visible ASCII\" }",
            ),
            ("no base64", changed("svix-signature", "v1,%%%"), "InvalidSignature"),
            ("empty signature", changed("svix-signature", "v1,"), "InvalidSignature"),
        ];
        for (what, headers, want) in cases {
            let show = |error: WebhookError| format!("{error:?}");
            let got = ours.verify(&headers, BODY, NOW).map_or_else(show, |_| "ok".to_owned());
            assert_eq!(got, want, "{what}");
            // Everything but the signature is checked without the body, too.
            let early = ours.check_headers(&headers, NOW).map_or_else(show, |()| "ok".to_owned());
            assert_eq!(early, if want == "InvalidSignature" { "ok" } else { want }, "{what}");
        }
        let none = ours.verify(&HeaderMap::new(), BODY, NOW).unwrap_err();
        assert_eq!(
            none.to_string(),
            "the delivery is missing the headers svix-id, svix-timestamp, svix-signature"
        );
    }

    #[test]
    fn the_standard_names_are_read_where_there_are_no_others() {
        let ours = verifier("whsec_c2VjcmV0");
        let renamed: HeaderMap = ours
            .sign("msg_1", NOW, BODY)
            .into_iter()
            .map(|(name, value)| {
                (name.unwrap().as_str().replace("svix", "webhook").parse::<HeaderName>().unwrap(), value)
            })
            .collect();
        assert_eq!(ours.verify(&renamed, BODY, NOW).unwrap().id, "msg_1");
        let mut mixed = renamed;
        mixed.insert("svix-id", "msg_1".parse().unwrap());
        assert!(
            matches!(ours.verify(&mixed, BODY, NOW), Err(WebhookError::MissingHeaders(names)) if names.len() == 2)
        );
    }

    #[test]
    fn secrets_rotate() {
        let (old, new) = (verifier("whsec_b2xk"), verifier("whsec_bmV3"));
        let both = new.clone().or("whsec_b2xk".parse().unwrap());
        let headers = old.sign("msg_1", NOW, BODY);
        assert!(both.verify(&headers, BODY, NOW).is_ok());
        assert!(matches!(new.verify(&headers, BODY, NOW), Err(WebhookError::InvalidSignature)));
    }

    #[test]
    fn secrets_are_checked_and_do_not_print() {
        for bad in ["", "whsec_", "whsec_%%%", "whsec_c2VjcmV0=", "sk_test_x", "whsec_c2VjcmV0 "] {
            assert!(bad.parse::<WebhookSecret>().is_err(), "{bad:?}");
        }
        let secret: WebhookSecret = "c2VjcmV0".parse().unwrap();
        let shown = format!("{secret:?} {:?}", Verifier::new(secret.clone()));
        assert!(shown.ends_with(" Verifier { tolerance: 300s, .. }"), "{shown}");
        assert!(!shown.contains("secret") && !shown.contains("c2Vj"), "{shown}");
    }

    #[test]
    fn a_signed_body_is_never_an_error_and_says_what_cannot_be_decoded() {
        let ours = verifier("whsec_c2VjcmV0");
        let deep = format!(r#"{{"type": "user.created", "data": {}{}}}"#, "[".repeat(200), "]".repeat(200));
        for (body, kind, problem) in [
            (r#"{"type": "user.created", "data": {}}"#, "user.created", "id: the field is missing"),
            (r#"{"type": "user.created"}"#, "user.created", "found null, expected struct User"),
            (r#"{"type": "user.deleted", "data": {"id": ["secret"]}}"#, "user.deleted", "id: found sequence"),
            (r#"{"type": "session.created", "data": "secret"}"#, "session.created", "found string"),
            (&deep, "user.created", "found sequence"),
            (r#"{"type": 3, "data": {}}"#, "", "type: expected a string"),
            ("{}", "", "type: expected a string"),
            (r#"{"type": "a", "type": "b"}"#, "", "expected a JSON object"),
            ("[1]", "", "type: expected a string"),
            ("secret", "", "expected a JSON object"),
            ("", "", "expected a JSON object"),
        ] {
            let headers = ours.sign("msg_1", NOW, body.as_bytes());
            let delivery = ours.verify(&headers, body.as_bytes(), NOW).unwrap();
            let Event::Unreadable { kind: named, problem: found, .. } = &delivery.event else {
                panic!("{body}")
            };
            assert!(named == kind && found.contains(problem) && !found.contains("secret"), "{body}: {found}");
            assert_eq!(delivery.body, body);
            assert!(!format!("{delivery:?}").contains("secret"));
        }
        for (body, known) in
            [(&b"\xff"[..], true), (deep.replace("user.created", "user.hibernated").as_bytes(), false)]
        {
            let delivery = ours.verify(&ours.sign("msg_1", NOW, body), body, NOW).unwrap();
            assert_eq!(delivery.body, body);
            match delivery.event {
                Event::Unreadable { data, .. } if known => assert!(data.is_null()),
                Event::Other { data, .. } => assert!(data.is_null()),
                other => panic!("{other:?}"),
            }
        }
    }

    proptest! {
        #[test]
        fn nothing_from_outside_panics(
            timestamp in "\\PC{0,30}",
            signature in "\\PC{0,60}",
            body in proptest::collection::vec(any::<u8>(), 0..60),
            now in any::<i64>(),
        ) {
            let mut headers = HeaderMap::new();
            headers.insert("svix-id", HeaderValue::from_static("msg_1"));
            for (name, value) in [("svix-timestamp", timestamp), ("svix-signature", signature)] {
                if let Ok(value) = HeaderValue::from_str(&value) {
                    headers.insert(name, value);
                }
            }
            let now = Timestamp::from_millis(now);
            prop_assert!(verifier("whsec_c2VjcmV0").verify(&headers, &body, now).is_err());
        }

        #[test]
        fn what_is_signed_verifies_and_what_is_changed_does_not(id in "[a-z0-9_]{1,20}", flip in 0..BODY.len()) {
            let ours = verifier("whsec_c2VjcmV0");
            let headers = ours.sign(&id, NOW, BODY);
            prop_assert_eq!(ours.verify(&headers, BODY, NOW).unwrap().id, id);
            let mut changed = BODY.to_vec();
            changed[flip] ^= 1;
            prop_assert!(matches!(ours.verify(&headers, &changed, NOW), Err(WebhookError::InvalidSignature)));
        }
    }
}
