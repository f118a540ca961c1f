//! ID types: one per kind of resource, so that a user ID cannot be used as an organization ID.
//!
//! An ID is any non-empty string. Clerk's prefixes (`user_`, `org_`, …) are not checked, because Clerk can change
//! them. IDs from untrusted input are safe in URLs: [`crate::encode`] percent-encodes path segments.
//!
//! ```
//! use clerk_core::id::{OrganizationId, UserId};
//!
//! let user = UserId::from("user_29w83sxmDNGwOuEthce5gg56FcC");
//! assert_eq!(user.as_str(), "user_29w83sxmDNGwOuEthce5gg56FcC");
//! assert_eq!(serde_json::to_string(&user).unwrap(), "\"user_29w83sxmDNGwOuEthce5gg56FcC\"");
//!
//! // An empty ID in a response is a decode error.
//! assert!(serde_json::from_str::<UserId>("\"\"").is_err());
//!
//! // A function with a `UserId` parameter does not accept an `OrganizationId`.
//! let _organization = OrganizationId::from("org_1");
//! ```

use std::{borrow::Borrow, fmt, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::Nullable;

/// Declares ID types. They are reference-counted, so cloning is cheap.
macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Returns the ID as a string.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl $crate::model::memory::Memory for $name {
            fn allocated(&self) -> usize {
                // Beside the text there are two counters.
                self.0.len().saturating_add(2 * size_of::<usize>())
            }
        }

        impl From<&str> for $name {
            fn from(id: &str) -> Self {
                Self(id.into())
            }
        }

        impl From<String> for $name {
            fn from(id: String) -> Self {
                Self(id.into())
            }
        }

        impl From<&$name> for $name {
            fn from(id: &$name) -> Self {
                id.clone()
            }
        }

        impl From<&str> for Nullable<$name> {
            fn from(id: &str) -> Self {
                Self::Value(id.into())
            }
        }

        impl From<String> for Nullable<$name> {
            fn from(id: String) -> Self {
                Self::Value(id.into())
            }
        }

        impl From<&$name> for Nullable<$name> {
            fn from(id: &$name) -> Self {
                Self::Value(id.clone())
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                &*self.0 == other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                &*self.0 == *other
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_tuple(stringify!($name)).field(&self.0).finish()
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_str(IdVisitor).map(Self)
            }
        }
    )*};
}

struct IdVisitor;

impl de::Visitor<'_> for IdVisitor {
    type Value = Arc<str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a non-empty ID")
    }

    fn visit_str<E: de::Error>(self, id: &str) -> Result<Self::Value, E> {
        if id.is_empty() {
            return Err(E::invalid_value(de::Unexpected::Str(id), &self));
        }
        Ok(id.into())
    }
}

ids! {
    /// The ID of a user, `user_…`.
    UserId;
    /// The ID of an organization, `org_…`. Where Clerk also accepts a slug, this type can hold the slug.
    OrganizationId;
    /// The ID of a session, `sess_…`.
    SessionId;
    /// The ID of a client, `client_…`: a browser or device with its sessions.
    ClientId;
    /// The ID of any other resource, such as an email address, a membership or a template.
    Id;
}
