use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Value, value::RawValue};

use crate::{
    Timestamp,
    decode::lenient,
    model::{DeletedObject, Organization, OrganizationMembership, Session, User},
};

/// A verified delivery.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Delivery {
    /// The delivery's id. It stays the same when Clerk delivers again: use it to act only once.
    pub id: String,
    /// What happened.
    pub event: Event,
    /// When it happened.
    pub timestamp: Option<Timestamp>,
    /// The instance it happened in, `ins_…`.
    pub instance_id: Option<String>,
    /// The request that caused it, where one did.
    pub attributes: EventAttributes,
}

/// What caused an event.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EventAttributes {
    /// The request to Clerk that caused it.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub http_request: HttpRequest,
}

/// Where a request to Clerk came from.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HttpRequest {
    /// The end user's address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_ip: Option<String>,
    /// The end user's browser or program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
}

crate::opaque::opaque!(HttpRequest);

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(rename = "type")]
    kind: String,
    #[serde(borrow)]
    data: &'a RawValue,
    #[serde(default)]
    timestamp: Option<Timestamp>,
    #[serde(default)]
    instance_id: Option<String>,
    #[serde(default, deserialize_with = "lenient::or_default")]
    event_attributes: EventAttributes,
}

impl Delivery {
    pub(super) fn read(id: &str, body: &[u8]) -> Result<Self, EventError> {
        let envelope: Envelope<'_> = serde_json::from_slice(body).map_err(|_| EventError::Envelope)?;
        let event =
            Event::read(&envelope.kind, envelope.data).map_err(|_| EventError::Data(envelope.kind))?;
        Ok(Self {
            id: id.to_owned(),
            event,
            timestamp: envelope.timestamp,
            instance_id: envelope.instance_id,
            attributes: envelope.event_attributes,
        })
    }
}

/// Why a signed body is no event. The values in it are not repeated.
#[derive(Debug, thiserror::Error)]
pub(super) enum EventError {
    #[error("the body is not an object with `type` and `data`")]
    Envelope,
    #[error("`data` is not what an event of type {0:?} holds")]
    Data(String),
}

/// Declares the events: variant, type, and what `data` holds.
macro_rules! events {
    ($($(#[$doc:meta])* $variant:ident($data:ty) = $kind:literal,)*) => {
        /// What happened. Types that this version does not know keep their name and data.
        #[derive(Clone, PartialEq)]
        #[non_exhaustive]
        pub enum Event {
            $($(#[$doc])* $variant(Box<$data>),)*
            /// An event of a type that is not listed here.
            Other {
                /// Its type, for example `user.hibernated`.
                kind: String,
                /// What came with it.
                data: Value,
            },
        }

        impl Event {
            /// The event's type as Clerk writes it, for example `user.created`.
            #[must_use]
            pub fn kind(&self) -> &str {
                match self {
                    $(Self::$variant(_) => $kind,)*
                    Self::Other { kind, .. } => kind,
                }
            }

            fn read(kind: &str, data: &RawValue) -> Result<Self, serde_json::Error> {
                let data = data.get();
                Ok(match kind {
                    $($kind => Self::$variant(serde_json::from_str(data)?),)*
                    _ => Self::Other { kind: kind.to_owned(), data: serde_json::from_str(data)? },
                })
            }
        }
    };
}

events! {
    /// A user was created.
    UserCreated(User) = "user.created",
    /// A user was changed.
    UserUpdated(User) = "user.updated",
    /// A user was deleted.
    UserDeleted(DeletedObject) = "user.deleted",
    /// Somebody signed in.
    SessionCreated(Session) = "session.created",
    /// Somebody signed in and still has something to do.
    SessionPending(Session) = "session.pending",
    /// A session ended because its user signed out.
    SessionEnded(Session) = "session.ended",
    /// A session was removed from its client.
    SessionRemoved(Session) = "session.removed",
    /// A session was revoked.
    SessionRevoked(Session) = "session.revoked",
    /// An organization was created.
    OrganizationCreated(Organization) = "organization.created",
    /// An organization was changed.
    OrganizationUpdated(Organization) = "organization.updated",
    /// An organization was deleted.
    OrganizationDeleted(DeletedObject) = "organization.deleted",
    /// Somebody became a member of an organization.
    OrganizationMembershipCreated(OrganizationMembership) = "organizationMembership.created",
    /// A membership was changed, for example its role.
    OrganizationMembershipUpdated(OrganizationMembership) = "organizationMembership.updated",
    /// Somebody is no longer a member of an organization.
    OrganizationMembershipDeleted(OrganizationMembership) = "organizationMembership.deleted",
}

/// The type only: the data is personal.
impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Event").field(&self.kind()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_events_keep_their_name_and_data_and_print_neither_address_nor_name() {
        let body = br#"{"type":"user.hibernated","data":{"email":"ada@example.com"},"timestamp":1700000000123,
            "instance_id":"ins_1","event_attributes":{"http_request":{"client_ip":"192.0.2.1","user_agent":null}},"new":1}"#;
        let delivery = Delivery::read("msg_1", body).unwrap();
        let Event::Other { kind, data } = &delivery.event else { panic!("an unknown type was known") };
        assert_eq!((kind.as_str(), data["email"].as_str()), ("user.hibernated", Some("ada@example.com")));
        assert_eq!(delivery.timestamp, Some(Timestamp::from_millis(1_700_000_000_123)));
        assert_eq!(delivery.attributes.http_request.client_ip.as_deref(), Some("192.0.2.1"));
        let shown = format!("{delivery:?}");
        assert!(
            shown.contains("user.hibernated") && !shown.contains("ada@") && !shown.contains("192.0"),
            "{shown}"
        );
    }
}
