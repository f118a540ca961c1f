//! E-mail addresses of users: add, change, verify, replace and delete them.
//!
//! ```
//! use clerk_core::{Operation, api::email_addresses};
//!
//! let request = email_addresses::create("user_1", "ada@example.com").verified(true).request().unwrap();
//! assert_eq!(request.body(), r#"{"user_id":"user_1","email_address":"ada@example.com","verified":true}"#);
//! ```
// Written by clerk-codegen; changes belong into its overlay.

use bytes::Bytes;
use http::{Method, Request, Response};

use crate::{
    Nullable, credential,
    decode::{self, ResponseError},
    encode::{BuildError, RequestBuilder},
    id::{Id, UserId},
    model::{CodeVerification, DeletedObject, EmailAddress, IdentificationStatus},
    opaque::opaque,
    operation::{Operation, OperationInfo},
};

/// Adds an e-mail address to a user.
///
/// `POST /email_addresses`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/email-addresses)). Documented error
/// statuses: 400, 401, 403, 404, 409, 422.
pub fn create(user_id: impl Into<UserId>, email_address: impl Into<String>) -> Create {
    Create {
        user_id: user_id.into(),
        email_address: email_address.into(),
        verified: Nullable::Absent,
        primary: Nullable::Absent,
        notify_primary_email_address_changed: Nullable::Absent,
    }
}

/// The operation that [`create`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Create {
    user_id: UserId,
    email_address: String,
    verified: Nullable<bool>,
    primary: Nullable<bool>,
    notify_primary_email_address_changed: Nullable<bool>,
}

opaque!(Create);

impl Create {
    /// Whether it counts as verified.
    pub fn verified(mut self, verified: impl Into<Nullable<bool>>) -> Self {
        self.verified = verified.into();
        self
    }

    /// Whether to make it the primary one. A user's first address always is.
    pub fn primary(mut self, primary: impl Into<Nullable<bool>>) -> Self {
        self.primary = primary.into();
        self
    }

    /// Whether to tell the old primary address that it was replaced.
    pub fn notify_primary_email_address_changed(
        mut self,
        notify_primary_email_address_changed: impl Into<Nullable<bool>>,
    ) -> Self {
        self.notify_primary_email_address_changed = notify_primary_email_address_changed.into();
        self
    }
}

impl Operation for Create {
    type Output = EmailAddress;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("CreateEmailAddress", Method::POST, "/email_addresses", "Email Addresses");

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .json(|body| {
                body.required("user_id", &self.user_id)
                    .required("email_address", &self.email_address)
                    .nullable("verified", &self.verified)
                    .nullable("primary", &self.primary)
                    .nullable(
                        "notify_primary_email_address_changed",
                        &self.notify_primary_email_address_changed,
                    );
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// One e-mail address.
///
/// `GET /email_addresses/{email_address_id}`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/email-addresses)). Documented error
/// statuses: 400, 401, 403, 404.
pub fn get(email_address_id: impl Into<Id>) -> Get {
    Get { email_address_id: email_address_id.into() }
}

/// The operation that [`get`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Get {
    email_address_id: Id,
}

opaque!(Get);

impl Operation for Get {
    type Output = EmailAddress;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "GetEmailAddress",
        Method::GET,
        "/email_addresses/{email_address_id}",
        "Email Addresses",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO).path("email_address_id", &self.email_address_id).build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Marks an e-mail address as verified, or makes it the primary one.
///
/// `PATCH /email_addresses/{email_address_id}`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/email-addresses)). Documented error
/// statuses: 400, 401, 403, 404, 409.
pub fn update(email_address_id: impl Into<Id>) -> Update {
    Update {
        email_address_id: email_address_id.into(),
        verified: Nullable::Absent,
        primary: Nullable::Absent,
        notify_primary_email_address_changed: Nullable::Absent,
    }
}

/// The operation that [`update`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Update {
    email_address_id: Id,
    verified: Nullable<bool>,
    primary: Nullable<bool>,
    notify_primary_email_address_changed: Nullable<bool>,
}

opaque!(Update);

impl Update {
    /// Whether to mark it as verified.
    pub fn verified(mut self, verified: impl Into<Nullable<bool>>) -> Self {
        self.verified = verified.into();
        self
    }

    /// Whether to make it the primary one.
    pub fn primary(mut self, primary: impl Into<Nullable<bool>>) -> Self {
        self.primary = primary.into();
        self
    }

