//! Tests each construct of the document with a small document.

mod changes;
mod decisions;
mod documented;
mod history;
mod parameters;

use std::collections::BTreeMap;

use crate::{
    document::Document,
    emit_api, emit_model, emit_responses, emit_samples,
    ir::{Api, Body, Field, Output, Ty},
    lower::lower,
    missing::missing,
    overlay::Overlay,
    rust::{described, lead},
};

const OVERLAY: &str = r#"
sections = ["Things"]
max_query_values = 100

[types]
request_ids = [["user_id", "UserId"], ["*_id", "Id"]]
model_ids = [["id", "Id"]]
times = ["*_at"]
counts = ["limit", "offset"]
strict = ["banned"]
"#;

fn api(paths: &str, schemas: &str, overlay: &str) -> Api {
    let text = format!(
        "info: {{version: v}}\npaths:\n{paths}\ncomponents:\n  schemas:\n{schemas}\n    Unused: {{}}\n"
    );
    lower(&Document::parse(&text).unwrap(), &Overlay::parse(&format!("{OVERLAY}{overlay}"))).unwrap()
}

/// An API with one operation whose response is the component `Thing`.
fn returning(schemas: &str, overlay: &str) -> Api {
    let path = "  /things: {get: {operationId: GetThing, tags: [Things], responses: {'200': {content: {application/json: {schema: {$ref: '#/components/schemas/Thing'}}}}}}}";
    api(path, schemas, overlay)
}

/// An API with one operation that has this request body.
fn accepting(body: &str) -> Api {
    let path = format!(
        "  /things: {{post: {{operationId: MakeThing, tags: [Things], x-speakeasy-group: things, \
         x-speakeasy-name-override: make, requestBody: {{content: {{application/json: {{schema: {body}}}}}}}, \
         responses: {{'204': {{}}}}}}}}"
    );
    api(&path, "", "")
}

fn field<'a>(api: &'a Api, owner: &str, name: &str) -> &'a Field {
    api.structs[owner].fields.iter().find(|field| field.wire == name).unwrap()
}

fn model(api: &Api) -> String {
    let families = "[families.thing]\ndoc = ''\nexample = ''\ntypes = ['Thing', 'ThingState', 'Part']\n";
    let overlay = Overlay::parse(&format!("{OVERLAY}{families}"));
    let names = api.structs.keys().chain(api.enums.keys()).cloned().collect();
    emit_model::files(api, &overlay, &names).unwrap().remove("model/thing.rs").unwrap()
}

fn module(api: &Api, name: &str) -> String {
    let operations: Vec<_> = api.operations.iter().collect();
    emit_api::files(api, &operations, &Overlay::parse(OVERLAY), "", &BTreeMap::new())
        .remove(&format!("api/{name}.rs"))
        .unwrap()
}

#[test]
fn a_nullable_root_makes_every_reference_nullable() {
    let api = returning(
        "    Thing: {type: object, required: [part], properties: {part: {$ref: '#/components/schemas/Part'}}}\n    Part: {type: object, nullable: true, properties: {name: {type: string}}}",
        "",
    );
    let part = field(&api, "Thing", "part");
    assert_eq!((&part.ty, part.required, part.nullable), (&Ty::Struct("Part".into()), true, true));
    assert!(model(&api).contains("pub part: Option<Part>"));
}

#[test]
fn a_wrapper_with_one_member_becomes_a_nullable_member() {
    for wrapper in ["allOf", "oneOf"] {
        let api = returning(
            &format!(
                "    Thing: {{type: object, properties: {{part: {{nullable: true, {wrapper}: [{{$ref: '#/components/schemas/Part'}}]}}}}}}\n    Part: {{type: object, properties: {{name: {{type: string}}}}}}"
            ),
            "",
        );
        let part = field(&api, "Thing", "part");
        assert_eq!((&part.ty, part.nullable), (&Ty::Struct("Part".into()), true), "{wrapper}");
    }
}

#[test]
fn all_of_parts_become_one_struct() {
    let api = returning(
        "    Thing: {allOf: [{$ref: '#/components/schemas/Part'}, {properties: {size: {type: integer}}}], required: [name]}\n    Part: {type: object, properties: {name: {type: string}}}",
        "",
    );
    assert!(field(&api, "Thing", "name").required);
    assert_eq!(field(&api, "Thing", "size").ty, Ty::Int);
}

