//! How Clerk made sure that an address, a number or an account is the user's.
//!
//! ```
//! use clerk_core::model::{Verification, VerificationStatus};
//!
//! let verification: Verification =
//!     serde_json::from_str(r#"{"status": "verified", "strategy": "from_oauth_google"}"#).unwrap();
//! assert_eq!(verification.status, VerificationStatus::Verified);
//! assert_eq!(verification.strategy.as_str(), "from_oauth_google");
//! ```
// Written by clerk-codegen; changes belong into its overlay.

use serde::{Deserialize, Serialize};

use crate::{Metadata, Timestamp, decode::lenient, id::Id, opaque::opaque, open_enum::open_enum};

/// How something was verified, or how far its verification is.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Verification {
    /// Where it stands.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub status: VerificationStatus,
    /// How it is verified.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub strategy: VerificationStrategy,
    /// How often it was tried.
    #[serde(
        default,
        deserialize_with = "lenient::optional_integer",
        skip_serializing_if = "Option::is_none"
    )]
    pub attempts: Option<i64>,
    /// When it expires.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expire_at: Option<Timestamp>,
    /// How the code was sent, such as `sms`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// The client it was verified on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verified_at_client: Option<String>,
    /// Where to send the user for the verification.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_verification_redirect_url: Option<String>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<VerificationError>,
    /// What the wallet or passkey has to sign.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// What the wallet or passkey has to sign, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

opaque!(Verification);

open_enum! {
    /// Where a verification stands.
    VerificationStatus {
        /// Not done yet.
        Unverified = "unverified",
        /// Done: it is the user's.
        Verified = "verified",
        /// Tried without success.
        Failed = "failed",
        /// Not done in time.
        Expired = "expired",
        /// It belongs to another user, to whom the sign-in can be transferred.
        Transferable = "transferable",
    }
}

open_enum! {
    /// How something is verified.
    VerificationStrategy {
        /// `phone_code`.
        PhoneCode = "phone_code",
        /// `email_code`.
        EmailCode = "email_code",
        /// `reset_password_email_code`.
        ResetPasswordEmailCode = "reset_password_email_code",
        /// `email_link`.
        EmailLink = "email_link",
        /// `google_one_tap`.
        GoogleOneTap = "google_one_tap",
        /// `saml`.
        Saml = "saml",
        /// `ticket`.
        Ticket = "ticket",
        /// `passkey`.
        Passkey = "passkey",
        /// `web3_metamask_signature`.
        Web3MetamaskSignature = "web3_metamask_signature",
        /// `web3_base_signature`.
        Web3BaseSignature = "web3_base_signature",
        /// `web3_coinbase_wallet_signature`.
        Web3CoinbaseWalletSignature = "web3_coinbase_wallet_signature",
        /// `web3_okx_wallet_signature`.
        Web3OkxWalletSignature = "web3_okx_wallet_signature",
        /// `web3_solana_signature`.
        Web3SolanaSignature = "web3_solana_signature",
        /// `admin`.
        Admin = "admin",
        /// `scim`.
        Scim = "scim",
    }
}

/// Why a verification failed.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct VerificationError {
    /// What went wrong.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub message: String,
    /// What went wrong, at length.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub long_message: String,
    /// Clerk's code, stable enough to branch on.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub code: String,
    /// More about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meta: Option<Metadata>,
}

opaque!(VerificationError);

/// A verification by a one-time code, and how far it is.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CodeVerification {
    /// Its identifier, which the check of the code takes.
    pub id: Id,
    /// Where it stands.
    pub status: VerificationStatus,
    /// How it is verified.
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub strategy: VerificationStrategy,
    /// How often it was tried.
    #[serde(
        default,
        deserialize_with = "lenient::optional_integer",
        skip_serializing_if = "Option::is_none"
    )]
    pub attempts: Option<i64>,
    /// When the code is no longer good.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expire_at: Option<Timestamp>,
    /// How the code was sent, such as `sms`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
}

opaque!(CodeVerification, id);
