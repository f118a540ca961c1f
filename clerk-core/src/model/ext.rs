use serde::de::DeserializeOwned;

use super::{
    EmailAddress, Invitation, OAuthAccessTokenVerification, Organization, OrganizationInvitation,
    OrganizationMembership, PhoneNumber, SignUp, User, VerificationStatus,
};
use crate::{Metadata, json::JsonError};

/// Adds methods with the names of the metadata fields that deserialize them as a type of the application.
macro_rules! metadata {
    ($($model:ident: $($field:ident)*;)*) => {$(
        impl $model {$(
            #[doc = concat!("Deserializes [`", stringify!($field), "`](field@", stringify!($model), "::", stringify!($field), ")")]
            /// as a `T`. Missing metadata is treated as an empty object.
            ///
            /// # Errors
            /// Returns an error if the metadata does not match `T`.
            pub fn $field<T: DeserializeOwned>(&self) -> Result<T, JsonError> {
                let stored: Option<&Metadata> = (&self.$field).into();
                stored.map_or_else(|| Metadata::new().to(), Metadata::to)
            }
        )*}
    )*};
}

metadata! {
    User: public_metadata private_metadata unsafe_metadata;
    Organization: public_metadata private_metadata;
    OrganizationMembership: public_metadata private_metadata;
    OrganizationInvitation: public_metadata private_metadata;
    Invitation: public_metadata;
    SignUp: public_metadata unsafe_metadata;
}

/// Why Clerk restricts a user from signing in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BlockReason {
    /// The user was banned, and stays so until the ban is lifted.
    Banned,
    /// A directory that manages the user's account has deactivated it.
    Deprovisioned,
    /// Too many sign-ins failed. [`User::lockout_expires_in_seconds`] says how long the lock lasts.
    Locked,
}

impl BlockReason {
    /// Returns the first reason that applies: banned, deprovisioned, locked.
    fn first(applies: [bool; 3]) -> Option<Self> {
        let reasons = [Self::Banned, Self::Deprovisioned, Self::Locked];
        reasons.into_iter().zip(applies).find_map(|(reason, applies)| applies.then_some(reason))
    }
}

impl User {
    /// Returns the primary email address, if the user has one.
    #[must_use]
    pub fn primary_email(&self) -> Option<&EmailAddress> {
        let id = self.primary_email_address_id.as_ref()?;
        self.email_addresses.iter().find(|address| address.id == *id)
    }

    /// Returns the primary phone number, if the user has one.
    #[must_use]
    pub fn primary_phone(&self) -> Option<&PhoneNumber> {
        let id = self.primary_phone_number_id.as_ref()?;
        self.phone_numbers.iter().find(|number| number.id == *id)
    }

    /// Returns the first and last name, separated by a space. `None` if both are missing or blank.
    #[must_use]
    pub fn full_name(&self) -> Option<String> {
        let names = [&self.first_name, &self.last_name];
        let names: Vec<&str> =
            names.into_iter().flatten().map(|name| name.trim()).filter(|name| !name.is_empty()).collect();
        (!names.is_empty()).then(|| names.join(" "))
    }

    /// Returns whether Clerk restricts the user from signing in: the user is banned, locked or deprovisioned.
    ///
    /// A missing [`deprovisioned`](Self::deprovisioned) means that the user is not deprovisioned: Clerk omits it
    /// where no directory manages the user. The other two are always present.
    #[must_use]
    pub fn is_blocked(&self) -> bool {
        self.block_reason().is_some()
    }

    /// Returns why Clerk restricts the user from signing in, if it does. If there are several reasons, the one that lasts
    /// longest: a lock may expire, a ban does not.
    #[must_use]
    pub fn block_reason(&self) -> Option<BlockReason> {
        BlockReason::first([self.banned, self.deprovisioned == Some(true), self.locked])
    }

    /// Returns whether the user has this email address and it is verified. Ignores ASCII case.
    #[must_use]
    pub fn has_verified_email(&self, email: &str) -> bool {
        self.email_addresses
            .iter()
            .any(|address| address.is_verified() && address.email_address.eq_ignore_ascii_case(email))
    }
}

impl OrganizationMembership {
    /// Returns whether Clerk restricts the member from signing in: the user is banned or deprovisioned.
    ///
    /// A missing flag means `false`: Clerk omits it.
    #[must_use]
    pub fn is_blocked(&self) -> bool {
        self.block_reason().is_some()
    }

    /// Returns why Clerk restricts the member from signing in, if it does. A membership does not show whether the user is
    /// locked.
    #[must_use]
    pub fn block_reason(&self) -> Option<BlockReason> {
        let user = self.public_user_data.as_ref()?;
        BlockReason::first([user.banned == Some(true), user.deprovisioned == Some(true), false])
    }
}

impl EmailAddress {
    /// Returns whether the verification has succeeded.
    #[must_use]
    pub fn is_verified(&self) -> bool {
        self.verification.as_ref().is_some_and(|it| it.status == VerificationStatus::Verified)
    }
}