#[test]
fn identities_and_strict_fields_are_required_and_others_fall_back() {
    let api = returning(
        "    Thing: {type: object, required: [id, banned, name, made_at, size, undefined], properties: {id: {type: string}, banned: {type: boolean}, name: {type: string}, made_at: {type: integer}, size: {type: integer, nullable: true}, note: {type: string}}}",
        "",
    );
    let text = model(&api);
    assert!(text.contains("pub struct Thing {\npub id: Id,\n/// Never falls back: if it is missing, decoding fails.\npub banned: bool,\n"), "{text}");
    assert!(text.contains("#[serde(default, deserialize_with = \"lenient::or_default\")]\npub name: String"));
    assert!(text.contains("pub made_at: Timestamp"));
    assert!(text.contains(
        "#[serde(default, deserialize_with = \"lenient::optional_integer\")]\npub size: Option<i64>"
    ));
    assert!(text.contains("#[serde(skip_serializing_if = \"Option::is_none\")]\npub note: Option<String>"));
    assert!(!text.contains("undefined"));
    assert!(!text.contains("Default,"), "identity has no default");
}

#[test]
fn a_single_value_tag_is_omitted_and_other_enums_are_open() {
    let api = returning(
        "    Thing: {type: object, required: [object, state], properties: {object: {type: string, enum: [thing]}, state: {type: string, enum: [on, '']}}}",
        "",
    );
    assert_eq!(api.structs["Thing"].fields.len(), 1);
    assert_eq!(api.enums["ThingState"].values, ["on"]);
    assert!(model(&api).contains("        On = \"on\",\n"));
}

#[test]
fn alternatives_become_one_flat_struct() {
    let union = "[unions.Part]\nmembers = ['A', 'B']\nrequired = ['state']\nomit = ['secret']\nreason = ''\n[enums.State]\nplaces = ['*.state']\n";
    let api = returning(
        "    Thing: {type: object, properties: {part: {nullable: true, oneOf: [{$ref: '#/components/schemas/A'}, {$ref: '#/components/schemas/B'}]}}}\n    A: {type: object, required: [state, a], properties: {state: {type: string, enum: [x]}, a: {type: integer}}}\n    B: {type: object, properties: {state: {type: string}, secret: {type: string}}}",
        union,
    );
    assert_eq!(field(&api, "Thing", "part").ty, Ty::Struct("Part".into()));
    assert_eq!(field(&api, "Part", "state").ty, Ty::Enum("State".into()));
    assert!(!field(&api, "Part", "a").required);
    assert_eq!(api.structs["Part"].fields.len(), 2);
}

#[test]
fn corrections_change_add_and_omit_fields_and_must_match() {
    let thing = "    Thing: {type: object, properties: {id: {type: string}, old: {type: string}}}";
    let overlay = "[[corrections]]\nplace = 'Thing.id'\nrequired = true\nreason = ''\n[[corrections]]\nplace = 'Thing.old'\nomit = true\nreason = ''\n[[corrections]]\nplace = 'Thing.new'\nschema = { type = 'boolean' }\nreason = ''\n";
    let api = returning(thing, overlay);
    assert!(field(&api, "Thing", "id").required);
    assert_eq!(field(&api, "Thing", "new").ty, Ty::Bool);
    assert_eq!(api.structs["Thing"].fields.len(), 2);

    let text = format!("info: {{version: v}}\npaths: {{}}\ncomponents:\n  schemas:\n{thing}\n");
    let lost = lower(&Document::parse(&text).unwrap(), &Overlay::parse(&format!("{OVERLAY}{overlay}")));
    assert!(lost.err().unwrap().to_string().contains("matches nothing in the document"));
}

#[test]
fn a_field_of_a_body_is_required_optional_or_has_three_states() {
    let api = accepting(
        "{type: object, required: [user_id], properties: {user_id: {type: string}, note: {type: string, nullable: true}, count: {type: integer}}}",
    );
    let text = module(&api, "things");
    assert!(text.contains("pub fn make(user_id: impl Into<UserId>) -> Make {"), "{text}");
    assert!(text.contains("note: Nullable<String>,\ncount: Option<i64>,"));
    assert!(text.contains(
        "pub fn note(mut self, note: impl Into<Nullable<String>>) -> Self {\nself.note = note.into();"
    ));
    assert!(text.contains(
        "body.required(\"user_id\", &self.user_id).nullable(\"note\", &self.note).optional(\"count\", &self.count);"
    ));
    assert!(text.contains("decode::empty(Self::INFO, response)"));
}

