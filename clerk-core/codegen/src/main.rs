//! Writes clerk-core's operations and models, and the tests' samples of them, from Clerk's OpenAPI document.
//!
//! ```text
//! clerk-codegen <openapi.yml> [--date YYYY-MM-DD]   writes src/api, src/model and the tests' samples
//! clerk-codegen --check <openapi.yml>               checks that they are up to date, and lists Clerk's changes
//! clerk-codegen --survey <openapi.yml>              reads the whole document and lists missing overlay entries
//! clerk-codegen diff <openapi.yml>                  lists the changes of a document, for a changelog
//! clerk-codegen update <openapi.yml> --date YYYY-MM-DD
//!                                                   does the whole round with a new document
//! ```
//!
//! `--date` is the date of the document. It is required if the document differs from the one that the files were
//! generated from.
//!
//! `update` lists the changes, writes the code, the facts and an entry of the changelog, records the requests of all
//! operations (`--no-requests` leaves that out), and lists what a person has to decide. It exits with 1 if there is something,
//! or if the requests could not be recorded. What is not decided yet is drafted, so that the code compiles; `--check` does
//! not accept drafts.
//!
//! `--root` is the folder of the repository to write to, if it is not the one that this program was built in.
//!
//! `diff` compares the document with the one that the files were generated from, whose facts are stored in
//! `facts.txt`. Like the Unix tool, it exits with 0 if nothing changed and with 1 if something did. `--check`
//! exits with 1 if something is stale. Errors exit with 2.

mod check;
mod diff;
mod document;
mod draft;
mod emit_api;
mod emit_docs;
mod emit_examples;
mod emit_model;
mod emit_request;
mod emit_responses;
mod emit_samples;
mod facts;
mod identity;
mod ir;
mod lower;
mod missing;
mod names;
mod overlay;
mod rust;
mod sample_text;
#[cfg(test)]
mod tests;
mod update;
mod used;

use std::{
    error::Error,
    fs,
    io::{self, Write},
    path::Path,
    process::ExitCode,
};

use crate::{document::Document, overlay::Overlay};

type Result<T, E = Box<dyn Error>> = std::result::Result<T, E>;

const USAGE: &str = "usage: clerk-codegen [--check | --survey | diff | update] <openapi.yml> [--date YYYY-MM-DD] [--no-requests] [--root FOLDER]";

const HELP: &str = "
Without an option, generates the code from the document. --date is the date of the document.

--check   lists generated files that are stale, and changes in the document
--survey  lists missing entries of the overlay
diff      lists the changes in the document, for a changelog
update    does the whole round: lists the changes, writes the code, the facts and an entry of the changelog, records the
          requests (unless --no-requests), and lists what is left to decide

--root    the repository to write to; by default, the one that this program was built in

Exit code: 0 if nothing is stale (--check), changed (diff) or left to decide (update), 1 if something is, 2 on errors.
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

/// The text to print, and whether to exit with success.
fn run(arguments: impl Iterator<Item = String>) -> Result<(String, bool)> {
    let (mut mode, mut path, mut date, mut root, mut records_requests) = (None, None, None, None, true);
    let mut arguments = arguments;
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--help" => return Ok((format!("{USAGE}\n{HELP}"), true)),
            "--check" | "--survey" | "diff" | "update" if mode.is_none() => mode = Some(argument),
            "--date" => date = Some(arguments.next().ok_or(USAGE)?),
            "--root" => root = Some(arguments.next().ok_or(USAGE)?),
            "--no-requests" => records_requests = false,
            _ if path.is_none() && !argument.starts_with('-') => path = Some(argument),
            _ => return Err(USAGE.into()),
        }
    }
    let path = path.ok_or(USAGE)?;
    let text = fs::read_to_string(&path).map_err(|e| format!("cannot read {path}: {e}"))?;
    let codegen = match root {
        Some(root) => Path::new(&root).join("clerk-core/codegen"),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).to_owned(),
    };
    let codegen = codegen.as_path();
    let overlay = Overlay::read(&codegen.join("overlay"))?;
    let document = Document::parse(&text)?.with_components(&overlay.components);
    match mode.as_deref() {
        Some("--survey") => Ok((missing::survey(&lower::lower(&document, &overlay)?, &overlay), true)),
        Some("diff") => check::diff(codegen, &document, &overlay),
        Some("update") => {
            update::update(codegen, &text, &document, overlay, update::Round { date, records_requests })
        }
        Some(_) => check::check(codegen, &text, &document, &overlay),
        None => {
            let api = lower::lower(&document, &overlay)?;
            check::write(codegen, &text, &document, &api, &overlay, date).map(|said| (said, true))
        }
    }
}
