//! A visitor's browser: its cookies, the handshakes it is sent through, and what comes back from them.

use http::{
    HeaderMap, HeaderName, HeaderValue, Method,
    header::{
        ACCEPT, ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, LOCATION,
        REFERER, SET_COOKIE,
    },
};
use url::Url;

use super::{
    BadRequest, Outcome, Reason,
    candidate::Candidate,
    case::{Asked, Carrier, Case, Refusal, Want},
    config::Instance,
    cookies::{Cookies, redirect_count},
    directives::Directives,
    public_url,
    query::Query,
    referrer,
    suffix::Chosen,
};
use crate::{
    api::sessions,
    metadata::Metadata,
    model::SessionRefreshFormat,
    token::{ClockSkew, Token, TokenError, TokenKind},
};

/// The version of Clerk's API that a handshake speaks.
const API_VERSION: &str = "2026-05-12";
/// How often a browser is sent around before it gets an answer.
const MAX_REDIRECTS: u32 = 3;
/// A session that a development handshake brings may be off by so much.
const DEVELOPMENT_SKEW: i64 = 86_400_000;

const SEC_FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// A request that was sent by a browser, as far as can be told.
pub(super) struct Browser<'a> {
    case: &'a Case<'a>,
    cookies: Cookies<'a>,
    query: Query<'a>,
}

/// What came of a handshake.
enum Resolved {
    Done(Outcome),
    /// It settles nothing. Whether that is because Clerk did not answer.
    Open {
        undecided: bool,
    },
}

impl<'a> Browser<'a> {
    pub(super) fn new(case: &'a Case<'a>) -> Self {
        let suffix = case.config.instance.as_ref().map(|instance| &*instance.suffix);
        Self {
            case,
            cookies: Cookies::read(case.head.headers, suffix),
            query: Query::read(case.head.uri.query()),
        }
    }

