//! Phone numbers.

use super::{
    super::state::{CodeStrategy, ContactKind},
    ApiRequest, ApiResult,
    Handler::{Fixed, One},
    Route, contacts,
};

pub(super) const ROUTES: &[Route] = &[
    Route::post("/phone_numbers", Fixed(create)),
    Route::get("/phone_numbers/{phone_number_id}", One(get)),
    Route::patch("/phone_numbers/{phone_number_id}", One(update)),
    Route::delete("/phone_numbers/{phone_number_id}", One(delete)),
    Route::post("/phone_numbers/{phone_number_id}/prepare_verification", One(prepare)),
    Route::post("/phone_numbers/{phone_number_id}/attempt_verification", One(attempt)),
    Route::put("/users/{user_id}/phone_number", One(replace)),
];

const KIND: ContactKind = ContactKind::Phone;

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
    contacts::prepare(request, CodeStrategy::Phone, id)
}

fn attempt(request: ApiRequest<'_>, id: &str) -> ApiResult {
    contacts::attempt(request, CodeStrategy::Phone, id)
}

fn replace(request: ApiRequest<'_>, user: &str) -> ApiResult {
    contacts::replace(request, KIND, user)
}
