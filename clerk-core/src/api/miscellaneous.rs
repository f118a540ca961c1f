//! What fits nowhere else.
//!
//! ```
//! use clerk_core::{Operation, api::miscellaneous};
//!
//! let request = miscellaneous::get_public_interstitial().publishable_key("pk_test_1").request().unwrap();
//! assert_eq!(request.uri(), "/public/interstitial?publishable_key=pk_test_1");
//! ```
// Written by clerk-codegen; changes belong into its overlay.

use bytes::Bytes;
use http::{Method, Request, Response};

use crate::{
    credential,
    decode::{self, ResponseError},
    encode::{BuildError, RequestBuilder},
    opaque::opaque,
    operation::{Operation, OperationInfo},
};

/// The HTML page that finds out in the browser whether somebody is signed in. Needs no key.
///
/// `GET /public/interstitial`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/miscellaneous)). Documented error
/// statuses: 400, 500.
pub fn get_public_interstitial() -> GetPublicInterstitial {
    GetPublicInterstitial {
        frontend_api: None,
        publishable_key: None,
        proxy_url: None,
        domain: None,
        sign_in_url: None,
        use_domain_for_script: None,
    }
}

/// The operation that [`get_public_interstitial`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct GetPublicInterstitial {
    frontend_api: Option<String>,
    publishable_key: Option<String>,
    proxy_url: Option<String>,
    domain: Option<String>,
    sign_in_url: Option<String>,
    use_domain_for_script: Option<bool>,
}

opaque!(GetPublicInterstitial);

impl GetPublicInterstitial {
    /// The host of the instance's Frontend API.
    pub fn frontend_api(mut self, frontend_api: impl Into<String>) -> Self {
        self.frontend_api = Some(frontend_api.into());
        self
    }

    /// The instance's publishable key.
    pub fn publishable_key(mut self, publishable_key: impl Into<String>) -> Self {
        self.publishable_key = Some(publishable_key.into());
        self
    }

    /// Address of the proxy in front of Clerk's Frontend API.
    pub fn proxy_url(mut self, proxy_url: impl Into<String>) -> Self {
        self.proxy_url = Some(proxy_url.into());
        self
    }

    /// The instance's domain.
    pub fn domain(mut self, domain: impl Into<String>) -> Self {
        self.domain = Some(domain.into());
        self
    }

    /// Where people sign in.
    pub fn sign_in_url(mut self, sign_in_url: impl Into<String>) -> Self {
        self.sign_in_url = Some(sign_in_url.into());
        self
    }

    /// Whether the page loads its script from the domain.
    pub fn use_domain_for_script(mut self, use_domain_for_script: bool) -> Self {
        self.use_domain_for_script = Some(use_domain_for_script);
        self
    }
}

impl Operation for GetPublicInterstitial {
    type Output = String;
    type Credential = credential::NoKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("GetPublicInterstitial", Method::GET, "/public/interstitial", "Miscellaneous")
            .credential::<Self::Credential>();

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .query_opt("frontend_api", self.frontend_api.as_ref())
            .query_opt("publishable_key", self.publishable_key.as_ref())
            .query_opt("proxy_url", self.proxy_url.as_ref())
            .query_opt("domain", self.domain.as_ref())
            .query_opt("sign_in_url", self.sign_in_url.as_ref())
            .query_opt("use_domain_for_script", self.use_domain_for_script.as_ref())
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::text(Self::INFO, response)
    }
}
