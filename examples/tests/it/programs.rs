//! Runs the programs as a user would: starts them, reads their output, sends requests, stops them.

use std::{
    collections::{HashMap, HashSet},
    process::Stdio,
    time::Duration,
};

use crate::surfing::{Browser, Page};
use clerk_axum::local::{Fault, LocalClerk};
use reqwest::{StatusCode, Url};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    time::timeout,
};

/// Long enough for any machine. Nothing waits this long unless it fails.
const LIMIT: Duration = Duration::from_secs(60);

struct Program {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Program {
    fn start(path: &str, envs: &[(&str, &str)]) -> Self {
        Self::start_with(path, &[], envs)
    }

    fn start_with(path: &str, arguments: &[&str], envs: &[(&str, &str)]) -> Self {
        let mut command = Command::new(path);
        command.args(arguments);
        command.env_remove("CLERK_SECRET_KEY").env("PORT", "0").envs(envs.iter().copied());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    async fn line(&mut self) -> String {
        timeout(LIMIT, self.lines.next_line()).await.expect("the program prints nothing").unwrap().unwrap()
    }

    async fn line_with(&mut self, text: &str) -> String {
        loop {
            let line = self.line().await;
            if line.contains(text) {
                return line;
            }
        }
    }

    /// The address in the line that begins with `Open`.
    async fn address(&mut self) -> String {
        self.line_with("Open ").await.split_whitespace().nth(1).unwrap().to_owned()
    }

    #[cfg(unix)]
    async fn signal(&self, signal: &str) {
        let id = self.child.id().unwrap().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().await.unwrap().success());
    }

