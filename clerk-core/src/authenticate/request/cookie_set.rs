//! The choice between two sets of cookies: with and without the instance's suffix.
//!
//! Applications on the same domain see each other's cookies. So newer ones have a suffix that identifies the instance.
//! Older ones have none, and may be left over from before or belong to another application.

use super::{CookieValue, Cookies, SessionToken, cookies::client_uat};
use crate::{
    Timestamp,
    authenticate::config::Instance,
    token::{Issuer, KeySet, Token, TokenError},
};

/// The set of cookies that belongs to this instance.
#[derive(Clone, Copy)]
pub(crate) struct CookieSet<'a> {
    /// The session token, encoded.
    pub(crate) session: Option<CookieValue<'a>>,
    /// When the client was last updated; zero if no user is signed in on it.
    pub(crate) client_uat: i64,
    pub(crate) dev_browser: Option<CookieValue<'a>>,
    /// Whether this is the set with the suffix.
    pub(crate) is_suffixed: bool,
}

/// The decoded session token of a set, if it has one.
pub(crate) type DecodedSession = Option<Result<SessionToken, TokenError>>;

impl<'a> CookieSet<'a> {
    /// Chooses a set and decodes its session token.
    ///
    /// The choice depends on the claims of both tokens, so they are decoded here, and only once. Unverified claims are
    /// safe for this: they only determine which token is verified.
    pub(crate) fn choose(
        cookies: &'a Cookies<'_>,
        instance: Option<&Instance>,
        keys: &KeySet,
        now: Timestamp,
    ) -> (Self, DecodedSession) {
        let decode = |value: Option<CookieValue<'_>>| value.map(|value| SessionToken::of_cookie(value, keys));
        let plain = decode(cookies.session);
        // Clerk sets the same token under both names.
        let same = plain.as_ref().filter(|_| cookies.session == cookies.suffixed_session);
        let same = same.and_then(|plain| plain.as_ref().ok()?.same());
        let suffixed = same.map_or_else(|| decode(cookies.suffixed_session), |same| Some(Ok(same)));
        let is_suffixed = instance
            .is_some_and(|instance| uses_suffixed(cookies, plain.as_ref(), suffixed.as_ref(), instance, now));
        if is_suffixed {
            let set = Self {
                session: cookies.suffixed_session,
                client_uat: client_uat(cookies.suffixed_client_uat),
                dev_browser: cookies.suffixed_dev_browser,
                is_suffixed,
            };
            (set, suffixed)
        } else {
            let set = Self {
                session: cookies.session,
                client_uat: client_uat(cookies.client_uat),
                dev_browser: cookies.dev_browser,
                is_suffixed,
            };
            (set, plain)
        }
    }
}

type Decoded<'a> = Option<&'a Result<SessionToken, TokenError>>;

fn readable(token: Decoded<'_>) -> Option<&Token> {
    token.and_then(|token| token.as_ref().ok()).map(SessionToken::token)
}

/// The eight rules of Clerk's SDK, in the same order.
fn uses_suffixed(
    cookies: &Cookies<'_>,
    plain: Decoded<'_>,
    suffixed: Decoded<'_>,
    instance: &Instance,
    now: Timestamp,
) -> bool {
    // Rules 1 and 2.
    if let Some(plain) = plain {
        // A token that cannot be decoded, or has no issuer, is not assumed to be another instance's.
        let Ok(token) = plain else { return false };
        match token.token().issuer() {
            Issuer::Missing => return false,
            Issuer::Text(issuer) if instance.is_issuer(issuer) => {}
            Issuer::Text(_) | Issuer::Malformed => return true,
        }
    }
    let suffixed_uat = cookies.suffixed_client_uat;
    // Rule 3: there are no cookies with the suffix.
    if suffixed_uat.is_none() && suffixed.is_none() {
        return false;
    }
    let issued =
        |token: Decoded<'_>| readable(token).and_then(Token::unverified_issued_at).unwrap_or_default();
    // A client whose cookie is "0" has signed out. One without a cookie has not.
    let plain_out = cookies.client_uat.is_some_and(CookieValue::is_zero);
    let suffixed_out = suffixed_uat.is_some_and(CookieValue::is_zero);
    // Rule 4: both are signed in, so the newer session wins.
    if !suffixed_out && !plain_out && issued(plain) > issued(suffixed) {
        return false;
    }
    // Rule 5: only the set with the suffix has signed out.
    if suffixed_out && !plain_out {
        return false;
    }
    // Rule 6: in development, an expired session does not win over a client that has signed out.
    if !instance.is_production && !suffixed_out && plain_out {
        let expiry = readable(suffixed).and_then(Token::unverified_expires_at);
        if expiry.is_some_and(|expiry| expiry.as_secs() <= now.as_secs()) {
            return false;
        }
    }
    // Rules 7 and 8: a session with the suffix requires a client with the suffix.
    suffixed_uat.is_some() || suffixed.is_none()
}

