//! Agent tasks.
//!
//! ```
//! use clerk_core::model::AgentTask;
//!
//! let task: AgentTask =
//!     serde_json::from_str(r#"{"agent_id": "agent_1", "agent_task_id": "agtask_1", "task_id": "agtask_1"}"#).unwrap();
//! assert!(task.url.is_none());
//! ```
// Written by clerk-codegen; changes belong into its overlay.

use serde::{Deserialize, Serialize};

use crate::{decode::lenient, id::Id, opaque::opaque, open_enum::open_enum};

/// A task that an agent does as a user.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AgentTask {
    /// The agent; the same for all tasks under one name.
    pub agent_id: Id,
    /// Its identifier.
    pub agent_task_id: Id,
    /// Its identifier.
    #[deprecated(note = "use `agent_task_id`")]
    #[serde(default, deserialize_with = "lenient::optional_id", skip_serializing_if = "Option::is_none")]
    pub task_id: Option<Id>,
    /// Where the session begins. Only there right after the task was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

opaque!(AgentTask);

open_enum! {
    /// What an agent may do. So far there is only everything.
    AgentTaskPermissions {
        /// Everything the user may do.
        Any = "*",
    }
}