    /// Whether to tell the old primary address that it was replaced.
    pub fn notify_primary_email_address_changed(
        mut self,
        notify_primary_email_address_changed: impl Into<Nullable<bool>>,
    ) -> Self {
        self.notify_primary_email_address_changed = notify_primary_email_address_changed.into();
        self
    }
}

impl Operation for Update {
    type Output = EmailAddress;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "UpdateEmailAddress",
        Method::PATCH,
        "/email_addresses/{email_address_id}",
        "Email Addresses",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("email_address_id", &self.email_address_id)
            .json(|body| {
                body.nullable("verified", &self.verified).nullable("primary", &self.primary).nullable(
                    "notify_primary_email_address_changed",
                    &self.notify_primary_email_address_changed,
                );
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Deletes an e-mail address.
///
/// `DELETE /email_addresses/{email_address_id}`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/email-addresses)). Documented error
/// statuses: 400, 401, 403, 404, 409.
pub fn delete(email_address_id: impl Into<Id>) -> Delete {
    Delete { email_address_id: email_address_id.into() }
}

/// The operation that [`delete`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Delete {
    email_address_id: Id,
}

opaque!(Delete);

impl Operation for Delete {
    type Output = DeletedObject;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "DeleteEmailAddress",
        Method::DELETE,
        "/email_addresses/{email_address_id}",
        "Email Addresses",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO).path("email_address_id", &self.email_address_id).build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Sends a one-time code to an e-mail address. The answer's `id` is what [`attempt_verification`]
/// takes.
///
/// `POST /email_addresses/{email_address_id}/prepare_verification`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/email-addresses)). Documented error
/// statuses: 400, 401, 403, 404, 500.
pub fn prepare_verification(email_address_id: impl Into<Id>) -> PrepareVerification {
    PrepareVerification { email_address_id: email_address_id.into() }
}

/// The operation that [`prepare_verification`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct PrepareVerification {
    email_address_id: Id,
}

opaque!(PrepareVerification);

impl Operation for PrepareVerification {
    type Output = CodeVerification;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "PrepareEmailAddressVerification",
        Method::POST,
        "/email_addresses/{email_address_id}/prepare_verification",
        "Email Addresses",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO).path("email_address_id", &self.email_address_id).build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Checks a one-time code sent to an e-mail address; takes the verification and the code. A wrong or
/// late code is no error: look at the `status`. The right code also marks the address as verified. No
/// session comes of it.
///
/// `POST /email_addresses/{email_address_id}/attempt_verification`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/email-addresses)). Documented error
/// statuses: 400, 401, 403, 404, 500.
pub fn attempt_verification(
    email_address_id: impl Into<Id>,
    verification_id: impl Into<Id>,
    code: impl Into<String>,
) -> AttemptVerification {
    AttemptVerification {
        email_address_id: email_address_id.into(),
        verification_id: verification_id.into(),
        code: code.into(),
    }
}

/// The operation that [`attempt_verification`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct AttemptVerification {
    email_address_id: Id,
    verification_id: Id,
    code: String,
}

opaque!(AttemptVerification);

impl Operation for AttemptVerification {
    type Output = CodeVerification;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "AttemptEmailAddressVerification",
        Method::POST,
        "/email_addresses/{email_address_id}/attempt_verification",
        "Email Addresses",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("email_address_id", &self.email_address_id)
            .json(|body| {
                body.required("verification_id", &self.verification_id).required("code", &self.code);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Puts one primary e-mail address in place of all that a user has. Refused when one of these is linked
/// to an external account.
///
/// `PUT /users/{user_id}/email_address`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/email-addresses)). Documented error
/// statuses: 400, 401, 403, 404, 422.
pub fn replace_for_user(user_id: impl Into<UserId>, email_address: impl Into<String>) -> ReplaceForUser {
    ReplaceForUser {
        user_id: user_id.into(),
        email_address: email_address.into(),
        identification_status: None,
        notify_primary_email_address_changed: Nullable::Absent,
    }
}

/// The operation that [`replace_for_user`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct ReplaceForUser {
    user_id: UserId,
    email_address: String,
    identification_status: Option<IdentificationStatus>,
    notify_primary_email_address_changed: Nullable<bool>,
}

opaque!(ReplaceForUser);

impl ReplaceForUser {
    /// How it starts out; verified when left out. A user without another way to sign in is locked out by
    /// `unverified`.
    pub fn identification_status(mut self, identification_status: impl Into<IdentificationStatus>) -> Self {
        self.identification_status = Some(identification_status.into());
        self
    }

    /// Whether to tell the old primary address that it was replaced.
    pub fn notify_primary_email_address_changed(
        mut self,
        notify_primary_email_address_changed: impl Into<Nullable<bool>>,
    ) -> Self {
        self.notify_primary_email_address_changed = notify_primary_email_address_changed.into();
        self
    }
}

impl Operation for ReplaceForUser {
    type Output = EmailAddress;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "ReplaceUserEmailAddress",
        Method::PUT,
        "/users/{user_id}/email_address",
        "Email Addresses",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("user_id", &self.user_id)
            .json(|body| {
                body.required("email_address", &self.email_address)
                    .optional("identification_status", &self.identification_status)
                    .nullable(
                        "notify_primary_email_address_changed",
                        &self.notify_primary_email_address_changed,
                    );
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}
