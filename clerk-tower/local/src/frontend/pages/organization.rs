//! The page after the sign-in page: for which organization?

use http::StatusCode;

use super::{
    super::{
        super::{Answer, error::ApiError},
        handshake,
        html::{Text, document},
        picture,
        visit::Visit,
    },
    destination, page,
    parts::{self, MARK},
    see_other, way_back,
};

/// `GET /sign-in/organization`.
pub(super) fn show(visit: &Visit<'_>) -> Result<Answer, ApiError> {
    let destination = destination(visit.query.first("redirect_url"))?;
    let state = &*visit.local.state();
    let client = visit.client(state);
    let Some((session, user)) = client.and_then(|client| state.visitor(client, visit.now)) else {
        return Ok(see_other(&page("/sign-in", destination.as_ref()), None));
    };
    let name = picture::name(user);
    let organizations = parts::organizations(state, session, destination.as_ref());
    let main = if organizations.is_empty() {
        let hidden = parts::hidden(destination.as_ref());
        format!(
            "{MARK}<h1>{} belongs to no organization</h1>\n<p>Sign in as somebody who does.</p>\n\
             <form method=\"post\" action=\"/sign-out\">\n{hidden}<button class=\"button plain\">Sign out</button>\n\
             </form>\n",
            Text(&name)
        )
    } else {
        format!("{MARK}<h1>Choose an organization</h1>\n<p>for {}</p>\n{organizations}", Text(&name))
    };
    Ok(document(StatusCode::OK, "Choose an organization", &main))
}

/// `POST /sign-in/organization`.
pub(super) fn choose(visit: &Visit<'_>) -> Result<Answer, ApiError> {
    visit.check_form()?;
    let destination = destination(visit.form.first("redirect_url"))?;
    let state = &mut *visit.local.state();
    let client = visit.client(state).cloned();
    let session = client.as_ref().and_then(|client| state.visitor(client, visit.now));
    let session = session.map(|(session, _)| session.id.clone());
    let (Some(client), Some(session)) = (client, session) else {
        return Ok(see_other(&page("/sign-in", destination.as_ref()), None));
    };
    let organization = visit.form.given("organization").ok_or_else(|| ApiError::missing("organization"))?;
    if !handshake::activate(state, session.as_str(), organization) {
        return Err(ApiError::not_found("organization of this user"));
    }
    let cookie = visit.own_cookie(state, &client);
    Ok(see_other(&way_back(destination, &client), cookie))
}
