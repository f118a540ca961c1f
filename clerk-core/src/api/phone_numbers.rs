//! Phone numbers of users: add, change, verify, replace and delete them.
//!
//! ```
//! use clerk_core::{Operation, api::phone_numbers};
//!
//! let request = phone_numbers::attempt_verification("idn_1", "ver_1", "424242").request().unwrap();
//! assert_eq!(request.uri(), "/phone_numbers/idn_1/attempt_verification");
//! ```
// Written by clerk-codegen; changes belong into its overlay.

use bytes::Bytes;
use http::{Method, Request, Response};

use crate::{
    Nullable, credential,
    decode::{self, ResponseError},
    encode::{BuildError, RequestBuilder},
    id::{Id, UserId},
    model::{CodeVerification, DeletedObject, IdentificationStatus, PhoneNumber},
    opaque::opaque,
    operation::{Operation, OperationInfo, Retry},
};

/// Adds a phone number to a user, as in E.164: `+15555550100`.
///
/// `POST /phone_numbers` ([reference](https://clerk.com/docs/reference/backend-api/tag/phone-numbers)).
/// Documented error statuses: 400, 401, 403, 404, 422.
pub fn create(user_id: impl Into<UserId>, phone_number: impl Into<String>) -> Create {
    Create {
        user_id: user_id.into(),
        phone_number: phone_number.into(),
        verified: Nullable::Absent,
        primary: Nullable::Absent,
        reserved_for_second_factor: Nullable::Absent,
    }
}

/// The operation that [`create`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Create {
    user_id: UserId,
    phone_number: String,
    verified: Nullable<bool>,
    primary: Nullable<bool>,
    reserved_for_second_factor: Nullable<bool>,
}

opaque!(Create);

impl Create {
    /// Whether it counts as verified.
    pub fn verified(mut self, verified: impl Into<Nullable<bool>>) -> Self {
        self.verified = verified.into();
        self
    }

    /// Whether to make it the primary one. A user's first number always is.
    pub fn primary(mut self, primary: impl Into<Nullable<bool>>) -> Self {
        self.primary = primary.into();
        self
    }

    /// Whether to make it a second factor. Only a verified number can be one; without another one it
    /// becomes the default.
    pub fn reserved_for_second_factor(
        mut self,
        reserved_for_second_factor: impl Into<Nullable<bool>>,
    ) -> Self {
        self.reserved_for_second_factor = reserved_for_second_factor.into();
        self
    }
}

