//! The arguments of the program.

use std::{
    ffi::OsString,
    net::{IpAddr, Ipv4Addr},
    path::PathBuf,
};

pub(crate) const DEFAULT_PORT: u16 = 4010;

pub(crate) const USAGE: &str = "usage: clerk-local [OPTIONS]; --help lists them";

pub(crate) const HELP: &str = "\
Serves a local Clerk instance for development: the Backend API, the Frontend API, sign-in pages and handshakes. It is no \
identity provider for production: anyone who reaches it can sign in as anyone.

usage: clerk-local [OPTIONS]

  --port PORT             the port to listen on; 0 takes any free port (default: 4010)
  --host ADDRESS          the address to listen on (default: 127.0.0.1)
  --file FILE             keeps the instance in a file, across restarts
  --seed FILE             creates what a TOML file lists, instead of four people and an organization
  --secret-key KEY        the secret key, sk_test_… (default: a new one, or that of the file)
  --publishable-key KEY   the publishable key, pk_test_… (default: one that names the address)
  --webhook-secret SECRET the secret that signs webhooks, whsec_…
  --jwt-key-file FILE     the RSA private key that signs tokens, as PEM
  --webhooks-to URL       delivers webhooks to this URL on this computer
  --env FILE              writes the environment variables of applications to a file, also for Next.js and Vite
  --scripts FOLDER        serves Clerk's JavaScript, from a folder such as node_modules/@clerk/clerk-js/dist
  --tokens                also prints a session token of each person, valid for an hour
  --log-requests          prints a line for each request, without secrets
  --quiet                 prints nothing but errors
  -h, --help              print this help
  --version               print the version

Ctrl-C stops it.
";

/// What the arguments ask for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Task {
    Serve(Box<Settings>),
    Help,
    Version,
}

/// How to serve.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) port: u16,
    pub(crate) host: IpAddr,
    pub(crate) file: Option<PathBuf>,
    pub(crate) seed: Option<PathBuf>,
    pub(crate) secret_key: Option<String>,
    pub(crate) publishable_key: Option<String>,
    pub(crate) webhook_secret: Option<String>,
    pub(crate) jwt_key_file: Option<PathBuf>,
    pub(crate) webhooks_to: Option<String>,
    pub(crate) env: Option<PathBuf>,
    pub(crate) scripts: Option<PathBuf>,
    pub(crate) tokens: bool,
    pub(crate) log_requests: bool,
    pub(crate) quiet: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            port: DEFAULT_PORT,
            host: Ipv4Addr::LOCALHOST.into(),
            file: None,
            seed: None,
            secret_key: None,
            publishable_key: None,
            webhook_secret: None,
            jwt_key_file: None,
            webhooks_to: None,
            env: None,
            scripts: None,
            tokens: false,
            log_requests: false,
            quiet: false,
        }
    }
}

/// Parses the arguments, without the name of the program.
pub(crate) fn parse(mut args: impl Iterator<Item = OsString>) -> Result<Task, String> {
    let mut settings = Settings::default();
    while let Some(arg) = args.next() {
        let Some(text) = arg.to_str() else {
            return Err(format!("unknown argument `{}`", arg.to_string_lossy()));
        };
        match text {
            "-h" | "--help" => return Ok(Task::Help),
            "--version" => return Ok(Task::Version),
            "--tokens" => settings.tokens = true,
            "--log-requests" => settings.log_requests = true,
            "--quiet" => settings.quiet = true,
            _ => {
                let (name, inline) = match text.split_once('=') {
                    Some((name, value)) => (name, Some(OsString::from(value))),
                    None => (text, None),
                };
                let mut value = || match inline.clone().or_else(|| args.next()) {
                    Some(value) if !value.is_empty() => Ok(value),
                    _ => Err(format!("{name} needs a value")),
                };
                settings.set(name, &mut value)?;
            }
        }
    }
    Ok(Task::Serve(Box::new(settings)))
}

