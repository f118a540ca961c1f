//! Probable mistakes in the configuration, deduced from rejected requests.

use http::{HeaderMap, header::COOKIE};

use super::{HandshakeRefusal, HandshakeTrace, Outcome};
use crate::{
    Reason, Timestamp,
    authenticate::{
        config::{Config, Forwarded},
        request::{Authorization, CookieSet, Cookies, RedirectCount, RequestHead, authorization, cookie},
    },
    token::{Issuer, KeySet, Token, TokenKind},
};

/// Probable mistake in the configuration, or a wrong clock, when a request is rejected.
///
/// It is a guess for the operators of the service: log it at a limited rate, and do not show it to clients. Of a request,
/// it contains only hosts and numbers of seconds. Hosts come from tokens that may be forged, so they are truncated, and
/// replaced if they contain characters that are not valid in a host.
///
/// ```
/// use clerk_core::{
///     Timestamp,
///     authenticate::{AuthenticateOptions, Authenticator, RequestHead, Step},
///     token::KeySet,
/// };
///
/// let authenticator = Authenticator::new(AuthenticateOptions::new())?;
/// let request = http::Request::get("/").body(())?;
/// let (head, now) = (RequestHead::from(&request), Timestamp::from_secs(1_700_000_000));
/// let Step::Done(outcome) = authenticator.start(&head, &KeySet::default(), now) else { unreachable!() };
///
/// // A visitor without a token is not a sign of a mistake.
/// assert_eq!(authenticator.diagnose(&head, &outcome, now), None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Diagnosis {
    /// The token was issued by another instance than that of the publishable key.
    #[error(
        "a session token was issued by {issuer}, but the publishable key belongs to {expected}: the front end and this \
         service use different instances, or another application on the same domain set the cookie. Copy all keys from \
         the API keys page of one instance"
    )]
    OtherInstance {
        /// The host that the token names.
        issuer: String,
        /// The host that the publishable key names.
        expected: String,
    },
    /// The token is not signed with a key of the instance.
    #[error(
        "a session token from {issuer} is not signed with a key of this service's instance: the secret key, CLERK_JWT_KEY \
         or CLERK_JWKS_URL belongs to another instance than the front end's publishable key, or the token is forged. Copy \
         all keys from the API keys page of one instance"
    )]
    OtherKeys {
        /// The host that the token names.
        issuer: String,
    },
    /// A genuine token is not valid yet.
    #[error(
        "a genuine session token is valid only in {seconds} s by this machine's clock: the clock is behind. Check its time \
         synchronization (NTP)"
    )]
    ClockBehind {
        /// How many seconds until the token is valid.
        seconds: u64,
    },
    /// A browser returns from Clerk with a token that has already expired.
    #[error(
        "a browser returned from Clerk with a session token that expired {seconds} s ago by this machine's clock: the \
         clock is probably ahead. Check its time synchronization (NTP)"
    )]
    ClockAhead {
        /// How many seconds ago the token expired.
        seconds: u64,
    },
    /// A browser returned from Clerk with a handshake of another instance.
    #[error(
        "a browser returned from Clerk, but its handshake was refused ({0}): the publishable key, to whose instance browsers \
         are redirected, belongs to another instance than the secret key or jwt_key. Copy all keys from the API keys page of \
         one instance, and clear the site's cookies"
    )]
    HandshakeKeys(HandshakeRefusal),
    /// A browser returned from Clerk with a handshake that was refused for another reason.
    #[error("a browser returned from Clerk, but its handshake was refused ({0}), so it is redirected again")]
    HandshakeRefused(HandshakeRefusal),
    /// A browser does not store the cookies of handshakes.
    #[error(
        "a browser returned from Clerk with new cookies, but without those that it was given just before: it does not store \
         them. They may need https (Secure), be for another domain, or be too long (4096 bytes with the name), or the \
         browser blocks cookies in a frame of another site"
    )]
    CookiesNotKept,
    /// A browser was redirected to Clerk, or to the sign-in page, until the limit was reached.
    #[error(
        "a browser was redirected to Clerk until the limit was reached, for the reason {0}: {advice}",
        advice = loop_advice(.0)
    )]
    RedirectLoop(Reason),
    /// A browser does not store cookies, not even the one that counts redirects.
    #[error(
        "a browser returned from Clerk without the cookie that was set before: it does not store cookies, or the \
         handshake took longer than two seconds. Browsers may block cookies in a frame of another site, and those of a \
         development instance: open the page itself, or use a production instance on your own domain"
    )]
    CookiesBlocked,
    /// A redirect returns to a URL that may not be the public one.
    #[error(
        "a redirect was created from the request's own scheme and Host, but X-Forwarded-Host or X-Forwarded-Proto differ: \
         behind a trusted proxy, set the public origin with \
         `.authentication(|options| options.forwarded(Forwarded::Origin(..)))`, or trust the headers with \
         `Forwarded::TrustFirst`"
    )]
    ForwardedIgnored,
    /// A genuine token was issued by another instance than the accepted ones.
    #[error(
        "a genuine token was issued by {issuer}, and the accepted issuers are {expected}: the keys do not belong to the \
         instance of the publishable key, or `issuers` is wrong. Copy all keys from the API keys page of one instance; behind \
         a proxy or on a satellite domain, set `issuers` to what the front end's tokens say"
    )]
    OtherIssuer {
        /// The issuer that the token names.
        issuer: String,
        /// The issuers that are accepted.
        expected: String,
    },
    /// A token was not signed with the configured public key. Not found by
    /// [`Authenticator::diagnose`](crate::authenticate::Authenticator::diagnose), which does not know where keys come from.
    #[error(
        "a token was not signed with the configured public key: `jwt_key` (CLERK_JWT_KEY) belongs to another instance than the \
         front end's publishable key, Clerk's key was rotated, or the token is forged. Copy the key again from the API keys \
         page, or leave it out, so that the keys are fetched"
    )]
    ConfiguredKey,
    /// A token of a JWT template arrived where they are not accepted.
    #[error(
        "a token that claims to be from a JWT template was rejected, because this layer does not accept them. If the front end calls \
         `getToken({{ template }})` on purpose, give the template an audience (aud) and accept it with \
         `.authentication(|options| options.template_audiences([..]))`; otherwise, let it call `getToken()`"
    )]
    TemplateToken,
    /// A genuine token of a JWT template is for another audience.
    #[error(
        "a token of a JWT template was rejected because of its audience: {problem}. Compare the claim aud of the template in \
         Clerk's dashboard with `template_audiences`"
    )]
    TemplateAudience {
        /// What is wrong with the audience.
        problem: &'static str,
    },
    /// A genuine OAuth or M2M token is for another service.
    #[error(
        "a genuine machine token was rejected, because it was issued for {audience}, and this service accepts {expected}: \
         compare the audience that the client asks for (resource) with `machine_audiences`, or with the URL of the \
         protected resource"
    )]
    MachineAudience {
        /// What the token was issued for.
        audience: String,
        /// The audiences that are accepted.
        expected: String,
    },
    /// A genuine token was issued to an origin that is not authorized.
    #[error(
        "a genuine session token was issued to {party}, which is not in authorized_parties: add it if it is your origin, \
         with scheme and port"
    )]
    OtherParty {
        /// The origin that the token names.
        party: String,
    },
    /// A genuine token names no origin, as those of native apps do, and authorized parties are set.
    #[error(
        "a genuine session token names no party (azp), and authorized_parties is set: for native apps, use \
         authorized_parties_if_present"
    )]
    NoParty,
    /// A browser sent Clerk's cookies, which cannot be renewed without the publishable key.
    #[error(
        "a browser sent Clerk's cookies with a page that it opened, but publishable_key is not set, so they are not renewed after \
         a minute, and those with a suffix are not read: set CLERK_PUBLISHABLE_KEY. If this service has no pages, nothing is \
         wrong"
    )]
    PublishableKeyMissing,
}

