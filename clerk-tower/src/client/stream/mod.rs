use std::{
    collections::VecDeque,
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use clerk_core::{
    OperationInfo, Page,
    operation::Credential,
    page::{Paged, Window},
};
use futures_util::Stream;
use tokio::{runtime::Handle, task::JoinSet};

use super::Clerk;
use crate::{Error, ErrorKind};

/// How many items a page has, unless the operation says.
const PAGE: u32 = 100;

type Answer<T> = Result<(Bytes, Page<T>), Error>;
type Work<T> = Pin<Box<dyn Future<Output = Answer<T>> + Send>>;

/// The call for a page. Once begun it runs in a task of its own: whoever is slow with the items keeps nobody waiting
/// who wants its place, or its connection. Dropping it ends it.
struct Fetching<T> {
    planned: Option<Work<T>>,
    begun: JoinSet<Answer<T>>,
}

impl<T: Send + 'static> Fetching<T> {
    fn new(work: impl Future<Output = Answer<T>> + Send + 'static) -> Self {
        Self { planned: Some(Box::pin(work)), begun: JoinSet::new() }
    }

    fn poll(&mut self, info: &'static OperationInfo, context: &mut Context<'_>) -> Poll<Answer<T>> {
        if let Some(work) = self.planned.take() {
            let Ok(runtime) = Handle::try_current() else {
                let problem = ErrorKind::Config("there is no tokio runtime here");
                return Poll::Ready(Err(Error::new(Some(info), problem)));
            };
            self.begun.spawn_on(work, &runtime);
        }
        let problem = || ErrorKind::Transfer("the task of the call has ended".into());
        Poll::Ready(match ready!(self.begun.poll_join_next(context)) {
            Some(Ok(answer)) => answer,
            Some(Err(_)) | None => Err(Error::new(Some(info), problem())),
        })
    }
}

/// The items of a list, page after page: what [`Clerk::stream`] returns.
///
/// At most one page is read ahead, in the background. After an error the stream is over, and [`PageStream::rest`] is
/// the operation whose stream takes it up again.
pub struct PageStream<O: Paged> {
    clerk: Clerk,
    credential: Credential,
    operation: O,
    limit: u32,
    /// Where the next page begins.
    next_page: Place,
    /// Where the next item stands.
    next_item: Place,
    ready: VecDeque<O::Item>,
    /// The last answer as it came, to notice a server that sends it again.
    last: Option<Bytes>,
    fetching: Option<Fetching<O::Item>>,
    /// Comes after the items that are ready.
    error: Option<Error>,
}

/// A place in a list.
#[derive(Clone)]
struct Place {
    /// How many items stand before it.
    offset: u32,
    /// What the item before it is continued with.
    cursor: Option<Box<str>>,
}

impl Place {
    /// Goes past an item.
    fn pass<O: Paged>(&mut self, operation: &O, item: &O::Item) {
        self.offset = self.offset.saturating_add(1);
        self.cursor = operation.cursor(item).map(Into::into);
    }

    /// The operation for a page that begins here.
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
    pub(super) fn new(clerk: Clerk, credential: Credential, operation: O) -> Self {
        let window = operation.window();
        let limit = window.limit.unwrap_or(PAGE).max(1);
        let start = Place { offset: window.offset.unwrap_or(0), cursor: None };
        let mut this = Self {
            clerk,
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

    /// How many items stand before the next one, counted from where the operation itself began, and its own
    /// `offset` added.
    #[must_use]
    pub fn offset(&self) -> u32 {
        self.next_item.offset
    }

    /// What the last item is continued with, in lists that have cursors: for users, the id to give to
    /// `.starting_after(..)`, in another process or on another day. `None` in other lists, and before the
    /// first item.
    #[must_use]
    pub fn cursor(&self) -> Option<&str> {
        self.next_item.cursor.as_deref()
    }

    /// The operation for the items that have not come yet. Its stream goes on where this one stands.
    pub fn rest(&self) -> O {
        self.next_item.page(self.operation.clone(), self.limit)
    }

    fn fetch(&mut self) {
        let operation = self.next_page.page(self.operation.clone(), self.limit);
        let (clerk, credential) = (self.clerk.clone(), self.credential);
        self.fetching = Some(Fetching::new(async move {
            let (page, response) = clerk.carry_raw(&operation, credential).await?;
            Ok((response.into_body(), page))
        }));
    }

    /// Takes in a page, and asks for the next one if there may be one.
    fn accept(&mut self, answer: Answer<O::Item>) -> Result<(), Error> {
        let (body, page) = answer?;
        if page.is_empty() {
            return Ok(());
        }
        if self.last.as_ref() == Some(&body) || self.goes_back(&page) {
            let problem = "the server answered with the same page twice";
            return Err(Error::new(Some(O::INFO), ErrorKind::Transfer(problem.into())));
        }
        for item in &page {
            self.next_page.pass(&self.operation, item);
        }
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

    /// Whether a page holds the item that it was to begin after.
    fn goes_back(&self, page: &[O::Item]) -> bool {
        let cursor = self.next_page.cursor.as_deref();
        cursor.is_some() && page.iter().any(|item| self.operation.cursor(item) == cursor)
    }

    /// Lets the page ahead make progress, unless a whole page is ready already.
    fn read_ahead(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        while self.ready.len() < limit
            && let Some(fetching) = &mut self.fetching
        {
            let answer = ready!(fetching.poll(O::INFO, context));
            self.fetching = None;
            self.error = self.accept(answer).err();
        }
        Poll::Ready(())
    }
}

impl<O> Stream for PageStream<O>
where
    O: Paged + Clone + Send + Sync + Unpin + 'static,
    O::Item: Send + Unpin + 'static,
{
    type Item = Result<O::Item, Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        let ahead = this.read_ahead(context);
        if let Some(item) = this.ready.pop_front() {
            this.next_item.pass(&this.operation, &item);
            return Poll::Ready(Some(Ok(item)));
        }
        ready!(ahead);
        Poll::Ready(this.error.take().map(Err))
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

#[cfg(test)]
mod tests;
