use std::{
    collections::VecDeque,
    fmt,
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use clerk_core::{
    OperationInfo, Page,
    credential::Credential,
    page::{Paged, Window},
};
use tokio::task::JoinSet;
use tracing::Instrument as _;

use super::Backend;
use crate::{
    Error, ErrorKind,
    runtime::{self, NoRuntime},
};

/// The page size if the operation does not set one.
const PAGE_SIZE: u32 = 100;

type PageResult<T> = Result<(Bytes, Page<T>), Error>;
type PageCall<T> = Pin<Box<dyn Future<Output = PageResult<T>> + Send>>;

/// The call for a page. Once started it runs in a task of its own, so that a slow reader of the stream does not hold a
/// permit or a connection that others wait for. Dropping it cancels the call.
struct Fetch<T> {
    planned: Option<PageCall<T>>,
    // A `JoinSet`, because it aborts its task when it is dropped.
    started: JoinSet<PageResult<T>>,
}

impl<T: Send + 'static> Fetch<T> {
    fn new(work: impl Future<Output = PageResult<T>> + Send + 'static) -> Self {
        Self { planned: Some(Box::pin(work)), started: JoinSet::new() }
    }

    fn poll(&mut self, info: &'static OperationInfo, context: &mut Context<'_>) -> Poll<PageResult<T>> {
        // Started at the first poll: `Clerk::stream` may be called outside a runtime.
        if let Some(work) = self.planned.take() {
            match runtime::current() {
                Ok(runtime) => drop(self.started.spawn_on(work.in_current_span(), &runtime)),
                Err(NoRuntime(problem)) => {
                    return Poll::Ready(Err(Error::new(Some(info), ErrorKind::Config(problem))));
                }
            }
        }
        let problem = || ErrorKind::Transfer("the task of the call was cancelled".into());
        Poll::Ready(match ready!(self.started.poll_join_next(context)) {
            Some(Ok(result)) => result,
            Some(Err(_)) | None => Err(Error::new(Some(info), problem())),
        })
    }
}

/// The items of a list, page after page: what [`Clerk::stream`](crate::Clerk::stream) returns.
///
/// At most one page is fetched ahead, in the background. The stream ends after an error; the stream of
/// [`PageStream::rest`] continues where it stopped. An item that cannot be decoded is such an error, for the whole page:
/// to go on after it, stream the list's [`elements`](Paged::elements), each of which is a `Result`.
///
/// With the feature `futures`, which is on by default, it is also a [`Stream`](futures_core::Stream).
///
/// ```no_run
/// use clerk_core::api::users;
///
/// # async fn run(clerk: clerk_tower::Clerk) -> Result<(), clerk_tower::Error> {
/// let mut users = clerk.stream(users::list());
/// while let Some(user) = users.next().await {
///     println!("{}", user?.id);
/// }
/// # Ok(()) }
/// ```
pub struct PageStream<O: Paged> {
    backend: Backend,
    credential: Credential,
    operation: O,
    limit: u32,
    /// Where the next page starts.
    next_page: Place,
    /// Where the next item is.
    next_item: Place,
    ready: VecDeque<O::Item>,
    /// The last response body, to detect a server that sends the same page again.
    last: Option<Bytes>,
    fetching: Option<Fetch<O::Item>>,
    /// Returned after the items that are ready.
    error: Option<Error>,
}

/// A place in a list.
#[derive(Clone)]
struct Place {
    /// How many items come before it.
    offset: u32,
    /// The cursor of the item before it.
    cursor: Option<Box<str>>,
}

impl Place {
    /// Moves past an item.
    fn pass<O: Paged>(&mut self, operation: &O, item: &O::Item) {
        self.offset = self.offset.saturating_add(1);
        self.cursor = operation.cursor(item).map(Into::into);
    }

    /// The operation for a page that starts here.
    fn page<O: Paged>(&self, operation: O, limit: u32) -> O {
        let window = Window { offset: Some(self.offset), limit: Some(limit) };
        let operation = operation.with_window(window);
        match &self.cursor {
            Some(cursor) => operation.with_cursor(cursor),
            None => operation,
        }
    }
}

