//! Server-rendered pages, without JavaScript.
//!
//! Private pages redirect visitors to the sign-in page. `/orgs/{slug}` activates that organization, and `/account` the
//! personal account: Clerk switches in a handshake, which the user does not see. Requests are logged without the
//! credentials in their URIs. With `CLERK_SECRET_KEY` and `CLERK_PUBLISHABLE_KEY` it uses that instance, otherwise a
//! `LocalClerk` in this process. `PORT` sets the port; it defaults to 3000.

mod page;

use std::{env, error::Error, io, process::ExitCode};

use axum::{
    Router,
    extract::{Path, Request, State},
    http::HeaderMap,
    response::Response,
    routing::{get, post},
};
use clerk_axum::{
    Auth, Clerk, ClerkBuilder, ClerkLayer, ClerkUser, OrganizationSync, RedactedUri, Rejection, Session,
    api::users,
    local::{LocalClerk, LocalServer},
    require,
};
use clerk_examples::Refusal;
use tower_http::trace::{DefaultOnResponse, TraceLayer};
use tracing::Level;

fn app(clerk: &Clerk) -> Router {
    let members = require::permission("org:users:read");
    let private = Router::new()
        .route("/account", get(account))
        .route("/orgs/{slug}", get(organization))
        .route("/orgs/{slug}/members", get(list_members).route_layer(members))
        .route_layer(require::signed_in().redirect_to_sign_in());
    // The default span contains the whole URI, and with it the handshake of a browser that comes back from Clerk.
    let trace = TraceLayer::new_for_http()
        .make_span_with(|request: &Request| {
            tracing::info_span!("request", method = %request.method(), uri = %RedactedUri(request.uri()))
        })
        .on_response(DefaultOnResponse::new().level(Level::INFO));
    Router::new()
        .route("/", get(index))
        .route("/sign-in", get(sign_in))
        .route("/sign-out", post(sign_out))
        .merge(private)
        .fallback(async |auth, headers| refuse(&Refusal::NOT_FOUND, auth, headers).await)
        // No guard covers this fallback, because it is added after them. It reveals nothing.
        .method_not_allowed_fallback(async |auth, headers| {
            refuse(&Refusal::METHOD_NOT_ALLOWED, auth, headers).await
        })
        .layer(ClerkLayer::new(clerk).on_rejection(page::rejection))
        .layer(trace)
        .with_state(clerk.clone())
}

/// Activates the organization that the URL names.
fn sync_organizations(clerk: ClerkBuilder) -> ClerkBuilder {
    let sync = OrganizationSync::new()
        .organization_patterns(["/orgs/:slug", "/orgs/:slug/(.*)"])
        .personal_account_patterns(["/account"]);
    clerk.authentication(|options| options.organization_sync(sync))
}

async fn index(user: Option<ClerkUser>) -> Response {
    page::welcome(user.as_deref())
}

async fn account(user: ClerkUser, State(clerk): State<Clerk>) -> Result<Response, clerk_axum::Error> {
    let memberships = clerk.send(users::get_organization_memberships(user.id.clone()).limit(100)).await?;
    Ok(page::account(&user, &memberships))
}

/// Returns the active organization if it is the one in the URL. It is a different one if the user is not a member.
fn active<'a>(session: &'a Session, slug: &str) -> Option<clerk_axum::token::Organization<'a>> {
    session.organization().ok().filter(|organization| organization.slug == Some(slug))
}

async fn organization(
    session: Session,
    user: ClerkUser,
    headers: HeaderMap,
    Path(slug): Path<String>,
) -> Response {
    match active(&session, &slug) {
        Some(organization) => page::organization(&user, &session, &slug, &organization),
        None => page::refuse(&Refusal::NOT_A_MEMBER, &headers, Some(&user)),
    }
}

async fn list_members(
    session: Session,
    user: ClerkUser,
    headers: HeaderMap,
    Path(slug): Path<String>,
    State(clerk): State<Clerk>,
) -> Result<Response, clerk_axum::Error> {
    let Some(organization) = active(&session, &slug) else {
        return Ok(page::refuse(&Refusal::NOT_A_MEMBER, &headers, Some(&user)));
    };
    let operation = users::list().organization_id([organization.id.clone()]).limit(100);
    let members = clerk.send(operation).await?;
    Ok(page::members(&user, &slug, &members.data))
}

/// Refuses a request with a page that shows who is signed in, or with JSON.
async fn refuse(refusal: &Refusal, auth: Auth, headers: HeaderMap) -> Response {
    let user = auth.user().await.ok();
    page::refuse(refusal, &headers, user.as_deref())
}

/// Redirects to the sign-in page, which then returns to the account.
async fn sign_in(auth: Auth) -> Result<Response, Rejection> {
    auth.redirect_to_sign_in(Some("/account"))
}

/// Ends the session, even if its token has expired.
async fn sign_out(auth: Auth) -> Result<Response, Rejection> {
    auth.sign_out("/").await
}

#[tokio::main]
async fn main() -> ExitCode {
    clerk_examples::exit_code(run().await)
}

async fn run() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().with_max_level(Level::INFO).with_ansi(false).with_writer(io::stderr).init();
    let has_key = env::var_os("CLERK_SECRET_KEY").is_some_and(|key| !key.is_empty());
    // The local server stops when it is dropped, so keep it until the end.
    let local = if has_key { None } else { Some(start_local().await?) };
    let builder = match &local {
        None => ClerkBuilder::from_env(),
        Some(server) => server.client_builder(),
    };
    let clerk = sync_organizations(builder).build()?;
    let listener = clerk_examples::listen().await?;
    println!("\n  Open http://localhost:{}\n", listener.local_addr()?.port());
    if local.is_some() {
        println!(
            "  Next: sign in as Ada, open her organization, and then /orgs/elsewhere. Ctrl-C stops it.\n"
        );
    }
    axum::serve(listener, app(&clerk)).await?;
    Ok(())
}

async fn start_local() -> std::io::Result<LocalServer> {
    let start = |port| LocalClerk::builder().seeded().serve(([127, 0, 0, 1], port));
    // The same port each time, so that open pages work after a restart. Any free port if that one is taken.
    match start(4000).await {
        Ok(server) => Ok(server),
        Err(_) => start(0).await,
    }
}
