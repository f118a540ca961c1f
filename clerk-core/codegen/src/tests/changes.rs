//! Tests the changelog of two small documents, and what the overlay adds to them.

use super::{OVERLAY, api, module};
use crate::{diff::report, document::Document, facts, ir::Api, lower::lower_what_fits, overlay::Overlay};

/// The changelog between two documents, each given by its paths and components.
fn changed(old: [&str; 2], new: [&str; 2], overlay: &str) -> (String, Vec<String>) {
    let read = |[paths, schemas]: [&str; 2]| {
        let text = format!(
            "info: {{version: v}}\npaths:\n{paths}\ncomponents:\n  schemas:\n{schemas}\n    Unused: {{}}\n"
        );
        lower_what_fits(&Document::parse(&text).unwrap(), &Overlay::parse(&format!("{OVERLAY}{overlay}")))
    };
    let (api, problems) = read(new);
    let facts = |api: &Api| facts::parse(&facts::list(api));
    (report(&facts(&read(old).0), &facts(&api), &problems), problems.overlay)
}

/// A path with one operation that has a body of these properties and whose response is `Thing`.
fn changing(properties: &str, rest: &str) -> String {
    format!(
        "  /things: {{patch: {{operationId: ChangeThing, tags: [Things], {rest} \
         requestBody: {{content: {{application/json: {{schema: {{type: object, {properties}}}}}}}}}, \
         responses: {{'200': {{content: {{application/json: {{schema: {{$ref: '#/components/schemas/Thing'}}}}}}}}}}}}}}"
    )
}

const NO_PROPERTIES: &str = "properties: {name: {type: string}}";
const THING: &str = "    Thing: {type: object, required: [size], properties: {size: {type: integer}, state: {type: string, enum: [on, off]}}}";

#[test]
fn changes_in_requests_are_reported() {
    for (old, new, want) in [
        (
            "",
            "kind: {type: string}, at: {type: integer, nullable: true}",
            "- `ChangeThing`:\n  - added `body.at`, `int nullable`, optional\n  - added `body.kind`, `string`, optional\n",
        ),
        ("kind: {type: string}", "", "- `ChangeThing`: removed `body.kind`\n"),
        (
            "kind: {type: string}",
            "kind: {type: integer}",
            "- `ChangeThing`: `body.kind` is `int` instead of `string`\n",
        ),
        (
            "kind: {type: string}",
            "kind: {type: string, nullable: true}",
            "- `ChangeThing`: `body.kind` is `string nullable` instead of `string`\n",
        ),
        (
            "kind: {type: string}",
            "kind: {type: string, deprecated: true}",
            "- `ChangeThing`: `body.kind` is now deprecated\n",
        ),
        (
            "kind: {type: array, maxItems: 5, items: {type: string}}",
            "kind: {type: array, maxItems: 9, items: {type: string}}",
            "- `ChangeThing`: `body.kind` is `[string] 0..9 items` instead of `[string] 0..5 items`\n",
        ),
        (
            "days: {type: integer, minimum: 1, maximum: 9}",
            "days: {type: integer, minimum: 1}",
            "- `ChangeThing`: `body.days` is `int 1..` instead of `int 1..9`\n",
        ),
        (
            "part: {type: object, properties: {a: {type: string}}}",
            "part: {type: object, properties: {a: {type: string}, b: {type: string}}}",
            "- `ChangeThing`: added `body.part.b`, `string`, optional\n",
        ),
        ("kind: {type: string, description: old}", "kind: {type: string, description: new}", ""),
    ] {
        let [old, new] = [old, new]
            .map(|fields| changing(&format!("properties: {{name: {{type: string}}, {fields}}}"), ""));
        assert_eq!(changed([&old, THING], [&new, THING], "").0, want, "{new}");
    }
}

#[test]
fn newly_required_fields_are_reported() {
    let old = changing(NO_PROPERTIES, "");
    let new = changing(&format!("required: [name], {NO_PROPERTIES}"), "");
    let want = "- `ChangeThing`: `body.name` is now required\n";
    assert_eq!(changed([&old, THING], [&new, THING], "").0, want);
    let want = "- `ChangeThing`: `body.name` is now optional\n";
    assert_eq!(changed([&new, THING], [&old, THING], "").0, want);
}

#[test]
fn changed_parameters_and_deprecations_are_reported() {
    let old = changing(NO_PROPERTIES, "parameters: [{name: a, in: query, schema: {type: string}}],");
    let new = changing(
        NO_PROPERTIES,
        "deprecated: true, parameters: [{name: a, in: query, deprecated: true, schema: {type: string}}, \
         {name: b, in: query, required: true, schema: {type: boolean}}],",
    );
    let want = "- `ChangeThing`:\n  - added `query.b`, `bool`, required\n  - the operation is now deprecated\n  \
                - `query.a` is now deprecated\n";
    assert_eq!(changed([&old, THING], [&new, THING], "").0, want);
}

