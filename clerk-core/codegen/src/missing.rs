//! Finds entries that are missing in the overlay, ambiguous, or against the style of documentation.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    emit_api::{arguments, body_fields},
    emit_examples::unknown_setters,
    emit_model, identity,
    ir::{Api, Body, Field, Operation, Struct, Ty},
    names::camel,
    overlay::{Chosen, DENIES, Kind, Overlay, PRIVATE, PUBLIC, REPORTED, fits},
    rust::lead,
    used,
};

/// The operations in the sections that are generated.
pub(crate) fn selected<'a>(api: &'a Api, overlay: &Overlay) -> Vec<&'a Operation> {
    api.operations.iter().filter(|operation| overlay.sections.contains(&operation.tag)).collect()
}

/// One line for each missing sentence, missing family, ambiguous name, and sentence with a wrong form.
pub(crate) fn missing(api: &Api, overlay: &Overlay, operations: &[&Operation]) -> Vec<String> {
    let mut out = BTreeSet::new();
    let mut names = BTreeSet::new();
    let mut say = |text: String| {
        out.insert(text);
    };
    let field = |owner: &str, field: &Field, kind: Kind| {
        overlay
            .field(owner, &field.wire, kind)
            .is_none()
            .then(|| format!("`{owner}.{}` has no sentence", field.wire))
    };
    for operation in operations {
        let id = &operation.id;
        match overlay.summaries.get(id) {
            Some(summary) => style(id, summary).into_iter().for_each(&mut say),
            None => say(format!("{id} has no summary")),
        }
        if !overlay.modules.contains_key(&operation.module) {
            say(format!("the module `{}` has no sentence", operation.module));
        }
        if !names.insert((&operation.module, camel(&operation.function))) {
            say(format!("two operations are named `{}::{}`", operation.module, operation.function));
        }
        for name in unknown_setters(operation, overlay) {
            say(format!("the example of `{id}` calls `{name}`, which is not an optional parameter"));
        }
        let query = operation.query.iter().filter(|query| query.fixed.is_none()).map(|query| &query.field);
        query.filter(|it| !it.required).filter_map(|it| field(id, it, Kind::Query)).for_each(&mut say);
        operation.idempotency_key.iter().filter_map(|it| field(id, it, Kind::Body)).for_each(&mut say);
        let required =
            arguments(operation).into_iter().map(|(field, _)| field).filter(|field| field.required);
        let undescribed = required
            .filter(|it| !is_id(&it.ty) && overlay.required(id, &it.wire).is_none())
            .map(|it| format!("`{id}.{}`, which is required, has no sentence in `fields.required`", it.wire));
        undescribed.for_each(&mut say);
        arguments(operation)
            .into_iter()
            .filter_map(|(it, kind)| too_long(overlay, id, it, kind))
            .for_each(&mut say);
        if let Body::Object(fields) | Body::Multipart(fields) = &operation.body {
            fields
                .iter()
                .filter(|it| !it.required)
                .filter_map(|it| field(id, it, Kind::Body))
                .for_each(&mut say);
        }
        for object in &operation.nested {
            if !overlay.sentences.contains_key(&object.name) {
                say(format!("the request object `{}` has no sentence", object.name));
            }
            let optional = object.fields.iter().filter(|it| !it.required);
            optional.filter_map(|it| field(&object.name, it, Kind::Body)).for_each(&mut say);
        }
    }
    leftovers(api, overlay, operations).into_iter().for_each(&mut say);
    used::problems(api, overlay).into_iter().for_each(&mut say);
    let models = emit_model::reachable(api, operations);
    undecided(api, overlay, &models).into_iter().for_each(&mut say);
    identity::problems(api, overlay, operations).into_iter().for_each(&mut say);
    for name in models {
        match overlay.sentences.get(&name) {
            Some(sentence) => style(&name, sentence).into_iter().for_each(&mut say),
            None => say(format!("the model `{name}` has no sentence")),
        }
        let families = overlay.families.iter().filter(|(_, family)| family.types.contains(&name));
        match families.map(|(family, _)| family.as_str()).collect::<Vec<_>>().as_slice() {
            [] => say(format!("the model `{name}` is in no family")),
            [_] => {}
            several => say(format!("the model `{name}` is in several families: {}", several.join(", "))),
        }
        let fields = api.structs.get(&name).into_iter().flat_map(|object| &object.fields);
        fields.filter_map(|it| field(&name, it, Kind::Model)).for_each(&mut say);
    }
    out.into_iter().collect()
}

