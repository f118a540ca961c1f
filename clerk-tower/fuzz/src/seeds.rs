//! The seeds of each target: inputs that get far in it.

/// Returns the seeds of a target.
#[must_use]
pub fn seeds(target: &str) -> Vec<Vec<u8>> {
    let texts: &[&str] = match target {
        // Visit, rotate, advance, visit both; an outage; a flood, a rotation and a visit; a suspension, and a clock that
        // is set back.
        "keys" => {
            return vec![
                vec![6, 0, 2, 2, 6, 0, 6, 1, 0, 4, 6, 0, 6, 1],
                vec![6, 0, 3, 1, 0, 4, 6, 0, 0, 5, 6, 0, 3, 0, 2, 2, 0, 3, 6, 0, 6, 1],
                vec![6, 0, 4, 15, 2, 2, 6, 1, 0, 2, 6, 1, 0, 1, 6, 1],
                vec![6, 0, 3, 2, 0, 4, 6, 0, 3, 0, 0, 6, 6, 0, 2, 4, 0, 7, 6, 2],
                vec![6, 0, 2, 2, 5, 4, 6, 0, 6, 1, 2, 4, 5, 196, 0, 4, 6, 1, 6, 2, 3, 1, 5, 7, 6, 2],
            ];
        }
        // Messages and changes of values in turn: none; good and bad messages; values of anybody's making; a change of one bit.
        "fleet" => {
            let pieces = |first: u8, pieces: &[&[u8]]| [&[first], &pieces.join(&0xFF)[..]].concat();
            let notice =
                br#"{"v":1,"from":"x","notices":[["changed","one/users/user_1"],["revoked","s/sess_1"]]}"#;
            return vec![
                vec![0],
                vec![1],
                pieces(
                    0,
                    &[notice, b"", br#"{"v":2}"#, b"", br#"{"v":1,"from":"x","notices":[["paused","x"]]}"#],
                ),
                pieces(0, &[b"", b"=0123456789abcdef", b"", b"=", b"", b"-", b"", b"=9999999999999999999"]),
                pieces(0, &[b"", b"", b"", b"", b"", b"", b"", b"\x22\x01"]),
                pieces(1, &[b"", b"", b"", b"", b"", b"", b"", b"\x10\x80", notice]),
                pieces(0, &[b"", b"=100", b"", br#"=["s/sess_1","u/user_1"]"#, b"", b"=[1]"]),
            ];
        }
        "proxy" => &[
            "GET /__clerk/v1/client?_is_native=1\nhost: app.example.com\ncookie: a=b\ncookie: c=d",
            "POST https://app.example.com/__clerk/v1/client/sign_ins/sia_1\nx-forwarded-for: 10.0.0.9, 1.1.1.1\n\
             cf-connecting-ip: 6.6.6.6\nx-real-ip: [::1]\nx-real-ipp: x\nforwarded: for=1.2.3.4;host=evil.example",
            "GET /__clerk/%2e%2e%2fv1/users\nhost: app.example.com\nx-forwarded-host: app.example.com , x\n\
             x-forwarded-proto: https",
            "PATCH /__clerk/npm/@clerk/clerk-js@5/dist/clerk.browser.js\nhost: [::1]:3000\nconnection: x-a, te\n\
             x-a: 1\nte: trailers\nexpect: 100-continue\ntransfer-encoding: chunked",
            "GET /__clerk/a/..%5cb/%252e%252e/%00\nhost: app.example.com\nclerk-secret-key: sk_live_x\n\
             clerk-proxy-url: https://evil.example\nx-vercel-ip-country: x\nx-original-host: evil.example",
        ],
        _ => &[],
    };
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}
