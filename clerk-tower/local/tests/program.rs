//! Tests of the program: starts it, reads its output, uses it through the printed environment, and stops it.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use std::{
    env,
    io::{BufRead as _, BufReader},
    net::TcpListener,
    process::{Child, ChildStdout, Command, Output, Stdio},
};

use clerk_core::api::{sessions, users};
use clerk_tower::Clerk;

/// The test that runs in a child process, with the printed environment.
const CHILD: &str = "child_with_the_printed_environment";

fn program(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_clerk-local"));
    command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn output(args: &[&str]) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = program(args).output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

/// A running program, which is stopped at the end of the test.
struct Running {
    child: Child,
    stdout: BufReader<ChildStdout>,
}

impl Running {
    fn start() -> Self {
        let mut child = program(&["--port", "0"]).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        Self { child, stdout }
    }

    /// Returns everything that is printed up to the last line.
    fn printed(&mut self) -> String {
        let mut text = String::new();
        while !text.contains("Ctrl-C") {
            assert_ne!(self.stdout.read_line(&mut text).unwrap(), 0, "it ended after: {text}");
        }
        text
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads a `.env` file.
fn variables(text: &str) -> Vec<(String, String)> {
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| line.split_once('=').expect(line))
        .map(|(name, value)| (name.into(), value.into()))
        .collect()
}

#[test]
fn an_application_works_with_the_printed_environment() {
    let mut program = Running::start();
    let text = program.printed();
    for part in
        ["/sign-in", "Ada Lovelace (user_ada), ada@example.com, org:admin of Acme\n", "user_katherine"]
    {
        assert!(text.contains(part), "{part} is missing in:\n{text}");
    }
    let mut child = Command::new(env::current_exe().unwrap());
    child.args(["--exact", CHILD, "--ignored"]).envs(variables(&text));
    let Output { status, stdout, stderr } = child.output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success() && said.contains("1 passed"), "{said}");
}

#[tokio::test]
#[ignore = "another test runs it in a process with the printed environment"]
async fn child_with_the_printed_environment() {
    let clerk = Clerk::from_env().unwrap();
    let ada = clerk.send(users::get("user_ada")).await.unwrap();
    assert_eq!(ada.first_name.as_deref(), Some("Ada"));
    let session = clerk.send(sessions::create("user_ada")).await.unwrap();
    let token = clerk.send(sessions::create_token(&session.id)).await.unwrap().jwt.unwrap();
    let auth = clerk.authenticate_token(&token).await;
    assert_eq!(auth.require_session().unwrap().claims().user_id(), "user_ada");
    // A webhook secret is configured, and is a valid one.
    let request = http::Request::post("/").body(()).unwrap();
    let error = clerk.verify_webhook(request.headers(), b"{}").unwrap_err();
    assert!(error.to_string().contains("svix-id"), "{error}");
}

#[cfg(unix)]
#[test]
fn ctrl_c_and_sigterm_stop_it_without_an_error() {
    for signal in ["-INT", "-TERM"] {
        let mut program = Running::start();
        program.printed();
        let id = program.child.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
        assert_eq!(program.child.wait().unwrap().code(), Some(0), "{signal}");
        let mut rest = String::new();
        std::io::Read::read_to_string(program.child.stderr.as_mut().unwrap(), &mut rest).unwrap();
        assert_eq!(rest, "");
    }
}

#[test]
fn a_port_in_use_is_a_one_line_error() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let (code, stdout, stderr) = output(&["--port", &port.to_string()]);
    assert_eq!((code, &*stdout), (Some(1), ""));
    let expected =
        format!("port {port} is in use; stop the program that uses it, or choose another port with --port");
    assert_eq!(stderr, format!("clerk-local: {expected}\n"));
}

#[test]
fn an_invalid_argument_is_a_one_line_error_with_the_usage() {
    let (code, stdout, stderr) = output(&["--prot", "4010"]);
    assert_eq!((code, &*stdout), (Some(2), ""));
    assert_eq!(stderr, "clerk-local: unknown argument `--prot`; usage: clerk-local [--port PORT]\n");
}

#[test]
fn help_is_printed_on_request() {
    let (code, stdout, stderr) = output(&["--help"]);
    assert_eq!((code, &*stderr), (Some(0), ""));
    assert!(stdout.contains("--port PORT") && stdout.contains("default: 4010"), "{stdout}");
}
