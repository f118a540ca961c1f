//! Organizations: guards for roles and permissions, and the Backend API for users who may use it.
//!
//! There are an API in JSON below `/organization`, and a page at `/`. With `CLERK_SECRET_KEY` and `CLERK_PUBLISHABLE_KEY` it
//! uses that instance. Without them, it starts a `LocalClerk` in this process and prints a `curl` command for an admin; with
//! `--tokens`, also for a member. `PORT` sets the port; it defaults to 3000.

mod page;

use std::{env, error::Error as StdError, process::ExitCode, time::Duration};

use axum::{
    Json, Router, debug_handler,
    extract::{FromRef, Path, State},
    http::HeaderMap,
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use clerk_axum::{
    Auth, Clerk, ClerkBuilder, ClerkLayer, Error, Has, OrganizationSync, Rejection, Requirement, Session,
    api::{organization_memberships, organizations, users},
    id::{OrganizationId, UserId},
    local::{LocalClerk, LocalServer},
    model::OrganizationMembership,
    require,
    token::Check,
};
use clerk_examples::Refusal;
use serde::Serialize;
use serde_json::{Value, json};

#[derive(Clone, FromRef)]
struct App {
    clerk: Clerk,
}

fn app(clerk: Clerk) -> Router {
    // A guard covers the routes that were added before it: all of this router, wherever it is nested.
    let members = Router::new()
        .route("/", get(members))
        .route("/{user_id}/role/{role}", post(change_role))
        .route_layer(require::has(ManageMembers::check()));
    let organization = Router::new()
        .route("/", get(organization))
        .route("/settings", get(settings).route_layer(require::role("org:admin")))
        .nest("/members", members)
        .route_layer(require::signed_in());
    Router::new()
        .route("/", get(home))
        .route("/sign-in", get(sign_in))
        .route("/sign-out", post(sign_out))
        .route("/organizations/{id}", get(activate))
        .route("/members/{user_id}/role/{role}", post(submit_role))
        .nest("/organization", organization)
        .fallback(async |auth: Auth, headers: HeaderMap| page::refuse(&Refusal::NOT_FOUND, &headers, &auth))
        // No guard covers this fallback, because it is added after them. It reveals nothing.
        .method_not_allowed_fallback(async |auth: Auth, headers: HeaderMap| {
            page::refuse(&Refusal::METHOD_NOT_ALLOWED, &headers, &auth)
        })
        .layer(ClerkLayer::new(&clerk).on_rejection(page::rejection))
        .with_state(App { clerk })
}

/// Who may see the members and change their roles. A guard checks it, and so does the extractor `Has`.
struct ManageMembers;

impl Requirement for ManageMembers {
    fn check() -> Check {
        Check::new().permission("org:users:manage")
    }
}

/// Activates the organization that the URL names: the layer sends the browser to Clerk and back for it.
fn switch_organizations(clerk: ClerkBuilder) -> ClerkBuilder {
    let sync = OrganizationSync::new().organization_patterns(["/organizations/:id"]);
    clerk.authentication(|options| options.organization_sync(sync))
}

#[debug_handler(state = App)]
async fn home(
    session: Option<Session>,
    manager: Option<Has<ManageMembers>>,
    State(clerk): State<Clerk>,
) -> Result<Response, Error> {
    let Some(session) = session else { return Ok(page::signed_out()) };
    let memberships = users::get_organization_memberships(session.user_id().clone()).limit(20);
    let memberships = clerk.send(memberships).await?;
    let members = match manager {
        Some(manager) => Some(members_of(&clerk, manager.organization()?.id).await?),
        None => None,
    };
    Ok(page::home(&session, &memberships, members.as_deref()))
}

/// Where the links to other organizations lead.
#[debug_handler(state = App)]
async fn activate(
    session: Session,
    auth: Auth,
    headers: HeaderMap,
    Path(id): Path<OrganizationId>,
) -> Response {
    match session.organization() {
        Ok(active) if *active.id == id => Redirect::to("/").into_response(),
        _ => page::refuse(&Refusal::NOT_A_MEMBER, &headers, &auth),
    }
}

/// What the buttons of the page submit. The session's cookies are not sent with forms of other sites.
#[debug_handler(state = App)]
async fn submit_role(
    session: Has<ManageMembers>,
    State(clerk): State<Clerk>,
    Path((user_id, role)): Path<(UserId, String)>,
) -> Result<Redirect, Error> {
    let id = session.organization()?.id;
    clerk.send(organization_memberships::update(id, user_id, role)).await?;
    Ok(Redirect::to("/"))
}

async fn sign_in(auth: Auth) -> Result<Response, Rejection> {
    auth.redirect_to_sign_in(Some("/"))
}

async fn sign_out(auth: Auth) -> Result<Response, Rejection> {
    auth.sign_out("/").await
}

/// What the session token contains, without a call to Clerk.
#[debug_handler(state = App)]
async fn organization(session: Session) -> Result<Json<Value>, Error> {
    let organization = session.organization()?;
    let permissions = session.permissions();
    Ok(Json(json!({ "id": organization.id, "role": organization.role, "permissions": permissions })))
}

/// The organization's data from Clerk, for its admins.
#[debug_handler(state = App)]
async fn settings(session: Session, State(clerk): State<Clerk>) -> Result<Json<Value>, Error> {
    let id = session.organization()?.id;
    let organization = clerk.send(organizations::get(id)).await?;
    Ok(Json(json!({ "name": organization.name, "members_at_most": organization.max_allowed_memberships })))
}

/// What the front end may see of a membership.
#[derive(Serialize)]
struct Member {
    user: UserId,
    name: String,
    role: String,
}

impl Member {
    fn of(membership: &OrganizationMembership) -> Option<Self> {
        let user = membership.public_user_data.as_ref()?;
        let names: Vec<_> = [&user.first_name, &user.last_name].into_iter().flatten().cloned().collect();
        let name = if names.is_empty() { user.identifier.clone()? } else { names.join(" ") };
        Some(Self { user: user.user_id.clone(), name, role: membership.role.clone() })
    }
}

/// The organization's members, for users who may manage them.
#[debug_handler(state = App)]
async fn members(session: Session, State(clerk): State<Clerk>) -> Result<Json<Vec<Member>>, Error> {
    Ok(Json(members_of(&clerk, session.organization()?.id).await?))
}

async fn members_of(clerk: &Clerk, id: &OrganizationId) -> Result<Vec<Member>, Error> {
    let members = clerk.send(organization_memberships::list(id).limit(20)).await?;
    Ok(members.iter().filter_map(Member::of).collect())
}

/// Takes the organization from the session, never from the request. Otherwise an admin of one organization could change
/// another one.
#[debug_handler(state = App)]
async fn change_role(
    session: Session,
    State(clerk): State<Clerk>,
    Path((user_id, role)): Path<(UserId, String)>,
) -> Result<Json<Option<Member>>, Error> {
    let id = session.organization()?.id;
    let membership = clerk.send(organization_memberships::update(id, user_id, role)).await?;
    Ok(Json(Member::of(&membership)))
}

#[tokio::main]
async fn main() -> ExitCode {
    clerk_examples::exit_code(run().await)
}

async fn run() -> Result<(), Box<dyn StdError>> {
    let with_tokens = clerk_examples::with_tokens(env::args().skip(1))?;
    let has_key = env::var_os("CLERK_SECRET_KEY").is_some_and(|key| !key.is_empty());
    // The local server stops when it is dropped, so keep it until the end.
    let local = if has_key { None } else { Some(start_local().await?) };
    let builder = match &local {
        None => ClerkBuilder::from_env(),
        Some(server) => server.client_builder(),
    };
    let clerk = switch_organizations(builder).build()?;
    let listener = clerk_examples::listen().await?;
    let address = format!("http://localhost:{}", listener.local_addr()?.port());
    println!("\n  Open {address}\n");
    let people = [("user_ada", "an admin"), ("user_grace", "a member")];
    for (user, who) in people.into_iter().take(if with_tokens { 2 } else { 1 }) {
        let Some(server) = &local else { break };
        let session = server.local().sign_in(user).organization("org_acme");
        let token = session.lifetime(Duration::from_secs(43_200)).token();
        println!("  # {who}\n  curl {address}/organization -H 'Authorization: Bearer {token}'\n");
    }
    println!(
        "  Next: the same with /organization/settings and /organization/members; --tokens prints a member's too."
    );
    println!("  Ctrl-C stops it.\n");
    axum::serve(listener, app(clerk)).await?;
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