    pub(super) fn chosen(&self) -> Chosen<'_> {
        Chosen::new(&self.cookies, self.case.config.instance.as_ref(), self.case.keys(), self.case.now)
    }

    /// Whether a session token came in a cookie of this instance's.
    pub(super) fn has_session(&self) -> bool {
        let cookies = &self.cookies;
        (cookies.session.is_some() || cookies.suffixed_session.is_some()) && self.chosen().session.is_some()
    }

    fn url(&self) -> Option<Url> {
        public_url::of(&self.case.head, &self.case.config.forwarded)
    }

    /// A header's text: nothing when it is missing, and no known value when it is no text.
    fn header(&self, name: &HeaderName) -> &'a str {
        self.case.head.headers.get(name).map_or("", |value| value.to_str().unwrap_or("?"))
    }

    fn is_get(&self) -> bool {
        self.case.head.method == Method::GET
    }

    fn is_document(&self) -> bool {
        self.is_get() && self.header(&SEC_FETCH_DEST) == "document"
    }

    /// Whether whoever sent this would follow a redirect and come back.
    fn can_navigate(&self) -> bool {
        let navigates = match self.header(&SEC_FETCH_DEST) {
            "document" | "iframe" => true,
            "" => self.header(&ACCEPT).starts_with("text/html"),
            _ => false,
        };
        self.is_get() && navigates
    }

    fn redirect_count(&self) -> u32 {
        redirect_count(self.cookies.redirect_count.as_deref())
    }

    /// Whether a browser that navigates has been to Clerk and back so often that it is not sent again.
    pub(super) fn is_going_round(&self) -> bool {
        self.can_navigate() && self.redirect_count() >= MAX_REDIRECTS
    }

    /// The session cookie that belongs to no instance by its name, where none belongs to this one.
    pub(super) fn foreign_session(&self) -> Option<&str> {
        let has_own = self.cookies.suffixed_session.is_some() || self.cookies.suffixed_client_uat.is_some();
        self.cookies.session.as_deref().filter(|_| !has_own)
    }

    fn dev_browser<'s>(&'s self, chosen: &Chosen<'s>) -> Option<&'s str> {
        self.query.dev_browser.as_deref().or(chosen.dev_browser)
    }

    pub(super) fn known_dev_browser(&self) -> Option<String> {
        self.dev_browser(&self.chosen()).map(ToOwned::to_owned)
    }

    pub(super) fn decide(&self) -> Asked<Outcome> {
        let Some(instance) = &self.case.config.instance else { return self.decide_plainly() };
        match self.resolve(instance)? {
            Resolved::Done(outcome) => Ok(outcome),
            Resolved::Open { undecided } => Ok(self.decide_anew(instance)?.undecided_if(undecided)),
        }
    }

    /// Without a publishable key there is no Frontend API to send anybody to.
    fn decide_plainly(&self) -> Asked<Outcome> {
        let chosen = self.chosen();
        match chosen.token {
            None => Ok(self.signed_out(Reason::SessionTokenAndUatMissing, "there is no session token")),
            Some(token) => {
                // Another application on the domain may have set it; but who has signed out must not stay signed in.
                if self.cookies.client_uat.is_some() {
                    if chosen.client_uat == 0 {
                        let message = "there is a session token, and no client";
                        return Ok(self.signed_out(Reason::SessionTokenButNoClientUat, message));
                    }
                    if is_older(&token, chosen.client_uat) {
                        let message = "the client has changed since";
                        return Ok(self.signed_out(Reason::SessionTokenIatBeforeClientUat, message));
                    }
                }
                self.judge(token, chosen.is_suffixed, |_| None)
            }
        }
    }

    /// The rows of the table for cookies, but for the first.
    fn decide_anew(&self, instance: &Instance) -> Asked<Outcome> {
        let chosen = self.chosen();
        let has_client = chosen.client_uat != 0;
        if let Some(outcome) = self.sync(instance, &chosen) {
            return Ok(outcome);
        }
        let redirect = |reason, message: &str| {
            let message = self.case.config.debug_headers.then_some(message);
            Ok(self.handshake(reason, message))
        };
        if !instance.is_production && self.query.has_dev_browser {
            return redirect(Reason::DevBrowserSync, "the URL brings a dev-browser token");
        }
        if !instance.is_production && self.dev_browser(&chosen).is_none() {
            return redirect(Reason::DevBrowserMissing, "the dev-browser token is missing");
        }
        let client_uat = chosen.client_uat;
        let token = match chosen.token {
            None if has_client => {
                return redirect(
                    Reason::ClientUatButNoSessionToken,
                    "there is a client, and no session token",
                );
            }
            None => {
                return Ok(self.signed_out(Reason::SessionTokenAndUatMissing, "there is no session token"));
            }
            Some(_) if !has_client => {
                return redirect(
                    Reason::SessionTokenButNoClientUat,
                    "there is a session token, and no client",
                );
            }
            Some(token) => token,
        };
        if is_older(&token, client_uat) {
            return redirect(Reason::SessionTokenIatBeforeClientUat, "the client has changed since");
        }
        self.judge(token, chosen.is_suffixed, |session| {
            self.other_origin(instance).or_else(|| self.other_organization(session))
        })
    }

    /// Verifies the session token. One that is good may still ask for a handshake, by `then`.
    fn judge(
        &self,
        token: Result<Candidate, TokenError>,
        is_suffixed: bool,
        then: impl FnOnce(&Token) -> Option<Outcome>,
    ) -> Asked<Outcome> {
        let candidate = match token {
            Ok(candidate) if candidate.token().is_session() => candidate,
            Ok(_) => {
                return Ok(Outcome::signed_out(Some(TokenKind::Session), Reason::TokenTypeMismatch, None));
            }
            Err(error) => {
                let reason = error.reason().clone();
                return Ok(self.case.refuse_session(&error.into(), reason, Carrier::Cookie, Some(self)));
            }
        };
        let refusal = match self.case.verify(&candidate, &self.case.config.session)? {
            Ok(()) => {
                let outcome = then(candidate.token());
                return Ok(outcome.unwrap_or_else(|| Outcome::signed_in(self.case.session(candidate))));
            }
            Err(refusal) => refusal,
        };
        if *refusal.error.reason() != Reason::TokenExpired {
            let reason = refusal.error.reason().clone();
            return Ok(self.case.refuse_session(&refusal, reason, Carrier::Cookie, Some(self)));
        }
        let Unrefreshed { reason, undecided } = match self.refresh(candidate.token(), is_suffixed)? {
            Ok(outcome) => return Ok(outcome),
            Err(unrefreshed) => unrefreshed,
        };
        let refusal = Refusal { undecided, ..refusal };
        Ok(self.case.refuse_session(&refusal, reason, Carrier::Cookie, Some(self)))
    }

    fn signed_out(&self, reason: Reason, message: &str) -> Outcome {
        self.case.signed_out(Some(TokenKind::Session), reason, message)
    }
}

