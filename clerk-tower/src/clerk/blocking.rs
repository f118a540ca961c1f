//! The same client for programs without an async runtime (feature `blocking`).
//!
//! ```no_run
//! use clerk_core::api::users;
//! use clerk_tower::blocking::Clerk;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let clerk = Clerk::from_env()?; // CLERK_SECRET_KEY
//! println!("{} users", clerk.send(users::count())?.total_count);
//! for user in clerk.stream(users::list()) {
//!     println!("{}", user?.id);
//! }
//! # Ok(()) }
//! ```

use std::{fmt, io, sync::Arc};

use bytes::Bytes;
use clerk_core::{Operation, OperationInfo, credential::SatisfiedBy, keys::SecretKey, page::Paged};
use http::Response;
use tokio::runtime::{Builder, Handle, Runtime};

use crate::{
    Error, ErrorKind, PageStream,
    client::{
        ConfigError,
        cache::{Cache, Cacheable},
        options::CallOptions,
    },
};

/// [`Clerk`](crate::Clerk) with calls that block until the response is there. It runs a thread of its own.
///
/// Not for async code: blocking there would stall other tasks, so each call fails with [`ErrorKind::Config`] instead.
#[derive(Clone)]
pub struct Clerk {
    inner: crate::Clerk,
    runtime: Arc<Thread>,
}

/// A runtime that may be dropped anywhere, even in async code.
struct Thread(Option<Runtime>);

impl Drop for Thread {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

impl Thread {
    fn start() -> io::Result<Self> {
        Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("clerk")
            .enable_all()
            .build()
            .map(Some)
            .map(Self)
    }

    fn wait<T>(
        &self,
        info: &'static OperationInfo,
        call: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        match &self.0 {
            Some(runtime) if Handle::try_current().is_err() => runtime.block_on(call),
            _ => {
                let problem = "a blocking client cannot be used in async code; use clerk_tower::Clerk";
                Err(Error::new(Some(info), ErrorKind::Config(problem)))
            }
        }
    }
}

impl Clerk {
    /// Wraps a client.
    ///
    /// # Errors
    /// If the thread cannot be started.
    pub fn new(clerk: crate::Clerk) -> io::Result<Self> {
        Ok(Self { inner: clerk, runtime: Arc::new(Thread::start()?) })
    }

    /// Builds a client from the environment, see [`Clerk::from_env`](crate::Clerk::from_env).
    ///
    /// # Errors
    /// [`ConfigError`] names the variable and what is wrong with it.
    pub fn from_env() -> Result<Self, ConfigError> {
        let clerk = crate::Clerk::from_env()?;
        Self::new(clerk).map_err(|error| ConfigError::new("blocking", error))
    }

    /// Sends an operation.
    ///
    /// # Errors
    /// [`Error`] says in which phase it failed, and whether the call may have taken effect.
    pub fn send<O>(&self, operation: O) -> Result<O::Output, Error>
    where
        O: Operation<Credential: SatisfiedBy<SecretKey>>,
    {
        self.runtime.wait(O::INFO, self.inner.send(operation))
    }

    /// Sends an operation, and returns the value together with Clerk's response.
    ///
    /// # Errors
    /// The same as those of [`send`](Self::send).
    pub fn send_raw<O>(&self, operation: O) -> Result<(O::Output, Response<Bytes>), Error>
    where
        O: Operation<Credential: SatisfiedBy<SecretKey>>,
    {
        self.runtime.wait(O::INFO, self.inner.send_raw(operation))
    }

    /// Sends an operation that reads, or takes its value from the cache, as [`Clerk::cached`](crate::Clerk::cached)
    /// does.
    ///
    /// # Errors
    /// The same as those of [`send`](Self::send).
    pub fn cached<O>(&self, operation: O) -> Result<Arc<O::Output>, Error>
    where
        O: Operation<Credential: SatisfiedBy<SecretKey>, Output: Send + Sync + 'static> + Cacheable,
    {
        self.runtime.wait(O::INFO, self.inner.cached(operation))
    }

    /// Returns the response cache.
    #[must_use]
    pub fn cache(&self) -> &Cache {
        self.inner.cache()
    }

    /// Returns the same client with other options for its calls.
    pub fn with(&self, options: CallOptions) -> Self {
        Self { inner: self.inner.with(options), runtime: self.runtime.clone() }
    }

    /// Iterates over the items of a list, page after page. The next page is fetched in the background.
    pub fn stream<O>(&self, operation: O) -> Pages<O>
    where
        O: Paged<Credential: SatisfiedBy<SecretKey>> + Clone + Send + Sync + 'static,
        O::Item: Send + 'static,
    {
        Pages { pages: self.inner.stream(operation), runtime: self.runtime.clone() }
    }
}

impl fmt::Debug for Clerk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clerk").finish_non_exhaustive()
    }
}

/// Iterator over the items of a list. See [`Clerk::stream`].
pub struct Pages<O: Paged> {
    pages: PageStream<O>,
    runtime: Arc<Thread>,
}

impl<O> Iterator for Pages<O>
where
    O: Paged + Clone + Send + Sync + Unpin + 'static,
    O::Item: Send + Unpin + 'static,
{
    type Item = Result<O::Item, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let pages = &mut self.pages;
        self.runtime.wait(O::INFO, async { pages.next().await.transpose() }).transpose()
    }
}

impl<O: Paged> fmt::Debug for Pages<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages").finish_non_exhaustive()
    }
}
