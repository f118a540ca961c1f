//! The domains of an instance.

use clerk_core::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::State;
use crate::{random, table::Row};

/// The identifier of the primary domain, which every instance has.
pub(crate) const PRIMARY_DOMAIN: &str = "dmn_local";

/// A satellite domain.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Domain {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) proxy_url: Option<String>,
    pub(crate) created_at: Timestamp,
}

impl Row for Domain {
    const NAME: &'static str = "domain";

    fn id(&self) -> &str {
        &self.id
    }
}

impl Domain {
    pub(crate) fn new(name: &str, now: Timestamp) -> Self {
        Self { id: random::id("dmn_"), name: name.to_owned(), proxy_url: None, created_at: now }
    }
}

impl State {
    pub(crate) fn render_domain(&self, domain: &Domain) -> Value {
        json!({
            "object": "domain",
            "id": domain.id,
            "name": domain.name,
            "is_satellite": true,
            "frontend_api_url": self.frontend_url(),
            "accounts_portal_url": null,
            "proxy_url": domain.proxy_url,
            "development_origin": self.settings.development_origin.as_deref().unwrap_or_default(),
            "cname_targets": [],
        })
    }

    /// Returns the primary domain, which follows from the publishable key.
    pub(crate) fn render_primary_domain(&self) -> Value {
        json!({
            "object": "domain",
            "id": PRIMARY_DOMAIN,
            "name": self.issuer.split_once("://").map_or(self.issuer.as_str(), |(_, host)| host),
            "is_satellite": false,
            "frontend_api_url": self.frontend_url(),
            "accounts_portal_url": self.frontend_url(),
            "proxy_url": null,
            "development_origin": self.settings.development_origin.as_deref().unwrap_or_default(),
            "cname_targets": [],
        })
    }
}