/// Whether a session token was made before the client changed.
fn is_older(token: &Result<Candidate, TokenError>, client_uat: i64) -> bool {
    token.as_ref().is_ok_and(|candidate| {
        let issued = candidate.token().unverified_issued_at();
        candidate.token().is_session() && issued.is_some_and(|issued| issued.as_secs() < client_uat)
    })
}

/// Sending a browser away.
impl Browser<'_> {
    /// Sends the browser to Clerk, if it can be sent, and signs out otherwise.
    pub(super) fn handshake(&self, reason: Reason, message: Option<&str>) -> Outcome {
        let location = self.can_navigate().then(|| self.handshake_url(&reason)).flatten();
        self.send_to(location, reason, message)
    }

    fn send_to(&self, location: Option<Url>, reason: Reason, message: Option<&str>) -> Outcome {
        let count = self.redirect_count();
        let location = location
            .filter(|_| self.can_navigate() && count < MAX_REDIRECTS)
            .and_then(|url| HeaderValue::try_from(String::from(url)).ok());
        let cookie =
            format!("__clerk_redirect_count={}; SameSite=Lax; HttpOnly; Max-Age=2", count.saturating_add(1));
        match (location, HeaderValue::try_from(cookie)) {
            (Some(location), Ok(cookie)) => {
                let mut headers = HeaderMap::with_capacity(3);
                headers.append(LOCATION, location);
                headers.append(CACHE_CONTROL, NO_STORE);
                headers.append(SET_COOKIE, cookie);
                Outcome::handshake(reason, message).with_headers(&headers)
            }
            _ => Outcome::signed_out(Some(TokenKind::Session), reason, message),
        }
    }

    fn handshake_url(&self, reason: &Reason) -> Option<Url> {
        let instance = self.case.config.instance.as_ref()?;
        let page = self.url()?;
        let mut url = instance.frontend_url(&page)?;
        let path = format!("{}/v1/client/handshake", url.path().trim_end_matches('/'));
        url.set_path(&path);
        url.set_query(None);
        url.set_fragment(None);
        let chosen = self.chosen();
        let back = without(page.clone(), &["__clerk_db_jwt", "__dev_session"]);
        let mut query = url.query_pairs_mut();
        query
            .append_pair("redirect_url", back.as_str())
            .append_pair("__clerk_api_version", API_VERSION)
            .append_pair("suffixed_cookies", if chosen.is_suffixed { "true" } else { "false" })
            .append_pair("__clerk_hs_reason", reason.as_str())
            .append_pair("format", "nonce");
        let bearer = || match super::authorization::token(self.case.head.headers) {
            super::authorization::Authorization::Token(text) => Some(text),
            _ => None,
        };
        if let Some(session) = chosen.session.or_else(bearer) {
            query.append_pair("__session", session);
        }
        if !instance.is_production
            && let Some(dev_browser) = self.dev_browser(&chosen)
        {
            query.append_pair("__clerk_db_jwt", dev_browser);
        }
        if let Some(target) = self.case.config.routes.target(page.path()) {
            query.append_pair("organization_id", target.as_str());
        }
        drop(query);
        Some(url)
    }

    /// Satellites ask their primary domain, and the primary domain of a development instance answers them.
    fn sync(&self, instance: &Instance, chosen: &Chosen<'_>) -> Option<Outcome> {
        let has_cookies = chosen.client_uat != 0 || chosen.token.is_some();
        let message = |text| self.case.config.debug_headers.then_some(text);
        match &instance.satellite {
            Some(satellite) => {
                if !self.is_document() || self.query.synced == Some(true) {
                    return None;
                }
                let needs = self.query.synced == Some(false);
                if !satellite.auto_sync && !has_cookies && !needs {
                    return Some(
                        self.signed_out(Reason::SessionTokenAndUatMissing, "there is no session token"),
                    );
                }
                if has_cookies && !needs {
                    return None;
                }
                let (reason, message) =
                    (Reason::SatelliteNeedsSyncing, message("the primary domain has to be asked"));
                Some(if instance.is_production {
                    self.handshake(reason, message)
                } else {
                    self.send_to(self.primary_url(instance), reason, message)
                })
            }
            None => {
                let back = self.query.redirect_url.as_deref().filter(|_| !instance.is_production)?;
                let Some(back) = public_url::absolute(back) else {
                    return Some(self.case.bad(BadRequest::RedirectUrl));
                };
                let reason = Reason::PrimaryRespondsToSyncing;
                let back = synced(back, self.dev_browser(chosen));
                Some(self.send_to(Some(back), reason, message("a satellite has asked who is signed in")))
            }
        }
    }

    fn primary_url(&self, instance: &Instance) -> Option<Url> {
        let mut primary = public_url::absolute(instance.sign_in_url.as_deref()?)?;
        let page = self.url()?;
        primary.query_pairs_mut().append_pair("__clerk_redirect_url", page.as_str());
        Some(primary)
    }

    /// Whoever comes from another origin may have signed in there, or out.
    fn other_origin(&self, instance: &Instance) -> Option<Outcome> {
        if instance.satellite.is_some() || !self.is_document() || self.redirect_count() != 0 {
            return None;
        }
        let referrer = Url::parse(self.header(&REFERER)).ok()?;
        let page = self.url()?;
        if referrer.origin() == page.origin() || referrer::is_clerks(&referrer, &page, instance) {
            return None;
        }
        let message = self.case.config.debug_headers.then_some("the visitor comes from another origin");
        Some(self.handshake(Reason::PrimaryDomainCrossOriginSync, message))
    }

    /// The URL may ask for another organization than the session has active. Nobody is signed out for that.
    fn other_organization(&self, token: &Token) -> Option<Outcome> {
        let routes = &self.case.config.routes;
        if routes.is_empty() {
            return None;
        }
        let claims = crate::token::SessionClaims::of(token);
        if claims.is_pending() || claims.user_id().as_str().is_empty() {
            return None;
        }
        let page = self.url()?;
        routes.target(page.path()).filter(|target| target.differs(&claims))?;
        let message = self.case.config.debug_headers.then_some("the URL asks for another organization");
        let outcome = self.handshake(Reason::ActiveOrganizationMismatch, message);
        outcome.location().is_some().then_some(outcome)
    }
}

