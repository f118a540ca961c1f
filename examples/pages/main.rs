//! Server-rendered pages, without JavaScript.
//!
//! Private pages redirect visitors to the sign-in page. `/orgs/{slug}` activates that organization, and `/account` the
//! personal account: Clerk switches in a handshake, which the user does not see. Requests are logged without the
//! credentials in their URIs. With `CLERK_SECRET_KEY` and `CLERK_PUBLISHABLE_KEY` it uses that instance, otherwise a
//! `LocalClerk` in this process. `PORT` sets the port; it defaults to 3000.

mod html;

use std::{env, error::Error, io, process::ExitCode};

use axum::{
    Router,
    extract::{Path, Request, State},
    http::StatusCode,
    response::{Html, IntoResponse, Response},
    routing::{get, post},
};
use clerk_axum::{
    Auth, Clerk, ClerkBuilder, ClerkLayer, ClerkUser, OrganizationSync, RedactedUri, Rejection, Session,
    api::users,
    local::{LocalClerk, LocalServer},
    model::OrganizationMembership,
    require,
};
use html::{escape, page};
use tokio::net::TcpListener;
use tower_http::trace::{DefaultOnResponse, TraceLayer};
use tracing::Level;

fn app(clerk: &Clerk) -> Router {
    let members = require::permission("org:users:read");
    let private = Router::new()
        .route("/account", get(account))
        .route("/orgs/{slug}", get(organization))
        .route("/orgs/{slug}/members", get(list_members).route_layer(members))
        .route_layer(require::signed_in().redirect_to_sign_in());
    // Rejections of page requests are pages; scripts get JSON.
    let layer = ClerkLayer::new(clerk).on_rejection(|rejection, request| {
        if request.is_document() {
            let text = format!("<p>{}</p>", escape(&rejection.body_text()));
            page("Access denied", &text).into_response()
        } else {
            rejection.clone().into_response()
        }
    });
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
        .layer(layer)
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

async fn index(session: Option<Session>) -> Html<String> {
    match session {
        Some(_) => page("Welcome back", "<p><a href=\"/account\">Your account</a></p>"),
        None => page("Welcome", "<p><a href=\"/sign-in\">Sign in</a></p>"),
    }
}

async fn account(user: ClerkUser, State(clerk): State<Clerk>) -> Result<Html<String>, clerk_axum::Error> {
    let memberships = clerk.send(users::get_organization_memberships(user.id.clone()).limit(100)).await?;
    let items: String = memberships.data.iter().map(item).collect();
    let organizations = if items.is_empty() {
        "<p>You are not a member of an organization.</p>".to_owned()
    } else {
        format!("<ul>{items}</ul>")
    };
    let picture = escape(user.image_url.as_deref().unwrap_or_default());
    let email = user.primary_email().map(|email| email.email_address.as_str());
    let name = user.full_name().or_else(|| email.map(str::to_owned)).unwrap_or_default();
    let text = format!(
        "<img src=\"{picture}\" alt=\"\" width=\"64\" height=\"64\">\n<p>{}</p>\n<h2>Organizations</h2>\n\
         {organizations}\n<form method=\"post\" action=\"/sign-out\"><button>Sign out</button></form>",
        escape(email.unwrap_or_default())
    );
    Ok(page(&name, &text))
}

fn item(membership: &OrganizationMembership) -> String {
    let organization = &membership.organization;
    let (name, role) = (escape(&organization.name), escape(&membership.role));
    let slug = escape(&organization.slug);
    format!("<li><a href=\"/orgs/{slug}\">{name}</a>, {role}</li>")
}

/// Returns the active organization if it is the one in the URL. It is a different one if the user is not a member.
fn active<'a>(session: &'a Session, slug: &str) -> Option<clerk_axum::token::Organization<'a>> {
    session.organization().ok().filter(|organization| organization.slug == Some(slug))
}

fn no_organization() -> Response {
    let text = "<p>This organization does not exist, or you are not a member. <a href=\"/account\">Your account</a></p>";
    (StatusCode::NOT_FOUND, page("Not found", text)).into_response()
}

async fn organization(session: Session, Path(slug): Path<String>) -> Result<Html<String>, Response> {
    let organization = active(&session, &slug).ok_or_else(no_organization)?;
    let role = escape(organization.role.unwrap_or("none"));
    let permissions = escape(&session.permissions().join(", "));
    let slug = escape(&slug);
    let text = format!(
        "<p>Your role is {role}. Permissions: {permissions}.</p>\n\
         <p><a href=\"/orgs/{slug}/members\">Members</a>, <a href=\"/account\">your account</a></p>"
    );
    Ok(page(&slug, &text))
}

async fn list_members(
    session: Session,
    Path(slug): Path<String>,
    State(clerk): State<Clerk>,
) -> Result<Html<String>, Response> {
    let organization = active(&session, &slug).ok_or_else(no_organization)?.id.clone();
    let members = clerk.send(users::list().organization_id([organization]).limit(100)).await;
    let members = members.map_err(|error| clerk_axum::Error::from(error).into_response())?;
    let name = |user: &clerk_axum::model::User| escape(&user.full_name().unwrap_or_default());
    let items: String = members.data.iter().map(|user| format!("<li>{}</li>", name(user))).collect();
    Ok(page("Members", &format!("<ul>{items}</ul>")))
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
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().with_max_level(Level::INFO).with_ansi(false).with_writer(io::stderr).init();
    let port: u16 = env::var("PORT").map_or(Ok(3000), |port| port.parse())?;
    let has_key = env::var_os("CLERK_SECRET_KEY").is_some_and(|key| !key.is_empty());
    // The local server stops when it is dropped, so keep it until the end.
    let local = if has_key { None } else { Some(start_local().await?) };
    let builder = match &local {
        None => ClerkBuilder::from_env(),
        Some(server) => server.client_builder(),
    };
    let clerk = sync_organizations(builder).build()?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    println!("Open http://localhost:{} in a browser.", listener.local_addr()?.port());
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
