//! The page on which a user allows an OAuth application what it asks for.

use http::StatusCode;
use url::Url;

use super::{
    super::{
        super::{
            HttpResponse,
            state::{
                OAuthApplication, User,
                oauth::{Registration, SCOPES},
            },
        },
        html::{Escaped, document, document_with_script},
    },
    page_url,
    parts::{LOGO, person},
};

/// What the page shows.
pub(in super::super) struct Consent<'a> {
    pub(in super::super) client: &'a OAuthApplication,
    pub(in super::super) user: &'a User,
    pub(in super::super) redirect_uri: &'a Url,
    pub(in super::super) scopes: &'a [String],
    pub(in super::super) resources: &'a [String],
    /// The organizations to choose from: identifier and name.
    pub(in super::super) organizations: Vec<(String, String)>,
    /// The parameters of the request.
    pub(in super::super) fields: Vec<(&'static str, String)>,
    /// The URL of this page.
    pub(in super::super) again: Url,
}

/// Returns the page. Its form sends the request again, with the decision.
pub(in super::super) fn consent(page: &Consent<'_>) -> HttpResponse {
    let Consent { client, user, redirect_uri, scopes, resources, organizations, fields, again } = page;
    let name = Escaped(&client.name);
    let target = Escaped(target(redirect_uri)).to_string();
    let origin = match client.registration {
        Registration::Manual => String::new(),
        Registration::Dynamic => {
            "<div class=\"bad\">This application registered itself. Nobody checked its name.</div>\n"
                .to_owned()
        }
        Registration::MetadataDocument => {
            let id = Escaped(&client.client_id);
            format!("<div class=\"bad\">This application describes itself at <code>{id}</code>.</div>\n")
        }
    };
    let what = |scope: &String| SCOPES.iter().find(|known| known.0 == scope).map_or("", |known| known.1);
    let scopes: String = scopes.iter().map(|scope| format!("<li>{}</li>\n", what(scope))).collect();
    let resources: String =
        resources.iter().map(|resource| format!("<li><code>{}</code></li>\n", Escaped(resource))).collect();
    let resources = match resources.is_empty() {
        true => String::new(),
        false => format!("<h2>It may use this at</h2>\n<ul>\n{resources}</ul>\n"),
    };
    let options: String = organizations
        .iter()
        .map(|(id, name)| format!("<option value=\"{}\">{}</option>\n", Escaped(id), Escaped(name)))
        .collect();
    let organizations = match options.is_empty() {
        true => String::new(),
        false => format!(
            "<h2><label for=\"organization_id\">Organization</label></h2>\n\
             <select id=\"organization_id\" name=\"organization_id\">\n{options}</select>\n"
        ),
    };
    let (hidden, user_id) = (hidden(fields), Escaped(user.id.as_str()));
    let (person, other) = (person(user), page_url("/sign-in", Some(again)));
    let main = format!(
        "{LOGO}<h1>{name} wants to access your account</h1>\n<p>It is at {target}</p>\n{origin}\
         <div class=\"row\">{person}</div>\n<h2>It will be able to</h2>\n<ul>\n{scopes}</ul>\n{resources}\
         <form method=\"post\" action=\"/oauth/authorize\">\n{hidden}\
         <input type=\"hidden\" name=\"user\" value=\"{user_id}\">\n{organizations}\
         <button class=\"button\" name=\"consented\" value=\"true\">Allow</button>\n\
         <button class=\"button plain\" name=\"consented\" value=\"false\">Deny</button>\n</form>\n\
         <p><a href=\"{}\">Use another account</a></p>\n",
        Escaped(&other)
    );
    document(StatusCode::OK, &format!("Allow access for {}", client.name), &main)
}

/// Returns what tells people where a redirect URI leads: the host, or else the scheme.
fn target(url: &Url) -> &str {
    let authority = url.as_str().split('/').nth(2).unwrap_or_default();
    match url.scheme() {
        "http" | "https" => authority.split('?').next().unwrap_or_default(),
        scheme => scheme,
    }
}

fn hidden(fields: &[(&str, String)]) -> String {
    let field = |(name, value): &(&str, String)| {
        format!("<input type=\"hidden\" name=\"{}\" value=\"{}\">\n", Escaped(name), Escaped(value))
    };
    fields.iter().map(field).collect()
}

/// Returns a page that sends a form to an application at once: OAuth 2.0 Form Post Response Mode, section 2. Without
/// scripts, the user has to send it.
pub(in super::super) fn form_post(action: &str, fields: &[(&str, &str)]) -> HttpResponse {
    let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    let (action, hidden) = (Escaped(action), hidden(&fields));
    let main = format!(
        "{LOGO}<h1>Back to the application</h1>\n<form method=\"post\" action=\"{action}\">\n{hidden}\
         <button class=\"button\">Continue</button>\n</form>\n"
    );
    document_with_script(StatusCode::OK, "Back to the application", &main, "document.forms[0].submit()")
}
