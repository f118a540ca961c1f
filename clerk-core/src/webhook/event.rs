use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Value, value::RawValue};

use crate::{
    Timestamp,
    decode::{lenient, plain::Plain},
    id::{OrganizationId, UserId},
    model::{
        BillingPayer, DeletedObject, Organization, OrganizationDomain, OrganizationInvitation,
        OrganizationMembership, Permission, Role, User, WaitlistEntry,
    },
    webhook::payload::{
        AcceptedInvitation, Email, PaymentAttempt, SessionEvent, Sms, Subscription, SubscriptionItem,
    },
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
            /// The types that are listed here.
            #[cfg(test)]
            pub(super) const KINDS: &[&str] = &[$($kind),*];

            /// The event's type as Clerk writes it, for example `user.created`.
            #[must_use]
            pub fn kind(&self) -> &str {
                match self {
                    $(Self::$variant(_) => $kind,)*
                    Self::Other { kind, .. } => kind,
                }
            }

            /// The data as it is written.
            #[cfg(test)]
            pub(super) fn data(&self) -> Result<Value, serde_json::Error> {
                match self {
                    $(Self::$variant(data) => serde_json::to_value(data),)*
                    Self::Other { data, .. } => Ok(data.clone()),
                }
            }

            fn read(kind: &str, data: &RawValue) -> Result<Self, serde_json::Error> {
                let data = data.get();
                Ok(match kind {
                    $($kind => Self::$variant(serde_json::from_str(data)?),)*
                    _ => {
                        let Plain(data) = serde_json::from_str(data)?;
                        Self::Other { kind: kind.to_owned(), data }
                    }
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
    SessionCreated(SessionEvent) = "session.created",
    /// Somebody signed in and still has something to do.
    SessionPending(SessionEvent) = "session.pending",
    /// A session ended because its user signed out.
    SessionEnded(SessionEvent) = "session.ended",
    /// A session was removed from its client.
    SessionRemoved(SessionEvent) = "session.removed",
    /// A session was revoked.
    SessionRevoked(SessionEvent) = "session.revoked",
    /// An e-mail to a user was written.
    EmailCreated(Email) = "email.created",
    /// A text message to a user was written.
    SmsCreated(Sms) = "sms.created",
    /// An organization was created.
    OrganizationCreated(Organization) = "organization.created",
    /// An organization was changed.
    OrganizationUpdated(Organization) = "organization.updated",
    /// An organization was deleted.
    OrganizationDeleted(DeletedObject) = "organization.deleted",
    /// A domain was added to an organization.
    OrganizationDomainCreated(OrganizationDomain) = "organizationDomain.created",
    /// A domain of an organization was changed, for example verified.
    OrganizationDomainUpdated(OrganizationDomain) = "organizationDomain.updated",
    /// A domain was taken from an organization.
    OrganizationDomainDeleted(DeletedObject) = "organizationDomain.deleted",
    /// Somebody became a member of an organization.
    OrganizationMembershipCreated(OrganizationMembership) = "organizationMembership.created",
    /// A membership was changed, for example its role.
    OrganizationMembershipUpdated(OrganizationMembership) = "organizationMembership.updated",
    /// Somebody is no longer a member of an organization.
    OrganizationMembershipDeleted(OrganizationMembership) = "organizationMembership.deleted",
    /// Somebody was invited to an organization.
    OrganizationInvitationCreated(OrganizationInvitation) = "organizationInvitation.created",
    /// Somebody accepted an invitation to an organization.
    OrganizationInvitationAccepted(AcceptedInvitation) = "organizationInvitation.accepted",
    /// An invitation to an organization was withdrawn.
    OrganizationInvitationRevoked(OrganizationInvitation) = "organizationInvitation.revoked",
    /// A role was created.
    RoleCreated(Role) = "role.created",
    /// A role was changed.
    RoleUpdated(Role) = "role.updated",
    /// A role was deleted.
    RoleDeleted(DeletedObject) = "role.deleted",
    /// A permission was created.
    PermissionCreated(Permission) = "permission.created",
    /// A permission was changed.
    PermissionUpdated(Permission) = "permission.updated",
    /// A permission was deleted.
    PermissionDeleted(DeletedObject) = "permission.deleted",
    /// Somebody joined the waitlist.
    WaitlistEntryCreated(WaitlistEntry) = "waitlistEntry.created",
    /// An entry of the waitlist was changed, for example invited.
    WaitlistEntryUpdated(WaitlistEntry) = "waitlistEntry.updated",
    /// A payment was begun.
    PaymentAttemptCreated(PaymentAttempt) = "paymentAttempt.created",
    /// A payment came through, or failed.
    PaymentAttemptUpdated(PaymentAttempt) = "paymentAttempt.updated",
    /// A subscription was created.
    SubscriptionCreated(Subscription) = "subscription.created",
    /// A subscription was changed.
    SubscriptionUpdated(Subscription) = "subscription.updated",
    /// A subscription became active.
    SubscriptionActive(Subscription) = "subscription.active",
    /// A subscription has a payment overdue.
    SubscriptionPastDue(Subscription) = "subscription.pastDue",
    /// A subscription item was created.
    SubscriptionItemCreated(SubscriptionItem) = "subscriptionItem.created",
    /// A subscription item was changed.
    SubscriptionItemUpdated(SubscriptionItem) = "subscriptionItem.updated",
    /// A subscription item became active.
    SubscriptionItemActive(SubscriptionItem) = "subscriptionItem.active",
    /// A subscription item was canceled, and lasts until its period ends.
    SubscriptionItemCanceled(SubscriptionItem) = "subscriptionItem.canceled",
    /// A subscription item will follow the current one.
    SubscriptionItemUpcoming(SubscriptionItem) = "subscriptionItem.upcoming",
    /// A subscription item ended.
    SubscriptionItemEnded(SubscriptionItem) = "subscriptionItem.ended",
    /// A subscription item was never paid and is given up.
    SubscriptionItemAbandoned(SubscriptionItem) = "subscriptionItem.abandoned",
    /// A subscription item waits for its first payment.
    SubscriptionItemIncomplete(SubscriptionItem) = "subscriptionItem.incomplete",
    /// A subscription item has a payment overdue.
    SubscriptionItemPastDue(SubscriptionItem) = "subscriptionItem.pastDue",
    /// A subscription item has a free trial that ends soon.
    SubscriptionItemFreeTrialEnding(SubscriptionItem) = "subscriptionItem.freeTrialEnding",
}

impl Event {
    /// The user it is about: who was changed, signed in, joined, is written to or pays. `None` where there is
    /// none, or where Clerk does not say.
    #[must_use]
    pub fn user_id(&self) -> Option<UserId> {
        match self {
            Self::UserCreated(user) | Self::UserUpdated(user) => Some(user.id.clone()),
            Self::UserDeleted(gone) => gone.id.as_ref().map(|id| id.as_str().into()),
            Self::SessionCreated(it)
            | Self::SessionPending(it)
            | Self::SessionEnded(it)
            | Self::SessionRemoved(it)
            | Self::SessionRevoked(it) => Some(it.session.user_id.clone()),
            Self::EmailCreated(email) => email.user_id.clone(),
            Self::SmsCreated(sms) => sms.user_id.clone(),
            Self::OrganizationMembershipCreated(membership)
            | Self::OrganizationMembershipUpdated(membership)
            | Self::OrganizationMembershipDeleted(membership) => {
                membership.public_user_data.as_ref().map(|user| user.user_id.clone())
            }
            Self::OrganizationInvitationAccepted(accepted) => Some(accepted.user_id.clone()),
            _ => self.payer().and_then(|payer| payer.user_id.clone()),
        }
    }

    /// The organization it is about: the one that was changed, joined or paid for, or whose domain it is.
    /// `None` where there is none, or where Clerk does not say, as when a domain is deleted. Roles and
    /// permissions belong to all organizations.
    #[must_use]
    pub fn organization_id(&self) -> Option<OrganizationId> {
        match self {
            Self::OrganizationCreated(organization) | Self::OrganizationUpdated(organization) => {
                Some(organization.id.clone())
            }
            Self::OrganizationDeleted(gone) => gone.id.as_ref().map(|id| id.as_str().into()),
            Self::OrganizationDomainCreated(domain) | Self::OrganizationDomainUpdated(domain) => {
                Some(domain.organization_id.clone())
            }
            Self::OrganizationMembershipCreated(membership)
            | Self::OrganizationMembershipUpdated(membership)
            | Self::OrganizationMembershipDeleted(membership) => Some(membership.organization.id.clone()),
            Self::OrganizationInvitationCreated(invitation)
            | Self::OrganizationInvitationRevoked(invitation) => organization_of(invitation),
            Self::OrganizationInvitationAccepted(accepted) => organization_of(&accepted.invitation),
            _ => self.payer().and_then(|payer| payer.organization_id.clone()),
        }
    }

    fn payer(&self) -> Option<&BillingPayer> {
        match self {
            Self::PaymentAttemptCreated(payment) | Self::PaymentAttemptUpdated(payment) => {
                payment.payer.as_ref()
            }
            Self::SubscriptionCreated(subscription)
            | Self::SubscriptionUpdated(subscription)
            | Self::SubscriptionActive(subscription)
            | Self::SubscriptionPastDue(subscription) => subscription.payer.as_ref(),
            Self::SubscriptionItemCreated(item)
            | Self::SubscriptionItemUpdated(item)
            | Self::SubscriptionItemActive(item)
            | Self::SubscriptionItemCanceled(item)
            | Self::SubscriptionItemUpcoming(item)
            | Self::SubscriptionItemEnded(item)
            | Self::SubscriptionItemAbandoned(item)
            | Self::SubscriptionItemIncomplete(item)
            | Self::SubscriptionItemPastDue(item)
            | Self::SubscriptionItemFreeTrialEnding(item) => item.payer.as_ref(),
            _ => None,
        }
    }
}

fn organization_of(invitation: &OrganizationInvitation) -> Option<OrganizationId> {
    let shown = invitation.public_organization_data.as_ref();
    invitation.organization_id.as_ref().or(shown.map(|organization| &organization.id)).cloned()
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
