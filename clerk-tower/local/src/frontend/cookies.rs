//! The cookies of an application, as lines for `Set-Cookie`: what a handshake and a refresh hand over.

use std::borrow::Cow;

use http::{HeaderMap, header::COOKIE};

use super::{
    super::{
        claims::{self, TokenOptions},
        keys::SigningKey,
        state::{Session, State},
    },
    clients::Client,
};
use clerk_core::{Timestamp, authenticate::cookie};

/// How long browsers keep what they are known by: a year.
const YEAR: u32 = 31_536_000;

/// How long they keep what belongs to a session, which lasts as long.
const WEEK: u32 = 604_800;

/// The application whose cookies are set.
pub(crate) struct Application {
    /// The end of the names of its own cookies.
    pub(crate) suffix: String,
    /// Its address, for example `http://localhost:3000`.
    pub(crate) origin: String,
}

/// One line.
fn line(name: &str, value: &str, max_age: u32, attributes: &str) -> String {
    format!("{name}={value}; Path=/; Max-Age={max_age}; SameSite=Lax{attributes}")
}

/// The cookie by which this server itself knows a browser. No application sees it, and no script.
pub(super) fn client_cookie(suffix: &str, client: &Client) -> String {
    line(&format!("__client_{suffix}"), &client.dev_browser, YEAR, "; HttpOnly")
}

/// What the browser brings under the name of [`own`].
pub(super) fn read_client_cookie<'a>(headers: &'a HeaderMap, suffix: &str) -> Option<Cow<'a, str>> {
    cookie(headers.get_all(COOKIE), &format!("__client_{suffix}"))
}

impl Application {
    fn attributes(&self) -> &'static str {
        if self.origin.starts_with("https:") { "; Secure" } else { "" }
    }

    /// Sets a cookie under its plain name and under the application's own.
    fn put(&self, lines: &mut Vec<String>, name: &str, value: &str, max_age: u32) {
        for name in [name.to_owned(), format!("{name}_{}", self.suffix)] {
            lines.push(line(&name, value, max_age, self.attributes()));
        }
    }

    /// The cookies for a browser: those of its session, or empty ones.
    pub(super) fn set_cookies(
        &self,
        state: &mut State,
        key: &SigningKey,
        client: &Client,
        now: Timestamp,
    ) -> Vec<String> {
        let mut lines = Vec::new();
        self.put(&mut lines, "__clerk_db_jwt", &client.dev_browser, YEAR);
        let session = state.active_session(client, now).map(|(session, _)| session.clone());
        if let Some(session) = session {
            self.put(&mut lines, "__client_uat", &client.changed_at.as_secs().to_string(), YEAR);
            self.session(&mut lines, state, key, &session, now);
        } else {
            self.put(&mut lines, "__client_uat", "0", YEAR);
            self.put(&mut lines, "__session", "", 0);
            self.refresh(&mut lines, "", 0);
        }
        lines
    }

    /// The cookies of a session: a new token, and what renews it.
    pub(crate) fn session(
        &self,
        lines: &mut Vec<String>,
        state: &mut State,
        key: &SigningKey,
        session: &Session,
        now: Timestamp,
    ) {
        let token = token(state, key, session, Some(&self.origin), now);
        self.put(lines, "__session", &token, WEEK);
        if state.clients.refreshes {
            self.refresh(lines, &state.clients.refresh_token(&session.id), WEEK);
        }
    }

    /// Only ever under the application's own name.
    fn refresh(&self, lines: &mut Vec<String>, value: &str, max_age: u32) {
        let attributes = format!("; HttpOnly{}", self.attributes());
        lines.push(line(&format!("__refresh_{}", self.suffix), value, max_age, &attributes));
    }
}

/// A new token for a session, which says how long ago its user signed in.
pub(crate) fn token(
    state: &State,
    key: &SigningKey,
    session: &Session,
    origin: Option<&str>,
    now: Timestamp,
) -> String {
    let minutes = now.as_secs().saturating_sub(session.created_at.as_secs()) / 60;
    let options = TokenOptions {
        authorized_party: origin.map(str::to_owned),
        factor_ages: [minutes, -1],
        ..TokenOptions::default()
    };
    key.sign(&claims::header(), &claims::session(state, session, &options, now))
}
