//! Which module may use which: `ARCHITECTURE.md` as a test.
//!
//! It reads the `use` lines and the paths in the sources of all crates, tests inside of them included. There is no list
//! of exceptions.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// A module's or an item's place in its crate: `["client", "cache"]`.
type Place = Vec<String>;

/// One crate's modules, and what each of them refers to.
struct Crate {
    modules: BTreeSet<Place>,
    folders: BTreeSet<Place>,
    /// What a module imports, by the name under which it does.
    imports: BTreeMap<Place, BTreeMap<String, Place>>,
    references: Vec<(Place, Place)>,
    /// Other crates that the sources name, with the file.
    words: BTreeSet<(String, PathBuf)>,
}

/// Part of a path as it stands in the source.
enum Base {
    Crate,
    SelfModule,
    Super,
}

impl Crate {
    fn read(source: &str) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(source);
        let mut this = Self {
            modules: BTreeSet::from([Vec::new()]),
            folders: BTreeSet::new(),
            imports: BTreeMap::new(),
            references: Vec::new(),
            words: BTreeSet::new(),
        };
        this.read_folder(&root, &[]);
        assert!(this.modules.len() > 1, "no sources in {}", root.display());
        this
    }

    fn read_folder(&mut self, folder: &Path, place: &[String]) {
        let mut entries: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        entries.sort();
        for path in entries {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let child = || place.iter().cloned().chain([name.clone()]).collect::<Place>();
            if path.is_dir() {
                self.folders.insert(child());
                self.modules.insert(child());
                self.read_folder(&path, &child());
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let module = if matches!(&*name, "lib" | "mod" | "main") { place.to_vec() } else { child() };
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
                    // A module inside of the file: its parent is this one.
                    if let (Some(TokenTree::Ident(name)), Some(TokenTree::Group(body))) =
                        (tokens.get(position + 1), tokens.get(position + 2))
                    {
                        let inner: Place = module.iter().cloned().chain([name.to_string()]).collect();
                        self.read_tokens(&body.stream(), &inner, path);
                        position += 3;
                        continue;
                    }
                }
                TokenTree::Ident(word) if word == "use" => is_use = true,
                TokenTree::Punct(mark) if mark.as_char() == ';' => is_use = false,
                TokenTree::Ident(word) if !is_after_colons(&tokens, position) => {
                    let base = match word.to_string().as_str() {
                        "crate" => Some(Base::Crate),
                        "self" => Some(Base::SelfModule),
                        "super" => Some(Base::Super),
                        word => {
                            if word.starts_with("clerk_") {
                                self.words.insert((word.to_owned(), path.to_owned()));
                            }
                            None
                        }
                    };
                    if let Some(base) = base.filter(|_| is_before_colons(&tokens, position)) {
                        let start = match base {
                            Base::Crate => Vec::new(),
                            Base::SelfModule => module.to_vec(),
                            Base::Super => {
                                module.split_last().map(|(_, rest)| rest.to_vec()).unwrap_or_default()
                            }
                        };
                        self.read_path(&tokens, position + 3, start, module, is_use);
                    }
                }
                TokenTree::Group(group) => self.read_tokens(&group.stream(), module, path),
                _ => {}
            }
            position += 1;
        }
    }

    /// Reads on behind `base::`, into groups as well.
    fn read_path(
        &mut self,
        tokens: &[TokenTree],
        mut position: usize,
        mut place: Place,
        module: &[String],
        is_use: bool,
    ) {
        loop {
            match tokens.get(position) {
                Some(TokenTree::Ident(word)) if word == "super" => drop(place.pop()),
                Some(TokenTree::Ident(word)) if word == "self" => {}
                Some(TokenTree::Ident(word)) => place.push(word.to_string()),
                Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                    let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                    for item in
                        inner.split(|token| matches!(token, TokenTree::Punct(mark) if mark.as_char() == ','))
                    {
                        if !item.is_empty() {
                            self.read_path(item, 0, place.clone(), module, is_use);
                        }
                    }
                    return;
                }
                _ => return self.refer(module, place, None, is_use),
            }
            if !is_before_colons(tokens, position) {
                let alias = match (tokens.get(position + 1), tokens.get(position + 2)) {
                    (Some(TokenTree::Ident(word)), Some(TokenTree::Ident(alias))) if word == "as" => {
                        Some(alias.to_string())
                    }
                    _ => None,
                };
                return self.refer(module, place, alias, is_use);
            }
            position += 3;
        }
    }

    fn refer(&mut self, module: &[String], place: Place, alias: Option<String>, is_use: bool) {
        if is_use && let Some(name) = alias.or_else(|| place.last().cloned()) {
            self.imports.entry(module.to_vec()).or_default().insert(name, place.clone());
        }
        self.references.push((module.to_vec(), place));
    }

    /// The module that a path leads to: items are found through what modules export again.
    fn resolve(&self, mut place: Place) -> Place {
        // A chain of exports that is longer goes round.
        for _ in 0..8 {
            let module = (0..=place.len())
                .rev()
                .map(|length| &place[..length])
                .find(|start| self.modules.contains(*start));
            let module = module.unwrap_or_default().to_vec();
            let Some(name) = place.get(module.len()) else { return module };
            match self.imports.get(&module).and_then(|imports| imports.get(name)) {
                Some(target) if *target != place => {
                    place = target.iter().chain(&place[module.len() + 1..]).cloned().collect();
                }
                _ => return module,
            }
        }
        place
    }

    /// Who uses whom among the modules of one parent, with an example for each arrow.
    fn arrows(&self) -> BTreeMap<(Place, Place), String> {
        let mut arrows = BTreeMap::new();
        for (from, path) in &self.references {
            let to = self.resolve(path.clone());
            let common = from.iter().zip(&to).take_while(|(one, other)| one == other).count();
            if from.len() > common && to.len() > common {
                let arrow = (from[..=common].to_vec(), to[..=common].to_vec());
                arrows.entry(arrow).or_insert_with(|| format!("{} -> {}", from.join("::"), path.join("::")));
            }
        }
        arrows
    }
}

