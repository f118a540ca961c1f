//! Combines the document and the overlay into the intermediate representation.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::{
    Result,
    document::{self, Additional, Document, Parameter, Schema},
    ir::{Api, Body, Enum, Field, Operation, Output, Query, Struct, Ty, Valid},
    names::{camel, snake},
    overlay::{Correction, Overlay, fits, glob},
};

pub(crate) fn lower(document: &Document, overlay: &Overlay) -> Result<Api> {
    let (api, problems) = lower_what_fits(document, overlay);
    if problems.is_empty() {
        return Ok(api);
    }
    let unread = problems.unread.iter().map(|(operation, problem)| format!("{operation}: {problem}"));
    Err(unread.chain(problems.overlay).collect::<Vec<_>>().join("\n").into())
}

/// The reasons why a document cannot be read completely.
#[derive(Default)]
pub(crate) struct Problems {
    /// Operations that cannot be read, with the reason.
    pub(crate) unread: BTreeMap<String, String>,
    /// Entries of the overlay that do not match the document.
    pub(crate) overlay: Vec<String>,
}

impl Problems {
    pub(crate) fn is_empty(&self) -> bool {
        self.unread.is_empty() && self.overlay.is_empty()
    }
}

/// Reads as much of the document as possible, to compare documents that the overlay was not written for.
pub(crate) fn lower_what_fits(document: &Document, overlay: &Overlay) -> (Api, Problems) {
    let mut lowering = Lowering {
        document,
        overlay,
        api: Api::default(),
        nested: Vec::new(),
        used: BTreeSet::new(),
        needless: Vec::new(),
    };
    let mut problems = Problems::default();
    let mut known = BTreeSet::new();
    for (paths, documented) in [(&document.paths, true), (&overlay.undocumented, false)] {
        for (path, item) in paths {
            for (method, operation) in item.operations() {
                if !known.insert((method, path)) {
                    lowering.needless.push(format!(
                        "`{method} {path}` is in the document, so the overlay need not define it"
                    ));
                    continue;
                }
                lowering.nested.clear();
                match lowering.operation(method, path, operation) {
                    Ok(lowered) => lowering.api.operations.push(Operation { documented, ..lowered }),
                    Err(problem) => {
                        problems.unread.insert(operation.operation_id.clone(), problem.to_string());
                    }
                }
            }
        }
    }
    lowering.needless.extend(
        document
            .needless_components()
            .map(|name| format!("`{name}` is in the document, so the overlay need not define it")),
    );
    problems.overlay = lowering.needless;
    for (position, correction) in overlay.corrections.iter().enumerate() {
        if !lowering.used.contains(&position) {
            problems
                .overlay
                .push(format!("the correction of `{}` matches nothing in the document", correction.place));
        }
    }
    (lowering.api, problems)
}

/// The one header that operations send.
const IDEMPOTENCY_KEY: &str = "Idempotency-Key";

/// The direction of a schema: out in a request, in with a response.
#[derive(Clone, Copy, PartialEq)]
enum Way {
    Out,
    In,
}

struct Lowering<'a> {
    document: &'a Document,
    overlay: &'a Overlay,
    api: Api,
    /// The request objects of the current operation.
    nested: Vec<Struct>,
    /// The corrections that were used.
    used: BTreeSet<usize>,
    /// Additions of the overlay that the document already contains.
    needless: Vec<String>,
}

struct Typed {
    ty: Ty,
    nullable: bool,
}

impl From<Ty> for Typed {
    fn from(ty: Ty) -> Self {
        Self { ty, nullable: false }
    }
}

