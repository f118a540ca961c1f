//! An axum service protected by Clerk.
//!
//! With `CLERK_SECRET_KEY` it uses that instance; with `CLERK_PUBLISHABLE_KEY` too, users can sign in in a browser.
//! Without them, it starts a `LocalClerk` in this process, which has its own sign-in page, and prints a `curl` command
//! for each of its four users. `PORT` sets the port; it defaults to 3000.

use std::{env, error::Error, io, process::ExitCode};

use axum::{
    Json, Router,
    extract::{FromRef, State},
    response::{Html, Response},
    routing::{get, post},
};
use clerk_axum::{
    Auth, Clerk, ClerkLayer, ClerkUser, Rejection, Session, api::users, id::UserId, local::LocalClerk,
    local::LocalServer, model::User, require,
};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::{net::TcpListener, signal};
use tracing::Level;

/// The state of all handlers. `FromRef` makes `State<Clerk>` work.
#[derive(Clone, FromRef)]
struct App {
    clerk: Clerk,
}

fn app(clerk: Clerk) -> Router {
    Router::new()
        .route("/", get(index))
        .route("/sign-in", get(sign_in))
        .route("/sign-out", post(sign_out))
        .route("/me", get(me))
        .route("/organization", get(organization))
        .route("/admin/users", get(list_users).route_layer(require::permission("org:users:manage")))
        .layer(ClerkLayer::new(&clerk))
        .with_state(App { clerk })
}

/// A public page that greets the user, if any.
async fn index(user: Option<ClerkUser>) -> Html<String> {
    let who = match &user {
        Some(user) => {
            let name = user.full_name().or_else(|| user.username.clone());
            let name = name.or_else(|| Some(user.primary_email()?.email_address.clone())).unwrap_or_default();
            let picture = user.image_url.as_deref().unwrap_or_default();
            format!(
                "<img src=\"{}\" alt=\"\" width=\"64\" height=\"64\">\n<h1>Hello {}</h1>\n\
                 <form method=\"post\" action=\"/sign-out\"><button>Sign out</button></form>",
                escape(picture),
                escape(&name)
            )
        }
        None => "<h1>Nobody is signed in</h1>\n<p><a href=\"/sign-in\">Sign in</a></p>".to_owned(),
    };
    Html(format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>Quickstart</title>\n\
         <style>:root {{ color-scheme: light dark }} body {{ margin: 15vh auto; max-width: 26rem; padding: 0 1rem; \
         font: 1rem/1.5 system-ui, sans-serif }} img {{ border-radius: 50% }}</style>\n{who}\n\
         <p>Pages for people who are signed in: <a href=\"/me\">/me</a>, \
         <a href=\"/organization\">/organization</a> and, for admins, <a href=\"/admin/users\">/admin/users</a>.</p>\n"
    ))
}

/// Escapes text for HTML.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Redirects to the sign-in page, which then returns to the index.
async fn sign_in(auth: Auth) -> Result<Response, Rejection> {
    auth.redirect_to_sign_in(Some("/"))
}

/// Ends the session, even if its token has expired.
async fn sign_out(auth: Auth) -> Result<Response, Rejection> {
    auth.sign_out("/").await
}

/// What the frontend may see of a user. A view of the application's own shows nothing by accident.
#[derive(Serialize)]
struct Person {
    id: UserId,
    first_name: Option<String>,
    last_name: Option<String>,
    image_url: Option<String>,
}

impl From<&User> for Person {
    fn from(user: &User) -> Self {
        Self {
            id: user.id.clone(),
            first_name: user.first_name.clone(),
            last_name: user.last_name.clone(),
            image_url: user.image_url.clone(),
        }
    }
}

/// The signed-in user's data from Clerk, at most 30 seconds old.
async fn me(user: ClerkUser) -> Json<Person> {
    Json(Person::from(&*user))
}

/// The active organization, from the session token, without a call to Clerk.
async fn organization(session: Session) -> Result<Json<Value>, clerk_axum::Error> {
    let organization = session.organization()?;
    Ok(Json(json!({
        "id": organization.id,
        "slug": organization.slug,
        "role": organization.role,
        "permissions": session.permissions(),
    })))
}

/// The users of the active organization, through the Backend API.
async fn list_users(
    session: Session,
    State(clerk): State<Clerk>,
) -> Result<Json<Vec<Person>>, clerk_axum::Error> {
    let organization = session.organization()?.id;
    let users = clerk.send(users::list().organization_id([organization]).limit(20)).await?;
    Ok(Json(users.iter().map(Person::from).collect()))
}

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    // Warnings with the targets `clerk::auth` and `clerk::keys` name probable mistakes in the configuration.
    tracing_subscriber::fmt().with_max_level(Level::WARN).with_writer(io::stderr).init();
    let port = port()?;
    let has_key = env::var_os("CLERK_SECRET_KEY").is_some_and(|key| !key.is_empty());
    let local = if has_key { None } else { Some(start_local().await?) };
    let clerk = match &local {
        None => Clerk::from_env()?,
        Some((_, server)) => server.client_builder().build()?,
    };
    if clerk.keys().warm_up().await.is_err() {
        eprintln!("Without keys, requests are answered with 503. The warning above says what is wrong.");
    }

    let listener = TcpListener::bind(("127.0.0.1", port)).await.map_err(|error| {
        format!("cannot listen on port {port}: {error}. Choose another one: PORT=3001 cargo run …")
    })?;
    let address = format!("http://{}", listener.local_addr()?);
    println!("Listening on {address}");
    match &local {
        Some((local, server)) => {
            println!("Its sign-in page is {}", server.sign_in_url());
            print_people(local, &address);
        }
        None => println!("Talking to the Clerk instance of CLERK_SECRET_KEY."),
    }
    println!("Press Ctrl-C to stop.");

    let stop = async {
        // If no signal handler can be installed, Ctrl-C ends the process without a graceful shutdown.
        if signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    axum::serve(listener, app(clerk)).with_graceful_shutdown(stop).await?;
    println!("Stopped.");
    Ok(())
}

fn port() -> Result<u16, String> {
    match env::var("PORT") {
        Err(_) => Ok(3000),
        Ok(port) => port.parse().map_err(|_| format!("PORT is {port:?}; expected a number from 0 to 65535")),
    }
}

async fn start_local() -> Result<(LocalClerk, LocalServer), Box<dyn Error>> {
    let start = |port| LocalClerk::builder().seeded().serve(([127, 0, 0, 1], port));
    // The same port each time, so that open pages work after a restart. Any free port if that one is taken.
    let server = match start(4000).await {
        Ok(server) => server,
        Err(_) => start(0).await?,
    };
    Ok((server.local().clone(), server))
}

/// Prints a `curl` command for each user, with a token that is valid for twelve hours.
fn print_people(local: &LocalClerk, address: &str) {
    const HOURS: std::time::Duration = std::time::Duration::from_secs(12 * 60 * 60);

    println!("CLERK_SECRET_KEY is not set: this is a LocalClerk in this process, with four people.");
    println!("The tokens work for twelve hours. Try the same with /organization and /admin/users.\n");
    for (user, who, is_member) in [
        ("user_ada", "Ada Lovelace, admin of Acme", true),
        ("user_grace", "Grace Hopper, member of Acme", true),
        ("user_alan", "Alan Turing, in no organization", false),
        ("user_katherine", "Katherine Johnson, in no organization", false),
    ] {
        let session = local.sign_in(user).lifetime(HOURS);
        let session = if is_member { session.organization("org_acme") } else { session };
        println!("# {who}\ncurl {address}/me -H 'Authorization: Bearer {}'\n", session.token());
    }
}
