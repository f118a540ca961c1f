//! Email addresses.

use super::{
    super::state::{CodeStrategy, ContactKind},
    ApiRequest, ApiResult,
    Handler::{Fixed, One},
    Route, contacts,
};

pub(super) const ROUTES: &[Route] = &[
    Route::post("/email_addresses", Fixed(create)),
    Route::get("/email_addresses/{email_address_id}", One(get)),
    Route::patch("/email_addresses/{email_address_id}", One(update)),
    Route::delete("/email_addresses/{email_address_id}", One(delete)),
    Route::post("/email_addresses/{email_address_id}/prepare_verification", One(prepare)),
    Route::post("/email_addresses/{email_address_id}/attempt_verification", One(attempt)),
    Route::put("/users/{user_id}/email_address", One(replace)),
];

const KIND: ContactKind = ContactKind::Email;

fn create(request: ApiRequest<'_>) -> ApiResult {
    contacts::create(request, KIND)
}

fn get(request: ApiRequest<'_>, id: &str) -> ApiResult {
    contacts::get(request, KIND, id)
}

fn update(request: ApiRequest<'_>, id: &str) -> ApiResult {
    contacts::update(request, KIND, id)
}

fn delete(request: ApiRequest<'_>, id: &str) -> ApiResult {
    contacts::delete(request, KIND, id)
}

fn prepare(request: ApiRequest<'_>, id: &str) -> ApiResult {
    contacts::prepare(request, CodeStrategy::Email, id)
}

fn attempt(request: ApiRequest<'_>, id: &str) -> ApiResult {
    contacts::attempt(request, CodeStrategy::Email, id)
}

fn replace(request: ApiRequest<'_>, user: &str) -> ApiResult {
    contacts::replace(request, KIND, user)
}
