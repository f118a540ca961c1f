use std::{collections::BTreeMap, fmt};

use bytes::Bytes;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, value::RawValue};

use crate::{
    Timestamp,
    decode::{describe_data, lenient, plain::Plain},
    id::{OrganizationId, SessionId, UserId},
    model::{
        BillingPayer, DeletedObject, Organization, OrganizationDomain, OrganizationInvitation,
        OrganizationMembership, Permission, Role, User, WaitlistEntry,
    },
    webhook::payload::{
        AcceptedInvitation, Email, PaymentAttempt, SessionEvent, Sms, Subscription, SubscriptionItem,
    },
};

/// A verified delivery.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct Delivery {
    /// The ID of the delivery. It stays the same if Clerk repeats the delivery, so use it for deduplication.
    pub id: String,
    /// Names the endpoint by the signing secret that was used, without revealing it. If several endpoints of the instance
    /// get the same event, their deliveries have the same [`id`](Self::id): use both where one database serves several.
    pub endpoint: String,
    /// The event.
    pub event: Event,
    /// The paths of fields of `event` that Clerk did not send, although they decide about access elsewhere: `banned` and
    /// `locked` of a user, which are `false` in `event`, and `deleted`, which is `true`. Usually empty.
    pub assumed: Vec<String>,
    /// When the event happened. `None` if Clerk does not say.
    pub timestamp: Option<Timestamp>,
    /// The instance in which the event happened, `ins_…`. `None` if Clerk does not say.
    pub instance_id: Option<String>,
    /// What caused the event.
    pub attributes: EventAttributes,
    /// The body exactly as it was received: JSON with everything that Clerk sent, including personal data.
    pub body: Bytes,
}

/// Shows the ID and the event type, and nothing of the body, because its data is personal.
impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery")
            .field("id", &self.id)
            .field("event", &self.event)
            .field("timestamp", &self.timestamp)
            .field("instance_id", &self.instance_id)
            .finish_non_exhaustive()
    }
}

/// The cause of an event.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EventAttributes {
    /// The request to Clerk that caused the event. Empty if no request did.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub http_request: HttpRequest,
}

/// The origin of a request to Clerk.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HttpRequest {
    /// The end user's IP address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_ip: Option<String>,
    /// The end user's `User-Agent`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
}

crate::opaque::opaque!(HttpRequest);

/// The members of a delivery's body. Each is read on its own, so that none of them can make the others unreadable.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Envelope<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<&'a RawValue>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    #[serde(borrow)]
    timestamp: Option<&'a RawValue>,
    #[serde(borrow)]
    instance_id: Option<&'a RawValue>,
    #[serde(borrow)]
    event_attributes: Option<&'a RawValue>,
}

fn member<T: DeserializeOwned>(raw: Option<&RawValue>) -> Option<T> {
    serde_json::from_str(raw?.get()).ok()
}

impl Delivery {
    /// Decodes a signed body, whatever it is: what does not have the expected shape is kept as it came.
    pub(super) fn read(id: &str, body: &[u8]) -> Self {
        let envelope: Result<Envelope<'_>, _> = serde_json::from_slice(body);
        let is_json = envelope.is_ok();
        let envelope = envelope.unwrap_or_default();
        let data = envelope.data.map_or("null", RawValue::get);
        let (event, assumed) = match member::<String>(envelope.kind) {
            Some(kind) => Event::read(&kind, data),
            None => {
                let problem = if is_json { "type: expected a string" } else { "expected a JSON object" };
                (Event::unreadable("", data, problem.to_owned()), Vec::new())
            }
        };
        Self {
            id: id.to_owned(),
            endpoint: String::new(),
            event,
            assumed,
            timestamp: member(envelope.timestamp),
            instance_id: member(envelope.instance_id),
            attributes: member(envelope.event_attributes).unwrap_or_default(),
            body: Bytes::copy_from_slice(body),
        }
    }
}

/// Fields without which a model is not decoded, because their default could grant access, and their values in an event
/// that lacks them. An event is a notification and decides nothing.
const ASSUMED: [(&str, bool); 3] = [("banned", false), ("locked", false), ("deleted", true)];

