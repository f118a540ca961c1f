//! Fills what the overlay does not decide yet, so that the code of a new document compiles.

use std::collections::BTreeSet;

use crate::{
    emit_api::arguments,
    emit_examples::unknown_setters,
    emit_model,
    ir::{Api, Field, Operation},
    missing,
    names::{camel, snake},
    overlay::{Chosen, Family, Kind, Module, Overlay, PRIVATE, fits},
};

/// The family of models that are in none.
const FAMILY: &str = "undecided";

/// Generates the sections that are not chosen, too. Returns a line for each of them.
pub(crate) fn sections(api: &Api, overlay: &mut Overlay) -> Vec<String> {
    let tags = api.operations.iter().map(|operation| &operation.tag);
    let new: BTreeSet<&String> = tags.filter(|tag| !overlay.sections.contains(tag)).collect();
    overlay.sections.extend(new.iter().map(|tag| (*tag).clone()));
    new.into_iter().map(|tag| format!("the section `{tag}` is not in `sections`")).collect()
}

/// Renames functions that are named like another one. Returns a line for each of them.
pub(crate) fn names(api: &mut Api) -> Vec<String> {
    let mut known = BTreeSet::new();
    let mut out = Vec::new();
    for operation in &mut api.operations {
        if !known.insert((operation.module.clone(), camel(&operation.function))) {
            out.push(format!(
                "`{}` is named `{}::{}` like another operation",
                operation.id, operation.module, operation.function
            ));
            operation.function = snake(&operation.id);
        }
    }
    out
}

/// Fills missing sentences, families and decisions.
pub(crate) fn sentences(api: &Api, overlay: &mut Overlay, operations: &[&Operation]) {
    let field = |overlay: &mut Overlay, owner: &str, field: &Field, kind: Kind| {
        if overlay.field(owner, &field.wire, kind).is_none() {
            overlay.draft(&format!("{owner}.{}", field.wire), format!("`{}`.", field.wire));
        }
    };
    for operation in operations {
        let (id, call) = (&operation.id, format!("`{} {}`", operation.method, operation.path));
        overlay.summaries.entry(id.clone()).or_insert_with(|| format!("Calls {call}."));
        overlay.modules.entry(operation.module.clone()).or_insert_with(|| Module {
            doc: format!("{}.", operation.tag),
            example: "// None yet.".to_owned(),
        });
        if !unknown_setters(operation, overlay).is_empty() {
            overlay.examples.setters.remove(id);
        }
        for (argument, kind) in arguments(operation).into_iter().filter(|(argument, _)| !argument.required) {
            field(overlay, id, argument, kind);
        }
        for object in &operation.nested {
            overlay.sentences.entry(object.name.clone()).or_insert_with(|| format!("A part of {call}."));
            for optional in object.fields.iter().filter(|field| !field.required) {
                field(overlay, &object.name, optional, Kind::Body);
            }
        }
    }
    let mut homeless = Vec::new();
    for name in emit_model::reachable(api, operations) {
        overlay.sentences.entry(name.clone()).or_insert_with(|| format!("`{name}`."));
        if !overlay.families.values().any(|family| family.types.contains(&name)) {
            homeless.push(name.clone());
        }
        for member in api.structs.get(&name).into_iter().flat_map(|object| &object.fields) {
            field(overlay, &name, member, Kind::Model);
            let place = format!("{name}.{}", member.wire);
            // What may be secret counts as secret until somebody decides otherwise.
            if overlay.types.secrets.iter().any(|pattern| fits(pattern, &place))
                && missing::can_be_secret(&member.ty)
            {
                let reason = "not decided yet".to_owned();
                overlay.secrets.entry(place).or_insert_with(|| Chosen { is: PRIVATE.to_owned(), reason });
            }
        }
    }
    if !homeless.is_empty() {
        let family = Family {
            doc: "Models without a family.".to_owned(),
            example: "// None yet.".to_owned(),
            types: homeless,
        };
        overlay.families.insert(FAMILY.to_owned(), family);
    }
}
