//! Tests of clients that are built from the environment, without changing that of the process.

use std::ffi::OsString;

use super::ClerkBuilder;
use crate::client::{Config, Environment};

const PEM: &str = "\
-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAup//OBjIev/Um/iedbyI
KP3Z+twW0yHyJIkU7Pt8VP+wtYsj9WTVq5b2myJyvTS0JMjolInrrGaKyvHCjRm0
WJ068Pk3mnjRSFsnh9TlvMPDa81DC30MPrAhd0KU6mQdAf8oIfVsK196uOGDmf5v
s+cGPTCceE8hNVFBtB+SOlF4p2K/vyBR7J3ZP/vMHx905prRSCOLGuVPmo2Dn0OD
eSBb0hqZyk0U2FEW5+csZkAWFn4Hgg2FgO96Yco+aRq47S5sRZwbvFO/G+WHcKAi
Bo/cm0pizxIeQdwHGxp2vCsREaUemHSUIbTfoeHKhucENL/rZh0t211Bve4lZrHl
1QIDAQAB
-----END PUBLIC KEY-----";
const PUBLISHABLE: &str = "pk_live_Y2xlcmsuZXhhbXBsZS5jb20k";

/// A good value of every variable.
const GOOD: &[(&str, &str)] = &[
    ("CLERK_SECRET_KEY", "sk_live_verysecret"),
    ("CLERK_PUBLISHABLE_KEY", PUBLISHABLE),
    ("CLERK_JWT_KEY", PEM),
    ("CLERK_WEBHOOK_SIGNING_SECRET", "whsec_dmVyeXNlY3JldA=="),
    ("CLERK_MACHINE_SECRET_KEY", "ak_verysecret"),
    ("CLERK_SIGN_IN_URL", "https://www.verysecret.com/sign-in"),
    ("CLERK_SIGN_UP_URL", "https://www.verysecret.com/sign-up"),
    ("CLERK_PROXY_URL", "https://docs.verysecret.com/__clerk"),
    ("CLERK_IS_SATELLITE", "true"),
    ("CLERK_DOMAIN", "docs.verysecret.com"),
    ("CLERK_API_URL", "https://api.verysecret.com"),
    ("CLERK_API_VERSION", "v1"),
    ("CLERK_FAPI_URL", "https://fapi.verysecret.com"),
    ("CLERK_JWKS_URL", "https://clerk.verysecret.com/.well-known/jwks.json"),
    ("CLERK_AUTHORIZED_PARTIES", "https://app.verysecret.com"),
    #[cfg(feature = "redis")]
    ("CLERK_REDIS_URL", "rediss://verysecret:verysecret@redis.verysecret.com:6380/1"),
];

/// Builds a client from the good variables, but for these.
fn built(changes: &[(&str, &str)]) -> Result<crate::Clerk, String> {
    let find = |name: &str| {
        let found = changes.iter().chain(GOOD).find(|(other, _)| *other == name);
        found.map(|(_, value)| OsString::from(value))
    };
    let config = Config::read_env(&Environment::new(&find));
    ClerkBuilder::with_env(config).build().map_err(|error| error.to_string())
}

#[track_caller]
fn refused(name: &str, value: &str, says: &str) {
    let error =
        built(&[(name, value)]).map(|_| format!("{name}={value:?} is accepted")).unwrap_or_else(|e| e);
    assert!(error.starts_with(&format!("{name}: ")) && error.contains(says), "{name}={value:?}: {error}");
    assert!(error.contains("expected"), "{error}");
    assert!(!["verysecret", "dmVyeX", "Y2xlcm", "MIIB"].iter().any(|part| error.contains(part)), "{error}");
}

#[test]
fn mistakes_of_copying_are_named_for_every_variable() {
    built(&[]).unwrap();
    for &(name, good) in GOOD {
        let is_switch = name == "CLERK_IS_SATELLITE";
        let says = |mistake| if is_switch { "expected true or false" } else { mistake };
        refused(name, &format!("\"{good}\""), says("in quotes"));
        refused(name, &format!("'{good}'"), says("in quotes"));
        refused(name, &format!("\u{feff}{good}"), says("byte order mark"));
        refused(name, &format!("{good}\u{200b}"), says("cannot be seen"));
        for (value, mistake) in [
            (format!("{good}\n"), "ends with a line break"),
            (format!("{good}\r\n"), "ends with a line break"),
            (format!(" {good}"), "white space"),
            (format!("{good}\\n"), "two characters \\n"),
        ] {
            match name {
                // White space separates secrets, and lines.
                "CLERK_WEBHOOK_SIGNING_SECRET" | "CLERK_AUTHORIZED_PARTIES" if value.trim() == good => {
                    built(&[(name, &value)]).unwrap();
                }
                "CLERK_JWT_KEY" => {
                    built(&[(name, &value)]).unwrap();
                }
                _ => refused(name, &value, says(mistake)),
            }
        }
    }
}

