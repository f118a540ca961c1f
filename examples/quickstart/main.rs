//! An axum application with Clerk: pages for people, and an API for scripts.
//!
//! With `CLERK_SECRET_KEY` and `CLERK_PUBLISHABLE_KEY` it uses that instance. Without them, it starts a `LocalClerk` in this
//! process, which has four people and a sign-in page of its own. `PORT` sets the port; it defaults to 3000. With
//! `--tokens`, it prints a `curl` command for each of the four.
//!
//! This file has all of the code that uses Clerk. `page.rs` is the HTML, `startup.rs` reads the settings and prints what to
//! do, and `stopwatch.rs` measures the layer.

mod page;
mod startup;
mod stopwatch;

use std::{env, error::Error as StdError, io, process::ExitCode};

use axum::{
    Extension, Json, Router,
    extract::{FromRef, Path, State},
    http::HeaderMap,
    middleware::map_request,
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use clerk_axum::{
    Auth, Clerk, ClerkBuilder, ClerkLayer, ClerkUser, Error, OrganizationSync, Rejection, Session,
    api::{organization_memberships, users},
    id::{OrganizationId, UserId},
    model::{OrganizationMembership, User},
    require,
    token::Check,
};
use clerk_examples::Refusal;
use serde::Serialize;
use serde_json::{Value, json};
use stopwatch::InLayer;
use tracing::Level;

/// The state of all handlers. `FromRef` makes `State<Clerk>` work.
#[derive(Clone, FromRef)]
struct App {
    clerk: Clerk,
}

fn app(clerk: Clerk) -> Router {
    let pages = Router::new()
        .route("/members", get(members).route_layer(manages_members()))
        .route("/organizations/{id}", get(activate))
        .route("/personal", get(async || Redirect::to("/")))
        // Guards the routes above. Visitors go to the sign-in page, and come back.
        .route_layer(require::signed_in().redirect_to_sign_in());
    let api = Router::new()
        .route("/me", get(api_me))
        .route("/organization", get(api_organization))
        .route("/members", get(api_members).route_layer(manages_members()));
    Router::new()
        .route("/", get(home))
        .route("/sign-in", get(sign_in))
        .route("/sign-up", get(sign_up))
        .route("/sign-out", post(sign_out))
        .merge(pages)
        .nest("/api", api)
        .fallback(async |auth, headers| refuse(&Refusal::NOT_FOUND, auth, headers).await)
        // No guard covers this fallback, because it is added after them. It reveals nothing.
        .method_not_allowed_fallback(async |auth, headers| {
            refuse(&Refusal::METHOD_NOT_ALLOWED, auth, headers).await
        })
        .layer(map_request(stopwatch::stop))
        // If a request is rejected, a browser that opens a page gets a page, and an API client gets JSON.
        .layer(ClerkLayer::new(&clerk).on_rejection(page::rejection))
        .layer(map_request(stopwatch::start))
        .with_state(App { clerk })
}

/// The permission to see the members. In an instance of your own, no role has it until you add it in the dashboard, so
/// admins need only their role.
const MANAGE: &str = "org:users:manage";
const ADMIN: &str = "org:admin";

/// Guards routes: rejects everybody else before the handler runs.
fn manages_members() -> require::RequireLayer {
    require::permission(MANAGE).or(require::role(ADMIN))
}

/// A public page. It shows who is signed in, if anybody is, and what this handler knows about the request.
async fn home(
    auth: Auth,
    session: Option<Session>,
    user: Option<ClerkUser>,
    State(clerk): State<Clerk>,
    Extension(in_layer): Extension<InLayer>,
) -> Result<Response, Error> {
    let seen = page::Seen::of(&auth, &clerk, in_layer);
    let (Some(session), Some(user)) = (session, user) else {
        return Ok(page::signed_out(&seen));
    };
    // From the cache: up to a minute old, or ten while Clerk is down; concurrent requests share one call.
    let memberships = clerk.cached(users::get_organization_memberships(user.id.clone()).limit(20)).await;
    let may_see_members = [Check::new().permission(MANAGE), Check::new().role(ADMIN)];
    let members = match session.organization() {
        Ok(organization) if may_see_members.iter().any(|check| session.has(check)) => {
            Some(members_of(&clerk, organization.id).await?)
        }
        _ => None,
    };
    Ok(page::home(&user, &session, memberships.ok().as_deref(), members.as_deref(), &seen))
}

/// The members of the active organization: a page for people who may manage them.
async fn members(session: Session, user: ClerkUser, State(clerk): State<Clerk>) -> Result<Response, Error> {
    let members = members_of(&clerk, session.organization()?.id).await?;
    Ok(page::members(&user, &members))
}

/// Where the links of the switcher lead. The layer has activated the organization of the URL before this runs, if the
/// user is one of its members: see `switch_organizations`.
async fn activate(
    session: Session,
    auth: Auth,
    headers: HeaderMap,
    Path(id): Path<OrganizationId>,
) -> Response {
    match session.organization() {
        Ok(active) if *active.id == id => Redirect::to("/").into_response(),
        _ => refuse(&Refusal::NOT_A_MEMBER, auth, headers).await,
    }
}

/// Refuses a request with a page that shows who is signed in, or with JSON.
async fn refuse(refusal: &Refusal, auth: Auth, headers: HeaderMap) -> Response {
    let user = auth.user().await.ok();
    page::refuse(refusal, &headers, user.as_deref())
}

/// Redirects to the sign-in page, which then returns to the home page.
async fn sign_in(auth: Auth) -> Result<Response, Rejection> {
    auth.redirect_to_sign_in(Some("/"))
}

async fn sign_up(auth: Auth) -> Result<Response, Rejection> {
    auth.redirect_to_sign_up(Some("/"))
}

/// Ends the session, even if its token has expired.
async fn sign_out(auth: Auth) -> Result<Response, Rejection> {
    auth.sign_out("/").await
}

/// What the front end may see of a user. With a view of your own, nothing is shown by accident.
#[derive(Serialize)]
struct Person {
    id: UserId,
    first_name: Option<String>,
    last_name: Option<String>,
    image_url: Option<String>,
}

impl From<&User> for Person {
    fn from(user: &User) -> Self {
        let User { id, first_name, last_name, image_url, .. } = user.clone();
        Self { id, first_name, last_name, image_url }
    }
}

/// The signed-in user's data from Clerk, at most 30 seconds old.
async fn api_me(user: ClerkUser) -> Json<Person> {
    Json(Person::from(&*user))
}

/// The active organization, from the session token, without a call to Clerk.
async fn api_organization(session: Session) -> Result<Json<Value>, Error> {
    let organization = session.organization()?;
    Ok(Json(json!({
        "id": organization.id,
        "slug": organization.slug,
        "role": organization.role,
        "permissions": session.permissions(),
    })))
}

async fn api_members(session: Session, State(clerk): State<Clerk>) -> Result<Json<Vec<Member>>, Error> {
    Ok(Json(members_of(&clerk, session.organization()?.id).await?))
}

/// What the front end may see of a member.
#[derive(Serialize)]
struct Member {
    id: UserId,
    name: String,
    role: String,
}

impl Member {
    fn of(membership: &OrganizationMembership) -> Option<Self> {
        let user = membership.public_user_data.as_ref()?;
        let names: Vec<_> = [&user.first_name, &user.last_name].into_iter().flatten().cloned().collect();
        let name = if names.is_empty() { user.identifier.clone()? } else { names.join(" ") };
        Some(Self { id: user.user_id.clone(), name, role: membership.role.clone() })
    }
}

/// Calls the Backend API. The organization comes from the session and never from the request: otherwise an admin of one
/// organization could read another one.
async fn members_of(clerk: &Clerk, organization: &OrganizationId) -> Result<Vec<Member>, Error> {
    let members = clerk.send(organization_memberships::list(organization).limit(20)).await?;
    Ok(members.iter().filter_map(Member::of).collect())
}

/// Links switch the organization, without any script: when a browser opens one of these URLs, the layer sends it to Clerk
/// and back with a token for that organization.
fn switch_organizations(clerk: ClerkBuilder) -> ClerkBuilder {
    let sync = OrganizationSync::new()
        .organization_patterns(["/organizations/:id"])
        .personal_account_patterns(["/personal"]);
    clerk.authentication(|options| options.organization_sync(sync))
}

#[tokio::main]
async fn main() -> ExitCode {
    clerk_examples::exit_code(run().await)
}

async fn run() -> Result<(), Box<dyn StdError>> {
    let with_tokens = clerk_examples::with_tokens(env::args().skip(1))?;
    // Warnings with the targets `clerk::auth` and `clerk::keys` name probable mistakes in the configuration.
    tracing_subscriber::fmt().with_max_level(Level::WARN).with_writer(io::stderr).init();
    let listener = clerk_examples::listen().await?;
    let has_key = env::var_os("CLERK_SECRET_KEY").is_some_and(|key| !key.is_empty());
    // The local server stops when it is dropped, so keep it until the end.
    let local = if has_key { None } else { Some(startup::start_local().await?) };
    let builder = match &local {
        None => ClerkBuilder::from_env(),
        Some(server) => server.client_builder(),
    };
    let clerk = switch_organizations(builder).build()?;
    if clerk.keys().warm_up().await.is_err() {
        eprintln!("Without keys, requests are answered with 503. The warning above says what is wrong.");
    }

    startup::greet(listener.local_addr()?.port(), local.as_ref(), with_tokens);
    axum::serve(listener, app(clerk)).with_graceful_shutdown(clerk_examples::stopped()).await?;
    println!("Stopped.");
    Ok(())
}
