//! Sign-up attempts.
//!
//! ```
//! use clerk_core::model::{SignUp, SignUpStatus};
//!
//! let sign_up: SignUp = serde_json::from_str(r#"{
//!     "id": "sua_1", "status": "missing_requirements", "missing_fields": ["phone_number"]
//! }"#).unwrap();
//! assert_eq!(sign_up.status, SignUpStatus::MissingRequirements);
//! assert!(sign_up.created_user_id.is_none());
//! ```
// Written by clerk-codegen; changes belong into its overlay.

use serde::{Deserialize, Serialize};

use crate::{
    Metadata, Timestamp,
    decode::lenient,
    id::{Id, SessionId, UserId},
    opaque::opaque,
    open_enum::open_enum,
};

/// An attempt to sign up.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SignUp {
    /// Its identifier.
    pub id: Id,
    /// Where it stands.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub status: SignUpStatus,
    /// What must be given.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub required_fields: Vec<String>,
    /// What may be given.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub optional_fields: Vec<String>,
    /// What has yet to be given.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub missing_fields: Vec<String>,
    /// What has yet to be verified.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub unverified_fields: Vec<String>,
    /// How far the verifications are.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub verifications: SignUpVerifications,
    /// The user name.
    pub username: Option<String>,
    /// The e-mail address.
    pub email_address: Option<String>,
    /// The phone number, as in E.164: `+15555550100`.
    pub phone_number: Option<String>,
    /// The wallet's address.
    pub web3_wallet: Option<String>,
    /// Whether there is a password.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub password_enabled: bool,
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// Metadata the frontend can read and write: never trust it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unsafe_metadata: Option<Metadata>,
    /// Metadata the frontend can read and only the backend can write.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_metadata: Option<Metadata>,
    /// Whether the application does something of its own before the sign-up is complete.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub custom_action: bool,
    /// The application's own identifier for the user to be.
    pub external_id: Option<String>,
    /// The session that came of it.
    #[serde(default, deserialize_with = "lenient::optional_id")]
    pub created_session_id: Option<SessionId>,
    /// The user that came of it.
    #[serde(default, deserialize_with = "lenient::optional_id")]
    pub created_user_id: Option<UserId>,
    /// When it counts as abandoned.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub abandon_at: Timestamp,
    /// When the legal terms were accepted.
    pub legal_accepted_at: Option<Timestamp>,
    /// The preferred language, as a BCP 47 tag.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// The account at a provider that it started with.
    #[deprecated(note = "Clerk advises against it")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_account: Option<Metadata>,
}

opaque!(SignUp, id);

open_enum! {
    /// Where a sign-up stands.
    SignUpStatus {
        /// Something has yet to be given or verified.
        MissingRequirements = "missing_requirements",
        /// The user exists.
        Complete = "complete",
        /// Unfinished for too long.
        Abandoned = "abandoned",
    }
}

/// How far the verifications of a sign-up are, by field.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SignUpVerifications {
    /// The e-mail address's.
    pub email_address: Option<SignUpVerification>,
    /// The phone number's.
    pub phone_number: Option<SignUpVerification>,
    /// The wallet's.
    pub web3_wallet: Option<SignUpVerification>,
    /// The external account's.
    pub external_account: Option<Metadata>,
}

opaque!(SignUpVerifications);

/// How far the verification of one field of a sign-up is.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SignUpVerification {
    /// What it waits for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_action: Option<SignUpNextAction>,
    /// How it can be verified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub supported_strategies: Option<Vec<String>>,
}

opaque!(SignUpVerification);

open_enum! {
    /// What a verification of a sign-up waits for.
    SignUpNextAction {
        /// `needs_prepare`.
        NeedsPrepare = "needs_prepare",
        /// `needs_attempt`.
        NeedsAttempt = "needs_attempt",
    }
}