/// What comes back from a handshake.
impl Browser<'_> {
    fn resolve(&self, instance: &Instance) -> Asked<Resolved> {
        const NOTHING: Resolved = Resolved::Open { undecided: false };
        let links = !(instance.is_production && self.case.config.handshake_cookies_only);
        let query = |from: Option<&'_ str>| from.filter(|_| links).map(ToOwned::to_owned);
        let nonce = query(self.query.nonce.as_deref()).or(self.cookies.nonce.as_deref().map(Into::into));
        let (lines, undecided) = if let Some(nonce) = nonce.filter(|nonce| nonce.len() <= MAX_NONCE) {
            match &self.case.answers.handshake {
                None => return Err(Want::Handshake(nonce)),
                Some(Ok(lines)) => (lines.clone(), false),
                Some(Err(failure)) => (Vec::new(), failure.is_outage()),
            }
        } else {
            let token = query(self.query.handshake.as_deref());
            let Some(token) = token.as_deref().or(self.cookies.handshake.as_deref()) else {
                return Ok(NOTHING);
            };
            match self.verify_handshake(token)? {
                Ok(lines) => (lines, false),
                Err(Refusal { undecided, .. }) if instance.is_production => {
                    return Ok(Resolved::Open { undecided });
                }
                Err(Refusal { error, undecided: true }) => {
                    let outcome = self.signed_out(error.reason().clone(), error.message());
                    return Ok(Resolved::Done(outcome.undecided_if(true)));
                }
                Err(Refusal { error, .. }) => {
                    let is_signature = *error.reason() == Reason::TokenInvalidSignature;
                    let bad = if is_signature {
                        BadRequest::HandshakeSignature
                    } else {
                        BadRequest::HandshakeToken
                    };
                    return Ok(Resolved::Done(self.case.bad(bad)));
                }
            }
        };
        self.take_over(instance, &Directives::read(&lines), undecided)
    }

    /// A handshake's payload: signed by the instance, of the class of session tokens, and without any time.
    fn verify_handshake(&self, text: &str) -> Asked<Result<Vec<String>, Refusal>> {
        #[derive(serde::Deserialize)]
        struct Payload {
            #[serde(default)]
            handshake: serde_json::Value,
        }
        let token = match Token::decode(text) {
            Ok(token) if token.is_session() => token,
            Ok(_) => return Ok(Err(TokenError::invalid("a handshake of another kind").into())),
            Err(error) => return Ok(Err(error.into())),
        };
        let key = match self.case.key(&token)? {
            Ok(key) => key,
            Err(refusal) => return Ok(Err(refusal)),
        };
        if let Err(error) = token.check_header(&Default::default()).and_then(|()| token.verify_signature(key))
        {
            return Ok(Err(error.into()));
        }
        let lines = match token.claims::<Payload>() {
            Ok(Payload { handshake: serde_json::Value::Array(lines) }) => lines,
            _ => Vec::new(),
        };
        Ok(Ok(lines.iter().filter_map(|line| line.as_str().map(ToOwned::to_owned)).collect()))
    }

    /// Sets the cookies of a handshake, and goes on as if they had been there.
    fn take_over(
        &self,
        instance: &Instance,
        directives: &Directives<'_>,
        undecided: bool,
    ) -> Asked<Resolved> {
        let mut headers = HeaderMap::new();
        // A production instance's handler answers this request, and what a script of another site sends, with any
        // nonce, must not let it read that answer. Pages that are opened have nobody to read them.
        if !instance.is_production || self.can_navigate() {
            headers.append(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("null"));
            headers.append(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        }
        let dropped = directives.append_to(&mut headers);
        if !instance.is_production
            && let Some(page) = self.url()
            && let Ok(location) = HeaderValue::try_from(String::from(without_handshake(page)))
        {
            headers.append(LOCATION, location);
        }
        if headers.contains_key(LOCATION) || headers.contains_key(SET_COOKIE) {
            headers.append(CACHE_CONTROL, NO_STORE);
        }
        let done =
            |outcome: Outcome| Resolved::Done(outcome.with_headers(&headers).with_dropped_cookies(dropped));
        let Some(session) = directives.session() else {
            let outcome = Outcome::signed_out(Some(TokenKind::Session), Reason::SessionTokenMissing, None);
            return Ok(done(outcome.undecided_if(undecided)));
        };
        Ok(match self.verify_new(session, !instance.is_production)? {
            Ok(candidate) => done(Outcome::signed_in(self.case.session(candidate))),
            Err(refusal) => Resolved::Open { undecided: refusal.undecided },
        })
    }

    /// Verifies a session token that Clerk handed out just now.
    fn verify_new(&self, text: &str, is_lenient: bool) -> Asked<Result<Candidate, Refusal>> {
        let candidate = match Candidate::read(text, self.case.keys()) {
            Ok(candidate) if candidate.token().is_session() => candidate,
            Ok(_) => return Ok(Err(TokenError::mismatch().into())),
            Err(error) => return Ok(Err(error.into())),
        };
        let options = &self.case.config.session;
        let refusal = match self.case.verify(&candidate, options)? {
            Ok(()) => return Ok(Ok(candidate)),
            Err(refusal) => refusal,
        };
        let is_timely = matches!(
            refusal.error.reason(),
            Reason::TokenExpired | Reason::TokenNotActiveYet | Reason::TokenIatInTheFuture
        );
        if !is_lenient || !is_timely {
            return Ok(Err(refusal));
        }
        // The signature is good, and only times have failed: they come last.
        let options = options.clone().clock_skew(ClockSkew::from_millis(DEVELOPMENT_SKEW));
        Ok(candidate.token().check_claims(&options, self.case.now).map(|()| candidate).map_err(Refusal::from))
    }
}

