//! Settings of the instance whose operations Clerk may still change.
//!
//! ```
//! use clerk_core::{Operation, api::beta_features};
//!
//! let request = beta_features::update_instance_settings().test_mode(true).request().unwrap();
//! assert_eq!(request.body(), r#"{"test_mode":true}"#);
//! ```
// Written by clerk-codegen; changes belong into its overlay.

use bytes::Bytes;
use http::{Method, Request, Response};

use crate::{
    Nullable, credential,
    decode::{self, ResponseError},
    encode::{BuildError, RequestBuilder},
    model::InstanceSettings,
    opaque::opaque,
    operation::{Operation, OperationInfo, Retry},
};

/// Changes how people sign up and in.
///
/// `PATCH /beta_features/instance_settings`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/beta-features)). Documented error
/// statuses: 402, 422.
pub fn update_instance_settings() -> UpdateInstanceSettings {
    UpdateInstanceSettings {
        restricted_to_allowlist: Nullable::Absent,
        from_email_address: Nullable::Absent,
        progressive_sign_up: Nullable::Absent,
        test_mode: Nullable::Absent,
    }
}

/// The operation that [`update_instance_settings`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct UpdateInstanceSettings {
    restricted_to_allowlist: Nullable<bool>,
    from_email_address: Nullable<String>,
    progressive_sign_up: Nullable<bool>,
    test_mode: Nullable<bool>,
}

opaque!(UpdateInstanceSettings);

impl UpdateInstanceSettings {
    /// Whether only who stands on the allow-list may sign up.
    pub fn restricted_to_allowlist(mut self, restricted_to_allowlist: impl Into<Nullable<bool>>) -> Self {
        self.restricted_to_allowlist = restricted_to_allowlist.into();
        self
    }

    /// What stands before the `@` in the address e-mails come from: letters and digits.
    pub fn from_email_address(mut self, from_email_address: impl Into<Nullable<String>>) -> Self {
        self.from_email_address = from_email_address.into();
        self
    }

    /// Whether people may sign up step by step.
    pub fn progressive_sign_up(mut self, progressive_sign_up: impl Into<Nullable<bool>>) -> Self {
        self.progressive_sign_up = progressive_sign_up.into();
        self
    }

    /// Whether e-mail addresses and phone numbers for tests work.
    pub fn test_mode(mut self, test_mode: impl Into<Nullable<bool>>) -> Self {
        self.test_mode = test_mode.into();
        self
    }
}

impl Operation for UpdateInstanceSettings {
    type Output = InstanceSettings;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "UpdateInstanceAuthConfig",
        Method::PATCH,
        "/beta_features/instance_settings",
        "Beta Features",
    )
    .retry(Retry::Safe);

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .json(|body| {
                body.nullable("restricted_to_allowlist", &self.restricted_to_allowlist)
                    .nullable("from_email_address", &self.from_email_address)
                    .nullable("progressive_sign_up", &self.progressive_sign_up)
                    .nullable("test_mode", &self.test_mode);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Gives a production instance another domain. All sessions end, and DNS, certificates and keys have to
/// follow. The change takes effect later.
///
/// `PUT /beta_features/domain`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/beta-features)). Documented error
/// statuses: 400, 422.
#[deprecated(note = "use `instance_settings::change_domain`")]
pub fn update_production_instance_domain() -> UpdateProductionInstanceDomain {
    UpdateProductionInstanceDomain { home_url: None, is_secondary: None }
}

/// The operation that [`update_production_instance_domain`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct UpdateProductionInstanceDomain {
    home_url: Option<String>,
    is_secondary: Option<bool>,
}

opaque!(UpdateProductionInstanceDomain);

impl UpdateProductionInstanceDomain {
    /// The new address of the application, such as `https://www.example.com`.
    pub fn home_url(mut self, home_url: impl Into<String>) -> Self {
        self.home_url = Some(home_url.into());
        self
    }

    /// Whether it is a secondary application's, so that its subdomain counts.
    pub fn is_secondary(mut self, is_secondary: bool) -> Self {
        self.is_secondary = Some(is_secondary);
        self
    }
}

impl Operation for UpdateProductionInstanceDomain {
    type Output = ();
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "UpdateProductionInstanceDomain",
        Method::PUT,
        "/beta_features/domain",
        "Beta Features",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .json(|body| {
                body.optional("home_url", &self.home_url).optional("is_secondary", &self.is_secondary);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::empty(Self::INFO, response)
    }
}
