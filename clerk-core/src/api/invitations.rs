//! Invitations to the application.
//!
//! ```
//! use clerk_core::{Operation, api::invitations};
//!
//! let request = invitations::create("ada@example.com").expires_in_days(7).request().unwrap();
//! assert_eq!(request.body(), r#"{"email_address":"ada@example.com","expires_in_days":7}"#);
//! ```
// Written by clerk-codegen; changes belong into its overlay.

use bytes::Bytes;
use http::{Method, Request, Response};
use serde::Serialize;

use crate::{
    Metadata, Nullable, Page, credential,
    decode::{self, ResponseError},
    encode::{BuildError, RequestBuilder},
    id::Id,
    model::{Invitation, InvitationStatus, InvitationTemplate},
    opaque::opaque,
    operation::{Operation, OperationInfo},
    page::{Paged, Window},
};

/// Lists invitations. Revoked ones are only listed when asked for.
///
/// `GET /invitations` ([reference](https://clerk.com/docs/reference/backend-api/tag/invitations)). No
/// error status is documented.
pub fn list() -> List {
    List { status: Vec::new(), query: None, order_by: None, limit: None, offset: None }
}

/// The operation that [`list`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct List {
    status: Vec<InvitationStatus>,
    query: Option<String>,
    order_by: Option<String>,
    limit: Option<u32>,
    offset: Option<u32>,
}

opaque!(List);

impl List {
    /// Only invitations that stand in one of these ways. At most 100.
    pub fn status(mut self, status: impl IntoIterator<Item = impl Into<InvitationStatus>>) -> Self {
        self.status = status.into_iter().map(Into::into).collect();
        self
    }

    /// Only invitations whose e-mail address or id contains this text.
    pub fn query(mut self, query: impl Into<String>) -> Self {
        self.query = Some(query.into());
        self
    }

    /// What to order by: a field's name, after `-` for descending order.
    pub fn order_by(mut self, order_by: impl Into<String>) -> Self {
        self.order_by = Some(order_by.into());
        self
    }

    /// How many to give at most, 1 to 500; 10 when left out.
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = Some(limit);
        self
    }

    /// How many to skip.
    pub fn offset(mut self, offset: u32) -> Self {
        self.offset = Some(offset);
        self
    }
}

impl Operation for List {
    type Output = Page<Invitation>;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("ListInvitations", Method::GET, "/invitations", "Invitations");

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .query_each("status", &self.status, 100)
            .query_opt("query", self.query.as_ref())
            .query_opt("order_by", self.order_by.as_ref())
            .query("paginated", true)
            .query_opt("limit", self.limit.as_ref())
            .query_opt("offset", self.offset.as_ref())
            .number("limit", self.limit, 1..=500)
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

impl Paged for List {
    type Item = Invitation;

    fn window(&self) -> Window {
        Window { offset: self.offset, limit: self.limit }
    }

    fn with_window(mut self, window: Window) -> Self {
        self.offset = window.offset;
        self.limit = window.limit;
        self
    }
}

/// Invites an e-mail address to the application, and sends the invitation unless told otherwise. Clerk
/// allows 100 calls per hour.
///
/// `POST /invitations` ([reference](https://clerk.com/docs/reference/backend-api/tag/invitations)).
/// Documented error statuses: 400, 422.
pub fn create(email_address: impl Into<String>) -> Create {
    Create {
        email_address: email_address.into(),
        public_metadata: None,
        redirect_url: None,
        notify: Nullable::Absent,
        ignore_existing: Nullable::Absent,
        expires_in_days: Nullable::Absent,
        template_slug: None,
    }
}

/// The operation that [`create`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Create {
    email_address: String,
    public_metadata: Option<Metadata>,
    redirect_url: Option<String>,
    notify: Nullable<bool>,
    ignore_existing: Nullable<bool>,
    expires_in_days: Nullable<i64>,
    template_slug: Option<InvitationTemplate>,
}

opaque!(Create);

impl Create {
    /// Metadata the frontend can read and only the backend can write. The user takes it over.
    pub fn public_metadata(mut self, public_metadata: impl Into<Metadata>) -> Self {
        self.public_metadata = Some(public_metadata.into());
        self
    }

    /// Where the link in the e-mail leads.
    pub fn redirect_url(mut self, redirect_url: impl Into<String>) -> Self {
        self.redirect_url = Some(redirect_url.into());
        self
    }

    /// Whether to send an e-mail, as is done when left out.
    pub fn notify(mut self, notify: impl Into<Nullable<bool>>) -> Self {
        self.notify = notify.into();
        self
    }

    /// Whether to go on when there is an invitation already, or a user with the address.
    pub fn ignore_existing(mut self, ignore_existing: impl Into<Nullable<bool>>) -> Self {
        self.ignore_existing = ignore_existing.into();
        self
    }

    /// How long it can be accepted, 1 to 365 days; 30 when left out.
    pub fn expires_in_days(mut self, expires_in_days: impl Into<Nullable<i64>>) -> Self {
        self.expires_in_days = expires_in_days.into();
        self
    }