fn is_colon(token: Option<&TokenTree>) -> bool {
    matches!(token, Some(TokenTree::Punct(mark)) if mark.as_char() == ':')
}

fn is_before_colons(tokens: &[TokenTree], position: usize) -> bool {
    is_colon(tokens.get(position + 1)) && is_colon(tokens.get(position + 2))
}

fn is_after_colons(tokens: &[TokenTree], position: usize) -> bool {
    position >= 2 && is_colon(tokens.get(position - 1)) && is_colon(tokens.get(position - 2))
}

/// The crates, the lowest first, and where their sources are.
const CRATES: [(&str, &str); 4] = [
    ("clerk_core", "clerk-core/src"),
    ("clerk_tower", "clerk-tower/src"),
    ("clerk_local", "clerk-tower/local/src"),
    ("clerk_axum", "clerk-axum/src"),
];

/// The rooms whose order is fixed, the lowest first.
const ORDER: [(&str, &[&str], &[&str]); 2] = [
    ("clerk-tower/src", &[], &["client", "keys", "clerk", "server"]),
    ("clerk-core/src", &[], &["reason", "token", "authenticate"]),
];

#[test]
fn a_crate_names_no_crate_above_it() {
    let below = |name: &str| CRATES.iter().position(|(one, _)| *one == name);
    for (name, source) in CRATES {
        for (word, file) in Crate::read(source).words {
            let is_up = below(&word).is_some_and(|other| other > below(name).unwrap());
            assert!(!is_up, "{} names {word}", file.display());
        }
    }
}

#[test]
fn rooms_use_the_rooms_below_them() {
    for (source, parent, order) in ORDER {
        let rank = |room: &Place| {
            let inside = room.strip_prefix(&*parent.iter().map(ToString::to_string).collect::<Place>())?;
            order.iter().position(|name| inside.len() == 1 && inside[0] == *name)
        };
        for ((from, to), example) in Crate::read(source).arrows() {
            match (rank(&from), rank(&to)) {
                (Some(from), Some(to)) => assert!(to <= from, "{source}: {example}"),
                // What all rooms share uses none of them.
                (None, Some(_)) if parent.is_empty() && source.starts_with("clerk-tower") => {
                    panic!("{source}: {example}");
                }
                _ => {}
            }
        }
    }
}

#[test]
fn no_two_folders_use_each_other() {
    let mut circles = Vec::new();
    for (_, source) in CRATES {
        let this = Crate::read(source);
        let arrows = this.arrows();
        let is_room = |place: &Place| this.folders.contains(place);
        let mut next: BTreeMap<&Place, BTreeSet<&Place>> = BTreeMap::new();
        for (from, to) in arrows.keys().filter(|(from, to)| is_room(from) && is_room(to)) {
            next.entry(from).or_default().insert(to);
        }
        let reaches = |start: &Place, end: &Place| {
            let (mut seen, mut open) = (BTreeSet::from([start]), vec![start]);
            while let Some(room) = open.pop() {
                for other in next.get(room).into_iter().flatten() {
                    if *other == end {
                        return true;
                    }
                    if seen.insert(*other) {
                        open.push(other);
                    }
                }
            }
            false
        };
        for ((from, to), example) in &arrows {
            if is_room(from) && is_room(to) && reaches(to, from) {
                circles.push(format!("{source}: {example}"));
            }
        }
    }
    assert!(circles.is_empty(), "these arrows lead in a circle:\n{}", circles.join("\n"));
}

/// The decision is read in the order in which data flows.
#[test]
fn the_rooms_of_the_decision_stand_in_their_order() {
    let order = ["config", "request", "outcome", "need", "decide"];
    let this = Crate::read("clerk-core/src");
    let rank = |room: &Place| match room.as_slice() {
        [authenticate, room] if authenticate == "authenticate" => order.iter().position(|name| name == room),
        _ => None,
    };
    for ((from, to), example) in this.arrows() {
        if let (Some(from), Some(to)) = (rank(&from), rank(&to)) {
            assert!(to <= from, "{example}");
        }
    }
    for room in order {
        assert!(this.modules.contains(["authenticate", room].map(ToOwned::to_owned).as_slice()), "{room}");
    }
}

/// The reader itself: a path that it does not see would make the other tests worthless.
#[test]
fn paths_are_found_wherever_they_stand() {
    let mut this = Crate {
        modules: [&[][..], &["a"], &["b"], &["b", "c"]]
            .into_iter()
            .map(|place| place.iter().map(ToString::to_string).collect())
            .collect(),
        folders: BTreeSet::new(),
        imports: BTreeMap::new(),
        references: Vec::new(),
        words: BTreeSet::new(),
    };
    let place = |text: &str| {
        text.split("::").filter(|part| !part.is_empty()).map(ToOwned::to_owned).collect::<Place>()
    };
    let mut read = |module: &str, source: &str| {
        this.read_tokens(&source.parse().unwrap(), &place(module), Path::new("test.rs"));
    };
    read("", "pub use self::b::c::{Deep, Other as Renamed};");
    read("a", "use crate::{Deep, b::{self, c::Third}}; fn f() { crate::b::g(vec![super::Renamed]) }");
    read("b::c", "mod tests { use super::super::h; fn t() -> crate::a::T { \"crate::x\" } }");
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
            "b::c::tests b::h b",
            "b::c::tests a::T a",
        ]
    );
}
