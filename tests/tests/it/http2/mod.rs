//! Tests of retries over HTTP/2: what certainly was not processed is sent again, and what may have been is not.
//!
//! A server counts the requests that it receives. Both transports, with TLS and without.

mod server;
mod streams;
mod wire;

use std::time::Duration;

use bytes::Bytes;
use clerk_core::{Operation, OperationInfo, credential, decode::ResponseError, encode::BuildError};
use clerk_tower::{Clerk, Error, ErrorKind, client::options::CallOptions};
use futures_util::future::join_all;
use http::{Method, Request, Response};

use self::{
    server::{Fault, Server},
    wire::Wire,
};
use crate::tls::Tls;

/// How many calls are made at once, on one connection.
const CROWD: u32 = 40;
/// How many crowds there are for each fault: 200 calls over each wire.
const CROWDS: u32 = 5;

/// A call that is not safe to repeat. Its body tells it from the others.
struct Write(String);
/// A call that only reads.
struct Read;

impl Operation for Write {
    type Output = ();
    type Credential = credential::NeedsSecretKey;
    const INFO: &'static OperationInfo =
        &OperationInfo::new("CreateThing", Method::POST, "/things", "Things");

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        let body = Bytes::from(self.0.clone());
        Ok(Request::post("/things").extension(Self::INFO).body(body).unwrap())
    }

    fn decode(&self, response: &Response<Bytes>) -> Result<(), ResponseError> {
        assert_eq!((response.status().as_u16(), &**response.body()), (200, &b"{}"[..]));
        Ok(())
    }
}

impl Operation for Read {
    type Output = ();
    type Credential = credential::NeedsSecretKey;
    const INFO: &'static OperationInfo = &OperationInfo::new("ListThings", Method::GET, "/things", "Things");

    fn request(&self) -> Result<Request<Bytes>, BuildError> {
        Ok(Request::get("/things").extension(Self::INFO).body(Bytes::new()).unwrap())
    }

    fn decode(&self, response: &Response<Bytes>) -> Result<(), ResponseError> {
        Write(String::new()).decode(response)
    }
}

/// A client with one connection, on which the server is about to misbehave.
async fn connected(wire: Wire, tls: &Tls, fault: Fault, crowd: u32) -> (Server, Clerk) {
    let server = Server::start(fault, crowd, wire.is_secure().then_some(tls)).await;
    let clerk = wire.client(server.address, tls);
    clerk.send(Read).await.unwrap();
    (server, clerk)
}

/// Sends a crowd of writes at once. Returns the server and the results.
async fn write(wire: Wire, tls: &Tls, fault: Fault) -> (Server, Vec<Result<(), Error>>) {
    let (server, clerk) = connected(wire, tls, fault, CROWD).await;
    let calls = (0..CROWD).map(|number| clerk.send(Write(format!("thing {number}"))));
    (server, join_all(calls).await)
}