    /// Waits for the program to end, and returns its exit code and standard error.
    async fn end(mut self) -> (Option<i32>, String) {
        // Read the rest of the output: a program that cannot write it ends with an error.
        let rest = async { while let Ok(Some(_)) = self.lines.next_line().await {} };
        timeout(LIMIT, rest).await.expect("the program does not end");
        let output =
            timeout(LIMIT, self.child.wait_with_output()).await.expect("the program does not end").unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    }
}

/// The address and the bearer token of a printed `curl` line.
fn parse_curl(line: &str) -> (String, String) {
    let mut words = line.split_whitespace();
    assert_eq!(words.next(), Some("curl"));
    let url = words.next().unwrap().to_owned();
    (url, bearer(line))
}

/// The bearer token at the end of a printed command.
fn bearer(line: &str) -> String {
    line.split("-H 'Authorization: Bearer ").nth(1).unwrap().strip_suffix('\'').unwrap().to_owned()
}

async fn get(url: &str, token: Option<&str>) -> (StatusCode, Value) {
    let mut request = reqwest::Client::new().get(url);
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    let response = request.send().await.unwrap();
    let status = response.status();
    (status, serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or(Value::Null))
}

fn change_one_character(token: &str) -> String {
    let (start, signature) = token.rsplit_once('.').unwrap();
    let middle = signature.len() / 2;
    let other = if signature.as_bytes()[middle] == b'A' { "B" } else { "A" };
    format!("{start}.{}{other}{}", &signature[..middle], &signature[middle + 1..])
}

const QUICKSTART: &str = env!("CARGO_BIN_EXE_quickstart");

#[tokio::test]
async fn the_quickstart_serves_the_users_it_prints_and_stops_on_ctrl_c() {
    let mut program = Program::start_with(QUICKSTART, &["--tokens"], &[]);
    let address = program.address().await;
    let mut tokens = Vec::new();
    for person in ["Ada", "Grace", "Alan", "Katherine"] {
        let (url, token) = parse_curl(&program.line_with("curl ").await);
        let (status, user) = get(&url, Some(&token)).await;
        assert_eq!((status, user["first_name"].as_str()), (StatusCode::OK, Some(person)));
        tokens.push(token);
    }
    let [ada, grace, alan, _] = &tokens[..] else { panic!("four users") };

    let changed = change_one_character(ada);
    for (path, token, status, code) in [
        ("/", None, 200, None),
        ("/nowhere", None, 404, Some("not-found")),
        ("/api/nowhere", Some(ada), 404, Some("not-found")),
        ("/organizations/org_nowhere", Some(ada), 404, Some("organization-not-found")),
        ("/sign-out", Some(ada), 405, Some("method-not-allowed")),
        ("/sign-out", None, 405, Some("method-not-allowed")),
        ("/api/me", None, 401, Some("dev-browser-missing")),
        ("/api/me", Some(&changed), 401, Some("token-invalid-signature")),
        ("/api/organization", Some(grace), 200, None),
        ("/api/organization", Some(alan), 403, Some("organization-missing")),
        ("/api/members", None, 401, Some("dev-browser-missing")),
        ("/api/members", Some(grace), 403, Some("permission-missing")),
        ("/api/members", Some(alan), 403, Some("permission-missing")),
        ("/api/members", Some(ada), 200, None),
        ("/members", None, 401, Some("dev-browser-missing")),
        ("/members", Some(grace), 403, Some("permission-missing")),
        ("/", Some(&changed), 401, Some("token-invalid-signature")),
    ] {
        let (got, body) = get(&format!("{address}{path}"), token.map(String::as_str)).await;
        assert_eq!((got.as_u16(), body["errors"][0]["code"].as_str()), (status, code), "{path}");
    }
    let (_, organization) = get(&format!("{address}/api/organization"), Some(ada)).await;
    assert_eq!(organization["slug"], "acme");
    assert!(organization["permissions"].as_array().unwrap().contains(&"org:users:manage".into()));
    let (_, members) = get(&format!("{address}/api/members"), Some(ada)).await;
    let mut names: Vec<_> = members.as_array().unwrap().iter().map(|user| &user["name"]).collect();
    names.sort_by_key(|name| name.to_string());
    assert_eq!(names, ["Ada Lovelace", "Grace Hopper"]);

    #[cfg(unix)]
    {
        program.signal("-INT").await;
        program.line_with("Stopped.").await;
        assert_eq!(program.end().await, (Some(0), String::new()));
    }
}

#[tokio::test]
async fn the_quickstart_prints_one_address_and_one_command() {
    let mut program = Program::start(QUICKSTART, &[]);
    let mut lines = vec![program.line().await];
    while !lines.last().unwrap().contains("Ctrl-C") {
        lines.push(program.line().await);
    }
    let with = |text: &str| lines.iter().filter(|line| line.contains(text)).count();
    assert_eq!((with("Open http://localhost:"), with("curl "), with("--tokens")), (1, 1, 1), "{lines:#?}");
    assert!(lines.len() < 15, "{lines:#?}");
}

#[cfg(unix)]
#[tokio::test]
async fn the_quickstart_responds_with_503_without_clerk_and_says_why() {
    // No server listens on this port once the listener is dropped.
    let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let api = format!("http://{gone}");
    let envs = [("CLERK_SECRET_KEY", "sk_test_verysecret"), ("CLERK_API_URL", api.as_str())];
    let mut program = Program::start(QUICKSTART, &envs);
    let address = program.address().await;

    let local = LocalClerk::new();
    let token = local.sign_in(&local.user("Ada", "Lovelace").create()).token();
    assert_eq!(get(&format!("{address}/api/me"), Some(&token)).await.0, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(get(&format!("{address}/"), None).await.0, StatusCode::OK);

    // As an orchestrator stops it.
    program.signal("-TERM").await;
    program.line_with("Stopped.").await;
    let (code, stderr) = program.end().await;
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stderr.contains("cannot fetch the instance's keys, requests may get 503"), "{stderr}");
    assert!(stderr.contains("The warning above says what is wrong."), "{stderr}");
    assert!(!stderr.contains("verysecret") && !stderr.contains(&token), "{stderr}");
}

/// Signs in on the sign-in page that is open, and chooses an organization if there is one to choose.
async fn sign_in(browser: &mut Browser, page: &Page, user: &str, organization: &str) -> Page {
    assert_eq!(page.url.path(), "/sign-in", "{}", page.text);
    let page = browser.submit(page, "/sign-in", Some(("user", user))).await;
    if page.url.path() != "/sign-in/organization" {
        return page;
    }
    browser.submit(&page, "/sign-in/organization", Some(("organization", organization))).await
}

#[tokio::test]
async fn people_sign_in_at_the_quickstart_switch_and_sign_out() {
    let mut program = Program::start(QUICKSTART, &[]);
    let address = program.address().await;
    let mut browser = Browser::new();
    let page = browser.open(&address).await;
    assert!(page.text.contains("Nobody is signed in") && page.text.contains("signed-out"), "{}", page.text);
    // The page behind the guard sends visitors to sign in, and they come back to it.
    let page = browser.open(&format!("{address}/members")).await;
    let page = sign_in(&mut browser, &page, "user_ada", "org_acme").await;
    assert_eq!(page.url.as_str(), format!("{address}/members"));
    assert!(page.text.contains("Ada Lovelace") && page.text.contains("Grace Hopper"), "{}", page.text);

    let page = browser.open(&address).await;
    for text in [
        "Hello Ada",
        "user_ada",
        "Members of Acme",
        "Grace Hopper",
        "org:users:manage",
        ">AL<",
        "&quot;sid&quot;",
    ] {
        assert!(page.text.contains(text), "{text}: {}", page.text);
    }
    // In the other organization, Ada may not see the members.
    let link = page.links().into_iter().find(|link| link.path() == "/organizations/org_compilers").unwrap();
    let page = browser.open(link.as_str()).await;
    assert_eq!(page.url.as_str(), format!("{address}/"));
    assert!(
        page.text.contains("Compilers &amp; Co") && page.text.contains("You are org:member here"),
        "{}",
        page.text
    );
    assert!(!page.text.contains("Grace Hopper"), "{}", page.text);
    assert_eq!(browser.open(&format!("{address}/members")).await.status, StatusCode::FORBIDDEN);
    let page = browser.open(&format!("{address}/personal")).await;
    assert!(page.text.contains("No organization is active"), "{}", page.text);
    let page = browser.open(&format!("{address}/organizations/org_nowhere")).await;
    assert_eq!((page.status, page.is_html), (StatusCode::NOT_FOUND, true));
    assert!(page.text.contains("not one of its members"), "{}", page.text);

    let page = browser.open(&address).await;
    let page = browser.submit(&page, "/sign-out", None).await;
    assert!(page.text.contains("Nobody is signed in"), "{}", page.text);
    assert_eq!(browser.open(&format!("{address}/api/me")).await.status, StatusCode::UNAUTHORIZED);
}

/// Follows every link from the home page, and every page that cannot be shown: none ends where there is no way back.
#[tokio::test]
async fn every_link_of_the_examples_leads_to_a_page_with_a_title_and_a_way_back() {
    for (path, user, others) in [
        (QUICKSTART, "user_ada", &["/api/nowhere", "/organizations/org_nowhere", "/sign-out"][..]),
        (QUICKSTART, "user_grace", &["/members"]),
        (QUICKSTART, "user_alan", &["/members", "/api/organization"]),
        (QUICKSTART, "", &["/api/me", "/api/members"]),
        (env!("CARGO_BIN_EXE_pages"), "user_ada", &["/orgs/elsewhere", "/nowhere", "/sign-out"]),
        (env!("CARGO_BIN_EXE_pages"), "", &["/nowhere", "/sign-out"]),
        (
            env!("CARGO_BIN_EXE_organizations"),
            "user_ada",
            &["/organizations/org_nowhere", "/nowhere", "/sign-out"],
        ),
        (
            env!("CARGO_BIN_EXE_organizations"),
            "user_grace",
            &["/organization/members", "/organization/settings"],
        ),
        (env!("CARGO_BIN_EXE_organizations"), "", &["/organization"]),
    ] {
        let mut program = Program::start(path, &[]);
        let home = Url::parse(&program.address().await).unwrap();
        let mut browser = Browser::new();
        if !user.is_empty() {
            let page = browser.open(home.join("/sign-in").unwrap().as_str()).await;
            let page = sign_in(&mut browser, &page, user, "org_acme").await;
            assert_eq!(page.url.origin(), home.origin());
        }
        let mut next: Vec<Url> = others.iter().map(|path| home.join(path).unwrap()).collect();
        next.push(home.clone());
        let (mut seen, mut titles) = (HashSet::new(), HashMap::new());
        while let Some(url) = next.pop() {
            // Pages of LocalClerk have tests of their own.
            if url.origin() != home.origin() || !seen.insert(url.clone()) {
                continue;
            }
            let page = browser.open(url.as_str()).await;
            assert!(page.is_html && page.text.contains("<main>"), "{user} {url}: {}", page.text);
            if page.url.origin() == home.origin() {
                assert!(page.links().contains(&home), "{user} {url}: no way back: {}", page.text);
                // A rejection's page cannot know who is signed in.
                let shows_name = page.text.contains("<form class=\"session\"");
                let is_known = !user.is_empty() && page.status != 403;
                assert_eq!(shows_name, is_known, "{user} {url}: {}", page.text);
                next.extend(page.links());
                // Pages that cannot be shown have the title of what went wrong.
                let known = titles.entry(page.title().to_owned()).or_insert_with(|| page.url.clone()).clone();
                assert!(page.status != 200 || known == page.url, "{known} and {} have one title", page.url);
            }
            assert!(!page.title().is_empty(), "{url}");
        }
        let refused = others.len();
        assert!(seen.len() > refused, "{path}: {seen:?}");
    }
}

/// The way of somebody with an account at Clerk: the variables are those of an instance in another process. What people
/// call themselves and their organizations is shown as text.
#[tokio::test]
async fn the_quickstart_uses_the_instance_that_the_environment_names() {
    const NAME: &str = "<script>alert(1)</script>";
    let server = LocalClerk::builder().serve(([127, 0, 0, 1], 0)).await.unwrap();
    let local = server.local();
    let user = local.user(NAME, "\"'&").id("user_eve").email("eve@example.com").create();
    // Only Clerk's own roles, as in a new instance.
    let organization = local.organization(NAME).id("org_eve").slug("eve").created_by(&user).create();
    local.add_member(&organization, &user, "org:admin");
    let envs = server.env();
    let envs: Vec<_> = envs.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let mut program = Program::start(QUICKSTART, &envs);
    let address = program.address().await;
    program.line_with("instance of CLERK_SECRET_KEY").await;
    let mut browser = Browser::new();
    let page = browser.open(&format!("{address}/sign-in")).await;
    assert_eq!(page.url.origin().ascii_serialization(), server.api_url());
    let page = sign_in(&mut browser, &page, "user_eve", "org_eve").await;
    assert_eq!(page.url.as_str(), format!("{address}/"));
    for text in ["Hello &lt;script&gt;", "Members of &lt;script&gt;", "&quot;&#39;&amp;", "org:admin"] {
        assert!(page.text.contains(text), "{text}: {}", page.text);
    }
    assert!(!page.text.contains("<script"), "{}", page.text);

    // Organizations are disabled in many instances.
    let refused = Fault::status(StatusCode::FORBIDDEN);
    local.inject(refused.on("GET", "/users/{user_id}/organization_memberships"));
    local.user("Bob", "").id("user_bob").create();
    let mut browser = Browser::new();
    let page = browser.open(&format!("{address}/sign-in")).await;
    let page = sign_in(&mut browser, &page, "user_bob", "").await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text);
    assert!(page.text.contains("Clerk did not return your organizations"), "{}", page.text);
}

