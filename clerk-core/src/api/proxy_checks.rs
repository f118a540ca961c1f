//! Checks whether a proxy in front of Clerk's Frontend API works.
//!
//! ```
//! use clerk_core::{Operation, api::proxy_checks};
//!
//! let request = proxy_checks::verify().domain_id("dmn_1").proxy_url("https://example.com/__clerk").request().unwrap();
//! assert_eq!(request.body(), r#"{"domain_id":"dmn_1","proxy_url":"https://example.com/__clerk"}"#);
//! ```
// Written by clerk-codegen; changes belong into its overlay.

use bytes::Bytes;
use http::{Method, Request, Response};

use crate::{
    credential,
    decode::{self, ResponseError},
    encode::{BuildError, RequestBuilder},
    id::Id,
    model::ProxyCheck,
    opaque::opaque,
    operation::{Operation, OperationInfo, Retry},
};

/// Checks whether a proxy reaches Clerk's Frontend API, before or after it is used.
///
/// `POST /proxy_checks` ([reference](https://clerk.com/docs/reference/backend-api/tag/proxy-checks)).
/// Documented error statuses: 400, 422.
pub fn verify() -> Verify {
    Verify { domain_id: None, proxy_url: None }
}

/// The operation that [`verify`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Verify {
    domain_id: Option<Id>,
    proxy_url: Option<String>,
}

opaque!(Verify);

impl Verify {
    /// The domain.
    pub fn domain_id(mut self, domain_id: impl Into<Id>) -> Self {
        self.domain_id = Some(domain_id.into());
        self
    }

    /// Address of the proxy, such as `https://example.com/__clerk`.
    pub fn proxy_url(mut self, proxy_url: impl Into<String>) -> Self {
        self.proxy_url = Some(proxy_url.into());
        self
    }
}

impl Operation for Verify {
    type Output = ProxyCheck;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("VerifyDomainProxy", Method::POST, "/proxy_checks", "Proxy Checks")
            .retry(Retry::Safe);

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .json(|body| {
                body.optional("domain_id", &self.domain_id).optional("proxy_url", &self.proxy_url);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}
