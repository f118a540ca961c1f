//! Which fields of a response identify the resource that an operation asks for.
//!
//! A response about another resource, such as one that a cache on the way confused, must not be taken for the one
//! that was asked for. So each path parameter is compared with the fields of the response that repeat it.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    ir::{Api, Field, Operation, Output, Ty},
    names::identifier,
    overlay::Overlay,
};

/// A path parameter, and the fields of the response of which one must be equal to it.
pub(crate) struct Identity<'a> {
    pub(crate) parameter: &'a Field,
    /// Paths such as `organization.id`. Errors name the first one.
    pub(crate) fields: Vec<String>,
}

/// The path parameters that an operation's response repeats, or a problem for each one that is not decided.
pub(crate) fn identities<'a>(
    api: &Api,
    overlay: &Overlay,
    operation: &'a Operation,
) -> Result<Vec<Identity<'a>>, Vec<String>> {
    let Output::Value(Ty::Struct(model)) = &operation.output else { return Ok(Vec::new()) };
    let Some(object) = api.structs.get(model) else { return Ok(Vec::new()) };
    let of_model = |name: &str| object.fields.iter().find(|field| field.wire == name);
    let (mut found, mut problems) = (Vec::new(), Vec::new());
    for parameter in &operation.parameters {
        let place = format!("{}.{}", operation.id, parameter.wire);
        let is_last = operation.parameters.last().is_some_and(|last| last.wire == parameter.wire);
        let same_type = |id: &Field| matches!(&id.ty, Ty::Id(kind) if kind != "Id") && id.ty == parameter.ty;
        let own = of_model("id");
        let fields = if let Some(decided) = overlay.identity.get(&place) {
            decided.fields.clone()
        } else if of_model(&parameter.wire).is_some_and(|field| matches!(field.ty, Ty::Id(_) | Ty::Text)) {
            vec![parameter.wire.clone()]
        } else if own.is_some_and(same_type)
            || (is_last && own.is_some() && is_of_path(api, operation, model))
        {
            let also = overlay.identity_also.get(&parameter.wire).filter(|name| of_model(name).is_some());
            std::iter::once("id".to_owned()).chain(also.cloned()).collect()
        } else if is_last && own.is_some() {
            problems.push(format!("`{place}` is not decided in `identity`: is it the `id` of the response?"));
            continue;
        } else {
            continue;
        };
        if let Some(missing) = fields.iter().find(|path| found_text(api, model, "found", path).is_none()) {
            problems.push(format!("`{place}`: `{model}` has no field `{missing}`"));
        } else if !fields.is_empty() {
            found.push(Identity { parameter, fields });
        }
    }
    if problems.is_empty() { Ok(found) } else { Err(problems) }
}

/// Whether the path ends with the last parameter, or an operation whose path ends there returns the same model.
fn is_of_path(api: &Api, operation: &Operation, model: &str) -> bool {
    let Some((resource, action)) = operation.path.rsplit_once('}') else { return false };
    action.is_empty()
        || api.operations.iter().any(|other| {
            let same = matches!(&other.output, Output::Value(Ty::Struct(name)) if name == model);
            same && other.path.strip_suffix('}') == Some(resource)
        })
}

/// The expression of an `Option<&str>` for a field of `owner`, which is the expression of a `model`.
fn found_text(api: &Api, model: &str, owner: &str, path: &str) -> Option<String> {
    let (name, rest) = path.split_once('.').map_or((path, None), |(name, rest)| (name, Some(rest)));
    let field = api.structs.get(model)?.fields.iter().find(|field| field.wire == name)?;
    let place = format!("{owner}.{}", identifier(name));
    let is_optional = !field.required || field.nullable;
    match (&field.ty, rest, is_optional) {
        (Ty::Id(_) | Ty::Text, None, false) => Some(format!("Some({place}.as_str())")),
        (Ty::Text, None, true) => Some(format!("{place}.as_deref()")),
        (Ty::Id(_), None, true) => {
            Some(format!("{place}.as_ref().map(|{name}| {name}.as_str())", name = identifier(name)))
        }
        (Ty::Struct(inner), Some(rest), false) => found_text(api, inner, &place, rest),
        (Ty::Struct(inner), Some(rest), true) => {
            let text = found_text(api, inner, &identifier(name), rest)?;
            Some(match text.strip_prefix("Some(").and_then(|text| text.strip_suffix(')')) {
                Some(text) => format!("{place}.as_ref().map(|{}| {text})", identifier(name)),
                None => format!("{place}.as_ref().and_then(|{}| {text})", identifier(name)),
            })
        }
        _ => None,
    }
}

/// The statements that compare a response, in the variable `found`, with what was asked for.
pub(crate) fn checks(api: &Api, operation: &Operation, identities: &[Identity<'_>]) -> String {
    let Output::Value(Ty::Struct(model)) = &operation.output else { return String::new() };
    let check = |identity: &Identity<'_>| {
        let first = identity.fields.first().map_or("", String::as_str);
        let texts = identity.fields.iter().filter_map(|path| found_text(api, model, "found", path));
        let texts: Vec<String> = texts.collect();
        let asked = identifier(&identity.parameter.wire);
        format!("decode::same(Self::INFO, {first:?}, self.{asked}.as_str(), [{}])?;\n", texts.join(", "))
    };
    identities.iter().map(check).collect()
}

/// The value of each path parameter that a sample response repeats.
pub(crate) fn asked(
    api: &Api,
    operation: &Operation,
    identities: &[Identity<'_>],
) -> BTreeMap<String, &'static str> {
    let Output::Value(Ty::Struct(model)) = &operation.output else { return BTreeMap::new() };
    let value = |identity: &Identity<'_>| {
        let (mut owner, mut ty) = (model.as_str(), None);
        for name in identity.fields.first()?.split('.') {
            let field = api.structs.get(owner)?.fields.iter().find(|field| field.wire == name)?;
            owner = field.ty.named().unwrap_or_default();
            ty = Some(&field.ty);
        }
        let value = if matches!(ty, Some(Ty::Text)) { "text" } else { "id_1" };
        Some((identity.parameter.wire.clone(), value))
    };
    identities.iter().filter_map(value).collect()
}

/// One line for each undecided parameter.
pub(crate) fn problems(api: &Api, overlay: &Overlay, operations: &[&Operation]) -> Vec<String> {
    operations
        .iter()
        .flat_map(|operation| identities(api, overlay, operation).err().unwrap_or_default())
        .collect()
}

/// One line for each decision without a parameter.
pub(crate) fn leftovers(overlay: &Overlay, operations: &[&Operation]) -> Vec<String> {
    let parameters = operations.iter().flat_map(|operation| {
        operation.parameters.iter().map(|parameter| format!("{}.{}", operation.id, parameter.wire))
    });
    let known: BTreeSet<String> = parameters.collect();
    let unknown = overlay.identity.keys().filter(|place| !known.contains(*place));
    unknown.map(|place| format!("`identity` decides `{place}`, which is not a path parameter")).collect()
}
