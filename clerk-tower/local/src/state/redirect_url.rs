//! Redirect URLs.

use clerk_core::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{random, table::Row};

/// A URL to which native applications may be sent after a sign-in.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct RedirectUrl {
    pub(crate) id: String,
    pub(crate) url: String,
    pub(crate) created_at: Timestamp,
}

impl Row for RedirectUrl {
    const NAME: &'static str = "redirect URL";

    fn id(&self) -> &str {
        &self.id
    }
}

impl RedirectUrl {
    pub(crate) fn new(url: &str, now: Timestamp) -> Self {
        Self { id: random::id("ru_"), url: url.to_owned(), created_at: now }
    }

    pub(crate) fn render(&self) -> Value {
        json!({
            "object": "redirect_url",
            "id": self.id,
            "url": self.url,
            "created_at": self.created_at,
            "updated_at": self.created_at,
        })
    }
}
