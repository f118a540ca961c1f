//! Choosing between the instances of a service.

use super::Authenticator;
use crate::{
    authenticate::request::{Authorization, Cookies, RequestHead, authorization, client_uat},
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
    /// - A token in the header that is the application's own for any of them: that one, so that it counts for none.
    /// - An opaque token in the header: the first one that accepts its kind.
    /// - A browser: the first one of which there is a session cookie with its suffix and its issuer, and with which somebody is
    ///   signed in (`__client_uat`); or else one of the two; or else any cookie with its suffix; or else the one that accepts the issuer of
    ///   the cookie `__session`. Anybody on a sibling domain can set cookies, so a mere name does not come first.
    #[must_use]
    pub fn choose(among: &[&Self], head: &RequestHead<'_>) -> usize {
        let by = |suits: &dyn Fn(&Self) -> bool| among.iter().position(|one| suits(one));
        let by_issuer = |text: &str| by(&|one| one.is_issuer_of(text));
        let chosen = match authorization(head.headers) {
            Authorization::Token(text) => {
                by(&|one| one.0.ignores(text)).or_else(|| match TokenKind::of_opaque(text) {
                    Some(kind) => by(&|one| one.accepts(kind)),
                    None => by_issuer(text),
                })
            }
            Authorization::Broken => None,
            Authorization::None => {
                let cookies = |one: &Self| Cookies::read(head.headers, one.cookie_suffix());
                let is_active = |one: &Self| client_uat(cookies(one).suffixed_client_uat.as_deref()) != 0;
                let has_own =
                    |one: &Self| cookies(one).suffixed_session.is_some_and(|text| one.is_issuer_of(&text));
                by(&|one| is_active(one) && has_own(one))
                    .or_else(|| by(&is_active))
                    .or_else(|| by(&has_own))
                    .or_else(|| by(&|one| cookies(one).has_suffixed()))
                    .or_else(|| by_issuer(Cookies::read(head.headers, None).session.as_deref()?))
            }
        };
        chosen.unwrap_or_default()
    }

    /// Whether this is a token that names an issuer which is accepted here. Its signature is not verified.
    fn is_issuer_of(&self, text: &str) -> bool {
        let is_accepted = |issuer: &str| self.0.session.accepted_issuers().iter().any(|one| *one == *issuer);
        let token = Token::decode(text).ok();
        token.is_some_and(|token| matches!(token.issuer(), Issuer::Text(issuer) if is_accepted(issuer)))
    }
}
