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
    fmt::Write as _,
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, ChildStdout, Command, Output, Stdio},
    thread,
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
        Self::with(&[])
    }

    fn with(args: &[&str]) -> Self {
        let mut child = program(&[&["--port", "0"], args].concat()).spawn().unwrap();
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

/// A directory that is deleted at the end of the test.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let path = env::temp_dir().join(format!("clerk-local-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }

    fn write(&self, name: &str, text: &str) -> String {
        let path = self.path(name);
        fs::create_dir_all(self.0.join(name).parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The address and the secret key in the output of a program.
struct Target {
    address: String,
    key: String,
}

impl Target {
    fn of(printed: &str) -> Self {
        let value = |name: &str| variables(printed).into_iter().find(|pair| pair.0 == name).expect(printed).1;
        let address = value("CLERK_API_URL").trim_start_matches("http://").to_owned();
        Self { address, key: value("CLERK_SECRET_KEY") }
    }

    /// Sends a request; returns status and body, or `None` if there is no complete response.
    fn send(&self, method: &str, path: &str, body: &str) -> Option<(u16, String)> {
        let mut stream = TcpStream::connect(&self.address).ok()?;
        let (key, length) = (&self.key, body.len());
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {key}\r\nconnection: close\r\n\
             content-length: {length}\r\n\r\n"
        );
        stream.write_all(format!("{head}{body}").as_bytes()).ok()?;
        let mut response = String::new();
        stream.read_to_string(&mut response).ok()?;
        let (head, body) = response.split_once("\r\n\r\n")?;
        Some((head.split(' ').nth(1)?.parse().ok()?, body.to_owned()))
    }
}

/// 64 writers, and a program that is killed at random moments and started again.
#[cfg(unix)]
#[test]
fn nothing_acknowledged_is_lost_when_the_program_is_killed() {
    use std::{sync::Mutex, time::Duration};

    const WRITERS: usize = 64;
    const ROUNDS: u64 = 6;
    let directory = Directory::new("killed");
    let file = directory.path("clerk.json");
    let acknowledged = Mutex::new(Vec::new());
    let mut keys = Vec::new();
    for round in 0..ROUNDS {
        let mut program = Running::with(&["--file", &file]);
        let target = Target::of(&program.printed());
        keys.push(target.key.clone());
        for name in acknowledged.lock().unwrap().iter() {
            let (status, body) = target.send("GET", &format!("/v1/users?username={name}"), "").unwrap();
            assert!(status == 200 && body.contains(name), "round {round}: {name} was acknowledged: {body}");
        }
        thread::scope(|scope| {
            for writer in 0..WRITERS {
                let (target, acknowledged) = (&target, &acknowledged);
                scope.spawn(move || {
                    for count in 0.. {
                        let name = format!("user_{round}_{writer}_{count}");
                        let body = format!("{{\"username\":\"{name}\"}}");
                        match target.send("POST", "/v1/users", &body) {
                            Some((200, _)) => acknowledged.lock().unwrap().push(name),
                            Some((status, body)) => panic!("{status} {body}"),
                            None => return,
                        }
                    }
                });
            }
            // However slow the machine is, something is written.
            let before = acknowledged.lock().unwrap().len();
            while acknowledged.lock().unwrap().len() < before + WRITERS / 4 {
                assert!(program.child.try_wait().unwrap().is_none(), "it ended");
                thread::sleep(Duration::from_millis(1));
            }
            // Another moment in each round.
            thread::sleep(Duration::from_millis(40 + 73 * round % 211));
            program.child.kill().unwrap();
            program.child.wait().unwrap();
        });
    }
    assert!(acknowledged.lock().unwrap().len() > WRITERS, "hardly anything was written");
    assert!(keys.iter().all(|key| *key == keys[0]));
    let mut names: Vec<_> =
        fs::read_dir(&directory.0).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.retain(|name| !name.to_string_lossy().ends_with(".saving"));
    names.sort();
    assert_eq!(names, [".clerk.json.lock", "clerk.json"]);
}

#[test]
fn keys_people_and_scripts_can_be_given() {
    let directory = Directory::new("given");
    let seed = directory
        .write("people.toml", "[[users]]\nid = 'user_dora'\nfirst_name = 'Dora'\nusername = 'dora'\n");
    let key = directory.write("key.pem", include_str!("../src/tests/keys/rsa-pkcs8.pem"));
    directory.write("scripts/clerk.browser.js", "/* clerk-js */");
    directory.write("scripts/.env", "hunter2");
    let (scripts, variables_file) = (directory.path("scripts"), directory.path(".env"));
    let mut program = Running::with(&[
        "--seed",
        &seed,
        "--jwt-key-file",
        &key,
        "--scripts",
        &scripts,
        "--env",
        &variables_file,
        "--secret-key",
        "sk_test_e2e",
        "--webhook-secret=whsec_c2VjcmV0",
        "--log-requests",
    ]);
    let text = program.printed();
    assert!(text.contains("#   Dora (user_dora)\n") && !text.contains("user_ada"), "{text}");
    assert!(text.contains("CLERK_WEBHOOK_SIGNING_SECRET=whsec_c2VjcmV0\n"), "{text}");
    let target = Target::of(&text);
    assert_eq!(target.key, "sk_test_e2e");
    let (status, jwks) = target.send("GET", "/v1/jwks", "").unwrap();
    assert!(status == 200 && jwks.contains("\"kid\":\"ins_"), "{jwks}");
    let script = target.send("GET", "/npm/@clerk/clerk-js@6.40.0/dist/clerk.browser.js", "").unwrap();
    assert_eq!(script, (200, "/* clerk-js */".to_owned()));
    for path in [
        "/npm/@clerk/ui@1/dist/ui.browser.js",
        "/npm/@clerk/clerk-js@6/dist/..%2Fx",
        "/npm/x",
        "/npm/@clerk/clerk-js@6/dist/.env",
    ] {
        assert_eq!(target.send("GET", path, "").unwrap().0, 404, "{path}");
    }

    let written = fs::read_to_string(&variables_file).unwrap();
    let url = format!("http://{}", target.address);
    let key = variables(&written).into_iter().find(|pair| pair.0 == "CLERK_PUBLISHABLE_KEY").unwrap().1;
    for expected in [
        format!("CLERK_API_URL={url}\n"),
        "CLERK_SECRET_KEY=sk_test_e2e\n".to_owned(),
        format!("NEXT_PUBLIC_CLERK_PUBLISHABLE_KEY={key}\n"),
        format!("VITE_CLERK_PUBLISHABLE_KEY={key}\n"),
        format!("VITE_CLERK_JS_URL={url}/npm/@clerk/clerk-js@latest/dist/clerk.browser.js\n"),
    ] {
        assert!(written.contains(&expected), "{expected} is missing in:\n{written}");
    }
    assert!(
        !written.contains("VITE_CLERK_SECRET") && !written.contains("NEXT_PUBLIC_CLERK_SECRET"),
        "{written}"
    );

    program.child.kill().unwrap();
    let mut log = String::new();
    program.child.stderr.as_mut().unwrap().read_to_string(&mut log).unwrap();
    assert!(log.contains("GET /jwks 200 (secret key)\n") && !log.contains("sk_test"), "{log}");
}

#[test]
fn quiet_prints_nothing() {
    let directory = Directory::new("quiet");
    let mut program = Running::with(&["--quiet", "--env", &directory.path(".env")]);
    while !fs::exists(directory.path(".env")).unwrap() {
        assert!(program.child.try_wait().unwrap().is_none());
        thread::yield_now();
    }
    program.child.kill().unwrap();
    let mut text = String::new();
    program.stdout.read_to_string(&mut text).unwrap();
    program.child.stderr.as_mut().unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(text, "");
}

/// Shells run the output, and anybody chooses a name.
#[test]
fn the_output_stays_a_list_of_variables_whatever_people_are_called() {
    let directory = Directory::new("names");
    let name = "Ada\nSTOLEN=$(touch stolen)\r\u{1b}[31m\u{2028}STOLEN=1";
    let text = format!("[[users]]\nid = 'user_ada'\nusername = 'ada'\nfirst_name = {name:?}\n");
    let text = text.replace("\\u{1b}", "\\u001b").replace("\\u{2028}", "\\u2028");
    let seed = directory.write(
        "people.toml",
        &format!("\u{feff}{text}[[organizations]]\nname = \"A\\nB=1\"\ncreated_by = 'user_ada'\n"),
    );
    let mut program = Running::with(&["--seed", &seed]);
    let printed = program.printed();
    assert!(
        printed.contains("#   Ada STOLEN=$(touch stolen)  [31m STOLEN=1 (user_ada), org:admin of A B=1\n"),
        "{printed}"
    );
    assert!(variables(&printed).iter().all(|(name, _)| name.starts_with("CLERK_")), "{printed}");
    assert!(!printed.contains(['\r', '\u{1b}', '\u{2028}']), "{printed}");
}

/// The output lists people, for which the program asks its own instance.
#[test]
fn only_requests_of_others_are_shown() {
    let mut program = Running::with(&["--log-requests"]);
    let target = Target::of(&program.printed());
    assert_eq!(target.send("GET", "/v1/users/count", "").unwrap().0, 200);
    program.child.kill().unwrap();
    let mut log = String::new();
    program.child.stderr.as_mut().unwrap().read_to_string(&mut log).unwrap();
    assert_eq!(log, "GET /users/count 200 (secret key)\n");
}

/// Each reason not to start is one sentence, without secrets.
#[test]
fn what_is_wrong_is_said_in_one_line() {
    let directory = Directory::new("wrong");
    let seed = directory.write("people.toml", "[[users]]\nusername = 'ada'\nnick = 'hunter2'\n");
    let newer = directory.write("newer.json", "{\"format\":\"clerk-local\",\"version\":99}");
    let foreign = directory.write("foreign.env", "DATABASE_URL=hunter2\n");
    let empty = directory.write("empty.pem", "");
    let missing = directory.path("missing");
    let busy_file = directory.path("busy.json");
    let mut busy = Running::with(&["--file", &busy_file]);
    busy.printed();
    let live = directory
        .write("live.json", &fs::read_to_string(&busy_file).unwrap().replace("\"sk_test_", "\"sk_live_"));
    for (args, expected) in [
        (&["--seed", &seed][..], format!("{seed}: line 3: `users[0].nick`: nick is not a parameter")),
        (&["--seed", &missing], format!("--seed: cannot read {missing}: ")),
        (
            &["--file", &newer],
            format!("cannot load {newer}: it has version 99, and this program reads version 1"),
        ),
        (
            &["--file", &busy_file],
            format!("{busy_file} is in use by another process; stop it, or choose another file"),
        ),
        (
            &["--secret-key", "sk_live_hunter2"],
            "--secret-key: this is a live key, and LocalClerk is not an".to_owned(),
        ),
        (
            &["--publishable-key", "pk_live_Y2xlcmsuZXhhbXBsZS5jb20k"],
            "--publishable-key: this is a live key".to_owned(),
        ),
        (&["--secret-key", "sk_test_$(hunter2)"], "--secret-key: it contains characters".to_owned()),
        (&["--file", &live], format!("cannot load {live}: `secret_key`: this is a live key")),
        (&["--webhook-secret", "hunter2!"], "--webhook-secret: ".to_owned()),
        (&["--jwt-key-file", &empty], "--jwt-key-file: not a private key in PEM format".to_owned()),
        (
            &["--scripts", &missing],
            format!("--scripts: {missing} has no clerk.browser.js; expected a folder"),
        ),
        (
            &["--env", &foreign],
            format!("--env: cannot write {foreign}: it exists, and this program has not written it"),
        ),
        (&["--webhooks-to", "https://example.com"], "--webhooks-to: https is not supported".to_owned()),
        (&["--host", "192.0.2.1"], "cannot listen on 192.0.2.1:0: ".to_owned()),
    ] {
        let (code, stdout, stderr) = output(&[&["--port", "0"], args].concat());
        let lines: Vec<_> = stderr.lines().filter(|line| !line.contains(" warning: ")).collect();
        assert_eq!((code, &*stdout, lines.len()), (Some(1), "", 1), "{args:?}: {stderr}");
        let expected = format!("clerk-local: {expected}");
        assert!(lines[0].starts_with(&expected) && !lines[0].contains("hunter2"), "{args:?}: {stderr}");
    }
    assert_eq!(fs::read_to_string(&foreign).unwrap(), "DATABASE_URL=hunter2\n");
    #[cfg(unix)]
    for option in ["--seed", "--jwt-key-file", "--env"] {
        let (code, _, stderr) = output(&["--port", "0", option, "/dev/zero"]);
        assert!(
            code == Some(1) && stderr.contains("/dev/zero: it is larger than 64 MiB"),
            "{option}: {stderr}"
        );
    }
}

#[test]
fn dangerous_settings_come_with_a_warning() {
    for (args, expected) in [
        (&["--host", "0.0.0.0"][..], "warning: it is not only for this computer"),
        (&["--publishable-key", "pk_test_Y2xlcmsuZXhhbXBsZS5jb20k"], "leads browsers to clerk.example.com"),
    ] {
        let mut program = Running::with(args);
        program.printed();
        program.child.kill().unwrap();
        let mut text = String::new();
        program.child.stderr.as_mut().unwrap().read_to_string(&mut text).unwrap();
        assert!(text.lines().count() == 1 && text.contains(expected), "{text}");
    }
}

/// Not a test of speed: prints how long it takes. `cargo test --release -p clerk-local --test program -- --ignored
/// --nocapture measured`
#[test]
#[ignore = "measures"]
fn measured() {
    const USERS: usize = 10_000;
    let directory = Directory::new("measured");
    let key = directory.write("key.pem", include_str!("../src/tests/keys/rsa-pkcs8.pem"));
    let memory = |program: &Running| {
        let status = fs::read_to_string(format!("/proc/{}/status", program.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap().to_owned();
        line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap()
    };
    let first = |name: &str, args: &[&str]| {
        let start = tokio::time::Instant::now();
        let mut program = Running::with(args);
        let target = Target::of(&program.printed());
        assert_eq!(target.send("GET", "/v1/users/count", "").unwrap().0, 200);
        println!("{name}: {:?} to the first response, {} KiB", start.elapsed(), memory(&program));
        (program, target)
    };
    first("new keys", &[]);
    let (empty, _) = first("a key from a file", &["--jwt-key-file", &key]);
    let before = memory(&empty);
    let mut seed = String::new();
    for at in 0..USERS {
        write!(
            seed,
            "[[users]]\nfirst_name = 'Ada'\nlast_name = 'Lovelace'\nemail_address = ['ada{at}@example.com']\n\
             public_metadata = {{ plan = 'pro' }}\n"
        )
        .unwrap();
    }
    let (seed, file) = (directory.write("people.toml", &seed), directory.path("clerk.json"));
    first("10,000 users from TOML", &["--seed", &seed, "--file", &file, "--jwt-key-file", &key]);
    println!("the file: {} KiB", fs::metadata(&file).unwrap().len() / 1024);
    let (full, target) = first("10,000 users from the file", &["--file", &file]);
    println!("per user: {} bytes", (memory(&full) - before) * 1024 / USERS);
    let start = tokio::time::Instant::now();
    assert_eq!(target.send("POST", "/v1/users", "{\"username\":\"one_more\"}").unwrap().0, 200);
    println!("one write with 10,000 users: {:?}", start.elapsed());
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

#[tokio::test]
async fn printed_tokens_are_accepted() {
    let mut program = Running::with(&["--tokens"]);
    let printed = program.printed();
    let (people, tokens): (Vec<_>, Vec<_>) = printed
        .lines()
        .skip_while(|line| !line.starts_with("# People"))
        .filter(|line| line.starts_with("#   "))
        .partition(|line| !line.contains("Bearer "));
    assert_eq!((people.len(), tokens.len()), (4, 4), "{printed}");
    let target = Target::of(&printed);
    let clerk = Clerk::builder().secret_key(target.key).api_url(format!("http://{}", target.address));
    let clerk = clerk.build().unwrap();
    for (person, line) in people.iter().zip(tokens) {
        let auth = clerk.authenticate_token(line.trim_start_matches("#     Authorization: Bearer ")).await;
        let session = auth.require_session().unwrap();
        assert!(person.contains(session.claims().user_id().as_str()), "{person}");
    }
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
    let expected =
        "clerk-local: unknown argument `--prot`; usage: clerk-local [OPTIONS]; --help lists them\n";
    assert_eq!(stderr, expected);
}

#[test]
fn help_is_printed_on_request() {
    let (code, stdout, stderr) = output(&["--help"]);
    assert_eq!((code, &*stderr), (Some(0), ""));
    assert!(stdout.contains("--port PORT") && stdout.contains("default: 4010"), "{stdout}");
}
