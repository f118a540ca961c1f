//! Checks the dependencies between crates and between modules.
//!
//! Reads the `use` declarations and the paths in the sources of all crates, including their unit tests. There are no
//! exceptions.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// The path of a module or an item within its crate: `["client", "cache"]`.
type ModulePath = Vec<String>;

/// The modules of one crate, and the paths in each of them.
#[derive(Default)]
struct Crate {
    modules: BTreeSet<ModulePath>,
    /// The modules that have a folder.
    folders: BTreeSet<ModulePath>,
    /// The imports of each module, by the name in that module.
    imports: BTreeMap<ModulePath, BTreeMap<String, ModulePath>>,
    /// Pairs of a module and a path in it, relative to the crate's root.
    references: Vec<(ModulePath, ModulePath)>,
    /// The names of this project's crates in the sources, with the file.
    crate_names: BTreeSet<(String, PathBuf)>,
    /// Modules that import everything of another one. The reader cannot follow what they export.
    globs: Vec<(ModulePath, ModulePath)>,
}

impl Crate {
    fn read(source: &str) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(source);
        let mut this = Self { modules: BTreeSet::from([Vec::new()]), ..Self::default() };
        this.read_folder(&root, &[]);
        assert!(this.modules.len() > 1, "no sources in {}", root.display());
        this
    }

    fn read_folder(&mut self, folder: &Path, parent: &[String]) {
        let mut entries: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        entries.sort();
        for path in entries {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let child = || parent.iter().cloned().chain([name.clone()]).collect::<ModulePath>();
            if path.is_dir() {
                self.folders.insert(child());
                self.modules.insert(child());
                self.read_folder(&path, &child());
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let module = if matches!(&*name, "lib" | "mod" | "main") { parent.to_vec() } else { child() };
                self.modules.insert(module.clone());
                let tokens: TokenStream = fs::read_to_string(&path).unwrap().parse().unwrap();
                self.read_tokens(&tokens, &module, &path);
            }
        }
    }

    fn read_tokens(&mut self, tokens: &TokenStream, module: &[String], path: &Path) {
        let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
        let mut position = 0;
        let mut is_use = false;
        while let Some(token) = tokens.get(position) {
            match token {
                TokenTree::Ident(word) if word == "mod" => {
                    // An inline module: paths in it are relative to it.
                    if let (Some(TokenTree::Ident(name)), Some(TokenTree::Group(body))) =
                        (tokens.get(position + 1), tokens.get(position + 2))
                    {
                        let inner: ModulePath = module.iter().cloned().chain([name.to_string()]).collect();
                        self.read_tokens(&body.stream(), &inner, path);
                        position += 3;
                        continue;
                    }
                }
                TokenTree::Ident(word) if word == "use" => is_use = true,
                TokenTree::Punct(mark) if mark.as_char() == ';' => is_use = false,
                TokenTree::Ident(word) if !is_after_colons(&tokens, position) => {
                    let word = word.to_string();
                    let start = match &*word {
                        "crate" => Some(&[][..]),
                        "self" => Some(module),
                        "super" => Some(module.split_last().map_or(&[][..], |(_, parent)| parent)),
                        _ => None,
                    };
                    if word.starts_with("clerk_") {
                        self.crate_names.insert((word, path.to_owned()));
                    }
                    if let Some(start) = start.filter(|_| is_before_colons(&tokens, position)) {
                        self.read_path(&tokens, position + 3, start.to_vec(), module, is_use);
                    }
                }
                TokenTree::Group(group) => self.read_tokens(&group.stream(), module, path),
                _ => {}
            }
            position += 1;
        }
    }

    /// Reads the rest of a path or of a tree of imports. `path` is the part before `position`.
    fn read_path(
        &mut self,
        tokens: &[TokenTree],
        mut position: usize,
        mut path: ModulePath,
        module: &[String],
        is_use: bool,
    ) {
        loop {
            match tokens.get(position) {
                Some(TokenTree::Ident(word)) if word == "super" => drop(path.pop()),
                Some(TokenTree::Ident(word)) if word == "self" => {}
                Some(TokenTree::Ident(word)) => path.push(word.to_string()),
                Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                    let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                    let is_comma =
                        |token: &TokenTree| matches!(token, TokenTree::Punct(mark) if mark.as_char() == ',');
                    for item in inner.split(is_comma).filter(|item| !item.is_empty()) {
                        self.read_path(item, 0, path.clone(), module, is_use);
                    }
                    return;
                }
                Some(TokenTree::Punct(mark)) if mark.as_char() == '*' && is_use => {
                    self.globs.push((module.to_vec(), path.clone()));
                    return self.add_reference(module, path, None, false);
                }
                _ => return self.add_reference(module, path, None, is_use),
            }
            if !is_before_colons(tokens, position) {
                let alias = match (tokens.get(position + 1), tokens.get(position + 2)) {
                    (Some(TokenTree::Ident(word)), Some(TokenTree::Ident(alias))) if word == "as" => {
                        Some(alias.to_string())
                    }
                    _ => None,
                };
                return self.add_reference(module, path, alias, is_use);
            }
            position += 3;
        }
    }

    fn add_reference(&mut self, module: &[String], path: ModulePath, alias: Option<String>, is_use: bool) {
        if is_use && let Some(name) = alias.or_else(|| path.last().cloned()) {
            self.imports.entry(module.to_vec()).or_default().insert(name, path.clone());
        }
        self.references.push((module.to_vec(), path));
    }

    /// Returns the module that defines the item at a path, following reexports.
    fn resolve(&self, mut path: ModulePath) -> ModulePath {
        // The limit stops at reexports that form a cycle.
        for _ in 0..8 {
            let module = (0..=path.len())
                .rev()
                .map(|length| &path[..length])
                .find(|start| self.modules.contains(*start));
            let module = module.unwrap_or_default().to_vec();
            let Some(name) = path.get(module.len()) else { return module };
            match self.imports.get(&module).and_then(|imports| imports.get(name)) {
                Some(target) if *target != path => {
                    path = target.iter().chain(&path[module.len() + 1..]).cloned().collect();
                }
                _ => return module,
            }
        }
        path
    }

    /// Returns the dependencies between sibling modules, with an example for each.
    fn dependencies(&self) -> BTreeMap<(ModulePath, ModulePath), String> {
        let mut dependencies = BTreeMap::new();
        for (from, path) in &self.references {
            let to = self.resolve(path.clone());
            let common = from.iter().zip(&to).take_while(|(one, other)| one == other).count();
            if from.len() > common && to.len() > common {
                let siblings = (from[..=common].to_vec(), to[..=common].to_vec());
                let example = || format!("{} -> {}", from.join("::"), path.join("::"));
                dependencies.entry(siblings).or_insert_with(example);
            }
        }
        dependencies
    }
}

