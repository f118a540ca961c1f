//! Writes the documentation of the operations: of each function, and the table at the head of each module.

use crate::{
    emit_api::{arguments, is_paged},
    ir::{Field, Operation, Output, Ty},
    names::{camel, identifier, plural, snake},
    overlay::{Kind, Overlay},
    rust::{described, doc, lead},
};

/// The documentation of an operation's function.
pub(crate) fn of_function(operation: &Operation, overlay: &Overlay, example: Option<&str>) -> String {
    let mut out = described("///", overlay.summaries.get(&operation.id).map_or("", String::as_str));
    if !operation.documented {
        out.push_str("///\n");
        let note =
            "Clerk's published document omits this operation, so it may change or be removed without notice.";
        out.push_str(&doc("///", note));
    }
    if let Some(example) = example {
        // The tests compile it, together with the others of its module.
        out.push_str(&format!("#[cfg_attr(not(doctest), doc = r#\"\n```\n{example}\n```\n\"#)]\n"));
    }
    out.push_str("///\n");
    out.extend(facts(operation, overlay).iter().map(|fact| item(fact)));
    out.push_str(&parameters(operation, overlay));
    out
}

/// An item of a list, with its further lines indented.
fn item(text: &str) -> String {
    doc("///", text).replace("\n/// ", "\n///   ").replacen("/// ", "/// - ", 1)
}

/// The parameters, those of the function first.
fn parameters(operation: &Operation, overlay: &Overlay) -> String {
    let builder = camel(&operation.function);
    let (required, optional): (Vec<_>, Vec<_>) =
        arguments(operation).into_iter().partition(|(field, _)| field.required);
    if required.is_empty() && optional.is_empty() {
        return String::new();
    }
    let mut out = String::from("///\n/// # Parameters\n///\n");
    for (field, kind) in required.iter().chain(&optional) {
        let name = identifier(&field.wire);
        let name = name.trim_start_matches("r#");
        let ty = type_of(operation, field, *kind);
        let head = match field.required {
            true => format!("`{name}` ({ty}, required)"),
            false => format!("[`{name}`]({builder}::{name}) ({ty})"),
        };
        out.push_str(&item(&format!("{head}: {}", lower_first(&meaning(operation, field, *kind, overlay)))));
    }
    if let Some(note) = note(operation, &optional) {
        out.push_str(&format!("///\n{}", doc("///", &note)));
    }
    out
}

/// What becomes of the stored values that an update does not set.
fn note(operation: &Operation, optional: &[(&Field, Kind)]) -> Option<String> {
    const KEPT: &str = "A stored value whose parameter is not set is kept.";
    const CLEARED: &str = "[`Nullable::Null`] clears a value that can be empty.";
    if optional.iter().any(|(field, kind)| clears(operation, field, *kind)) {
        return Some(format!("{KEPT} {CLEARED}"));
    }
    // What a PUT replaces as a whole is not kept.
    (operation.method == "PATCH" && !optional.is_empty()).then(|| KEPT.to_owned())
}

/// Whether the operation changes something that is stored.
fn is_update(operation: &Operation) -> bool {
    matches!(operation.method, "PATCH" | "PUT")
}

