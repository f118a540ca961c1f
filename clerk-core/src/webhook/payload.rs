//! Data of events.
//!
//! The rules of [`model`](crate::model) apply here too: unknown fields are ignored, unknown enum values are
//! kept, and missing or `null` fields are `None`, empty, zero or `false`. IDs never fall back: without one, the event is
//! [`Unreadable`](super::Event::Unreadable).
//!
//! ```
//! use clerk_core::webhook::payload::Sms;
//!
//! let sms: Sms = serde_json::from_str(
//!     r#"{"id": "sms_1", "to_phone_number": "+15555550100", "message": "Hello", "delivered_by_clerk": false}"#,
//! ).unwrap();
//! assert_eq!(sms.delivered_by_clerk, Some(false), "the application must send it");
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
pub use crate::model::Email;

/// The data of a session event: the session and its user.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SessionEvent {
    /// The session.
    #[serde(flatten)]
    pub session: Session,
    /// The user of the session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<User>,
}

opaque!(SessionEvent, session);

/// An invitation to an organization, and the user who accepted it.
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

/// A text message to a user.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Sms {
    /// Unique ID.
    pub id: Id,
    /// The slug of the template, such as `verification_code`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slug: Option<String>,
    /// The sender's phone number.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub from_phone_number: String,
    /// The recipient's phone number.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub to_phone_number: String,
    /// The ID of the recipient's phone number.
    #[serde(default, deserialize_with = "lenient::optional_id", skip_serializing_if = "Option::is_none")]
    pub phone_number_id: Option<Id>,
    /// The user that the message is for.
    #[serde(default, deserialize_with = "lenient::optional_id", skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    /// The text of the message. Can contain a code for signing in.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub message: String,
    /// The status, such as `queued`.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub status: String,
    /// The values of the template's variables.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub data: Metadata,
    /// Whether Clerk sends the message. If `Some(false)`, the application must send it. `None` if Clerk does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivered_by_clerk: Option<bool>,
    /// When it was created.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at_ms: Option<Timestamp>,
    /// When it was created. Clerk uses both this name and `created_at_ms`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
}

opaque!(Sms, id);