#[cfg(test)]
#[allow(clippy::needless_pass_by_value, reason = "tests pass the values of `json!`")]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        authenticate::config::AuthenticateOptions,
        token::testing::{base64url, now},
    };

    const NOW: i64 = crate::token::testing::NOW;

    /// An unsigned token. Nothing is verified here.
    fn token(claims: Value) -> String {
        format!("{}.{}.c2ln", base64url("{\"alg\":\"RS256\"}"), base64url(claims.to_string()))
    }

    fn ours(iat: i64) -> String {
        token(json!({"iss": "https://clerk.example.com", "iat": iat, "exp": NOW + 60, "sub": "plain"}))
    }

    fn suffixed(iat: i64) -> String {
        token(json!({"iss": "https://clerk.example.com", "iat": iat, "exp": NOW + 60, "sub": "suffixed"}))
    }

    /// Whether the suffixed set is chosen, given `__session` and `__client_uat`, each without and with the suffix.
    fn choose(key: &str, values: [Option<&str>; 4]) -> bool {
        let [session, suffixed_session, client_uat, suffixed_client_uat] =
            values.map(|value| value.map(|value| CookieValue::new(value.as_bytes())));
        let cookies =
            Cookies { session, suffixed_session, client_uat, suffixed_client_uat, ..Cookies::default() };
        let options = AuthenticateOptions::new().publishable_key(key.parse().unwrap());
        let config = options.check().unwrap();
        CookieSet::choose(&cookies, config.instance.as_ref(), &KeySet::default(), now()).0.is_suffixed
    }

    const LIVE: &str = "pk_live_Y2xlcmsuZXhhbXBsZS5jb20k";
    /// `clerk.example.com` as a development instance.
    const TEST: &str = "pk_test_Y2xlcmsuZXhhbXBsZS5jb20k";

    #[test]
    fn rule_1_a_plain_token_without_an_issuer_wins() {
        for plain in [
            "garbage".to_owned(),
            token(json!({})),
            token(json!({"iss": ""})),
            token(json!({"iss": null})),
            token(json!({"iss": 0})),
            token(json!({"iss": false})),
        ] {
            assert!(!choose(LIVE, [Some(&plain), Some(&suffixed(5)), Some("1"), Some("1")]), "{plain}");
        }
    }

    #[test]
    fn rule_2_another_instances_plain_token_is_ignored() {
        for iss in [
            json!("https://clerk.other.com"),
            json!("https://clerk.example.com/"),
            json!("clerk.example.com.evil"),
            json!("ftp://clerk.example.com"),
            json!(5),
            json!(true),
            json!(["https://clerk.example.com"]),
        ] {
            assert!(choose(LIVE, [Some(&token(json!({"iss": iss}))), None, None, None]), "{iss}");
        }
        for iss in [
            "clerk.example.com",
            "http://clerk.example.com",
            "HTTPS://clerk.example.com",
            "https://http://clerk.example.com",
            "clerk.https://example.com",
        ] {
            assert!(!choose(LIVE, [Some(&token(json!({"iss": iss}))), None, None, None]), "{iss}");
        }
    }

    #[test]
    fn rules_3_to_8_choose_between_two_sets() {
        let (old, new) = (100, 200);
        for (key, values, expected) in [
            // 3: nothing with a suffix
            (LIVE, (None, None, None, None), false),
            (LIVE, (Some(ours(old)), None, Some("1"), None), false),
            // 4: both are signed in, the plain one is newer
            (LIVE, (Some(ours(new)), Some(suffixed(old)), Some("1"), Some("1")), false),
            (LIVE, (Some(ours(new)), Some(suffixed(old)), None, Some("1")), false),
            (LIVE, (Some(ours(old)), Some(suffixed(new)), Some("1"), Some("1")), true),
            (LIVE, (Some(ours(old)), Some(suffixed(old)), Some("1"), Some("1")), true),
            (LIVE, (Some(ours(old)), Some("garbage".to_owned()), Some("1"), Some("1")), false),
            (LIVE, (Some(ours(old)), None, Some("1"), Some("1")), false),
            // 5: the one with the suffix has signed out
            (LIVE, (Some(ours(old)), Some(suffixed(new)), Some("1"), Some("0")), false),
            (LIVE, (Some(ours(old)), Some(suffixed(new)), None, Some("0")), false),
            (LIVE, (Some(ours(old)), Some(suffixed(new)), Some("0"), Some("0")), true),
            // 6: development, where an expired token loses
            (TEST, (None, Some(token(json!({"exp": NOW}))), Some("0"), Some("1")), false),
            (TEST, (None, Some(token(json!({"exp": NOW + 1}))), Some("0"), Some("1")), true),
            (LIVE, (None, Some(token(json!({"exp": NOW}))), Some("0"), Some("1")), true),
            (TEST, (None, Some(token(json!({"exp": NOW}))), Some("1"), Some("1")), true),
            // 7: a session token with the suffix alone
            (LIVE, (None, Some(suffixed(new)), None, None), false),
            (LIVE, (Some(ours(old)), Some(suffixed(new)), Some("1"), None), false),
            // 8
            (LIVE, (None, None, None, Some("1")), true),
            (LIVE, (None, Some(suffixed(new)), None, Some("1")), true),
            (LIVE, (None, Some(suffixed(new)), Some("1"), Some("1")), true),
        ] {
            let (session, suffixed, uat, suffixed_uat): (Option<String>, Option<String>, _, _) = values;
            let values = [session.as_deref(), suffixed.as_deref(), uat, suffixed_uat];
            assert_eq!(choose(key, values), expected, "{key} {values:?}");
        }
    }

    /// Checks every combination of the four cookies against a second implementation of the rules.
    #[test]
    fn every_combination_follows_the_rules() {
        #[derive(Clone, Copy, PartialEq)]
        enum Plain {
            Absent,
            Unreadable,
            Anonymous,
            Other,
            Ours(i64),
        }
        #[derive(Clone, Copy)]
        struct Suffixed {
            iat: i64,
            is_expired: bool,
        }
        let text_of = |plain| match plain {
            Plain::Absent => None,
            Plain::Unreadable => Some("garbage".to_owned()),
            Plain::Anonymous => Some(token(json!({"iat": 300}))),
            Plain::Other => Some(token(json!({"iss": "https://clerk.other.com", "iat": 300}))),
            Plain::Ours(iat) => Some(ours(iat)),
        };
        let plains = [
            Plain::Absent,
            Plain::Unreadable,
            Plain::Anonymous,
            Plain::Other,
            Plain::Ours(100),
            Plain::Ours(200),
            Plain::Ours(300),
        ];
        let good = |iat, is_expired| {
            let exp = if is_expired { NOW } else { NOW + 60 };
            let text = token(json!({"iss": "https://clerk.example.com", "iat": iat, "exp": exp}));
            (Some(text), Some(Suffixed { iat, is_expired }))
        };
        let suffixed = [
            (None, None),
            (Some("garbage".to_owned()), Some(Suffixed { iat: 0, is_expired: false })),
            good(200, false),
            good(200, true),
        ];
        let uats = [None, Some("0"), Some("1"), Some("00")];
        for (key, is_production) in [(LIVE, true), (TEST, false)] {
            for plain in plains {
                for (suffixed_text, suffixed) in &suffixed {
                    for uat in uats {
                        for suffixed_uat in uats {
                            let (out, suffixed_out) = (uat == Some("0"), suffixed_uat == Some("0"));
                            let iat = if let Plain::Ours(iat) = plain { iat } else { 0 };
                            let rules = [
                                (matches!(plain, Plain::Unreadable | Plain::Anonymous), false),
                                (plain == Plain::Other, true),
                                (suffixed_uat.is_none() && suffixed.is_none(), false),
                                (!suffixed_out && !out && iat > suffixed.map_or(0, |token| token.iat), false),
                                (suffixed_out && !out, false),
                                (
                                    !is_production
                                        && !suffixed_out
                                        && out
                                        && suffixed.is_some_and(|token| token.is_expired),
                                    false,
                                ),
                                (suffixed_uat.is_none() && suffixed.is_some(), false),
                            ];
                            let expected =
                                rules.into_iter().find(|(fits, _)| *fits).is_none_or(|(_, result)| result);
                            let text = text_of(plain);
                            let values = [text.as_deref(), suffixed_text.as_deref(), uat, suffixed_uat];
                            assert_eq!(choose(key, values), expected, "{key} {values:?}");
                        }
                    }
                }
            }
        }
    }
}
