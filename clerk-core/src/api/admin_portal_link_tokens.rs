//! Tokens for links to the admin portal, where a customer's own administrators set their connection up.
//!
//! ```
//! use clerk_core::{Operation, api::admin_portal_link_tokens};
//!
//! let request =
//!     admin_portal_link_tokens::create().organization_id("org_1").seconds_until_expiration(600).request().unwrap();
//! assert_eq!(request.body(), r#"{"organization_id":"org_1","seconds_until_expiration":600}"#);
//! ```
// Written by clerk-codegen; changes belong into its overlay.

use bytes::Bytes;
use http::{Method, Request, Response};

use crate::{
    Nullable, credential,
    decode::{self, ResponseError},
    encode::{BuildError, RequestBuilder},
    id::{Id, OrganizationId},
    model::{AdminPortalLinkToken, CreatedAdminPortalLinkToken},
    opaque::opaque,
    operation::{Operation, OperationInfo},
};

/// Creates a token for one visit to the admin portal.
///
/// `POST /admin_portal_link_tokens`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/admin-portal-link-tokens)). Documented
/// error statuses: 400, 401, 403, 409.
pub fn create() -> Create {
    Create { organization_id: None, it_contact_id: None, scopes: None, seconds_until_expiration: None }
}

/// The operation that [`create`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Create {
    organization_id: Option<OrganizationId>,
    it_contact_id: Option<String>,
    scopes: Option<Vec<String>>,
    seconds_until_expiration: Option<i64>,
}

opaque!(Create);

impl Create {
    /// The organization it is for.
    pub fn organization_id(mut self, organization_id: impl Into<OrganizationId>) -> Self {
        self.organization_id = Some(organization_id.into());
        self
    }

    /// The application's own reference to who administers the customer's systems.
    pub fn it_contact_id(mut self, it_contact_id: impl Into<String>) -> Self {
        self.it_contact_id = Some(it_contact_id.into());
        self
    }

    /// What it is good for.
    pub fn scopes(mut self, scopes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.scopes = Some(scopes.into_iter().map(Into::into).collect());
        self
    }

    /// How many seconds it is good for, at most 86400; 3600 when left out.
    pub fn seconds_until_expiration(mut self, seconds_until_expiration: i64) -> Self {
        self.seconds_until_expiration = Some(seconds_until_expiration);
        self
    }
}

impl Operation for Create {
    type Output = CreatedAdminPortalLinkToken;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "createAdminPortalLinkToken",
        Method::POST,
        "/admin_portal_link_tokens",
        "Admin Portal Link Tokens",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .letters("it_contact_id", self.it_contact_id.as_ref(), 1..)
            .number("seconds_until_expiration", self.seconds_until_expiration, 1..=86400)
            .json(|body| {
                body.optional("organization_id", &self.organization_id)
                    .optional("it_contact_id", &self.it_contact_id)
                    .optional("scopes", &self.scopes)
                    .optional("seconds_until_expiration", &self.seconds_until_expiration);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Revokes a token for the admin portal.
///
/// `POST /admin_portal_link_tokens/{adminPortalLinkTokenID}/revoke`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/admin-portal-link-tokens)). Documented
/// error statuses: 400, 401, 403, 404.
pub fn revoke(admin_portal_link_token_id: impl Into<Id>) -> Revoke {
    Revoke {
        admin_portal_link_token_id: admin_portal_link_token_id.into(),
        revocation_reason: Nullable::Absent,
    }
}

/// The operation that [`revoke`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Revoke {
    admin_portal_link_token_id: Id,
    revocation_reason: Nullable<String>,
}

opaque!(Revoke);

impl Revoke {
    /// Why it is revoked.
    pub fn revocation_reason(mut self, revocation_reason: impl Into<Nullable<String>>) -> Self {
        self.revocation_reason = revocation_reason.into();
        self
    }
}

impl Operation for Revoke {
    type Output = AdminPortalLinkToken;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "revokeAdminPortalLinkToken",
        Method::POST,
        "/admin_portal_link_tokens/{adminPortalLinkTokenID}/revoke",
        "Admin Portal Link Tokens",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("adminPortalLinkTokenID", &self.admin_portal_link_token_id)
            .json(|body| {
                body.nullable("revocation_reason", &self.revocation_reason);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}