impl Diagnosis {
    /// Returns a stable name for logs: `other-instance`, `other-keys`, `clock-behind`, `clock-ahead`, `handshake-keys`,
    /// `handshake-refused`, `cookies-not-kept`, `redirect-loop`, `cookies-blocked`, `forwarded-ignored`, `other-issuer`,
    /// `configured-key`, `template-token`, `template-audience`, `machine-audience`, `other-party`,
    /// `publishable-key-missing`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::OtherInstance { .. } => "other-instance",
            Self::OtherKeys { .. } => "other-keys",
            Self::ClockBehind { .. } => "clock-behind",
            Self::ClockAhead { .. } => "clock-ahead",
            Self::HandshakeKeys(_) => "handshake-keys",
            Self::HandshakeRefused(_) => "handshake-refused",
            Self::CookiesNotKept => "cookies-not-kept",
            Self::RedirectLoop(_) => "redirect-loop",
            Self::CookiesBlocked => "cookies-blocked",
            Self::ForwardedIgnored => "forwarded-ignored",
            Self::OtherIssuer { .. } => "other-issuer",
            Self::ConfiguredKey => "configured-key",
            Self::TemplateToken => "template-token",
            Self::TemplateAudience { .. } => "template-audience",
            Self::MachineAudience { .. } => "machine-audience",
            Self::OtherParty { .. } | Self::NoParty => "other-party",
            Self::PublishableKeyMissing => "publishable-key-missing",
        }
    }

    /// Returns the probable mistake if a handshake, or the session token in it, was refused.
    ///
    /// Clerk has just made the token, so an expired one means that the clocks differ.
    pub(crate) fn of_refusal(refusal: &HandshakeRefusal, token: Option<&Token>, now: Timestamp) -> Self {
        let of_token = refusal.reason().zip(token).and_then(|(reason, token)| match reason {
            Reason::TokenInvalidAuthorizedParties => Some(other_party(token)),
            reason => Self::of_clock(reason, token, now),
        });
        let is_about_keys = match refusal.reason() {
            Some(reason) => matches!(reason, Reason::JwkKidMismatch | Reason::TokenInvalidSignature),
            None => true,
        };
        of_token.unwrap_or_else(|| {
            let refusal = refusal.clone();
            if is_about_keys { Self::HandshakeKeys(refusal) } else { Self::HandshakeRefused(refusal) }
        })
    }

    /// Returns by how much this machine's clock is wrong if Clerk has just made this token.
    pub(crate) fn of_clock(reason: &Reason, token: &Token, now: Timestamp) -> Option<Self> {
        match reason {
            Reason::TokenExpired => clock_ahead(token, now),
            Reason::TokenNotActiveYet | Reason::TokenIatInTheFuture => clock_behind(token, now),
            _ => None,
        }
    }
}

