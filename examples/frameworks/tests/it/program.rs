//! A program that runs, a `LocalClerk` that it uses, and requests to it.

use std::process::Stdio;

use clerk_local::{LocalClerk, LocalServer};
use reqwest::{Client, Method, RequestBuilder, Url, header::HeaderMap, redirect::Policy};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    time::{Duration, timeout},
};

/// Long enough for any machine. Nothing waits this long unless it fails.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

/// A program, which is stopped when it is dropped.
pub struct Program {
    _child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Program {
    /// Starts a program with the environment of an instance, and of nothing else.
    pub fn start(path: &str, envs: Vec<(&'static str, String)>) -> Self {
        let mut command = Command::new(path);
        command.env_clear().env("PORT", "0").envs(envs).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.kill_on_drop(true).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { _child: child, lines }
    }

    /// Returns what follows `text` in the next line that has it.
    pub async fn after(&mut self, text: &str) -> String {
        loop {
            let line = timeout(LIMIT, self.lines.next_line()).await.expect("the program prints nothing");
            let line = line.unwrap().expect("the program has ended");
            if let Some((_, rest)) = line.split_once(text) {
                return rest.to_owned();
            }
        }
    }
}

/// A program that serves HTTP, and its instance of Clerk.
pub struct Service {
    pub local: LocalClerk,
    pub clerk: LocalServer,
    pub url: Url,
    client: Client,
    _program: Program,
}

impl Service {
    pub async fn start(path: &str) -> Self {
        let clerk = LocalClerk::builder().seeded().serve(([127, 0, 0, 1], 0)).await.unwrap();
        let local = clerk.local().clone();
        let mut program = Program::start(path, clerk.env());
        let url = program.after("Listening on ").await.parse().unwrap();
        let client = Client::builder().redirect(Policy::none()).no_proxy().timeout(LIMIT).build().unwrap();
        Self { local, clerk, url, client, _program: program }
    }

    /// Returns the client, for requests to Clerk.
    pub const fn client(&self) -> &Client {
        &self.client
    }

    /// Starts a request of a script.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, self.url.join(path).unwrap())
    }

    /// Starts a request of a browser for a page.
    pub fn page(&self, path: &str, cookies: &str) -> RequestBuilder {
        self.request(Method::GET, path).header("sec-fetch-dest", "document").header("cookie", cookies)
    }
}

/// A response with its whole body.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
}

impl Reply {
    pub async fn to(request: RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Self { status, headers, body: String::from_utf8(response.bytes().await.unwrap().to_vec()).unwrap() }
    }

    /// Returns the status, and the code of a rejection or else the whole body.
    pub fn summary(&self) -> (u16, String) {
        let body: Value = serde_json::from_str(&self.body).unwrap_or_default();
        let code = body.pointer("/errors/0/code").and_then(Value::as_str);
        (self.status, code.unwrap_or(&self.body).to_owned())
    }

    /// Returns a header that occurs once, or an empty string.
    pub fn header(&self, name: &str) -> &str {
        let values: Vec<_> = self.headers.get_all(name).iter().collect();
        assert!(values.len() < 2, "{values:?}");
        values.first().map_or("", |value| value.to_str().unwrap())
    }

    /// Returns the cookies that the response sets, name and value.
    pub fn cookies(&self) -> Vec<(&str, &str)> {
        let lines = self.headers.get_all("set-cookie").iter().map(|line| line.to_str().unwrap());
        lines.map(|line| line.split(';').next().unwrap().split_once('=').unwrap()).collect()
    }

    /// Returns the names of the cookies that the response sets.
    pub fn cookie_names(&self) -> Vec<&str> {
        self.cookies().into_iter().map(|(name, _)| name).collect()
    }

    /// Returns the `Cookie` header of a browser that has only these cookies.
    pub fn jar(&self) -> String {
        self.cookies().iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }
}
