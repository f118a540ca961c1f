//! What comes with events that is not also an answer of the Backend API.
//!
//! The rules of [`model`](crate::model) hold here too: unknown fields are ignored, unknown enum values are
//! kept, and what is missing or `null` is empty, zero, `false` or `None`; identifiers never fall back.
//!
//! ```
//! use clerk_core::webhook::payload::Sms;
//!
//! let sms: Sms = serde_json::from_str(
//!     r#"{"id": "sms_1", "to_phone_number": "+15555550100", "message": "Hello", "delivered_by_clerk": false}"#,
//! ).unwrap();
//! assert!(!sms.delivered_by_clerk, "the application has to send it");
//! assert_eq!(format!("{sms:?}"), r#"Sms { id: Id("sms_1"), .. }"#);
//! ```

use serde::{Deserialize, Serialize};

use crate::{
    Metadata, Timestamp,
    decode::lenient,
    id::{Id, UserId},
    model::{OrganizationInvitation, Session, User},
    opaque::opaque,
};

pub use super::billing::{
    ChargeType, Payee, PaymentAttempt, PaymentFailure, PaymentSource, PaymentTotals, Plan, Subscription,
    SubscriptionItem, UnitPrice, UnitPriceTier, UnitTotal,
};

/// A session, and the user whose session it is.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SessionEvent {
    /// The session.
    #[serde(flatten)]
    pub session: Session,
    /// The user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<User>,
}

opaque!(SessionEvent, session);

/// An invitation to an organization, and who accepted it.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AcceptedInvitation {
    /// The invitation.
    #[serde(flatten)]
    pub invitation: OrganizationInvitation,
    /// The user who accepted it.
    pub user_id: UserId,
}

opaque!(AcceptedInvitation, invitation);

/// An e-mail to a user.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Email {
    /// Its identifier.
    pub id: Id,
    /// The template it is made from, such as `verification_code`.
    pub slug: Option<String>,
    /// The part of the sender's address before the `@`.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub from_email_name: String,
    /// The part of the address for answers before the `@`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_to_email_name: Option<String>,
    /// The address it goes to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to_email_address: Option<String>,
    /// Which of the user's e-mail addresses that is.
    #[serde(default, deserialize_with = "lenient::optional_id", skip_serializing_if = "Option::is_none")]
    pub email_address_id: Option<Id>,
    /// The user.
    #[serde(default, deserialize_with = "lenient::optional_id", skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    /// The subject.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The text as HTML. May hold a code or a link to sign in with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// The text without markup. May hold a code or a link to sign in with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body_plain: Option<String>,
    /// Where it stands, such as `queued`.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub status: String,
    /// What the template is filled with, such as `otp_code`.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub data: Metadata,
    /// Whether Clerk sends it. Where not, the application has to; this never falls back.
    pub delivered_by_clerk: bool,
}

opaque!(Email, id);

/// A text message to a user.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Sms {
    /// Its identifier.
    pub id: Id,
    /// The template it is made from, such as `verification_code`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slug: Option<String>,
    /// The number it comes from.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub from_phone_number: String,
    /// The number it goes to.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub to_phone_number: String,
    /// Which of the user's phone numbers that is.
    #[serde(default, deserialize_with = "lenient::optional_id", skip_serializing_if = "Option::is_none")]
    pub phone_number_id: Option<Id>,
    /// The user.
    #[serde(default, deserialize_with = "lenient::optional_id", skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    /// The text. May hold a code to sign in with.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub message: String,
    /// Where it stands, such as `queued`.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub status: String,
    /// What the template is filled with.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub data: Metadata,
    /// Whether Clerk sends it. Where not, the application has to; this never falls back.
    pub delivered_by_clerk: bool,
    /// When it was created.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at_ms: Option<Timestamp>,
    /// When it was created, under its other name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
}

opaque!(Sms, id);
