//! The requests that an instance received: [`LocalClerk::requests`].
//!
//! ```
//! use clerk_core::api::users;
//! use clerk_local::{LocalCaller, LocalClerk};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), clerk_tower::Error> {
//! let local = LocalClerk::seeded();
//! local.client().send(users::get("user_ada")).await?;
//!
//! assert_eq!(local.requests().to("GET", "/users/user_ada").len(), 1);
//! assert_eq!(local.requests().to("POST", "/users").len(), 0);
//! let requests = local.requests();
//! let request = requests.last().unwrap();
//! assert_eq!(request.operation, Some("/users/{user_id}"));
//! assert_eq!(request.status.unwrap(), 200);
//! assert_eq!(request.caller, LocalCaller::Backend);
//! # Ok(())
//! # }
//! ```

use std::{collections::VecDeque, fmt, iter, ops::Deref, sync::Arc};

use clerk_core::Timestamp;
use http::{Method, StatusCode};

use crate::{LocalClerk, faults::path_matches, lock, service::without_version};

/// The maximum number of requests that are kept.
const MAX_REQUESTS: usize = 10_000;

/// The maximum length of a path that is kept, in bytes. The rest is cut off.
const MAX_PATH: usize = 256;

/// A request that a [`LocalClerk`] received. It has no query, header or body, which may contain secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LocalRequest {
    /// The method; for a request of Clerk's JavaScript, the one that the query contains.
    pub method: Method,
    /// The path without the prefix `/v1`, such as `/users/user_1`; at most 256 bytes.
    pub path: String,
    /// The path of the operation as in Clerk's reference, such as `/users/{user_id}`; `None` if the request has reached
    /// none.
    pub operation: Option<&'static str>,
    /// The status of the response; `None` for a connection that was cut.
    pub status: Option<StatusCode>,
    /// Who sent it.
    pub caller: LocalCaller,
    /// When it arrived.
    pub time: Timestamp,
}

impl LocalRequest {
    fn is_to(&self, method: &str, path: &str) -> bool {
        self.method.as_str().eq_ignore_ascii_case(method) && path_matches(path, &self.path)
    }
}

/// Formats one line for a log, such as `GET /users/user_1 200 (secret key)`.
impl fmt::Display for LocalRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A path comes from outside, and a log is often a terminal.
        write!(f, "{} {} ", self.method, self.path.escape_debug())?;
        match self.status {
            Some(status) => write!(f, "{}", status.as_u16())?,
            None => f.write_str("cut")?,
        }
        write!(f, " ({})", self.caller)
    }
}

/// Who sent a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum LocalCaller {
    /// A backend, with the instance's secret key.
    Backend,
    /// A machine with its own secret key; the machine's identifier.
    Machine(String),
    /// A browser, or another client of the Frontend API or the pages.
    Browser,
    /// Someone without a valid key, or a request that a [`Fault`](crate::Fault) took before the key was checked.
    #[default]
    Unknown,
}

impl fmt::Display for LocalCaller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Backend => f.write_str("secret key"),
            Self::Machine(id) => write!(f, "machine {id}"),
            Self::Browser => f.write_str("browser"),
            Self::Unknown => f.write_str("unknown"),
        }
    }
}

/// What the code that processed a request knows about it: an extension of the response.
#[derive(Clone, Default)]
pub(super) struct Handled {
    pub(super) operation: Option<&'static str>,
    pub(super) caller: LocalCaller,
}

/// Requests that a [`LocalClerk`] received, oldest first: a snapshot. It can be used as a slice.
#[derive(Clone, Debug, Default)]
pub struct LocalRequests(Vec<Arc<LocalRequest>>);

impl LocalRequests {
    /// Returns those with this method and path: `to("GET", "/users/user_1")`. In the path, a segment such as `{user_id}`
    /// stands for any value; the prefix `/v1` is ignored.
    #[must_use]
    pub fn to(mut self, method: &str, path: &str) -> Self {
        let path = without_version(path);
        self.0.retain(|request| request.is_to(method, path));
        self
    }
}

impl Deref for LocalRequests {
    type Target = [Arc<LocalRequest>];

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl IntoIterator for LocalRequests {
    type Item = Arc<LocalRequest>;
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// A function that is called for each request.
pub(super) type OnRequest = Arc<dyn Fn(&LocalRequest) + Send + Sync>;

/// The last requests.
pub(super) type Journal = VecDeque<Arc<LocalRequest>>;

impl LocalClerk {
    /// Returns the last 10,000 requests, to assert on: [`LocalRequests::to`] selects some. Those that a
    /// [`Fault`](crate::Fault) took are included.
    #[must_use]
    pub fn requests(&self) -> LocalRequests {
        LocalRequests(lock(&self.shared.journal).iter().cloned().collect())
    }

    /// Forgets the requests so far.
    pub fn clear_requests(&self) {
        lock(&self.shared.journal).clear();
    }

    /// Adds a request to the journal.
    pub(super) fn record(&self, request: LocalRequest) {
        let request = Arc::new(request);
        let mut requests = lock(&self.shared.journal);
        if requests.len() >= MAX_REQUESTS {
            requests.pop_front();
        }
        requests.push_back(Arc::clone(&request));
        drop(requests);
        if let Some(on_request) = &self.shared.on_request {
            on_request(&request);
        }
    }
}

/// Returns the path as it is kept.
pub(super) fn kept(path: &str) -> String {
    let length = path.char_indices().map(|(at, letter)| at + letter.len_utf8());
    let length = iter::once(0).chain(length).take_while(|end| *end <= MAX_PATH).last().unwrap_or_default();
    path.get(..length).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_paths_are_cut_between_letters() {
        for (path, length) in
            [("", 0), ("/users", 6), (&*"é".repeat(200), 256), (&format!("a{}", "é".repeat(200)), 255)]
        {
            assert_eq!(kept(path).len(), length);
        }
    }
}
