//! What clients learn about the provider: OpenID Connect Discovery 1.0 and RFC 8414.

use serde_json::{Value, json};

use super::{
    super::{
        super::{
            HttpResponse,
            state::{extended, oauth::SCOPES},
        },
        browser_request::BrowserRequest,
    },
    OAuthError, ok,
};

/// `GET /.well-known/openid-configuration`.
pub(super) fn openid(request: &BrowserRequest<'_>) -> Result<HttpResponse, OAuthError> {
    let url = request.own_url();
    let own = json!({
        "introspection_endpoint": format!("{url}/oauth/token_info"),
        "userinfo_endpoint": format!("{url}/oauth/userinfo"),
        "response_modes_supported": ["query", "form_post"],
        "backchannel_logout_supported": false,
        "frontchannel_logout_supported": false,
    });
    Ok(ok(&extended(common(url), own)))
}

/// `GET /.well-known/oauth-authorization-server`.
pub(super) fn oauth(request: &BrowserRequest<'_>) -> Result<HttpResponse, OAuthError> {
    let url = request.own_url();
    let settings = request.local.state().settings.oauth_applications.clone();
    let mut document = common(url);
    if settings.dynamic_oauth_client_registration {
        let endpoint = json!({ "registration_endpoint": format!("{url}/oauth/register") });
        document = extended(document, endpoint);
    }
    if settings.client_id_metadata_documents_advertised {
        document = extended(document, json!({ "client_id_metadata_document_supported": true }));
    }
    Ok(ok(&document))
}

fn common(url: &str) -> Value {
    json!({
        "issuer": url,
        "authorization_endpoint": format!("{url}/oauth/authorize"),
        "token_endpoint": format!("{url}/oauth/token"),
        "revocation_endpoint": format!("{url}/oauth/token/revoke"),
        "jwks_uri": format!("{url}/.well-known/jwks.json"),
        "scopes_supported": SCOPES.map(|scope| scope.0),
        "response_types_supported": ["code"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
        "claims_supported": [
            "iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "at_hash", "azp", "email", "email_verified",
            "name", "given_name", "family_name", "preferred_username", "picture", "public_metadata",
            "private_metadata", "org_id", "org_name", "org_slug",
        ],
    })
}
