//! Choosing between the instances of a service.

use super::Authenticator;
use crate::{
    authenticate::request::{Authorization, Cookies, RequestHead, authorization},
    token::{Issuer, Token, TokenKind},
};

impl Authenticator {
    /// Returns which of several authenticators decides about a request, as an index; zero if nothing tells.
    ///
    /// Each is for another instance. What chooses is not verified: the chosen authenticator decides with its own keys alone.
    ///
    /// - A JWT in the header: the authenticator that accepts its issuer. See
    ///   [`AuthenticateOptions::issuers`](crate::authenticate::AuthenticateOptions::issuers); one without the option is
    ///   never chosen this way.
    /// - An opaque token in the header: the first one that accepts its kind.
    /// - A browser: the first one whose suffix is on a session cookie, or else on any of Clerk's cookies; or else the one
    ///   that accepts the issuer of the cookie `__session`.
    #[must_use]
    pub fn choose(among: &[&Self], head: &RequestHead<'_>) -> usize {
        let by = |suits: &dyn Fn(&Self) -> bool| among.iter().position(|one| suits(one));
        let by_issuer = |text: &str| {
            let token = Token::decode(text).ok()?;
            let Issuer::Text(issuer) = token.issuer() else { return None };
            by(&|one| one.0.session.accepted_issuers().iter().any(|accepted| *accepted == *issuer))
        };
        let chosen = match authorization(head.headers) {
            Authorization::Token(text) => match TokenKind::of_opaque(text) {
                Some(kind) => by(&|one| one.accepts(kind) && !one.0.ignores(text)),
                None => by_issuer(text),
            },
            Authorization::Broken => None,
            Authorization::None => {
                let cookies = |one: &Self| Cookies::read(head.headers, one.cookie_suffix());
                by(&|one| cookies(one).suffixed_session.is_some())
                    .or_else(|| by(&|one| cookies(one).suffixed_client_uat.is_some()))
                    .or_else(|| by_issuer(Cookies::read(head.headers, None).session.as_deref()?))
            }
        };
        chosen.unwrap_or_default()
    }
}
