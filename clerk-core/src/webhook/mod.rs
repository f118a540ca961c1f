//! Webhooks: verifies deliveries of Clerk and decodes their events.
//!
//! Clerk signs every delivery with the secret of the endpoint (the Standard Webhooks scheme, sent by Svix). A
//! [`Verifier`] checks the signature over the exact bytes that were received, and decodes the body only if the signature
//! is valid. Deliveries can be repeated and can arrive in any order. Use [`Delivery::id`] to detect repetitions.
//!
//! | Events | Data |
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
//! | `*.deleted`, except of memberships | [`DeletedObject`](crate::model::DeletedObject) |
//! | any other | the type and the JSON, in [`Event::Other`] |
//! | data that cannot be decoded | the type, the JSON and the problem, in [`Event::Unreadable`] |
//!
//! A delivery whose signature is valid is never an error, whatever its shape, and [`Delivery::body`] has all of it.
//!
//! [`kind`] has a constant for each event type, whose Rust type tells the type of the data.
//!
//! ```
//! use clerk_core::{Timestamp, webhook::{Event, Verifier}};
//! use http::HeaderMap;
//!
//! let verifier = Verifier::new("whsec_c2VjcmV0".parse()?);
//! let now = Timestamp::from_secs(1_700_000_000);
//! let body = br#"{"type": "user.deleted", "data": {"id": "user_1", "deleted": true}}"#;
//! // The headers that Clerk would send, created here for a test.
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
