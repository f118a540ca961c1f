//! Writes the generated files, or says how they differ from what would be written.

use std::{
    collections::BTreeMap,
    fs,
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

use aws_lc_rs::digest::{SHA256, digest};

use crate::{
    Result,
    diff::report,
    document::Document,
    emit_answers, emit_api, emit_model, emit_samples, facts,
    ir::Api,
    lower::{lower, lower_what_fits},
    missing,
    overlay::Overlay,
};

/// The line every generated file carries.
pub(crate) const GENERATED: &str = "// Written by clerk-codegen; changes belong into its overlay.\n";

/// Where the document's facts are remembered, so that another state of it can be compared with this one.
const FACTS: &str = "facts.txt";

/// The document the files were written from.
struct Pin {
    version: String,
    date: String,
    sha256: String,
}

impl Pin {
    /// As `api/mod.rs` says.
    fn read(source: &str) -> Self {
        let value = |name: &str| {
            let found = source.split_once(&format!("{name}: &str =")).map_or("", |(_, after)| after);
            found.split('"').nth(1).unwrap_or_default().to_owned()
        };
        Self {
            version: value("DOCUMENT_VERSION"),
            date: value("DOCUMENT_DATE"),
            sha256: value("DOCUMENT_SHA256"),
        }
    }

    fn text(&self) -> String {
        format!(
            "/// The version of Clerk's OpenAPI document this crate follows.\n\
             pub const DOCUMENT_VERSION: &str = {:?};\n\n\
             /// The day that document's state is from.\n\
             pub const DOCUMENT_DATE: &str = {:?};\n\n\
             /// The SHA-256 of that document, in hexadecimal digits.\n\
             pub const DOCUMENT_SHA256: &str = {:?};\n",
            self.version, self.date, self.sha256
        )
    }
}

pub(crate) fn write(
    codegen: &Path,
    text: &str,
    document: &Document,
    api: &Api,
    overlay: &Overlay,
    date: Option<String>,
) -> Result<String> {
    let source = source_folder(codegen)?;
    let old = Pin::read(&fs::read_to_string(source.join("api/mod.rs")).unwrap_or_default());
    let sha256 = hex(digest(&SHA256, text.as_bytes()).as_ref());
    let date = match date {
        Some(date) => date,
        None if old.sha256 == sha256 => old.date,
        None => {
            return Err(
                "this is another document than the last one: say with --date what day it is from".into()
            );
        }
    };
    let pin = Pin { version: document.version.clone(), date, sha256 };
    let files = generate(codegen, api, overlay, &pin)?;
    let mut said = String::new();
    for name in stale(&source, &files) {
        let path = source.join(&name);
        match files.get(&name) {
            Some(content) => {
                fs::create_dir_all(path.parent().unwrap_or(&source))?;
                fs::write(&path, content)?;
                said.push_str(&format!("wrote {name}\n"));
            }
            None => {
                fs::remove_file(&path)?;
                said.push_str(&format!("removed {name}\n"));
            }
        }
    }
    fs::write(codegen.join(FACTS), facts::list(api))?;
    Ok(said)
}

/// What is stale or changed, and whether nothing is.
pub(crate) fn check(
    codegen: &Path,
    text: &str,
    document: &Document,
    overlay: &Overlay,
) -> Result<(String, bool)> {
    let source = source_folder(codegen)?;
    let old = Pin::read(&fs::read_to_string(source.join("api/mod.rs")).unwrap_or_default());
    let sha256 = hex(digest(&SHA256, text.as_bytes()).as_ref());
    let mut said = String::new();
    let known = fs::read_to_string(codegen.join(FACTS)).unwrap_or_default();
    let (api, problems) = lower_what_fits(document, overlay);
    let facts = facts::list(&api);
    if old.sha256 != sha256 {
        said.push_str(&format!(
            "The document is another one: version {} with SHA-256 {sha256} instead of version {} of {} with {}.\n",
            document.version, old.version, old.date, old.sha256
        ));
        said.push_str(&report(&facts::parse(&known), &facts::parse(&facts), &problems));
    } else if problems.is_empty() && known != facts {
        said.push_str(&format!("{FACTS} is stale.\n"));
    }
    // With the old date: a new document is reported above, and what follows is what it would change.
    let pin = Pin { version: document.version.clone(), date: old.date, sha256 };
    match lower(document, overlay).and_then(|api| generate(codegen, &api, overlay, &pin)) {
        Ok(files) => {
            for name in stale(&source, &files) {
                said.push_str(&format!("{name} is stale.\n"));
            }
        }
        Err(error) => said.push_str(&format!("Nothing can be generated: {error}\n")),
    }
    let fresh = said.is_empty();
    if fresh {
        said.push_str("The generated files are what the document gives.\n");
    }
    Ok((said, fresh))
}

/// What this state of the document changes, and whether that is nothing.
pub(crate) fn diff(codegen: &Path, document: &Document, overlay: &Overlay) -> Result<(String, bool)> {
    if document.paths.values().all(|path| path.operations().next().is_none()) {
        return Err("this document has no operations".into());
    }
    let source = source_folder(codegen)?;
    let old = Pin::read(&fs::read_to_string(source.join("api/mod.rs")).unwrap_or_default());
    let known = fs::read_to_string(codegen.join(FACTS)).map_err(|error| format!("{FACTS}: {error}"))?;
    let (api, problems) = lower_what_fits(document, overlay);
    let report = report(&facts::parse(&known), &facts::parse(&facts::list(&api)), &problems);
    let before =
        if old.version == document.version { String::new() } else { format!("version {} of ", old.version) };
    let mut said = format!("Clerk's document, version {}, since {before}{}:\n\n", document.version, old.date);
    let is_same = report.is_empty();
    said.push_str(if is_same { "No operation, field or value is another one.\n" } else { &report });
    if !problems.overlay.is_empty() {
        said.push_str(&format!(
            "\nThe overlay does not fit any more:\n\n- {}\n",
            problems.overlay.join("\n- ")
        ));
    }
    Ok((said, is_same))
}

fn source_folder(codegen: &Path) -> Result<std::path::PathBuf> {
    Ok(codegen.parent().ok_or("the generator's folder has no parent")?.join("src"))
}

fn generate(codegen: &Path, api: &Api, overlay: &Overlay, pin: &Pin) -> Result<BTreeMap<String, String>> {
    let operations = missing::selected(api, overlay);
    let gaps = missing::missing(api, overlay, &operations);
    if !gaps.is_empty() {
        return Err(format!("the overlay has {} gaps:\n{}", gaps.len(), gaps.join("\n")).into());
    }
    let mut files = emit_model::files(api, overlay, &emit_model::reachable(api, &operations))?;
    files.extend(emit_api::files(&operations, overlay, &pin.text()));
    files.extend(emit_answers::files(api, overlay, &operations)?);
    files.insert(emit_samples::FILE.to_owned(), emit_samples::file(&operations, api));
    for (name, text) in files.iter_mut().filter(|(name, _)| name.ends_with(".rs")) {
        *text = format(codegen, text).map_err(|error| format!("{name}: {error}"))?;
    }
    Ok(files)
}

/// The files whose content on disk is another one, or which are there and should not be. Hand-written
/// files lack the generator's line and are not looked at.
fn stale(source: &Path, files: &BTreeMap<String, String>) -> Vec<String> {
    let on_disk = |name: &str| fs::read_to_string(source.join(name)).ok();
    let mut names: Vec<String> = files
        .iter()
        .filter(|(name, text)| on_disk(name).as_ref() != Some(*text))
        .map(|(name, _)| name.clone())
        .collect();
    for folder in ["api", "model"] {
        for entry in fs::read_dir(source.join(folder)).into_iter().flatten().flatten() {
            let name = format!("{folder}/{}", entry.file_name().to_string_lossy());
            if !files.contains_key(&name) && on_disk(&name).is_some_and(|text| text.contains(GENERATED)) {
                names.push(name);
            }
        }
    }
    names
}

fn format(codegen: &Path, text: &str) -> Result<String> {
    let mut child = Command::new("rustfmt")
        .args(["--edition", "2024", "--config-path"])
        .arg(codegen.join("../../rustfmt.toml"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("rustfmt cannot be run: {error}"))?;
    let mut input = child.stdin.take().ok_or("rustfmt takes no input")?;
    let text = text.to_owned();
    let writer = std::thread::spawn(move || input.write_all(text.as_bytes()));
    let output = child.wait_with_output()?;
    writer.join().map_err(|_| "rustfmt could not be fed")??;
    if !output.status.success() {
        return Err("rustfmt refuses the text".into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_reads_what_it_writes() {
        let pin = Pin { version: "v".into(), date: "d".into(), sha256: "s".into() };
        let read = Pin::read(&pin.text());
        assert_eq!((read.version, read.date, read.sha256), ("v".into(), "d".into(), "s".into()));
    }
}
