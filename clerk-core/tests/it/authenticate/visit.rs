//! A request, the responses of Clerk, and the outcome.

use bytes::Bytes;
use clerk_core::{
    authenticate::{
        AuthenticateOptions, Authenticator, CallFailure, Diagnosis, Forwarded, KeyFailure, Need, Outcome,
        PendingCall, PendingOperation, RequestHead, Status, Step,
    },
    token::KeySet,
};
use http::{Request, Response};
use serde_json::{Value, json};
use url::Url;

use crate::tokens::{keys, now};

/// An instance of each type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Env {
    Live,
    Dev,
}

pub(crate) const ENVS: [Env; 2] = [Env::Live, Env::Dev];

impl Env {
    pub(crate) fn pick<T>(self, live: T, dev: T) -> T {
        match self {
            Self::Live => live,
            Self::Dev => dev,
        }
    }

    pub(crate) fn frontend_api(self) -> &'static str {
        self.pick("clerk.example.com", "foo-bar-13.clerk.accounts.dev")
    }

    pub(crate) fn suffix(self) -> &'static str {
        self.pick("naoXFJnI", "nx2hSE6I")
    }

    /// The instance, seen from a service at `https://app.example.com`.
    pub(crate) fn options(self) -> AuthenticateOptions {
        let key =
            self.pick("pk_live_Y2xlcmsuZXhhbXBsZS5jb20k", "pk_test_Zm9vLWJhci0xMy5jbGVyay5hY2NvdW50cy5kZXYk");
        AuthenticateOptions::new()
            .publishable_key(key.parse().unwrap())
            .forwarded(Forwarded::Origin("https://app.example.com".parse().unwrap()))
    }
}

/// A response of Clerk, or its absence.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    Json(Value),
    Status(u16, Value),
    Unreadable,
    Unreachable,
}

/// A request to a service that uses an instance.
#[derive(Clone)]
pub(crate) struct Visit {
    env: Env,
    options: AuthenticateOptions,
    method: &'static str,
    target: String,
    headers: Vec<(&'static str, String)>,
    cookies: Vec<String>,
    keys: KeySet,
    more_keys: Result<KeySet, KeyFailure>,
    reply: Option<Reply>,
}

impl Visit {
    /// `GET /p` without headers, which is not a navigation.
    pub(crate) fn api(env: Env) -> Self {
        Self {
            env,
            options: env.options(),
            method: "GET",
            target: "/p".to_owned(),
            headers: Vec::new(),
            cookies: Vec::new(),
            keys: keys(),
            more_keys: Ok(keys()),
            reply: None,
        }
    }

    /// A navigation of a browser, which has a dev-browser token on a development instance.
    pub(crate) fn document(env: Env) -> Self {
        Self::api(env).known_browser().header("sec-fetch-dest", "document")
    }

    /// Adds a dev-browser token on a development instance.
    pub(crate) fn known_browser(self) -> Self {
        match self.env {
            Env::Live => self,
            Env::Dev => self.cookie("__clerk_db_jwt", "dvb_1"),
        }
    }

    pub(crate) fn options(mut self, change: impl FnOnce(AuthenticateOptions) -> AuthenticateOptions) -> Self {
        self.options = change(self.options);
        self
    }

    pub(crate) fn method(mut self, method: &'static str) -> Self {
        self.method = method;
        self
    }

