use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::watched::Progress;

/// The requests in flight, whose number is bounded.
///
/// If there is no place for one more, it gets the place of the oldest whose caller is waited for. So callers who do not
/// send what they have announced only displace each other. A place is a permit that lasts until the response ends; it can
/// be given to another until the response begins.
pub(super) struct Exchanges {
    places: Arc<Semaphore>,
    unanswered: Mutex<Unanswered>,
}

/// The requests without a response, in the order of their arrival.
#[derive(Default)]
struct Unanswered {
    all: BTreeMap<u64, (OwnedSemaphorePermit, Progress)>,
    next: u64,
}

/// A request without a response.
pub(super) struct Exchange<'a> {
    exchanges: &'a Exchanges,
    number: u64,
}

impl Exchanges {
    pub(super) fn new(max: usize) -> Self {
        let places = Arc::new(Semaphore::new(max.min(Semaphore::MAX_PERMITS)));
        Self { places, unanswered: Mutex::default() }
    }

    /// Begins an exchange, if there is a place for it. Never waits: a queue would have to be bounded too.
    pub(super) fn begin(&self, upload: Progress) -> Option<Exchange<'_>> {
        let free = self.places.clone().try_acquire_owned().ok();
        let place = free.or_else(|| self.displace())?;
        let mut unanswered = self.lock();
        let number = unanswered.next;
        unanswered.next = number.wrapping_add(1);
        unanswered.all.insert(number, (place, upload));
        Some(Exchange { exchanges: self, number })
    }

    /// Takes the place of the oldest request whose caller is waited for.
    fn displace(&self) -> Option<OwnedSemaphorePermit> {
        let (oldest, _) = self.uploads().into_iter().find(|(_, upload)| upload.displace())?;
        let (place, _) = self.lock().all.remove(&oldest)?;
        Some(place)
    }

    /// The uploads of all requests, the oldest first. A copy, because ending a body may run any code, also some that needs the
    /// lock.
    fn uploads(&self) -> Vec<(u64, Progress)> {
        self.lock().all.iter().map(|(number, (_, upload))| (*number, upload.clone())).collect()
    }

    /// A poisoned lock is used: nothing that can panic runs with it.
    fn lock(&self) -> MutexGuard<'_, Unanswered> {
        self.unanswered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Exchange<'_> {
    /// Ends the wait for a response, and returns the place, which lasts as long as the permit. Returns `None` if another
    /// request has it.
    pub(super) fn answered(&self) -> Option<OwnedSemaphorePermit> {
        self.exchanges.lock().all.remove(&self.number).map(|(place, _)| place)
    }
}

impl Drop for Exchange<'_> {
    fn drop(&mut self) {
        drop(self.answered());
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;
    use http_body_util::Empty;

    use super::*;
    use crate::server::{body::boxed, proxy::watched::Watched};

    #[test]
    fn a_place_is_free_when_its_request_ends_without_a_response() {
        let exchanges = Exchanges::new(1);
        let body = Watched::new(boxed(Empty::<Bytes>::new()), Duration::from_secs(1), None);
        for _ in 0..3 {
            let exchange = exchanges.begin(body.progress()).unwrap();
            assert!(exchanges.begin(body.progress()).is_none());
            drop(exchange);
        }
        let exchange = exchanges.begin(body.progress()).unwrap();
        let place = exchange.answered().unwrap();
        drop(exchange);
        assert!(exchanges.begin(body.progress()).is_none());
        drop(place);
        assert!(exchanges.begin(body.progress()).is_some());
    }
}
