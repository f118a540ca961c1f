//! Templates of the e-mails and text messages that Clerk sends.
//!
//! ```
//! # #![allow(deprecated)]
//! use clerk_core::{Operation, api::email_sms_templates, model::TemplateType};
//!
//! let request = email_sms_templates::get(TemplateType::Email, "invitation").request().unwrap();
//! assert_eq!(request.uri(), "/templates/email/invitation");
//! ```
// Written by clerk-codegen; changes belong into its overlay.

use bytes::Bytes;
use http::{Method, Request, Response};

use crate::{
    Metadata, Nullable, Page, credential,
    decode::{self, ResponseError},
    encode::{BuildError, RequestBuilder},
    model::{Template, TemplateType},
    opaque::opaque,
    operation::{Operation, OperationInfo, Retry},
    page::{Paged, Window},
};

/// Lists the templates of e-mails or of text messages.
///
/// `GET /templates/{template_type}`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/email-sms-templates)). Documented
/// error statuses: 400, 401, 422.
#[deprecated(note = "Clerk is retiring the operations on templates")]
pub fn list(template_type: impl Into<TemplateType>) -> List {
    List { template_type: template_type.into(), limit: None, offset: None }
}

/// The operation that [`list`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct List {
    template_type: TemplateType,
    limit: Option<u32>,
    offset: Option<u32>,
}

opaque!(List);

impl List {
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
    type Output = Page<Template>;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "GetTemplateList",
        Method::GET,
        "/templates/{template_type}",
        "Email & SMS Templates",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("template_type", &self.template_type)
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
    type Item = Template;

    fn window(&self) -> Window {
        Window { offset: self.offset, limit: self.limit }
    }

    fn with_window(mut self, window: Window) -> Self {
        self.offset = window.offset;
        self.limit = window.limit;
        self
    }
}

/// One template, by its type and slug.
///
/// `GET /templates/{template_type}/{slug}`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/email-sms-templates)). Documented
/// error statuses: 400, 401, 404.
#[deprecated(note = "Clerk is retiring the operations on templates")]
pub fn get(template_type: impl Into<TemplateType>, slug: impl Into<String>) -> Get {
    Get { template_type: template_type.into(), slug: slug.into() }
}

/// The operation that [`get`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Get {
    template_type: TemplateType,
    slug: String,
}

opaque!(Get);

impl Operation for Get {
    type Output = Template;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "GetTemplate",
        Method::GET,
        "/templates/{template_type}/{slug}",
        "Email & SMS Templates",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("template_type", &self.template_type)
            .path("slug", &self.slug)
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Changes a template, named by its type and slug.
///
/// `PUT /templates/{template_type}/{slug}`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/email-sms-templates)). Documented
/// error statuses: 400, 401, 402, 403, 404, 422, 423, 429.
#[deprecated(note = "Clerk is retiring the operations on templates")]
pub fn upsert(template_type: impl Into<TemplateType>, slug: impl Into<String>) -> Upsert {
    Upsert {
        template_type: template_type.into(),
        slug: slug.into(),
        name: None,
        subject: Nullable::Absent,
        markup: Nullable::Absent,
        body: None,
        delivered_by_clerk: Nullable::Absent,
        from_email_name: None,
        reply_to_email_name: None,
    }
}

/// The operation that [`upsert`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Upsert {
    template_type: TemplateType,
    slug: String,
    name: Option<String>,
    subject: Nullable<String>,
    markup: Nullable<String>,
    body: Option<String>,
    delivered_by_clerk: Nullable<bool>,
    from_email_name: Option<String>,
    reply_to_email_name: Option<String>,
}

opaque!(Upsert);

impl Upsert {
    /// Its name.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The subject of the e-mail.
    pub fn subject(mut self, subject: impl Into<Nullable<String>>) -> Self {
        self.subject = subject.into();
        self
    }

    /// The body as the editor has it.
    pub fn markup(mut self, markup: impl Into<Nullable<String>>) -> Self {
        self.markup = markup.into();
        self
    }