#[tokio::test]
async fn pages_redirect_to_sign_in_and_switch_organizations() {
    let mut program = Program::start(env!("CARGO_BIN_EXE_pages"), &[]);
    let address = &program.address().await;
    let mut browser = Browser::new();
    assert!(browser.open(address).await.text.contains("Welcome</h1>"));
    // A private page redirects to sign-in, which returns to the page.
    let page = browser.open(&format!("{address}/account?tab=1")).await;
    assert_eq!(page.url.path(), "/sign-in");
    let page = browser.submit(&page, "/sign-in", Some(("user", "user_ada"))).await;
    let page = browser.submit(&page, "/sign-in/organization", Some(("organization", "org_acme"))).await;
    assert_eq!(page.url.as_str(), format!("{address}/account?tab=1"));
    assert!(page.text.contains("Ada Lovelace") && page.text.contains("ada@example.com"), "{}", page.text);
    // The URL switches the organization.
    let page = browser.open(&format!("{address}/orgs/acme")).await;
    assert!(page.text.contains("Your role is <code>org:admin</code>"), "{}", page.text);
    assert_eq!(page.url.path(), "/orgs/acme");
    let page = browser.open(&format!("{address}/orgs/acme/members")).await;
    assert!(page.text.contains("Grace Hopper") && !page.text.contains("Alan"), "{}", page.text);
    let page = browser.open(&format!("{address}/orgs/elsewhere")).await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    assert!(page.text.contains("not one of its members"), "{}", page.text);
    let page = browser.open(&format!("{address}/account")).await;
    let page = browser.submit(&page, "/sign-out", None).await;
    assert!(page.text.contains("Welcome</h1>"), "{}", page.text);

    let page = browser.open(&format!("{address}/orgs/acme/members")).await;
    assert_eq!(page.url.path(), "/sign-in");
    let page = browser.submit(&page, "/sign-in", Some(("email", "new@example.com"))).await;
    assert_eq!((page.status, page.url.path()), (StatusCode::FORBIDDEN, "/orgs/acme/members"));
    assert!(page.text.contains("<h1>You may not see this page</h1>"), "{}", page.text);
    let (status, body) = get(&format!("{address}/account"), None).await;
    assert_eq!(
        (status, body["errors"][0]["code"].as_str()),
        (StatusCode::UNAUTHORIZED, Some("dev-browser-missing"))
    );
}

