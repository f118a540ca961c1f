//! A fleet's engine that the test looks into: it takes values away and puts old ones back, and it holds messages until the
//! test delivers them.

use std::{
    collections::{HashMap, VecDeque},
    future::{Future, pending},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use bytes::Bytes;
use clerk_tower::fleet::{
    Broadcast, Fleet, FleetError, FleetErrorKind, FleetFuture, Heard, Store, Subscription,
};
use tokio::{sync::mpsc, time::Instant};

type Values = HashMap<String, (Bytes, Instant)>;

/// The engine. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Chest(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    values: Values,
    members: Vec<Mailbox>,
    holds: bool,
}

#[derive(Debug)]
struct Mailbox {
    fault: Option<Fault>,
    held: VecDeque<Bytes>,
    heard: Option<mpsc::UnboundedSender<Heard>>,
    commands: Vec<&'static str>,
}

/// What is wrong between a member and the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The link is broken, and every command fails.
    Broken,
    /// The link is up, and every command fails like this.
    Fails(FleetErrorKind),
    /// Nothing new fits in.
    Full,
    /// The link is up, and no command ends.
    Hangs,
}

/// The engine, as one member reaches it.
#[derive(Clone, Debug)]
pub struct Reach {
    chest: Chest,
    number: usize,
}

impl Chest {
    /// Creates an engine that works. With `holds`, messages wait for [`Reach::deliver`].
    #[must_use]
    pub fn new(holds: bool) -> Self {
        Self(Arc::new(Mutex::new(State { holds, ..State::default() })))
    }

    /// Returns the engine as a new member reaches it.
    #[must_use]
    pub fn reach(&self) -> Reach {
        let mut state = self.lock();
        let number = state.members.len();
        let (held, heard, commands) = (VecDeque::new(), None, Vec::new());
        state.members.push(Mailbox { fault: None, held, heard, commands });
        Reach { chest: self.clone(), number }
    }

    /// Returns the keys and the values that lie there, sorted by key.
    #[must_use]
    pub fn values(&self) -> Vec<(String, Bytes)> {
        let state = self.lock();
        let now = Instant::now();
        let values = state.values.iter().filter(|(_, (_, ends))| now < *ends);
        let mut values: Vec<_> = values.map(|(key, (value, _))| (key.clone(), value.clone())).collect();
        values.sort();
        values
    }

    /// Returns the only value of a kind, such as `response`.
    #[must_use]
    pub fn only(&self, kind: &str) -> (String, Bytes) {
        let kind = format!(":1:{kind}:");
        let mut values: Vec<_> = self.values().into_iter().filter(|(key, _)| key.contains(&kind)).collect();
        assert_eq!(values.len(), 1, "{values:?}");
        values.remove(0)
    }

    /// Puts a value there.
    pub fn put(&self, key: &str, value: impl Into<Bytes>) {
        let ends = Instant::now() + Duration::from_secs(3600);
        self.lock().values.insert(key.to_owned(), (value.into(), ends));
    }

    /// Takes away every value whose key contains this.
    pub fn evict(&self, part: &str) {
        self.lock().values.retain(|key, _| !key.contains(part));
    }

    /// Returns what lies there now.
    #[must_use]
    pub fn copy(&self) -> Copied {
        Copied(self.lock().values.clone())
    }

    /// Fails over to an older copy: every link breaks, and is made again.
    pub fn fail_over(&self, Copied(values): Copied) {
        let mut state = self.lock();
        state.values = values;
        for mailbox in &mut state.members {
            mailbox.held.clear();
            if mailbox.fault != Some(Fault::Broken) {
                mailbox.say(Heard::Lost(FleetError::new(FleetErrorKind::Unreachable)));
                mailbox.say(Heard::Linked);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }
}

/// What lay in an engine. See [`Chest::copy`].
#[derive(Clone, Debug, Default)]
pub struct Copied(Values);

impl Mailbox {
    fn say(&self, heard: Heard) {
        if let Some(sender) = &self.heard {
            let _ = sender.send(heard);
        }
    }

    fn deliver(&mut self) {
        for message in std::mem::take(&mut self.held) {
            self.say(Heard::Message(message));
        }
    }
}

impl Reach {
    /// Delivers what the other members have told.
    pub fn deliver(&self) {
        self.chest.lock().members[self.number].deliver();
    }

    /// From now on this is wrong, or nothing is.
    pub fn set_fault(&self, fault: Option<Fault>) {
        let mut state = self.chest.lock();
        let mailbox = &mut state.members[self.number];
        let (was, is) = (mailbox.fault == Some(Fault::Broken), fault == Some(Fault::Broken));
        mailbox.fault = fault;
        if is && !was {
            mailbox.held.clear();
            mailbox.say(Heard::Lost(FleetError::new(FleetErrorKind::Unreachable)));
        } else if was && !is {
            mailbox.say(Heard::Linked);
        }
    }

    /// Returns the commands of this member since the last time.
    #[must_use]
    pub fn commands(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.chest.lock().members[self.number].commands)
    }

    fn run<'a, T: Send + 'a>(
        &'a self,
        command: &'static str,
        effect: impl FnOnce(&mut Values) -> T,
    ) -> FleetFuture<'a, T> {
        let mut state = self.chest.lock();
        let mailbox = &mut state.members[self.number];
        mailbox.commands.push(command);
        let kind = match mailbox.fault {
            None => {
                let result = effect(&mut state.values);
                return Box::pin(std::future::ready(Ok(result)));
            }
            Some(Fault::Full) if !command.starts_with("set") => {
                let result = effect(&mut state.values);
                return Box::pin(std::future::ready(Ok(result)));
            }
            Some(Fault::Full) => FleetErrorKind::Full,
            Some(Fault::Hangs) => return Box::pin(pending()),
            Some(Fault::Broken) => FleetErrorKind::Unreachable,
            Some(Fault::Fails(kind)) => kind,
        };
        Box::pin(std::future::ready(Err(FleetError::new(kind))))
    }
}