    /// The text, with variables.
    pub fn body(mut self, body: impl Into<String>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// Whether Clerk delivers the messages; else the application does, when its webhook is called.
    pub fn delivered_by_clerk(mut self, delivered_by_clerk: impl Into<Nullable<bool>>) -> Self {
        self.delivered_by_clerk = delivered_by_clerk.into();
        self
    }

    /// What stands before the `@` in the address the e-mail comes from.
    pub fn from_email_name(mut self, from_email_name: impl Into<String>) -> Self {
        self.from_email_name = Some(from_email_name.into());
        self
    }

    /// What stands before the `@` in the address that answers go to.
    pub fn reply_to_email_name(mut self, reply_to_email_name: impl Into<String>) -> Self {
        self.reply_to_email_name = Some(reply_to_email_name.into());
        self
    }
}

impl Operation for Upsert {
    type Output = Template;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "UpsertTemplate",
        Method::PUT,
        "/templates/{template_type}/{slug}",
        "Email & SMS Templates",
    );

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("template_type", &self.template_type)
            .path("slug", &self.slug)
            .json(|body| {
                body.optional("name", &self.name)
                    .nullable("subject", &self.subject)
                    .nullable("markup", &self.markup)
                    .optional("body", &self.body)
                    .nullable("delivered_by_clerk", &self.delivered_by_clerk)
                    .optional("from_email_name", &self.from_email_name)
                    .optional("reply_to_email_name", &self.reply_to_email_name);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Undoes all changes of a template.
///
/// `POST /templates/{template_type}/{slug}/revert`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/email-sms-templates)). Documented
/// error statuses: 400, 401, 402, 404.
#[deprecated(note = "Clerk is retiring the operations on templates")]
pub fn revert(template_type: impl Into<TemplateType>, slug: impl Into<String>) -> Revert {
    Revert { template_type: template_type.into(), slug: slug.into() }
}

/// The operation that [`revert`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Revert {
    template_type: TemplateType,
    slug: String,
}

opaque!(Revert);

impl Operation for Revert {
    type Output = Template;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "RevertTemplate",
        Method::POST,
        "/templates/{template_type}/{slug}/revert",
        "Email & SMS Templates",
    )
    .retry(Retry::Safe);

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("template_type", &self.template_type)
            .path("slug", &self.slug)
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Shows what a template would become, without changing it. The answer is a JSON object.
///
/// `POST /templates/{template_type}/{slug}/preview`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/email-sms-templates)). Documented
/// error statuses: 400, 401, 404, 422.
#[deprecated(note = "Clerk is retiring the operations on templates")]
pub fn preview(template_type: impl Into<TemplateType>, slug: impl Into<String>) -> Preview {
    Preview {
        template_type: template_type.into(),
        slug: slug.into(),
        subject: Nullable::Absent,
        body: None,
        from_email_name: None,
        reply_to_email_name: None,
    }
}

/// The operation that [`preview`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct Preview {
    template_type: TemplateType,
    slug: String,
    subject: Nullable<String>,
    body: Option<String>,
    from_email_name: Option<String>,
    reply_to_email_name: Option<String>,
}

opaque!(Preview);

impl Preview {
    /// The subject of the e-mail.
    pub fn subject(mut self, subject: impl Into<Nullable<String>>) -> Self {
        self.subject = subject.into();
        self
    }

    /// The text, with variables.
    pub fn body(mut self, body: impl Into<String>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// What stands before the `@` in the address the e-mail comes from.
    pub fn from_email_name(mut self, from_email_name: impl Into<String>) -> Self {
        self.from_email_name = Some(from_email_name.into());
        self
    }

    /// What stands before the `@` in the address that answers go to.
    pub fn reply_to_email_name(mut self, reply_to_email_name: impl Into<String>) -> Self {
        self.reply_to_email_name = Some(reply_to_email_name.into());
        self
    }
}

impl Operation for Preview {
    type Output = Metadata;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "PreviewTemplate",
        Method::POST,
        "/templates/{template_type}/{slug}/preview",
        "Email & SMS Templates",
    )
    .retry(Retry::Safe);

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("template_type", &self.template_type)
            .path("slug", &self.slug)
            .json(|body| {
                body.nullable("subject", &self.subject)
                    .optional("body", &self.body)
                    .optional("from_email_name", &self.from_email_name)
                    .optional("reply_to_email_name", &self.reply_to_email_name);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}

/// Chooses who delivers the messages of a template: Clerk, or the application when its webhook is
/// called.
///
/// `POST /templates/{template_type}/{slug}/toggle_delivery`
/// ([reference](https://clerk.com/docs/reference/backend-api/tag/email-sms-templates)). Documented
/// error statuses: 400, 401, 404, 423, 429.
#[deprecated(note = "Clerk is retiring the operations on templates")]
pub fn toggle_delivery(template_type: impl Into<TemplateType>, slug: impl Into<String>) -> ToggleDelivery {
    ToggleDelivery { template_type: template_type.into(), slug: slug.into(), delivered_by_clerk: None }
}

/// The operation that [`toggle_delivery`] starts.
#[derive(Clone)]
#[must_use = "an operation does nothing until it is sent"]
pub struct ToggleDelivery {
    template_type: TemplateType,
    slug: String,
    delivered_by_clerk: Option<bool>,
}

opaque!(ToggleDelivery);

impl ToggleDelivery {
    /// Whether Clerk delivers the messages; else the application does, when its webhook is called.
    pub fn delivered_by_clerk(mut self, delivered_by_clerk: bool) -> Self {
        self.delivered_by_clerk = Some(delivered_by_clerk);
        self
    }
}

impl Operation for ToggleDelivery {
    type Output = Template;
    type Credential = credential::SecretKey;

    const INFO: &'static OperationInfo = &OperationInfo::new(
        "ToggleTemplateDelivery",
        Method::POST,
        "/templates/{template_type}/{slug}/toggle_delivery",
        "Email & SMS Templates",
    )
    .retry(Retry::Safe);

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        RequestBuilder::new(Self::INFO)
            .path("template_type", &self.template_type)
            .path("slug", &self.slug)
            .json(|body| {
                body.optional("delivered_by_clerk", &self.delivered_by_clerk);
            })
            .build()
    }

    fn decode(response: &Response<Bytes>) -> Result<Self::Output, ResponseError> {
        decode::json(Self::INFO, response)
    }
}