/// Whether `null` clears what is stored. A flag cannot be empty, and a new object has nothing to clear.
fn clears(operation: &Operation, field: &Field, kind: Kind) -> bool {
    is_update(operation) && field.nullable && field.ty != Ty::Bool && !matches!(kind, Kind::Query)
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn type_of(operation: &Operation, field: &Field, kind: Kind) -> String {
    let ty = link(&field.ty);
    // A required parameter has no other way to say nothing.
    let takes_null = (field.required && field.nullable) || clears(operation, field, kind);
    if takes_null { format!("{ty} or `null`") } else { ty }
}

fn link(ty: &Ty) -> String {
    match ty {
        Ty::Text => "`String`".to_owned(),
        Ty::Bool => "`bool`".to_owned(),
        Ty::Int => "`i64`".to_owned(),
        Ty::Count => "`u32`".to_owned(),
        Ty::Float => "`f64`".to_owned(),
        Ty::Json => "any JSON".to_owned(),
        Ty::AnyJson => "[`AnyJson`]".to_owned(),
        Ty::Time => "[`Timestamp`]".to_owned(),
        Ty::Metadata => "[`Metadata`]".to_owned(),
        Ty::File => "[`File`]".to_owned(),
        Ty::Id(name) | Ty::Struct(name) | Ty::Enum(name) => format!("[`{name}`]"),
        Ty::List(item) => format!("list of {}", link(item)),
        Ty::Map(value) => format!("map to {}", link(value)),
        Ty::Maybe(inner) => format!("{} or `null`", link(inner)),
    }
}

/// What a parameter is, with its limits and its default.
fn meaning(operation: &Operation, field: &Field, kind: Kind, overlay: &Overlay) -> String {
    let said = match field.required {
        true => overlay.required(&operation.id, &field.wire),
        false => overlay.field(&operation.id, &field.wire, kind),
    };
    let mut out = said.map_or_else(|| of_id(field), str::to_owned);
    // A setter sets; a parameter is.
    if let Some(rest) = out.strip_prefix("Sets ") {
        out = upper_first(rest);
    }
    if let Some(limits) = limits(field).filter(|limits| !mentions(&out, limits)) {
        out.push_str(&format!(" {limits}"));
    }
    // An update keeps what is stored, whatever a new object would get.
    let default = field.valid.default.as_deref().filter(|_| !is_update(operation));
    if let Some(default) = default.filter(|_| !out.contains("Defaults to ")) {
        out.push_str(&format!(" Defaults to `{default}`."));
    }
    if field.deprecated {
        let note = overlay.note(&format!("{}.{}", operation.id, field.wire));
        out.push_str(&format!(" Deprecated: {note}."));
    }
    out
}

/// `user_id` is the ID of the user.
fn of_id(field: &Field) -> String {
    let words = snake(&field.wire).replace('_', " ");
    let (words, is_list) = match (words.strip_suffix(" ids"), words.strip_suffix(" id")) {
        (Some(words), _) => (words, true),
        (None, Some(words)) => (words, false),
        (None, None) => return "The ID.".to_owned(),
    };
    let spelled = |word: &str| match word {
        "api" | "saml" | "scim" => word.to_uppercase(),
        "oauth" => "OAuth".to_owned(),
        "m2m" => "M2M".to_owned(),
        "web3" => "Web3".to_owned(),
        other => other.to_owned(),
    };
    let words = words.split(' ').map(spelled).collect::<Vec<_>>().join(" ");
    if is_list { format!("The IDs of the {}.", plural(&words)) } else { format!("The ID of the {words}.") }
}

/// Whether the number of the limits is in the sentence, also with commas.
fn mentions(said: &str, limits: &str) -> bool {
    let said = said.replace(',', "");
    // The last one is the maximum, or the only one. A minimum of 1 beside it goes without saying.
    numbers(limits).next_back().is_none_or(|limit| numbers(&said).any(|number| number == limit))
}

fn numbers(text: &str) -> impl DoubleEndedIterator<Item = &str> {
    text.split(|letter: char| !letter.is_ascii_digit()).filter(|word| !word.is_empty())
}

fn limits(field: &Field) -> Option<String> {
    if let Some((min, max)) = field.items {
        let range = if min == 0 { format!("At most {max}") } else { format!("{min} to {max}") };
        return Some(format!("{range} items."));
    }
    if matches!(field.ty, Ty::List(_)) && field.valid.min_items > 0 {
        let least = field.valid.min_items;
        return Some(format!("At least {least} item{}.", if least == 1 { "" } else { "s" }));
    }
    let range = field.range()?;
    let unit = if field.ty == Ty::Text { " characters" } else { "" };
    Some(match range.split_once("..=") {
        Some(("", most)) => format!("At most {most}{unit}."),
        Some((least, most)) => format!("{least} to {most}{unit}."),
        None if range == "1.." && field.ty == Ty::Text => "Not empty.".to_owned(),
        None => format!("At least {}{unit}.", range.trim_end_matches("..")),
    })
}

/// What the operation returns, how it fails, whether it is sent again, and what it sends.
fn facts(operation: &Operation, overlay: &Overlay) -> Vec<String> {
    let mut out = vec![format!("**Returns** {}.", returns(operation))];
    if operation.documented {
        out.push(match operation.errors.as_slice() {
            [] => "**Errors**: Clerk documents none; see [Errors](super#errors).".to_owned(),
            statuses => {
                let each = statuses.iter().map(|status| error(operation, status, overlay));
                let codes = overlay.codes.get(&operation.id);
                let codes = codes.map_or_else(String::new, |codes| format!(" Error code: {codes}."));
                let each = each.collect::<Vec<_>>().join(", ");
                format!("**[Errors](super#errors)** that Clerk documents: {each}.{codes}")
            }
        });
    }
    out.push(retries(operation, overlay));
    match overlay.credential.get(&operation.id).map(|chosen| chosen.is.as_str()) {
        Some("NeedsMachineSecretKey") => {
            out.push("**Key**: a machine's secret key, which a `MachineClerk` has.".to_owned());
        }
        Some("NeedsEitherKey") => {
            out.push(
                "**Key**: the instance's secret key or a machine's, so a `MachineClerk` can send it."
                    .to_owned(),
            );
        }
        None if operation.public => out.push("**Key**: none is sent.".to_owned()),
        _ => {}
    }
    out.push(format!("**Sends** `{} {}`{}.", operation.method, operation.path, reference(operation)));
    out
}

fn returns(operation: &Operation) -> String {
    match &operation.output {
        Output::Nothing => "nothing".to_owned(),
        Output::Text => "the body as a `String`".to_owned(),
        Output::Page(ty) if is_paged(operation) => {
            format!("one [`Page`] of {}; `clerk.stream(..)` returns the items of all pages", link(ty))
        }
        Output::Page(ty) => format!("a [`Page`] with every {}", link(ty)),
        Output::Value(ty @ Ty::List(_)) => format!("a {}", link(ty)),
        Output::Value(ty) => link(ty),
    }
}

fn error(operation: &Operation, status: &str, overlay: &Overlay) -> String {
    let own = overlay.errors.get(&format!("{}.{status}", operation.id));
    let usual = overlay.errors.get(status);
    own.or(usual).map_or_else(|| status.to_owned(), |what| format!("{status} ({what})"))
}

fn retries(operation: &Operation, overlay: &Overlay) -> String {
    const SAFE: &str =
        "**Retried** after failures that may pass: [repeating it is safe](crate::operation::Retry::Safe)";
    const IF_REFUSED: &str =
        "**Retried** only if Clerk [has not acted on it](crate::operation::Retry::IfRefused)";
    match overlay.retry.get(&operation.id) {
        Some(chosen) if chosen.is == "Safe" => format!("{SAFE} ({}).", chosen.reason),
        None if matches!(operation.method, "GET" | "PUT" | "DELETE") => format!("{SAFE}."),
        Some(chosen) => format!("{IF_REFUSED} ({}).", chosen.reason),
        None => format!("{IF_REFUSED}."),
    }
}

/// The page of Clerk's reference. Its addresses are those that Clerk's guides link to.
fn reference(operation: &Operation) -> String {
    if !operation.documented {
        return String::new();
    }
    let tag: String = operation
        .tag
        .to_lowercase()
        .chars()
        .filter_map(|letter| match letter {
            ' ' | '-' => Some('-'),
            letter => letter.is_alphanumeric().then_some(letter),
        })
        .collect();
    let path = operation.path.replace('{', "%7B").replace('}', "%7D");
    let method = operation.method;
    format!(", [in Clerk's reference](https://clerk.com/docs/reference/backend-api/tag/{tag}/{method}{path})")
}

/// The head of a module: what it is about, and its functions by task.
pub(crate) fn of_module(described: &str, operations: &[&Operation], overlay: &Overlay) -> String {
    let (first, rest) = lead(described.trim());
    let mut out = doc("//!", first);
    if !rest.is_empty() {
        out.push_str(&format!("//!\n{}", doc("//!", rest)));
    }
    out.push_str("//!\n//! | Task | Function | |\n//! |---|---|---|\n");
    for task in TASKS {
        let mut shown = task;
        for operation in operations.iter().filter(|operation| task_of(operation) == task) {
            let (summary, _) = lead(overlay.summaries.get(&operation.id).map_or("", String::as_str));
            let deprecated = if operation.deprecated { " Deprecated." } else { "" };
            let function = identifier(&operation.function);
            out.push_str(&format!("//! | {shown} | [`{function}`] | {}{deprecated} |\n", cell(summary)));
            shown = "";
        }
    }
    out
}

const TASKS: [&str; 5] = ["Find", "Create", "Change", "Check", "Remove"];

fn task_of(operation: &Operation) -> &'static str {
    let words: Vec<&str> = operation.function.split('_').collect();
    let has = |some: &[&str]| words.iter().any(|word| some.contains(word));
    match operation.method {
        _ if has(&["verify", "verification", "preview"]) => "Check",
        "GET" => "Find",
        "DELETE" => "Remove",
        _ if has(&["create", "add", "generate"]) => "Create",
        _ if has(&["revoke", "remove", "delete", "cancel"]) => "Remove",
        _ => "Change",
    }
}

