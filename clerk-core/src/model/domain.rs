//! Domains of the instance and checks of their proxies.
//!
//! ```
//! use clerk_core::model::Domain;
//!
//! let domain: Domain = serde_json::from_str(r#"{
//!     "id": "dmn_1", "name": "example.com", "is_satellite": false,
//!     "cname_targets": [{"host": "clerk.example.com", "value": "frontend-api.clerk.services", "required": true}]
//! }"#).unwrap();
//! assert_eq!(domain.cname_targets.unwrap().first().unwrap().host, "clerk.example.com");
//! ```
// Written by clerk-codegen; changes belong into its overlay.

use serde::{Deserialize, Serialize};

use crate::{Timestamp, decode::lenient, id::Id, opaque::opaque};

/// A domain of the instance.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Domain {
    /// Its identifier.
    pub id: Id,
    /// Its name, such as `example.com`.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub name: String,
    /// Whether it is a satellite domain, not the primary one.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub is_satellite: bool,
    /// Address of the Frontend API.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub frontend_api_url: String,
    /// Address of the account pages. `None` for satellite domains.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accounts_portal_url: Option<String>,
    /// Address of the proxy in front of Clerk's Frontend API.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proxy_url: Option<String>,
    /// The origin of the application in development.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub development_origin: String,
    /// The DNS records it needs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cname_targets: Option<Vec<CnameTarget>>,
}

opaque!(Domain, id);

/// A DNS record that a domain needs.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CnameTarget {
    /// The name of the record.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub host: String,
    /// Where the record has to point.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub value: String,
    /// Whether the domain cannot do without it.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub required: bool,
}

opaque!(CnameTarget);

/// A check whether a proxy reaches Clerk's Frontend API.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ProxyCheck {
    /// Its identifier.
    pub id: Id,
    /// The domain.
    pub domain_id: Id,
    /// When it was last run. `None` when it never was.
    pub last_run_at: Option<Timestamp>,
    /// The proxy's address.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub proxy_url: String,
    /// Whether the proxy works.
    pub successful: bool,
    /// When it was created.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub updated_at: Timestamp,
}

opaque!(ProxyCheck, id);