impl PhoneNumber {
    /// Returns whether the verification has succeeded.
    #[must_use]
    pub fn is_verified(&self) -> bool {
        self.verification.as_ref().is_some_and(|it| it.status == VerificationStatus::Verified)
    }
}

impl OAuthAccessTokenVerification {
    /// Returns whether the token is valid: it belongs to a user and is neither revoked nor expired.
    ///
    /// A missing field counts as invalid.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.subject.is_some()
            && self.revoked == Some(false)
            && self.expired == Some(false)
            && self.active != Some(false)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn user(more: &serde_json::Value) -> User {
        let mut user = json!({"id": "user_1", "banned": false, "locked": false});
        user.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value(user).unwrap()
    }

    #[test]
    fn names() {
        let cases = [
            (json!({}), None),
            (json!({"first_name": "Ada", "last_name": "Lovelace"}), Some("Ada Lovelace")),
            (json!({"first_name": null, "last_name": " Lovelace"}), Some("Lovelace")),
            (json!({"first_name": "", "last_name": " "}), None),
        ];
        for (more, want) in cases {
            assert_eq!(user(&more).full_name().as_deref(), want);
        }
    }

    #[test]
    fn metadata_is_read_as_a_type_and_is_empty_where_there_is_none() {
        #[derive(serde::Deserialize, PartialEq, Debug)]
        struct Plan {
            #[serde(default)]
            tier: String,
        }
        let user = user(&json!({"public_metadata": {"tier": "gold"}, "unsafe_metadata": {"tier": 7}}));
        assert_eq!(user.public_metadata::<Plan>().unwrap().tier, "gold");
        assert_eq!(user.private_metadata::<Plan>().unwrap().tier, "");
        let error = user.unsafe_metadata::<Plan>().unwrap_err();
        assert_eq!((error.path.as_str(), user.private_metadata.is_none()), ("tier", true));
    }

    #[test]
    fn primaries_are_found_by_id_and_verified_means_verified() {
        let user = user(&json!({
            "primary_email_address_id": "idn_2",
            "primary_phone_number_id": "idn_9",
            "email_addresses": [
                {"id": "idn_1", "email_address": "a@example.com", "verification": {"status": "verified"}},
                {"id": "idn_2", "email_address": "b@example.com", "verification": {"status": "unverified"}},
                {"id": "idn_3", "email_address": "c@example.com", "verification": null},
            ],
            "phone_numbers": [{"id": "idn_8", "phone_number": "+15555550100"}],
        }));
        assert_eq!(user.primary_email().unwrap().email_address, "b@example.com");
        assert!(user.primary_phone().is_none());
        assert!(user.has_verified_email("A@Example.com"));
        assert!(!user.has_verified_email("b@example.com"));
        assert!(!user.has_verified_email("c@example.com"));
    }

    #[test]
    fn whoever_may_not_sign_in_is_blocked() {
        use BlockReason::{Banned, Deprovisioned, Locked};
        for (more, want) in [
            (json!({}), None),
            (json!({"deprovisioned": null}), None),
            (json!({"deprovisioned": false}), None),
            (json!({"deprovisioned": true}), Some(Deprovisioned)),
            (json!({"banned": true}), Some(Banned)),
            (json!({"locked": true}), Some(Locked)),
            (json!({"locked": true, "banned": true, "deprovisioned": true}), Some(Banned)),
            (json!({"locked": true, "deprovisioned": true}), Some(Deprovisioned)),
        ] {
            assert_eq!(user(&more).block_reason(), want, "{more}");
            assert_eq!(user(&more).is_blocked(), want.is_some(), "{more}");
            let mut member =
                json!({"id": "orgmem_1", "organization": {"id": "org_1"}, "public_user_data": more});
            member["public_user_data"]["user_id"] = json!("user_1");
            let member: OrganizationMembership = serde_json::from_value(member).unwrap();
            // A membership does not show the lock.
            let want = want.filter(|reason| *reason != Locked);
            assert_eq!(member.block_reason(), want, "{more}");
            assert_eq!(member.is_blocked(), want.is_some(), "{more}");
        }
    }

    #[test]
    fn an_access_token_is_valid_only_when_all_is_said() {
        for (token, want) in [
            (json!({"subject": "user_1", "revoked": false, "expired": false}), true),
            (json!({"subject": "user_1", "revoked": false, "expired": false, "active": true}), true),
            (json!({"subject": "user_1", "revoked": false, "expired": false, "active": false}), false),
            (json!({"subject": "user_1", "revoked": true, "expired": false}), false),
            (json!({"subject": "user_1", "revoked": false, "expired": true}), false),
            (json!({"subject": "user_1", "revoked": null, "expired": false}), false),
            (json!({"subject": "user_1", "revoked": false}), false),
            (json!({"subject": "", "revoked": false, "expired": false}), false),
            (json!({"revoked": false, "expired": false}), false),
            (json!({"active": false}), false),
            (json!({"active": true}), false),
            (json!({}), false),
        ] {
            let read: OAuthAccessTokenVerification = serde_json::from_value(token.clone()).unwrap();
            assert_eq!(read.is_valid(), want, "{token}");
        }
    }
}
