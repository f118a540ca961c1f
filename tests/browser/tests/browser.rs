//! A person in a real browser: Chromium signs in or up at a `LocalClerk`, stays signed in, and signs out.
//!
//! Needs `chromium` and `chromedriver`. Without them it says so and passes, unless `CLERK_BROWSER=required`.

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

/// The page of a person: who it is, and for which organization.
async fn home(auth: Auth, State(clerk): State<Clerk>) -> Result<Response, Error> {
    let Some(session) = auth.session() else {
        return Ok(auth.redirect_to_sign_in(None)?);
    };
    let claims = session.claims();
    let user = clerk.send(users::get(claims.user_id().clone())).await?;
    let email = user.primary_email().map(|email| email.email_address.clone());
    let name = user.full_name().or(email).unwrap_or_default();
    let organization = claims.organization().map_or("nobody", |organization| organization.id.as_str());
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

/// A driver of its own, and the folder for what its browser writes.
struct Chromium {
    driver: WebDriver,
    process: Child,
    folder: PathBuf,
}

/// The program of this name, if there is one on the path.
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
            let line = lines.next_line().await.unwrap().expect("chromedriver ends at once");
            if let Some(port) = line.strip_prefix("ChromeDriver was started successfully on port ") {
                break port.trim_end_matches('.').to_owned();
            }
        };
        // What it says later is read and forgotten, so that it never waits for a reader.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let mut wishes = DesiredCapabilities::chrome();
        wishes.set_binary(browser.to_str().unwrap()).unwrap();
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
            wishes.add_arg(argument).unwrap();
        }
        let driver = WebDriver::new(format!("http://127.0.0.1:{port}"), wishes).await.unwrap();
        Self { driver, process, folder }
    }

    async fn stop(mut self) {
        let _ = self.driver.quit().await;
        let _ = self.process.kill().await;
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// How many pages may follow each other by themselves.
const PAGES: usize = 20;

/// One person and one browser in front of one application.
struct Person<'a> {
    driver: &'a WebDriver,
    instance: &'a Instance,
    app: String,
}

impl Person<'_> {
    fn handshakes(&self) -> u64 {
        self.instance.local.requests_to("GET", "/v1/client/handshake")
    }

    /// A person takes longer than two seconds for a page. This one does not, and three handshakes within that
    /// time count as a loop.
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

    /// Waits for an element with this text. The page may go away while its text is read: then the next one is looked at.
    async fn sees(&self, selector: &str, text: &str) -> WebDriverResult<()> {
        for _ in 0..PAGES {
            match self.driver.query(By::Css(selector)).with_text(text.to_owned()).first().await {
                Err(error) if matches!(*error, WebDriverErrorInner::StaleElementReference(_)) => {}
                seen => return seen.map(drop),
            }
        }
        panic!("{PAGES} pages went away before {selector} was {text}");
    }

    /// The status of the page that is shown.
    async fn status(&self) -> WebDriverResult<i64> {
        let script = "return performance.getEntriesByType('navigation')[0].responseStatus";
        self.driver.execute(script, Vec::new()).await?.convert()
    }

    /// How many sessions there are in this state.
    async fn sessions(&self, status: &str) -> usize {
        let sessions = self.instance.backend("GET", &format!("/v1/sessions?status={status}")).await;
        sessions.as_array().unwrap().len()
    }

    async fn sign_out(&self, sign_out: &str) -> WebDriverResult<()> {
        self.pause().await?;
        self.driver.goto(sign_out).await
    }
}