fn is_colon(token: Option<&TokenTree>) -> bool {
    matches!(token, Some(TokenTree::Punct(mark)) if mark.as_char() == ':')
}

fn is_before_colons(tokens: &[TokenTree], position: usize) -> bool {
    is_colon(tokens.get(position + 1)) && is_colon(tokens.get(position + 2))
}

/// Whether a path continues at this position. A path may also start with `::`.
fn is_after_colons(tokens: &[TokenTree], position: usize) -> bool {
    let continues = |token: &TokenTree| match token {
        TokenTree::Ident(word) => !KEYWORDS.contains(&word.to_string().as_str()),
        TokenTree::Punct(mark) => mark.as_char() == '>',
        _ => false,
    };
    position >= 3
        && is_colon(tokens.get(position - 1))
        && is_colon(tokens.get(position - 2))
        && tokens.get(position - 3).is_some_and(continues)
}

/// The keywords after which a path may start.
const KEYWORDS: [&str; 9] = ["as", "dyn", "else", "if", "impl", "in", "match", "return", "use"];

/// The crates from the lowest to the highest, and the folders of their sources.
const CRATES: [(&str, &str); 4] = [
    ("clerk_core", "clerk-core/src"),
    ("clerk_tower", "clerk-tower/src"),
    ("clerk_local", "clerk-tower/local/src"),
    ("clerk_axum", "clerk-axum/src"),
];

/// Modules of one parent that may only depend on the ones before them.
struct Order {
    source: &'static str,
    parent: &'static [&'static str],
    modules: &'static [&'static str],
    /// Whether the parent's other modules must not depend on these.
    is_above_all_others: bool,
}

const ORDERS: [Order; 3] = [
    Order {
        source: "clerk-tower/src",
        parent: &[],
        modules: &["client", "keys", "clerk", "server"],
        is_above_all_others: true,
    },
    Order {
        source: "clerk-core/src",
        parent: &[],
        modules: &["reason", "token", "authenticate"],
        is_above_all_others: false,
    },
    // The order in which data flows through a decision.
    Order {
        source: "clerk-core/src",
        parent: &["authenticate"],
        modules: &["config", "request", "outcome", "need", "decide"],
        is_above_all_others: false,
    },
];

