//! Tests in a real browser: in Chromium, a user signs in or up at a `LocalClerk`, stays signed in, and signs out.
//!
//! Needs `chromium` and `chromedriver`. Without them, the test prints a message and passes, unless
//! `CLERK_BROWSER=required`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "these are tests"
)]

use std::{
    env,
    io::Write as _,
    panic::{AssertUnwindSafe, resume_unwind},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use axum::{
    Router,
    extract::State,
    response::{Html, IntoResponse, Response},
    routing::{get, post},
};
use clerk_axum::{Auth, Clerk, ClerkLayer, Error, Rejection, api::users, require};
use clerk_tests::{Instance, serve};
use futures_util::FutureExt as _;
use thirtyfour::{
    By, ChromiumLikeCapabilities as _, DesiredCapabilities, WebDriver,
    error::{WebDriverErrorInner, WebDriverResult},
    extensions::query::ElementQueryable as _,
};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
};

/// A page with the user's name and active organization.
async fn home(auth: Auth, State(clerk): State<Clerk>) -> Result<Response, Error> {
    let Some(session) = auth.session() else {
        return Ok(auth.redirect_to_sign_in(None)?);
    };
    let claims = session.claims();
    let user = clerk.send(users::get(claims.user_id().clone())).await?;
    let email = user.primary_email().map(|email| email.email_address.clone());
    let name = user.full_name().or(email).unwrap_or_default();
    let organization = claims.organization().map_or("none", |organization| organization.id.as_str());
    let page = format!(
        "<!doctype html><title>App</title><h1 id=\"name\">{name}</h1><p id=\"organization\">{organization}</p>\
         <img id=\"picture\" src=\"{}\">\
         <form method=\"post\" action=\"/sign-out\"><button id=\"sign-out\">Sign out</button></form>",
        user.image_url.unwrap_or_default()
    );
    Ok(Html(page).into_response())
}

async fn sign_out(auth: Auth) -> Result<Response, Rejection> {
    auth.sign_out("/").await
}

fn application(clerk: &Clerk) -> Router {
    Router::new()
        .route("/", get(home))
        .route("/sign-out", post(sign_out))
        .route("/admin", get("the office").route_layer(require::permission("org:users:manage")))
        .layer(ClerkLayer::new(clerk))
        .with_state(clerk.clone())
}

/// A browser with a driver of its own, and the folder of its profile.
struct Chromium {
    driver: WebDriver,
    process: Child,
    folder: PathBuf,
}

/// Returns the first program with one of these names on the `PATH`.
fn program(names: &[&str]) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .flat_map(|folder| names.iter().map(move |name| folder.join(name)))
        .find(|file| file.is_file())
}

