//! Webhooks: whether a delivery really comes from Clerk, and what it says.
//!
//! Clerk signs every delivery with the endpoint's secret (the Standard Webhooks scheme, as Svix sends it). A
//! [`Verifier`] checks the signature over the exact bytes that arrived, at a given time; only then is the body
//! read. Deliveries may come twice and in any order: [`Delivery::id`] tells repetitions apart.
//!
//! | Events | What comes with them |
//! |---|---|
//! | `user.{created,updated}` | [`User`](crate::model::User) |
//! | `session.{created,pending,ended,removed,revoked}` | [`SessionEvent`](payload::SessionEvent) |
//! | `organization.{created,updated}` | [`Organization`](crate::model::Organization) |
//! | `organizationDomain.{created,updated}` | [`OrganizationDomain`](crate::model::OrganizationDomain) |
//! | `organizationMembership.{created,updated,deleted}` | [`OrganizationMembership`](crate::model::OrganizationMembership) |
//! | `organizationInvitation.{created,revoked}` | [`OrganizationInvitation`](crate::model::OrganizationInvitation) |
//! | `organizationInvitation.accepted` | [`AcceptedInvitation`](payload::AcceptedInvitation) |
//! | `role.{created,updated}` | [`Role`](crate::model::Role) |
//! | `permission.{created,updated}` | [`Permission`](crate::model::Permission) |
//! | `waitlistEntry.{created,updated}` | [`WaitlistEntry`](crate::model::WaitlistEntry) |
//! | `email.created` | [`Email`](payload::Email) |
//! | `sms.created` | [`Sms`](payload::Sms) |
//! | `paymentAttempt.{created,updated}` | [`PaymentAttempt`](payload::PaymentAttempt) |
//! | `subscription.{created,updated,active,pastDue}` | [`Subscription`](payload::Subscription) |
//! | `subscriptionItem.{created,updated,active,canceled,upcoming,ended,abandoned,incomplete,pastDue,freeTrialEnding}` | [`SubscriptionItem`](payload::SubscriptionItem) |
//! | `deleted` of all but memberships | [`DeletedObject`](crate::model::DeletedObject) |
//! | any other | the name and the JSON, in [`Event::Other`] |
//!
//! [`kind`] has a constant for each type, which says in its own type what comes with the event.
//!
//! ```
//! use clerk_core::{Timestamp, webhook::{Event, Verifier}};
//! use http::HeaderMap;
//!
//! let verifier = Verifier::new("whsec_c2VjcmV0".parse()?);
//! let now = Timestamp::from_secs(1_700_000_000);
//! let body = br#"{"type": "user.deleted", "data": {"id": "user_1", "deleted": true}}"#;
//! // What Clerk would send; here for a test.
//! let headers: HeaderMap = verifier.sign("msg_1", now, body);
//!
//! let delivery = verifier.verify(&headers, body, now)?;
//! assert_eq!(delivery.id, "msg_1");
//! let Event::UserDeleted(deleted) = delivery.event else { panic!() };
//! assert_eq!(deleted.id.unwrap(), "user_1");
//!
//! let changed = br#"{"type": "user.deleted", "data": {"id": "user_2", "deleted": true}}"#;
//! assert!(verifier.verify(&headers, changed, now).is_err());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod billing;
mod event;
pub mod kind;
pub mod payload;
mod verify;

#[cfg(test)]
mod tests;

pub use self::{
    event::{Delivery, Event, EventAttributes, HttpRequest},
    kind::Kind,
    verify::{Verifier, WebhookError},
};