impl Lowering<'_> {
    fn operation(
        &mut self,
        method: &'static str,
        path: &str,
        source: &document::Operation,
    ) -> Result<Operation> {
        let id = &source.operation_id;
        let (module, function) = self.name(source)?;
        let (mut parameters, mut query, mut idempotency_key) = (Vec::new(), Vec::new(), None);
        for parameter in &source.parameters {
            let parameter = self.document.parameter(parameter)?;
            match parameter.place.as_str() {
                "path" => parameters.extend(self.parameter(id, parameter)?),
                "query" => query.extend(self.parameter(id, parameter)?.map(|field| Query {
                    joined: parameter.explode == Some(false),
                    fixed: self.overlay.fixed_query.get(&field.wire).map(|fixed| fixed.value.clone()),
                    field,
                })),
                "header" if parameter.name == IDEMPOTENCY_KEY => {
                    idempotency_key = self.parameter(id, parameter)?;
                }
                other => {
                    return Err(format!(
                        "`{}` is a {other} parameter, which is not supported",
                        parameter.name
                    )
                    .into());
                }
            }
        }
        query.extend(self.added_query(source)?);
        // In the order of the path template.
        parameters.sort_by_key(|field| path.find(&format!("{{{}}}", field.wire)));
        let body = self.body(id, &camel(&function), source.request_body.as_ref())?;
        let output = self.output(id, method, source)?;
        Ok(Operation {
            id: id.clone(),
            tag: source.tags.first().cloned().unwrap_or_default(),
            module,
            function,
            method,
            path: path.to_owned(),
            parameters,
            query,
            idempotency_key,
            body,
            nested: std::mem::take(&mut self.nested),
            output,
            errors: source.responses.keys().filter(|status| !status.starts_with('2')).cloned().collect(),
            deprecated: source.deprecated,
            public: source.security.as_ref().is_some_and(Vec::is_empty),
            documented: true,
        })
    }

    /// The parameters that the overlay adds.
    fn added_query(&mut self, source: &document::Operation) -> Result<Vec<Query>> {
        let overlay = self.overlay;
        let mut added = Vec::new();
        for correction in overlay.corrections.iter().filter(|correction| correction.query) {
            let Some((owner, name)) = correction.place.rsplit_once('.') else { continue };
            if owner != source.operation_id {
                continue;
            }
            if source.parameters.iter().any(|parameter| parameter.name == name) {
                self.needless
                    .push(format!("`{owner}.{name}` is in the document, so the overlay need not add it"));
                continue;
            }
            let parameter = Parameter {
                name: name.to_owned(),
                schema: correction.schema.clone().unwrap_or_default(),
                ..Parameter::default()
            };
            let field = self.parameter(owner, &parameter)?;
            added.extend(field.map(|field| Query {
                field: Field { valid: Valid { beyond: true, ..field.valid }, ..field },
                joined: false,
                fixed: None,
            }));
        }
        Ok(added)
    }

    fn name(&self, source: &document::Operation) -> Result<(String, String)> {
        if let Some(name) = self.overlay.functions.get(&source.operation_id) {
            let (module, function) =
                name.split_once('.').ok_or("its name in the overlay must have the form `module.function`")?;
            return Ok((module.to_owned(), function.to_owned()));
        }
        match (&source.group, &source.name) {
            (Some(group), Some(name)) => Ok((snake(group), snake(name))),
            _ => Ok((snake(source.tags.first().map_or("", String::as_str)), snake(&source.operation_id))),
        }
    }

    fn parameter(&mut self, operation: &str, parameter: &Parameter) -> Result<Option<Field>> {
        let place = format!("{operation}.{}", parameter.name);
        let (schema, required, omit) = self.corrected(&place, &parameter.schema, parameter.required);
        if omit {
            return Ok(None);
        }
        let mut typed = self.schema(&schema, &place, &camel(&place), Way::Out)?;
        let overlay = self.overlay;
        if typed.ty == Ty::Int && overlay.types.counts.contains(&parameter.name) {
            typed.ty = Ty::Count;
        }
        let items = matches!(typed.ty, Ty::List(_)).then_some((0, overlay.max_query_values));
        Ok(Some(Field {
            wire: parameter.name.clone(),
            ty: typed.ty,
            required,
            nullable: false,
            deprecated: parameter.deprecated,
            items,
            valid: Valid {
                beyond: parameter.deprecated,
                single: self.is_list(&schema) && !self.is_list(&parameter.schema),
                ..self.valid(&schema)?
            },
        }))
    }

    fn body(&mut self, operation: &str, name: &str, body: Option<&document::Content>) -> Result<Body> {
        let Some((kind, media)) = body.and_then(|body| body.content.first()) else { return Ok(Body::None) };
        let mut schema = &media.schema;
        // A body that is a component is treated like an inline body.
        while let Some(reference) = &schema.reference {
            schema = self.document.schema(reference)?.1;
        }
        if schema.kind.as_deref() == Some("array") {
            let items = schema.items.as_deref().ok_or("the body is an array without items")?;
            let typed = self.schema(items, operation, &format!("{name}Item"), Way::Out)?;
            return Ok(Body::List(Box::new(Field {
                wire: "body".to_owned(),
                ty: Ty::List(Box::new(typed.ty)),
                required: true,
                nullable: false,
                deprecated: false,
                items: limits(schema),
                valid: self.valid(schema)?,
            })));
        }
        let mut fields = self.fields(&[schema], operation, name, Way::Out)?;
        // One alternative is enough. The last one is used, because the first one can be deprecated.
        if let Some(last) = schema.any_of.iter().rfind(|member| member.is_constraint()) {
            for field in &mut fields {
                field.valid.needed = last.required.contains(&field.wire);
            }
        }
        Ok(if kind.starts_with("multipart/") { Body::Multipart(fields) } else { Body::Object(fields) })
    }

    fn output(&mut self, operation: &str, method: &str, source: &document::Operation) -> Result<Output> {
        let success = source.responses.iter().find(|(status, _)| status.starts_with('2'));
        let Some((_, response)) = success else { return Err("no success status is documented".into()) };
        let content = self.document.response(response)?;
        let Some((kind, media)) = content.content.first() else {
            // The one GET without a body is a page of HTML.
            return Ok(if method == "GET" { Output::Text } else { Output::Nothing });
        };
        if !kind.starts_with("application/json") {
            return Ok(Output::Text);
        }
        let mut schema = &media.schema;
        let mut place = format!("{operation}:response");
        let mut list = false;
        loop {
            if let Some(reference) = &schema.reference {
                let (component, target) = self.document.schema(reference)?;
                if target.kind.as_deref() != Some("array") && envelope(self.document, target).is_none() {
                    break;
                }
                (place, schema) = (component.to_owned(), target);
            } else if let Some(items) = envelope(self.document, schema) {
                (schema, list) = (items, true);
            } else if schema.kind.as_deref() == Some("array") && !list {
                schema = schema.items.as_deref().ok_or("the response is an array without items")?;
                if method != "GET" {
                    let item = self.schema(schema, &place, &self.model(&place), Way::In)?;
                    return Ok(Output::Value(Ty::List(Box::new(item.ty))));
                }
                list = true;
            } else {
                break;
            }
        }
        let typed = match self.alias(&place) {
            Some(reference) => self.component(&reference, Way::In)?,
            None => self.schema(schema, &place, &self.model(&place), Way::In)?,
        };
        Ok(if list { Output::Page(typed.ty) } else { Output::Value(typed.ty) })
    }

    /// The name of the model for a component or an inline response.
    fn model(&self, place: &str) -> String {
        self.overlay.models.get(place).cloned().unwrap_or_else(|| camel(place))
    }

    /// The type of a schema. `place` is its place in the document, and `name` the name for an inline object.
    fn schema(&mut self, schema: &Schema, place: &str, name: &str, way: Way) -> Result<Typed> {
        if let Some(reference) = &schema.reference {
            let mut typed = self.component(reference, way)?;
            typed.nullable |= schema.nullable;
            return Ok(typed);
        }
        let alternatives = match schema.any_of.as_slice() {
            [] => &schema.one_of,
            any if any.iter().all(Schema::is_constraint) => &schema.one_of,
            any => any,
        };
        if let [only] = schema.all_of.as_slice().iter().chain(alternatives).collect::<Vec<_>>().as_slice()
            && schema.properties.is_empty()
        {
            let mut typed = self.schema(only, place, name, way)?;
            typed.nullable |= schema.nullable;
            return Ok(typed);
        }
        let ty = if !alternatives.is_empty() {
            self.alternatives(alternatives, place, name, way)?
        } else if !schema.all_of.is_empty() || !schema.properties.is_empty() {
            let mut parts = Vec::new();
            collect_parts(self.document, schema, &mut parts)?;
            self.object(&parts, place, name, way)?
        } else {
            self.plain(schema, place, name, way)?
        };
        Ok(Typed { ty, nullable: schema.nullable })
    }

    fn plain(&mut self, schema: &Schema, place: &str, name: &str, way: Way) -> Result<Ty> {
        let types = &self.overlay.types;
        Ok(match schema.kind.as_deref() {
            Some("string") if schema.format.as_deref() == Some("binary") => Ty::File,
            Some("string") => {
                let values: Vec<String> =
                    schema.values.iter().filter_map(Value::as_str).map(str::to_owned).collect();
                let ids = if way == Way::Out { &types.request_ids } else { &types.model_ids };
                if !values.is_empty() {
                    self.enumeration(values, place, name)
                } else if let Some(id) = id_type(ids, place) {
                    if id == "String" { Ty::Text } else { Ty::Id(id.to_owned()) }
                } else {
                    Ty::Text
                }
            }
            Some("boolean") => Ty::Bool,
            Some("integer" | "number") => {
                let any = |patterns: &[String]| patterns.iter().any(|pattern| fits(pattern, place));
                if any(&types.floats) {
                    Ty::Float
                } else if any(&types.times) && !any(&types.no_times) {
                    Ty::Time
                } else {
                    Ty::Int
                }
            }
            Some("array") => {
                let items =
                    schema.items.as_deref().ok_or_else(|| format!("`{place}` is an array without items"))?;
                let item = self.schema(items, place, name, way)?;
                Ty::List(Box::new(if item.nullable { Ty::Maybe(Box::new(item.ty)) } else { item.ty }))
            }
            Some("object") => match &schema.additional_properties {
                Some(Additional::Typed(value)) => {
                    let value = self.schema(value, place, name, way)?;
                    Ty::Map(Box::new(if value.nullable { Ty::Maybe(Box::new(value.ty)) } else { value.ty }))
                }
                _ => Ty::Metadata,
            },
            None if way == Way::Out => Ty::Json,
            None => Ty::AnyJson,
            Some(other) => return Err(format!("`{place}` has the unknown type `{other}`").into()),
        })
    }

    fn component(&mut self, reference: &str, way: Way) -> Result<Typed> {
        let (component, schema) = self.document.schema(reference)?;
        if let Some(reference) = self.alias(component) {
            return self.component(&reference, way);
        }
        if let Some(name) = self.union_of(component) {
            let ty = self.union(&name)?;
            return Ok(Typed { ty, nullable: schema.nullable });
        }
        self.schema(schema, component, &self.model(component), way)
    }

    fn union_of(&self, component: &str) -> Option<String> {
        let mut unions = self.overlay.unions.iter();
        unions
            .find(|(_, union)| union.members.iter().any(|member| member == component))
            .map(|(name, _)| name.clone())
    }

    fn alternatives(&mut self, members: &[Schema], place: &str, name: &str, way: Way) -> Result<Ty> {
        let mut found = Vec::new();
        for member in members {
            let Some(reference) = &member.reference else { continue };
            found.extend(self.union_of(self.document.schema(reference)?.0));
        }
        found.dedup();
        match found.as_slice() {
            [union] => self.union(union),
            // Inline members have no names that a union of the overlay could list.
            [] if members.iter().all(|member| member.reference.is_none()) => {
                self.object(&members.iter().collect::<Vec<_>>(), place, name, way).inspect(|_| {
                    if let Some(flat) = self.api.structs.get_mut(name) {
                        for field in &mut flat.fields {
                            field.required &=
                                members.iter().all(|member| member.required.contains(&field.wire));
                        }
                    }
                })
            }
            _ => {
                Err(format!("the alternatives of `{place}` are not covered by a single union of the overlay")
                    .into())
            }
        }
    }

    /// Merges several components into one flat model.
    fn union(&mut self, name: &str) -> Result<Ty> {
        let overlay = self.overlay;
        let Some(union) = overlay.unions.get(name) else {
            return Err(format!("the overlay has no union `{name}`").into());
        };
        let mut fields: Vec<Field> = Vec::new();
        for member in &union.members {
            let Some(schema) = self.document.component(member) else {
                self.tell(format!("the union `{name}` has `{member}`, which is not in the document"));
                continue;
            };
            for mut field in self.fields(&[schema], member, name, Way::In)? {
                if union.omit.contains(&field.wire) {
                    continue;
                }
                field.required = union.required.contains(&field.wire);
                // A field that not every member has is optional, even if a member requires it.
                field.nullable = false;
                match fields.iter_mut().find(|known| known.wire == field.wire) {
                    None => fields.push(field),
                    Some(known) if known.ty == field.ty => {}
                    // Open enums hold any string.
                    Some(known) => match (&known.ty, &field.ty) {
                        (Ty::Text, Ty::Enum(_)) => known.ty = field.ty,
                        (Ty::Enum(_), Ty::Text) => {}
                        _ => {
                            return Err(format!(
                                "`{member}.{}` has a different type in another member of the union",
                                field.wire
                            )
                            .into());
                        }
                    },
                }
            }
        }
        self.define(Struct { name: name.to_owned(), fields })
    }

    fn object(&mut self, parts: &[&Schema], place: &str, name: &str, way: Way) -> Result<Ty> {
        let fields = self.fields(parts, place, name, way)?;
        let object = Struct { name: name.to_owned(), fields };
        if way == Way::In {
            return self.define(object);
        }
        match self.nested.iter().find(|known| known.name == name) {
            Some(known) if *known != object => {
                return Err(format!("two different request objects are named `{name}`").into());
            }
            Some(_) => {}
            None => self.nested.push(object),
        }
        Ok(Ty::Struct(name.to_owned()))
    }

    fn define(&mut self, object: Struct) -> Result<Ty> {
        let name = object.name.clone();
        match self.api.structs.get(&name) {
            Some(known) if *known != object => {
                Err(format!("two models are named `{name}`, and differ in {}", difference(known, &object))
                    .into())
            }
            Some(_) => Ok(Ty::Struct(name)),
            None => {
                self.api.structs.insert(name.clone(), object);
                Ok(Ty::Struct(name))
            }
        }
    }

    fn enumeration(&mut self, mut values: Vec<String>, place: &str, name: &str) -> Ty {
        let overlay = self.overlay;
        let named =
            overlay.enums.iter().find(|(_, names)| names.places.iter().any(|pattern| glob(pattern, place)));
        let name = named.map_or(name, |(name, _)| name);
        values.extend(named.map(|(_, names)| names.extra.clone()).unwrap_or_default());
        values.retain(|value| !value.is_empty());
        let known = self
            .api
            .enums
            .entry(name.to_owned())
            .or_insert_with(|| Enum { name: name.to_owned(), values: Vec::new() });
        for value in values {
            if !known.values.contains(&value) {
                known.values.push(value);
            }
        }
        Ty::Enum(name.to_owned())
    }

    /// The fields of an object that is defined in one or several parts.
    fn fields(&mut self, parts: &[&Schema], place: &str, name: &str, way: Way) -> Result<Vec<Field>> {
        let overlay = self.overlay;
        let required: BTreeSet<&str> =
            parts.iter().flat_map(|part| &part.required).map(String::as_str).collect();
        let mut sources: Vec<(String, Schema)> = Vec::new();
        for (wire, schema) in parts.iter().flat_map(|part| &part.properties) {
            match sources.iter_mut().find(|(known, _)| known == wire) {
                Some(known) => known.1 = schema.clone(),
                None => sources.push((wire.clone(), schema.clone())),
            }
        }
        for (position, correction) in overlay.corrections.iter().enumerate() {
            if let Some((owner, wire)) = correction.place.rsplit_once('.')
                && owner == place
                && !correction.query
                && !sources.iter().any(|(known, _)| known == wire)
                && let Some(schema) = self.schema_of(position, correction)
            {
                sources.push((wire.to_owned(), schema.clone()));
            }
        }
        let is_added = way == Way::In && self.document.is_added(place);
        let mut fields = Vec::new();
        for (wire, schema) in sources {
            let place = format!("{place}.{wire}");
            let known = !is_added && parts.iter().any(|part| part.properties.contains_key(&wire));
            let members = schema.required.clone();
            let (schema, required, omit) = self.corrected(&place, &schema, required.contains(wire.as_str()));
            // A tag with a single value adds nothing to the type.
            let is_tag = wire == "object" && schema.values.len() == 1;
            if omit || is_tag {
                continue;
            }
            let own = overlay.models.get(&place).cloned();
            let inner = own.unwrap_or_else(|| format!("{name}{}", camel(&wire)));
            let typed = self.schema(&schema, &place, &inner, way)?;
            let items = matches!(typed.ty, Ty::List(_)).then(|| limits(&schema)).flatten();
            fields.push(Field {
                wire,
                ty: typed.ty,
                required,
                nullable: typed.nullable,
                deprecated: schema.deprecated,
                items,
                valid: if way == Way::Out {
                    Valid { members, beyond: !known, ..self.valid(&schema)? }
                } else {
                    Valid { beyond: !known, ..Valid::default() }
                },
            });
        }
        Ok(fields)
    }

    /// The constraints on the values of a schema.
    fn valid(&self, schema: &Schema) -> Result<Valid> {
        let document = self.document;
        let default = default(schema);
        let (mut schema, mut min_items) = (schema, None);
        loop {
            let parts = schema.all_of.iter().chain(&schema.any_of).chain(&schema.one_of);
            schema = match (&schema.reference, parts.collect::<Vec<_>>().as_slice(), &schema.items) {
                (Some(reference), ..) => document.schema(reference)?.1,
                (None, [only], _) => only,
                (None, _, Some(items)) => {
                    min_items = min_items.or(Some(schema.min_items.unwrap_or(0)));
                    items
                }
                _ => match &schema.additional_properties {
                    Some(Additional::Typed(value)) => value,
                    _ => break,
                },
            };
        }
        let values = schema.values.iter().filter_map(Value::as_str).filter(|value| !value.is_empty());
        let above = if schema.exclusive_minimum { 1.0 } else { 0.0 };
        Ok(Valid {
            values: values.map(str::to_owned).collect(),
            format: schema.format.clone(),
            pattern: schema.pattern.clone(),
            length: (schema.min_length.unwrap_or(0), schema.max_length),
            min: schema.minimum.map(|minimum| minimum + above),
            max: schema.maximum,
            min_items: min_items.unwrap_or(0),
            default,
            ..Valid::default()
        })
    }

    fn is_list(&self, schema: &Schema) -> bool {
        let target = schema.reference.as_ref().and_then(|reference| self.document.schema(reference).ok());
        target.map_or(schema, |(_, target)| target).items.is_some()
    }

    /// Notes an entry of the overlay that does not fit the document.
    fn tell(&mut self, problem: String) {
        if !self.needless.contains(&problem) {
            self.needless.push(problem);
        }
    }

    /// The component that stands for another one or for an inline response. It must exist: without the alias, the
    /// document can still be read.
    fn alias(&mut self, place: &str) -> Option<String> {
        let of = &self.overlay.aliases.get(place)?.of;
        if self.document.component(of).is_none() {
            self.tell(format!("`{place}` has the alias `{of}`, which is not in the document"));
            return None;
        }
        Some(format!("#/components/schemas/{of}"))
    }

    /// The schema of a correction, unless it refers to a component that does not exist.
    fn schema_of<'o>(&mut self, position: usize, correction: &'o Correction) -> Option<&'o Schema> {
        let schema = correction.schema.as_ref()?;
        let mut inner = schema;
        while let Some(items) = &inner.items {
            inner = items;
        }
        let reference = inner.reference.as_deref().unwrap_or_default();
        if !reference.is_empty() && self.document.schema(reference).is_err() {
            self.used.insert(position);
            self.tell(format!(
                "the correction of `{}` refers to `{reference}`, which is not in the document",
                correction.place
            ));
            return None;
        }
        Some(schema)
    }

    fn corrected(&mut self, place: &str, schema: &Schema, required: bool) -> (Schema, bool, bool) {
        let (mut schema, mut required, mut omit) = (schema.clone(), required, false);
        let overlay = self.overlay;
        for (position, correction) in overlay.corrections.iter().enumerate() {
            if !glob(&correction.place, place) {
                continue;
            }
            self.used.insert(position);
            let Correction { required: must, nullable, omit: drop, .. } = correction;
            if let Some(other) = self.schema_of(position, correction) {
                schema = other.clone();
            }
            schema.nullable = nullable.unwrap_or(schema.nullable);
            required = must.unwrap_or(required);
            omit |= *drop;
        }
        (schema, required, omit)
    }
}

