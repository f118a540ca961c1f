//! Tests that fields which may be secret or deny access are decided one by one.

use super::{OVERLAY, api, returning};
use crate::{emit_model, ir::Api, missing::missing, overlay::Overlay};

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
