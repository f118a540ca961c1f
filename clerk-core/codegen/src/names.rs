//! Converts Clerk's names to Rust names.

/// Words whose capital letters do not start a new word.
const WORDS: [(&str, &str); 3] = [("OAuth", "Oauth"), ("JWKS", "Jwks"), ("IDs", "Ids")];

const KEYWORDS: [&str; 8] = ["type", "use", "move", "match", "ref", "self", "mod", "fn"];

pub(crate) fn snake(text: &str) -> String {
    let text = WORDS.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to));
    let letters: Vec<char> = text.chars().collect();
    let mut out = String::new();
    for (position, &letter) in letters.iter().enumerate() {
        if !letter.is_ascii_alphanumeric() {
            if !out.is_empty() && !out.ends_with('_') {
                out.push('_');
            }
            continue;
        }
        let before = position.checked_sub(1).and_then(|at| letters.get(at));
        let after = letters.get(position + 1);
        let starts_word = letter.is_ascii_uppercase()
            && before.is_some_and(|before| {
                before.is_ascii_lowercase()
                    || before.is_ascii_digit()
                    || (before.is_ascii_uppercase() && after.is_some_and(char::is_ascii_lowercase))
            });
        if starts_word && !out.ends_with('_') {
            out.push('_');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out.trim_end_matches('_').to_owned()
}

/// Upper camel case: `role_set` is `RoleSet`.
pub(crate) fn camel(text: &str) -> String {
    let snake = snake(text);
    let mut out = String::new();
    for word in snake.split('_') {
        let mut letters = word.chars();
        out.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        out.push_str(letters.as_str());
    }
    out.replace("Oauth", "OAuth")
}

/// The name of a field, setter or function.
pub(crate) fn identifier(text: &str) -> String {
    let name = snake(text);
    if KEYWORDS.contains(&name.as_str()) { format!("r#{name}") } else { name }
}

/// The name of a variant. A leading `-`, with which Clerk excludes a value, becomes `Not`.
pub(crate) fn variant(value: &str) -> String {
    match value.strip_prefix('-') {
        Some(rest) => format!("Not{}", camel(rest)),
        None if value == "*" => "Any".to_owned(),
        None => camel(value),
    }
}

/// The plural of an English word. One that ends with a single `s`, such as `results`, is a plural already.
pub(crate) fn plural(word: &str) -> String {
    let ends = |ends: &[&str]| ends.iter().any(|end| word.ends_with(end));
    match word.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'i', 'o', 'u']) => format!("{stem}ies"),
        _ if ends(&["ss", "x", "ch", "sh"]) => format!("{word}es"),
        _ if ends(&["s"]) => word.to_owned(),
        _ => format!("{word}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words() {
        for (text, want) in [
            ("getOAuthAccessToken", "get_oauth_access_token"),
            ("getJWKS", "get_jwks"),
            ("verifyTotp", "verify_totp"),
            ("SAMLAccountConnection", "saml_account_connection"),
            ("statementID", "statement_id"),
            ("x5t#S256", "x5t_s256"),
            ("JWKS.rsa.PublicKey", "jwks_rsa_public_key"),
            ("CommerceTotalsResponse-2", "commerce_totals_response_2"),
        ] {
            assert_eq!(snake(text), want);
        }
        assert_eq!(camel("SAMLAccount"), "SamlAccount");
        assert_eq!(camel("OAuthAccessToken"), "OAuthAccessToken");
        assert_eq!(identifier("type"), "r#type");
        assert_eq!(variant("-enterprise_sso"), "NotEnterpriseSso");
    }

    #[test]
    fn plurals() {
        for (word, want) in [
            ("user", "users"),
            ("entry", "entries"),
            ("key", "keys"),
            ("email address", "email addresses"),
            ("match", "matches"),
            ("results", "results"),
        ] {
            assert_eq!(plural(word), want);
        }
    }
}
