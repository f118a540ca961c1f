//! Agent tasks: a link that signs an agent in as a user, to do a task.
//!
//! ```
//! use clerk_core::{
//!     Operation,
//!     api::agent_tasks::{self, CreateOnBehalfOf},
//!     model::AgentTaskPermissions,
//! };
//!
//! let user = CreateOnBehalfOf::new().user_id("user_1");
//! let back = "https://example.com/done";
//! let request =
//!     agent_tasks::create(user, AgentTaskPermissions::Any, "helper", "tidies up", back).request().unwrap();
//! assert_eq!(request.uri(), "/agents/tasks");
//! ```
// Written by clerk-codegen; changes belong into its overlay.

use bytes::Bytes;
use http::{Method, Request, Response};
use serde::Serialize;

use crate::{
    credential,
    decode::{self, ResponseError},
    encode::{BuildError, RequestBuilder},
    id::{Id, UserId},
    model::{AgentTask, AgentTaskPermissions},
    opaque::opaque,
    operation::{Operation, OperationInfo},
};

/// Creates an agent task. Takes the user, the permissions, the names of agent and task, and the address
/// to go to once the session exists.
///
/// `POST /agents/tasks` ([reference](https://clerk.com/docs/reference/backend-api/tag/agent-tasks)).
/// Documented error statuses: 400, 404, 422.
pub fn create(
    on_behalf_of: CreateOnBehalfOf,
    permissions: impl Into<AgentTaskPermissions>,
    agent_name: impl Into<String>,
    task_description: impl Into<String>,
    redirect_url: impl Into<String>,
) -> Create {
    Create {
        on_behalf_of,
        permissions: permissions.into(),
        agent_name: agent_name.into(),
        task_description: task_description.into(),
        redirect_url: redirect_url.into(),
        session_max_duration_in_seconds: None,
    }
}

/// The operation that [`create`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Create {
    on_behalf_of: CreateOnBehalfOf,
    permissions: AgentTaskPermissions,
    agent_name: String,
    task_description: String,
    redirect_url: String,
    session_max_duration_in_seconds: Option<i64>,
}

opaque!(Create);

impl Create {
    /// How many seconds a session from it lasts at most; 1800 when left out.
    pub fn session_max_duration_in_seconds(mut self, session_max_duration_in_seconds: i64) -> Self {
        self.session_max_duration_in_seconds = Some(session_max_duration_in_seconds);
        self
    }
}

impl Operation for Create {
    type Output = AgentTask;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("CreateAgentTask", Method::POST, "/agents/tasks", "Agent Tasks");

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .json(|body| {
                body.required("on_behalf_of", &self.on_behalf_of)
                    .required("permissions", &self.permissions)
                    .required("agent_name", &self.agent_name)
                    .required("task_description", &self.task_description)
                    .required("redirect_url", &self.redirect_url)
                    .optional("session_max_duration_in_seconds", &self.session_max_duration_in_seconds);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Revokes an agent task that nobody has taken up yet.
///
/// `POST /agents/tasks/{agent_task_id}/revoke`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/agent-tasks)). Documented error
/// statuses: 400, 404.
pub fn revoke(agent_task_id: impl Into<Id>) -> Revoke {
    Revoke { agent_task_id: agent_task_id.into() }
}

/// The operation that [`revoke`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Revoke {
    agent_task_id: Id,
}

opaque!(Revoke);

impl Operation for Revoke {
    type Output = AgentTask;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "RevokeAgentTask",
        Method::POST,
        "/agents/tasks/{agent_task_id}/revoke",
        "Agent Tasks",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO).path("agent_task_id", &self.agent_task_id).build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// The user to act as: give the id or an identifier, not both.
#[derive(Clone, Default, Serialize)]
#[must_use]
pub struct CreateOnBehalfOf {
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<UserId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    identifier: Option<String>,
}

opaque!(CreateOnBehalfOf);

impl CreateOnBehalfOf {
    /// Nothing is set yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The user's id.
    pub fn user_id(mut self, user_id: impl Into<UserId>) -> Self {
        self.user_id = Some(user_id.into());
        self
    }

    /// A verified identifier of the user, such as an e-mail address.
    pub fn identifier(mut self, identifier: impl Into<String>) -> Self {
        self.identifier = Some(identifier.into());
        self
    }
}