    pub(crate) fn target(mut self, target: impl Into<String>) -> Self {
        self.target = target.into();
        self
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn bearer(self, token: impl AsRef<str>) -> Self {
        self.header("authorization", format!("Bearer {}", token.as_ref()))
    }

    pub(crate) fn cookie(mut self, name: &str, value: impl AsRef<str>) -> Self {
        self.cookies.push(format!("{name}={}", value.as_ref()));
        self
    }

    /// Adds a cookie with the instance's suffix.
    pub(crate) fn suffixed(self, name: &str, value: impl AsRef<str>) -> Self {
        let name = format!("{name}_{}", self.env.suffix());
        self.cookie(&name, value)
    }

    /// Adds a session token in a cookie, and a client that is older.
    pub(crate) fn signed_in(self, token: impl AsRef<str>) -> Self {
        self.cookie("__client_uat", "1699999000").cookie("__session", token)
    }

    pub(crate) fn keys(mut self, at_hand: KeySet, asked: Result<KeySet, KeyFailure>) -> Self {
        (self.keys, self.more_keys) = (at_hand, asked);
        self
    }

    /// Sets the response of Clerk to the only call. Without it, no call is expected.
    pub(crate) fn reply(mut self, reply: Reply) -> Self {
        self.reply = Some(reply);
        self
    }

    /// Sets the cookies that a handshake's nonce or a refresh returns.
    pub(crate) fn lines(self, lines: &[&str]) -> Self {
        self.reply(Reply::Json(json!({"object": "cookies", "directives": lines, "cookies": lines})))
    }

    pub(crate) fn request(&self) -> Request<()> {
        let mut request = Request::builder().method(self.method).uri(&self.target);
        for (name, value) in &self.headers {
            request = request.header(*name, value.as_bytes());
        }
        if !self.cookies.is_empty() {
            request = request.header("cookie", self.cookies.join("; "));
        }
        request.body(()).unwrap()
    }

    pub(crate) fn seen(&self) -> Seen {
        let request = self.request();
        let authenticator = Authenticator::new(self.options.clone()).unwrap();
        let mut step = authenticator.start(&RequestHead::from(&request), &self.keys, now());
        let mut asked = Vec::new();
        loop {
            step = match step {
                Step::Done(outcome) => return Seen::new(outcome, asked),
                Step::Need(need) => self.answer(need, &mut asked),
            };
            assert!(asked.len() <= 6, "{asked:?}");
        }
    }

    pub(crate) fn verdict(&self) -> String {
        self.seen().verdict()
    }

    /// Returns the probable mistake in the configuration.
    pub(crate) fn diagnosis(&self) -> Option<Diagnosis> {
        let (request, outcome) = (self.request(), self.seen().outcome);
        let found = Authenticator::new(self.options.clone()).unwrap().diagnose(
            &RequestHead::from(&request),
            &outcome,
            now(),
        );
        // Callers ask this first.
        assert!(found.is_none() || outcome.may_be_diagnosed(), "{found:?}");
        found
    }

    fn answer(&self, need: Need, asked: &mut Vec<Asked>) -> Step {
        match need {
            Need::Key(key) => {
                let what = if key.tried().is_some() { "another key" } else { "key" };
                asked.push(Asked { line: format!("{what} {}", key.kid()), body: Value::Null });
                key.resume(self.more_keys.as_ref().map_err(|failure| *failure), now())
            }
            Need::Handshake(call) => self.call(call, asked),
            Need::Refresh(call) => self.call(call, asked),
            Need::ApiKey(call) => self.call(call, asked),
            Need::M2m(call) => self.call(call, asked),
            Need::OAuth(call) => self.call(call, asked),
            other => panic!("{other:?}"),
        }
    }

    fn call<O: PendingOperation>(&self, call: PendingCall<O>, asked: &mut Vec<Asked>) -> Step {
        let request = call.operation().request().unwrap();
        let line = format!("{} {}", request.method(), request.uri());
        asked.push(Asked {
            line: line.clone(),
            body: serde_json::from_slice(request.body()).unwrap_or_default(),
        });
        let reply = self.reply.clone().unwrap_or_else(|| panic!("unexpected call: {line}"));
        let decoded = decoded(call.operation(), &reply);
        call.resume(decoded, now())
    }
}

/// Decodes a response for an operation.
pub(crate) fn decoded<O: PendingOperation>(operation: &O, reply: &Reply) -> Result<O::Output, CallFailure> {
    let (status, body) = match reply {
        Reply::Json(body) => (200, body.to_string()),
        Reply::Status(status, body) => (*status, body.to_string()),
        Reply::Unreadable => (200, "<html>".to_owned()),
        Reply::Unreachable => return Err(CallFailure::Unreachable),
    };
    let response = Response::builder().status(status).body(Bytes::from(body)).unwrap();
    operation.decode(&response).map_err(|error| CallFailure::from(&error))
}

/// A key that was needed, or a call to Clerk.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) line: String,
    pub(crate) body: Value,
}

/// The result of a request.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) outcome: Outcome,
    pub(crate) asked: Vec<Asked>,
}

