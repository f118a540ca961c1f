//! Enums that still deserialize when Clerk adds a value.
//!
//! One macro defines all enums of models and requests. Known values are variants. Any other string is kept in
//! `Other` and serialized unchanged.
//!
//! ```
//! use clerk_core::model::SessionStatus;
//!
//! let known: SessionStatus = serde_json::from_str("\"active\"").unwrap();
//! assert_eq!(known, SessionStatus::Active);
//! let new: SessionStatus = serde_json::from_str("\"hibernating\"").unwrap();
//! assert_eq!(new.as_str(), "hibernating");
//! assert_eq!(serde_json::to_string(&new).unwrap(), "\"hibernating\"");
//! ```

/// Declares an open enum over strings. The default is the empty string, which equals no known value.
macro_rules! open_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)*
            /// A value that this version of the crate does not know.
            Other(Box<str>),
        }

        impl $name {
            /// Returns the value as it is in JSON.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)*
                    Self::Other(text) => text,
                }
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                match text {
                    $($text => Self::$variant,)*
                    other => Self::Other(other.into()),
                }
            }
        }

        impl $crate::model::memory::Memory for $name {
            fn allocated(&self) -> usize {
                if let Self::Other(text) = self { text.len() } else { 0 }
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        impl $crate::encode::QueryValue for $name {
            fn write(&self, out: &mut String) {
                out.push_str(self.as_str());
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::from("")
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_str($crate::decode::lenient::Text(|text| Self::from(text)))
            }
        }
    };
}

pub(crate) use open_enum;
