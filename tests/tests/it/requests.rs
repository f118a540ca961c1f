//! Tests the request of every operation, with its required fields and with all fields.

use std::{collections::BTreeSet, fmt::Write as _};

use clerk_core::{Operation, api::OPERATIONS, credential::Credential, credential::Needs, operation::Retry};
use clerk_tests::{
    operation_visitor::{OperationVisitor, Sample},
    samples,
};
use http::header::CONTENT_TYPE;

/// Records requests as text.
#[derive(Default)]
struct Transcript {
    text: String,
    recorded: BTreeSet<(&'static str, String)>,
}

impl OperationVisitor for Transcript {
    fn visit<O>(&mut self, sample: Sample, operation: O)
    where
        O: Operation<Output: Send> + Clone + Send + Sync + 'static,
    {
        let info = O::INFO;
        let request = operation.request().unwrap_or_else(|error| panic!("{} {sample}: {error}", info.id));
        let out = &mut self.text;
        writeln!(out, "{} {sample}", info.id).unwrap();
        writeln!(out, "{} {}", request.method(), request.uri()).unwrap();
        if !info.documented {
            writeln!(out, "undocumented").unwrap();
        }
        assert_eq!(<O::Credential as Needs>::CREDENTIAL, info.credential, "{}", info.id);
        if info.credential != Credential::SecretKey {
            writeln!(out, "credential: {:?}", info.credential).unwrap();
        }
        if *request.extensions().get().unwrap_or(&info.retry) == Retry::Safe {
            writeln!(out, "retry: safe").unwrap();
        }
        let mut body = String::from_utf8(request.body().to_vec()).unwrap();
        for (name, value) in request.headers() {
            let mut value = value.to_str().unwrap().to_owned();
            if name == CONTENT_TYPE
                && let Some((kind, boundary)) = value.clone().split_once("boundary=")
            {
                body = body.replace(boundary, "BOUNDARY").replace("\r\n", "\n");
                value = format!("{kind}boundary=BOUNDARY");
            }
            writeln!(out, "{name}: {value}").unwrap();
        }
        if !body.is_empty() {
            writeln!(out, "{}", body.trim_end()).unwrap();
        }
        out.push('\n');
        assert_eq!(request.method(), info.method, "{}", info.id);
        assert!(self.recorded.insert((info.id, sample.to_string())), "{} {sample} comes twice", info.id);
    }
}

#[test]
fn every_operation_sends_what_the_snapshot_shows() {
    let mut transcript = Transcript::default();
    samples::all(&mut transcript);
    let undocumented: Vec<_> =
        OPERATIONS.iter().filter(|info| !info.documented).map(|info| info.id).collect();
    assert_eq!(
        undocumented,
        ["GetHandshakePayload", "CreateEmail", "CreateEmailBatch", "GetEmail", "DeleteInvitation"]
    );
    assert_eq!(OPERATIONS.len() - undocumented.len(), 249);
    for info in OPERATIONS {
        for sample in [Sample::Minimal, Sample::Maximal] {
            assert!(
                transcript.recorded.contains(&(info.id, sample.to_string())),
                "{} has no {sample}",
                info.id
            );
        }
    }
    // `INSTA_UPDATE=always` rewrites the snapshot. Without it, a difference fails the test in every environment, and
    // the new requests are in a `.snap.new` file next to the snapshot.
    insta::assert_snapshot!("requests", transcript.text);
}