/// A session that was not refreshed.
struct Unrefreshed {
    reason: Reason,
    undecided: bool,
}

impl From<Reason> for Unrefreshed {
    fn from(reason: Reason) -> Self {
        Self { reason, undecided: false }
    }
}

/// Renewing an expired session.
impl Browser<'_> {
    fn refresh(&self, expired: &Token, is_suffixed: bool) -> Asked<Result<Outcome, Unrefreshed>> {
        if !self.is_get() {
            return Ok(Err(Reason::ExpiredNonGet.into()));
        }
        let Some(refresh_token) = self.cookies.refresh.as_deref() else {
            return Ok(Err(Reason::ExpiredNoRefreshCookie.into()));
        };
        let lines = match &self.case.answers.refresh {
            None => {
                return match self.refresh_operation(expired, refresh_token, is_suffixed) {
                    Ok(operation) => Err(Want::Refresh(Box::new(operation))),
                    Err(reason) => Ok(Err(reason.into())),
                };
            }
            Some(Ok(lines)) if lines.is_empty() => return Ok(Err(Reason::ExpiredUnexpectedSdkError.into())),
            Some(Ok(lines)) => lines,
            Some(Err(failure)) => {
                let (reason, undecided) = (Reason::of_refresh(failure), failure.is_outage());
                return Ok(Err(Unrefreshed { reason, undecided }));
            }
        };
        let directives = Directives::read(lines);
        let verified = match directives.session() {
            Some(session) => self.verify_new(session, false)?,
            None => Err(TokenError::invalid("there is no session token").into()),
        };
        Ok(match verified {
            Ok(candidate) => {
                let mut headers = HeaderMap::new();
                let dropped = directives.append_to(&mut headers);
                headers.append(CACHE_CONTROL, NO_STORE);
                let outcome = Outcome::signed_in(self.case.session(candidate));
                Ok(outcome.with_headers(&headers).with_dropped_cookies(dropped))
            }
            Err(Refusal { undecided, .. }) => {
                Err(Unrefreshed { reason: Reason::ExpiredInvalidSessionToken, undecided })
            }
        })
    }

    fn refresh_operation(
        &self,
        expired: &Token,
        refresh_token: &str,
        is_suffixed: bool,
    ) -> Result<sessions::Refresh, Reason> {
        let claims = crate::token::SessionClaims::of(expired);
        let session_id = claims.session_id().ok_or(Reason::ExpiredMissingSidClaim)?;
        let page = self.url().ok_or(Reason::ExpiredUnexpectedSdkError)?;
        let operation =
            sessions::refresh(session_id.clone(), expired.expose(), refresh_token, public_url::origin(&page))
                .format(SessionRefreshFormat::Cookie)
                .request_headers(self.all_headers());
        Ok(if is_suffixed { operation.suffixed_cookies(true) } else { operation })
    }

    /// The request's headers, each a list of one text.
    fn all_headers(&self) -> Metadata {
        let mut all = Metadata::new();
        let headers = self.case.head.headers;
        for name in headers.keys() {
            let separator = if name == http::header::COOKIE { "; " } else { ", " };
            let values: Vec<_> =
                headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
            all = all.with(name.as_str(), vec![values.join(separator)]);
        }
        all
    }
}

