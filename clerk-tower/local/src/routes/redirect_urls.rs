//! Redirect URLs: where native applications may be sent after a sign-in.

use serde_json::json;

use super::{
    super::{body::Body, error::ApiError, state::RedirectUrl},
    ApiRequest, ApiResult,
    Handler::{Fixed, One},
    Route,
};

pub(super) const ROUTES: &[Route] = &[
    Route::get("/redirect_urls", Fixed(list)),
    Route::post("/redirect_urls", Fixed(create)),
    Route::get("/redirect_urls/{id}", One(get)),
    Route::delete("/redirect_urls/{id}", One(delete)),
];

fn list(request: ApiRequest<'_>) -> ApiResult {
    let ApiRequest { state, query, .. } = request;
    let mut urls: Vec<_> = state.redirect_urls.iter().collect();
    urls.reverse();
    let paginated = query.flag("paginated")?.unwrap_or(false);
    Ok(query.page()?.list(paginated, &urls, |url| url.render()))
}

fn create(request: ApiRequest<'_>) -> ApiResult {
    let ApiRequest { state, body, now, .. } = request;
    let body = Body::parse(body, &["url"])?;
    let url = body.required("url")?;
    let is_good = url::Url::parse(url).is_ok_and(|url| !url.cannot_be_a_base());
    if url.len() > 2048 || !is_good {
        return Err(ApiError::bad_format(
            "url",
            "a URL such as https://example.com/callback or my-app://callback",
        ));
    }
    if state.redirect_urls.find(|other| other.url == url).is_some() {
        return Err(ApiError::exists("url"));
    }
    let url = RedirectUrl::new(url, now);
    let rendered = url.render();
    state.redirect_urls.insert(url);
    Ok(rendered)
}

fn get(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let ApiRequest { state, .. } = request;
    Ok(state.redirect_urls.get(id)?.render())
}

fn delete(request: ApiRequest<'_>, id: &str) -> ApiResult {
    let ApiRequest { state, .. } = request;
    state.redirect_urls.remove(id)?;
    Ok(json!({ "object": "redirect_url", "id": id, "deleted": true }))
}