impl From<&Reach> for Fleet {
    fn from(reach: &Reach) -> Self {
        Self::new(reach.clone(), reach.clone())
    }
}

fn get(values: &Values, key: &str) -> Option<Bytes> {
    values.get(key).filter(|(_, ends)| Instant::now() < *ends).map(|(value, _)| value.clone())
}

fn set(values: &mut Values, key: &str, value: Bytes, expires_in: Duration) {
    values.insert(key.to_owned(), (value, Instant::now() + expires_in));
}

impl Store for Reach {
    fn get<'a>(&'a self, keys: &'a [String]) -> FleetFuture<'a, Vec<Option<Bytes>>> {
        self.run("get", |values| keys.iter().map(|key| get(values, key)).collect())
    }

    fn set<'a>(&'a self, new: &'a [(String, Bytes)], expires_in: Duration) -> FleetFuture<'a, ()> {
        self.run("set", |values| {
            new.iter().for_each(|(key, value)| set(values, key, value.clone(), expires_in));
        })
    }

    fn set_if_absent<'a>(
        &'a self,
        key: &'a str,
        value: Bytes,
        expires_in: Duration,
    ) -> FleetFuture<'a, bool> {
        self.run("set_if_absent", |values| {
            let is_absent = get(values, key).is_none();
            if is_absent {
                set(values, key, value, expires_in);
            }
            is_absent
        })
    }

    fn set_if_equal<'a>(
        &'a self,
        key: &'a str,
        expected: &'a [u8],
        value: Bytes,
        expires_in: Duration,
    ) -> FleetFuture<'a, bool> {
        self.run("set_if_equal", |values| {
            let is_equal = get(values, key).is_some_and(|present| present == expected);
            if is_equal {
                set(values, key, value, expires_in);
            }
            is_equal
        })
    }

    fn delete_if_equal<'a>(&'a self, key: &'a str, expected: &'a [u8]) -> FleetFuture<'a, bool> {
        self.run("delete_if_equal", |values| {
            let is_equal = get(values, key).is_some_and(|present| present == expected);
            if is_equal {
                values.remove(key);
            }
            is_equal
        })
    }

    fn increment<'a>(&'a self, key: &'a str, expires_in: Duration) -> FleetFuture<'a, u64> {
        self.run("increment", |values| {
            let present = get(values, key).and_then(|value| std::str::from_utf8(&value).ok()?.parse().ok());
            let sum = present.unwrap_or(0_u64) + 1;
            set(values, key, sum.to_string().into(), expires_in);
            sum
        })
    }
}

impl Broadcast for Reach {
    fn publish<'a>(&'a self, _: &'a str, message: Bytes) -> FleetFuture<'a, ()> {
        let published = self.run("publish", |_| ());
        let mut state = self.chest.lock();
        let is_told = matches!(state.members[self.number].fault, None | Some(Fault::Full));
        let holds = state.holds;
        let others = state.members.iter_mut().enumerate();
        let others = others.filter(|(number, other)| {
            is_told && *number != self.number && other.fault != Some(Fault::Broken)
        });
        for (_, other) in others {
            other.held.push_back(message.clone());
            if !holds {
                other.deliver();
            }
        }
        drop(state);
        published
    }

    fn subscribe(&self, _: &str) -> Box<dyn Subscription> {
        let (sender, heard) = mpsc::unbounded_channel();
        let mut state = self.chest.lock();
        let mailbox = &mut state.members[self.number];
        mailbox.heard = Some(sender);
        mailbox.say(match mailbox.fault {
            Some(Fault::Broken) => Heard::Lost(FleetError::new(FleetErrorKind::Unreachable)),
            _ => Heard::Linked,
        });
        Box::new(Subscribed(heard))
    }
}

struct Subscribed(mpsc::UnboundedReceiver<Heard>);

impl Subscription for Subscribed {
    fn next(&mut self) -> Pin<Box<dyn Future<Output = Heard> + Send + '_>> {
        Box::pin(async {
            match self.0.recv().await {
                Some(heard) => heard,
                None => pending().await,
            }
        })
    }
}
