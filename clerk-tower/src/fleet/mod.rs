//! Many processes that act as one.

mod seam;

pub use self::seam::{Broadcast, FleetError, FleetErrorKind, FleetFuture, Heard, Store, Subscription};
