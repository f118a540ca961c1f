//! The browsers that an instance knows, their refresh tokens, and pending results of handshakes.

use std::time::Duration;

use clerk_core::{
    Timestamp,
    id::{ClientId, SessionId, UserId},
};

use serde::{Deserialize, Serialize};

use super::{Proof, Session, SessionEnd, SignIn, State, User};
use crate::{
    kept::{kept_by_field, kept_whole},
    random,
    table::{Row, Table},
};

/// The maximum number of browsers that are remembered. Beyond that, the oldest one without a session is evicted.
const MAX_CLIENTS: usize = 1_000;

/// The maximum number of sessions when a user signs in on a page. Beyond that, the oldest inactive one is evicted, or
/// else the oldest.
const MAX_SESSIONS: usize = 10_000;

/// The maximum number of handshake results that wait to be fetched.
const MAX_HANDSHAKES: usize = 1_000;

/// How long a result can be fetched.
const HANDSHAKE_LIFETIME: Duration = Duration::from_secs(60);

/// A browser, which Clerk calls a client.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Client {
    pub(crate) id: ClientId,
    /// The token that identifies the browser, `dvb_…`.
    pub(crate) dev_browser: String,
    /// The session that pages use, one of the sessions with this client.
    #[serde(alias = "session")]
    pub(crate) last_active: Option<SessionId>,
    /// The sign-in that was begun last.
    #[serde(default)]
    pub(crate) sign_in: Option<SignIn>,
    /// The identifier of the sign-up that was begun last.
    #[serde(default)]
    pub(crate) sign_up: Option<String>,
    /// The visit to a social provider whose account the user wants to connect.
    #[serde(default)]
    pub(crate) connecting: Option<Proof>,
    /// When someone last signed in or out.
    pub(crate) changed_at: Timestamp,
    pub(crate) created_at: Timestamp,
}

impl Row for Client {
    const NAME: &'static str = "client";

    fn id(&self) -> &str {
        self.id.as_str()
    }
}

/// The token that renews a session's cookies without a handshake.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct RefreshToken {
    pub(crate) token: String,
    pub(crate) session: SessionId,
}

/// The result of a handshake, until it is fetched.
#[derive(Clone, PartialEq)]
struct Handshake {
    nonce: String,
    set_cookies: Vec<String>,
    until: Timestamp,
}

/// All browsers. Results of handshakes are not saved.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Clients {
    pub(crate) all: Table<Client>,
    pub(crate) refresh_tokens: Vec<RefreshToken>,
    /// Whether handshakes set refresh tokens.
    pub(crate) refreshes: bool,
    /// The URL of the server, for example `http://127.0.0.1:4000`, if the instance is served.
    #[serde(skip)]
    pub(crate) address: Option<String>,
    #[serde(skip)]
    handshakes: Vec<Handshake>,
}

kept_by_field!(Clients { all, refresh_tokens, refreshes } without { address, handshakes });
kept_whole!(Vec<RefreshToken>);

impl Clients {
    /// Returns the browser with this token.
    pub(crate) fn find(&self, dev_browser: &str) -> Option<&Client> {
        self.all.find(|client| client.dev_browser == dev_browser)
    }

    /// Adds a browser.
    pub(crate) fn create(&mut self, now: Timestamp) -> Client {
        if self.all.len() >= MAX_CLIENTS {
            let oldest = self.all.find(|client| client.last_active.is_none()).or(self.all.iter().next());
            let oldest = oldest.map(|client| client.id.clone());
            self.all.retain(|client| Some(&client.id) != oldest.as_ref());
        }
        let client = Client {
            id: random::id("client_").into(),
            dev_browser: random::id("dvb_"),
            last_active: None,
            sign_in: None,
            sign_up: None,
            connecting: None,
            changed_at: now,
            created_at: now,
        };
        self.all.insert(client.clone());
        client
    }

    /// Returns the browser of a session; adds one for a session that was started without a browser.
    pub(crate) fn of_session(&mut self, session: &Session) -> Client {
        if let Ok(known) = self.all.get(session.client.as_str()) {
            return known.clone();
        }
        let client = Client {
            id: session.client.clone(),
            last_active: Some(session.id.clone()),
            ..self.create(session.created_at)
        };
        self.all.retain(|known| known.dev_browser != client.dev_browser);
        self.all.insert(client.clone());
        client
    }

