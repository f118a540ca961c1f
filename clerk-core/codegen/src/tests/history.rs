//! Goes through the states of Clerk's document, from each to the next, as `update` does it for a maintainer.
//!
//! The states are not in this repository. `CLERK_OPENAPI_HISTORY` is a folder with them; their names sort by age, and
//! contain the date: `01-2026-05-28-5073491.yml`. Clerk publishes them in the history of github.com/clerk/openapi-specs.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::{OVERLAY, model};
use crate::{document::Document, lower::lower, overlay::Overlay, run};

/// The folder of a copy of what the generator reads and writes.
struct Copy(PathBuf);

impl Copy {
    fn new() -> Self {
        let root = std::env::temp_dir().join(format!("clerk-openapi-history-{}", std::process::id()));
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        for place in ["clerk-core", "tests/src", "tests/samples"] {
            copy(&repository.join(place), &root.join(place));
        }
        for file in ["CHANGELOG.md", "Cargo.lock", "clippy.toml", "rustfmt.toml"] {
            fs::copy(repository.join(file), root.join(file)).unwrap();
        }
        // Only clerk-core is compiled: everything else is written for the newest document.
        let manifest = fs::read_to_string(repository.join("Cargo.toml")).unwrap();
        let members = manifest.lines().map(|line| match line.split_once(" = ") {
            Some(("members", _)) => "members = [\"clerk-core\"]",
            _ => line,
        });
        fs::write(root.join("Cargo.toml"), members.collect::<Vec<_>>().join("\n")).unwrap();
        Self(root)
    }

    fn run(&self, mode: &str, document: &Path, more: &[&str]) -> (String, bool) {
        let arguments = [mode, document.to_str().unwrap(), "--root", self.0.to_str().unwrap()];
        let arguments = arguments.iter().chain(more).map(|argument| (*argument).to_owned());
        run(arguments).unwrap_or_else(|error| panic!("{mode} {}: {error}", document.display()))
    }

    /// What the compiler says, if it is an error.
    fn compile(&self) -> Option<String> {
        let mut command = Command::new(env!("CARGO"));
        command.args(["check", "--quiet", "--offline", "-p", "clerk-core"]).current_dir(&self.0);
        command.env("CARGO_TARGET_DIR", self.0.join("target"));
        let output = command.output().unwrap();
        (!output.status.success()).then(|| String::from_utf8_lossy(&output.stderr).into_owned())
    }

    /// The generated files, by path.
    fn files(&self) -> Vec<(PathBuf, String)> {
        generated(&self.0)
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

fn copy(from: &Path, to: &Path) {
    if from.is_file() {
        fs::copy(from, to).unwrap();
        return;
    }
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let name = entry.unwrap().file_name();
        if name != "target" {
            copy(&from.join(&name), &to.join(&name));
        }
    }
}

fn generated(root: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for folder in ["clerk-core/src/api", "clerk-core/src/model", "tests/src", "tests/samples"] {
        for entry in fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let Ok(text) = fs::read_to_string(&path) else { continue };
            if text.contains(crate::check::GENERATED) || path.extension().is_some_and(|kind| kind == "json") {
                found.push((path.strip_prefix(root).unwrap().to_owned(), text));
            }
        }
    }
    found.sort();
    found
}

/// The date in the name of a state.
fn date(state: &Path) -> String {
    let name = state.file_name().unwrap().to_str().unwrap();
    name.get(3..13).unwrap().to_owned()
}