impl Seen {
    fn new(outcome: Outcome, asked: Vec<Asked>) -> Self {
        check(&outcome);
        Self { outcome, asked }
    }

    /// `signed-in`, or the status and the reason, followed by `?` if the outcome is undecided.
    pub(crate) fn verdict(&self) -> String {
        let mark = if self.outcome.is_undecided() { "?" } else { "" };
        match self.outcome.reason() {
            None => format!("{}{mark}", self.outcome.status().as_str()),
            Some(reason) => format!("{}: {reason}{mark}", self.outcome.status().as_str()),
        }
    }

    pub(crate) fn location(&self) -> Option<String> {
        Some(self.outcome.location()?.to_str().unwrap().to_owned())
    }

    /// A parameter of the location.
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        let url = Url::parse(&self.location()?).unwrap();
        url.query_pairs().find(|(one, _)| one == name).map(|(_, value)| value.into_owned())
    }

    pub(crate) fn set_cookies(&self) -> Vec<String> {
        self.all("set-cookie")
    }

    pub(crate) fn all(&self, name: &str) -> Vec<String> {
        let values = self.outcome.headers().filter(|(other, _)| other == name);
        values.map(|(_, value)| value.to_str().unwrap().to_owned()).collect()
    }

    pub(crate) fn user(&self) -> Option<String> {
        Some(self.outcome.session_or_pending()?.claims().user_id().as_str().to_owned())
    }

    pub(crate) fn asked_lines(&self) -> Vec<&str> {
        self.asked.iter().map(|asked| &*asked.line).collect()
    }
}

/// Checks the invariants of every outcome.
pub(crate) fn check(outcome: &Outcome) {
    let headers: http::HeaderMap = outcome.headers().collect();
    let count = |name: &str| headers.get_all(name).iter().count();
    let is_in = outcome.status() == Status::SignedIn;
    let token =
        [outcome.session_or_pending().is_some(), outcome.machine().is_some(), outcome.template().is_some()];
    assert_eq!(token.iter().filter(|is_found| **is_found).count(), usize::from(is_in));
    assert_eq!(is_in, outcome.reason().is_none());
    assert!(!(is_in && outcome.is_undecided()), "an undecided request is signed in");
    for name in ["x-clerk-auth-status", "x-clerk-auth-reason"] {
        assert_eq!(count(name), usize::from(!is_in), "{name}");
    }
    assert_eq!(count("x-clerk-auth-message"), 0, "messages are off");
    assert!(count("location") <= 1 && count("cache-control") <= 1);
    if let Some(location) = outcome.location() {
        let url = Url::parse(location.to_str().unwrap()).unwrap();
        assert!(matches!(url.scheme(), "http" | "https") && url.has_host(), "{url}");
        assert!(!outcome.is_undecided(), "a redirect is undecided");
    }
    if outcome.location().is_some() || count("set-cookie") > 0 {
        assert_eq!(headers["cache-control"], "no-store");
    }
    if outcome.status() == Status::Handshake {
        assert!(outcome.location().is_some());
        let cookies: Vec<_> = headers.get_all("set-cookie").iter().collect();
        assert_eq!(cookies.len(), 1);
        assert!(cookies[0].to_str().unwrap().starts_with("__clerk_redirect_count="));
    }
}