fn other_party(token: &Token) -> Diagnosis {
    token
        .unverified_party()
        .map_or(Diagnosis::NoParty, |party| Diagnosis::OtherParty { party: origin(party) })
}

fn clock_behind(token: &Token, now: Timestamp) -> Option<Diagnosis> {
    let start = token.unverified_not_before().max(token.unverified_issued_at())?;
    let seconds = u64::try_from(start.as_secs().saturating_sub(now.as_secs())).ok()?;
    Some(Diagnosis::ClockBehind { seconds })
}

fn clock_ahead(token: &Token, now: Timestamp) -> Option<Diagnosis> {
    let end = token.unverified_expires_at()?;
    let seconds = u64::try_from(now.as_secs().saturating_sub(end.as_secs())).ok()?;
    Some(Diagnosis::ClockAhead { seconds })
}

fn loop_advice(reason: &Reason) -> &'static str {
    match reason {
        Reason::TokenInvalidSignature | Reason::JwkKidMismatch => {
            "its token is rejected each time, so a key belongs to another instance. Copy all keys from the API keys page of \
             one instance"
        }
        _ => {
            "its new cookies do not arrive. Either the browser blocks or drops them (open the page itself, not in a frame), \
             or the page's public origin is not the one that Clerk knows (see Forwarded and proxy_url)"
        }
    }
}

