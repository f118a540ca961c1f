//! Settings, the local instance, and what the program prints.

use std::{env, io, time::Duration};

use clerk_axum::local::{LocalClerk, LocalServer};

/// The people of the local instance, with the organization that is active in their tokens.
const PEOPLE: [(&str, &str, Option<&str>); 4] = [
    ("user_ada", "Ada Lovelace, admin of Acme", Some("org_acme")),
    ("user_grace", "Grace Hopper, member of Acme", Some("org_acme")),
    ("user_alan", "Alan Turing, in no organization", None),
    ("user_katherine", "Katherine Johnson, in no organization", None),
];

/// Starts an instance with four people and two organizations.
pub(crate) async fn start_local() -> io::Result<LocalServer> {
    let start = |port| LocalClerk::builder().seeded().serve(([127, 0, 0, 1], port));
    // The same port each time, so that open pages work after a restart. Any free port if that one is taken.
    let server = match start(4000).await {
        Ok(server) => server,
        Err(_) => start(0).await?,
    };
    // In Acme, Ada is the admin and Grace a member. Here it is the other way round.
    let local = server.local();
    let second = local.organization("Compilers & Co").id("org_compilers").slug("compilers").create();
    local.add_member(&second, "user_grace", "org:admin");
    local.add_member(&second, "user_ada", "org:member");
    Ok(server)
}

/// Prints the address, and what to try.
pub(crate) fn greet(port: u16, local: Option<&LocalServer>, with_tokens: bool) {
    let address = format!("http://localhost:{port}");
    println!("\n  Open {address}\n");
    match local {
        Some(local) if with_tokens => {
            for (user, who, organization) in PEOPLE {
                println!("  # {who}\n  {}\n", curl(local, &address, user, organization));
            }
        }
        Some(local) => greet_locally(local, &address),
        None => {
            println!("  It uses the Clerk instance of CLERK_SECRET_KEY.");
            if env::var_os("CLERK_PUBLISHABLE_KEY").is_none_or(|key| key.is_empty()) {
                println!("  Without CLERK_PUBLISHABLE_KEY, nobody can sign in in a browser.");
            }
            println!("  Sign in, create an organization in Clerk's dashboard, and add yourself to it.\n");
        }
    }
    println!("  Ctrl-C stops it.\n");
}

fn greet_locally(local: &LocalServer, address: &str) {
    println!("  Or call its API as Ada, the admin of Acme (the token lasts twelve hours):\n");
    println!("  {}\n", curl(local, address, "user_ada", Some("org_acme")));
    println!("  Next: change a letter of the token; --tokens prints those of the other people.");
    println!("  A local Clerk instance runs in this process, at {}", local.api_url());
    println!("  For your own, set CLERK_SECRET_KEY and CLERK_PUBLISHABLE_KEY.");
}

fn curl(local: &LocalServer, address: &str, user: &str, organization: Option<&str>) -> String {
    let session = local.local().sign_in(user).lifetime(Duration::from_secs(12 * 60 * 60));
    let session = organization.into_iter().fold(session, |session, id| session.organization(id));
    format!("curl {address}/api/me -H 'Authorization: Bearer {}'", session.token())
}
