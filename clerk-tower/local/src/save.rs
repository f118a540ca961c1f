//! Keeps an instance in a file, so that people and what they are signed in with survive a restart.
//!
//! ```
//! use clerk_local::LocalClerk;
//!
//! # fn main() -> std::io::Result<()> {
//! # let directory = std::env::temp_dir().join(format!("clerk-local-{}", std::process::id()));
//! # std::fs::create_dir_all(&directory)?;
//! # let path = directory.join("clerk.json");
//! let local = LocalClerk::seeded();
//! let token = local.sign_in("user_ada").token();
//! local.save(&path)?;
//!
//! let again = LocalClerk::load(&path)?;
//! // `token` verifies there as well.
//! assert_eq!(again.key_id(), local.key_id());
//! # drop(token);
//! # std::fs::remove_dir_all(&directory)
//! # }
//! ```
//!
//! The file is JSON. It holds test data and keys that are good for this instance alone, and there are no passwords
//! in it; but whoever has it can sign in to whatever trusts this instance, so that only its owner may read it.

use std::{
    fmt,
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use clerk_core::keys::WebhookSecret;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{LocalClerk, Parts, keys::SigningKey, random, state::State};
use clerk_tower::clock::{Clock, SystemClock};

/// What says that a file is one of these.
const FORMAT: &str = "clerk-local";
/// The version that is written, and the only one that is read.
const VERSION: u64 = 1;
/// The longest file that is read, in bytes.
const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// What every version begins with.
#[derive(Deserialize)]
struct Header {
    format: String,
    version: u64,
}

/// A whole file.
#[derive(Serialize, Deserialize)]
struct Saved<S> {
    format: String,
    version: u64,
    secret_key: String,
    publishable_key: String,
    webhook_secret: String,
    signing_key: SavedKey,
    state: S,
}

/// The key pair that signs tokens.
#[derive(Serialize, Deserialize)]
struct SavedKey {
    id: String,
    /// PKCS #8, in base64.
    private: String,
}

impl LocalClerk {
    /// Writes everything this instance holds into a file, its keys included: tokens and cookies are as good after
    /// [`load`](Self::load) as before. Neither failures that are staged nor who is told of changes are kept.
    ///
    /// The file is written beside `path` first and then takes its place, so that there is never half of one. On
    /// Unix only its owner may read it.
    ///
    /// # Errors
    /// When the file cannot be written. What stood there before is then as it was.
    pub fn save(&self, path: impl AsRef<Path>) -> io::Result<()> {
        let path = path.as_ref();
        let text =
            self.to_json().map_err(|error| io::Error::other(format!("{}: {error}", path.display())))?;
        let temporary_path = temporary_path(path);
        let written =
            write(&temporary_path, text.as_bytes()).and_then(|()| fs::rename(&temporary_path, path));
        written.map_err(|error| {
            // It may never have been there.
            let _ = fs::remove_file(&temporary_path);
            io::Error::new(error.kind(), format!("cannot save to {}: {error}", path.display()))
        })
    }

    /// The instance that [`save`](Self::save) wrote into a file.
    ///
    /// # Errors
    /// When the file cannot be read, and with [`io::ErrorKind::InvalidData`] when it is none of these, or one of
    /// another version, or broken: the error names the field. It repeats no values.
    pub fn load(path: impl AsRef<Path>) -> io::Result<Self> {
        Self::load_with_clock(path, SystemClock)
    }

    /// [`load`](Self::load), for an instance that takes the time from `clock`.
    ///
    /// # Errors
    /// The same as those of [`load`](Self::load).
    pub fn load_with_clock(path: impl AsRef<Path>, clock: impl Clock) -> io::Result<Self> {
        let path = path.as_ref();
        let wrong = |kind, problem: &dyn fmt::Display| {
            io::Error::new(kind, format!("cannot load {}: {problem}", path.display()))
        };
        let text = read(path).map_err(|error| wrong(error.kind(), &error))?;
        Self::from_json(&text, clock).map_err(|problem| wrong(io::ErrorKind::InvalidData, &problem))
    }

    fn to_json(&self) -> Result<String, &'static str> {
        let key = self.key();
        let private = key.to_pkcs8().ok_or("the signing key cannot be written down")?;
        let state = &*self.state();
        let saved = Saved {
            format: FORMAT.into(),
            version: VERSION,
            secret_key: self.secret_key().expose().into(),
            publishable_key: self.publishable_key().as_str().into(),
            webhook_secret: self.shared.webhook_secret.clone(),
            signing_key: SavedKey { id: key.kid().into(), private: BASE64_STANDARD.encode(private) },
            state,
        };
        serde_json::to_string_pretty(&saved).map_err(|_| "the instance cannot be written down")
    }

    fn from_json(text: &[u8], clock: impl Clock) -> Result<Self, String> {
        match serde_json::from_slice(text) {
            Ok(Header { format, version: VERSION }) if format == FORMAT => {}
            Ok(Header { format, version }) if format == FORMAT => {
                return Err(format!("it is of version {version}, and this program reads version {VERSION}"));
            }
            Err(error) if !error.is_data() => {
                let (line, column) = (error.line(), error.column());
                return Err(format!("it is no JSON, or cut off (line {line}, column {column})"));
            }
            _ => return Err("it is no saved LocalClerk: expected JSON with `format` and `version`".into()),
        }
        let saved: Saved<State> = parse(text)?;
        let field = |name: &str, problem: &dyn fmt::Display| format!("`{name}`: {problem}");
        let secret: Result<WebhookSecret, _> = saved.webhook_secret.parse();
        secret.map_err(|error| field("webhook_secret", &error))?;
        let private = BASE64_STANDARD.decode(&saved.signing_key.private).ok();
        let key = private.and_then(|private| SigningKey::from_pkcs8(saved.signing_key.id, &private));
        let parts = Parts {
            secret_key: saved.secret_key.parse().map_err(|error| field("secret_key", &error))?,
            publishable_key: saved
                .publishable_key
                .parse()
                .map_err(|error| field("publishable_key", &error))?,
            webhook_secret: saved.webhook_secret,
            key: key.ok_or_else(|| field("signing_key.private", &"no RSA key in PKCS #8 and base64"))?,
            state: saved.state,
        };
        Ok(Self::from_parts(parts, clock))
    }
}

/// Reads JSON. An error names the field and the place, and repeats none of the values there.
fn parse<T: DeserializeOwned>(text: &[u8]) -> Result<T, String> {
    let reader = &mut serde_json::Deserializer::from_slice(text);
    serde_path_to_error::deserialize(reader).map_err(|error| {
        let (path, inner) = (error.path().to_string(), error.inner());
        let what = inner.to_string();
        // Which field is missing is no value; other messages may repeat one.
        let problem = match what.strip_prefix("missing field ") {
            Some(rest) => format!("lacks {}", rest.split(' ').next().unwrap_or_default()),
            None => "has another form than expected".to_owned(),
        };
        format!("`{path}` {problem} (line {}, column {})", inner.line(), inner.column())
    })
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    let read = File::open(path)?.take(MAX_BYTES + 1).read_to_end(&mut text)?;
    if u64::try_from(read).is_ok_and(|read| read <= MAX_BYTES) {
        return Ok(text);
    }
    Err(io::Error::new(io::ErrorKind::InvalidData, "it is longer than 64 MiB"))
}

/// A name in the same directory that nothing has.
fn temporary_path(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}", random::string(12)))
}

fn write(path: &Path, text: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text)?;
    file.sync_all()
}