async fn everywhere<F: Future<Output = ()>>(faults: &[Fault], test: impl Fn(Wire, Fault) -> F) {
    for fault in faults {
        for wire in Wire::ALL {
            join_all((0..CROWDS).map(|_| test(wire, *fault))).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_not_processed_is_sent_again() {
    use Fault::{
        GoAwayExcludes, GoAwayExcludesAndStaysOpen, GoAwayExcludesHalf, GoAwayExcludesNothing,
        GoAwayWhileIdle, GoAwayWithErrorExcludes, RefusedStream,
    };
    let tls = Tls::new();
    let faults = [
        RefusedStream,
        GoAwayExcludes,
        GoAwayWithErrorExcludes,
        GoAwayExcludesAndStaysOpen,
        GoAwayExcludesHalf,
        GoAwayExcludesNothing,
        GoAwayWhileIdle,
    ];
    everywhere(&faults, async |wire, fault| {
        let (server, results) = write(wire, &tls, fault).await;
        for result in results {
            result.unwrap_or_else(|error| panic!("{wire:?} {fault:?}: {error:?}"));
        }
        let record = server.record.lock().unwrap();
        for number in 0..CROWD {
            let (_, processed) = record.requests[&format!("thing {number}")];
            assert_eq!(processed, 1, "{wire:?} {fault:?}: {number}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_that_may_have_been_processed_is_not_sent_again() {
    use Fault::{Canceled, Closed, GoAwayIncludes, GoAwayWithErrorIncludes, RefusedTooLate, Reset};
    let tls = Tls::new();
    let faults = [Reset, Canceled, RefusedTooLate, Closed, GoAwayIncludes, GoAwayWithErrorIncludes];
    everywhere(&faults, async |wire, fault| {
        let (server, results) = write(wire, &tls, fault).await;
        for result in results {
            let Err(error) = result else { panic!("{wire:?} {fault:?}") };
            assert!(matches!(error.kind(), ErrorKind::Transfer(_)), "{wire:?} {fault:?}: {error:?}");
            assert!(error.may_have_been_processed(), "{wire:?} {fault:?}: {error:?}");
            assert_eq!(error.attempts(), 1, "{wire:?} {fault:?}: {error:?}");
            let text = "CreateThing: the response is incomplete or too large; the call may have taken effect";
            assert_eq!(error.to_string(), text);
        }
        let record = server.record.lock().unwrap();
        for number in 0..CROWD {
            assert_eq!(record.requests[&format!("thing {number}")].0, 1, "{wire:?} {fault:?}: {number}");
        }
    })
    .await;
    // Calls that only read are sent again.
    for fault in faults {
        for wire in Wire::ALL {
            let (server, clerk) = connected(wire, &tls, fault, CROWD).await;
            for result in join_all((0..CROWD).map(|_| clerk.send(Read))).await {
                result.unwrap_or_else(|error| panic!("{wire:?} {fault:?}: {error:?}"));
            }
            let (received, processed) = server.record.lock().unwrap().requests[""];
            assert_eq!((received, processed), (2 * CROWD, CROWD), "{wire:?} {fault:?}");
        }
    }
}

/// Over HTTP/2, the head of a request without a body is the whole request, so it may have been sent when hyper reports a
/// `GOAWAY`. For a write the client does not let it be.
#[tokio::test]
async fn a_write_without_a_body_is_sent_again_too() {
    let tls = Tls::new();
    for wire in Wire::ALL {
        for (fault, is_ok) in [
            (Fault::RefusedStream, true),
            (Fault::GoAwayExcludes, true),
            (Fault::GoAwayWithErrorExcludes, true),
            (Fault::GoAwayIncludes, false),
            (Fault::Closed, false),
        ] {
            let (server, clerk) = connected(wire, &tls, fault, 1).await;
            let result = clerk.send(Write(String::new())).await;
            assert_eq!(result.is_ok(), is_ok, "{wire:?} {fault:?}: {result:?}");
            let (received, processed) = server.record.lock().unwrap().requests[""];
            assert_eq!((received, processed), if is_ok { (2, 1) } else { (1, 0) }, "{wire:?} {fault:?}");
        }
    }
}

#[tokio::test]
async fn refusals_use_up_the_budget_and_the_attempts() {
    let tls = Tls::new();
    for wire in Wire::ALL {
        let (server, clerk) = connected(wire, &tls, Fault::RefusedStream, u32::MAX).await;
        let error = clerk.send(Write("thing".to_owned())).await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::NotProcessed(_)), "{wire:?}: {error:?}");
        assert_eq!(
            (error.attempts(), error.may_have_been_processed(), error.is_retryable()),
            (3, false, true)
        );
        let text = "CreateThing: not processed: the connection ended, or the request was refused";
        assert_eq!(error.to_string(), text);
        assert_eq!(server.record.lock().unwrap().requests["thing"], (3, 0));

        let crowd = join_all((0..200).map(|_| clerk.send(Write("crowd".to_owned())))).await;
        assert!(crowd.iter().all(Result::is_err));
        let (received, _) = server.record.lock().unwrap().requests["crowd"];
        // The budget's reserve is 50, and five more are added each second.
        assert!((240..=300).contains(&received), "{wire:?}: {received}");
    }
}

/// The connection is alive for TCP, and nothing comes back any more. The next attempt, and the next call, use another one.
#[tokio::test]
async fn after_a_timeout_the_connection_is_not_used_again() {
    let tls = Tls::new();
    join_all(Wire::ALL.map(async |wire| {
        let (server, clerk) = connected(wire, &tls, Fault::BlackHole, CROWD).await;
        let impatient = clerk.with(CallOptions::new().attempt_timeout(Duration::from_secs(5)));
        impatient.send(Read).await.unwrap();
        assert_eq!(server.record.lock().unwrap().requests[""], (2, 1), "{wire:?}");

        // A write that timed out is not sent again, and the next one does not suffer from it.
        let (server, clerk) = connected(wire, &tls, Fault::BlackHole, CROWD).await;
        let impatient = clerk.with(CallOptions::new().attempt_timeout(Duration::from_secs(5)));
        let error = impatient.send(Write("first".to_owned())).await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Timeout(_)) && error.may_have_been_processed());
        impatient.send(Write("second".to_owned())).await.unwrap();
        let record = server.record.lock().unwrap();
        assert_eq!((record.requests["first"], record.requests["second"]), ((1, 0), (1, 1)), "{wire:?}");
        assert_eq!(record.connections, 2, "{wire:?}");
    }))
    .await;
}
