//! Domains of the instance: the primary one and its satellites.
//!
//! ```
//! use clerk_core::{Nullable, Operation, api::domains};
//!
//! // Back from a proxy to DNS.
//! let request = domains::update("dmn_1").proxy_url(Nullable::Null).request().unwrap();
//! assert_eq!(request.body(), r#"{"proxy_url":null}"#);
//! ```
// Written by clerk-codegen; changes belong into its overlay.

use bytes::Bytes;
use http::{Method, Request, Response};

use crate::{
    Nullable, Page, credential,
    decode::{self, ResponseError},
    encode::{BuildError, RequestBuilder},
    id::Id,
    model::{DeletedObject, Domain},
    opaque::opaque,
    operation::{Operation, OperationInfo},
};

/// Lists all domains of the instance, with the DNS records each needs.
///
/// `GET /domains` ([reference](https://clerk.com/docs/reference/backend-api/tag/domains)). No error
/// status is documented.
pub fn list() -> List {
    List
}

/// The operation that [`list`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct List;

opaque!(List);

impl Operation for List {
    type Output = Page<Domain>;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("ListDomains", Method::GET, "/domains", "Domains");

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO).build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Adds a domain. Takes its name, and whether it is a satellite: Clerk accepts only `true`.
///
/// `POST /domains` ([reference](https://clerk.com/docs/reference/backend-api/tag/domains)). Documented
/// error statuses: 400, 402, 422.
pub fn add(name: impl Into<String>, is_satellite: bool) -> Add {
    Add { name: name.into(), is_satellite, proxy_url: Nullable::Absent }
}

/// The operation that [`add`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Add {
    name: String,
    is_satellite: bool,
    proxy_url: Nullable<String>,
}

opaque!(Add);

impl Add {
    /// Address of a proxy in front of Clerk's Frontend API. Only for production instances.
    pub fn proxy_url(mut self, proxy_url: impl Into<Nullable<String>>) -> Self {
        self.proxy_url = proxy_url.into();
        self
    }
}

impl Operation for Add {
    type Output = Domain;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("AddDomain", Method::POST, "/domains", "Domains");

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .json(|body| {
                body.required("name", &self.name)
                    .required("is_satellite", &self.is_satellite)
                    .nullable("proxy_url", &self.proxy_url);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Changes a domain. With another name for the primary domain of a production instance, DNS and keys
/// have to follow.
///
/// `PATCH /domains/{domain_id}`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/domains)). Documented error statuses:
/// 400, 404, 422.
pub fn update(domain_id: impl Into<Id>) -> Update {
    Update {
        domain_id: domain_id.into(),
        name: Nullable::Absent,
        proxy_url: Nullable::Absent,
        is_secondary: Nullable::Absent,
    }
}

/// The operation that [`update`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Update {
    domain_id: Id,
    name: Nullable<String>,
    proxy_url: Nullable<String>,
    is_secondary: Nullable<bool>,
}

opaque!(Update);

impl Update {
    /// Its name, such as `example.com`; in development with a port, if need be.
    pub fn name(mut self, name: impl Into<Nullable<String>>) -> Self {
        self.name = name.into();
        self
    }

    /// Address of a proxy in front of Clerk's Frontend API; null for DNS. Only for production instances.
    pub fn proxy_url(mut self, proxy_url: impl Into<Nullable<String>>) -> Self {
        self.proxy_url = proxy_url.into();
        self
    }

    /// Whether it is a secondary application's, so that its subdomain counts.
    pub fn is_secondary(mut self, is_secondary: impl Into<Nullable<bool>>) -> Self {
        self.is_secondary = is_secondary.into();
        self
    }
}

impl Operation for Update {
    type Output = Domain;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("UpdateDomain", Method::PATCH, "/domains/{domain_id}", "Domains");

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("domain_id", &self.domain_id)
            .json(|body| {
                body.nullable("name", &self.name)
                    .nullable("proxy_url", &self.proxy_url)
                    .nullable("is_secondary", &self.is_secondary);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Deletes a satellite domain. The primary one cannot be deleted.
///
/// `DELETE /domains/{domain_id}`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/domains)). Documented error statuses:
/// 403, 404.
pub fn delete(domain_id: impl Into<Id>) -> Delete {
    Delete { domain_id: domain_id.into() }
}

/// The operation that [`delete`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Delete {
    domain_id: Id,
}

opaque!(Delete);

impl Operation for Delete {
    type Output = DeletedObject;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("DeleteDomain", Method::DELETE, "/domains/{domain_id}", "Domains");

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO).path("domain_id", &self.domain_id).build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}
