//! Serves a local Clerk instance for development, and prints the environment variables for applications.

mod arguments;

use std::{
    env,
    error::Error,
    fmt::Write as _,
    fs::{self, File},
    io::{self, Read as _, Write as _},
    net::SocketAddr,
    path::Path,
    process::ExitCode,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use clerk_core::{api::users, model::User};
use clerk_local::{LocalClerk, LocalClerkBuilder, LocalServer};
use clerk_tower::Clerk;
use tokio::runtime;

use self::arguments::{HELP, Settings, Task, USAGE, parse};

/// The maximum number of people to list.
const MAX_LISTED: u32 = 50;

/// For how long a printed token is valid.
const TOKEN_LIFETIME: Duration = Duration::from_secs(60 * 60);

/// The first line of a file with environment variables. Files without it are not overwritten.
const ENV_MARK: &str = "# Written by clerk-local.";

/// The largest file that an option names, in bytes.
const MAX_FILE: u64 = 64 * 1024 * 1024;

/// Whether the output is complete. The program's own requests before that are not shown.
static IS_READY: AtomicBool = AtomicBool::new(false);

type Failure = Box<dyn Error>;

fn main() -> ExitCode {
    let result = match parse(env::args_os().skip(1)) {
        Ok(Task::Help) => print(HELP),
        Ok(Task::Version) => print(concat!("clerk-local ", env!("CARGO_PKG_VERSION"), "\n")),
        Ok(Task::Serve(settings)) => run(&settings),
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

fn run(settings: &Settings) -> Result<(), Failure> {
    runtime::Builder::new_current_thread().enable_all().build()?.block_on(serve(settings))
}

async fn serve(settings: &Settings) -> Result<(), Failure> {
    let address = SocketAddr::new(settings.host, settings.port);
    let server = builder(settings)?.serve(address).await.map_err(|error| explain(settings, &error))?;
    let local = server.local();
    if !settings.host.to_canonical().is_loopback() {
        print_error("warning: it is not only for this computer; anyone who reaches it can sign in as anyone");
    }
    if !server.api_url().ends_with(local.publishable_key().frontend_api()) {
        let host = local.publishable_key().frontend_api();
        print_error(&format!(
            "warning: the publishable key leads browsers to {host}, and not to this server"
        ));
    }
    if let Some(url) = &settings.webhooks_to {
        let problem = |error: clerk_local::WebhooksError| format!("--webhooks-to: {}", error.problem());
        local.deliver_webhooks_to(url, local.webhook_secret()).map_err(problem)?;
    }
    if let Some(path) = &settings.env {
        write_env(path, &server)?;
    }
    // Installed before anything is printed, because a reader of the output may stop the program at once.
    let interrupted = interrupted()?;
    if !settings.quiet {
        print(&banner(&server, settings, &local.client()).await?)?;
        local.clear_requests();
    }
    IS_READY.store(true, Ordering::Relaxed);
    interrupted.await;
    server.shutdown().await;
    Ok(())
}

/// Returns the builder of the instance that the arguments ask for.
fn builder(settings: &Settings) -> Result<LocalClerkBuilder, Failure> {
    let mut builder = LocalClerk::builder();
    if !settings.host.to_canonical().is_loopback() {
        builder = builder.insecure_any_address();
    }
    if let Some(key) = &settings.secret_key {
        builder = builder.secret_key(key);
    }
    if let Some(key) = &settings.publishable_key {
        builder = builder.publishable_key(key);
    }
    if let Some(secret) = &settings.webhook_secret {
        builder = builder.webhook_secret(secret);
    }
    if let Some(path) = &settings.jwt_key_file {
        builder = builder.jwt_key(read("--jwt-key-file", path)?);
    }
    if let Some(folder) = &settings.scripts {
        builder = builder.scripts(folder);
    }
    if let Some(path) = &settings.file {
        builder = builder.file(path);
    }
    if settings.log_requests {
        builder = builder.on_request(|request| {
            if IS_READY.load(Ordering::Relaxed) {
                // Nothing can be done if standard error is closed.
                let _ = writeln!(io::stderr().lock(), "{request}");
            }
        });
    }
    Ok(match &settings.seed {
        Some(path) => builder.seed(read("--seed", path)?),
        None => builder.seeded(),
    })
}

fn read(option: &str, path: &Path) -> Result<String, Failure> {
    let cannot = |problem| format!("{option}: cannot read {}: {problem}", path.display());
    let text = read_text(path).map_err(|error| cannot(error.to_string()))?;
    // Editors on Windows put a mark at the beginning.
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

/// Reads a file in UTF-8 that is not too large. A device or a pipe would have no end.
fn read_text(path: &Path) -> io::Result<String> {
    if fs::metadata(path)?.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    let mut text = String::new();
    File::open(path)?.take(MAX_FILE + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MAX_FILE {
        return Err(io::Error::other(format!("it is larger than {} MiB", MAX_FILE / (1024 * 1024))));
    }
    Ok(text)
}

/// Says in one sentence why the server has not started.
fn explain(settings: &Settings, error: &io::Error) -> String {
    let Settings { host, port, .. } = settings;
    match error.kind() {
        io::ErrorKind::AddrInUse => format!(
            "port {port} is in use; stop the program that uses it, or choose another port with --port"
        ),
        io::ErrorKind::AddrNotAvailable | io::ErrorKind::PermissionDenied
            if error.raw_os_error().is_some() =>
        {
            format!("cannot listen on {}: {error}", SocketAddr::new(*host, *port))
        }
        _ => {
            let text = error.to_string();
            let named = [
                ("secret_key: ", "--secret-key"),
                ("publishable_key: ", "--publishable-key"),
                ("webhook_secret: ", "--webhook-secret"),
                ("jwt_key: ", "--jwt-key-file"),
                ("scripts: ", "--scripts"),
            ];
            let named = named.iter().find_map(|(setter, option)| Some((option, text.strip_prefix(setter)?)));
            match (named, text.strip_prefix("seed: "), &settings.seed) {
                (Some((option, problem)), ..) => format!("{option}: {problem}"),
                (None, Some(problem), Some(path)) => format!("{}: {problem}", path.display()),
                _ => text,
            }
        }
    }
}

/// Writes the environment variables to a file that only its owner can read.
fn write_env(path: &Path, server: &LocalServer) -> Result<(), Failure> {
    let cannot =
        |problem: &dyn std::fmt::Display| format!("--env: cannot write {}: {problem}", path.display());
    match read_text(path) {
        Ok(text) if !text.is_empty() && !text.starts_with(ENV_MARK) => {
            return Err(cannot(&"it exists, and this program has not written it; choose another file").into());
        }
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(cannot(&error).into()),
    }
    let mut text = format!("{ENV_MARK} It replaces the file at each start.\n\n");
    for (name, value) in server.env() {
        writeln!(text, "{name}={value}")?;
    }
    writeln!(text, "\n# Front ends")?;
    for (name, value) in server.front_end_env() {
        writeln!(text, "{name}={value}")?;
    }
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(path).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| cannot(&error).into())
}

/// Returns the output, which is a valid `.env` file.
async fn banner(server: &LocalServer, settings: &Settings, clerk: &Clerk) -> Result<String, Failure> {
    let url = server.api_url();
    let mut text = format!(
        "# A local Clerk instance on {url}, for development only: it is not an identity provider for production.\n\
         # For the .env of your application:\n\n"
    );
    for (name, value) in server.env() {
        writeln!(text, "{name}={value}")?;
    }
    write!(text, "\n# Pages: {url} (overview), {url}/sign-in, {url}/sign-up, {url}/sign-out\n#\n")?;
    text.push_str("# People who can sign in:\n");
    let people = clerk.send(users::list().order_by("+created_at").limit(MAX_LISTED)).await?;
    for user in &people {
        writeln!(text, "#   {}", one_line(&person(clerk, user).await?))?;
        if settings.tokens {
            let token = server.local().sign_in(&user.id).lifetime(TOKEN_LIFETIME).token();
            writeln!(text, "#     Authorization: Bearer {token}")?;
        }
    }
    text.push_str(match settings.file {
        Some(_) => "#\n# Everything is kept in the file. Press Ctrl-C to stop.\n",
        None => "#\n# Nothing is kept. Press Ctrl-C to stop.\n",
    });
    Ok(text)
}

/// Replaces what ends a line for a shell or for a reader of `.env` files, and what controls a terminal: shells run this
/// output, and anybody chooses their name.
fn one_line(text: &str) -> String {
    let is_unsafe = |letter: char| letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}');
    text.chars().map(|letter| if is_unsafe(letter) { ' ' } else { letter }).collect()
}

/// Returns one line about a person: name, identifier, email address, and organizations with roles.
async fn person(clerk: &Clerk, user: &User) -> Result<String, Failure> {
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

fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    written.map_err(|error| format!("cannot write to standard output: {error}").into())
}

fn print_error(problem: &str) {
    // Nothing can be done if standard error is closed.
    let _ = writeln!(io::stderr().lock(), "clerk-local: {problem}");
}
