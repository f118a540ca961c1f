//! Tests of the client for programs without a runtime.

use std::sync::Arc;

use clerk_core::api::users;
use clerk_tests::Instance;
use clerk_tower::{ErrorKind, blocking::Clerk};

#[test]
fn blocking_calls_return_their_responses() {
    let instance = Instance::new();
    let clerk = Clerk::new(instance.in_memory()).unwrap();
    let count = clerk.send(users::count()).unwrap().total_count;
    assert_eq!(
        clerk.stream(users::list().limit(2)).map(Result::unwrap).count(),
        usize::try_from(count).unwrap()
    );
    assert_eq!(clerk.send(users::get("user_ada")).unwrap().first_name.as_deref(), Some("Ada"));
    assert!(clerk.send(users::get("user_nobody")).unwrap_err().is_missing());
    let (_, response) = clerk.send_raw(users::count()).unwrap();
    assert_eq!(response.status(), 200);

    let user = clerk.cached(users::get("user_ada")).unwrap();
    assert!(Arc::ptr_eq(&user, &clerk.cached(users::get("user_ada")).unwrap()));
    assert_eq!(clerk.cache().stats().hits, 1);

    // Concurrent calls on several threads.
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| assert_eq!(clerk.send(users::count()).unwrap().total_count, count));
        }
    });
}

#[tokio::test]
async fn the_blocking_client_refuses_to_run_in_async_code() {
    let clerk = Clerk::new(Instance::new().in_memory()).unwrap();
    let error = clerk.send(users::count()).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Config(_)));
    assert!(error.to_string().contains("use clerk_tower::Clerk"), "{error}");
    // Dropping the client in async code must not panic.
    drop(clerk);
}
