use std::{
    collections::VecDeque,
    fmt, mem,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::sync::{Notify, watch};

use super::{
    Broadcast, FleetErrorKind, Store, link,
    message::Topic,
    names::Names,
    outbox::{MAX_REVOKED, Outbox},
};
use crate::{
    clock::{Clock, Moment},
    runtime,
};

/// How long changes are remembered after they were told.
const REPEATED_FOR: Duration = Duration::from_secs(60);

/// Something in this process that other processes tell about a topic.
///
/// It must not hold a [`Member`], which holds it.
pub(crate) trait Listener: Send + Sync {
    fn topic(&self) -> Topic;

    /// Another process tells this. Returns `false` if it cannot be read.
    fn hear(&self, text: &str) -> bool;

    /// Something may have been missed, and it is not known what.
    fn missed(&self);
}

/// This process as a member of a fleet. Clones share it.
#[derive(Clone)]
pub(crate) struct Member(Arc<Inner>);

pub(super) struct Inner {
    pub(super) id: String,
    pub(super) names: Names,
    pub(super) broadcast: Arc<dyn Broadcast>,
    pub(super) store: Arc<dyn Store>,
    pub(super) listeners: Vec<Arc<dyn Listener>>,
    pub(super) clock: Arc<dyn Clock>,
    /// How long revocations are kept for processes that start later.
    pub(super) revocations_for: Duration,
    untold: Mutex<Untold>,
    /// How many notices have not been told. Written under the lock.
    behind: AtomicUsize,
    pub(super) signals: Arc<Signals>,
    /// The same as in `link`, as one load for every look-up of the cache.
    is_linked: AtomicBool,
    link: watch::Sender<Link>,
    is_running: AtomicBool,
}

#[derive(Default)]
struct Untold {
    outbox: Outbox,
    /// What was told a short time ago. An engine that fails over may have lost it.
    told: VecDeque<(Moment, Topic, String)>,
}

/// What wakes the tasks of a member, which do not keep the member alive.
#[derive(Default)]
pub(super) struct Signals {
    pub(super) outbox: Notify,
    /// Something was told.
    told: Notify,
    pub(super) closed: watch::Sender<bool>,
}

/// The link as it is known inside.
#[derive(Clone, Copy)]
pub(super) enum Link {
    /// There was none yet.
    New,
    Up {
        /// Since when, if it was down before.
        again: Option<Moment>,
    },
    Down {
        since: Moment,
        kind: FleetErrorKind,
    },
}

/// State of the link to the other processes of a fleet. See [`Membership::state`](super::Membership::state).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FleetState {
    /// This client has no fleet.
    Alone,
    /// There has been no link yet: the client was built a moment ago, or the engine cannot be reached.
    Linking,
    /// What another process tells arrives.
    Linked,
    /// The link is lost. This process behaves as if it were alone.
    Lost {
        /// For how long.
        elapsed: Duration,
        /// Why.
        kind: FleetErrorKind,
    },
}

/// What a member is made of.
pub(crate) struct Parts {
    pub(crate) names: Names,
    pub(crate) broadcast: Arc<dyn Broadcast>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) listeners: Vec<Arc<dyn Listener>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) revocations_for: Duration,
}

impl Member {
    /// Joins a fleet. The link is made by a task on the current runtime, or on the first one that [`wake`](Self::wake) is
    /// called on.
    pub(crate) fn join(parts: Parts) -> Self {
        let Parts { names, broadcast, store, listeners, clock, revocations_for } = parts;
        let member = Self(Arc::new(Inner {
            id: format!("{:032x}", fastrand::u128(..)),
            names,
            broadcast,
            store,
            listeners,
            clock,
            revocations_for,
            untold: Mutex::default(),
            behind: AtomicUsize::new(0),
            signals: Arc::default(),
            is_linked: AtomicBool::new(false),
            link: watch::Sender::new(Link::New),
            is_running: AtomicBool::new(false),
        }));
        member.wake();
        member
    }

    /// Makes sure that the tasks run: the runtime that they ran on may have ended.
    pub(crate) fn wake(&self) {
        if !self.0.is_running.load(Ordering::Relaxed) {
            self.start();
        }
    }

    #[cold]
    fn start(&self) {
        let Ok(runtime) = runtime::current() else { return };
        if !self.0.is_running.swap(true, Ordering::SeqCst) {
            runtime.spawn(link::run(Running(Arc::downgrade(&self.0))));
        }
    }

    /// Tells the other processes, as soon as the link allows. This neither waits nor fails.
    pub(crate) fn tell(&self, topic: Topic, text: String) {
        self.tell_all(topic, [text]);
    }

    /// Tells all of this in one message, if it fits into one.
    pub(crate) fn tell_all(&self, topic: Topic, texts: impl IntoIterator<Item = String>) {
        {
            let mut untold = self.0.untold();
            for text in texts {
                self.0.behind.fetch_add(1, Ordering::SeqCst);
                untold.outbox.add(topic, text);
            }
        }
        self.0.signals.outbox.notify_one();
        self.wake();
    }