    /// Which e-mail to send.
    pub fn template_slug(mut self, template_slug: impl Into<InvitationTemplate>) -> Self {
        self.template_slug = Some(template_slug.into());
        self
    }
}

impl Operation for Create {
    type Output = Invitation;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("CreateInvitation", Method::POST, "/invitations", "Invitations");

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .number("expires_in_days", self.expires_in_days.value().copied(), 1..=365)
            .json(|body| {
                body.required("email_address", &self.email_address)
                    .optional("public_metadata", &self.public_metadata)
                    .optional("redirect_url", &self.redirect_url)
                    .nullable("notify", &self.notify)
                    .nullable("ignore_existing", &self.ignore_existing)
                    .nullable("expires_in_days", &self.expires_in_days)
                    .optional("template_slug", &self.template_slug);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Creates 1 to 10 invitations at once. Clerk allows 25 calls per hour.
///
/// `POST /invitations/bulk`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/invitations)). Documented error
/// statuses: 400, 422.
pub fn bulk_create(body: impl IntoIterator<Item = impl Into<BulkCreateItem>>) -> BulkCreate {
    BulkCreate { body: body.into_iter().map(Into::into).collect() }
}

/// The operation that [`bulk_create`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct BulkCreate {
    body: Vec<BulkCreateItem>,
}

opaque!(BulkCreate);

impl Operation for BulkCreate {
    type Output = Vec<Invitation>;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo =
        &OperationInfo::new("CreateBulkInvitations", Method::POST, "/invitations/bulk", "Invitations");

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .items("body", self.body.len(), 1, 10)
            .within(&self.body, |request, object| {
                request.number("expires_in_days", object.expires_in_days.value().copied(), 1..=365)
            })
            .json_value("body", &self.body)
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Revokes an invitation: its link no longer works. Signing up without it remains possible.
///
/// `POST /invitations/{invitation_id}/revoke`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/invitations)). Documented error
/// statuses: 400, 404.
pub fn revoke(invitation_id: impl Into<Id>) -> Revoke {
    Revoke { invitation_id: invitation_id.into() }
}

/// The operation that [`revoke`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Revoke {
    invitation_id: Id,
}

opaque!(Revoke);

impl Operation for Revoke {
    type Output = Invitation;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "RevokeInvitation",
        Method::POST,
        "/invitations/{invitation_id}/revoke",
        "Invitations",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO).path("invitation_id", &self.invitation_id).build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// One of those to create.
#[derive(Clone, Serialize)]
#[must_use]
pub struct BulkCreateItem {
    email_address: String,
    #[serde(skip_serializing_if = "Nullable::is_absent")]
    public_metadata: Nullable<Metadata>,
    #[serde(skip_serializing_if = "Nullable::is_absent")]
    redirect_url: Nullable<String>,
    #[serde(skip_serializing_if = "Nullable::is_absent")]
    notify: Nullable<bool>,
    #[serde(skip_serializing_if = "Nullable::is_absent")]
    ignore_existing: Nullable<bool>,
    #[serde(skip_serializing_if = "Nullable::is_absent")]
    expires_in_days: Nullable<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    template_slug: Option<InvitationTemplate>,
}

opaque!(BulkCreateItem);

impl BulkCreateItem {
    /// With what is required.
    pub fn new(email_address: impl Into<String>) -> Self {
        Self {
            email_address: email_address.into(),
            public_metadata: Nullable::Absent,
            redirect_url: Nullable::Absent,
            notify: Nullable::Absent,
            ignore_existing: Nullable::Absent,
            expires_in_days: Nullable::Absent,
            template_slug: None,
        }
    }

    /// Metadata the frontend can read and only the backend can write. Who accepts the invitation takes it
    /// over.
    pub fn public_metadata(mut self, public_metadata: impl Into<Nullable<Metadata>>) -> Self {
        self.public_metadata = public_metadata.into();
        self
    }

    /// Where the link in the e-mail leads.
    pub fn redirect_url(mut self, redirect_url: impl Into<Nullable<String>>) -> Self {
        self.redirect_url = redirect_url.into();
        self
    }

    /// Whether to send an e-mail, as is done when left out.
    pub fn notify(mut self, notify: impl Into<Nullable<bool>>) -> Self {
        self.notify = notify.into();
        self
    }

    /// Whether to go on when there is an invitation already, or a user with the address.
    pub fn ignore_existing(mut self, ignore_existing: impl Into<Nullable<bool>>) -> Self {
        self.ignore_existing = ignore_existing.into();
        self
    }

    /// How long it can be accepted, 1 to 365 days; 30 when left out.
    pub fn expires_in_days(mut self, expires_in_days: impl Into<Nullable<i64>>) -> Self {
        self.expires_in_days = expires_in_days.into();
        self
    }

    /// Which e-mail to send.
    pub fn template_slug(mut self, template_slug: impl Into<InvitationTemplate>) -> Self {
        self.template_slug = Some(template_slug.into());
        self
    }
}
