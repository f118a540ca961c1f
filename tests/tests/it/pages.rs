//! Tests of pagination.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use clerk_core::{
    api::{sessions, users},
    page::Paged as _,
};
use clerk_tower::{Clerk, ClerkBuilder, ErrorKind, PageStream};
use futures_util::{Stream as _, StreamExt as _};
use http::{Request, Response};
use http_body_util::Full;

/// Returns a query parameter as a number.
fn number(request: &Request<Bytes>, name: &str) -> u32 {
    let query = request.uri().query().unwrap();
    query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=')).unwrap().parse().unwrap()
}

/// Returns one page of `total` sessions, starting at `first`.
fn page(request: &Request<Bytes>, first: u32, total: u32) -> Response<Full<Bytes>> {
    let items = (first..total.min(first + number(request, "limit")))
        .map(|n| format!(r#"{{"id":"sess_{n}","user_id":"user_1","client_id":"client_1"}}"#))
        .collect::<Vec<_>>();
    Response::new(Full::from(format!(r#"{{"data":[{}],"total_count":{total}}}"#, items.join(","))))
}

/// A list of `total` sessions. Records the requested offsets. With `repeats` every response is the first page.
fn clerk(total: u32, repeats: bool) -> (Clerk, Arc<Mutex<Vec<u32>>>) {
    let requested = Arc::new(Mutex::new(Vec::new()));
    let noted = requested.clone();
    let transport = tower::service_fn(move |request: Request<Bytes>| {
        let offset = number(&request, "offset");
        noted.lock().unwrap().push(offset);
        let response = match offset {
            o if o >= 1000 => Response::builder().status(500).body(Full::from("")).unwrap(),
            _ => page(&request, if repeats { 0 } else { offset }, total),
        };
        async move { Ok::<_, Infallible>(response) }
    });
    (Clerk::builder().secret_key("sk_test_x").transport(transport).build().unwrap(), requested)
}

async fn ids(clerk: &Clerk, operation: sessions::List) -> Vec<String> {
    clerk
        .stream(operation)
        .map(|item| item.map_or_else(|error| error.to_string(), |session| session.id.to_string()))
        .collect()
        .await
}

#[tokio::test]
async fn items_are_streamed_in_order_and_each_page_is_requested_once() {
    for (total, pages) in [(0, 1), (1, 1), (3, 1), (4, 2), (6, 2), (7, 3)] {
        let (clerk, requested) = clerk(total, false);
        let want: Vec<_> = (0..total).map(|n| format!("sess_{n}")).collect();
        assert_eq!(ids(&clerk, sessions::list().limit(3)).await, want);
        let want: Vec<_> = (0..pages).map(|page| page * 3).collect();
        assert_eq!(*requested.lock().unwrap(), want, "{total} items");
    }
}

#[tokio::test]
async fn a_stream_can_resume_where_another_one_stopped() {
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
    let (clerk, requested) = clerk(100, false);
    let mut stream = clerk.stream(sessions::list().limit(10));
    for _ in 0..11 {
        stream.next().await.unwrap().unwrap();
    }
    assert!(requested.lock().unwrap().len() <= 3, "{requested:?}");
}

/// Serves a list of 25 sessions, and each session. Every call takes a while.
fn slow_clerk(change: impl FnOnce(ClerkBuilder) -> ClerkBuilder) -> Clerk {
    let transport = tower::service_fn(async |request: Request<Bytes>| {
        tokio::time::sleep(Duration::from_millis(5)).await;
        let id = request.uri().path().rsplit('/').next().unwrap();
        let body = format!(r#"{{"id":"{id}","user_id":"user_1","client_id":"client_1"}}"#);
        Ok::<_, Infallible>(match request.uri().query() {
            Some(_) => page(&request, number(&request, "offset"), 25),
            None => Response::new(Full::from(body)),
        })
    });
    change(Clerk::builder().secret_key("sk_test_x").transport(transport)).build().unwrap()
}

/// The next page is fetched while the loop makes its own calls: neither waits for the other.
async fn go_through(clerk: &Clerk) {
    let mut stream = clerk.stream(sessions::list().limit(10));
    let mut count = 0;
    while let Some(session) = stream.next().await {
        clerk.send(sessions::get(&session.unwrap().id)).await.unwrap();
        count += 1;
    }
    assert_eq!(count, 25);
}

#[tokio::test(start_paused = true)]
async fn a_loop_that_makes_calls_works_with_a_limit_of_one_call() {
    go_through(&slow_clerk(|builder| builder.max_concurrent_calls(1))).await;
}

#[tokio::test]
async fn a_loop_that_makes_calls_runs_at_a_steady_pace() {
    go_through(&slow_clerk(|builder| {
        builder.layer(clerk_tower::client::middleware::pacing::PacingLayer::per_second(100))
    }))
    .await;
}

/// A page that is being fetched completes even if it is not polled. Its timeouts do not depend on the items' consumer.
#[tokio::test(start_paused = true)]
async fn a_slow_consumer_gets_all_items() {
    let clerk = slow_clerk(|builder| builder);
    let mut stream = clerk.stream(sessions::list().limit(10));
    let mut count = 0;
    while let Some(session) = stream.next().await {
        session.unwrap();
        count += 1;
        tokio::time::sleep(Duration::from_secs(3600)).await;
    }
    assert_eq!(count, 25);
}

#[test]
fn without_a_runtime_an_error_is_returned() {
    let (clerk, requested) = clerk(3, false);
    let mut stream = clerk.stream(sessions::list());
    let first = std::pin::Pin::new(&mut stream).poll_next(&mut Context::from_waker(std::task::Waker::noop()));
    let Poll::Ready(Some(Err(error))) = first else { panic!() };
    assert!(matches!(error.kind(), ErrorKind::Config(_)), "{error}");
    assert!(requested.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_server_that_repeats_a_page_ends_the_stream() {
    let (clerk, requested) = clerk(100, true);
    let got = ids(&clerk, sessions::list().limit(2)).await;
    assert_eq!(got[..2], ["sess_0", "sess_1"]);
    assert_eq!(got.len(), 3, "{got:?}");
    assert!(got[2].starts_with("GetSessionList: "), "{got:?}");
    assert_eq!(*requested.lock().unwrap(), [0, 2]);
}

#[tokio::test]
async fn an_error_comes_after_the_items_before_it_and_ends_the_stream() {
    let (clerk, _) = clerk(2000, false);
    let got = ids(&clerk, sessions::list().limit(5).offset(996)).await;
    assert_eq!(got[..5], ["sess_996", "sess_997", "sess_998", "sess_999", "sess_1000"]);
    assert_eq!(got[5..], ["GetSessionList: Clerk responded with status 500"]);
}

/// Users, newest first, as Clerk lists them, and the recorded queries.
#[derive(Default)]
struct Users {
    present: Vec<u32>,
    newest: u32,
    requested: Vec<String>,
    ignores_cursors: bool,
}

impl Users {
    fn new(count: u32) -> Self {
        Self { present: (1..=count).rev().collect(), newest: count, ..Self::default() }
    }

    fn add(&mut self) {
        self.newest += 1;
        self.present.insert(0, self.newest);
    }

    fn respond(&mut self, query: &str) -> Result<String, u16> {
        self.requested.push(query.to_owned());
        let value = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name));
        let number = |name: &str| value(name).map_or(0, |text| text.parse::<usize>().unwrap());
        let mut start = number("offset=");
        if let Some(cursor) = value("starting_after=user_").filter(|_| !self.ignores_cursors) {
            if start != 0 || value("order_by=").is_some_and(|order| !order.ends_with("created_at")) {
                return Err(422);
            }
            let cursor: u32 = cursor.parse().unwrap();
            start = self.present.iter().position(|user| *user == cursor).ok_or(404u16)? + 1;
        }
        let page = self.present.iter().skip(start).take(number("limit="));
        let page: Vec<_> = page
            .map(|n| {
                format!(
                    r#"{{"id":"user_{n}","banned":false,"locked":false,"updated_at":{}}}"#,
                    self.requested.len()
                )
            })
            .collect();
        Ok(format!("[{}]", page.join(",")))
    }

    /// Returns a client of these users. `change` is applied before each response except the first.
    fn serve(self, change: impl Fn(&mut Self, &str) + Send + Sync + 'static) -> (Clerk, Arc<Mutex<Self>>) {
        let users = Arc::new(Mutex::new(self));
        let served = users.clone();
        let change = Arc::new(change);
        let transport = tower::service_fn(move |request: Request<Bytes>| {
            let mut users = served.lock().unwrap();
            let query = request.uri().query().unwrap();
            if !users.requested.is_empty() {
                change(&mut users, query);
            }
            let response = match users.respond(query) {
                Ok(body) => Response::new(Full::from(body)),
                Err(status) => Response::builder().status(status).body(Full::default()).unwrap(),
            };
            async move { Ok::<_, Infallible>(response) }
        });
        (Clerk::builder().secret_key("sk_test_x").transport(transport).build().unwrap(), users)
    }
}

async fn numbers(stream: PageStream<users::List>) -> Vec<u32> {
    stream.map(|user| user.unwrap().id.as_str()["user_".len()..].parse::<u32>().unwrap()).collect().await
}

#[tokio::test]
async fn remaining_users_are_listed_once_while_others_are_created_and_deleted() {
    for seed in 0..100 {
        let mut random = fastrand::Rng::with_seed(seed);
        let (count, limit) = (random.u32(0..30), random.u32(1..6));
        let random = Mutex::new(random);
        let (clerk, users) = Users::new(count).serve(move |users, query| {
            let mut random = random.lock().unwrap();
            for _ in 0..random.usize(0..4) {
                users.add();
            }
            // The user that the next page continues from must stay.
            users.present.retain(|n| query.ends_with(&format!("user_{n}")) || random.u8(0..5) > 0);
        });
        let seen = numbers(clerk.stream(users::list().limit(limit))).await;
        let descending = seen.windows(2).all(|two| two[0] > two[1]);
        assert!(descending, "seed {seed}: a user is listed twice: {seen:?}");
        let users = users.lock().unwrap();
        for stayed in users.present.iter().filter(|n| **n <= count) {
            assert!(seen.contains(stayed), "seed {seed}: {stayed} is skipped: {seen:?}");
        }
    }
}

#[tokio::test]
async fn cursors_are_used_where_clerk_supports_them() {
    let cases = [
        (users::list(), &["limit=2&offset=0", "limit=2&starting_after=user_4"][..]),
        (users::list().offset(1), &["limit=2&offset=1", "limit=2&starting_after=user_3"]),
        (
            users::list().starting_after("user_5"),
            &["limit=2&offset=0&starting_after=user_5", "limit=2&starting_after=user_3"],
        ),
        (
            users::list().query("a").order_by("-created_at"),
            &[
                "query=a&limit=2&offset=0&order_by=-created_at",
                "query=a&limit=2&starting_after=user_4&order_by=-created_at",
            ],
        ),
        (
            users::list().order_by("username"),
            &["limit=2&offset=0&order_by=username", "limit=2&offset=2&order_by=username"],
        ),
    ];
    for (operation, want) in cases {
        let (clerk, users) = Users::new(5).serve(|_, _| ());
        numbers(clerk.stream(operation.limit(2))).await;
        assert_eq!(users.lock().unwrap().requested[..2], *want);
    }
}

#[tokio::test]
async fn a_list_of_users_can_be_resumed() {
    for stop in 0..=7 {
        let (clerk, users) = Users::new(7).serve(|_, _| ());
        let mut first = clerk.stream(users::list().limit(3));
        for _ in 0..stop {
            first.next().await.unwrap().unwrap();
        }
        let want: Vec<_> = (1..=7 - stop).rev().collect();
        assert_eq!(numbers(clerk.stream(first.rest())).await, want);
        assert_eq!(first.cursor().is_some(), stop > 0);
        if let Some(cursor) = first.cursor() {
            users.lock().unwrap().add();
            let later = clerk.stream(users::list().starting_after(cursor));
            assert_eq!(numbers(later).await, want);
        }
    }
}

#[tokio::test]
async fn a_server_that_ignores_cursors_ends_the_stream() {
    // No two responses are equal, because a value changes each time.
    let (clerk, users) = Users { ignores_cursors: true, ..Users::new(9) }.serve(|_, _| ());
    let got: Vec<_> = clerk.stream(users::list().limit(2)).collect().await;
    assert_eq!(got.len(), 3);
    assert!(matches!(got[2].as_ref().unwrap_err().kind(), ErrorKind::Transfer(_)));
    assert_eq!(users.lock().unwrap().requested.len(), 2);
}

#[tokio::test]
async fn a_page_that_cannot_be_continued_is_an_error_and_the_rest_can_be_requested() {
    let (clerk, _) = Users::new(5).serve(|users, _| users.present.retain(|n| *n != 4));
    let mut stream = clerk.stream(users::list().limit(2));
    assert!(stream.next().await.unwrap().is_ok() && stream.next().await.unwrap().is_ok());
    assert!(stream.next().await.unwrap().unwrap_err().is_not_found());
    assert!(stream.next().await.is_none());
    assert_eq!((stream.offset(), stream.cursor()), (2, Some("user_4")));
}

#[tokio::test]
async fn an_item_that_cannot_be_decoded_does_not_end_a_stream_of_elements() {
    const TOTAL: usize = 1203;
    let user = |n: usize| match n {
        // The first one of a page, one in the middle of a page, and the last one of a page.
        100 | 750 | 999 => format!(r#"{{"id":"user_{n}"}}"#),
        _ => format!(r#"{{"id":"user_{n}","banned":false,"locked":false}}"#),
    };
    let transport = tower::service_fn(move |request: Request<Bytes>| {
        let query = request.uri().query().unwrap_or_default().to_owned();
        let value = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)).map(str::to_owned);
        let after = value("starting_after=user_").map(|id| id.parse::<usize>().unwrap() + 1);
        let first = after.unwrap_or_else(|| value("offset=").map_or(0, |offset| offset.parse().unwrap()));
        let items: Vec<String> = (first..TOTAL.min(first + 100)).map(user).collect();
        let body = format!("[{}]", items.join(","));
        async move { Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(body))) }
    });
    let clerk = Clerk::builder().secret_key("sk_test_x").transport(transport).build().unwrap();
    let found: Vec<_> = clerk
        .stream(users::list().elements())
        .map(|item| item.unwrap().map_or_else(|error| error.path, |user| user.id.to_string()))
        .collect()
        .await;
    let want: Vec<_> = (0..TOTAL)
        .map(|n| match n {
            100 => "[0].banned".to_owned(),
            750 => "[50].banned".to_owned(),
            999 => "[99].banned".to_owned(),
            _ => format!("user_{n}"),
        })
        .collect();
    assert_eq!(found, want);
    // A stream of the items themselves ends with the page before.
    let plain: Vec<_> = clerk.stream(users::list()).collect().await;
    assert_eq!((plain.len(), plain.iter().filter(|item| item.is_err()).count()), (101, 1));
}
