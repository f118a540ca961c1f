//! Identifiers: one type per kind of thing, so that a user's id is never taken for an organization's.
//!
//! An identifier is any non-empty text. Clerk's prefixes (`user_`, `org_`, …) are not enforced: they
//! change more often than programs do. What an identifier may not do to a URL is decided by the path
//! encoder, [`crate::encode`].
//!
//! ```
//! use clerk_core::id::{OrganizationId, UserId};
//!
//! let user = UserId::from("user_29w83sxmDNGwOuEthce5gg56FcC");
//! assert_eq!(user.as_str(), "user_29w83sxmDNGwOuEthce5gg56FcC");
//! assert_eq!(serde_json::to_string(&user).unwrap(), "\"user_29w83sxmDNGwOuEthce5gg56FcC\"");
//!
//! // An empty identifier in an answer is an error, not a user without a name.
//! assert!(serde_json::from_str::<UserId>("\"\"").is_err());
//!
//! // fn rename(user: UserId) is never called with an OrganizationId by mistake.
//! let _organization = OrganizationId::from("org_1");
//! ```

use std::{borrow::Borrow, fmt, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::Nullable;

/// Declares one identifier type. Cloning it is a reference count.
macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The identifier as Clerk writes it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
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
        f.write_str("a non-empty identifier")
    }

    fn visit_str<E: de::Error>(self, id: &str) -> Result<Self::Value, E> {
        if id.is_empty() {
            return Err(E::invalid_value(de::Unexpected::Str(id), &self));
        }
        Ok(id.into())
    }
}

ids! {
    /// A user, `user_…`.
    UserId;
    /// An organization, `org_…`. Where Clerk accepts a slug in its place, the slug goes here too.
    OrganizationId;
    /// A session, `sess_…`.
    SessionId;
    /// A client, `client_…`: one browser or device with its sessions.
    ClientId;
    /// Anything else that Clerk numbers: an e-mail address, a membership, a template, …
    Id;
}
