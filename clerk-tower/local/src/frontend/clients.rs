//! Browsers: what an instance remembers of each, and what it has handed out to them.

use std::time::Duration;

use clerk_core::{
    Timestamp,
    id::{ClientId, SessionId, UserId},
};

use serde::{Deserialize, Serialize};

use super::super::{
    random,
    state::{Session, SessionEnd, State, User},
};

/// How many browsers are remembered. Beyond that, the oldest that nobody is signed in with are forgotten.
const MAX_CLIENTS: usize = 1_000;

/// How many sessions there may be when somebody signs in on a page. Beyond that, the oldest that is over is forgotten,
/// or else the oldest.
const MAX_SESSIONS: usize = 10_000;

/// How many results of handshakes wait to be fetched.
const MAX_HANDSHAKES: usize = 1_000;

/// How long a result waits.
const HANDSHAKE_LIFETIME: Duration = Duration::from_secs(60);

/// A browser, which Clerk calls a client.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Client {
    pub(crate) id: ClientId,
    /// The token that the browser is known by, `dvb_…`.
    pub(crate) dev_browser: String,
    /// Who is signed in, if anybody is.
    pub(crate) session: Option<SessionId>,
    /// When somebody signed in or out last.
    pub(crate) changed_at: Timestamp,
    pub(crate) created_at: Timestamp,
}

/// The token that renews a session's cookies without a handshake.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct RefreshToken {
    pub(crate) token: String,
    pub(crate) session: SessionId,
}

/// The result of a handshake, until it is fetched.
struct Handshake {
    nonce: String,
    set_cookies: Vec<String>,
    until: Timestamp,
}

/// All browsers. What is worth saving is public to the instance; results of handshakes are not.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Clients {
    pub(crate) all: Vec<Client>,
    pub(crate) refresh_tokens: Vec<RefreshToken>,
    /// Whether handshakes hand out refresh tokens.
    pub(crate) refreshes: bool,
    /// Where the instance is served, `http://127.0.0.1:4000`, if it is.
    #[serde(skip)]
    pub(crate) address: Option<String>,
    #[serde(skip)]
    handshakes: Vec<Handshake>,
}

impl Clients {
    /// The browser that is known by this token.
    pub(crate) fn find(&self, dev_browser: &str) -> Option<&Client> {
        self.all.iter().find(|client| client.dev_browser == dev_browser)
    }

    fn find_mut(&mut self, dev_browser: &str) -> Option<&mut Client> {
        self.all.iter_mut().find(|client| client.dev_browser == dev_browser)
    }

    /// Remembers a new browser.
    pub(super) fn create(&mut self, now: Timestamp) -> Client {
        if self.all.len() >= MAX_CLIENTS {
            let oldest = self.all.iter().position(|client| client.session.is_none()).unwrap_or(0);
            self.all.remove(oldest);
        }
        let client = Client {
            id: random::id("client_").into(),
            dev_browser: random::id("dvb_"),
            session: None,
            changed_at: now,
            created_at: now,
        };
        self.all.push(client.clone());
        client
    }

    /// The browser of a session that was begun without one.
    pub(crate) fn of_session(&mut self, session: &Session) -> Client {
        if let Some(known) = self.all.iter().find(|client| client.session.as_ref() == Some(&session.id)) {
            return known.clone();
        }
        let mut client = self.create(session.created_at);
        client.id = session.client.clone();
        client.session = Some(session.id.clone());
        if let Some(known) = self.find_mut(&client.dev_browser) {
            known.clone_from(&client);
        }
        client
    }

    /// Keeps the result of a handshake, and says under which nonce.
    pub(super) fn store_handshake(&mut self, set_cookies: Vec<String>, now: Timestamp) -> String {
        self.handshakes.retain(|handshake| handshake.until > now);
        if self.handshakes.len() >= MAX_HANDSHAKES {
            self.handshakes.remove(0);
        }
        let nonce = random::string(32);
        let until = now.saturating_add(HANDSHAKE_LIFETIME);
        self.handshakes.push(Handshake { nonce: nonce.clone(), set_cookies, until });
        nonce
    }

    /// The result of a handshake, once.
    pub(crate) fn take_handshake(&mut self, nonce: &str, now: Timestamp) -> Option<Vec<String>> {
        let at = self.handshakes.iter().position(|handshake| handshake.nonce == nonce)?;
        let handshake = self.handshakes.remove(at);
        (handshake.until > now).then_some(handshake.set_cookies)
    }

    /// The refresh token of a session, which stays the same.
    pub(super) fn refresh_token(&mut self, session: &SessionId) -> String {
        if let Some(known) = self.refresh_tokens.iter().find(|known| known.session == *session) {
            return known.token.clone();
        }
        if self.refresh_tokens.len() >= MAX_CLIENTS {
            self.refresh_tokens.remove(0);
        }
        let token = random::string(43);
        self.refresh_tokens.push(RefreshToken { token: token.clone(), session: session.clone() });
        token
    }
}

/// Why somebody cannot sign in.
pub(super) enum SignInRefused {
    Banned,
    Locked,
}

/// Whether somebody can sign in.
pub(super) const fn may_sign_in(user: &User) -> Result<(), SignInRefused> {
    if user.banned {
        Err(SignInRefused::Banned)
    } else if user.locked {
        Err(SignInRefused::Locked)
    } else {
        Ok(())
    }
}

impl State {
    /// The session of a browser, if it is not over, and the one whose it is.
    pub(super) fn active_session(&self, client: &Client, now: Timestamp) -> Option<(&Session, &User)> {
        let session = self.session(client.session.as_ref()?.as_str()).ok()?;
        let user = self.user(session.user.as_str()).ok()?;
        (is_alive(session, now) && !user.banned).then_some((session, user))
    }

    /// Signs somebody in with a browser. Whoever was signed in before is signed out.
    pub(super) fn sign_in_with(&mut self, dev_browser: &str, user: UserId, now: Timestamp) {
        self.sign_out_with(dev_browser, SessionEnd::Removed, now);
        if self.sessions.len() >= MAX_SESSIONS {
            let oldest = self.sessions.iter().position(|session| !is_alive(session, now)).unwrap_or(0);
            self.sessions.remove(oldest);
        }
        let session = self.sign_in(user, now).id;
        let Some(client) = self.clients.find_mut(dev_browser) else { return };
        client.session = Some(session.clone());
        client.changed_at = now;
        let client = client.id.clone();
        if let Ok(session) = self.session_mut(session.as_str()) {
            session.client = client;
        }
    }

    /// Signs out whoever is signed in with a browser.
    pub(super) fn sign_out_with(&mut self, dev_browser: &str, over: SessionEnd, now: Timestamp) {
        let Some(client) = self.clients.find_mut(dev_browser) else { return };
        let Some(session) = client.session.take() else { return };
        client.changed_at = now;
        self.clients.refresh_tokens.retain(|known| known.session != session);
        if let Ok(session) = self.session_mut(session.as_str()) {
            session.end(over, now);
        }
    }
}

/// Whether a session is not over.
pub(crate) fn is_alive(session: &Session, now: Timestamp) -> bool {
    matches!(session.status(now), "active" | "pending")
}