    /// Stores the result of a handshake and returns its nonce.
    pub(crate) fn store_handshake(&mut self, set_cookies: Vec<String>, now: Timestamp) -> String {
        self.handshakes.retain(|handshake| handshake.until > now);
        if self.handshakes.len() >= MAX_HANDSHAKES {
            self.handshakes.remove(0);
        }
        let nonce = random::string(32);
        let until = now.saturating_add(HANDSHAKE_LIFETIME);
        self.handshakes.push(Handshake { nonce: nonce.clone(), set_cookies, until });
        nonce
    }

    /// Removes and returns the result of a handshake.
    pub(crate) fn take_handshake(&mut self, nonce: &str, now: Timestamp) -> Option<Vec<String>> {
        let at = self.handshakes.iter().position(|handshake| handshake.nonce == nonce)?;
        let handshake = self.handshakes.remove(at);
        (handshake.until > now).then_some(handshake.set_cookies)
    }

    /// Returns the refresh token of a session. It stays the same.
    pub(crate) fn refresh_token(&mut self, session: &SessionId) -> String {
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

impl State {
    /// Returns the active and pending sessions of a browser, with their users.
    pub(crate) fn live_sessions(
        &self,
        client: &Client,
        now: Timestamp,
    ) -> impl Iterator<Item = (&Session, &User)> {
        let own = self.sessions.having(client.id.as_str()).filter(move |session| session.client == client.id);
        own.filter(move |session| is_alive(session, now))
            .filter_map(|session| Some((session, self.users.get(session.user.as_str()).ok()?)))
            .filter(|(_, user)| !user.banned)
    }

    /// Returns the active or pending session that a browser used last, and its user.
    pub(crate) fn active_session(&self, client: &Client, now: Timestamp) -> Option<(&Session, &User)> {
        let last = client.last_active.as_ref()?;
        self.live_sessions(client, now).find(|(session, _)| session.id == *last)
    }

    /// Signs a user in with a browser. Its other users are signed out first.
    pub(crate) fn sign_in_with(&mut self, dev_browser: &str, user: UserId, now: Timestamp) {
        self.sign_out_with(dev_browser, SessionEnd::Removed, now);
        let Some(client) = self.clients.find(dev_browser).map(|client| client.id.clone()) else { return };
        self.start_session(&client, user, now);
    }

    /// Starts a session in a browser, beside its other ones, and makes it the active one.
    pub(crate) fn start_session(&mut self, client: &ClientId, user: UserId, now: Timestamp) -> SessionId {
        if self.sessions.len() >= MAX_SESSIONS {
            let oldest =
                self.sessions.find(|session| !is_alive(session, now)).or(self.sessions.iter().next());
            let oldest = oldest.map(|session| session.id.clone());
            self.sessions.retain(|session| Some(&session.id) != oldest.as_ref());
        }
        let session = self.sign_in(user, now).id;
        if let Ok(session) = self.sessions.get_mut(session.as_str()) {
            session.client = client.clone();
        }
        self.activate_session(client, Some(session.clone()), now);
        session
    }

    /// Makes a session the one that pages use.
    pub(crate) fn activate_session(&mut self, client: &ClientId, session: Option<SessionId>, now: Timestamp) {
        if let Ok(client) = self.clients.all.get_mut(client.as_str()) {
            client.last_active = session;
            client.changed_at = now;
        }
    }

    /// Ends a session of a browser.
    pub(crate) fn end_session(
        &mut self,
        client: &Client,
        session: &SessionId,
        over: SessionEnd,
        now: Timestamp,
    ) {
        self.clients.refresh_tokens.retain(|known| known.session != *session);
        if let Ok(session) = self.sessions.get_mut(session.as_str()) {
            session.end(over, now);
        }
        if client.last_active.as_ref() == Some(session) {
            self.activate_session(&client.id, None, now);
        }
    }

    /// Ends all sessions of a browser.
    pub(crate) fn sign_out_with(&mut self, dev_browser: &str, over: SessionEnd, now: Timestamp) {
        let Some(client) = self.clients.find(dev_browser).cloned() else { return };
        let sessions: Vec<_> =
            self.live_sessions(&client, now).map(|(session, _)| session.id.clone()).collect();
        for session in sessions {
            self.end_session(&client, &session, over, now);
        }
    }
}

/// Returns whether a session is active or pending.
pub(crate) fn is_alive(session: &Session, now: Timestamp) -> bool {
    matches!(session.status(now), "active" | "pending")
}