/// Decodes the data of an event, and returns the paths of the fields that were [assumed](ASSUMED).
///
/// # Errors
/// Returns the path of the part that cannot be decoded, and what was expected there. Contains no values.
fn typed<T: DeserializeOwned>(data: &str) -> Result<(T, Vec<String>), String> {
    if let Ok(value) = serde_json::from_str(data) {
        return Ok((value, Vec::new()));
    }
    let (path, problem) = locate::<T>(data);
    let Some(completed) = assume(data, &path) else {
        return Err(if path.is_empty() { problem } else { format!("{path}: {problem}") });
    };
    let (value, mut assumed) = typed(&completed)?;
    assumed.insert(0, path);
    Ok((value, assumed))
}

/// Decodes data again to find the path of the error, and what is wrong there.
fn locate<T: DeserializeOwned>(data: &str) -> (String, String) {
    let reader = &mut serde_json::Deserializer::from_str(data);
    let Err(error) = serde_path_to_error::deserialize::<_, T>(reader) else {
        return (String::new(), "it cannot be decoded".to_owned());
    };
    let path = error.path().to_string();
    describe_data(if path == "." { "" } else { &path }, &error.inner().to_string())
}

/// Sets the field at this path, if it is one of [`ASSUMED`] that is missing or `null`.
fn assume(data: &str, path: &str) -> Option<String> {
    let mut parents: Vec<&str> = path.split('.').collect();
    let field = parents.pop()?;
    let (_, value) = ASSUMED.into_iter().find(|(name, _)| *name == field)?;
    set(data, &parents, field, value)
}

/// Sets a field of an object that is missing or `null`. All else stays text: it may be nested too deeply for a [`Value`].
fn set(data: &str, parents: &[&str], field: &str, value: bool) -> Option<String> {
    let mut members: BTreeMap<String, Box<RawValue>> = serde_json::from_str(data).ok()?;
    if let [parent, below @ ..] = parents {
        let at = members.get_mut(*parent)?;
        *at = RawValue::from_string(set(at.get(), below, field, value)?).ok()?;
    } else {
        let old = members.insert(field.to_owned(), serde_json::value::to_raw_value(&value).ok()?);
        if old.is_some_and(|old| old.get() != "null") {
            return None;
        }
    }
    serde_json::to_string(&members).ok()
}

