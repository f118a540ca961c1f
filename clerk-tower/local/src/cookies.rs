//! The `Set-Cookie` lines that a handshake or a refresh gives to an application.

use std::borrow::Cow;

use http::{HeaderMap, header::COOKIE};

use crate::{
    claims::{self, TokenOptions},
    keys::SigningKey,
    state::{Session, State, clients::Client},
};
use clerk_core::{Timestamp, authenticate::cookie};

/// `Max-Age` of the cookies that identify a browser: a year.
const YEAR: u32 = 31_536_000;

/// `Max-Age` of a session's cookies: a week, as long as the session.
const WEEK: u32 = 604_800;

/// The application whose cookies are set.
pub(crate) struct Application {
    /// The suffix of its cookie names.
    pub(crate) suffix: String,
    /// Its origin, for example `http://localhost:3000`.
    pub(crate) origin: String,
}

/// Returns one `Set-Cookie` line.
fn line(name: &str, value: &str, max_age: u32, attributes: &str) -> String {
    format!("{name}={value}; Path=/; Max-Age={max_age}; SameSite=Lax{attributes}")
}

/// Returns the cookies by which this server recognizes a browser. Scripts do not see the first two.
///
/// The second one is for scripts of pages under another name of this computer: for a browser, `localhost` and `127.0.0.1`
/// are two sites. Browsers that take no `Secure` cookie over http ignore it. Other sites gain nothing by it, because their
/// scripts are rejected by their origin.
///
/// The others are for applications under the same name: browsers send cookies to every port of a host. Clerk's JavaScript
/// does not set them if the publishable key names a local address, but needs them for links to this server's pages, as
/// backends do that authenticate requests by their cookies.
pub(crate) fn client_cookies(suffix: &str, client: &Client) -> [String; 4] {
    let token = &client.dev_browser;
    [
        line(&format!("__client_{suffix}"), token, YEAR, "; HttpOnly"),
        format!("__client_cross_{suffix}={token}; Path=/; Max-Age={YEAR}; SameSite=None; Secure; HttpOnly"),
        line("__clerk_db_jwt", token, YEAR, ""),
        line(&format!("__clerk_db_jwt_{suffix}"), token, YEAR, ""),
    ]
}

/// Reads a cookie that [`client_cookies`] sets.
pub(crate) fn read_client_cookie<'a>(headers: &'a HeaderMap, suffix: &str) -> Option<Cow<'a, str>> {
    let read = |name: &str| cookie(headers.get_all(COOKIE), &format!("{name}_{suffix}"));
    read("__client").or_else(|| read("__client_cross"))
}

impl Application {
    fn attributes(&self) -> &'static str {
        if self.origin.starts_with("https:") { "; Secure" } else { "" }
    }

    /// Sets a cookie under its plain name and under the suffixed one.
    fn put(&self, lines: &mut Vec<String>, name: &str, value: &str, max_age: u32) {
        for name in [name.to_owned(), format!("{name}_{}", self.suffix)] {
            lines.push(line(&name, value, max_age, self.attributes()));
        }
    }

    /// Returns all cookies for a browser. Without a session, the session's cookies are cleared.
    pub(crate) fn set_cookies(
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
            let signed_in = state.clock_time(client.changed_at).as_secs().to_string();
            self.put(&mut lines, "__client_uat", &signed_in, YEAR);
            self.session(&mut lines, state, key, &session, now);
        } else {
            self.put(&mut lines, "__client_uat", "0", YEAR);
            self.put(&mut lines, "__session", "", 0);
            self.refresh(&mut lines, "", 0);
        }
        lines
    }

    /// Appends the cookies of a session: a new token and, if they are turned on, a refresh token.
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

    /// Sets the refresh token. Its cookie has the suffixed name only, as at Clerk.
    fn refresh(&self, lines: &mut Vec<String>, value: &str, max_age: u32) {
        let attributes = format!("; HttpOnly{}", self.attributes());
        lines.push(line(&format!("__refresh_{}", self.suffix), value, max_age, &attributes));
    }
}

/// Signs a new token for a session. The age of its first factor is the time since the sign-in.
pub(crate) fn token(
    state: &State,
    key: &SigningKey,
    session: &Session,
    origin: Option<&str>,
    now: Timestamp,
) -> String {
    let options = TokenOptions {
        authorized_party: origin.map(str::to_owned),
        factor_ages: session.factor_ages(now),
        ..TokenOptions::default()
    };
    key.sign(&claims::header(), &claims::session(state, session, &options, now))
}