impl<O> PageStream<O>
where
    O: Paged + Clone + Send + Sync + 'static,
    O::Item: Send + 'static,
{
    pub(super) fn new(backend: Backend, credential: Credential, operation: O) -> Self {
        let window = operation.window();
        // With pages of zero items the stream would never end.
        let limit = window.limit.unwrap_or(PAGE_SIZE).max(1);
        let start = Place { offset: window.offset.unwrap_or(0), cursor: None };
        let mut this = Self {
            backend,
            credential,
            operation,
            limit,
            next_page: start.clone(),
            next_item: start,
            ready: VecDeque::new(),
            last: None,
            fetching: None,
            error: None,
        };
        this.fetch();
        this
    }

    /// Returns how many items come before the next one, including those that the operation's own `offset` skips.
    #[must_use]
    pub fn offset(&self) -> u32 {
        self.next_item.offset
    }

    /// Returns the cursor of the last item, in lists that have cursors: for users, the id to pass to
    /// `.starting_after(..)`, even in another process or on another day. `None` in other lists, and before the first
    /// item.
    #[must_use]
    pub fn cursor(&self) -> Option<&str> {
        self.next_item.cursor.as_deref()
    }

    /// Returns the operation for the remaining items. Its stream continues where this one is.
    pub fn rest(&self) -> O {
        self.next_item.page(self.operation.clone(), self.limit)
    }

    fn fetch(&mut self) {
        let operation = self.next_page.page(self.operation.clone(), self.limit);
        let (backend, credential) = (self.backend.clone(), self.credential);
        self.fetching = Some(Fetch::new(async move {
            let (page, response) = backend.send_raw(&operation, credential).await?;
            Ok((response.into_body(), page))
        }));
    }

    /// Adds a page's items, and fetches the next page if there may be one.
    fn accept(&mut self, result: PageResult<O::Item>) -> Result<(), Error> {
        let (body, page) = result?;
        if page.is_empty() {
            return Ok(());
        }
        // A server or proxy that ignores the offset or the cursor would make the stream endless.
        if self.last.as_ref() == Some(&body) || self.goes_back(&page) {
            let problem = "the server returned the same page twice";
            return Err(Error::new(Some(O::INFO), ErrorKind::Transfer(problem.into())));
        }
        for item in &page {
            self.next_page.pass(&self.operation, item);
        }
        // If the response has no total, a page that is not full is the last one.
        let is_last = match page.total_count {
            Some(total) => i64::from(self.next_page.offset) >= total,
            None => u32::try_from(page.len()).is_ok_and(|count| count < self.limit),
        };
        self.last = Some(body);
        self.ready.extend(page);
        if !is_last {
            self.fetch();
        }
        Ok(())
    }

    /// Returns `true` if a page contains the item that it should have started after.
    fn goes_back(&self, page: &[O::Item]) -> bool {
        let cursor = self.next_page.cursor.as_deref();
        cursor.is_some() && page.iter().any(|item| self.operation.cursor(item) == cursor)
    }

    /// Drives the page ahead, unless a whole page is ready already.
    fn read_ahead(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        while self.ready.len() < limit
            && let Some(fetching) = &mut self.fetching
        {
            let result = ready!(fetching.poll(O::INFO, context));
            self.fetching = None;
            self.error = self.accept(result).err();
        }
        Poll::Ready(())
    }
}

impl<O> PageStream<O>
where
    O: Paged + Clone + Send + Sync + Unpin + 'static,
    O::Item: Send + Unpin + 'static,
{
    /// Returns the next item; `None` after the last one, and after an error.
    ///
    /// Cancel safe: an item is only taken when it is returned.
    pub async fn next(&mut self) -> Option<Result<O::Item, Error>> {
        poll_fn(|context| self.poll_item(context)).await
    }

    fn poll_item(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<O::Item, Error>>> {
        let ahead = self.read_ahead(context);
        if let Some(item) = self.ready.pop_front() {
            self.next_item.pass(&self.operation, &item);
            return Poll::Ready(Some(Ok(item)));
        }
        ready!(ahead);
        Poll::Ready(self.error.take().map(Err))
    }
}

#[cfg(feature = "futures")]
impl<O> futures_core::Stream for PageStream<O>
where
    O: Paged + Clone + Send + Sync + Unpin + 'static,
    O::Item: Send + Unpin + 'static,
{
    type Item = Result<O::Item, Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_item(context)
    }
}

impl<O: Paged> fmt::Debug for PageStream<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PageStream")
            .field("operation", &O::INFO.id)
            .field("offset", &self.next_item.offset)
            .finish_non_exhaustive()
    }
}