/// Declares the events: variant, type of the data, event type, and name of the constant.
macro_rules! events {
    ($($(#[$doc:meta])* $variant:ident($data:ty) = $kind:literal as $name:ident,)*) => {
        /// An event of a webhook delivery. Unknown event types are kept as [`Event::Other`], and what cannot be decoded as
        /// [`Event::Unreadable`].
        #[derive(Clone, PartialEq)]
        #[non_exhaustive]
        pub enum Event {
            $($(#[$doc])* $variant(Box<$data>),)*
            /// An event of a type that this version of the crate does not know.
            Other {
                /// The event type, such as `user.hibernated`.
                kind: String,
                /// The data of the event. `null` if it is nested too deeply to decode.
                data: Value,
            },
            /// An event of a known type whose data cannot be decoded, such as a user without an ID, or a body that is not
            /// an event at all. [`Delivery::body`] has all of it.
            Unreadable {
                /// The event type, such as `user.created`. Empty if the body does not contain one.
                kind: String,
                /// The data of the event. `null` if there is none, or if it is nested too deeply to decode.
                data: Value,
                /// The path of the part that cannot be decoded, and what was expected there. Contains no values.
                problem: String,
            },
        }

        impl Event {
            /// The known event types.
            #[cfg(test)]
            pub(super) const KINDS: &[&str] = &[$($kind),*];

            /// Returns the event type, such as `user.created`.
            #[must_use]
            pub fn kind(&self) -> &str {
                match self {
                    $(Self::$variant(_) => $kind,)*
                    Self::Other { kind, .. } | Self::Unreadable { kind, .. } => kind,
                }
            }

            /// The data, serialized again.
            #[cfg(test)]
            pub(super) fn data(&self) -> Result<Value, serde_json::Error> {
                match self {
                    $(Self::$variant(data) => serde_json::to_value(data),)*
                    Self::Other { data, .. } | Self::Unreadable { data, .. } => Ok(data.clone()),
                }
            }

            /// Decodes the data of an event, and returns the paths of the fields that were [assumed](ASSUMED).
            fn read(kind: &str, data: &str) -> (Self, Vec<String>) {
                let read = match kind {
                    $($kind => typed(data).map(|(data, assumed)| (Self::$variant(data), assumed)),)*
                    _ => Ok((Self::Other { kind: kind.to_owned(), data: plain(data) }, Vec::new())),
                };
                read.unwrap_or_else(|problem| (Self::unreadable(kind, data, problem), Vec::new()))
            }
        }

        /// The event types as constants, re-exported by [`kind`](super::kind).
        pub(super) mod kinds {
            use super::*;
            use crate::webhook::kind::Kind;

            $($(#[$doc])* pub const $name: Kind<$data> = Kind::new($kind, |event| match event {
                Event::$variant(data) => Some(data),
                _ => None,
            });)*
        }
    };
}

events! {
    /// A user was created.
    UserCreated(User) = "user.created" as USER_CREATED,
    /// A user was updated.
    UserUpdated(User) = "user.updated" as USER_UPDATED,
    /// A user was deleted.
    UserDeleted(DeletedObject) = "user.deleted" as USER_DELETED,
    /// A user signed in.
    SessionCreated(SessionEvent) = "session.created" as SESSION_CREATED,
    /// A user signed in and must complete tasks before the session becomes active.
    SessionPending(SessionEvent) = "session.pending" as SESSION_PENDING,
    /// A session ended because its user signed out.
    SessionEnded(SessionEvent) = "session.ended" as SESSION_ENDED,
    /// A session was removed from its client.
    SessionRemoved(SessionEvent) = "session.removed" as SESSION_REMOVED,
    /// A session was revoked.
    SessionRevoked(SessionEvent) = "session.revoked" as SESSION_REVOKED,
    /// An email to a user was created.
    EmailCreated(Email) = "email.created" as EMAIL_CREATED,
    /// A text message to a user was created.
    SmsCreated(Sms) = "sms.created" as SMS_CREATED,
    /// An organization was created.
    OrganizationCreated(Organization) = "organization.created" as ORGANIZATION_CREATED,
    /// An organization was updated.
    OrganizationUpdated(Organization) = "organization.updated" as ORGANIZATION_UPDATED,
    /// An organization was deleted.
    OrganizationDeleted(DeletedObject) = "organization.deleted" as ORGANIZATION_DELETED,
    /// A domain was added to an organization.
    OrganizationDomainCreated(OrganizationDomain) = "organizationDomain.created" as ORGANIZATION_DOMAIN_CREATED,
    /// A domain of an organization was updated, for example verified.
    OrganizationDomainUpdated(OrganizationDomain) = "organizationDomain.updated" as ORGANIZATION_DOMAIN_UPDATED,
    /// A domain of an organization was deleted.
    OrganizationDomainDeleted(DeletedObject) = "organizationDomain.deleted" as ORGANIZATION_DOMAIN_DELETED,
    /// A user became a member of an organization.
    OrganizationMembershipCreated(OrganizationMembership) = "organizationMembership.created" as ORGANIZATION_MEMBERSHIP_CREATED,
    /// A membership was updated, for example its role.
    OrganizationMembershipUpdated(OrganizationMembership) = "organizationMembership.updated" as ORGANIZATION_MEMBERSHIP_UPDATED,
    /// A user is no longer a member of an organization.
    OrganizationMembershipDeleted(OrganizationMembership) = "organizationMembership.deleted" as ORGANIZATION_MEMBERSHIP_DELETED,
    /// A person was invited to an organization.
    OrganizationInvitationCreated(OrganizationInvitation) = "organizationInvitation.created" as ORGANIZATION_INVITATION_CREATED,
    /// An invitation to an organization was accepted.
    OrganizationInvitationAccepted(AcceptedInvitation) = "organizationInvitation.accepted" as ORGANIZATION_INVITATION_ACCEPTED,
    /// An invitation to an organization was revoked.
    OrganizationInvitationRevoked(OrganizationInvitation) = "organizationInvitation.revoked" as ORGANIZATION_INVITATION_REVOKED,
    /// A role was created.
    RoleCreated(Role) = "role.created" as ROLE_CREATED,
    /// A role was updated.
    RoleUpdated(Role) = "role.updated" as ROLE_UPDATED,
    /// A role was deleted.
    RoleDeleted(DeletedObject) = "role.deleted" as ROLE_DELETED,
    /// A permission was created.
    PermissionCreated(Permission) = "permission.created" as PERMISSION_CREATED,
    /// A permission was updated.
    PermissionUpdated(Permission) = "permission.updated" as PERMISSION_UPDATED,
    /// A permission was deleted.
    PermissionDeleted(DeletedObject) = "permission.deleted" as PERMISSION_DELETED,
    /// A person joined the waitlist.
    WaitlistEntryCreated(WaitlistEntry) = "waitlistEntry.created" as WAITLIST_ENTRY_CREATED,
    /// A waitlist entry was updated, for example invited.
    WaitlistEntryUpdated(WaitlistEntry) = "waitlistEntry.updated" as WAITLIST_ENTRY_UPDATED,
    /// A payment attempt was started.
    PaymentAttemptCreated(PaymentAttempt) = "paymentAttempt.created" as PAYMENT_ATTEMPT_CREATED,
    /// A payment attempt succeeded or failed.
    PaymentAttemptUpdated(PaymentAttempt) = "paymentAttempt.updated" as PAYMENT_ATTEMPT_UPDATED,
    /// A subscription was created.
    SubscriptionCreated(Subscription) = "subscription.created" as SUBSCRIPTION_CREATED,
    /// A subscription was updated.
    SubscriptionUpdated(Subscription) = "subscription.updated" as SUBSCRIPTION_UPDATED,
    /// A subscription became active.
    SubscriptionActive(Subscription) = "subscription.active" as SUBSCRIPTION_ACTIVE,
    /// A subscription is past due.
    SubscriptionPastDue(Subscription) = "subscription.pastDue" as SUBSCRIPTION_PAST_DUE,
    /// A subscription item was created.
    SubscriptionItemCreated(SubscriptionItem) = "subscriptionItem.created" as SUBSCRIPTION_ITEM_CREATED,
    /// A subscription item was updated.
    SubscriptionItemUpdated(SubscriptionItem) = "subscriptionItem.updated" as SUBSCRIPTION_ITEM_UPDATED,
    /// A subscription item became active.
    SubscriptionItemActive(SubscriptionItem) = "subscriptionItem.active" as SUBSCRIPTION_ITEM_ACTIVE,
    /// A subscription item was canceled. It stays active until the end of its billing period.
    SubscriptionItemCanceled(SubscriptionItem) = "subscriptionItem.canceled" as SUBSCRIPTION_ITEM_CANCELED,
    /// A subscription item is upcoming: it will follow the current one.
    SubscriptionItemUpcoming(SubscriptionItem) = "subscriptionItem.upcoming" as SUBSCRIPTION_ITEM_UPCOMING,
    /// A subscription item ended.
    SubscriptionItemEnded(SubscriptionItem) = "subscriptionItem.ended" as SUBSCRIPTION_ITEM_ENDED,
    /// A subscription item was abandoned: its first payment was never made.
    SubscriptionItemAbandoned(SubscriptionItem) = "subscriptionItem.abandoned" as SUBSCRIPTION_ITEM_ABANDONED,
    /// A subscription item is incomplete: its first payment is pending.
    SubscriptionItemIncomplete(SubscriptionItem) = "subscriptionItem.incomplete" as SUBSCRIPTION_ITEM_INCOMPLETE,
    /// A subscription item is past due.
    SubscriptionItemPastDue(SubscriptionItem) = "subscriptionItem.pastDue" as SUBSCRIPTION_ITEM_PAST_DUE,
    /// The free trial of a subscription item ends soon.
    SubscriptionItemFreeTrialEnding(SubscriptionItem) = "subscriptionItem.freeTrialEnding" as SUBSCRIPTION_ITEM_FREE_TRIAL_ENDING,
}

impl Event {
    pub(super) fn unreadable(kind: &str, data: &str, problem: String) -> Self {
        Self::Unreadable { kind: kind.to_owned(), data: plain(data), problem }
    }

    /// Returns the user that the event is about: the subject, member, recipient or payer.
    ///
    /// `None` if the event is not about a user, or if Clerk does not name the user.
    #[must_use]
    pub fn user_id(&self) -> Option<UserId> {
        match self {
            Self::Other { kind, data } | Self::Unreadable { kind, data, .. } => named(data, user_paths(kind)),
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

    /// Returns the session that the event is about.
    ///
    /// `None` if the event is not about a session, or if Clerk does not name the session.
    #[must_use]
    pub fn session_id(&self) -> Option<SessionId> {
        match self {
            Self::Other { kind, data } | Self::Unreadable { kind, data, .. }
                if subject(kind) == "session" =>
            {
                named(data, &["/id"])
            }
            Self::SessionCreated(it)
            | Self::SessionPending(it)
            | Self::SessionEnded(it)
            | Self::SessionRemoved(it)
            | Self::SessionRevoked(it) => Some(it.session.id.clone()),
            _ => None,
        }
    }

    /// Returns the organization that the event is about: the subject, payer, or owner of a domain or membership.
    ///
    /// `None` if the event is not about an organization, or if Clerk does not name it, as in
    /// `organizationDomain.deleted`. Roles and permissions belong to all organizations.
    #[must_use]
    pub fn organization_id(&self) -> Option<OrganizationId> {
        match self {
            Self::Other { kind, data } | Self::Unreadable { kind, data, .. } => {
                named(data, organization_paths(kind))
            }
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

/// Any data, decoded. `null` if it cannot be decoded.
fn plain(data: &str) -> Value {
    serde_json::from_str(data).map_or(Value::Null, |Plain(data)| data)
}

/// Where the data of an event names its user, as JSON pointers: for data that is not decoded.
fn user_paths(kind: &str) -> &'static [&'static str] {
    match subject(kind) {
        "user" => &["/id"],
        "session" => &["/user_id", "/user/id"],
        "email" | "sms" | "organizationInvitation" => &["/user_id"],
        "organizationMembership" => &["/public_user_data/user_id"],
        "subscription" | "subscriptionItem" | "paymentAttempt" => &["/payer/user_id"],
        _ => &[],
    }
}

/// Where the data of an event names its organization, as JSON pointers: for data that is not decoded.
fn organization_paths(kind: &str) -> &'static [&'static str] {
    match subject(kind) {
        "organization" => &["/id"],
        "organizationDomain" => &["/organization_id"],
        "organizationMembership" => &["/organization/id"],
        "organizationInvitation" => &["/organization_id", "/public_organization_data/id"],
        "subscription" | "subscriptionItem" | "paymentAttempt" => &["/payer/organization_id"],
        _ => &[],
    }
}

fn subject(kind: &str) -> &str {
    kind.split('.').next().unwrap_or_default()
}

/// Returns the first ID at one of these places.
fn named<T: From<String>>(data: &Value, paths: &[&str]) -> Option<T> {
    let id = paths.iter().find_map(|path| data.pointer(path)?.as_str().filter(|id| !id.is_empty()))?;
    Some(id.to_owned().into())
}

/// Shows only the event type, because the data is personal.
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
        let delivery = Delivery::read("msg_1", body);
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

    /// The ID of another resource, taken for that of a session, would revoke nothing.
    #[test]
    fn only_an_event_about_a_session_names_one() {
        for (kind, session) in [
            ("session.hibernated", Some("x_1")),
            ("session.created", Some("x_1")),
            ("user.hibernated", None),
            ("sessions.hibernated", None),
        ] {
            let body = format!(r#"{{"type":"{kind}","data":{{"id":"x_1"}}}}"#);
            let event = Delivery::read("msg_1", body.as_bytes()).event;
            assert_eq!(event.session_id().as_ref().map(SessionId::as_str), session, "{kind}");
        }
    }
}