#[test]
fn crates_do_not_name_crates_above_them() {
    let rank = |name: &str| CRATES.iter().position(|(one, _)| *one == name);
    for (name, source) in CRATES {
        for (other, file) in Crate::read(source).crate_names {
            let is_above = rank(&other).is_some_and(|other| other > rank(name).unwrap());
            assert!(!is_above, "{} names {other}", file.display());
        }
    }
}

/// The reader cannot follow an import of everything, so it would hide a dependency between two rooms. A test module
/// imports everything of the module it tests.
#[test]
fn nothing_imports_everything_of_another_room() {
    for (_, source) in CRATES {
        for (module, imported) in Crate::read(source).globs {
            let is_same_room = module.first() == imported.first();
            let is_own = module.starts_with(&imported);
            assert!(
                is_same_room || is_own,
                "{source}: {} imports {}::*",
                module.join("::"),
                imported.join("::")
            );
        }
    }
}

#[test]
fn modules_depend_only_on_modules_below_them() {
    for Order { source, parent, modules, is_above_all_others } in ORDERS {
        let this = Crate::read(source);
        let parent: ModulePath = parent.iter().map(ToString::to_string).collect();
        for module in modules {
            let path: ModulePath = parent.iter().cloned().chain([(*module).to_owned()]).collect();
            assert!(this.modules.contains(&path), "{source}: no module {module}");
        }
        let rank = |path: &ModulePath| match path.strip_prefix(&*parent)? {
            [module] => modules.iter().position(|name| name == module),
            _ => None,
        };
        for ((from, to), example) in this.dependencies() {
            match (rank(&from), rank(&to)) {
                (Some(from), Some(to)) => assert!(to <= from, "{source}: {example}"),
                (None, Some(_)) => assert!(!is_above_all_others, "{source}: {example}"),
                _ => {}
            }
        }
    }
}

#[test]
fn folders_have_no_cyclic_dependencies() {
    let mut cycles = Vec::new();
    for (_, source) in CRATES {
        let this = Crate::read(source);
        let mut dependencies = this.dependencies();
        dependencies.retain(|(from, to), _| this.folders.contains(from) && this.folders.contains(to));
        let mut next: BTreeMap<&ModulePath, BTreeSet<&ModulePath>> = BTreeMap::new();
        for (from, to) in dependencies.keys() {
            next.entry(from).or_default().insert(to);
        }
        let reaches = |start: &ModulePath, end: &ModulePath| {
            let (mut visited, mut open) = (BTreeSet::from([start]), vec![start]);
            while let Some(folder) = open.pop() {
                for other in next.get(folder).into_iter().flatten() {
                    if *other == end {
                        return true;
                    }
                    if visited.insert(*other) {
                        open.push(other);
                    }
                }
            }
            false
        };
        for ((from, to), example) in &dependencies {
            if reaches(to, from) {
                cycles.push(format!("{source}: {example}"));
            }
        }
    }
    assert!(cycles.is_empty(), "these dependencies form a cycle:\n{}", cycles.join("\n"));
}

/// If the reader missed a path, the other tests would pass wrongly.
#[test]
fn the_reader_finds_paths_in_every_position() {
    let path = |text: &str| {
        text.split("::").filter(|part| !part.is_empty()).map(ToOwned::to_owned).collect::<ModulePath>()
    };
    let modules = ["", "a", "b", "b::c"].into_iter().map(path).collect();
    let mut this = Crate { modules, ..Crate::default() };
    let mut read = |module: &str, source: &str| {
        this.read_tokens(&source.parse().unwrap(), &path(module), Path::new("test.rs"));
    };
    read("", "pub use self::b::c::{Deep, Other as Renamed};");
    read("a", "use crate::{Deep, b::{self, c::Third}}; fn f() { crate::b::g(vec![super::Renamed]) }");
    read("b", "fn f(_: ::clerk_axum::Clerk) -> [crate::a::T; 1] { todo!() }");
    read("b::c", "mod tests { use super::super::h; fn t() -> crate::a::T { \"crate::x\" } }");
    assert!(this.crate_names.iter().any(|(name, _)| name == "clerk_axum"));
    let found: Vec<String> = this
        .references
        .iter()
        .map(|(from, path)| {
            format!("{} {} {}", from.join("::"), path.join("::"), this.resolve(path.clone()).join("::"))
        })
        .collect();
    assert_eq!(
        found,
        [
            " b::c::Deep b::c",
            " b::c::Other b::c",
            "a Deep b::c",
            "a b b",
            "a b::c::Third b::c",
            "a b::g b",
            "a Renamed b::c",
            "b a::T a",
            "b::c::tests b::h b",
            "b::c::tests a::T a",
        ]
    );
}
