//! Organizations: guards for roles and permissions, and the Backend API for users who may use it.
//!
//! With `CLERK_SECRET_KEY` it uses that instance. Without it, it starts a `LocalClerk` in this process and prints a
//! `curl` command for an admin and for a member. `PORT` sets the port; it defaults to 3000.

use std::{env, error::Error, time::Duration};

use axum::{
    Json, Router, debug_handler,
    extract::{FromRef, Path, State},
    routing::{get, post},
};
use clerk_axum::{
    Clerk, ClerkLayer, Session,
    api::{organization_memberships, organizations},
    id::UserId,
    local::LocalClerk,
    model::OrganizationMembership,
    require,
};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;

#[derive(Clone, FromRef)]
struct App {
    clerk: Clerk,
}

fn app(clerk: Clerk) -> Router {
    // A guard covers the routes that were added before it: all of this router, wherever it is nested.
    let members = Router::new()
        .route("/", get(members))
        .route("/{user_id}/role/{role}", post(change_role))
        .route_layer(require::permission("org:users:manage"));
    let organization = Router::new()
        .route("/", get(organization))
        .route("/settings", get(settings).route_layer(require::role("org:admin")))
        .nest("/members", members)
        .route_layer(require::signed_in());
    Router::new()
        .route("/", get("a public page\n"))
        .nest("/organization", organization)
        .layer(ClerkLayer::new(&clerk))
        .with_state(App { clerk })
}

/// What the session token contains, without a call to Clerk.
#[debug_handler(state = App)]
async fn organization(session: Session) -> Result<Json<Value>, clerk_axum::Error> {
    let organization = session.organization()?;
    let permissions = session.permissions();
    Ok(Json(json!({ "id": organization.id, "role": organization.role, "permissions": permissions })))
}

/// The organization's data from Clerk, for its admins.
#[debug_handler(state = App)]
async fn settings(session: Session, State(clerk): State<Clerk>) -> Result<Json<Value>, clerk_axum::Error> {
    let id = session.organization()?.id;
    let organization = clerk.send(organizations::get(id)).await?;
    Ok(Json(json!({ "name": organization.name, "members_at_most": organization.max_allowed_memberships })))
}

/// What the frontend may see of a membership.
#[derive(Serialize)]
struct Member {
    user: Option<UserId>,
    role: String,
}

impl From<&OrganizationMembership> for Member {
    fn from(membership: &OrganizationMembership) -> Self {
        let user = membership.public_user_data.as_ref().map(|data| data.user_id.clone());
        Self { user, role: membership.role.clone() }
    }
}

/// The organization's members, for users who may manage them.
#[debug_handler(state = App)]
async fn members(
    session: Session,
    State(clerk): State<Clerk>,
) -> Result<Json<Vec<Member>>, clerk_axum::Error> {
    let id = session.organization()?.id;
    let members = clerk.send(organization_memberships::list(id).limit(20)).await?;
    Ok(Json(members.iter().map(Member::from).collect()))
}

/// Takes the organization from the session, never from the request. Otherwise an admin of one organization could change
/// another one.
#[debug_handler(state = App)]
async fn change_role(
    session: Session,
    State(clerk): State<Clerk>,
    Path((user_id, role)): Path<(String, String)>,
) -> Result<Json<Member>, clerk_axum::Error> {
    let id = session.organization()?.id;
    let membership = clerk.send(organization_memberships::update(id, user_id, role)).await?;
    Ok(Json(Member::from(&membership)))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let local = env::var_os("CLERK_SECRET_KEY").is_none_or(|key| key.is_empty()).then(LocalClerk::seeded);
    let clerk = match &local {
        None => Clerk::from_env()?,
        Some(local) => local.client(),
    };
    let port: u16 = env::var("PORT").ok().map_or(Ok(3000), |port| port.parse())?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let address = listener.local_addr()?;
    for (user, who) in [("user_ada", "an admin"), ("user_grace", "a member")] {
        let Some(local) = &local else { break };
        let session = local.sign_in(user).organization("org_acme").lifetime(Duration::from_secs(43_200));
        println!(
            "# {who}\ncurl http://{address}/organization -H 'Authorization: Bearer {}'",
            session.token()
        );
    }
    println!("Listening on http://{address}");
    axum::serve(listener, app(clerk)).await?;
    Ok(())
}
