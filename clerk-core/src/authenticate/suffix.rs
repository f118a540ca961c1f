//! Which of two sets of cookies belongs to this instance.
//!
//! Applications that share a domain see each other's cookies. Newer ones carry a suffix that names the
//! instance; older ones do not, and may be left over from before.

use super::cookies::{Cookies, client_uat};
use crate::{
    Timestamp,
    keys::{InstanceType, PublishableKey},
    token::{Issuer, Token, TokenError},
};

/// What the chosen set of cookies says.
pub(super) struct Chosen {
    /// The session token, decoded, when there is one.
    pub(super) token: Option<Result<Token, TokenError>>,
    /// When the client last changed; zero when nobody is signed in on it.
    pub(super) client_uat: i64,
}

impl Chosen {
    /// Chooses. Nothing is verified for this: the answer only says what will be.
    pub(super) fn new(cookies: &Cookies<'_>, key: Option<&PublishableKey>, now: Timestamp) -> Self {
        let plain = cookies.session.as_deref().map(Token::decode);
        let suffixed = cookies.suffixed_session.as_deref().map(Token::decode);
        let is_suffixed =
            key.is_some_and(|key| uses_suffixed(cookies, plain.as_ref(), suffixed.as_ref(), key, now));
        let (token, uat) =
            if is_suffixed { (suffixed, &cookies.suffixed_client_uat) } else { (plain, &cookies.client_uat) };
        Self { token, client_uat: client_uat(uat.as_deref()) }
    }
}

type Decoded<'a> = Option<&'a Result<Token, TokenError>>;

fn readable(token: Decoded<'_>) -> Option<&Token> {
    token.and_then(|token| token.as_ref().ok())
}

fn uses_suffixed(
    cookies: &Cookies<'_>,
    plain: Decoded<'_>,
    suffixed: Decoded<'_>,
    key: &PublishableKey,
    now: Timestamp,
) -> bool {
    if let Some(plain) = plain {
        // A token that cannot be read, or does not say who issued it, is no other instance's.
        let Ok(token) = plain else { return false };
        match token.issuer() {
            Issuer::Nothing => return false,
            Issuer::Text(issuer) if without_scheme(issuer) == key.frontend_api() => {}
            Issuer::Text(_) | Issuer::Strange => return true,
        }
    }
    let suffixed_uat = cookies.suffixed_client_uat.as_deref();
    if suffixed_uat.is_none() && suffixed.is_none() {
        return false;
    }
    let issued =
        |token: Decoded<'_>| readable(token).and_then(Token::unverified_issued_at).unwrap_or_default();
    // A client that says "0" has signed out; one that says nothing has not.
    let (plain_out, suffixed_out) = (cookies.client_uat.as_deref() == Some("0"), suffixed_uat == Some("0"));
    if !suffixed_out && !plain_out && issued(plain) > issued(suffixed) {
        return false;
    }
    if suffixed_out && !plain_out {
        return false;
    }
    if key.instance_type() != InstanceType::Production && !suffixed_out && plain_out {
        let expiry = readable(suffixed).and_then(Token::unverified_expires_at);
        if expiry.is_some_and(|expiry| expiry.as_secs() <= now.as_secs()) {
            return false;
        }
    }
    suffixed_uat.is_some() || suffixed.is_none()
}

/// Without `http://` and `https://`, wherever they stand.
fn without_scheme(issuer: &str) -> String {
    let mut rest = issuer;
    let mut plain = String::with_capacity(issuer.len());
    while let Some(first) = rest.chars().next() {
        let scheme = ["https://", "http://"]
            .iter()
            .find(|scheme| rest.get(..scheme.len()).is_some_and(|head| head.eq_ignore_ascii_case(scheme)));
        let taken = match scheme {
            Some(scheme) => scheme.len(),
            None => {
                plain.push(first);
                first.len_utf8()
            }
        };
        rest = rest.get(taken..).unwrap_or_default();
    }
    plain
}