async fn story(person: &Person<'_>, local: &str) -> WebDriverResult<()> {
    // A page that needs somebody leads to the sign-in page.
    person.open("/").await?;
    person.sees("h1", "Sign in").await?;
    let url = person.driver.current_url().await?;
    assert!(url.as_str().starts_with(&format!("{local}/sign-in?redirect_url=")), "{url}");
    person.click("button[value=user_ada]").await?;
    person.click("button[value=org_acme]").await?;
    person.sees("#name", "Ada Lovelace").await?;
    person.sees("#organization", "org_acme").await?;
    let picture = "return document.getElementById('picture').naturalWidth";
    person.driver.query(By::Css("#picture")).first().await?;
    let width: i64 = person.driver.execute(picture, Vec::new()).await?.convert()?;
    assert_eq!(width, 200, "the picture is shown");
    let url = person.driver.current_url().await?;
    assert_eq!(url.as_str(), format!("{}/", person.app), "nothing is left in the address");

    // Within the minute, nobody else is asked.
    let before = person.handshakes();
    person.driver.refresh().await?;
    person.sees("#name", "Ada Lovelace").await?;
    assert_eq!(person.handshakes(), before);

    // Past the token's life, the page is renewed unseen.
    person.pause().await?;
    person.instance.clock.advance(Duration::from_secs(66));
    person.driver.refresh().await?;
    person.sees("#name", "Ada Lovelace").await?;
    assert_eq!(person.handshakes(), before + 1);
    let url = person.driver.current_url().await?;
    assert_eq!(url.as_str(), format!("{}/", person.app));

    // What the role in the organization permits; and the personal account does not.
    person.open("/admin").await?;
    person.sees("body", "the office").await?;
    assert_eq!(person.status().await?, 200);
    person.driver.goto(format!("{local}/sign-in?redirect_url={}/", person.app)).await?;
    person.sees("h1", "You are signed in").await?;
    person.click("button[name=organization][value='']").await?;
    person.sees("#organization", "nobody").await?;
    person.open("/admin").await?;
    assert_eq!(person.status().await?, 403);
    assert!(person.driver.source().await?.contains("permission-missing"));

    // Signed out, the page asks again.
    person.sign_out(&format!("{local}/sign-out?redirect_url={}/", person.app)).await?;
    person.sees("h1", "Sign in").await?;
    person.open("/").await?;
    person.sees("h1", "Sign in").await?;
    person.open("/admin").await?;
    assert_eq!(person.status().await?, 401);
    Ok(())
}

/// Somebody whom nobody knows yet signs up, and signs out where they are signed in.
async fn story_of_somebody_new(person: &Person<'_>) -> WebDriverResult<()> {
    let revoked = person.sessions("revoked").await;
    person.open("/").await?;
    person.driver.query(By::Css("#email")).first().await?.send_keys("mary@example.com").await?;
    person.click("#email ~ button").await?;
    person.sees("#name", "mary@example.com").await?;
    person.sees("#organization", "nobody").await?;
    let url = person.driver.current_url().await?;
    assert_eq!(url.as_str(), format!("{}/", person.app));
    assert_eq!(person.sessions("active").await, 1);

    // A form cannot renew the token, which is over by now.
    person.pause().await?;
    person.instance.clock.advance(Duration::from_secs(66));
    person.click("#sign-out").await?;
    person.sees("h1", "Sign in").await?;
    assert_eq!((person.sessions("active").await, person.sessions("revoked").await), (0, revoked + 1));
    person.open("/").await?;
    person.sees("h1", "Sign in").await
}

/// Under which names a browser finds application and instance.
async fn run(browser: &Path, driver: &Path, name: &str, hosts: [&str; 2]) {
    let instance = Instance::new();
    let server = instance.local.serve(([127, 0, 0, 1], 0)).await.unwrap();
    let local = format!("http://{}:{}", hosts[1], server.addr().port());
    let builder = server.client_builder().authentication(|options| {
        let pages = |page: &str| format!("{local}/{page}");
        options.proxy_url(&local).sign_in_url(pages("sign-in")).sign_up_url(pages("sign-up"))
    });
    let address = serve(application(&builder.build().unwrap())).await;
    let app = format!("http://{}:{}", hosts[0], address.port());

    let chromium = Chromium::start(browser, driver, name).await;
    let person = Person { driver: &chromium.driver, instance: &instance, app };
    let stories = async {
        story(&person, &local).await?;
        story_of_somebody_new(&person).await
    };
    let told = AssertUnwindSafe(stories).catch_unwind().await;
    if !matches!(told, Ok(Ok(()))) {
        let url = chromium.driver.current_url().await.map(String::from).unwrap_or_default();
        println!("{name}: it ended at {url}\n{}", chromium.driver.source().await.unwrap_or_default());
    }
    chromium.stop().await;
    match told {
        Ok(result) => result.unwrap_or_else(|error| panic!("{name}: {error}")),
        Err(panic) => resume_unwind(panic),
    }
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_signs_in_stays_signed_in_and_signs_out() {
    let found = (program(&["chromium", "chromium-browser", "google-chrome"]), program(&["chromedriver"]));
    let (Some(browser), Some(driver)) = found else {
        assert!(
            env::var("CLERK_BROWSER").as_deref() != Ok("required"),
            "chromium or chromedriver is not on the PATH, and CLERK_BROWSER=required"
        );
        // Past what the test runner keeps to itself.
        let _ = writeln!(std::io::stderr(), "SKIPPED: chromium or chromedriver is not on the PATH");
        return;
    };
    // Two sites, as in real life; and two ports of one host, which share their cookies.
    run(&browser, &driver, "two-sites", ["localhost", "127.0.0.1"]).await;
    run(&browser, &driver, "one-host", ["localhost", "localhost"]).await;
}