#[tokio::test]
async fn pages_log_requests_without_the_credentials_of_a_handshake() {
    let mut program = Program::start(env!("CARGO_BIN_EXE_pages"), &[]);
    let address = &program.address().await;
    // A browser that signs in brings real ones.
    let mut browser = Browser::new();
    let page = browser.open(&format!("{address}/account?tab=1")).await;
    let page = browser.submit(&page, "/sign-in", Some(("user", "user_grace"))).await;
    browser.submit(&page, "/sign-in/organization", Some(("organization", "org_acme"))).await;
    for parameter in
        ["__clerk_handshake", "__clerk_handshake_nonce", "__clerk_db_jwt", "__clerk_ticket", "__session"]
    {
        get(&format!("{address}/?{parameter}=verysecret&page=7"), None).await;
    }
    program.child.start_kill().unwrap();
    let (_, log) = program.end().await;
    assert!(
        log.contains("uri=/account?tab=1") && log.contains("__clerk_handshake=[redacted]&page=7"),
        "{log}"
    );
    assert!(!log.contains("verysecret"), "{log}");
    let values = log.split("__clerk_").skip(1).filter_map(|rest| rest.split_once('='));
    let values: Vec<_> = values.map(|(_, value)| value.split(['&', '}', ' ']).next().unwrap()).collect();
    assert!(values.len() > 5 && values.iter().all(|value| *value == "[redacted]"), "{log}");
}

