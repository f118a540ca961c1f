//! Sends a minimal and a maximal sample of every operation to a server, and prints how it responded to each.
//!
//! ```text
//! cargo run -p clerk-tests --bin exercise -- --base-url http://127.0.0.1:4010 [--secret-key KEY]
//! ```
//!
//! With a secret key, the server is an instance that knows it, such as a `LocalClerk`: it refuses the samples that name what
//! does not exist, and every refusal in Clerk's format is fine, except for a refused key and for an operation that the
//! server does not have. Without one, the server makes everything up, and has to accept every sample.
//!
//! The operations' paths are appended to the URL. Prints one line for each sample, with these columns separated by
//! tabs: operation ID, `minimal` or `maximal`, HTTP status, and `ok` or the problem. A fifth column has the
//! `sl-violations` header, in which Prism reports how a request or its own response violates the document; a violation
//! by the request is a problem. Operations that Clerk's document omits are not sent: their status is `-`, and the
//! fifth column says so. The exit code is 0 if there is no problem, 1 if there is one, and 2 if nothing was sent.

use std::{
    error::Error,
    io::{self, Write},
    process::ExitCode,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use clerk_core::{
    Operation,
    api::machines,
    decode::{ResponseError, StatusError},
    keys::{MachineSecretKey, SecretKey},
};
use clerk_tests::{
    operation_visitor::{OperationVisitor, Sample},
    samples,
};
use clerk_tower::{
    client::middleware::base_uri::BaseUriLayer, client::middleware::collect::CollectLayer,
    client::middleware::credentials::CredentialsLayer, client::middleware::deadline::DeadlineLayer,
    client::stack::Stack, client::transport::ReqwestTransport,
};
use http::Response;
use tokio::runtime::Runtime;
use tower::{ServiceBuilder, ServiceExt as _};

const USAGE: &str = "usage: exercise --base-url URL [--secret-key KEY]";

/// Fake keys, for a server that accepts any.
const SECRET_KEY: &str = "sk_test_4pK7dQ2mXw9sB1vN6yJ3";
const MACHINE_SECRET_KEY: &str = "ak_4pK7dQ2mXw9sB1vN6yJ3";

fn main() -> ExitCode {
    let mut exercise = match Server::parse(std::env::args().skip(1)).and_then(|server| Exercise::new(&server))
    {
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

type BoxError = Box<dyn Error + Send + Sync>;

/// What the samples are sent to.
struct Server {
    base_url: String,
    /// The key of the instance; `None` if the server accepts any.
    secret_key: Option<String>,
}

impl Server {
    fn parse(arguments: impl Iterator<Item = String>) -> Result<Self, BoxError> {
        let arguments: Vec<_> = arguments.collect();
        let (base_url, secret_key) = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            ["--base-url", url] => (url, None),
            ["--base-url", url, "--secret-key", key] => (url, Some(key.to_owned())),
            _ => return Err(USAGE.into()),
        };
        Ok(Self { base_url: base_url.to_owned(), secret_key })
    }
}

/// Status and violations of the last response.
#[derive(Clone, Default)]
struct LastResponse(Arc<Mutex<Option<ResponseInfo>>>);

struct ResponseInfo {
    status: u16,
    violations: Option<String>,
}

impl LastResponse {
    fn record(&self, response: &Response<Bytes>) {
        let violations = response.headers().get("sl-violations");
        let info = ResponseInfo {
            status: response.status().as_u16(),
            violations: violations.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()),
        };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(info);
    }

    fn take(&self) -> Option<ResponseInfo> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

struct Exercise {
    runtime: Runtime,
    /// Not a client, because this program has both keys, and the stack chooses the one that an operation needs.
    stack: Stack,
    /// Whether the server is an instance with data of its own.
    is_instance: bool,
    last_response: LastResponse,
    good: usize,
    wrong: usize,
}

impl Exercise {
    fn new(server: &Server) -> Result<Self, BoxError> {
        let secret = server.secret_key.as_deref().unwrap_or(SECRET_KEY).parse()?;
        let last_response = LastResponse::default();
        let mut exercise = Self {
            runtime: tokio::runtime::Builder::new_current_thread().enable_all().build()?,
            stack: stack(&server.base_url, &secret, &MACHINE_SECRET_KEY.parse()?, &last_response)?,
            is_instance: server.secret_key.is_some(),
            last_response,
            good: 0,
            wrong: 0,
        };
        if exercise.is_instance {
            let machine = exercise.send(&machines::create("exercise"))?.secret_key.parse()?;
            exercise.stack = stack(&server.base_url, &secret, &machine, &exercise.last_response)?;
        }
        Ok(exercise)
    }

    fn send<O: Operation>(&self, operation: &O) -> Result<O::Output, BoxError> {
        let request = operation.request()?;
        let response = self.runtime.block_on(self.stack.clone().oneshot(request))?;
        Ok(operation.decode(&response)?)
    }

    /// Returns whether an error is an answer that can be expected.
    fn is_expected(&self, error: &BoxError) -> bool {
        match error.downcast_ref() {
            // A server that makes things up makes up their IDs, too.
            Some(ResponseError::Decode(error)) => error.is_other_resource(),
            Some(ResponseError::Status(error)) => self.is_instance && is_refusal(error),
            _ => false,
        }
    }
}

fn stack(
    url: &str,
    secret: &SecretKey,
    machine: &MachineSecretKey,
    last_response: &LastResponse,
) -> Result<Stack, BoxError> {
    let recorder = last_response.clone();
    let stack = ServiceBuilder::new()
        .layer(DeadlineLayer::new(Duration::from_secs(60)))
        .map_response(move |response| {
            recorder.record(&response);
            response
        })
        .layer(CredentialsLayer::new(secret).machine_secret_key(machine))
        .layer(CollectLayer::new(16 * 1024 * 1024))
        .layer(BaseUriLayer::new(url)?)
        .service(ReqwestTransport::new()?);
    Ok(Stack::new(stack))
}

/// The codes of refusals that a sample must not get: no such operation, or a wrong key.
const UNEXPECTED: [&str; 4] =
    ["operation_not_found", "method_not_allowed", "authentication_invalid", "clerk_key_invalid"];

/// Returns whether the server has the operation, accepts the key, and says in Clerk's format what is wrong.
fn is_refusal(error: &StatusError) -> bool {
    let code = error.errors.first().map_or("", |first| &first.code);
    error.status.is_client_error() && !code.is_empty() && !UNEXPECTED.contains(&code)
}

impl OperationVisitor for Exercise {
    fn visit<O>(&mut self, sample: Sample, operation: O)
    where
        O: Operation<Output: Send> + Clone + Send + Sync + 'static,
    {
        // A server that implements the document need not accept these.
        if sample == Sample::Undocumented {
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
        let outcome = match self.send(&operation) {
            Err(error) if !self.is_expected(&error) => Err(error),
            _ => Ok(()),
        };
        let response = self.last_response.take();
        let status = response.as_ref().map_or_else(|| "-".to_owned(), |response| response.status.to_string());
        let violations = response.and_then(|response| response.violations);
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

/// Returns whether one of the violations is by the request. Unreadable violations count as such.
fn about_the_request(violations: &str) -> bool {
    // If there are many violations, Prism writes a note before the list.
    let list = violations.find('[').and_then(|start| violations.get(start..)).unwrap_or_default();
    let Ok(serde_json::Value::Array(all)) = serde_json::from_str(list) else { return true };
    let is_response = |violation: &serde_json::Value| {
        violation.pointer("/location/0").and_then(|place| place.as_str()) == Some("response")
    };
    !all.iter().all(is_response)
}

/// Formats the error and its sources on one line.
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
