//! What was read from an answer can be written and read again, and is the same, for every model there is.

use std::{collections::BTreeSet, fs};

use bytes::Bytes;
use clerk_core::{Operation, decode::ErrorBody};
use clerk_tests::{
    answers,
    varied::{Choices, varied},
};
use http::Response;
use proptest::{
    collection::vec,
    prelude::any,
    test_runner::{Config, TestCaseError, TestRunner},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One type of answer.
#[derive(Deserialize)]
struct Sample {
    #[serde(rename = "type")]
    name: String,
    operations: Vec<String>,
    made_of: BTreeSet<String>,
    strict: BTreeSet<String>,
    answer: Value,
}

fn samples() -> Vec<Sample> {
    serde_json::from_str(include_str!("../../samples/answers.json")).unwrap()
}

/// Reads an answer, writes it, and reads and writes what was written. Gives what was written first.
struct RoundTrip(Bytes);

impl answers::Read for RoundTrip {
    type Found = Result<String, String>;

    fn read<O: Operation<Output: Serialize + PartialEq>>(&self) -> Self::Found {
        let read = |body| O::decode(&Response::new(body)).map_err(|error| error.to_string());
        let write = |answer| serde_json::to_string(answer).map_err(|error| error.to_string());
        let first = read(self.0.clone())?;
        let written = write(&first)?;
        let second = read(written.clone().into()).map_err(|error| format!("{error} in {written}"))?;
        let again = write(&second)?;
        if written != again {
            return Err(format!("first written as\n{written}\nand then as\n{again}"));
        }
        if first != second { Err(format!("is another value than {written}")) } else { Ok(written) }
    }
}

fn round_trip(sample: &Sample, answer: &Value) -> Result<String, String> {
    let operation = sample.operations.first().unwrap();
    answers::read(operation, &RoundTrip(answer.to_string().into()))
}

#[test]
fn a_whole_answer_is_written_as_it_came() {
    for sample in samples() {
        let written = round_trip(&sample, &sample.answer).unwrap_or_else(|error| panic!("{error}"));
        let written: Value = serde_json::from_str(&written).unwrap();
        assert_eq!(written, sample.answer, "{}", sample.name);
    }
}

#[test]
fn whatever_was_read_is_read_again_from_what_is_written() {
    for sample in samples() {
        let config = Config { cases: 48, failure_persistence: None, ..Config::default() };
        let result = TestRunner::new(config).run(&vec(any::<u8>(), 0..600), |bytes| {
            let answer = varied(&sample.answer, &sample.strict, &mut Choices::new(&bytes));
            let complaint = |error| TestCaseError::fail(format!("{}: {error}\n{answer}", sample.name));
            round_trip(&sample, &answer).map(drop).map_err(complaint)
        });
        result.unwrap_or_else(|error| panic!("{error}"));
    }
}

#[test]
fn errors_are_read_again_from_what_is_written() {
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

/// Enums that are only sent.
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

/// The names of the models and enums in the source of clerk-core.
fn declared() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for file in fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../clerk-core/src/model")).unwrap() {
        let text = fs::read_to_string(file.unwrap().path()).unwrap();
        let mut in_enum = false;
        for line in text.lines() {
            let declared = match line.strip_prefix("pub struct ") {
                Some(rest) => rest.split([' ', '(', '<']).next(),
                // Within the macro the name stands on the first line that is no comment.
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
fn every_model_is_in_an_answer() {
    let mut known = declared();
    assert!(known.len() > 170, "only {} models are declared", known.len());
    let seen: BTreeSet<String> = samples().into_iter().flat_map(|sample| sample.made_of).collect();
    assert_eq!(seen.difference(&known).next(), None, "declared nowhere");
    known.retain(|name| !seen.contains(name));
    assert_eq!(known.into_iter().collect::<Vec<_>>(), SENT);
}