#[tokio::test]
async fn the_examples_say_which_port_is_in_use() {
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    for (path, variable) in [
        (QUICKSTART, "PORT"),
        (env!("CARGO_BIN_EXE_fleet"), "PORT"),
        (env!("CARGO_BIN_EXE_grpc"), "PORT"),
        (env!("CARGO_BIN_EXE_hyper"), "PORT"),
        (env!("CARGO_BIN_EXE_machine_tokens"), "PORT"),
        (env!("CARGO_BIN_EXE_organizations"), "PORT"),
        (env!("CARGO_BIN_EXE_pages"), "PORT"),
        (env!("CARGO_BIN_EXE_proxy"), "PORT"),
        (env!("CARGO_BIN_EXE_spa"), "API_PORT"),
        (env!("CARGO_BIN_EXE_webhooks"), "PORT"),
        (env!("CARGO_BIN_EXE_websocket"), "PORT"),
    ] {
        let in_use = format!("error: cannot listen on port {port}: ");
        let invalid = format!("error: {variable} is \"eighty\"; expected a number");
        for (value, expected) in [(&*port, in_use), ("eighty", invalid)] {
            let (code, stderr) = Program::start(path, &[(variable, value)]).end().await;
            assert_eq!(code, Some(1), "{path}: {stderr}");
            assert!(stderr.contains(&expected), "{path}: {stderr:?} instead of {expected:?}");
            assert!(value == "eighty" || stderr.contains(&format!("{variable}=")), "{path}: {stderr}");
        }
    }
}

#[tokio::test]
async fn the_quickstart_explains_why_it_cannot_start() {
    for (envs, expected) in [
        (
            &[("CLERK_SECRET_KEY", "pk_test_verysecret")][..],
            "error: CLERK_SECRET_KEY: this is a publishable key",
        ),
        (&[("CLERK_SECRET_KEY", "verysecret")], "error: CLERK_SECRET_KEY: the value does not look"),
        (
            &[("CLERK_SECRET_KEY", "sk_test_verysecret"), ("CLERK_JWT_KEY", "verysecret")],
            "error: CLERK_JWT_KEY: ",
        ),
        (
            &[("CLERK_SECRET_KEY", "sk_test_verysecret"), ("CLERK_API_URL", "http://example.com")],
            "error: CLERK_API_URL: http would send",
        ),
    ] {
        let (code, stderr) = Program::start(QUICKSTART, envs).end().await;
        assert_eq!(code, Some(1), "{stderr}");
        assert!(stderr.contains(expected), "{stderr:?} instead of {expected:?}");
        assert!(!stderr.contains("panicked") && !stderr.contains("verysecret"), "{stderr}");
    }
}

