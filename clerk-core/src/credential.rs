//! The kinds of key that operations need, as types.
//!
//! Each operation names one of these types as its [`Operation::Credential`](crate::Operation::Credential).
//! The types have no values and hold no keys; keys are in [`keys`](crate::keys). A client with one kind of
//! key requires `O: Operation<Credential: SatisfiedBy<..>>`, so that sending an operation that needs another
//! kind is a compile error.
//!
//! ```
//! use clerk_core::{Operation, api::{m2m, users}, credential::{MachineSecretKey, SatisfiedBy, SecretKey}};
//!
//! /// Accepts only operations that can be sent with a machine's secret key.
//! fn path<O: Operation<Credential: SatisfiedBy<MachineSecretKey>>>(_: &O) -> &'static str {
//!     O::INFO.path
//! }
//!
//! assert_eq!(path(&m2m::create_token()), "/m2m_tokens");
//! assert_eq!(path(&m2m::list_tokens("mch_1")), "/m2m_tokens"); // both kinds of key are accepted
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

/// A kind of key. Sealed: only the types of this module implement it.
pub trait Kind: sealed::Sealed + 'static {
    /// The kind as a value, as in [`OperationInfo`](crate::OperationInfo).
    const CREDENTIAL: Credential;
}

/// Implemented if a client with a `Key` can send an operation that needs `Self`.
#[diagnostic::on_unimplemented(
    message = "an operation that needs a `{Self}` cannot be sent with a `{Key}`",
    label = "this operation needs another kind of key",
    note = "operations that need a machine's secret key are sent by `MachineClerk`: use `clerk.as_machine()` \
            or `MachineClerk::from_env()`",
    note = "operations that need the instance's secret key are sent by `Clerk`",
    note = "a function that is generic over operations needs the bound \
            `O: Operation<Credential: SatisfiedBy<{Key}>>`"
)]
pub trait SatisfiedBy<Key: Kind>: Kind {
    /// The key that is sent: the key of the client, or none.
    const SENT: Credential;
}

/// No key: the operation is public, and every client can send it.
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

/// A machine's secret key.
#[derive(Clone, Copy, Debug)]
pub enum MachineSecretKey {}

impl Kind for MachineSecretKey {
    const CREDENTIAL: Credential = Credential::MachineSecretKey;
}

impl SatisfiedBy<MachineSecretKey> for MachineSecretKey {
    const SENT: Credential = Credential::MachineSecretKey;
}

/// The instance's secret key or a machine's secret key, depending on the client.
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