    /// Whether other processes may not know yet what this one did.
    pub(crate) fn is_behind(&self) -> bool {
        self.untold() > 0
    }

    /// How many notices the others have not been told.
    pub(crate) fn untold(&self) -> usize {
        self.0.behind.load(Ordering::SeqCst)
    }

    /// Whether messages of other processes arrive.
    pub(crate) fn is_linked(&self) -> bool {
        self.0.is_linked.load(Ordering::Relaxed)
    }

    /// Waits until messages of other processes arrive.
    pub(crate) async fn linked(&self) {
        self.wake();
        let mut link = self.0.link.subscribe();
        // The sender is as old as the member.
        let _ = link.wait_for(|link| matches!(link, Link::Up { .. })).await;
    }

    /// Waits until the others have been told everything.
    pub(crate) async fn told(&self) {
        self.wake();
        loop {
            let told = self.0.signals.told.notified();
            if !self.is_behind() {
                return;
            }
            told.await;
        }
    }

    /// For how long the link has been up, if it was down before.
    pub(crate) fn relinked_for(&self) -> Option<Duration> {
        let link = self.0.link();
        let Link::Up { again } = link else { return Some(Duration::ZERO) };
        again.map(|since| self.0.now().since(since))
    }

    pub(crate) fn state(&self) -> FleetState {
        self.wake();
        match *self.0.link.borrow() {
            Link::New => FleetState::Linking,
            Link::Up { .. } => FleetState::Linked,
            Link::Down { since, kind } => FleetState::Lost { elapsed: self.0.now().since(since), kind },
        }
    }

    pub(crate) fn store(&self) -> &dyn Store {
        &*self.0.store
    }

    pub(crate) fn names(&self) -> &Names {
        &self.0.names
    }

    /// Names this process among those of the fleet.
    pub(crate) fn id(&self) -> &str {
        &self.0.id
    }
}

impl Inner {
    fn untold(&self) -> MutexGuard<'_, Untold> {
        self.untold.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes what is to be told, and how many notices that were.
    pub(super) fn take(&self) -> (Outbox, usize) {
        let mut untold = self.untold();
        (untold.outbox.take(), self.behind.load(Ordering::SeqCst))
    }

    pub(super) fn put_back(&self, unsent: Outbox) {
        self.untold().outbox.put_back(unsent);
    }

    /// Records what was told, and that this many notices are no longer behind.
    pub(super) fn told(&self, sent: &Outbox, notices: usize) {
        let now = self.now();
        let mut untold = self.untold();
        self.behind.fetch_sub(notices, Ordering::SeqCst);
        for (topic, text) in sent.notices() {
            if untold.told.len() >= MAX_REVOKED {
                untold.told.pop_front();
            }
            untold.told.push_back((now, topic, text));
        }
        let longest = self.revocations_for.max(REPEATED_FOR);
        while untold.told.front().is_some_and(|(at, ..)| now.since(*at) > longest) {
            untold.told.pop_front();
        }
        drop(untold);
        self.signals.told.notify_waiters();
    }

    /// Tells again what was told a short time ago.
    pub(super) fn repeat(&self) {
        let now = self.now();
        let mut untold = self.untold();
        let told = mem::take(&mut untold.told);
        let still_matters = |at: Moment, topic: Topic| match topic {
            Topic::Changed => now.since(at) <= REPEATED_FOR,
            Topic::Revoked => now.since(at) <= self.revocations_for,
            Topic::Paused => false,
        };
        for (_, topic, text) in told.into_iter().filter(|(at, topic, _)| still_matters(*at, *topic)) {
            self.behind.fetch_add(1, Ordering::SeqCst);
            untold.outbox.add(topic, text);
        }
        drop(untold);
        self.signals.outbox.notify_one();
    }

    pub(super) fn now(&self) -> Moment {
        Moment::now(&*self.clock)
    }

    pub(super) fn link(&self) -> Link {
        *self.link.borrow()
    }

    pub(super) fn set_link(&self, link: Link) {
        self.is_linked.store(matches!(link, Link::Up { .. }), Ordering::Relaxed);
        self.link.send_replace(link);
    }

    pub(super) fn listeners(&self, topic: Topic) -> impl Iterator<Item = &Arc<dyn Listener>> {
        self.listeners.iter().filter(move |listener| listener.topic() == topic)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.signals.closed.send_replace(true);
    }
}

/// Held by the tasks of a member. They do not keep it alive, and it learns when they end.
pub(super) struct Running(Weak<Inner>);

impl Running {
    pub(super) fn member(&self) -> Option<Arc<Inner>> {
        self.0.upgrade()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(member) = self.member() {
            if matches!(member.link(), Link::Up { .. }) {
                let since = member.now();
                member.set_link(Link::Down { since, kind: FleetErrorKind::Unreachable });
            }
            member.is_running.store(false, Ordering::SeqCst);
        }
    }
}

impl fmt::Debug for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Member").field("state", &self.state()).finish_non_exhaustive()
    }
}