/// What two models of the same name do not have in common.
fn difference(one: &Struct, other: &Struct) -> String {
    let only = |some: &Struct, rest: &Struct| {
        let fields = some.fields.iter().filter(|field| !rest.fields.contains(field));
        fields.map(|field| format!("`{}`", field.wire)).collect::<Vec<_>>()
    };
    let mut names = only(one, other);
    names.extend(only(other, one));
    names.sort();
    names.dedup();
    if names.is_empty() { "the order of the fields".to_owned() } else { names.join(", ") }
}

/// Collects a schema and the parts of its `allOf`, innermost first.
fn collect_parts<'s>(document: &'s Document, schema: &'s Schema, parts: &mut Vec<&'s Schema>) -> Result<()> {
    for part in &schema.all_of {
        let part = match &part.reference {
            Some(reference) => document.schema(reference)?.1,
            None => part,
        };
        collect_parts(document, part, parts)?;
    }
    parts.push(schema);
    Ok(())
}

/// The first matching pattern wins. Patterns for a place come before patterns for a field name.
fn id_type<'o>(patterns: &'o [(String, String)], place: &str) -> Option<&'o str> {
    let (places, names): (Vec<_>, Vec<_>) = patterns.iter().partition(|(pattern, _)| pattern.contains('.'));
    places.into_iter().chain(names).find(|(pattern, _)| fits(pattern, place)).map(|(_, id)| id.as_str())
}

/// The default of a value. An empty list is not worth a sentence.
fn default(schema: &Schema) -> Option<String> {
    match schema.default.as_ref()? {
        Value::String(text) => Some(text.clone()),
        Value::Array(items) if items.is_empty() => None,
        Value::Null | Value::Object(_) => None,
        other => Some(other.to_string()),
    }
}

/// The limits of an array in a body, if the document states a maximum.
fn limits(schema: &Schema) -> Option<(usize, usize)> {
    Some((schema.min_items.unwrap_or(0), schema.max_items?))
}

/// The items of an object that holds a list and its total count.
fn envelope<'a>(document: &'a Document, schema: &'a Schema) -> Option<&'a Schema> {
    if schema.properties.len() != 2 || !schema.properties.contains_key("total_count") {
        return None;
    }
    schema.properties.values().find_map(|property| {
        let list = match &property.reference {
            Some(reference) => document.schema(reference).ok()?.1,
            None => property,
        };
        list.items.as_deref()
    })
}
