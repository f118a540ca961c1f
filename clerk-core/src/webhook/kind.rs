//! Event types as constants, whose Rust type tells the type of the data.
//!
//! ```
//! use clerk_core::{model::User, webhook::{Event, Kind, kind}};
//!
//! /// The first name of a user who has just signed up.
//! fn newcomer(event: &Event) -> Option<&str> {
//!     let user: &User = kind::USER_CREATED.of(event)?;
//!     user.first_name.as_deref()
//! }
//!
//! assert_eq!(kind::USER_CREATED.name(), "user.created");
//! let deleted: Kind<clerk_core::model::DeletedObject> = kind::USER_DELETED;
//! # drop((newcomer as fn(&Event) -> Option<&str>, deleted));
//! ```

use std::fmt;

use super::Event;

pub use super::event::kinds::*;

/// An event type whose data is a `T`. All values are constants in this [module](self).
pub struct Kind<T> {
    name: &'static str,
    read: fn(&Event) -> Option<&T>,
}

impl<T> Kind<T> {
    pub(super) const fn new(name: &'static str, read: fn(&Event) -> Option<&T>) -> Self {
        Self { name, read }
    }

    /// Returns the event type, such as `user.created`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// Returns the data of the event, if it is of this type.
    #[must_use]
    pub fn of(self, event: &Event) -> Option<&T> {
        (self.read)(event)
    }
}

impl<T> Clone for Kind<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Kind<T> {}

impl<T> fmt::Debug for Kind<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Kind").field(&self.name).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::webhook::Delivery;

    fn event(body: &[u8]) -> Event {
        Delivery::read("msg_1", body).event
    }

    #[test]
    fn a_kind_takes_its_own_events_and_no_others() {
        let deleted = event(br#"{"type": "user.deleted", "data": {"id": "user_1", "deleted": true}}"#);
        assert_eq!(USER_DELETED.of(&deleted).unwrap().id.as_ref().unwrap(), "user_1");
        assert!(ORGANIZATION_DELETED.of(&deleted).is_none());
        assert!(USER_CREATED.of(&deleted).is_none());
        let unknown = event(br#"{"type": "user.hibernated", "data": {}}"#);
        assert!(USER_DELETED.of(&unknown).is_none());
    }

    #[test]
    fn kinds_are_named_as_their_events() {
        let names = [USER_CREATED.name(), SESSION_PENDING.name(), SUBSCRIPTION_ITEM_FREE_TRIAL_ENDING.name()];
        assert_eq!(names, ["user.created", "session.pending", "subscriptionItem.freeTrialEnding"]);
        assert!(names.iter().all(|name| Event::KINDS.contains(name)));
        assert_eq!(format!("{USER_CREATED:?}"), r#"Kind("user.created")"#);
    }
}
