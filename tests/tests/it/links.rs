//! Checks what a person clicks and copies in the project's Markdown files.
//!
//! They are read on a code host, or on a registry's page: their links are paths and URLs, and their code is shown as it stands.
//! Those inside a crate's sources are read as documentation, where rustdoc checks the links; the guide is read in both places.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fs,
    path::{Component, Path, PathBuf},
};

use pulldown_cmark::{BrokenLink, CodeBlockKind, CowStr, Event, Options, Parser, Tag, TagEnd};

/// What a page contains.
#[derive(Default)]
struct Page {
    headings: BTreeSet<String>,
    links: Vec<String>,
    /// Names in brackets that the page does not define. In the documentation, these are items.
    undefined: Vec<String>,
    /// The info string and the content of each code block.
    code: Vec<(String, String)>,
}

fn root() -> PathBuf {
    fs::canonicalize(Path::new(env!("CARGO_MANIFEST_DIR")).join("..")).unwrap()
}

fn find(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() {
            if !["target", "node_modules", ".git", "corpus", "artifacts"].contains(&name) {
                find(&path, found);
            }
        } else if name.ends_with(".md") {
            found.push(path);
        }
    }
}

/// Returns the id that code hosts and rustdoc give a heading.
fn id(heading: &str) -> String {
    let kept = heading.trim().chars().filter(|it| it.is_alphanumeric() || "-_ ".contains(*it));
    kept.flat_map(char::to_lowercase).map(|it| if it == ' ' { '-' } else { it }).collect()
}

fn read(markdown: &str) -> Page {
    let mut page = Page::default();
    let mut undefined = Vec::new();
    let mut notice = |link: BrokenLink<'_>| {
        undefined.push(link.reference.into_string());
        None::<(CowStr<'_>, CowStr<'_>)>
    };
    let options = Options::ENABLE_TABLES | Options::ENABLE_TASKLISTS;
    let (mut heading, mut code) = (None::<String>, None::<(String, String)>);
    let mut seen = HashMap::<String, usize>::new();
    for event in Parser::new_with_broken_link_callback(markdown, options, Some(&mut notice)) {
        match event {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                page.links.push(dest_url.into_string());
            }
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::End(TagEnd::Heading(_)) => {
                let id = id(&heading.take().unwrap());
                let repeated = seen.entry(id.clone()).and_modify(|it| *it += 1).or_insert(0);
                page.headings.insert(if *repeated == 0 { id } else { format!("{id}-{repeated}") });
            }
            Event::Start(Tag::CodeBlock(kind)) => {
                let info = match kind {
                    CodeBlockKind::Fenced(info) => info.into_string(),
                    CodeBlockKind::Indented => "indented".to_owned(),
                };
                code = Some((info, String::new()));
            }
            Event::End(TagEnd::CodeBlock) => page.code.extend(code.take()),
            Event::Text(text) => {
                if let Some((_, content)) = &mut code {
                    content.push_str(&text);
                } else if let Some(heading) = &mut heading {
                    heading.push_str(&text);
                }
            }
            Event::Code(text) => {
                if let Some(heading) = &mut heading {
                    heading.push_str(&text);
                }
            }
            _ => {}
        }
    }
    page.undefined = undefined;
    page
}

/// Returns the ids of a page's headings.
pub(crate) fn headings(markdown: &str) -> BTreeSet<String> {
    read(markdown).headings
}

fn pages() -> BTreeMap<PathBuf, Page> {
    let mut found = Vec::new();
    find(&root(), &mut found);
    found.into_iter().map(|path| (path.clone(), read(&fs::read_to_string(path).unwrap()))).collect()
}

/// Returns whether a page is read only as documentation of a crate. The guide is read in both places.
fn is_documentation(path: &Path) -> bool {
    let in_sources = path.components().any(|it| it == Component::Normal("src".as_ref()));
    in_sources && (!is_guide(path) || path.ends_with("links.md"))
}

fn is_guide(path: &Path) -> bool {
    path.parent().is_some_and(|it| it.ends_with("clerk-axum/src/guide"))
}

