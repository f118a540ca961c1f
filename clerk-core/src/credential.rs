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
    note = "what needs a machine's secret key is sent by `MachineClerk`: from `clerk.as_machine()` \
            or `MachineClerk::from_env()`",
    note = "what needs the instance's secret key is sent by `Clerk`",
    note = "a function that is generic over operations passes the bound on: \
            `O: Operation<Credential: SatisfiedBy<{Key}>>`"
)]
pub trait SatisfiedBy<Key: Kind>: Kind {
    /// What is sent: the client's key, or none.
    const SENT: Credential;
}

/// None: the operation is public, and every client sends it.
#[derive(Clone, Copy, Debug)]
pub enum NoKey {}

impl Kind for NoKey {
    const CREDENTIAL: Credential = Credential::None;
}

impl<Key: Kind> SatisfiedBy<Key> for NoKey {
    const SENT: Credential = Credential::None;
}

/// The instance's secret key.
#[derive(Clone, Copy, Debug)]
pub enum SecretKey {}

impl Kind for SecretKey {
    const CREDENTIAL: Credential = Credential::SecretKey;
}

impl SatisfiedBy<SecretKey> for SecretKey {
    const SENT: Credential = Credential::SecretKey;
}

/// A machine's secret key, and no other.
#[derive(Clone, Copy, Debug)]
pub enum MachineSecretKey {}

impl Kind for MachineSecretKey {
    const CREDENTIAL: Credential = Credential::MachineSecretKey;
}

impl SatisfiedBy<MachineSecretKey> for MachineSecretKey {
    const SENT: Credential = Credential::MachineSecretKey;
}

/// The instance's secret key or a machine's: the one that the client has.
#[derive(Clone, Copy, Debug)]
pub enum MachineOrSecretKey {}

impl Kind for MachineOrSecretKey {
    const CREDENTIAL: Credential = Credential::MachineOrSecretKey;
}

impl SatisfiedBy<SecretKey> for MachineOrSecretKey {
    const SENT: Credential = Credential::SecretKey;
}

impl SatisfiedBy<MachineSecretKey> for MachineOrSecretKey {
    const SENT: Credential = Credential::MachineSecretKey;
}

mod sealed {
    use super::{MachineOrSecretKey, MachineSecretKey, NoKey, SecretKey};

    pub trait Sealed {}

    impl Sealed for NoKey {}
    impl Sealed for SecretKey {}
    impl Sealed for MachineSecretKey {}
    impl Sealed for MachineOrSecretKey {}
}