#[tokio::test]
async fn the_hyper_server_is_guarded_by_the_same_layers() {
    let mut program = Program::start(env!("CARGO_BIN_EXE_hyper"), &[]);
    let (url, token) = parse_curl(&program.line_with("curl ").await);
    let client = reqwest::Client::new();
    let response = client.get(&url).bearer_auth(&token).send().await.unwrap();
    assert_eq!(response.text().await.unwrap(), "the report for Grace Hopper, about 4 users\n");
    assert_eq!(get(&url, None).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(get(&url, Some(&change_one_character(&token))).await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_grpc_service_is_guarded_by_the_same_layers() {
    use tonic::{Code, Request, transport::Channel};
    use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

    let mut program = Program::start(env!("CARGO_BIN_EXE_grpc"), &[]);
    let url = program.line_with("Listening on ").await.replace("Listening on ", "");
    let token = format!("Bearer {}", bearer(&program.line_with("Bearer ").await));
    let mut client = HealthClient::new(Channel::from_shared(url).unwrap().connect().await.unwrap());
    let mut check = async |authorization: &str| {
        let mut request = Request::new(HealthCheckRequest { service: "reports".to_owned() });
        if !authorization.is_empty() {
            request.metadata_mut().insert("authorization", authorization.parse().unwrap());
        }
        client
            .check(request)
            .await
            .map(|response| response.into_inner().status)
            .map_err(|status| status.code())
    };
    assert_eq!(check(&token).await, Ok(1), "serving");
    assert_eq!(check("").await, Err(Code::Unauthenticated));
    assert_eq!(check(&change_one_character(&token)).await, Err(Code::Unauthenticated));
}

#[tokio::test]
async fn a_batch_job_lists_all_users() {
    let mut program = Program::start(env!("CARGO_BIN_EXE_batch"), &[]);
    assert_eq!(program.line().await, "4 users, 4 of them with an email address");
    assert_eq!(program.end().await, (Some(0), String::new()));
    let (code, stderr) =
        Program::start(env!("CARGO_BIN_EXE_batch"), &[("CLERK_SECRET_KEY", "pk_test_verysecret")])
            .end()
            .await;
    assert_eq!(code, Some(1));
    assert!(stderr.starts_with("CLERK_SECRET_KEY: this is a publishable key"), "{stderr}");
}

#[tokio::test]
async fn a_stack_can_be_assembled_by_hand() {
    let mut program = Program::start(env!("CARGO_BIN_EXE_custom_stack"), &[]);
    assert_eq!(program.line().await, "4 users, the first of them Ada Lovelace");
    assert_eq!(program.line().await, "2 requests");
    assert_eq!(program.end().await, (Some(0), String::new()));
}

#[tokio::test]
async fn roles_and_permissions_guard_their_routes() {
    let mut program = Program::start_with(env!("CARGO_BIN_EXE_organizations"), &["--tokens"], &[]);
    let (url, ada) = parse_curl(&program.line_with("curl ").await);
    let (_, grace) = parse_curl(&program.line_with("curl ").await);
    for (path, token, status, code) in [
        ("", None, 401, Some("dev-browser-missing")),
        ("/settings", None, 401, Some("dev-browser-missing")),
        ("/members", None, 401, Some("dev-browser-missing")),
        ("", Some(&grace), 200, None),
        ("/settings", Some(&grace), 403, Some("role-missing")),
        ("/members", Some(&grace), 403, Some("permission-missing")),
        ("/settings", Some(&ada), 200, None),
        ("/members", Some(&ada), 200, None),
    ] {
        let (got, body) = get(&format!("{url}{path}"), token.map(String::as_str)).await;
        assert_eq!((got.as_u16(), body["errors"][0]["code"].as_str()), (status, code), "{path}");
    }
    let (_, members) = get(&format!("{url}/members"), Some(&ada)).await;
    assert_eq!(members.as_array().unwrap().len(), 2);

    let promote = async |token: &str| {
        let address = format!("{url}/members/user_grace/role/org:admin");
        reqwest::Client::new().post(address).bearer_auth(token).send().await.unwrap().status()
    };
    assert_eq!(promote(&grace).await, StatusCode::FORBIDDEN);
    assert_eq!(promote(&ada).await, StatusCode::OK);
    // Her token still contains the old role; Clerk returns the new one.
    assert_eq!(get(&format!("{url}/settings"), Some(&grace)).await.0, StatusCode::FORBIDDEN);
    let (_, members) = get(&format!("{url}/members"), Some(&ada)).await;
    let roles: Vec<_> = members.as_array().unwrap().iter().map(|member| &member["role"]).collect();
    assert_eq!(roles, ["org:admin", "org:admin"]);
}

#[tokio::test]
async fn an_admin_changes_a_role_with_a_button() {
    let mut program = Program::start(env!("CARGO_BIN_EXE_organizations"), &[]);
    let address = program.address().await;
    let mut browser = Browser::new();
    let page = browser.open(&format!("{address}/sign-in")).await;
    let page = sign_in(&mut browser, &page, "user_ada", "org_acme").await;
    let page = browser.submit(&page, "/members/user_grace/role/org:admin", None).await;
    assert_eq!((page.status, page.url.path()), (StatusCode::OK, "/"));
    // The button now offers the way back.
    let page = browser.submit(&page, "/members/user_grace/role/org:member", None).await;
    assert!(page.text.contains("/members/user_grace/role/org:admin"), "{}", page.text);

    // Somebody else's form is a page as well if it is rejected.
    let mut browser = Browser::new();
    let page = browser.open(&format!("{address}/sign-in")).await;
    let page = sign_in(&mut browser, &page, "user_grace", "org_acme").await;
    let page = browser.submit(&page, "/members/user_ada/role/org:member", None).await;
    assert_eq!((page.status, page.is_html), (StatusCode::FORBIDDEN, true));
    assert!(page.text.contains("permission-missing"), "{}", page.text);
}

#[tokio::test]
async fn the_proxy_forwards_its_path_and_nothing_else() {
    let mut program = Program::start(env!("CARGO_BIN_EXE_proxy"), &[]);
    let url = program.line_with("Listening on ").await.replace("Listening on ", "");
    let index = reqwest::get(&url).await.unwrap();
    assert_eq!(index.headers()["x-clerk-auth-status"], "signed-out");
    assert_eq!(index.text().await.unwrap(), "hello, visitor\n");
    // The response is LocalClerk's, not the application's.
    let proxied = reqwest::Client::new().post(format!("{url}/__clerk/v1/dev_browser")).send().await.unwrap();
    assert!(proxied.headers().get("x-clerk-auth-status").is_none());
    let browser: Value = proxied.json().await.unwrap();
    let client = format!("{url}/__clerk/v1/client?__clerk_db_jwt={}", browser["token"].as_str().unwrap());
    let (status, client) = get(&client, None).await;
    assert!(status == StatusCode::OK && client.get("response").is_some(), "{status} {client}");
    let traced = reqwest::Client::new().request(reqwest::Method::TRACE, format!("{url}/__clerk/v1/client"));
    let body: Value = traced.send().await.unwrap().json().await.unwrap();
    assert_eq!(body["errors"][0]["code"], "proxy_request_failed");
}

#[tokio::test]
async fn a_page_of_one_origin_uses_an_api_of_another() {
    let mut program = Program::start(env!("CARGO_BIN_EXE_spa"), &[("API_PORT", "0")]);
    let page = program.line_with("The page is at ").await.replace("The page is at ", "");
    let api = program.line_with("Its API is at ").await.replace("Its API is at ", "");
    let client = reqwest::Client::new();
    let html = client.get(&page).send().await.unwrap().text().await.unwrap();
    assert!(html.contains(&format!("fetch(\"{api}/me\"")), "{html}");

    // A browser's preflight request. It has no token, and is not rejected.
    let preflight = async |origin: &str| {
        let request = client.request(reqwest::Method::OPTIONS, format!("{api}/me")).header("origin", origin);
        let request = request.header("access-control-request-method", "GET");
        request.header("access-control-request-headers", "authorization").send().await.unwrap()
    };
    let response = preflight(&page).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["access-control-allow-origin"], *page);
    assert!(response.headers()["access-control-allow-headers"].to_str().unwrap().contains("authorization"));
    assert!(response.headers().get("x-clerk-auth-status").is_none());
    assert_ne!(
        preflight("https://evil.example").await.headers()["access-control-allow-origin"],
        "https://evil.example"
    );

    let token = client.get(format!("{page}/token")).send().await.unwrap().text().await.unwrap();
    for (token, status) in [(Some(&*token), 200), (None, 401), (Some("x"), 401)] {
        let mut request = client.get(format!("{api}/me")).header("origin", &page);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), status);
        // Scripts can read every response, including rejections.
        assert_eq!(response.headers()["access-control-allow-origin"], *page);
        if status == 200 {
            assert_eq!(response.json::<Value>().await.unwrap()["origin"], *page);
        } else {
            assert_eq!(response.headers()["access-control-expose-headers"], "x-clerk-auth-reason");
            assert!(response.headers().contains_key("x-clerk-auth-reason"));
        }
    }
}