impl Settings {
    fn set(&mut self, name: &str, value: &mut dyn FnMut() -> Result<OsString, String>) -> Result<(), String> {
        // Values of other options may be secrets, and are not repeated.
        let text = |value: OsString| value.into_string().map_err(|_| format!("{name} is not valid UTF-8"));
        match name {
            "--port" => {
                let value = text(value()?)?;
                let problem = || format!("--port must be a number from 0 to 65535, not `{value}`");
                self.port = value.parse().map_err(|_| problem())?;
            }
            "--host" => {
                let value = text(value()?)?;
                let problem = || format!("--host must be an IP address such as 127.0.0.1, not `{value}`");
                self.host = value.parse().map_err(|_| problem())?;
            }
            "--file" => self.file = Some(value()?.into()),
            "--seed" => self.seed = Some(value()?.into()),
            "--jwt-key-file" => self.jwt_key_file = Some(value()?.into()),
            "--env" => self.env = Some(value()?.into()),
            "--scripts" => self.scripts = Some(value()?.into()),
            "--secret-key" => self.secret_key = Some(text(value()?)?),
            "--publishable-key" => self.publishable_key = Some(text(value()?)?),
            "--webhook-secret" => self.webhook_secret = Some(text(value()?)?),
            "--webhooks-to" => self.webhooks_to = Some(text(value()?)?),
            _ => return Err(format!("unknown argument `{name}`")),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(args: &[&str]) -> Result<Task, String> {
        parse(args.iter().map(OsString::from))
    }

    fn settings(args: &[&str]) -> Settings {
        match parsed(args) {
            Ok(Task::Serve(settings)) => *settings,
            other => panic!("{args:?}: {other:?}"),
        }
    }

    #[test]
    fn every_option_sets_one_thing() {
        let path = |text: &str| Some(PathBuf::from(text));
        let text = |text: &str| Some(text.to_owned());
        for (args, expected) in [
            (&[][..], Settings::default()),
            (&["--port", "0"], Settings { port: 0, ..Settings::default() }),
            (&["--port=65535"], Settings { port: 65535, ..Settings::default() }),
            (&["--host", "0.0.0.0"], Settings { host: [0, 0, 0, 0].into(), ..Settings::default() }),
            (&["--file", "a b"], Settings { file: path("a b"), ..Settings::default() }),
            (&["--seed=a=b"], Settings { seed: path("a=b"), ..Settings::default() }),
            (&["--secret-key", "x"], Settings { secret_key: text("x"), ..Settings::default() }),
            (&["--publishable-key", "x"], Settings { publishable_key: text("x"), ..Settings::default() }),
            (&["--webhook-secret", "x"], Settings { webhook_secret: text("x"), ..Settings::default() }),
            (&["--jwt-key-file", "x"], Settings { jwt_key_file: path("x"), ..Settings::default() }),
            (&["--webhooks-to", "x"], Settings { webhooks_to: text("x"), ..Settings::default() }),
            (&["--env", ".env"], Settings { env: path(".env"), ..Settings::default() }),
            (&["--tokens"], Settings { tokens: true, ..Settings::default() }),
            (&["--scripts", "x"], Settings { scripts: path("x"), ..Settings::default() }),
            (
                &["--quiet", "--log-requests"],
                Settings { quiet: true, log_requests: true, ..Settings::default() },
            ),
        ] {
            assert_eq!(settings(args), expected, "{args:?}");
        }
        assert_eq!(parsed(&["--port", "1", "--help"]), Ok(Task::Help));
        assert_eq!(parsed(&["-h"]), Ok(Task::Help));
        assert_eq!(parsed(&["--version"]), Ok(Task::Version));
    }

    #[test]
    fn errors_name_the_invalid_argument() {
        for (args, problem) in [
            (&["--port"][..], "--port needs a value"),
            (&["--port", "65536"], "--port must be a number from 0 to 65535, not `65536`"),
            (&["--port="], "--port needs a value"),
            (&["--host", "localhost"], "--host must be an IP address such as 127.0.0.1, not `localhost`"),
            (&["--file"], "--file needs a value"),
            (&["--prot", "1"], "unknown argument `--prot`"),
            (&["--quiet=yes"], "unknown argument `--quiet`"),
            (&["4010"], "unknown argument `4010`"),
        ] {
            assert_eq!(parsed(args), Err(problem.to_owned()), "{args:?}");
        }
    }

    #[test]
    fn the_help_contains_every_option_and_the_default_port() {
        assert!(HELP.contains(&format!("(default: {DEFAULT_PORT})")));
        for option in [
            "--port ",
            "--host ",
            "--file ",
            "--seed ",
            "--secret-key ",
            "--publishable-key ",
            "--webhook-secret ",
            "--jwt-key-file ",
            "--webhooks-to ",
            "--env ",
            "--scripts ",
            "--log-requests ",
            "--quiet ",
        ] {
            assert!(HELP.contains(&format!("\n  {option}")), "{option}");
        }
        assert!(HELP.lines().all(|line| line.len() <= 120 || line.starts_with("Serves")));
    }
}