/// The sentence as it goes on after a colon. Abbreviations keep their letters.
fn lower_first(text: &str) -> String {
    let is_word = text.chars().nth(1).is_some_and(|second| second.is_lowercase() || second == ' ');
    let mut letters = text.chars();
    match letters.next() {
        Some(first) if is_word => first.to_lowercase().collect::<String>() + letters.as_str(),
        _ => text.to_owned(),
    }
}

fn upper_first(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().collect::<String>() + letters.as_str())
        .unwrap_or_default()
}

/// The documentation of `api`.
pub(crate) fn of_root(overlay: &Overlay) -> String {
    let mut text = String::from(ROOT.trim_start());
    let statuses =
        overlay.errors.iter().filter(|(status, _)| status.bytes().all(|digit| digit.is_ascii_digit()));
    text.extend(statuses.map(|(status, what)| format!("| {status} | {} |\n", cell(what))));
    doc_as_is("//!", &text)
}

/// A documentation comment that keeps its lines.
fn doc_as_is(prefix: &str, text: &str) -> String {
    text.lines().map(|line| format!("{prefix} {line}").trim_end().to_owned() + "\n").collect()
}

const ROOT: &str = r#"
The operations of Clerk's Backend API, one module per section of Clerk's reference.

Each function takes the required fields of an operation and returns a request builder. Setters set the
optional fields. A field that is not set is not sent: Clerk then uses its default, and an update keeps
the stored value. To clear a stored value, pass [`Nullable::Null`](crate::Nullable::Null). Setters of
flags, and of the fields of a new object, can accept it too: then it means the same as not setting the
field.

```
use clerk_core::{Operation, api::{OPERATIONS, users}};

let request = users::list().query("ada").limit(20).request().unwrap();
assert_eq!(request.uri(), "/users?query=ada&limit=20");
assert!(OPERATIONS.iter().any(|info| info.id == "GetUserList"));
```

# Examples

The page of each operation shows one call, with the paths of clerk-axum. Without axum, `api`, `id` and `model` are modules of
clerk-core. `clerk` is a `Clerk`, and `machine_clerk` a `MachineClerk`. `user_id`,
`organization_id`, `session_id` and `client_id` have the [types of these IDs](crate::id); a string can be passed too:
`users::get("user_29w83sxmDNGwOuEthce5gg56FcC")`.

A list returns one page. `clerk.stream(..)` takes the same operation and returns the items of all pages.

# Errors

The page of each operation names the statuses that Clerk's document lists for it. Clerk can also respond with others: any
operation fails with 401 if the key is not valid, and with 429 if there were too many calls. Few error codes are
documented, so decide by the status first.

| Status | Means |
|---|---|
"#;