#[test]
fn changes_in_responses_are_reported() {
    let path = changing(NO_PROPERTIES, "");
    let new = "    Thing: {type: object, properties: {size: {type: string}, note: {type: string}, state: {type: string, enum: [on, idle]}}}";
    let want = "- Model `Thing`:\n  - added `note`, `string`, optional\n  - `size` is now optional\n  \
                - `size` is `string` instead of `int`\n\
                - Enum `ThingState`:\n  - added `idle`\n  - removed `off`\n";
    assert_eq!(changed([&path, THING], [&path, new], "").0, want);
}

#[test]
fn another_response_is_reported() {
    let old = changing(NO_PROPERTIES, "");
    let new = old.replace("schemas/Thing", "schemas/Part");
    let schemas = format!("{THING}\n    Part: {{type: object, properties: {{name: {{type: string}}}}}}");
    let want = "- Added model `Part`\n- Removed model `Thing`\n- Removed enum `ThingState`\n\
                - `ChangeThing`: the response is `Part` instead of `Thing`\n";
    assert_eq!(changed([&old, &schemas], [&new, &schemas], "").0, want);
}

#[test]
fn added_and_removed_operations_and_models_are_reported() {
    let old = changing(NO_PROPERTIES, "");
    let new = "  /parts: {get: {operationId: ListParts, tags: [Things], responses: {'200': {content: {application/json: {schema: {type: array, items: {$ref: '#/components/schemas/Part'}}}}}}}}";
    let part = "    Part: {type: object, properties: {name: {type: string}}}";
    let want = "- Added `ListParts`, `GET /parts`\n- Added model `Part`\n\
                - Removed `ChangeThing`, `PATCH /things`\n- Removed model `Thing`\n- Removed enum `ThingState`\n";
    assert_eq!(changed([&old, THING], [new, part], "").0, want);
}

#[test]
fn unsupported_operations_are_reported_and_not_taken_for_removed() {
    let old = changing(NO_PROPERTIES, "");
    let new = changing(NO_PROPERTIES, "parameters: [{name: a, in: header, schema: {type: string}}],");
    let want = "- `ChangeThing` cannot be compared: `a` is a header parameter, which is not supported\n";
    assert_eq!(changed([&old, THING], [&new, THING], "").0, want);
}

#[test]
fn models_of_the_same_name_are_reported_in_one_line() {
    let old = changing(NO_PROPERTIES, "");
    let part = "  /parts: {get: {operationId: GetPart, tags: [Things], responses: {'200': {content: {application/json: {schema: {$ref: '#/components/schemas/Part'}}}}}}}";
    let parts = "    Part: {type: object, required: [b], properties: {a: {type: string}, b: {type: string}, c: {type: string}}}";
    let want = "- `GetPart` cannot be compared: two models are named `Thing`, and differ in `a`, `b`, `c`, `size`, `state`\n";
    let new = [format!("{old}\n{part}"), format!("{THING}\n{parts}")];
    assert_eq!(changed([&old, THING], [&new[0], &new[1]], "[models]\nPart = 'Thing'\n").0, want);
}

/// The code is generated without what such an entry of the overlay adds.
#[test]
fn entries_of_the_overlay_that_refer_to_missing_components_are_reported() {
    const PARTS: &str = "    Part: {type: object, properties: {name: {type: string}}}\n    \
                         Old: {type: object, properties: {kind: {type: string}}}";
    const ENTRIES: &str = "[aliases.Thing]\nof = 'Gone'\nreason = ''\n[[corrections]]\nplace = 'Thing.parts'\nreason = ''\n\
                           schema = { type = 'array', items = { '$ref' = '#/components/schemas/Gone' } }\n\
                           [unions.Either]\nmembers = ['Part', 'Gone', 'Old']\nrequired = []\nreason = ''\n";
    let thing = "    Thing: {type: object, properties: {size: {type: integer}, part: {oneOf: \
                 [{$ref: '#/components/schemas/Part'}, {$ref: '#/components/schemas/Old'}]}}}";
    let (old, path) = (format!("{THING}\n{PARTS}"), changing(NO_PROPERTIES, ""));
    let (report, problems) = changed([&path, &old], [&path, &format!("{thing}\n{PARTS}")], ENTRIES);
    let want = "- Added model `Either`\n- Removed enum `ThingState`\n- Model `Thing`:\n  - added `part`, `Either`, optional\n  \
                - removed `state`\n  - `size` is now optional\n";
    assert_eq!(report, want);
    assert_eq!(
        problems,
        [
            "`Thing` has the alias `Gone`, which is not in the document",
            "the correction of `Thing.parts` refers to `#/components/schemas/Gone`, which is not in the document",
            "the union `Either` has `Gone`, which is not in the document",
        ]
    );
}