#[test]
fn a_body_may_be_a_list_of_objects() {
    let api = accepting(
        "{type: array, minItems: 1, maxItems: 10, items: {type: object, required: [name], properties: {name: {type: string}, note: {type: string, nullable: true}}}}",
    );
    assert!(matches!(&api.operations[0].body, Body::List(field) if field.items == Some((1, 10))));
    let text = module(&api, "things");
    assert!(
        text.contains("pub fn make(body: impl IntoIterator<Item = impl Into<MakeItem>>) -> Make {"),
        "{text}"
    );
    assert!(text.contains(".items(\"body\", self.body.len(), 1, 10).json_value(\"body\", &self.body)"));
    assert!(
        text.contains("#[serde(skip_serializing_if = \"Nullable::is_absent\")]\nnote: Nullable<String>,")
    );
}

#[test]
fn queries_repeat_join_or_are_fixed() {
    let parameters = "[{name: a, in: query, schema: {type: array, items: {type: string}}}, {name: b, in: query, explode: false, schema: {type: array, items: {type: string, enum: [x]}}}, {name: limit, in: query, schema: {type: integer}}, {name: paginated, in: query, schema: {type: boolean}}]";
    let path = format!(
        "  /things: {{get: {{operationId: listThings, tags: [Things], parameters: {parameters}, responses: {{'200': {{content: {{application/json: {{schema: {{type: array, items: {{type: string}}}}}}}}}}}}}}}}"
    );
    let api = api(&path, "", "[fixed_query.paginated]\nvalue = 'true'\nreason = ''\n");
    assert!(matches!(&api.operations[0].output, Output::Page(Ty::Text)));
    let text = module(&api, "things");
    assert!(
        text.contains(
            ".query_each(\"a\", &self.a, 100).query_joined(\"b\", &self.b, 100)\
             .query_opt(\"limit\", self.limit.as_ref()).query(\"paginated\", true)"
        ),
        "{text}"
    );
    assert!(!text.contains("pub fn paginated"));
    assert!(text.contains("limit: Option<u32>"));
}

#[test]
fn a_list_with_a_total_is_a_page_and_an_empty_path_is_ignored() {
    let path = "  /none: {}\n  /nothing:\n  /things: {get: {operationId: ListThings, tags: [Things], responses: {'200': {content: {application/json: {schema: {$ref: '#/components/schemas/Things'}}}}}}}";
    let schemas = "    Things: {type: object, properties: {data: {type: array, items: {$ref: '#/components/schemas/Thing'}}, total_count: {type: integer}}}\n    Thing: {type: object, properties: {name: {type: string}}}";
    let api = api(path, schemas, "");
    assert_eq!(api.operations.len(), 1);
    assert!(matches!(&api.operations[0].output, Output::Page(Ty::Struct(name)) if name == "Thing"));
    assert!(!api.structs.contains_key("Things"));
}

#[test]
fn a_list_with_limit_and_offset_is_paged() {
    let parameter = |name: &str| format!("{{name: {name}, in: query, schema: {{type: integer}}}}");
    let get = |parameters: &str| {
        let success =
            "{'200': {content: {application/json: {schema: {type: array, items: {type: string}}}}}}";
        let path = format!(
            "  /things: {{get: {{operationId: ListThings, tags: [Things], parameters: [{parameters}], responses: {success}}}}}"
        );
        module(&api(&path, "", ""), "things")
    };
    let both = get(&format!("{}, {}", parameter("limit"), parameter("offset")));
    assert!(both.contains("impl Paged for ListThings {\ntype Item = String;"), "{both}");
    assert!(!get(&parameter("limit")).contains("Paged"));
}

#[test]
fn all_of_parts_can_be_nested() {
    let api = returning(
        "    Thing: {allOf: [{$ref: '#/components/schemas/Part'}, {properties: {size: {type: integer}}}]}\n    Part: {allOf: [{$ref: '#/components/schemas/Base'}, {properties: {name: {type: string}}}]}\n    Base: {type: object, required: [id], properties: {id: {type: string}}}",
        "",
    );
    let fields: Vec<_> = api.structs["Thing"].fields.iter().map(|field| field.wire.as_str()).collect();
    assert_eq!(fields, ["id", "name", "size"]);
    assert!(field(&api, "Thing", "id").required);
}