/// One line for each entry of the overlay that is about nothing. They do not prevent code from being generated.
pub(crate) fn leftovers(api: &Api, overlay: &Overlay, operations: &[&Operation]) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    for total in &overlay.totals {
        let fits = operations.iter().any(|operation| total.fits(&operation.id, body_fields(operation)));
        let mut nested = operations.iter().flat_map(|operation| &operation.nested);
        if !fits && !nested.any(|object| total.fits(&object.name, &object.fields)) {
            let fields = total.fields.join(", ");
            out.insert(format!("`{}` has no fields {fields}, so they have no total", total.of));
        }
    }
    let models = emit_model::reachable(api, operations);
    for place in overlay.types.readers.keys().chain(overlay.types.writers.keys()) {
        let mut objects = models.iter().filter_map(|name| api.structs.get(name));
        let is_field = |name: &str, wire: &str| place.split_once('.') == Some((name, wire));
        if !objects.any(|object| object.fields.iter().any(|field| is_field(&object.name, &field.wire))) {
            out.insert(format!("`{place}` is not a field of a model, so it has no reader or writer"));
        }
    }
    let known = subjects(api, operations, &models);
    let idle = overlay.entries().into_iter().filter(|(_, subject)| !known.contains(*subject));
    out.extend(idle.map(|(table, subject)| format!("`{table}` has `{subject}`, which does not exist")));
    out.extend(identity::leftovers(overlay, operations));
    for (family, of) in &overlay.families {
        let idle = of.types.iter().filter(|name| !models.contains(*name));
        out.extend(idle.map(|name| format!("the family `{family}` has `{name}`, which is not a model")));
    }
    for (kind, places, decisions, _) in to_decide(api, overlay, &models) {
        let idle = decisions.keys().filter(|place| !places.contains(*place));
        out.extend(idle.map(|place| {
            format!("`{kind}` decides `{place}`, which is not a field of a model, or matches no pattern")
        }));
    }
    out
}

/// What an entry of the overlay can be about: operations, models, request objects, enums, and their members.
fn subjects(api: &Api, operations: &[&Operation], models: &BTreeSet<String>) -> BTreeSet<String> {
    let mut out = models.clone();
    let member = |owner: &str, name: &str| format!("{owner}.{name}");
    for operation in operations {
        let id = &operation.id;
        out.insert(id.clone());
        out.extend(arguments(operation).into_iter().map(|(field, _)| member(id, &field.wire)));
        out.extend(operation.errors.iter().map(|status| member(id, status)));
    }
    let nested = operations.iter().flat_map(|operation| &operation.nested);
    for object in nested.chain(models.iter().filter_map(|name| api.structs.get(name))) {
        out.insert(object.name.clone());
        out.extend(object.fields.iter().map(|field| member(&object.name, &field.wire)));
    }
    for object in models.iter().filter_map(|name| api.enums.get(name)) {
        out.extend(object.values.iter().map(|value| member(&object.name, value)));
    }
    out
}

/// Whether a field of this type can be a secret. A flag or a time is none, whatever its name.
pub(crate) fn can_be_secret(ty: &Ty) -> bool {
    !matches!(ty, Ty::Bool | Ty::Int | Ty::Float | Ty::Time)
}

type Decisions<'a> = (&'static str, BTreeSet<String>, &'a BTreeMap<String, Chosen>, [&'static str; 2]);