#[test]
fn the_facts_of_an_operation_that_cannot_be_read_are_kept() {
    let old = "enum State on\nmodel Part name string\nmodel Thing part Part\noperation GetThing answer Thing\noperation Old is GET /old\n";
    let new = "model Thing name string\noperation ListThings is GET /things\n";
    let unread = |names: &[&str]| names.iter().map(|name| ((*name).to_owned(), String::new())).collect();
    assert_eq!(facts::with_unread(new, old, &unread(&[])), new);
    let want = "enum State on\nmodel Part name string\nmodel Thing name string\noperation GetThing answer Thing\n\
                operation ListThings is GET /things\n";
    assert_eq!(facts::with_unread(new, old, &unread(&["GetThing", "New"])), want);
}

const MORE: &str = "[undocumented.'/more'.post]\noperationId = 'MakeMore'\ntags = ['Things']\n\
                    responses.204 = {}\n[[corrections]]\nplace = 'ChangeThing.loud'\nquery = true\n\
                    schema = { type = 'boolean' }\nreason = ''\n";

#[test]
fn undocumented_operations_and_parameters_are_generated_and_marked() {
    let path = format!("{}\n  /more: {{}}", changing(NO_PROPERTIES, ""));
    let api = api(&path, THING, MORE);
    let text = module(&api, "things");
    assert!(text.contains("Clerk's published document omits this operation"), "{text}");
    assert!(text.contains("/// Request builder for [`make_more`]: `POST /more`,"), "{text}");
    assert!(text.contains("Method::POST, \"/more\", \"Things\").undocumented();"));
    assert!(!text.contains("\"/things\", \"Things\").undocumented()"));
    assert!(text.contains(".query_opt(\"loud\", self.loud.as_ref()).json("));
    assert_eq!(text.matches("pub fn loud").count(), 1);
    assert!(!facts::list(&api).contains("MakeMore") && !facts::list(&api).contains("loud"));
}

#[test]
fn overlay_entries_that_the_document_already_has_are_reported() {
    let old = changing(NO_PROPERTIES, "");
    let new = format!(
        "{}\n  /more: {{post: {{operationId: MakeMore, tags: [Things], responses: {{'204': {{}}}}}}}}",
        changing(NO_PROPERTIES, "parameters: [{name: loud, in: query, schema: {type: boolean}}],")
    );
    let (report, problems) = changed([&old, THING], [&new, THING], MORE);
    let want = "- Added `MakeMore`, `POST /more`\n- `ChangeThing`: added `query.loud`, `bool`, optional\n";
    assert_eq!(report, want);
    assert_eq!(
        problems,
        [
            "`ChangeThing.loud` is in the document, so the overlay need not add it",
            "`POST /more` is in the document, so the overlay need not define it",
        ]
    );
}

#[test]
fn a_component_of_the_overlay_is_used_but_is_not_a_fact_and_is_reported_once_the_document_has_it() {
    const ADDED: &str = "[[corrections]]\nplace = 'Thing.parts'\nreason = ''\n\
                         schema = { type = 'array', items = { '$ref' = '#/components/schemas/Part' } }\n\
                         [components.Part]\ntype = 'object'\n\
                         properties = { weight = { type = 'integer' }, name = { type = 'string' } }\n";
    const PART: &str = "    Part: {type: object, properties: {weight: {type: integer}}}";
    let read = |schemas: &str| {
        let text = format!(
            "info: {{version: v}}\npaths:\n{}\ncomponents:\n  schemas:\n{schemas}\n",
            changing(NO_PROPERTIES, "")
        );
        let overlay = Overlay::parse(&format!("{OVERLAY}{ADDED}"));
        lower_what_fits(&Document::parse(&text).unwrap().with_components(&overlay.components), &overlay)
    };
    let (api, problems) = read(THING);
    assert!(problems.is_empty(), "{:?}", problems.overlay);
    let fields: Vec<_> = api.structs["Part"].fields.iter().map(|field| field.wire.as_str()).collect();
    assert_eq!(fields, ["weight", "name"], "in the order of the overlay");
    assert!(!facts::list(&api).contains("Part"), "{}", facts::list(&api));

    let (_, problems) = read(&format!("{THING}\n{PART}"));
    assert_eq!(problems.overlay, ["`Part` is in the document, so the overlay need not define it"]);
}