#[test]
fn every_state_of_the_document_follows_from_the_one_before() {
    let Ok(folder) = std::env::var("CLERK_OPENAPI_HISTORY") else {
        println!("SKIPPED: CLERK_OPENAPI_HISTORY is not set to a folder with the states of Clerk's document");
        return;
    };
    let mut states: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    states.retain(|path| path.extension().is_some_and(|extension| extension == "yml"));
    states.sort();
    assert!(states.len() > 1, "there are too few states");
    // Compiling each of them takes minutes. A number compiles every so many, and the last one in any case.
    let every = std::env::var("CLERK_OPENAPI_COMPILE_EVERY").map_or(1, |every| every.parse().unwrap());

    let copied = Copy::new();
    for (position, state) in states.iter().enumerate() {
        let name = state.file_name().unwrap().to_str().unwrap();
        let date = date(state);
        let (diff, is_same) = copied.run("diff", state, &[]);
        let (said, _) = copied.run("update", state, &["--date", &date, "--no-requests"]);
        let (changes, decisions) = said.split_once("\nFiles:\n").unwrap();
        assert_eq!(is_same, changes.contains("None of an operation"), "{name}: {diff}\n{said}");
        let changelog = fs::read_to_string(copied.0.join("CHANGELOG.md")).unwrap();
        let entry = format!(" to {date}:\n");
        let changes = changes.lines().filter(|line| line.starts_with("- "));
        let changes = changes.filter(|line| !line.contains(crate::diff::UNREAD)).count();
        assert_eq!(changelog.matches(&entry).count(), usize::from(changes > 0), "{name}: {said}");
        let open = decisions
            .split_once("\nTo decide")
            .map_or(0, |(_, open)| open.lines().skip(2).take_while(|line| line.starts_with("- ")).count());
        println!("{name}: {changes} items changed, {open} to decide");

        // The second time, there is nothing to write.
        let (said, _) = copied.run("update", state, &["--date", &date, "--no-requests"]);
        assert!(said.contains("All are up to date."), "{name}: {said}");
        let is_newest = position + 1 == states.len();
        if (position + 1) % every == 0 || is_newest {
            // Code written by hand names what an older document lacks: `overlay/used.toml` keeps it.
            let errors = copied.compile().unwrap_or_default();
            assert!(errors.is_empty(), "{name}: {errors}");
            println!("{name}: compiles");
        }
    }

    // The newest one is the document of this repository. What went through all states does not differ from it.
    let newest = states.last().unwrap();
    let (said, is_fresh) =
        run(["--check".to_owned(), newest.to_str().unwrap().to_owned()].into_iter()).unwrap();
    if !is_fresh {
        println!("SKIPPED: the newest state is not what this repository is generated from: {said}");
        return;
    }
    let here = generated(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."));
    for ((path, here), (_, there)) in here.iter().zip(copied.files()) {
        assert!(*here == there, "{} differs", path.display());
    }
    assert_eq!(here.len(), copied.files().len());
}

/// A document that the overlay does not cover is drafted, and the drafts are listed.
#[test]
fn what_is_not_decided_is_drafted() {
    let path = "  /things: {post: {operationId: MakeThing, tags: [Things], requestBody: {content: {application/json: {schema: \
                {type: object, properties: {size: {type: integer}}}}}}, responses: {'200': {content: {application/json: \
                {schema: {$ref: '#/components/schemas/Thing'}}}}}}}\n";
    let text = format!(
        "info: {{version: v}}\npaths:\n{path}components:\n  schemas:\n    Thing: {{type: object, properties: \
         {{secret: {{type: string}}}}}}\n"
    );
    let document = Document::parse(&text).unwrap();
    let mut overlay = Overlay::parse("max_query_values = 100\n[types]\nsecrets = ['*secret*']\n");
    let api = lower(&document, &overlay).unwrap();
    assert_eq!(crate::draft::sections(&api, &mut overlay), ["the section `Things` is not in `sections`"]);
    let operations = crate::missing::selected(&api, &overlay);
    let open = crate::missing::missing(&api, &overlay, &operations);
    assert!(open.contains(&"`MakeThing.size` has no sentence".to_owned()), "{open:?}");
    assert!(open.contains(&"`Thing.secret` is not decided in `secrets`".to_owned()), "{open:?}");
    crate::draft::sentences(&api, &mut overlay, &operations);
    assert_eq!(crate::missing::missing(&api, &overlay, &operations), [""; 0]);
    assert!(overlay.is_private("Thing", "secret"));
}

const RETURNS_THING: &str = "  /things: {get: {operationId: GetThing, tags: [Things], responses: {'200': {content: \
                             {application/json: {schema: {$ref: '#/components/schemas/Thing'}}}}}}}";

/// A field that code written by hand uses is kept as it is used.
#[test]
fn what_code_uses_is_generated_as_it_is_used() {
    let used = "[used.'src/ext.rs']\n'Thing.banned' = 'bool'\n'Thing.parts' = '[Part]?'\n'Thing.size' = 'int?'\n\
                'Gone.size' = 'int'\n'Part.name' = 'string'\n";
    let overlay = Overlay::parse(&format!("{OVERLAY}{used}"));
    let read = |thing: &str| {
        let text = format!(
            "info: {{version: v}}\npaths:\n{RETURNS_THING}\ncomponents:\n  schemas:\n    Thing: {{type: object, \
             required: [banned], properties: {{{thing}, part: {{$ref: '#/components/schemas/Part'}}}}}}\n    \
             Part: {{type: object, required: [name], properties: {{name: {{type: string}}}}}}\n"
        );
        lower(&Document::parse(&text).unwrap(), &overlay).unwrap()
    };
    let gone = "`Gone` is not a model, but src/ext.rs uses it";
    let mut api = read(
        "banned: {type: boolean}, parts: {type: array, items: {$ref: '#/components/schemas/Part'}}, size: {type: integer}",
    );
    assert_eq!(crate::used::keep(&mut api, &overlay), [gone]);

    let mut api = read("banned: {type: string}, size: {type: integer, nullable: true}");
    let lost = [
        gone,
        "`Thing.banned` is `string`, but src/ext.rs uses it as `bool`",
        "`Thing.parts` is not in the document, but src/ext.rs uses it",
    ];
    let operations: Vec<_> = api.operations.iter().collect();
    let gaps = crate::missing::missing(&api, &overlay, &operations);
    assert!(lost.iter().all(|problem| gaps.iter().any(|gap| gap == problem)), "{gaps:?}");
    assert_eq!(crate::used::keep(&mut api, &overlay), lost);
    let text = model(&api);
    assert!(text.contains("pub banned: bool,") && text.contains("pub parts: Option<Vec<Part>>,"), "{text}");
    assert_eq!(crate::used::keep(&mut api, &overlay), [gone]);
}

#[test]
fn each_used_field_is_named_where_the_overlay_says() {
    let codegen = Path::new(env!("CARGO_MANIFEST_DIR"));
    let overlay = Overlay::read(&codegen.join("overlay")).unwrap();
    assert!(!overlay.used.is_empty());
    for (file, fields) in &overlay.used {
        let source = fs::read_to_string(codegen.join("../..").join(file)).unwrap();
        let words: BTreeSet<&str> =
            source.split(|letter: char| !(letter.is_alphanumeric() || letter == '_')).collect();
        for place in fields.keys() {
            let (_, field) = place.split_once('.').unwrap();
            assert!(words.contains(field), "{file} does not name `{place}`");
        }
    }
}

/// An example whose setter is gone would not compile.
#[test]
fn an_example_calls_only_what_the_operation_has() {
    let path = "  /things: {get: {operationId: ListThings, tags: [Things], parameters: [{name: kind, in: query, schema: \
                {type: string}}, {name: owner, in: query, required: true, schema: {type: string}}], responses: {'204': {}}}}";
    let api = super::api(path, "", "");
    let unknown = |setters: &str| {
        let overlay = Overlay::parse(&format!("{OVERLAY}[examples.setters]\nListThings = '{setters}'\n"));
        let operation = &api.operations[0];
        let names = crate::emit_examples::unknown_setters(operation, &overlay).join(" ");
        let gaps = crate::missing::missing(&api, &overlay, &[operation]);
        assert_eq!(gaps.iter().any(|gap| gap.starts_with("the example of")), !names.is_empty(), "{gaps:?}");
        names
    };
    assert_eq!(unknown(r#".kind(Kind::new(["a.b(", ")"]).with("x", 1))"#), "");
    assert_eq!(unknown(r#".kind("a").owner("b").size(7)"#), "owner size");
}
