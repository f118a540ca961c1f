//! Claims of deliveries in the store of a fleet, so that one of its processes handles each.
//!
//! A claim is a value that ends by itself: a process that dies in the middle frees its deliveries. While handlers run it
//! is prolonged. It changes to [`DONE`] when they succeed, and is deleted when they fail. If the store does not respond,
//! the delivery is handled without a claim: Clerk would deliver it again later, but not for ever.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use tokio::{task::JoinSet, time::sleep};

use super::dedup::Running;
use crate::{
    fleet::{FleetError, Member},
    runtime, telemetry,
};

const LEASE: Duration = Duration::from_secs(30);
/// Often enough that two renewals may fail.
const RENEW_EVERY: Duration = Duration::from_secs(10);
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// How often to try to record how a delivery ended. After that, its lease has to end.
const ATTEMPTS_TO_SETTLE: u32 = 10;
/// A year. Engines may refuse longer ones.
const MAX_REMEMBERED: Duration = Duration::from_secs(365 * 24 * 60 * 60);
const DONE: Bytes = Bytes::from_static(b"done");
/// In logs and counters.
const TASK: &str = "delivery";

/// What a claim resulted in.
pub(super) enum Claimed {
    /// This process handles the delivery.
    Ours(Claim),
    /// Another process is handling it.
    Running,
    /// Another process, or this one in an earlier life, has handled it.
    Done,
}

/// A delivery that this process handles. If it is dropped before it is settled, it is released.
pub(super) struct Claim {
    entry: Arc<Entry>,
    /// Prolongs the lease in a task of its own, so that a handler that blocks its thread does not lose it.
    keeper: JoinSet<()>,
    is_settled: bool,
}

/// How a delivery ended.
#[derive(Clone, Copy)]
pub(super) enum End {
    /// It was handled, and is remembered for this long.
    Done(Duration),
    /// It was not, or not completely.
    Released,
}

/// Who has a claim.
enum Holder {
    Us,
    Other,
    Done,
    Nobody,
}

/// A delivery's value in the store.
struct Entry {
    member: Member,
    key: String,
    /// The value while this process handles the delivery. No other claim has the same.
    token: Bytes,
}

impl Claim {
    /// Claims a delivery under a key that all processes have for it.
    pub(super) async fn begin(member: Member, key: String) -> Claimed {
        let token = format!("running {} {:016x}", member.id(), fastrand::u64(..)).into();
        let entry = Arc::new(Entry { member, key, token });
        let holder = match entry.claim().await {
            Ok(holder) => Ok(holder),
            Err(error) => {
                failed(&error);
                // It may have taken effect all the same.
                entry.holder().await
            }
        };
        let first_renewal = match holder {
            Ok(Holder::Done) => return Claimed::Done,
            Ok(Holder::Other) => return Claimed::Running,
            Ok(Holder::Us) => RENEW_EVERY,
            Ok(Holder::Nobody) | Err(_) => RETRY_AFTER,
        };
        let mut keeper = JoinSet::new();
        keeper.spawn(entry.clone().keep(first_renewal));
        Claimed::Ours(Self { entry, keeper, is_settled: false })
    }

    /// Records how the delivery ended. If that fails, it is tried again in the background for some seconds, and the
    /// delivery counts as running for as long, so that a graceful shutdown waits for it.
    pub(super) async fn settle(mut self, end: End, running: Running) {
        self.is_settled = true;
        // Otherwise it could claim the delivery once more.
        self.keeper.shutdown().await;
        if self.entry.end(end).await.is_ok() {
            return;
        }
        // A delivery that failed may be handled again at once.
        let running = matches!(end, End::Done(_)).then_some(running);
        self.entry.end_later(end, running);
    }
}

/// The handlers panicked, or their runtime ends.
impl Drop for Claim {
    fn drop(&mut self) {
        if !self.is_settled {
            self.entry.end_later(End::Released, None);
        }
    }
}

impl Entry {
    async fn claim(&self) -> Result<Holder, FleetError> {
        if self.member.store().set_if_absent(&self.key, self.token.clone(), LEASE).await? {
            return Ok(Holder::Us);
        }
        // Somebody has it. Not to know who is no reason to handle it as well.
        Ok(self.holder().await.unwrap_or_else(|error| {
            failed(&error);
            Holder::Other
        }))
    }

    async fn holder(&self) -> Result<Holder, FleetError> {
        let found = self.member.store().get(std::slice::from_ref(&self.key)).await?;
        Ok(match found.into_iter().next().flatten() {
            None => Holder::Nobody,
            Some(value) if value == self.token => Holder::Us,
            Some(value) if value == DONE => Holder::Done,
            Some(_) => Holder::Other,
        })
    }

    /// Prolongs the lease until somebody else has the delivery.
    async fn keep(self: Arc<Self>, mut pause: Duration) {
        loop {
            sleep(pause).await;
            pause = match self.renew().await {
                Ok(Holder::Us) => RENEW_EVERY,
                Ok(Holder::Nobody) => RETRY_AFTER,
                // The handlers go on: what they have done so far cannot be undone.
                Ok(Holder::Other | Holder::Done) => return telemetry::fleet_lease_lost(TASK),
                Err(error) => {
                    failed(&error);
                    RETRY_AFTER
                }
            };
        }
    }

    async fn renew(&self) -> Result<Holder, FleetError> {
        let store = self.member.store();
        if store.set_if_equal(&self.key, &self.token, self.token.clone(), LEASE).await? {
            return Ok(Holder::Us);
        }
        // The lease ended, or the engine lost it. If nobody has come meanwhile, it is still ours.
        self.claim().await
    }

    async fn end(&self, end: End) -> Result<(), FleetError> {
        let store = self.member.store();
        let result = match end {
            End::Done(age) => {
                let value = [(self.key.clone(), DONE)];
                store.set(&value, age.clamp(Duration::from_millis(1), MAX_REMEMBERED)).await
            }
            End::Released => store.delete_if_equal(&self.key, &self.token).await.map(drop),
        };
        result.inspect_err(failed)
    }

    /// Without a runtime, the lease ends by itself.
    fn end_later(self: &Arc<Self>, end: End, running: Option<Running>) {
        let Ok(runtime) = runtime::current() else { return };
        let entry = self.clone();
        runtime.spawn(async move {
            let _running = running;
            for _ in 0..ATTEMPTS_TO_SETTLE {
                if entry.end(end).await.is_ok() {
                    return;
                }
                sleep(RETRY_AFTER).await;
            }
        });
    }
}

fn failed(error: &FleetError) {
    telemetry::fleet_failed(TASK, error.kind().as_str(), error);
}
