//! What an operation needs to be sent, as types.
//!
//! Each operation names one of the types of this module as its [`Operation::Credential`](crate::Operation::Credential).
//! They have no values; the keys themselves are in [`keys`](crate::keys). A client with one kind of key requires
//! `O: Operation<Credential: SatisfiedBy<..>>`, so that sending an operation that needs another kind is a compile error.
//!
//! ```
//! use clerk_core::{
//!     Operation,
//!     api::{m2m, users},
//!     credential::{NeedsSecretKey, SatisfiedBy},
//!     keys::MachineSecretKey,
//! };
//!
//! /// Accepts only operations that can be sent with a machine's secret key.
//! fn path<O: Operation<Credential: SatisfiedBy<MachineSecretKey>>>(_: &O) -> &'static str {
//!     O::INFO.path
//! }
//!
//! assert_eq!(path(&m2m::create_token()), "/m2m_tokens");
//! assert_eq!(path(&m2m::list_tokens("mch_1")), "/m2m_tokens"); // both kinds of key are accepted
//!
//! fn needs_the_secret_key<O: Operation<Credential = NeedsSecretKey>>(_: &O) {}
//! needs_the_secret_key(&users::get("user_1"));
//! ```
//!
//! ```compile_fail,E0277
//! # use clerk_core::{Operation, api::users, credential::SatisfiedBy, keys::MachineSecretKey};
//! # fn path<O: Operation<Credential: SatisfiedBy<MachineSecretKey>>>(_: &O) -> &'static str { O::INFO.path }
//! path(&users::get("user_1")); // users need the secret key
//! ```

use crate::keys::{MachineSecretKey, SecretKey};

/// The kind of key that an operation needs, as a value.
///
/// It is meant for tower layers, which do not know the type of the operation. The types of this module are the same
/// kinds at compile time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Credential {
    /// No key: the operation is public.
    None,
    /// The instance's secret key.
    SecretKey,
    /// A machine's secret key.
    MachineSecretKey,
    /// The secret key of a machine if the client has one, otherwise that of the instance.
    MachineOrSecretKey,
}

/// What an operation needs, as a type. Sealed: only the types of this module implement it.
pub trait Needs: sealed::Needs + 'static {
    /// The same as a value, as in [`OperationInfo`](crate::OperationInfo).
    const CREDENTIAL: Credential;
}

/// Implemented if a client with a `Key`, which is [`SecretKey`] or [`MachineSecretKey`], can send an operation that needs
/// `Self`.
#[diagnostic::on_unimplemented(
    message = "an operation whose credential is `{Self}` cannot be sent with a `{Key}`",
    label = "this operation needs another kind of key",
    note = "operations that need a machine's secret key are sent by `MachineClerk`: use `clerk.as_machine()` \
            or `MachineClerk::from_env()`",
    note = "operations that need the instance's secret key are sent by `Clerk`",
    note = "a function that is generic over operations needs the bound \
            `O: Operation<Credential: SatisfiedBy<{Key}>>`"
)]
pub trait SatisfiedBy<Key: sealed::Key>: Needs {
    /// The key that is sent: the key of the client, or none.
    const SENT: Credential;
}

/// Needs no key: the operation is public, and every client can send it.
#[derive(Clone, Copy, Debug)]
pub enum NeedsNoKey {}

impl Needs for NeedsNoKey {
    const CREDENTIAL: Credential = Credential::None;
}

impl<Key: sealed::Key> SatisfiedBy<Key> for NeedsNoKey {
    const SENT: Credential = Credential::None;
}

/// Needs the instance's secret key.
#[derive(Clone, Copy, Debug)]
pub enum NeedsSecretKey {}

impl Needs for NeedsSecretKey {
    const CREDENTIAL: Credential = Credential::SecretKey;
}

impl SatisfiedBy<SecretKey> for NeedsSecretKey {
    const SENT: Credential = Credential::SecretKey;
}

/// Needs a machine's secret key.
#[derive(Clone, Copy, Debug)]
pub enum NeedsMachineSecretKey {}

impl Needs for NeedsMachineSecretKey {
    const CREDENTIAL: Credential = Credential::MachineSecretKey;
}

impl SatisfiedBy<MachineSecretKey> for NeedsMachineSecretKey {
    const SENT: Credential = Credential::MachineSecretKey;
}

/// Needs the instance's secret key or a machine's secret key, depending on the client.
#[derive(Clone, Copy, Debug)]
pub enum NeedsEitherKey {}

impl Needs for NeedsEitherKey {
    const CREDENTIAL: Credential = Credential::MachineOrSecretKey;
}

impl SatisfiedBy<SecretKey> for NeedsEitherKey {
    const SENT: Credential = Credential::SecretKey;
}

impl SatisfiedBy<MachineSecretKey> for NeedsEitherKey {
    const SENT: Credential = Credential::MachineSecretKey;
}

mod sealed {
    use super::{
        MachineSecretKey, NeedsEitherKey, NeedsMachineSecretKey, NeedsNoKey, NeedsSecretKey, SecretKey,
    };

    pub trait Needs {}

    impl Needs for NeedsNoKey {}
    impl Needs for NeedsSecretKey {}
    impl Needs for NeedsMachineSecretKey {}
    impl Needs for NeedsEitherKey {}

    /// The keys that a client can have.
    pub trait Key {}

    impl Key for SecretKey {}
    impl Key for MachineSecretKey {}
}