impl Chromium {
    async fn start(browser: &Path, driver: &Path, name: &str) -> Self {
        let folder = env::temp_dir().join(format!("clerk-browser-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let mut process = Command::new(driver)
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let port = loop {
            let line = lines.next_line().await.unwrap().expect("chromedriver ended at once");
            if let Some(port) = line.strip_prefix("ChromeDriver was started successfully on port ") {
                break port.trim_end_matches('.').to_owned();
            }
        };
        // Read and discard further output, so that the driver does not block on a full pipe.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let mut capabilities = DesiredCapabilities::chrome();
        capabilities.set_binary(browser.to_str().unwrap()).unwrap();
        let profile = format!("--user-data-dir={}", folder.display());
        for argument in [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--no-proxy-server",
            &profile,
        ] {
            capabilities.add_arg(argument).unwrap();
        }
        let driver = WebDriver::new(format!("http://127.0.0.1:{port}"), capabilities).await.unwrap();
        Self { driver, process, folder }
    }

    async fn stop(mut self) {
        let _ = self.driver.quit().await;
        let _ = self.process.kill().await;
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// How many pages may follow each other without user action.
const PAGES: usize = 20;

/// A user with a browser, and the application they visit.
struct Visitor<'a> {
    driver: &'a WebDriver,
    instance: &'a Instance,
    app: String,
}

impl Visitor<'_> {
    fn handshakes(&self) -> usize {
        self.instance.local.requests().to("GET", "/v1/client/handshake").len()
    }

    /// Three handshakes within two seconds count as a redirect loop. A person takes longer than that for a page, but this
    /// test does not, so it deletes the cookie that counts.
    async fn pause(&self) -> WebDriverResult<()> {
        self.driver.delete_cookie("__clerk_redirect_count").await
    }

    async fn open(&self, path: &str) -> WebDriverResult<()> {
        self.pause().await?;
        self.driver.goto(format!("{}{path}", self.app)).await
    }

    async fn click(&self, selector: &str) -> WebDriverResult<()> {
        self.driver.query(By::Css(selector)).first().await?.click().await
    }

    /// Waits for an element with this text. If the page changes while the text is read, the next page is checked.
    async fn sees(&self, selector: &str, text: &str) -> WebDriverResult<()> {
        for _ in 0..PAGES {
            match self.driver.query(By::Css(selector)).with_text(text.to_owned()).first().await {
                Err(error) if matches!(*error, WebDriverErrorInner::StaleElementReference(_)) => {}
                seen => return seen.map(drop),
            }
        }
        panic!("{PAGES} pages changed before {selector} was {text}");
    }

    /// Returns the HTTP status of the current page.
    async fn status(&self) -> WebDriverResult<i64> {
        let script = "return performance.getEntriesByType('navigation')[0].responseStatus";
        self.driver.execute(script, Vec::new()).await?.convert()
    }

    /// Returns how many sessions have this status.
    async fn sessions(&self, status: &str) -> usize {
        let sessions = self.instance.backend("GET", &format!("/v1/sessions?status={status}")).await;
        sessions.as_array().unwrap().len()
    }

    async fn sign_out(&self, sign_out: &str) -> WebDriverResult<()> {
        self.pause().await?;
        self.driver.goto(sign_out).await
    }
}

async fn existing_user(visitor: &Visitor<'_>, local: &str) -> WebDriverResult<()> {
    // A private page redirects to the sign-in page.
    visitor.open("/").await?;
    visitor.sees("h1", "Sign in").await?;
    let url = visitor.driver.current_url().await?;
    assert!(url.as_str().starts_with(&format!("{local}/sign-in?redirect_url=")), "{url}");
    visitor.click("button[value=user_ada]").await?;
    visitor.click("button[value=org_acme]").await?;
    visitor.sees("#name", "Ada Lovelace").await?;
    visitor.sees("#organization", "org_acme").await?;
    let picture = "return document.getElementById('picture').naturalWidth";
    visitor.driver.query(By::Css("#picture")).first().await?;
    let width: i64 = visitor.driver.execute(picture, Vec::new()).await?.convert()?;
    assert_eq!(width, 200, "the picture is shown");
    let url = visitor.driver.current_url().await?;
    assert_eq!(url.as_str(), format!("{}/", visitor.app), "the URL contains no handshake parameters");

    // While the token is valid, there is no handshake.
    let before = visitor.handshakes();
    visitor.driver.refresh().await?;
    visitor.sees("#name", "Ada Lovelace").await?;
    assert_eq!(visitor.handshakes(), before);

    // After the token has expired, a handshake renews it, and the same page is shown.
    visitor.pause().await?;
    visitor.instance.clock.advance(Duration::from_secs(66));
    visitor.driver.refresh().await?;
    visitor.sees("#name", "Ada Lovelace").await?;
    assert_eq!(visitor.handshakes(), before + 1);
    let url = visitor.driver.current_url().await?;
    assert_eq!(url.as_str(), format!("{}/", visitor.app));

    // The role in the organization permits this page. The personal account does not.
    visitor.open("/admin").await?;
    visitor.sees("body", "the office").await?;
    assert_eq!(visitor.status().await?, 200);
    visitor.driver.goto(format!("{local}/sign-in?redirect_url={}/", visitor.app)).await?;
    visitor.sees("h1", "You are signed in").await?;
    visitor.click("button[name=organization][value='']").await?;
    visitor.sees("#organization", "none").await?;
    visitor.open("/admin").await?;
    assert_eq!(visitor.status().await?, 403);
    assert!(visitor.driver.source().await?.contains("permission-missing"));

    // After sign-out, the page redirects to sign-in again.
    visitor.sign_out(&format!("{local}/sign-out?redirect_url={}/", visitor.app)).await?;
    visitor.sees("h1", "Sign in").await?;
    visitor.open("/").await?;
    visitor.sees("h1", "Sign in").await?;
    visitor.open("/admin").await?;
    assert_eq!(visitor.status().await?, 401);
    Ok(())
}

/// A new user signs up, and signs out in the application.
async fn new_user(visitor: &Visitor<'_>) -> WebDriverResult<()> {
    let revoked = visitor.sessions("revoked").await;
    visitor.open("/").await?;
    visitor.driver.query(By::Css("#email")).first().await?.send_keys("mary@example.com").await?;
    visitor.click("#email ~ button").await?;
    visitor.sees("#name", "mary@example.com").await?;
    visitor.sees("#organization", "none").await?;
    let url = visitor.driver.current_url().await?;
    assert_eq!(url.as_str(), format!("{}/", visitor.app));
    assert_eq!(visitor.sessions("active").await, 1);

    // The token expires. A form submission cannot renew it, but still signs out.
    visitor.pause().await?;
    visitor.instance.clock.advance(Duration::from_secs(66));
    visitor.click("#sign-out").await?;
    visitor.sees("h1", "Sign in").await?;
    assert_eq!((visitor.sessions("active").await, visitor.sessions("revoked").await), (0, revoked + 1));
    visitor.open("/").await?;
    visitor.sees("h1", "Sign in").await
}

/// Runs the tests in one browser. `hosts` are the host names of the application and of the instance.
async fn run(browser: &Path, driver: &Path, name: &str, hosts: [&str; 2]) {
    let (instance, server) = Instance::served().await;
    let local = format!("http://{}:{}", hosts[1], server.addr().port());
    let builder = server.client_builder().authentication(|options| {
        let pages = |page: &str| format!("{local}/{page}");
        options.proxy_url(&local).sign_in_url(pages("sign-in")).sign_up_url(pages("sign-up"))
    });
    let address = serve(application(&builder.build().unwrap())).await;
    let app = format!("http://{}:{}", hosts[0], address.port());

    let chromium = Chromium::start(browser, driver, name).await;
    let visitor = Visitor { driver: &chromium.driver, instance: &instance, app };
    let visits = async {
        existing_user(&visitor, &local).await?;
        new_user(&visitor).await
    };
    // Stop the browser even if an assertion fails.
    let outcome = AssertUnwindSafe(visits).catch_unwind().await;
    if !matches!(outcome, Ok(Ok(()))) {
        let url = chromium.driver.current_url().await.map(String::from).unwrap_or_default();
        println!("{name}: stopped at {url}\n{}", chromium.driver.source().await.unwrap_or_default());
    }
    chromium.stop().await;
    match outcome {
        Ok(result) => result.unwrap_or_else(|error| panic!("{name}: {error}")),
        Err(panic) => resume_unwind(panic),
    }
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_signs_in_stays_signed_in_and_signs_out() {
    let found = (program(&["chromium", "chromium-browser", "google-chrome"]), program(&["chromedriver"]));
    let (Some(browser), Some(driver)) = found else {
        assert!(
            env::var("CLERK_BROWSER").as_deref() != Ok("required"),
            "chromium or chromedriver is not on the PATH, and CLERK_BROWSER=required"
        );
        // Written directly, because the test runner captures `eprintln!`.
        let _ = writeln!(std::io::stderr(), "SKIPPED: chromium or chromedriver is not on the PATH");
        return;
    };
    // Two sites, as in production. And two ports of one host, which share their cookies.
    run(&browser, &driver, "two-sites", ["localhost", "127.0.0.1"]).await;
    run(&browser, &driver, "one-host", ["localhost", "localhost"]).await;
}
