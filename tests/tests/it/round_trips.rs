//! Tests that every model survives a round trip: decoded from a response, serialized, and decoded again.

use std::{collections::BTreeSet, fs};

use bytes::Bytes;
use clerk_core::{
    Operation,
    decode::ErrorBody,
    model::{HasPrivate, WithPrivate},
};
use clerk_tests::{
    responses,
    varied::{Choices, varied},
};
use http::Response;
use proptest::{
    collection::vec,
    prelude::any,
    test_runner::{Config, TestCaseError, TestRunner},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

/// The sample of one response type.
#[derive(Deserialize)]
struct Sample {
    #[serde(rename = "type")]
    name: String,
    operations: Vec<String>,
    made_of: BTreeSet<String>,
    strict: BTreeSet<String>,
    private: BTreeSet<String>,
    response: Value,
}

fn samples() -> Vec<Sample> {
    serde_json::from_str(include_str!("../../samples/responses.json")).unwrap()
}

/// Decodes a response, serializes it with its private fields, and repeats both with the result. Returns the first serialization.
struct RoundTrip(Bytes);

impl responses::Read for RoundTrip {
    type Found = Result<String, String>;

    fn read<O>(&self, _: &O) -> Self::Found
    where
        O: Operation<Output: HasPrivate + Serialize + DeserializeOwned + PartialEq>,
    {
        // Not by the operation, which requires the ID that it asks for.
        let read = |body: Bytes| serde_json::from_slice(&body).map_err(|error| error.to_string());
        let write = |value| serde_json::to_string(&WithPrivate(value)).map_err(|error| error.to_string());
        let first: O::Output = read(self.0.clone())?;
        let written = write(&first)?;
        let second = read(written.clone().into()).map_err(|error| format!("{error} in {written}"))?;
        let again = write(&second)?;
        if written != again {
            return Err(format!("first written as\n{written}\nand then as\n{again}"));
        }
        if first != second { Err(format!("is another value than {written}")) } else { Ok(written) }
    }
}

fn round_trip(sample: &Sample, response: &Value) -> Result<String, String> {
    let operation = sample.operations.first().unwrap();
    responses::read(operation, &RoundTrip(response.to_string().into()))
}

#[test]
fn a_complete_response_is_serialized_as_it_was_received() {
    for sample in samples() {
        let written = round_trip(&sample, &sample.response).unwrap_or_else(|error| panic!("{error}"));
        let written: Value = serde_json::from_str(&written).unwrap();
        assert_eq!(written, sample.response, "{}", sample.name);
    }
}

/// Decodes a response and serializes it.
struct Published(Bytes);

impl responses::Read for Published {
    type Found = Value;

    fn read<O: Operation<Output: Serialize>>(&self, operation: &O) -> Self::Found {
        serde_json::to_value(operation.decode(&Response::new(self.0.clone())).unwrap()).unwrap()
    }
}

/// Collects the paths of everything in a value.
fn paths(value: &Value, path: &str, out: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                paths(member, &path, out);
                out.insert(path);
            }
        }
        Value::Array(items) => {
            for (position, item) in items.iter().enumerate() {
                paths(item, &format!("{path}[{position}]"), out);
            }
        }
        _ => {}
    }
}

#[test]
fn private_fields_are_serialized_only_when_asked_for() {
    let mut hidden = 0_usize;
    for sample in samples() {
        let (mut received, mut published) = (BTreeSet::new(), BTreeSet::new());
        paths(&sample.response, "", &mut received);
        let body = Bytes::from(sample.response.to_string());
        for operation in &sample.operations {
            paths(&responses::read(operation, &Published(body.clone())), "", &mut published);
        }
        // What is in a private field is left out with it.
        let is_private = |path: &&String| {
            sample.private.iter().any(|private| {
                path.strip_prefix(private.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
            })
        };
        let left_out: BTreeSet<&String> = received.difference(&published).collect();
        let private: BTreeSet<&String> = received.iter().filter(is_private).collect();
        assert_eq!(left_out, private, "{}", sample.name);
        assert!(!published.iter().any(|path| path.ends_with("private_metadata")), "{}", sample.name);
        hidden += left_out.len();
    }
    assert!(hidden > 40, "only {hidden} fields are private");
}

#[test]
fn serialized_values_decode_to_the_same_values() {
    for sample in samples() {
        let config = Config { cases: 48, failure_persistence: None, ..Config::default() };
        let result = TestRunner::new(config).run(&vec(any::<u8>(), 0..600), |bytes| {
            let response = varied(&sample.response, &sample.strict, &mut Choices::new(&bytes));
            let fail = |error| TestCaseError::fail(format!("{}: {error}\n{response}", sample.name));
            round_trip(&sample, &response).map(drop).map_err(fail)
        });
        result.unwrap_or_else(|error| panic!("{error}"));
    }
}

#[test]
fn serialized_errors_decode_to_the_same_errors() {
    let body = |choices: &mut Choices<'_>| {
        let error = |choices: &mut Choices<'_>| {
            let template = serde_json::json!({
                "code": "text", "message": "text", "long_message": "text", "meta": {"any_key": "any value"},
            });
            varied(&template, &BTreeSet::new(), choices)
        };
        let template = serde_json::json!({"meta": {"any_key": "any value"}, "clerk_trace_id": "text"});
        let mut body = varied(&template, &BTreeSet::new(), choices);
        body["errors"] = vec![error(choices), error(choices)].into();
        body
    };
    let result = TestRunner::default().run(&vec(any::<u8>(), 0..600), |bytes| {
        let text = body(&mut Choices::new(&bytes)).to_string();
        let read = ErrorBody::read(text.as_bytes());
        assert_eq!(read.errors.len(), 2, "{text}");
        let written = serde_json::to_string(&read).unwrap();
        assert!(ErrorBody::read(written.as_bytes()) == read, "{text} became {written}");
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
}

/// Enums that occur only in requests.
const SENT: [&str; 10] = [
    "AgentTaskPermissions",
    "BillingCreditAction",
    "BillingPayerType",
    "EnrollmentModeFilter",
    "EnterpriseConnectionProvider",
    "IdentificationStatus",
    "InvitationTemplate",
    "M2mTokenFormat",
    "PreferredSignInStrategy",
    "SessionRefreshFormat",
];

/// Returns the names of the models and enums in clerk-core's generated sources.
fn declared() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for file in fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../clerk-core/src/model")).unwrap() {
        let text = fs::read_to_string(file.unwrap().path()).unwrap();
        if !text.contains("// Generated by clerk-codegen.") {
            continue;
        }
        let mut in_enum = false;
        for line in text.lines() {
            let declared = match line.strip_prefix("pub struct ") {
                Some(rest) => rest.split([' ', '(', '<']).next(),
                // In the macro the name is on the first line that is not a comment.
                None if in_enum && !line.trim_start().starts_with("//") => {
                    in_enum = false;
                    line.trim().strip_suffix(" {")
                }
                None => None,
            };
            in_enum |= line == "open_enum! {";
            names.extend(declared.map(str::to_owned));
        }
    }
    names
}

#[test]
fn every_model_is_in_a_sample_response() {
    let mut known = declared();
    assert!(known.len() > 170, "only {} models are declared", known.len());
    let used: BTreeSet<String> = samples().into_iter().flat_map(|sample| sample.made_of).collect();
    assert_eq!(used.difference(&known).next(), None, "declared nowhere");
    known.retain(|name| !used.contains(name));
    assert_eq!(known.into_iter().collect::<Vec<_>>(), SENT);
}