impl Operation for Create {
    type Output = PhoneNumber;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("CreatePhoneNumber", Method::POST, "/phone_numbers", "Phone Numbers");

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .json(|body| {
                body.required("user_id", &self.user_id)
                    .required("phone_number", &self.phone_number)
                    .nullable("verified", &self.verified)
                    .nullable("primary", &self.primary)
                    .nullable("reserved_for_second_factor", &self.reserved_for_second_factor);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// One phone number.
///
/// `GET /phone_numbers/{phone_number_id}`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/phone-numbers)). Documented error
/// statuses: 400, 401, 403, 404.
pub fn get(phone_number_id: impl Into<Id>) -> Get {
    Get { phone_number_id: phone_number_id.into() }
}

/// The operation that [`get`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Get {
    phone_number_id: Id,
}

opaque!(Get);

impl Operation for Get {
    type Output = PhoneNumber;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "GetPhoneNumber",
        Method::GET,
        "/phone_numbers/{phone_number_id}",
        "Phone Numbers",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO).path("phone_number_id", &self.phone_number_id).build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Marks a phone number as verified, makes it the primary one, or makes it a second factor.
///
/// `PATCH /phone_numbers/{phone_number_id}`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/phone-numbers)). Documented error
/// statuses: 400, 401, 403, 404.
pub fn update(phone_number_id: impl Into<Id>) -> Update {
    Update {
        phone_number_id: phone_number_id.into(),
        verified: Nullable::Absent,
        primary: Nullable::Absent,
        reserved_for_second_factor: Nullable::Absent,
    }
}

/// The operation that [`update`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Update {
    phone_number_id: Id,
    verified: Nullable<bool>,
    primary: Nullable<bool>,
    reserved_for_second_factor: Nullable<bool>,
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

    /// Whether to make it a second factor. Only a verified number can be one; without another one it
    /// becomes the default.
    pub fn reserved_for_second_factor(
        mut self,
        reserved_for_second_factor: impl Into<Nullable<bool>>,
    ) -> Self {
        self.reserved_for_second_factor = reserved_for_second_factor.into();
        self
    }
}

impl Operation for Update {
    type Output = PhoneNumber;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "UpdatePhoneNumber",
        Method::PATCH,
        "/phone_numbers/{phone_number_id}",
        "Phone Numbers",
    )
    .retry(Retry::Safe);

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("phone_number_id", &self.phone_number_id)
            .json(|body| {
                body.nullable("verified", &self.verified)
                    .nullable("primary", &self.primary)
                    .nullable("reserved_for_second_factor", &self.reserved_for_second_factor);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Deletes a phone number.
///
/// `DELETE /phone_numbers/{phone_number_id}`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/phone-numbers)). Documented error
/// statuses: 400, 401, 403, 404.
pub fn delete(phone_number_id: impl Into<Id>) -> Delete {
    Delete { phone_number_id: phone_number_id.into() }
}

/// The operation that [`delete`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Delete {
    phone_number_id: Id,
}

opaque!(Delete);

impl Operation for Delete {
    type Output = DeletedObject;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "DeletePhoneNumber",
        Method::DELETE,
        "/phone_numbers/{phone_number_id}",
        "Phone Numbers",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO).path("phone_number_id", &self.phone_number_id).build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Sends a one-time code to a phone number. The answer's `id` is what [`attempt_verification`] takes.
///
/// `POST /phone_numbers/{phone_number_id}/prepare_verification`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/phone-numbers)). Documented error
/// statuses: 400, 401, 403, 404, 429, 500.
pub fn prepare_verification(phone_number_id: impl Into<Id>) -> PrepareVerification {
    PrepareVerification { phone_number_id: phone_number_id.into() }
}

/// The operation that [`prepare_verification`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct PrepareVerification {
    phone_number_id: Id,
}

opaque!(PrepareVerification);

impl Operation for PrepareVerification {
    type Output = CodeVerification;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "PreparePhoneNumberVerification",
        Method::POST,
        "/phone_numbers/{phone_number_id}/prepare_verification",
        "Phone Numbers",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO).path("phone_number_id", &self.phone_number_id).build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Checks a one-time code sent to a phone number; takes the verification and the code. A wrong or late
/// code is no error: look at the `status`. The right code also marks the number as verified. No session
/// comes of it.
///
/// `POST /phone_numbers/{phone_number_id}/attempt_verification`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/phone-numbers)). Documented error
/// statuses: 400, 401, 403, 404, 500.
pub fn attempt_verification(
    phone_number_id: impl Into<Id>,
    verification_id: impl Into<Id>,
    code: impl Into<String>,
) -> AttemptVerification {
    AttemptVerification {
        phone_number_id: phone_number_id.into(),
        verification_id: verification_id.into(),
        code: code.into(),
    }
}

/// The operation that [`attempt_verification`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct AttemptVerification {
    phone_number_id: Id,
    verification_id: Id,
    code: String,
}

opaque!(AttemptVerification);

impl Operation for AttemptVerification {
    type Output = CodeVerification;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "AttemptPhoneNumberVerification",
        Method::POST,
        "/phone_numbers/{phone_number_id}/attempt_verification",
        "Phone Numbers",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("phone_number_id", &self.phone_number_id)
            .json(|body| {
                body.required("verification_id", &self.verification_id).required("code", &self.code);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Puts one primary phone number in place of all that a user has. It is no second factor, even where
/// one of the old numbers was.
///
/// `PUT /users/{user_id}/phone_number`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/phone-numbers)). Documented error
/// statuses: 400, 401, 403, 404, 422.
pub fn replace_for_user(user_id: impl Into<UserId>, phone_number: impl Into<String>) -> ReplaceForUser {
    ReplaceForUser { user_id: user_id.into(), phone_number: phone_number.into(), identification_status: None }
}

/// The operation that [`replace_for_user`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct ReplaceForUser {
    user_id: UserId,
    phone_number: String,
    identification_status: Option<IdentificationStatus>,
}

opaque!(ReplaceForUser);

impl ReplaceForUser {
    /// How it starts out; verified when left out. A user without another way to sign in is locked out by
    /// `unverified`.
    pub fn identification_status(mut self, identification_status: impl Into<IdentificationStatus>) -> Self {
        self.identification_status = Some(identification_status.into());
        self
    }
}

impl Operation for ReplaceForUser {
    type Output = PhoneNumber;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "ReplaceUserPhoneNumber",
        Method::PUT,
        "/users/{user_id}/phone_number",
        "Phone Numbers",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("user_id", &self.user_id)
            .json(|body| {
                body.required("phone_number", &self.phone_number)
                    .optional("identification_status", &self.identification_status);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}
