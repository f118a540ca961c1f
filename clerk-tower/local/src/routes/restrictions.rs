//! The allow-list and the block-list.

use http::StatusCode;
use serde_json::json;

use super::{
    super::{
        body::Body,
        error::ApiError,
        state::{ContactKind, ListedIdentifier, NewInvitation, Purpose, State, extended},
        table::Table,
    },
    ApiRequest, ApiResult,
    Handler::{Fixed, One},
    Route,
};

pub(super) const ROUTES: &[Route] = &[
    Route::get("/allowlist_identifiers", Fixed(list_allowed)),
    Route::post("/allowlist_identifiers", Fixed(allow)),
    Route::delete(
        "/allowlist_identifiers/{identifier_id}",
        One(|request, id| delete(request, &ALLOWLIST, id)),
    ),
    Route::get("/blocklist_identifiers", Fixed(list_blocked)),
    Route::post("/blocklist_identifiers", Fixed(block)),
    Route::delete(
        "/blocklist_identifiers/{identifier_id}",
        One(|request, id| delete(request, &BLOCKLIST, id)),
    ),
];

/// One of the two lists.
struct List {
    object: &'static str,
    prefix: &'static str,
    duplicate: &'static str,
    rows: fn(&mut State) -> &mut Table<ListedIdentifier>,
}

const ALLOWLIST: List = List {
    object: "allowlist_identifier",
    prefix: "alid_",
    duplicate: "duplicate_allowlist_identifier",
    rows: |state| &mut state.allowlist,
};

const BLOCKLIST: List = List {
    object: "blocklist_identifier",
    prefix: "blid_",
    duplicate: "duplicate_blocklist_identifier",
    rows: |state| &mut state.blocklist,
};

/// Reads the identifier of a new row. Rejects a malformed one, and one that is on the list already.
fn read(state: &mut State, body: &Body, list: &List) -> Result<ListedIdentifier, ApiError> {
    let row = ListedIdentifier::new(list.prefix, body.required("identifier")?, state.now);
    row.check_format()?;
    if (list.rows)(state).iter().any(|known| known.identifier == row.identifier) {
        return Err(ApiError::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            list.duplicate,
            "is already on the list",
            format!("{} is already on the list", row.identifier),
        ));
    }
    Ok(row)
}

fn list_allowed(request: ApiRequest<'_>) -> ApiResult {
    let ApiRequest { state, query, .. } = request;
    let page = query.page()?;
    let paginated = query.flag("paginated")?.unwrap_or(false);
    let rows: Vec<_> = state.allowlist.iter().rev().collect();
    Ok(page.list(paginated, &rows, |row| render_allowed(row)))
}

fn render_allowed(row: &ListedIdentifier) -> serde_json::Value {
    let rendered = row.render(ALLOWLIST.object);
    match &row.invitation {
        Some(invitation) => extended(rendered, json!({ "invitation_id": invitation })),
        None => rendered,
    }
}

fn allow(request: ApiRequest<'_>) -> ApiResult {
    let ApiRequest { state, key, body, .. } = request;
    let body = Body::parse(body, &["identifier", "notify"])?;
    let notify = body.flag("notify")?.unwrap_or(false);
    let mut row = read(state, &body, &ALLOWLIST)?;
    if notify && ContactKind::Email.check_format(&row.identifier).is_ok() && row.kind() == "email_address" {
        let new = NewInvitation::to(&row.identifier, Purpose::Invitation);
        state.check_invitation(&new)?;
        row.invitation = Some(state.invite(new, key).id);
    }
    let rendered = render_allowed(&row);
    state.allowlist.insert(row);
    Ok(rendered)
}

fn list_blocked(request: ApiRequest<'_>) -> ApiResult {
    let ApiRequest { state, .. } = request;
    let rows: Vec<_> = state.blocklist.iter().rev().map(|row| row.render(BLOCKLIST.object)).collect();
    Ok(json!({ "data": rows, "total_count": rows.len() }))
}

fn block(request: ApiRequest<'_>) -> ApiResult {
    let ApiRequest { state, body, .. } = request;
    let body = Body::parse(body, &["identifier"])?;
    let row = read(state, &body, &BLOCKLIST)?;
    let rendered = row.render(BLOCKLIST.object);
    state.blocklist.insert(row);
    Ok(rendered)
}

fn delete(request: ApiRequest<'_>, list: &List, id: &str) -> ApiResult {
    let ApiRequest { state, .. } = request;
    let row = (list.rows)(state).remove(id)?;
    Ok(json!({ "object": list.object, "id": row.id, "deleted": true }))
}
