//! Tests that fields which may be secret, deny access or identify a resource are decided one by one.

use std::collections::BTreeMap;

use super::{OVERLAY, api, returning};
use crate::{emit_api, emit_model, ir::Api, missing::missing, overlay::Overlay};

const THING: &str = "    Thing: {type: object, required: [banned, secret, active], properties: {banned: {type: boolean}, \
                     secret: {type: string}, secret_at: {type: integer}, active: {type: boolean}, \
                     part: {$ref: '#/components/schemas/Part'}}}\n    \
                     Part: {type: object, properties: {name: {type: string}}}";

fn overlay(decisions: &str) -> Overlay {
    Overlay::parse(&format!(
        "{OVERLAY}secrets = ['*secret*']\naccess = ['banned', 'active']\n{decisions}\n\
         [families.thing]\ndoc = ''\nexample = ''\ntypes = ['Thing', 'Part']\n"
    ))
}

fn undecided(api: &Api, decisions: &str) -> Vec<String> {
    let mut gaps = missing(api, &overlay(decisions), &api.operations.iter().collect::<Vec<_>>());
    gaps.retain(|gap| !gap.contains("sentence") && !gap.contains("summary"));
    gaps
}

#[test]
fn a_field_that_matches_a_pattern_must_be_decided() {
    let api = returning(THING, "");
    let decided = "[secrets]\n'Thing.secret' = { is = 'private', reason = '' }\n\
                   [access]\n'Thing.banned' = { is = 'denies', reason = '' }\n\
                   'Thing.active' = { is = 'reported', reason = '' }\n";
    assert_eq!(undecided(&api, decided), [""; 0]);
    for (decisions, want) in [
        (decided.replace("'Thing.secret'", "'Thing.name'"), "`Thing.secret` is not decided in `secrets`"),
        (decided.replace("'Thing.banned'", "'Thing.name'"), "`Thing.banned` is not decided in `access`"),
        (
            decided.replace("'Thing.active'", "'Thing.inactive'"),
            "`access` decides `Thing.inactive`, which is not a field of a model, or matches no pattern",
        ),
        (
            decided.replace("'private'", "'hidden'"),
            "`Thing.secret` is `hidden`, which `secrets` does not know",
        ),
        // A missing `active` is read as `false`.
        (decided.replace("'reported'", "'denies'"), "`Thing.active` denies access, so it must be `strict`"),
    ] {
        assert!(undecided(&api, &decisions).contains(&want.to_owned()), "{want}: {decisions}");
    }
}

#[test]
fn a_private_field_is_only_in_the_declaration_of_all_fields() {
    let path = "  /things: {get: {operationId: GetThing, tags: [Things], responses: {'200': {content: {application/json: {schema: {$ref: '#/components/schemas/Thing'}}}}}}}";
    let schemas = "    Thing: {type: object, properties: {part: {$ref: '#/components/schemas/Part'}}}\n    \
                   Part: {type: object, properties: {secret: {type: string}, spare: {$ref: '#/components/schemas/Spare'}}}\n    \
                   Spare: {type: object, properties: {name: {type: string}}}";
    let api = api(path, schemas, "");
    let overlay = overlay(
        "[secrets]\n'Part.secret' = { is = 'private', reason = '' }\n[families.spare]\ndoc = ''\nexample = ''\ntypes = ['Spare']\n",
    );
    let names = api.structs.keys().cloned().collect();
    let files = emit_model::files(&api, &overlay, &names).unwrap();
    let text = &files["model/thing.rs"];
    for want in [
        "#[serde(skip_serializing)]\npub secret: Option<String>,",
        "#[serde(remote = \"Part\")]\nstruct PartWithPrivate {\n#[serde(skip_serializing_if = \"Option::is_none\")]\nsecret: Option<String>,",
        // A model that contains one with private fields needs them too.
        "struct ThingWithPrivate {\n#[serde(skip_serializing_if = \"Option::is_none\", serialize_with = \"private::serialize\")]\npart: Option<Part>,",
    ] {
        assert!(text.contains(want), "{want}\n{text}");
    }
    assert!(files["model/spare.rs"].contains("private::has_private!(Spare, Serialize);"));
}

#[test]
fn what_was_asked_for_is_compared_with_the_response() {
    let operation = |id: &str, method: &str| {
        format!(
            "{method}: {{operationId: {id}, tags: [Things], x-speakeasy-group: things, x-speakeasy-name-override: {id}, \
             parameters: [{{name: thing_id, in: path, required: true, schema: {{type: string}}}}], responses: \
             {{'200': {{content: {{application/json: {{schema: {{$ref: '#/components/schemas/Thing'}}}}}}}}}}}}"
        )
    };
    let paths = format!(
        "  /things/{{thing_id}}: {{{}}}\n  /things/{{thing_id}}/paint: {{{}}}\n  /other/{{thing_id}}/copy: {{{}}}",
        operation("getThing", "get"),
        operation("paintThing", "post"),
        operation("copyThing", "post"),
    );
    let schemas = "    Thing: {type: object, required: [id], properties: {id: {type: string}, slug: {type: string}, \
                   part: {$ref: '#/components/schemas/Part'}}}\n    \
                   Part: {type: object, properties: {name: {type: string}}}";
    let api = api(&paths, schemas, "");
    let operations: Vec<_> = api.operations.iter().collect();
    let code = |overlay: &str| {
        let overlay = Overlay::parse(&format!("{OVERLAY}{overlay}"));
        let text = emit_api::files(&api, &operations, &overlay, "", &BTreeMap::new())
            .remove("api/things.rs")
            .unwrap();
        let gaps = missing(&api, &overlay, &operations);
        (text, gaps.into_iter().filter(|gap| gap.contains("identity")).collect::<Vec<_>>())
    };
    let (text, gaps) = code("");
    let by_id = "decode::same(Self::INFO, \"id\", self.thing_id.as_str(), [Some(found.id.as_str())])?;";
    // The path of `paint` ends below that of a thing, so it returns the thing. What `copy` returns is not known.
    assert_eq!(text.matches(by_id).count(), 2, "{text}");
    assert_eq!(gaps, ["`copyThing.thing_id` is not decided in `identity`: is it the `id` of the response?"]);
    let (text, gaps) = code(
        "[identity_also]\nthing_id = 'slug'\n\
         [identity]\n'copyThing.thing_id' = { fields = ['part.name'], reason = '' }\n\
         'sellThing.thing_id' = { fields = [], reason = '' }\n",
    );
    assert!(text.contains("[Some(found.id.as_str()), found.slug.as_deref()])?;"), "{text}");
    assert!(text.contains("\"part.name\", self.thing_id.as_str(), [found.part.as_ref().and_then(|part| part.name.as_deref())])?;"), "{text}");
    assert_eq!(gaps, ["`identity` decides `sellThing.thing_id`, which is not a path parameter"]);
}
