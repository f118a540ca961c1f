//! Checks that the public API contains only types of allowed crates, or lists its paths.
//!
//! ```text
//! public_api check target/public-api/doc/*.json   # fails if the API contains a type of a crate that is not allowed
//! public_api paths target/public-api/doc/*.json   # prints every public path, to compare two versions
//! ```
//!
//! Reads rustdoc's JSON output. A type of another crate in a public signature makes that crate's breaking changes our
//! own, so only a few crates are allowed.

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    io::Write as _,
    process::ExitCode,
};

use serde_json::Value;

/// The crates that every signature may use: the standard library, this project, and crates that users depend on anyway.
const ALLOWED: &[&str] = &[
    "std",
    "core",
    "alloc",
    "clerk_core",
    "clerk_tower",
    "clerk_local",
    "clerk_axum",
    "http",
    "http_body",
    "bytes",
    "serde",
    "serde_core",
    "tower_layer",
    "tower_service",
    "axum_core",
    // Claims and metadata are JSON.
    "serde_json",
    // Only in the bounds of the `impl Unpin` that its macro generates.
    "pin_project_lite",
];

/// Crates that are allowed because a feature with their name enables them, as `(our crate, foreign crate)`.
const BEHIND_A_FEATURE: &[(&str, &str)] = &[
    ("clerk_axum", "aide"),
    // Behind the feature `resource`: a protected resource is a router with its documents.
    ("clerk_axum", "axum"),
    ("clerk_axum", "utoipa"),
    ("clerk_core", "chrono"),
    ("clerk_core", "jiff"),
    ("clerk_core", "time"),
    ("clerk_tower", "futures_core"),
    ("clerk_tower", "hyper"),
    ("clerk_tower", "hyper_util"),
    ("clerk_tower", "hyper_rustls"),
    ("clerk_tower", "reqwest"),
];

/// The rustdoc JSON of one crate.
struct Api {
    name: String,
    json: Value,
}

impl Api {
    fn read(file: &str) -> Result<Self, String> {
        let text = fs::read_to_string(file).map_err(|error| format!("cannot read {file}: {error}"))?;
        let json: Value =
            serde_json::from_str(&text).map_err(|error| format!("{file} is not JSON: {error}"))?;
        let name = file.rsplit('/').next().unwrap_or(file).trim_end_matches(".json").to_owned();
        Ok(Self { name, json })
    }

    /// Returns the name of the crate that an item belongs to; `None` for this crate.
    fn crate_of(&self, id: &Value) -> Option<String> {
        let number = self.json["paths"][id.to_string()]["crate_id"].as_u64()?;
        self.json["external_crates"][number.to_string()]["name"].as_str().map(ToOwned::to_owned)
    }

    /// Returns the foreign crates in public items, with an example for each.
    fn foreign(&self) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        for item in self.json["index"].as_object().into_iter().flatten().map(|(_, item)| item) {
            if item["crate_id"] != 0 || is_derived(item) {
                continue;
            }
            let mut references = Vec::new();
            collect_paths(&item["inner"], &mut references);
            for (path, id) in references {
                if let Some(name) = self.crate_of(&id) {
                    let owner = item["name"].as_str().unwrap_or("impl");
                    let line = item["span"]["begin"][0].as_u64().unwrap_or(0);
                    let file = item["span"]["filename"].as_str().unwrap_or("?");
                    found.entry(name).or_insert_with(|| format!("{path} in {owner} ({file}:{line})"));
                }
            }
        }
        found
    }

    /// Returns the kind and path of every public item.
    fn paths(&self) -> BTreeSet<String> {
        let paths = self.json["paths"].as_object().into_iter().flatten();
        paths
            .filter(|(_, item)| item["crate_id"] == 0)
            .filter_map(|(_, item)| {
                let path: Vec<&str> = item["path"].as_array()?.iter().filter_map(Value::as_str).collect();
                Some(format!("{} {}", item["kind"].as_str()?, path.join("::")))
            })
            .collect()
    }
}

/// Returns whether an item is an implementation without source code: of an auto trait, or by a blanket implementation.
fn is_derived(item: &Value) -> bool {
    let inner = &item["inner"]["impl"];
    inner["is_synthetic"] == true || !inner["blanket_impl"].is_null()
}

/// Collects every path in a signature, with the ID of its item.
fn collect_paths(value: &Value, found: &mut Vec<(String, Value)>) {
    match value {
        Value::Object(map) => {
            if let (Some(Value::String(path)), Some(id), true) =
                (map.get("path"), map.get("id"), map.contains_key("args"))
            {
                found.push((path.clone(), id.clone()));
            }
            map.values().for_each(|value| collect_paths(value, found));
        }
        Value::Array(values) => values.iter().for_each(|value| collect_paths(value, found)),
        _ => {}
    }
}

fn run() -> Result<(), String> {
    let mut arguments = env::args().skip(1);
    let command = arguments.next().unwrap_or_default();
    let apis = arguments.map(|file| Api::read(&file)).collect::<Result<Vec<_>, _>>()?;
    if apis.is_empty() {
        return Err("usage: public_api check|paths FILE.json ...".to_owned());
    }
    let mut out = std::io::stdout().lock();
    let mut problems = Vec::new();
    for api in &apis {
        match &*command {
            "paths" => {
                for path in api.paths() {
                    writeln!(out, "{path}").map_err(|error| error.to_string())?;
                }
            }
            "check" => {
                let foreign = api.foreign();
                writeln!(out, "{}: {:?}", api.name, foreign.keys().collect::<Vec<_>>())
                    .map_err(|error| error.to_string())?;
                for (name, example) in foreign {
                    let is_allowed =
                        ALLOWED.contains(&&*name) || BEHIND_A_FEATURE.contains(&(&*api.name, &*name));
                    if !is_allowed {
                        problems.push(format!(
                            "{}: {name} is not allowed in the public API: {example}",
                            api.name
                        ));
                    }
                }
            }
            other => return Err(format!("unknown command {other:?}; expected check or paths")),
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n")) }
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            // Nothing can be done if standard error is closed.
            let _ = writeln!(std::io::stderr(), "error: {problem}");
            ExitCode::FAILURE
        }
    }
}