/// Returns the probable mistake that explains the outcome of a request. Reads the request again.
pub(crate) fn diagnose(
    config: &Config,
    head: &RequestHead<'_>,
    outcome: &Outcome,
    now: Timestamp,
) -> Option<Diagnosis> {
    if let Some(diagnosis) = outcome.handshake_trace().and_then(|trace| of_handshake(head, trace)) {
        return Some(diagnosis);
    }
    if let Some(audience) = outcome.rejected_audience() {
        return Some(machine_audience(config, audience));
    }
    let reason = outcome.reason()?;
    let is_early = matches!(reason, Reason::SessionTokenNbf | Reason::SessionTokenIatInTheFuture);
    if outcome.location().is_some() && !is_early {
        let is_blocked = is_back_from_clerk(head) && !has_clerks_cookies(head.headers);
        return if is_blocked { Some(Diagnosis::CookiesBlocked) } else { diagnose_redirect(config, head) };
    }
    // An outage is not a mistake in the configuration, and neither is a visitor who is not signed in.
    if outcome.is_undecided() || (outcome.is_anonymous() && !has_clerks_cookies(head.headers)) {
        return None;
    }
    let suffix = config.instance.as_ref().map(|instance| &*instance.suffix);
    let diagnoser = Diagnoser { config, head, cookies: Cookies::read(head.headers, suffix), now };
    match reason {
        _ if is_early => clock_behind(&diagnoser.token()?, now),
        Reason::TokenInvalidAuthorizedParties => Some(other_party(&diagnoser.token()?)),
        Reason::TokenInvalidIssuer => diagnoser.other_issuer(),
        Reason::TokenTypeMismatch => diagnoser.template_token(),
        Reason::TokenVerificationFailed if outcome.token_kind() == Some(TokenKind::Template) => {
            diagnoser.template_audience()
        }
        Reason::JwkKidMismatch => diagnoser.other_keys(),
        _ if diagnoser.lacks_publishable_key() => Some(Diagnosis::PublishableKeyMissing),
        Reason::SessionTokenAndUatMissing => diagnoser.other_cookie(),
        _ if diagnoser.is_in_redirect_loop() => Some(Diagnosis::RedirectLoop(reason.clone())),
        _ if outcome.is_anonymous() => diagnoser.other_cookie(),
        _ => None,
    }
}

fn machine_audience(config: &Config, audience: &[String]) -> Diagnosis {
    // A client may name many: the first few tell enough.
    let named: Vec<_> = audience.iter().take(3).map(|one| address(one)).collect();
    let audience = if named.is_empty() { "no service (aud is missing)".to_owned() } else { named.join(", ") };
    Diagnosis::MachineAudience { audience, expected: config.machine_audience.accepted().join(", ") }
}

/// Returns the probable mistake that a handshake revealed, if the browser was redirected to Clerk just before.
///
/// Otherwise the handshake may be an old one, from the history or a bookmark.
fn of_handshake(head: &RequestHead<'_>, trace: &HandshakeTrace) -> Option<Diagnosis> {
    let diagnosis = trace.diagnosis.as_ref()?;
    let cookies = head.headers.get_all(COOKIE);
    let count = RedirectCount::parse(cookie(&cookies, RedirectCount::COOKIE).as_deref());
    // A browser may load a page twice, and a nonce is valid only once.
    let is_certain = match trace.refusal {
        Some(HandshakeRefusal::Nonce) => count.is_repeated(),
        _ => !count.is_zero(),
    };
    (is_certain && head.can_navigate()).then(|| diagnosis.clone())
}

/// Returns the probable mistake when this request causes a redirect: its URL may not be the public one.
pub(crate) fn diagnose_redirect(config: &Config, head: &RequestHead<'_>) -> Option<Diagnosis> {
    let is_forwarded =
        ["x-forwarded-host", "x-forwarded-proto"].iter().any(|name| head.headers.contains_key(*name));
    if !is_forwarded || config.forwarded != Forwarded::Ignore {
        return None;
    }
    let origin = head.public_origin(&Forwarded::Ignore);
    (origin != head.public_origin(&Forwarded::TrustFirst)).then_some(Diagnosis::ForwardedIgnored)
}

/// Whether the URL has the parameters of a returning handshake.
fn is_back_from_clerk(head: &RequestHead<'_>) -> bool {
    head.uri.query().is_some_and(|query| query.contains("__clerk_handshake"))
}

/// Whether the request has any of Clerk's cookies.
///
/// Most anonymous requests have none, so this is checked before their cookies are parsed.
fn has_clerks_cookies(headers: &HeaderMap) -> bool {
    headers.get_all(COOKIE).iter().any(|field| {
        let field = field.as_bytes();
        [&b"__session"[..], b"__client_uat", b"__clerk_"]
            .iter()
            .any(|name| memchr::memmem::find(field, name).is_some())
    })
}

/// A rejected request, from which the mistake is deduced.
struct Diagnoser<'a> {
    config: &'a Config,
    head: &'a RequestHead<'a>,
    cookies: Cookies<'a>,
    now: Timestamp,
}