#[tokio::test]
async fn users_create_keys_and_machines_use_them() {
    let mut program = Program::start(env!("CARGO_BIN_EXE_machine_tokens"), &[]);
    let (reports, key) = parse_curl(&program.line_with("curl ").await);
    let (whoami, session) = parse_curl(&program.line_with("curl ").await);
    let address = program.line_with("Listening on ").await.replace("Listening on ", "");
    let post = async |path: &str, token: &str| {
        let request = reqwest::Client::new().post(format!("{address}{path}")).bearer_auth(token);
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.json::<Value>().await.unwrap())
    };
    let (status, read) = get(&reports, Some(&key)).await;
    assert_eq!((status, read["read_by"].as_str()), (StatusCode::OK, Some("nightly")));
    assert_eq!(post("/reports", &key).await.1["errors"][0]["code"], "scope-missing");
    assert_eq!(get(&reports, Some(&session)).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(get(&whoami, Some(&session)).await.1["user"], "user_ada");
    assert_eq!(get(&whoami, Some(&key)).await.1["key"], "nightly");
    assert_eq!(get(&whoami, None).await.1["anonymous"], true);

    assert_eq!(post("/keys", &key).await.0, 401);
    let (status, created) = post("/keys", &session).await;
    assert_eq!(status, 200, "{created}");
    let secret = created["secret"].as_str().unwrap();
    assert_eq!(get(&reports, Some(secret)).await.0, StatusCode::OK);
    let (status, revoked) =
        post(&format!("/keys/{}/revoke", created["id"].as_str().unwrap()), &session).await;
    assert_eq!((status, &revoked["revoked"]), (200, &Value::Bool(true)));
    assert_eq!(get(&reports, Some(secret)).await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_websocket_stays_open_while_its_token_is_renewed() {
    // The first token has to expire, but not before the second one was sent: on a busy computer that takes longer.
    for seconds in [4, 30, 240] {
        if a_websocket_is_renewed_within(seconds).await {
            return;
        }
    }
    panic!("the socket was closed before its token was renewed");
}

/// Returns `false` if the first token expired before the second one was sent.
async fn a_websocket_is_renewed_within(seconds: u64) -> bool {
    use futures_util::{SinkExt as _, StreamExt as _};
    use tokio_tungstenite::{
        connect_async,
        tungstenite::{Error, Message, client::IntoClientRequest as _},
    };

    let lifetime = seconds.to_string();
    let mut program = Program::start(env!("CARGO_BIN_EXE_websocket"), &[("TOKEN_SECONDS", &lifetime)]);
    let url = program.line_with("Listening on ").await.replace("Listening on ", "");
    let token = bearer(&program.line_with("Bearer ").await);
    let fresh = program.line_with("token ey").await.replace("token ", "");
    let origin = url.replace("ws://", "http://").replace("/chat", "");
    let open = async |token: &str, origin: Option<&str>| {
        let mut request = url.as_str().into_client_request().unwrap();
        let headers = request.headers_mut();
        headers.insert("cookie", format!("__session={token}").parse().unwrap());
        if let Some(origin) = origin {
            headers.insert("origin", origin.parse().unwrap());
        }
        match connect_async(request).await {
            Ok((socket, _)) => Ok(socket),
            Err(Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    };
    let (abandoned, renewed) = (open(&token, Some(&origin)).await, open(&token, None).await);
    let (Ok(mut abandoned), Ok(mut renewed)) = (abandoned, renewed) else { return false };
    for (message, reply) in [
        ("hello".to_owned(), "hello"),
        ("token nonsense".to_owned(), "rejected"),
        (format!("token {}", change_one_character(&fresh)), "rejected"),
        (format!("token {fresh}"), "renewed"),
    ] {
        if renewed.send(Message::text(message)).await.is_err() {
            return false;
        }
        match renewed.next().await.unwrap().unwrap() {
            Message::Close(_) => return false,
            message => assert_eq!(message, Message::text(reply)),
        }
    }
    let limit = LIMIT + Duration::from_secs(seconds);
    let end = timeout(limit, abandoned.next()).await.expect("the socket is never closed").unwrap().unwrap();
    let Message::Close(Some(frame)) = end else { panic!("{end:?}") };
    assert_eq!((u16::from(frame.code), &*frame.reason), (1008, "the session token has expired"));
    renewed.send(Message::text("still here")).await.unwrap();
    assert_eq!(renewed.next().await.unwrap().unwrap(), Message::text("still here"));

    assert_eq!(open("", Some(&origin)).await.err(), Some(401));
    assert_eq!(open(&change_one_character(&fresh), Some(&origin)).await.err(), Some(401));
    assert_eq!(open(&fresh, Some("https://evil.example")).await.err(), Some(403));
    true
}

#[tokio::test]
async fn webhooks_call_handlers_and_invalidate_a_cached_user() {
    let mut program = Program::start(env!("CARGO_BIN_EXE_webhooks"), &[]);
    let (me, token) = parse_curl(&program.line_with("/me ").await);
    let address = program.line_with("Listening on ").await.replace("Listening on ", "");
    let client = reqwest::Client::new();
    let name = async || client.get(&me).bearer_auth(&token).send().await.unwrap().text().await.unwrap();
    let post = async |path: &str| client.post(format!("{address}{path}")).send().await.unwrap().status();

    assert_eq!(name().await, "Ada\n");
    assert_eq!(post("/dashboard/rename/Augusta").await, StatusCode::OK);
    program.line_with("user_ada was changed").await;
    program.line_with("event user.updated").await;
    assert_eq!(name().await, "Augusta\n");

    assert_eq!(post("/dashboard/sign-up/Mary").await, StatusCode::OK);
    program.line_with(": welcome, Mary").await;
    program.line_with("event user.created").await;

    // A request without a signature is rejected.
    assert_eq!(post("/webhooks/clerk").await, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn webhooks_without_a_secret_say_what_to_set() {
    let envs = [("CLERK_SECRET_KEY", "sk_test_abc"), ("CLERK_WEBHOOK_SIGNING_SECRET", "")];
    let (code, stderr) = Program::start(env!("CARGO_BIN_EXE_webhooks"), &envs).end().await;
    assert_eq!(code, Some(1));
    assert!(stderr.contains("CLERK_WEBHOOK_SIGNING_SECRET") && stderr.contains("not set"), "{stderr}");
}

/// Who signs out at one server is signed out at the others, although the token is valid for a minute.
#[tokio::test]
async fn the_servers_of_a_fleet_refuse_who_signed_out_at_one_of_them() {
    for envs in [&[][..], &[("PATH", "")][..]] {
        let mut program = Program::start(env!("CARGO_BIN_EXE_fleet"), envs);
        let mut servers = Vec::new();
        for _ in 0..3 {
            servers.push(parse_curl(&program.line_with("curl ").await));
        }
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        for (url, token) in &servers {
            let response = client.get(url).bearer_auth(token).send().await.unwrap();
            assert_eq!(response.text().await.unwrap(), "Ada is signed in\n");
        }
        let (url, token) = &servers[0];
        let sign_out = client.post(url.replace("/me", "/sign-out")).bearer_auth(token);
        assert_eq!(sign_out.send().await.unwrap().status(), StatusCode::SEE_OTHER);
        for (number, (url, token)) in servers.iter().enumerate() {
            let refused = async {
                loop {
                    let (status, body) = get(url, Some(token)).await;
                    if status != StatusCode::OK {
                        return (status, body["errors"][0]["code"].as_str().unwrap_or_default().to_owned());
                    }
                    // The server that signed out needs no message; the others have it in a moment.
                    assert_ne!(number, 0, "the server that signed out accepts the token");
                }
            };
            let refused = timeout(LIMIT, refused).await.expect("the token is accepted for long");
            assert_eq!(refused, (StatusCode::UNAUTHORIZED, "session-revoked".to_owned()), "server {number}");
        }
        program.signal("-TERM").await;
        program.end().await;
    }
}