/// A handshake's nonce has some thirty characters.
const MAX_NONCE: usize = 2048;

/// The address without what a handshake brings.
pub(super) fn without_handshake(url: Url) -> Url {
    const BROUGHT: [&str; 4] =
        ["__clerk_handshake", "__clerk_help", "__clerk_db_jwt", "__clerk_handshake_nonce"];
    without(url, &BROUGHT)
}

/// The address without these parameters. The rest of the query is written anew, as a browser would.
fn without(mut url: Url, names: &[&str]) -> Url {
    let pairs: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(name, _)| !names.contains(&&**name))
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    url.set_query(None);
    if !pairs.is_empty() {
        url.query_pairs_mut().extend_pairs(pairs);
    }
    url
}

/// The satellite's address with the answer to its question.
fn synced(mut url: Url, dev_browser: Option<&str>) -> Url {
    if let Some(token) = dev_browser {
        url.query_pairs_mut().append_pair("__clerk_db_jwt", token);
    }
    set_pair(&mut url, "__clerk_synced", "true");
    url
}

/// Sets a parameter: the first of the name gets the value, the others go. The whole query is written anew.
pub(super) fn set_pair(url: &mut Url, name: &str, value: &str) {
    let mut is_set = false;
    let mut pairs: Vec<(String, String)> = Vec::new();
    for (one, old) in url.query_pairs() {
        if one != name {
            pairs.push((one.into_owned(), old.into_owned()));
        } else if !is_set {
            pairs.push((name.to_owned(), value.to_owned()));
            is_set = true;
        }
    }
    if !is_set {
        pairs.push((name.to_owned(), value.to_owned()));
    }
    url.set_query(None);
    url.query_pairs_mut().extend_pairs(pairs);
}