/// The fields that need a decision, of each kind, with the decisions and what they can be.
fn to_decide<'a>(api: &Api, overlay: &'a Overlay, models: &BTreeSet<String>) -> [Decisions<'a>; 2] {
    let places = |patterns: &[String], can_be: fn(&Ty) -> bool| {
        let objects = models.iter().filter_map(|name| api.structs.get(name));
        let fields = objects.flat_map(|object| object.fields.iter().map(move |field| (object, field)));
        let fields = fields.filter(|(_, field)| can_be(&field.ty));
        let places = fields.map(|(object, field)| format!("{}.{}", object.name, field.wire));
        places.filter(|place| patterns.iter().any(|pattern| fits(pattern, place))).collect::<BTreeSet<_>>()
    };
    let types = &overlay.types;
    [
        ("secrets", places(&types.secrets, can_be_secret), &overlay.secrets, [PRIVATE, PUBLIC]),
        ("access", places(&types.access, |_| true), &overlay.access, [DENIES, REPORTED]),
    ]
}

/// Whether the type says what the parameter is.
fn is_id(ty: &Ty) -> bool {
    match ty {
        Ty::Id(_) => true,
        Ty::List(item) => is_id(item),
        _ => false,
    }
}

/// One line for each field that may be secret or restrict access and is not decided, or is decided wrongly.
fn undecided(api: &Api, overlay: &Overlay, models: &BTreeSet<String>) -> Vec<String> {
    let mut out = Vec::new();
    for (kind, places, decisions, allowed) in to_decide(api, overlay, models) {
        let open = places.into_iter().filter(|place| !decisions.contains_key(place));
        out.extend(open.map(|place| format!("`{place}` is not decided in `{kind}`")));
        let wrong = decisions.iter().filter(|(_, chosen)| !allowed.contains(&chosen.is.as_str()));
        out.extend(
            wrong
                .map(|(place, chosen)| format!("`{place}` is `{}`, which `{kind}` does not know", chosen.is)),
        );
    }
    let objects = models.iter().filter_map(|name| api.structs.get(name));
    let fields = objects.flat_map(|object| object.fields.iter().map(move |field| (object, field)));
    out.extend(fields.filter_map(|(object, field)| falls_back(overlay, object, field)));
    out
}

/// Says so if the field denies access and a missing value would be read as one that does not.
fn falls_back(overlay: &Overlay, object: &Struct, field: &Field) -> Option<String> {
    let place = format!("{}.{}", object.name, field.wire);
    let denies = overlay.access.get(&place).is_some_and(|chosen| chosen.is == DENIES);
    let is_optional = !field.required || field.nullable;
    (denies && !is_optional && !overlay.is_strict(&object.name, field))
        .then(|| format!("`{place}` denies access, so it must be `strict`"))
}

/// The page of an operation shows what is said of each parameter in full, as an item of a list.
fn too_long(overlay: &Overlay, operation: &str, field: &Field, kind: Kind) -> Option<String> {
    const LONGEST: usize = 250;
    let said = match field.required {
        true => overlay.required(operation, &field.wire),
        false => overlay.field(operation, &field.wire, kind),
    };
    said.filter(|said| said.chars().count() > LONGEST)
        .map(|_| format!("what is said of `{operation}.{}` is longer than {LONGEST} characters", field.wire))
}

/// The first sentence is shown in the index of a module, so it has to fit on one line there.
fn style(name: &str, text: &str) -> Option<String> {
    const LONGEST: usize = 100;
    let (first, _) = lead(text.trim());
    let problem = if !first.ends_with('.') {
        "does not end with a period"
    } else if first.chars().count() > LONGEST {
        "is longer than 100 characters"
    } else {
        return None;
    };
    Some(format!("the first sentence of `{name}` {problem}"))
}

/// The report of `--survey`.
pub(crate) fn survey(api: &Api, overlay: &Overlay) -> String {
    let all: Vec<&Operation> = api.operations.iter().collect();
    let gaps = missing(api, overlay, &all);
    format!(
        "{} operations, {} models and {} enums can be generated; {} operations are.\n{} entries of the overlay are missing:\n{}\n",
        all.len(),
        api.structs.len(),
        api.enums.len(),
        selected(api, overlay).len(),
        gaps.len(),
        gaps.join("\n")
    )
}
