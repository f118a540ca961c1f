//! The page after the sign-in page, on which the user chooses an organization.

use http::StatusCode;

use super::{
    super::{
        super::{HttpResponse, error::ApiError},
        browser_request::BrowserRequest,
        handshake,
        html::{Escaped, document},
        picture,
    },
    destination, page_url,
    parts::{self, LOGO},
    return_address, see_other,
};

/// `GET /sign-in/organization`.
pub(super) fn show(request: &BrowserRequest<'_>) -> Result<HttpResponse, ApiError> {
    let destination = destination(request.query.first("redirect_url"))?;
    let state = &*request.local.state();
    let client = request.client_by_cookie_or_query(state);
    let Some((session, user)) = client.and_then(|client| state.active_session(client, request.now)) else {
        return Ok(see_other(&page_url("/sign-in", destination.as_ref()), Vec::new()));
    };
    let name = picture::name(user);
    let organizations = parts::organizations(state, session, destination.as_ref());
    let (title, main) = if organizations.is_empty() {
        let hidden = parts::hidden(destination.as_ref());
        let main = format!(
            "{LOGO}<h1>{} belongs to no organization</h1>\n<p>Sign in as someone who does.</p>\n\
             <form method=\"post\" action=\"/sign-out\">\n{hidden}<button class=\"button plain\">Sign out</button>\n\
             </form>\n",
            Escaped(&name)
        );
        ("No organization", main)
    } else {
        let heading = format!("{LOGO}<h1>Choose an organization</h1>\n<p>for {}</p>\n", Escaped(&name));
        ("Choose an organization", format!("{heading}{organizations}"))
    };
    Ok(document(StatusCode::OK, title, &main))
}

/// `POST /sign-in/organization`.
pub(super) fn choose(request: &BrowserRequest<'_>) -> Result<HttpResponse, ApiError> {
    request.check_form()?;
    let destination = destination(request.form.first("redirect_url"))?;
    let state = &mut *request.local.state();
    let client = request.client_by_cookie_or_query(state).cloned();
    let session = client.as_ref().and_then(|client| state.active_session(client, request.now));
    let session = session.map(|(session, _)| session.id.clone());
    let (Some(client), Some(session)) = (client, session) else {
        return Ok(see_other(&page_url("/sign-in", destination.as_ref()), Vec::new()));
    };
    let organization = request.form.given("organization").ok_or_else(|| ApiError::missing("organization"))?;
    if !handshake::activate(state, session.as_str(), organization) {
        return Err(ApiError::not_found("organization of this user"));
    }
    let cookies = request.client_cookies(state, &client);
    Ok(see_other(&return_address(destination, &client), cookies))
}
