//! Writes clerk-core's operations and models, and the tests' samples of them, from Clerk's OpenAPI document.
//!
//! ```text
//! clerk-codegen <openapi.yml> [--date YYYY-MM-DD]   write src/api, src/model and the tests' samples and answers
//! clerk-codegen --check <openapi.yml>               fail when they are stale, and say what Clerk changed
//! clerk-codegen --survey <openapi.yml>              read the whole document, say what lacks a sentence
//! clerk-codegen diff <openapi.yml>                  list for a changelog what another state of the document changes
//! ```
//!
//! `--date` is the day the document's state is from. It is asked for when the document is another one
//! than the one the files were written from.
//!
//! `diff` compares with the state the files were written from, which `facts.txt` remembers. As with the tool
//! of that name, the exit code is 0 when nothing changed and 1 when something did. `--check` exits with 1 when
//! something is stale. Trouble is 2 in any case.

mod check;
mod diff;
mod document;
mod emit_answers;
mod emit_api;
mod emit_model;
mod emit_request;
mod emit_samples;
mod facts;
mod ir;
mod lower;
mod missing;
mod names;
mod overlay;
mod rust;
mod sample_text;
#[cfg(test)]
mod tests;

use std::{
    error::Error,
    fs,
    io::{self, Write},
    path::Path,
    process::ExitCode,
};

use crate::{document::Document, overlay::Overlay};

type Result<T, E = Box<dyn Error>> = std::result::Result<T, E>;

const USAGE: &str = "usage: clerk-codegen [--check | --survey | diff] <openapi.yml> [--date YYYY-MM-DD]";

const HELP: &str = "
Without a word, writes what is generated from the document; --date says what day its state is from.

--check   says what is stale and what Clerk changed
--survey  says what lacks a sentence
diff      lists for a changelog what this state of the document changes

Exit code: 0 when all is well and nothing changed, 1 when something is stale or changed, 2 for trouble.
";

fn main() -> ExitCode {
    match run(std::env::args().skip(1)) {
        Ok((text, success)) => {
            let written = io::stdout().write_all(text.as_bytes());
            match written {
                Ok(()) if success => ExitCode::SUCCESS,
                Ok(()) => ExitCode::FAILURE,
                Err(_) => ExitCode::from(2),
            }
        }
        Err(error) => {
            drop(writeln!(io::stderr(), "{error}"));
            ExitCode::from(2)
        }
    }
}

/// What there is to say, and whether all is well.
fn run(arguments: impl Iterator<Item = String>) -> Result<(String, bool)> {
    let (mut mode, mut path, mut date) = (None, None, None);
    let mut arguments = arguments;
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--help" => return Ok((format!("{USAGE}\n{HELP}"), true)),
            "--check" | "--survey" | "diff" if mode.is_none() => mode = Some(argument),
            "--date" => date = Some(arguments.next().ok_or(USAGE)?),
            _ if path.is_none() && !argument.starts_with('-') => path = Some(argument),
            _ => return Err(USAGE.into()),
        }
    }
    let path = path.ok_or(USAGE)?;
    let text = fs::read_to_string(&path).map_err(|e| format!("{path} cannot be read: {e}"))?;
    let document = Document::parse(&text)?;
    let codegen = Path::new(env!("CARGO_MANIFEST_DIR"));
    let overlay = Overlay::read(&codegen.join("overlay"))?;
    match mode.as_deref() {
        Some("--survey") => Ok((missing::survey(&lower::lower(&document, &overlay)?, &overlay), true)),
        Some("diff") => check::diff(codegen, &document, &overlay),
        Some(_) => check::check(codegen, &text, &document, &overlay),
        None => {
            let api = lower::lower(&document, &overlay)?;
            check::write(codegen, &text, &document, &api, &overlay, date).map(|said| (said, true))
        }
    }
}
