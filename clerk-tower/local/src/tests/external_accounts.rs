//! Tests of accounts at social providers.

use serde_json::json;

use super::{Fixture, none};

#[test]
fn accounts_at_social_providers_are_found_give_tokens_and_are_deleted() {
    let fixture = Fixture::seeded();
    let user = fixture.local.user("Linus", "T").email("linus@example.com");
    let id = user.external_account("google", "linus@example.com", "ya29.token").create().id;
    let one = format!("/v1/users/{id}");
    let shown = fixture.get(&one);
    let account = &shown["external_accounts"][0];
    assert_eq!(
        (&account["provider"], &account["approved_scopes"]),
        (&json!("oauth_google"), &json!("openid email profile"))
    );
    let link = json!([{"type": "oauth_google", "id": account["identification_id"]}]);
    assert_eq!(shown["email_addresses"][0]["linked_to"], link);
    for (provider, count) in [("oauth_google", 1), ("google", 1), ("github", 0)] {
        let tokens = fixture.get(&format!("{one}/oauth_access_tokens/{provider}"));
        assert_eq!(tokens.as_array().unwrap().len(), count, "{provider}");
        assert!(count == 0 || tokens[0]["token"] == "ya29.token" && tokens[0]["scopes"][1] == "email");
    }
    assert_eq!(fixture.get(&format!("{one}/oauth_access_tokens/google?paginated=true"))["total_count"], 1);
    let provider_id = account["provider_user_id"].as_str().unwrap();
    let query = format!("/v1/users?provider=oauth_google&provider_user_id={provider_id}");
    assert_eq!(fixture.column(&query, "/id"), [id.as_str()]);
    assert_eq!(fixture.column("/v1/users?provider=oauth_google&provider_user_id=x", "/id"), [""; 0]);
    for query in ["provider=oauth_google", "provider_user_id=x"] {
        let path = format!("/v1/users?{query}");
        fixture.refuses("GET", &path, &none(), 422, "form_param_format_invalid", "provider");
    }
    let body = json!({"email_address": "new@example.com"});
    fixture.refuses("PUT", &format!("{one}/email_address"), &body, 422, "linked_identification", "");
    let delete = format!("{one}/external_accounts/{}", account["id"].as_str().unwrap());
    let deleted = json!({"object": "external_account", "id": account["id"], "deleted": true});
    assert_eq!(fixture.ok("DELETE", &delete, &none()), deleted);
    fixture.refuses("DELETE", &delete, &none(), 404, "resource_not_found", "");
    fixture.ok("PUT", &format!("{one}/email_address"), &body);
    fixture.refuses("GET", "/v1/users/x/oauth_access_tokens/google", &none(), 404, "resource_not_found", "");
}
