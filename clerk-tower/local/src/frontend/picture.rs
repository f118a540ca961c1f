//! Images: initials on a colored background, as SVG.

use http::{
    HeaderName, HeaderValue, Response,
    header::{
        ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE,
        X_CONTENT_TYPE_OPTIONS,
    },
};

use super::{
    super::{
        HttpResponse,
        error::ApiError,
        state::{Organization, State, User},
    },
    html::Escaped,
};

/// Background colors with enough contrast for white letters.
const COLORS: [&str; 8] =
    ["#4f46e5", "#0f766e", "#b45309", "#be123c", "#1d4ed8", "#7e22ce", "#15803d", "#9d174d"];

/// `GET /images/{id}`: the image of a user or an organization, or the icon of this server.
pub(crate) fn respond(state: &State, id: &str) -> Result<HttpResponse, ApiError> {
    if id == "icon" {
        return Ok(svg("C", "#4f46e5", 28));
    }
    if let Ok(image) = state.images.get(id) {
        return Ok(response(image.bytes(), HeaderValue::from_str(image.content_type()).ok()));
    }
    if let Ok(user) = state.users.get(id) {
        return Ok(svg(&initials(&name(user)), color(id), 100));
    }
    let Organization { name, .. } = state.organizations.get(id).map_err(|_| ApiError::not_found("image"))?;
    Ok(svg(&initials(name), color(id), 24))
}

/// Returns the display name of a user: the name, or else the email address or another identifier.
pub(super) fn name(user: &User) -> String {
    let name = user.name();
    if !name.is_empty() {
        return name;
    }
    user.email().or(user.username.as_deref()).or(user.phone()).unwrap_or(user.id.as_str()).to_owned()
}

/// Returns the first letters of the first and last words.
fn initials(name: &str) -> String {
    let mut words = name.split_whitespace();
    let (first, last) = (words.next(), words.next_back());
    let letters = [first, last].into_iter().flatten().filter_map(|word| word.chars().next());
    letters.flat_map(char::to_uppercase).collect()
}

/// Returns the color for an identifier, always the same one.
fn color(id: &str) -> &'static str {
    let sum = id.bytes().fold(7_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(usize::from(byte)));
    COLORS.get(sum % COLORS.len()).copied().unwrap_or("#4f46e5")
}

fn svg(letters: &str, color: &str, radius: u8) -> HttpResponse {
    let letters = Escaped(letters);
    let svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"200\" height=\"200\" viewBox=\"0 0 200 200\">\
         <rect width=\"200\" height=\"200\" rx=\"{radius}\" fill=\"{color}\"/>\
         <text x=\"100\" y=\"104\" fill=\"#fff\" font-family=\"system-ui, sans-serif\" font-size=\"84\" \
         font-weight=\"600\" text-anchor=\"middle\" dominant-baseline=\"central\">{letters}</text></svg>"
    );
    response(svg.into_bytes(), Some(HeaderValue::from_static("image/svg+xml")))
}

fn response(image: Vec<u8>, content_type: Option<HeaderValue>) -> HttpResponse {
    let mut response = Response::new(image.into());
    response.headers_mut().extend(content_type.map(|value| (CONTENT_TYPE, value)));
    for (name, value) in [
        (CACHE_CONTROL, "no-cache"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (CONTENT_SECURITY_POLICY, "default-src 'none'"),
        // Applications show it on pages of other origins, and Clerk's components read its pixels.
        (ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (HeaderName::from_static("cross-origin-resource-policy"), "cross-origin"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_are_those_of_the_first_and_the_last_word() {
        for (name, expected) in [
            ("Ada Lovelace", "AL"),
            ("Ada King Countess of Lovelace", "AL"),
            ("ada@example.com", "A"),
            ("  élan  vital ", "ÉV"),
            ("", ""),
        ] {
            assert_eq!(initials(name), expected);
        }
    }

    #[test]
    fn colors_are_stable() {
        assert_eq!(color("user_ada"), color("user_ada"));
        assert!((0..50).map(|n| color(&format!("user_{n}"))).any(|other| other != color("user_ada")));
    }
}