#[test]
fn inline_objects_can_be_named_and_inline_responses_can_be_components() {
    let api = returning(
        "    Thing: {type: object, properties: {parts: {type: array, items: {type: object, properties: {name: {type: string}}}}}}",
        "[models]\n'Thing.parts' = 'Part'\n",
    );
    assert_eq!(field(&api, "Thing", "parts").ty, Ty::List(Box::new(Ty::Struct("Part".into()))));

    let path = "  /things: {delete: {operationId: DeleteThing, tags: [Things], responses: {'200': {content: {application/json: {schema: {type: object, properties: {id: {type: string}}}}}}}}}";
    let gone = "    Gone: {type: object, properties: {deleted: {type: boolean}}}";
    let api = self::api(path, gone, "[aliases.'DeleteThing:response']\nof = 'Gone'\nreason = ''\n");
    assert!(matches!(&api.operations[0].output, Output::Value(Ty::Struct(name)) if name == "Gone"));
}

#[test]
fn an_id_rule_for_a_path_overrides_one_for_a_name() {
    let thing = "    Thing: {type: object, properties: {id: {type: string}, map: {type: object, properties: {id: {type: string}}}}}";
    let text = OVERLAY.replace(r#"[["id", "Id"]]"#, r#"[["id", "Id"], ["Thing.map.id", "String"]]"#);
    let text = format!("{text}\n[models]\n'Thing.map' = 'Part'\n");
    let path = "  /things: {get: {operationId: GetThing, tags: [Things], responses: {'200': {content: {application/json: {schema: {$ref: '#/components/schemas/Thing'}}}}}}}";
    let document = format!("info: {{version: v}}\npaths:\n{path}\ncomponents:\n  schemas:\n{thing}\n");
    let api = lower(&Document::parse(&document).unwrap(), &Overlay::parse(&text)).unwrap();
    assert_eq!(field(&api, "Thing", "id").ty, Ty::Id("Id".into()));
    assert_eq!(field(&api, "Part", "id").ty, Ty::Text);
}

#[test]
fn a_page_can_contain_a_list_that_is_a_component() {
    let path = "  /things: {get: {operationId: ListThings, tags: [Things], responses: {'200': {content: {application/json: {schema: {type: object, properties: {data: {$ref: '#/components/schemas/Things'}, total_count: {type: integer}}}}}}}}}";
    let schemas = "    Things: {type: array, items: {$ref: '#/components/schemas/Thing'}}\n    Thing: {type: object, properties: {name: {type: string}}}";
    let api = api(path, schemas, "");
    assert!(matches!(&api.operations[0].output, Output::Page(Ty::Struct(name)) if name == "Thing"));
}

#[test]
fn inline_objects_can_be_named_or_aliased() {
    let path = "  /things: {delete: {operationId: DropThing, tags: [Things], responses: {'200': {content: {application/json: {schema: {type: object, properties: {gone: {type: boolean}}}}}}}}, get: {operationId: GetThing, tags: [Things], responses: {'200': {content: {application/json: {schema: {$ref: '#/components/schemas/Thing'}}}}}}}";
    let schemas = "    Thing: {type: object, properties: {parts: {type: array, items: {type: object, properties: {name: {type: string}}}}}}\n    Gone: {type: object, properties: {what: {type: string}}}";
    let overlay = "[models]\n'Thing.parts' = 'Part'\n[aliases.'DropThing:response']\nof = 'Gone'\nreason = 'same shape'\n";
    let api = api(path, schemas, overlay);
    assert_eq!(field(&api, "Thing", "parts").ty, Ty::List(Box::new(Ty::Struct("Part".into()))));
    assert_eq!(api.structs.keys().collect::<Vec<_>>(), ["Gone", "Part", "Thing"]);
}

#[test]
fn sample_responses_have_every_field_and_list_the_strict_ones() {
    let api = returning(
        "    Thing: {type: object, required: [id, banned, made_at, owner], properties: {id: {type: string}, \
         banned: {type: boolean}, made_at: {type: integer}, state: {type: string, enum: [on, off]}, \
         parts: {type: array, items: {$ref: '#/components/schemas/Part'}}, \
         owner: {$ref: '#/components/schemas/Part'}}}\n    \
         Part: {type: object, required: [id], properties: {id: {type: string}}}",
        "",
    );
    let operations: Vec<_> = api.operations.iter().collect();
    let files = emit_responses::files(&api, &Overlay::parse(OVERLAY), &operations).unwrap();
    let responses: serde_json::Value =
        serde_json::from_str(&files["../../tests/samples/responses.json"]).unwrap();
    let want = serde_json::json!([{
        "type": "Thing",
        "operations": ["GetThing"],
        "made_of": ["Part", "Thing", "ThingState"],
        "strict": ["id", "banned", "parts[0].id", "owner", "owner.id"],
        "private": [],
        "identity": {},
        "response": {
            "id": "id_1", "banned": true, "made_at": 1_700_000_000_000_i64, "state": "on",
            "parts": [{"id": "id_1"}], "owner": {"id": "id_1"},
        },
    }]);
    assert_eq!(responses, want);
    let decoder = &files["../../tests/src/responses.rs"];
    assert!(decoder.contains("\"GetThing\" => reader.read(&"), "{decoder}");
}

#[test]
fn an_integer_that_never_falls_back_is_still_read_in_every_form() {
    let api = returning(
        "    Thing: {type: object, required: [banned, size], properties: {banned: {type: integer}, size: {type: integer}}}",
        "",
    );
    let families = "[families.thing]\ndoc = ''\nexample = ''\ntypes = ['Thing']\n";
    let overlay = Overlay::parse(&format!("{OVERLAY}{families}"));
    let files = emit_model::files(&api, &overlay, &api.structs.keys().cloned().collect()).unwrap();
    let text = &files["model/thing.rs"];
    for want in [
        "#[serde(deserialize_with = \"lenient::integer\")]\npub banned: i64",
        "#[serde(default, deserialize_with = \"lenient::integer_or_zero\")]\npub size: i64",
    ] {
        assert!(text.contains(want), "{want}: {text}");
    }
}

fn samples(api: &Api) -> String {
    emit_samples::file(&api.operations.iter().collect::<Vec<_>>(), api)
}

#[test]
fn samples_are_values_the_document_accepts() {
    let text = samples(&accepting(
        "{type: object, required: [name], properties: {name: {type: string, pattern: '^n_[a-z]{2}$'}, \
         state: {type: string, enum: [off, on]}, days: {type: integer, minimum: 30, maximum: 365}, \
         keys: {type: array, minItems: 3, maxItems: 9, items: {type: string, maxLength: 5}}}}",
    ));
    assert!(text.contains("visitor.visit(Sample::Minimal, things::make(\"n_ab\"));"), "{text}");
    let maximal = "things::make(\"n_ab\").state(MakeState::Off).days(30_i64)\
                   .keys([\"key 1\", \"key 2\", \"key 3\"])";
    assert!(text.replace(char::is_whitespace, "").contains(&maximal.replace(' ', "")), "{text}");
    assert!(!text.contains("Sample::Undocumented"), "{text}");
}

#[test]
fn a_minimal_sample_has_one_of_the_alternatives() {
    let text = samples(&accepting(
        "{type: object, properties: {one: {type: string}, two: {type: string}}, \
         anyOf: [{required: [one]}, {required: [two]}]}",
    ));
    assert!(text.contains("visitor.visit(Sample::Minimal, things::make().two(\"two 1\"));"), "{text}");
}

#[test]
fn undocumented_parameters_get_a_separate_sample() {
    let path = "  /things: {get: {operationId: GetThings, tags: [Things], x-speakeasy-group: things, \
                x-speakeasy-name-override: list, parameters: [{name: old, in: query, deprecated: true, \
                schema: {type: boolean}}, {name: kind, in: query, schema: {type: string}}], \
                responses: {'204': {}}}}";
    let overlay = "[[corrections]]\nplace = 'GetThings.kind'\nreason = ''\n\
                   schema = { type = 'array', items = { type = 'string' } }\n";
    let text = samples(&api(path, "", overlay));
    assert!(text.contains("visitor.visit(Sample::Maximal, things::list().kind([\"kind 1\"]));"), "{text}");
    assert!(
        text.contains(
            "visitor.visit(Sample::Undocumented, things::list().old(true).kind([\"kind 1\", \"kind 2\"]));"
        ),
        "{text}"
    );
}

#[test]
fn entries_of_the_overlay_that_are_about_nothing_are_listed() {
    let path = "  /things: {post: {operationId: MakeThing, tags: [Things], requestBody: {content: {application/json: {schema: \
                {type: object, properties: {part: {type: object, properties: {size: {type: integer}}}}}}}}, responses: \
                {'200': {content: {application/json: {schema: {$ref: '#/components/schemas/Thing'}}}}, '404': {}}}}";
    let thing = "    Thing: {type: object, properties: {state: {type: string, enum: [on, off]}}}";
    let api = api(path, thing, "");
    let entries = |more: &str| {
        let text = format!(
            "{OVERLAY}[summaries]\nMakeThing = ''\n[sentences]\nThing = ''\nThingState = ''\nMakeThingPart = ''\n\
             [fields.own]\n'MakeThing.part' = ''\n'MakeThingPart.size' = ''\n'Thing.state' = ''\n[fields.required]\n\
             size = ''\n[variants]\n'ThingState.on' = ''\n[errors]\n404 = ''\n'MakeThing.404' = ''\n[families.thing]\n\
             doc = ''\nexample = ''\ntypes = ['Thing', 'ThingState']\n{more}"
        );
        crate::missing::leftovers(&api, &Overlay::parse(&text), &api.operations.iter().collect::<Vec<_>>())
    };
    assert!(entries("").is_empty(), "{:?}", entries(""));
    let more = "[functions]\nMakeThings = 'things.make'\n[deprecated]\n'Thing.size' = ''\n[families.part]\ndoc = ''\n\
                example = ''\ntypes = ['Part']\n";
    let want = [
        "`deprecated` has `Thing.size`, which does not exist",
        "`functions` has `MakeThings`, which does not exist",
        "the family `part` has `Part`, which is not a model",
    ];
    assert_eq!(entries(more).into_iter().collect::<Vec<_>>(), want);
}

#[test]
fn a_model_in_two_families_is_an_error_that_names_both() {
    let thing = "    Thing: {type: object, properties: {state: {type: string, enum: [on, off]}}}";
    let api = returning(thing, "");
    let families = "[families.one]\ndoc = ''\nexample = ''\ntypes = ['Thing', 'ThingState']\n\
                    [families.two]\ndoc = ''\nexample = ''\ntypes = ['Thing']\n";
    let overlay = Overlay::parse(&format!("{OVERLAY}{families}"));
    let gaps = missing(&api, &overlay, &api.operations.iter().collect::<Vec<_>>());
    assert!(gaps.contains(&"the model `Thing` is in several families: one, two".to_owned()), "{gaps:?}");
    assert!(!gaps.iter().any(|gap| gap.starts_with("the model `ThingState` is in")), "{gaps:?}");
}

#[test]
fn limits_are_checked_before_sending() {
    let api = accepting(
        "{type: object, required: [name, days], properties: {name: {type: string, minLength: 1, maxLength: 9}, \
         days: {type: integer, minimum: 1, maximum: 365}, ttl: {type: number, nullable: true, minimum: 0, \
         exclusiveMinimum: true}, code: {type: string, maxLength: 4}, free: {type: integer}, \
         part: {type: object, nullable: true, properties: {rank: {type: integer, minimum: 1}}}, \
         parts: {type: array, maxItems: 3, items: {type: object, properties: {rank: {type: integer, minimum: 2}}}}}}",
    );
    let text = module(&api, "things");
    let want = ".letters(\"name\", Some(&self.name), 1..=9).number(\"days\", Some(self.days), 1..=365)\
                .number(\"ttl\", self.ttl.value().copied(), 1..).letters(\"code\", self.code.as_ref(), ..=4)\
                .within(self.part.value(), |request, object| request.number(\"rank\", object.rank, 1..))\
                .items_opt(\"parts\", self.parts.as_ref().map(Vec::len), 0, 3)\
                .within(self.parts.iter().flatten(), |request, object| request.number(\"rank\", object.rank, 2..))\
                .json(";
    assert!(text.contains(want), "{text}");
}

/// A request that an idempotency key identifies: in a header, or in each item of a list.
#[test]
fn a_request_with_an_idempotency_key_is_checked_and_safe_to_send_again() {
    let key = "{type: string, format: idempotency-key, pattern: '^[a-z_]{1,9}$'}";
    let paths = format!(
        "  /things: {{post: {{operationId: MakeThing, tags: [Things], x-speakeasy-group: things, \
         x-speakeasy-name-override: make, parameters: [{{name: Idempotency-Key, in: header, schema: {key}}}], \
         responses: {{'204': {{}}}}}}, put: {{operationId: MakeThings, tags: [Things], x-speakeasy-group: things, \
         x-speakeasy-name-override: make_all, requestBody: {{content: {{application/json: {{schema: {{type: object, \
         required: [all], properties: {{all: {{type: array, items: {{type: object, \
         properties: {{idempotency_key: {key}}}}}}}}}}}}}}}}}, responses: {{'204': {{}}}}}}}}"
    );
    let api = api(&paths, "", "");
    let text = module(&api, "things");
    for want in [
        "pub fn idempotency_key(mut self, idempotency_key: impl Into<String>) -> Self {",
        "RequestBuilder::new(Self::INFO).idempotency_key(self.idempotency_key.as_deref()).build()",
        ".within(&self.all, |request, object| request.key(\"idempotency_key\", object.idempotency_key.as_deref()))\
         .safe_if(self.all.iter().all(|item| item.idempotency_key.is_some())).json(",
    ] {
        assert!(text.contains(want), "{want}\n{text}");
    }
    assert!(samples(&api).contains("things::make().idempotency_key(\"a\")"), "{}", samples(&api));
}

#[test]
fn limits_of_several_fields_are_checked_in_all() {
    let total = |of: &str| {
        let total = |rest: &str| format!("[[totals]]\nof = '{of}'\n{rest}\n");
        total("fields = ['html', 'text']\nmax_bytes = 9")
            + &total("fields = ['to', 'cc']\nmax_items = 3")
            + &total("fields = ['files']\nmember = 'content'\nmax_bytes = 5")
    };
    let body = "{type: object, required: [to], properties: {to: {type: object, properties: {}}, \
                html: {type: string}, text: {type: string}, cc: {type: array, items: {type: string}}, \
                files: {type: array, items: {type: object, required: [content], properties: {content: {type: string}}}}}}";
    let api = accepting(body);
    let operations = api.operations.iter().collect::<Vec<_>>();
    let id = &operations[0].id;
    let overlay = Overlay::parse(&format!("{OVERLAY}{}", total(id)));
    let text = &emit_api::files(&api, &operations, &overlay, "", &BTreeMap::new())["api/things.rs"];
    let want = ".bytes(\"html\", self.html.iter().chain(self.text.iter()), 9)\
                .items(\"to\", 1 + self.cc.as_ref().map_or(0, Vec::len), 0, 3)\
                .decoded(\"files\", self.files.iter().flatten().map(|item| &item.content), 5)";
    assert!(text.contains(want), "{text}");

    let overlay = Overlay::parse(&format!("{OVERLAY}{}", total("NoSuchThing")));
    let gaps = missing(&api, &overlay, &operations);
    let want = "`NoSuchThing` has no fields html, text, so they have no total";
    assert!(gaps.iter().any(|gap| gap == want), "{gaps:?}");
}

#[test]
fn the_first_sentence_is_a_paragraph_and_fits_one_line() {
    assert_eq!(lead("Lists things. Newest first."), ("Lists things.", "Newest first."));
    assert_eq!(
        described("///", "Lists things. Newest first."),
        "/// Lists things.\n///\n/// Newest first.\n"
    );
    assert_eq!(described("///", "Lists things."), "/// Lists things.\n");
    for (summary, problem) in [
        ("Lists things", "does not end with a period"),
        (&format!("Lists {}.", "x".repeat(100)), "is longer than 100 characters"),
    ] {
        let api = returning("    Thing: {type: object, properties: {size: {type: integer}}}", "");
        let overlay = Overlay::parse(&format!("{OVERLAY}[summaries]\nGetThing = '{summary}'\n"));
        let gaps = missing(&api, &overlay, &api.operations.iter().collect::<Vec<_>>());
        let want = format!("the first sentence of `GetThing` {problem}");
        assert!(gaps.contains(&want), "{gaps:?}");
    }
}
