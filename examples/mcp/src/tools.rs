//! The tools. Notes are kept in the private metadata of Clerk's users.

use clerk_axum::{Error, Metadata, OAuthToken, api::users};
use http::request::Parts;
use rmcp::{
    ErrorData, Json, ServerHandler,
    handler::server::{common::Extension, wrapper::Parameters},
    schemars::{self, JsonSchema},
    tool, tool_handler, tool_router,
};
use serde::{Deserialize, Serialize};

/// How many notes are kept. Clerk's metadata has at most 8 KiB.
const MAX_NOTES: usize = 20;
/// How long a note can be, in bytes.
const MAX_NOTE_BYTES: usize = 300;

#[derive(Clone, Debug)]
pub(crate) struct Tools;

/// Who is calling.
#[derive(Serialize, JsonSchema)]
struct Caller {
    /// The name of the user, if the user has one.
    name: Option<String>,
    /// The identifier of the user whom the client acts for.
    user: String,
    /// The identifier of the client.
    client: Option<String>,
    /// What the user allowed.
    scopes: Vec<String>,
    /// The servers that the token is for.
    audience: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
struct Organizations {
    organizations: Vec<Organization>,
}

#[derive(Serialize, JsonSchema)]
struct Organization {
    name: String,
    id: String,
    /// The role of the user, such as `org:admin`.
    role: String,
}

#[derive(Deserialize, JsonSchema)]
struct Note {
    /// What to remember.
    text: String,
}

/// The notes of the user, the oldest one first.
#[derive(Default, Deserialize, Serialize, JsonSchema)]
struct Notes {
    notes: Vec<String>,
}

#[tool_router]
impl Tools {
    /// Returns who you are to this server: the user, your client, and what the user allowed.
    #[tool]
    async fn who_am_i(&self, Extension(head): Extension<Parts>) -> Result<Json<Caller>, ErrorData> {
        let token = OAuthToken::from_extensions(&head.extensions).map_err(failed)?;
        let user = token.user().await.map_err(failed)?;
        Ok(Json(Caller {
            name: user.full_name(),
            user: token.user_id.to_string(),
            client: token.client_id.clone(),
            scopes: token.scopes.clone(),
            audience: token.audience.clone(),
        }))
    }

    /// Returns the organizations of the user, and the user's role in each.
    #[tool]
    async fn my_organizations(
        &self,
        Extension(head): Extension<Parts>,
    ) -> Result<Json<Organizations>, ErrorData> {
        let token = OAuthToken::from_extensions(&head.extensions).map_err(failed)?;
        let clerk = token.auth().clerk().map_err(failed)?;
        let memberships = users::get_organization_memberships(&token.user_id).limit(50);
        let memberships = clerk.send(memberships).await.map_err(failed)?;
        let organizations = memberships.iter().map(|membership| Organization {
            name: membership.organization.name.clone(),
            id: membership.organization.id.to_string(),
            role: membership.role.clone(),
        });
        Ok(Json(Organizations { organizations: organizations.collect() }))
    }

    /// Keeps a note for the user, and returns the last 20.
    #[tool]
    async fn add_note(
        &self,
        Extension(head): Extension<Parts>,
        Parameters(note): Parameters<Note>,
    ) -> Result<Json<Notes>, ErrorData> {
        if note.text.len() > MAX_NOTE_BYTES {
            return Err(ErrorData::invalid_params("The note is too long.", None));
        }
        let token = OAuthToken::from_extensions(&head.extensions).map_err(failed)?;
        let clerk = token.auth().clerk().map_err(failed)?;
        // From Clerk and not from the cache. Of two notes at the same moment, one can still get lost.
        let user = clerk.send(users::get(&token.user_id)).await.map_err(failed)?;
        let metadata = user.private_metadata.unwrap_or_default();
        let mut notes = metadata.to::<Notes>().unwrap_or_default();
        notes.notes.push(note.text);
        notes.notes.drain(..notes.notes.len().saturating_sub(MAX_NOTES));
        let metadata =
            Metadata::from_value(&notes).map_err(|_| ErrorData::internal_error("not JSON", None))?;
        let update = users::update_metadata(&token.user_id).private_metadata(metadata);
        clerk.send(update).await.map_err(failed)?;
        Ok(Json(notes))
    }
}

/// The error of a tool: the code of a rejection, or nothing but that a call to Clerk failed.
fn failed(error: impl Into<Error>) -> ErrorData {
    match error.into() {
        Error::Rejected(rejection) => ErrorData::internal_error(rejection.code().to_owned(), None),
        _ => ErrorData::internal_error("clerk-error", None),
    }
}

#[tool_handler(name = "notes", instructions = "Keeps notes for the user who is signed in.")]
impl ServerHandler for Tools {}
