//! The kinds of key an operation is sent with, as types.
//!
//! An operation names one of them as [`Operation::Credential`](crate::Operation::Credential). None of them has
//! a value, and none holds a key: keys are in [`keys`](crate::keys). A client that has one kind of key asks
//! for `O: Operation<Credential: SatisfiedBy<..>>`, so an operation that needs another kind does not compile.
//!
//! ```
//! use clerk_core::{Operation, api::{m2m, users}, credential::{MachineSecretKey, SatisfiedBy, SecretKey}};
//!
//! /// The path that a program with a machine's secret key alone sends to.
//! fn path<O: Operation<Credential: SatisfiedBy<MachineSecretKey>>>(_: &O) -> &'static str {
//!     O::INFO.path
//! }
//!
//! assert_eq!(path(&m2m::create_token()), "/m2m_tokens");
//! assert_eq!(path(&m2m::list_tokens("mch_1")), "/m2m_tokens"); // either key will do
//!
//! fn needs_the_secret_key<O: Operation<Credential = SecretKey>>(_: &O) {}
//! needs_the_secret_key(&users::get("user_1"));
//! ```
//!
//! ```compile_fail,E0277
//! # use clerk_core::{Operation, api::users, credential::{MachineSecretKey, SatisfiedBy}};
//! # fn path<O: Operation<Credential: SatisfiedBy<MachineSecretKey>>>(_: &O) -> &'static str { O::INFO.path }
//! path(&users::get("user_1")); // users need the secret key
//! ```

use crate::operation::Credential;

/// A kind of key. Implemented by the types of this module, and by no others.
pub trait Kind: sealed::Sealed + 'static {
    /// The same as a value, as [`OperationInfo`](crate::OperationInfo) has it.
    const CREDENTIAL: Credential;
}

/// An operation that needs `Self` may be sent by a client that has a `Key`.
#[diagnostic::on_unimplemented(
    message = "an operation that needs a `{Self}` cannot be sent with a `{Key}`",
    label = "this operation is sent with another kind of key",
    note = "what needs a machine's secret key is sent by `clerk_tower::MachineClerk`: from `clerk.as_machine()` \
            or `MachineClerk::from_env()`",
    note = "what needs the instance's secret key is sent by `clerk_tower::Clerk`",
    note = "a function that is generic over operations passes the bound on: \
            `O: Operation<Credential: SatisfiedBy<{Key}>>`"
)]
pub trait SatisfiedBy<Key: Kind>: Kind {
    /// What is sent: the client's key, or none.
    const SENT: Credential;
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $credential:ident { $($key:ident sends $sent:ident),* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub enum $name {}

        impl sealed::Sealed for $name {}

        impl Kind for $name {
            const CREDENTIAL: Credential = Credential::$credential;
        }

        $(impl SatisfiedBy<$key> for $name {
            const SENT: Credential = Credential::$sent;
        })*
    )*};
}

kinds! {
    /// None: the operation is public, and every client sends it.
    NoKey = None { SecretKey sends None, MachineSecretKey sends None }

    /// The instance's secret key.
    SecretKey = SecretKey { SecretKey sends SecretKey }

    /// A machine's secret key, and no other.
    MachineSecretKey = MachineSecretKey { MachineSecretKey sends MachineSecretKey }

    /// The instance's secret key or a machine's: the one of the client.
    MachineOrSecretKey = MachineOrSecretKey {
        SecretKey sends SecretKey, MachineSecretKey sends MachineSecretKey
    }
}

mod sealed {
    pub trait Sealed {}
}
