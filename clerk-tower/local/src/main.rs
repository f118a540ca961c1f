//! Serves a local Clerk instance for development, and prints the environment variables for applications.

use std::{
    env,
    error::Error,
    ffi::OsString,
    fmt::Write as _,
    io::{self, Write as _},
    process::ExitCode,
};

use clerk_core::{api::users, model::User};
use clerk_local::{LocalClerk, LocalServer};
use clerk_tower::Clerk;
use tokio::runtime;

const DEFAULT_PORT: u16 = 4010;

/// The maximum number of people to list.
const MAX_LISTED: u32 = 50;

const USAGE: &str = "usage: clerk-local [--port PORT]";

const HELP: &str = "\
Serves a local Clerk instance for development: the Backend API, sign-in pages and handshakes, with four people and an \
organization. It listens on 127.0.0.1 only, asks for no passwords, and forgets everything when it ends.

usage: clerk-local [--port PORT]

  --port PORT  the port to listen on; 0 takes any free port (default: 4010)
  -h, --help   print this help

Ctrl-C stops it.
";

/// What the arguments ask for.
#[derive(Debug, PartialEq, Eq)]
enum Task {
    Serve { port: u16 },
    Help,
}

fn main() -> ExitCode {
    let result = match parse(env::args_os().skip(1)) {
        Ok(Task::Help) => print(HELP),
        Ok(Task::Serve { port }) => run(port),
        Err(problem) => {
            print_error(&format!("{problem}; {USAGE}"));
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            print_error(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

fn parse(mut args: impl Iterator<Item = OsString>) -> Result<Task, String> {
    let mut port = DEFAULT_PORT;
    while let Some(arg) = args.next() {
        let arg = arg.to_string_lossy();
        let value = match &*arg {
            "-h" | "--help" => return Ok(Task::Help),
            "--port" => args.next().ok_or("--port needs a value")?.to_string_lossy().into_owned(),
            other => match other.strip_prefix("--port=") {
                Some(value) => value.to_owned(),
                None => return Err(format!("unknown argument `{other}`")),
            },
        };
        port =
            value.parse().map_err(|_| format!("--port must be a number from 0 to 65535, not `{value}`"))?;
    }
    Ok(Task::Serve { port })
}

fn run(port: u16) -> Result<(), Box<dyn Error>> {
    runtime::Builder::new_current_thread().enable_all().build()?.block_on(serve(port))
}

async fn serve(port: u16) -> Result<(), Box<dyn Error>> {
    let builder = LocalClerk::builder().seeded();
    let server = builder.serve(([127, 0, 0, 1], port)).await.map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => {
            format!(
                "port {port} is in use; stop the program that uses it, or choose another port with --port"
            )
        }
        _ => format!("cannot listen on 127.0.0.1:{port}: {error}"),
    })?;
    // Installed before anything is printed, because a reader of the output may stop the program at once.
    let interrupted = interrupted()?;
    print(&banner(&server, &server.local().client()).await?)?;
    interrupted.await;
    server.shutdown().await;
    Ok(())
}

/// Returns the output, which is a valid `.env` file.
async fn banner(server: &LocalServer, clerk: &Clerk) -> Result<String, Box<dyn Error>> {
    let url = server.api_url();
    let mut text = format!("# A local Clerk instance on {url}. For the .env of your application:\n\n");
    for (name, value) in server.env() {
        writeln!(text, "{name}={value}")?;
    }
    write!(text, "\n# Pages: {url} (overview), {url}/sign-in, {url}/sign-up, {url}/sign-out\n#\n")?;
    text.push_str("# People who can sign in, without a password:\n");
    let people = clerk.send(users::list().order_by("+created_at").limit(MAX_LISTED)).await?;
    for user in &people {
        writeln!(text, "#   {}", person(clerk, user).await?)?;
    }
    text.push_str("#\n# The keys are new at each start. Press Ctrl-C to stop.\n");
    Ok(text)
}

/// Returns one line about a person: name, identifier, email address, and organizations with roles.
async fn person(clerk: &Clerk, user: &User) -> Result<String, Box<dyn Error>> {
    let names = [user.first_name.as_deref(), user.last_name.as_deref()].into_iter().flatten();
    let mut line = format!("{} ({})", names.collect::<Vec<_>>().join(" "), user.id);
    if let Some(address) = user.email_addresses.first() {
        write!(line, ", {}", address.email_address)?;
    }
    for membership in clerk.send(users::get_organization_memberships(&user.id)).await?.data {
        write!(line, ", {} of {}", membership.role, membership.organization.name)?;
    }
    Ok(line)
}

/// Waits for Ctrl-C, or on Unix for SIGTERM too. The handlers are installed when this returns.
#[cfg(unix)]
fn interrupted() -> io::Result<impl Future<Output = ()>> {
    use std::pin::pin;

    use futures_util::future::select;
    use tokio::signal::unix::{SignalKind, signal};

    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        select(pin!(interrupt.recv()), pin!(terminate.recv())).await;
    })
}

/// Waits for Ctrl-C.
#[cfg(not(unix))]
#[allow(clippy::unnecessary_wraps, reason = "the same signature as on Unix")]
fn interrupted() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        if tokio::signal::ctrl_c().await.is_err() {
            // Without a handler, Ctrl-C ends the process anyway.
            std::future::pending::<()>().await;
        }
    })
}

fn print(text: &str) -> Result<(), Box<dyn Error>> {
    let mut out = io::stdout().lock();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    written.map_err(|error| format!("cannot write to standard output: {error}").into())
}

fn print_error(problem: &str) {
    // Nothing can be done if standard error is closed.
    let _ = writeln!(io::stderr().lock(), "clerk-local: {problem}");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(args: &[&str]) -> Result<Task, String> {
        parse(args.iter().map(OsString::from))
    }

    #[test]
    fn the_port_is_an_option() {
        assert_eq!(parsed(&[]), Ok(Task::Serve { port: DEFAULT_PORT }));
        assert_eq!(parsed(&["--port", "0"]), Ok(Task::Serve { port: 0 }));
        assert_eq!(parsed(&["--port=65535"]), Ok(Task::Serve { port: 65535 }));
        assert_eq!(parsed(&["--port", "1", "--help"]), Ok(Task::Help));
        assert_eq!(parsed(&["-h"]), Ok(Task::Help));
    }

    #[test]
    fn errors_name_the_invalid_argument() {
        for (args, problem) in [
            (&["--port"][..], "--port needs a value"),
            (&["--port", "65536"], "--port must be a number from 0 to 65535, not `65536`"),
            (&["--port="], "--port must be a number from 0 to 65535, not ``"),
            (&["--prot", "1"], "unknown argument `--prot`"),
            (&["4010"], "unknown argument `4010`"),
        ] {
            assert_eq!(parsed(args), Err(problem.to_owned()), "{args:?}");
        }
    }

    #[test]
    fn the_help_contains_the_usage_and_the_default_port() {
        assert!(HELP.contains(USAGE) && HELP.contains(&format!("(default: {DEFAULT_PORT})")));
    }
}
