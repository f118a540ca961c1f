//! Choosing between the instances of a service.

use std::cmp::Reverse;

use super::Authenticator;
use crate::{
    authenticate::request::{Authorization, Cookies, RequestHead, authorization, client_uat},
    token::{Issuer, Token, TokenKind},
};

impl Authenticator {
    /// Returns the index of the authenticator that decides about a request, or zero if nothing in the request tells.
    ///
    /// Each authenticator is for another instance. The choice relies on unverified data: the chosen one then decides with its
    /// own keys alone.
    ///
    /// - A token in the header that one of them ignores as the application's own: that one.
    /// - A JWT in the header: the first one that accepts its issuer. One that accepts any issuer (see
    ///   [`accepted_issuers`](crate::authenticate::AuthenticateOptions::accepted_issuers)) is never chosen this way.
    /// - An opaque token in the header: the first one that accepts its kind.
    /// - Cookies: the first one that satisfies the first of these rules that any satisfies:
    ///   1. with its suffix, `__client_uat` says that somebody is signed in, and the session cookie has its issuer
    ///   2. with its suffix, `__client_uat` says that somebody is signed in
    ///   3. the session cookie with its suffix has its issuer
    ///   4. there is any of these cookies with its suffix
    ///   5. `__session` has its issuer
    ///
    /// A name alone comes late, because any site on a sibling domain can set cookies.
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
                let claims = among.iter().map(|one| one.claim_on(head)).enumerate();
                // The first of the strongest. `max_by_key` would return the last one.
                let strongest = claims.min_by_key(|(_, claim)| Reverse(*claim));
                let suffixed = strongest.filter(|(_, claim)| *claim > Claim::None).map(|(index, _)| index);
                suffixed.or_else(|| by_issuer(&Cookies::read(head.headers, None).session?.text()))
            }
        };
        chosen.unwrap_or_default()
    }

    /// What the cookies with this instance's suffix say about a browser.
    fn claim_on(&self, head: &RequestHead<'_>) -> Claim {
        let cookies = Cookies::read(head.headers, self.cookie_suffix());
        let is_active = client_uat(cookies.suffixed_client_uat) != 0;
        let is_own = cookies.suffixed_session.is_some_and(|value| self.is_issuer_of(&value.text()));
        let has_any = cookies.suffixed_session.is_some() || cookies.suffixed_client_uat.is_some();
        match (is_active, is_own) {
            (true, true) => Claim::Both,
            (true, false) => Claim::ActiveClient,
            (false, true) => Claim::OwnSession,
            (false, false) if has_any => Claim::Name,
            (false, false) => Claim::None,
        }
    }

    /// Whether this is a token that names an issuer which is accepted here. Its signature is not verified.
    fn is_issuer_of(&self, text: &str) -> bool {
        let is_accepted = |issuer: &str| self.0.session.accepted_issuers().iter().any(|one| *one == *issuer);
        let token = Token::decode(text).ok();
        token.is_some_and(|token| matches!(token.issuer(), Issuer::Text(issuer) if is_accepted(issuer)))
    }
}

/// How much speaks for an instance, the weakest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Claim {
    None,
    /// A cookie has the right name.
    Name,
    /// The session token names the instance's issuer, and nobody is said to be signed in.
    OwnSession,
    /// Somebody is signed in.
    ActiveClient,
    Both,
}
