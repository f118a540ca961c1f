//! Sends a minimal and a maximal sample of every operation to a server, and says how each was answered.
//!
//! ```text
//! cargo run -p clerk-tests --bin exercise -- --base-url http://127.0.0.1:4010
//! ```
//!
//! The operations' paths are put behind the URL as they are. One line comes for each sample, with tabs
//! between operation id, `minimal` or `maximal`, HTTP status, and `ok` or what was wrong. A `sl-violations`
//! header, with which Prism says how a request or its own answer departs from the document, is printed as a
//! fifth column; one about the request is wrong. What Clerk's document leaves out is not sent: the status is `-`,
//! and the fifth column says so. The exit code is 0 when all is well, 1 when something was
//! wrong, and 2 when nothing was sent.

use std::{
    error::Error,
    io::{self, Write},
    process::ExitCode,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use clerk_core::{Operation, keys::MachineSecretKey, keys::SecretKey};
use clerk_tests::{
    samples,
    visit::{Sample, Visit},
};
use clerk_tower::{
    client::middleware::base_uri::BaseUriLayer, client::middleware::collect::CollectLayer,
    client::middleware::credentials::CredentialsLayer, client::middleware::deadline::DeadlineLayer,
    client::stack::Stack, client::transport::ReqwestTransport,
};
use http::Response;
use tokio::runtime::Runtime;
use tower::{ServiceBuilder, ServiceExt as _};

const USAGE: &str = "usage: exercise --base-url URL";

/// Made up: the server at the other end is no Clerk.
const SECRET_KEY: &str = "sk_test_4pK7dQ2mXw9sB1vN6yJ3";
const MACHINE_SECRET_KEY: &str = "ak_4pK7dQ2mXw9sB1vN6yJ3";

fn main() -> ExitCode {
    let mut exercise = match base_url(std::env::args().skip(1)).and_then(|url| Exercise::new(&url)) {
        Ok(exercise) => exercise,
        Err(error) => {
            drop(writeln!(io::stderr(), "{error}"));
            return ExitCode::from(2);
        }
    };
    samples::all(&mut exercise);
    let Exercise { good, wrong, .. } = exercise;
    drop(writeln!(io::stderr(), "{good} of {} ok", good + wrong));
    if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn base_url(mut arguments: impl Iterator<Item = String>) -> Result<String, Box<dyn Error + Send + Sync>> {
    match (arguments.next().as_deref(), arguments.next(), arguments.next()) {
        (Some("--base-url"), Some(url), None) => Ok(url),
        _ => Err(USAGE.into()),
    }
}

/// What the last answer said beside its body.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Option<Answer>>>);

struct Answer {
    status: u16,
    violations: Option<String>,
}

impl Seen {
    fn note(&self, response: &Response<Bytes>) {
        let violations = response.headers().get("sl-violations");
        let answer = Answer {
            status: response.status().as_u16(),
            violations: violations.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()),
        };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
    }

    fn take(&self) -> Option<Answer> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

struct Exercise {
    runtime: Runtime,
    /// No client: this program has both keys, and the stack chooses as each operation says.
    stack: Stack,
    seen: Seen,
    good: usize,
    wrong: usize,
}

impl Exercise {
    fn new(url: &str) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let machine: MachineSecretKey = MACHINE_SECRET_KEY.parse()?;
        let secret: SecretKey = SECRET_KEY.parse()?;
        let seen = Seen::default();
        let noting = seen.clone();
        let stack = ServiceBuilder::new()
            .layer(DeadlineLayer::new(Duration::from_secs(60)))
            .map_response(move |response| {
                noting.note(&response);
                response
            })
            .layer(CredentialsLayer::new(&secret).machine_secret_key(&machine))
            .layer(CollectLayer::new(16 * 1024 * 1024))
            .layer(BaseUriLayer::new(url)?)
            .service(ReqwestTransport::new()?);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(Self { runtime, stack: Stack::new(stack), seen, good: 0, wrong: 0 })
    }

    fn send<O: Operation>(&self, operation: &O) -> Result<(), Box<dyn Error + Send + Sync>> {
        let request = operation.request()?;
        let response = self.runtime.block_on(self.stack.clone().oneshot(request))?;
        O::decode(&response)?;
        Ok(())
    }
}

impl Visit for Exercise {
    fn visit<O>(&mut self, sample: Sample, operation: O)
    where
        O: Operation<Output: Send> + Clone + Send + Sync + 'static,
    {
        // A server that knows the document alone need not take these.
        if sample == Sample::Beyond {
            return;
        }
        if !O::INFO.documented {
            drop(writeln!(
                io::stdout(),
                "{}\t{sample}\t-\tok\tnot sent: the document leaves it out",
                O::INFO.id
            ));
            return;
        }
        let outcome = self.send(&operation);
        let answer = self.seen.take();
        let status = answer.as_ref().map_or_else(|| "-".to_owned(), |answer| answer.status.to_string());
        let violations = answer.and_then(|answer| answer.violations);
        let verdict = match &outcome {
            Err(error) => with_causes(error.as_ref()),
            Ok(()) if violations.as_deref().is_some_and(about_the_request) => {
                "the request violates the document".to_owned()
            }
            Ok(()) => "ok".to_owned(),
        };
        *if verdict == "ok" { &mut self.good } else { &mut self.wrong } += 1;
        let mut line = format!("{}\t{sample}\t{status}\t{verdict}", O::INFO.id);
        if let Some(violations) = violations {
            line.push_str(&format!("\tsl-violations: {violations}"));
        }
        drop(writeln!(io::stdout(), "{line}"));
    }
}

/// Whether one of the violations is the request's. What cannot be read is held against it.
fn about_the_request(violations: &str) -> bool {
    // When there are many, Prism says so before the list.
    let list = violations.find('[').and_then(|start| violations.get(start..)).unwrap_or_default();
    let Ok(serde_json::Value::Array(all)) = serde_json::from_str(list) else { return true };
    let is_response = |violation: &serde_json::Value| {
        violation.pointer("/location/0").and_then(|place| place.as_str()) == Some("response")
    };
    !all.iter().all(is_response)
}

/// The error and what caused it, on one line.
fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.contains(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        cause = error.source();
    }
    text.replace(['\t', '\r', '\n'], " ")
}