/// Removes `.` and `..` from a path.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => {
                normal.pop();
            }
            Component::CurDir => {}
            component => normal.push(component),
        }
    }
    normal
}

/// Returns what is wrong with a link.
fn problem(from: &Path, link: &str, pages: &BTreeMap<PathBuf, Page>) -> Option<String> {
    if let Some((scheme, rest)) = link.split_once("://") {
        let is_fine = scheme == "https" && !rest.is_empty() && !rest.contains(char::is_whitespace);
        return (!is_fine).then(|| "not an https address".to_owned());
    }
    let (path, heading) = link.split_once('#').map_or((link, None), |(path, heading)| (path, Some(heading)));
    let target = if path.is_empty() { from.to_owned() } else { normal(&from.parent().unwrap().join(path)) };
    if !target.exists() {
        return Some("there is no such file".to_owned());
    }
    let heading = heading?;
    let page = pages.get(&target)?;
    (!page.headings.contains(heading)).then(|| format!("there is no heading #{heading}"))
}

#[test]
fn every_link_of_a_page_on_a_code_host_leads_somewhere() {
    let pages = pages();
    let mut problems = Vec::new();
    for (path, page) in pages.iter().filter(|(path, _)| !is_documentation(path)) {
        for link in &page.links {
            if let Some(problem) = problem(path, link, &pages) {
                problems.push(format!("{}: {link}: {problem}", path.display()));
            }
        }
        // `links.md` defines those of the guide.
        let undefined = page.undefined.iter().filter(|it| it.starts_with('`') && !is_guide(path));
        problems.extend(
            undefined.map(|it| format!("{}: [{it}] is a link in documentation only", path.display())),
        );
    }
    assert!(pages.len() > 20 && problems.is_empty(), "{problems:#?}");
}

#[test]
fn code_on_a_code_host_is_highlighted_and_shown_whole() {
    let mut problems = Vec::new();
    for (path, page) in pages().iter().filter(|(path, _)| !is_documentation(path)) {
        for (info, content) in &page.code {
            let language = info.split(',').next().unwrap_or_default();
            let mut complain = |what: &str| problems.push(format!("{}: {what}: {content}", path.display()));
            if language.is_empty() || info == "indented" {
                complain("a code block without a language");
            }
            if language == "rust" && content.lines().any(|line| line == "#" || line.starts_with("# ")) {
                complain("lines that only rustdoc hides");
            }
            if language == "rust" && ["ignore", "text"].iter().any(|it| info.contains(it)) {
                complain("code that is not compiled");
            }
        }
    }
    assert!(problems.is_empty(), "{problems:#?}");
}

/// The crate whose documentation tests compile the code of a README.
const COMPILED: [(&str, &str, &str); 5] = [
    ("README.md", "clerk-axum/src/lib.rs", "../../README.md"),
    ("clerk-axum/README.md", "clerk-axum/src/lib.rs", "../README.md"),
    ("clerk-tower/README.md", "clerk-tower/src/lib.rs", "../README.md"),
    ("clerk-tower/local/README.md", "clerk-tower/local/src/lib.rs", "../README.md"),
    ("clerk-core/README.md", "clerk-core/src/lib.rs", "../README.md"),
];

#[test]
fn code_on_a_code_host_is_compiled() {
    let with_rust = |page: &Page| page.code.iter().any(|(info, _)| info.starts_with("rust"));
    for (path, page) in pages() {
        // The module `guide` includes its pages, and a test there compares those that are not compiled with programs.
        if is_documentation(&path) || is_guide(&path) || !with_rust(&page) {
            continue;
        }
        let name = path.strip_prefix(root()).unwrap().to_str().unwrap().replace('\\', "/");
        let compiled = COMPILED.iter().find(|(readme, ..)| *readme == name);
        let (_, source, included) = compiled.unwrap_or_else(|| panic!("the code of {name} is not compiled"));
        let source = fs::read_to_string(root().join(source)).unwrap();
        assert!(source.contains(&format!("include_str!(\"{included}\")")), "{name}");
    }
}
