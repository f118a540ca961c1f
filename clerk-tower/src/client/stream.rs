use std::{
    collections::VecDeque,
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use clerk_core::{
    Page,
    operation::Credential,
    page::{Paged, Window},
};
use futures_util::Stream;

use super::{Clerk, exchange};
use crate::{Error, ErrorKind};

/// How many items a page has, unless the operation says.
const PAGE: u32 = 100;

type Answer<T> = Result<(Bytes, Page<T>), Error>;
type Fetching<T> = Pin<Box<dyn Future<Output = Answer<T>> + Send>>;

/// The items of a list, page after page: what [`Clerk::stream`] returns.
///
/// At most one page is read ahead. After an error the stream is over, and [`PageStream::rest`] is the operation
/// whose stream takes it up again.
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
        let (stack, credential) = (self.clerk.0.stack.clone(), self.credential);
        self.fetching = Some(Box::pin(async move {
            let response = exchange(stack, &operation, credential).await?;
            let page = O::decode(&response).map_err(|error| Error::from_response(O::INFO, error))?;
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
            let answer = ready!(fetching.as_mut().poll(context));
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
mod tests {
    use std::{
        convert::Infallible,
        sync::{Arc, Mutex},
    };

    use clerk_core::api::sessions;
    use futures_util::StreamExt as _;
    use http::{Request, Response};
    use http_body_util::Full;

    use super::*;

    /// A list of `total` sessions. The asked offsets are noted; `repeats` answers all of them with the first page.
    fn clerk(total: u32, repeats: bool) -> (Clerk, Arc<Mutex<Vec<u32>>>) {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let noted = asked.clone();
        let transport = tower::service_fn(move |request: Request<Bytes>| {
            let number = |name: &str| -> u32 {
                let query = request.uri().query().unwrap();
                query.split('&').find_map(|pair| pair.strip_prefix(name)).unwrap().parse().unwrap()
            };
            let (offset, limit) = (number("offset="), number("limit="));
            noted.lock().unwrap().push(offset);
            let first = if repeats { 0 } else { offset };
            let items = (first..total.min(first + limit))
                .map(|n| format!(r#"{{"id":"sess_{n}","user_id":"user_1","client_id":"client_1"}}"#))
                .collect::<Vec<_>>();
            let answer = match offset {
                o if o >= 1000 => Response::builder().status(500).body(Full::from("")).unwrap(),
                _ => Response::new(Full::from(format!(
                    r#"{{"data":[{}],"total_count":{total}}}"#,
                    items.join(",")
                ))),
            };
            async move { Ok::<_, Infallible>(answer) }
        });
        (Clerk::builder().secret_key("sk_test_x").transport(transport).build().unwrap(), asked)
    }

    async fn ids(clerk: &Clerk, operation: sessions::List) -> Vec<String> {
        clerk
            .stream(operation)
            .map(|item| item.map_or_else(|error| error.to_string(), |session| session.id.to_string()))
            .collect()
            .await
    }

    #[tokio::test]
    async fn items_come_across_pages_in_order_and_each_page_is_asked_for_once() {
        for (total, pages) in [(0, 1), (1, 1), (3, 1), (4, 2), (6, 2), (7, 3)] {
            let (clerk, asked) = clerk(total, false);
            let want: Vec<_> = (0..total).map(|n| format!("sess_{n}")).collect();
            assert_eq!(ids(&clerk, sessions::list().limit(3)).await, want);
            let want: Vec<_> = (0..pages).map(|page| page * 3).collect();
            assert_eq!(*asked.lock().unwrap(), want, "{total} items");
        }
    }

    #[tokio::test]
    async fn a_stream_is_resumed_where_another_one_stopped() {
        let (clerk, _) = clerk(10, false);
        let mut first = clerk.stream(sessions::list().limit(4));
        for _ in 0..5 {
            first.next().await.unwrap().unwrap();
        }
        assert_eq!((first.offset(), first.cursor()), (5, None));
        let rest = ids(&clerk, first.rest()).await;
        assert_eq!(rest, ["sess_5", "sess_6", "sess_7", "sess_8", "sess_9"]);
    }

    #[tokio::test]
    async fn no_more_than_a_page_is_read_ahead() {
        let (clerk, asked) = clerk(100, false);
        let mut stream = clerk.stream(sessions::list().limit(10));
        for _ in 0..11 {
            stream.next().await.unwrap().unwrap();
        }
        assert!(asked.lock().unwrap().len() <= 3, "{asked:?}");
    }

    #[tokio::test]
    async fn a_server_that_repeats_a_page_ends_the_stream() {
        let (clerk, asked) = clerk(100, true);
        let got = ids(&clerk, sessions::list().limit(2)).await;
        assert_eq!(got[..2], ["sess_0", "sess_1"]);
        assert_eq!(got.len(), 3, "{got:?}");
        assert!(got[2].starts_with("GetSessionList: "), "{got:?}");
        assert_eq!(*asked.lock().unwrap(), [0, 2]);
    }

    #[tokio::test]
    async fn an_error_comes_after_the_items_before_it_and_ends_the_stream() {
        let (clerk, _) = clerk(2000, false);
        let got = ids(&clerk, sessions::list().limit(5).offset(996)).await;
        assert_eq!(got[..5], ["sess_996", "sess_997", "sess_998", "sess_999", "sess_1000"]);
        assert_eq!(got[5..], ["GetSessionList: Clerk answered 500"]);
    }
}