#[test]
fn addresses_are_written_as_they_are_meant() {
    for (name, value, says) in [
        ("CLERK_DOMAIN", "https://satellite.dev", "write satellite.dev"),
        ("CLERK_DOMAIN", "docs.example.org/", "write docs.example.org"),
        ("CLERK_DOMAIN", "*.example.org", "write example.org"),
        ("CLERK_DOMAIN", "clerk.satellite.dev", "write satellite.dev"),
        ("CLERK_SIGN_IN_URL", "//evil.example/in", "expected an absolute https or http URL"),
        ("CLERK_SIGN_UP_URL", "//evil.example/up", "one slash"),
        ("CLERK_SIGN_UP_URL", "https:/app.example.com/up", "one slash"),
        ("CLERK_PROXY_URL", "/__clerk?x", "without a query"),
        ("CLERK_PROXY_URL", "//evil.example", "one slash"),
        ("CLERK_API_URL", "https://https://api.clerk.com", "the host is not valid"),
        ("CLERK_API_URL", "https://*.clerk.com", "the host is not valid"),
        ("CLERK_FAPI_URL", "https://.clerk.com", "the host is not valid"),
    ] {
        refused(name, value, says);
    }
}

#[test]
fn authorized_parties_are_separated_by_commas_or_spaces() {
    for value in [
        "https://a.example.com,https://b.example.com",
        " https://a.example.com\thttps://b.example.com ",
        ",https://a.example.com, \n https://b.example.com,",
    ] {
        let options = built(&[("CLERK_AUTHORIZED_PARTIES", value)]).unwrap().authenticate_options();
        let shown = format!("{options:?}");
        assert!(
            shown.contains(r#"authorized_parties: ["https://a.example.com", "https://b.example.com"]"#),
            "{shown}"
        );
    }
    refused("CLERK_AUTHORIZED_PARTIES", ",", "only separators");
    let find = |name: &str| match name {
        "CLERK_SECRET_KEY" => Some(OsString::from("sk_test_abc")),
        "CLERK_AUTHORIZED_PARTIES" => Some(OsString::from(",")),
        _ => None,
    };
    let builder = ClerkBuilder::with_env(Config::read_env(&Environment::new(&find)));
    builder.authorized_parties(["https://app.example.com"]).build().unwrap();
    refused("CLERK_AUTHORIZED_PARTIES", r#"["https://app.example.com"]"#, "not an origin");
    refused("CLERK_AUTHORIZED_PARTIES", "https://app.example.com/", "not an origin");
    refused("CLERK_AUTHORIZED_PARTIES", "app.example.com", "not an origin");
}

/// What is set without the publishable key, without which it has no effect, is checked as well.
#[test]
fn addresses_are_checked_without_the_publishable_key() {
    for (name, value) in [
        ("CLERK_SIGN_IN_URL", "sign-in"),
        ("CLERK_SIGN_UP_URL", "//evil.example/up"),
        ("CLERK_PROXY_URL", "/__clerk?x"),
    ] {
        let find = |wanted: &str| match wanted {
            "CLERK_SECRET_KEY" => Some(OsString::from("sk_test_abc")),
            wanted => (wanted == name).then(|| OsString::from(value)),
        };
        let builder = ClerkBuilder::with_env(Config::read_env(&Environment::new(&find)));
        let error = builder.build().unwrap_err().to_string();
        assert!(error.starts_with(&format!("{name}: expected")), "{error}");
    }
}

#[test]
fn an_option_that_two_places_may_have_set_is_named_as_in_both() {
    let find = |name: &str| match name {
        "CLERK_SECRET_KEY" => Some(OsString::from("sk_test_abc")),
        "CLERK_AUTHORIZED_PARTIES" => Some(OsString::from("localhost:3000")),
        _ => None,
    };
    let builder = ClerkBuilder::with_env(Config::read_env(&Environment::new(&find)));
    let error =
        builder.authentication(|options| options.debug_headers(true)).build().unwrap_err().to_string();
    let named =
        "authentication: authorized_parties or CLERK_AUTHORIZED_PARTIES: \"localhost:3000\" is not an origin";
    assert!(error.starts_with(named), "{error}");
}

#[cfg(not(feature = "redis"))]
#[test]
fn the_server_of_the_fleet_needs_a_feature() {
    let error = built(&[("CLERK_REDIS_URL", "redis://u:verysecret@localhost")]).unwrap_err();
    assert!(
        error.starts_with("CLERK_REDIS_URL: the feature `redis`") && !error.contains("verysecret"),
        "{error}"
    );
}

#[cfg(feature = "redis")]
#[test]
fn the_server_of_the_fleet_is_an_address_or_a_setter() {
    for url in [
        "redis.verysecret.com",
        "https://redis.verysecret.com",
        "redis://:verysecret@",
        "redis://verysecret#x",
        "sk_test_verysecret",
    ] {
        refused("CLERK_REDIS_URL", url, "");
    }
    let find = |name: &str| match name {
        "CLERK_SECRET_KEY" => Some(OsString::from("sk_test_abc")),
        "CLERK_REDIS_URL" => Some(OsString::from("nonsense")),
        _ => None,
    };
    let builder = || ClerkBuilder::with_env(Config::read_env(&Environment::new(&find)));
    builder().build().unwrap_err();
    let clerk = builder().fleet(crate::fleet::InProcess::new()).build().unwrap();
    assert_eq!(clerk.fleet().state(), crate::fleet::FleetState::Linking);
    // The same in a configuration that is written by hand.
    let by_hand = |url: &str| {
        let secret_key = Some("sk_test_abc".parse().unwrap());
        let config = Config { secret_key, redis_url: Some(url.to_owned()), ..Config::default() };
        assert!(!format!("{config:?}").contains("verysecret"), "{config:?}");
        ClerkBuilder::new(config).build().map_err(|error| error.to_string())
    };
    let error = by_hand("redis+unix:///x?pass=verysecret#").unwrap_err();
    assert!(error.starts_with("redis_url: ") && error.contains("expected"), "{error}");
    for url in ["redis+unix:///x?pass=verysecret", "redis://u:verysecret@localhost"] {
        assert_eq!(by_hand(url).unwrap().fleet().state(), crate::fleet::FleetState::Linking);
    }
    assert_eq!(built(&[("CLERK_REDIS_URL", "")]).unwrap().fleet().state(), crate::fleet::FleetState::Alone);
}

#[test]
fn a_verifier_is_built_from_the_best_that_is_set() {
    let verifier = |names: &[&str]| {
        let find = |name: &str| {
            let found = GOOD.iter().find(|(good, _)| *good == name && names.contains(&name));
            found.map(|(_, value)| OsString::from(value))
        };
        ClerkBuilder::with_env(Config::read_env(&Environment::new(&find))).build_verifier()
    };
    for (names, has_secret, is_fixed) in [
        (&["CLERK_SECRET_KEY", "CLERK_PUBLISHABLE_KEY", "CLERK_JWT_KEY", "CLERK_JWKS_URL"][..], true, true),
        (&["CLERK_SECRET_KEY", "CLERK_JWKS_URL"], true, false),
        (&["CLERK_JWT_KEY", "CLERK_JWKS_URL"], false, true),
        (&["CLERK_JWT_KEY"], false, true),
        (&["CLERK_JWKS_URL"], false, false),
        (&["CLERK_PUBLISHABLE_KEY"], false, false),
        (&["CLERK_WEBHOOK_SIGNING_SECRET"], false, false),
    ] {
        let built = verifier(names).unwrap();
        assert_eq!(built.as_clerk().is_some(), has_secret, "{names:?}");
        assert_eq!(built.keys().state() == crate::keys::KeysState::Fixed, is_fixed, "{names:?}");
    }
    let error = verifier(&[]).unwrap_err().to_string();
    for alternative in ["CLERK_PUBLISHABLE_KEY", "CLERK_JWT_KEY", "CLERK_JWKS_URL", "CLERK_SECRET_KEY"] {
        assert!(error.contains(alternative), "{error}");
    }
    let error = built(&[("CLERK_SECRET_KEY", "")]).unwrap_err();
    assert!(
        error.starts_with("CLERK_SECRET_KEY: not set") && error.contains("ClerkVerifier::from_env"),
        "{error}"
    );
    for value in
        ["http://clerk.example.com/.well-known/jwks.json", "https://clerk.example.com", "clerk.example.com/x"]
    {
        let error = built(&[("CLERK_JWKS_URL", value)]).unwrap_err();
        assert!(error.starts_with("CLERK_JWKS_URL: "), "{value}: {error}");
    }
}

#[test]
fn the_clock_skew_is_bounded() {
    let builder = || ClerkBuilder::new(Config::default()).secret_key("sk_test_abc");
    for (seconds, is_good) in [(60, true), (61, false), (3600, false), (u64::MAX, false)] {
        let skew = std::time::Duration::from_secs(seconds);
        let error = builder().clock_skew(skew).build().map_err(|error| error.to_string()).err();
        assert_eq!(error.is_none(), is_good, "{seconds}: {error:?}");
        assert!(error.is_none_or(|error| error.contains("clock_skew: at most 60 s")), "{seconds}");
        builder().insecure_clock_skew(skew).build().unwrap();
    }
}

#[test]
fn a_blank_variable_counts_as_unset() {
    for &(name, _) in GOOD {
        for blank in ["", " ", "\n"] {
            let is_needed = matches!(name, "CLERK_SECRET_KEY" | "CLERK_PUBLISHABLE_KEY");
            let error = built(&[(name, blank)]).err().unwrap_or_default();
            let expected = if is_needed { format!("{name}: not set") } else { String::new() };
            assert!(
                error.starts_with(&expected) && error.is_empty() != is_needed,
                "{name}={blank:?}: {error}"
            );
        }
    }
}

#[test]
fn the_value_of_another_variable_is_named() {
    let keys = &GOOD[..5];
    let says = |value: &str| match value {
        v if v.starts_with("sk_") => "this is a secret key",
        v if v.starts_with("pk_") => "this is a publishable key",
        v if v.starts_with("whsec_") => "this is a webhook signing secret",
        v if v.starts_with("ak_") => "this is a machine secret key",
        _ => "PEM",
    };
    for (name, good) in keys {
        for (_, other) in keys.iter().filter(|(_, other)| other != good) {
            refused(name, other, says(other));
        }
    }
    refused("CLERK_WEBHOOK_SIGNING_SECRET", "whsec_dmVyeXNlY3JldA==,whsec_b2xk", "the value contains commas");
    refused("CLERK_IS_SATELLITE", "yes", "expected true or false");
    for (value, is_satellite) in [("TRUE", true), ("1", true), ("false", false), ("0", false)] {
        let options = built(&[("CLERK_IS_SATELLITE", value)]).unwrap().authenticate_options();
        assert_eq!(format!("{options:?}").contains("satellite: Some"), is_satellite, "{value}");
    }
}

#[test]
fn other_names_of_a_variable_are_found() {
    let set = |names: &'static [&'static str]| {
        move |name: &str| names.contains(&name).then(|| OsString::from("verysecret"))
    };
    for (names, expected) in [
        (
            &["CLERK_API_KEY"][..],
            "CLERK_SECRET_KEY: not set; found the variable CLERK_API_KEY, expected CLERK_SECRET_KEY",
        ),
        (
            &["VITE_CLERK_SECRET_KEY"],
            "CLERK_SECRET_KEY: not set; found the variable VITE_CLERK_SECRET_KEY, expected CLERK_SECRET_KEY",
        ),
        (&["CLERK_WEBHOOK_SECRET"], "CLERK_SECRET_KEY: not set; copy the secret key"),
    ] {
        let find = set(names);
        let config = Config::read_env(&Environment::new(&find));
        let error = ClerkBuilder::with_env(config).build().unwrap_err().to_string();
        assert!(error.starts_with(expected), "{names:?}: {error}");
    }
    let find = set(&["CLERK_MACHINE_KEY"]);
    let config = Config::read_machine_env(&Environment::new(&find));
    let error = ClerkBuilder::with_env(config).build_machine().unwrap_err().to_string();
    assert!(
        error.ends_with("found the variable CLERK_MACHINE_KEY, expected CLERK_MACHINE_SECRET_KEY"),
        "{error}"
    );
    for (setter, name, names) in [
        ("publishable_key", "CLERK_PUBLISHABLE_KEY", &["NEXT_PUBLIC_CLERK_PUBLISHABLE_KEY"][..]),
        ("publishable_key", "CLERK_PUBLISHABLE_KEY", &["NUXT_PUBLIC_CLERK_PUBLISHABLE_KEY"]),
        ("publishable_key", "CLERK_PUBLISHABLE_KEY", &["PUBLIC_CLERK_PUBLISHABLE_KEY"]),
        ("publishable_key", "CLERK_PUBLISHABLE_KEY", &["CLERK_FRONTEND_API"]),
        ("webhook_secret", "CLERK_WEBHOOK_SIGNING_SECRET", &["CLERK_WEBHOOK_SECRET"]),
        ("jwt_key", "CLERK_JWT_KEY", &["NUXT_CLERK_JWT_KEY"]),
        ("sign_in_url", "CLERK_SIGN_IN_URL", &["NEXT_PUBLIC_CLERK_SIGN_IN_URL"]),
    ] {
        let find = set(names);
        let (config, problems) = Config::read_env(&Environment::new(&find));
        assert!(problems.is_empty());
        let found = config.misnamed.of(setter).unwrap().to_string();
        assert_eq!(found, format!("found the variable {}, expected {name}", names[0]));
    }
    // A setter makes the variable superfluous.
    let find = set(&["CLERK_WEBHOOK_SECRET"]);
    let config = Config::read_env(&Environment::new(&find));
    let clerk = ClerkBuilder::with_env(config)
        .secret_key("sk_test_abc")
        .webhook_secret("whsec_b2xk")
        .build()
        .unwrap();
    assert_eq!(clerk.misnamed().of("webhook_secret"), None);
}