impl Diagnoser<'_> {
    /// Returns the session token that the decision was about.
    fn token(&self) -> Option<Token> {
        match authorization(self.head.headers) {
            Authorization::Token(text) => Token::decode(text).ok(),
            Authorization::Broken => None,
            Authorization::None => {
                let instance = self.config.instance.as_ref();
                let (set, _) = CookieSet::choose(&self.cookies, instance, &KeySet::default(), self.now);
                Token::decode(&set.session?.text()).ok()
            }
        }
    }

    /// Whether a navigating browser has reached the limit of redirects.
    fn is_in_redirect_loop(&self) -> bool {
        self.head.can_navigate() && self.cookies.redirect_count.is_at_limit()
    }

    /// Whether a navigating browser brought cookies that only a service with the publishable key can use to the end.
    fn lacks_publishable_key(&self) -> bool {
        self.config.instance.is_none()
            && self.config.accepts(TokenKind::Session)
            && self.head.can_navigate()
            && has_clerks_cookies(self.head.headers)
    }

    fn other_issuer(&self) -> Option<Diagnosis> {
        let token = self.token()?;
        let issuer = match token.issuer() {
            Issuer::Text(issuer) => address(issuer),
            Issuer::Missing => "no issuer (iss is missing)".to_owned(),
            Issuer::Malformed => "an invalid issuer (iss is not a string)".to_owned(),
        };
        let expected = self.config.session.accepted_issuers().join(", ");
        Some(Diagnosis::OtherIssuer { issuer, expected })
    }

    /// The token has the class of templates, and this layer accepts none.
    fn template_token(&self) -> Option<Diagnosis> {
        let is_unexpected = self.config.template.is_none() && self.token()?.is_template();
        is_unexpected.then_some(Diagnosis::TemplateToken)
    }

    fn template_audience(&self) -> Option<Diagnosis> {
        let problem = self.config.template.as_ref()?.audience_problem(&self.token()?)?;
        Some(Diagnosis::TemplateAudience { problem })
    }

    fn other_keys(&self) -> Option<Diagnosis> {
        match self.token()?.issuer() {
            Issuer::Text(issuer) => Some(
                self.other_instance(issuer).unwrap_or_else(|| Diagnosis::OtherKeys { issuer: host(issuer) }),
            ),
            Issuer::Missing | Issuer::Malformed => None,
        }
    }

    /// The request has no session cookie of this instance, but one of another instance.
    fn other_cookie(&self) -> Option<Diagnosis> {
        let has_own = self.cookies.suffixed_session.is_some() || self.cookies.suffixed_client_uat.is_some();
        let foreign = self.cookies.session.filter(|_| !has_own)?;
        match Token::decode(&foreign.text()).ok()?.issuer() {
            Issuer::Text(issuer) => self.other_instance(issuer),
            Issuer::Missing | Issuer::Malformed => None,
        }
    }

    fn other_instance(&self, issuer: &str) -> Option<Diagnosis> {
        let instance = self.config.instance.as_ref().filter(|instance| !instance.is_issuer(issuer))?;
        let (issuer, expected) = (host(issuer), instance.frontend_api.clone());
        Some(Diagnosis::OtherInstance { issuer, expected })
    }
}

/// Upper bound on a host in a message, in bytes, so that a forged token cannot flood the log. The hosts of Clerk's
/// instances have about forty.
const LONGEST: usize = 100;

/// Returns the host of an issuer.
fn host(issuer: &str) -> String {
    let host = issuer.strip_prefix("https://").or_else(|| issuer.strip_prefix("http://")).unwrap_or(issuer);
    cleaned(host.split_once('/').map_or(host, |(host, _)| host), |byte| matches!(byte, b'.' | b'-' | b':'))
}

/// Returns a URL or an ID that a token names.
fn address(text: &str) -> String {
    cleaned(text, |byte| matches!(byte, b'.' | b'-' | b':' | b'/' | b'_'))
}

/// Returns the origin that a token was issued to.
fn origin(party: &str) -> String {
    cleaned(party, |byte| matches!(byte, b'.' | b'-' | b':' | b'/'))
}

/// Returns the string, truncated, if it consists of ASCII letters, digits and these bytes.
///
/// Line breaks and escape sequences in a log could forge lines or control the reader's terminal.
fn cleaned(text: &str, other: impl Fn(u8) -> bool) -> String {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || other(byte));
    match text.get(..LONGEST) {
        _ if text.is_empty() || !is_plain => "an invalid address".to_owned(),
        Some(cut) if cut.len() < text.len() => format!("{cut}…"),
        _ => text.to_owned(),
    }
}
