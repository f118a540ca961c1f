//! Saves an instance to a file and loads it, so that users, sessions and keys survive a restart.
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
//! The file is JSON: a line for the whole instance. If the instance is [kept](crate::LocalClerkBuilder::file) in it, lines
//! with what has changed since may follow. It contains test data and the keys of this instance, and passwords only as digests. Anyone who can
//! read it can sign in to every application that trusts this instance, so only its owner may.

use std::{
    fmt,
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use clerk_core::keys::{PublishableKey, SecretKey, WebhookSecret};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    LocalClerk, Parts,
    builder::why_unusable,
    kept::{Kept as _, NotValid},
    keys::SigningKey,
    random,
    state::State,
};

/// The value of `format`, which identifies a saved file.
const FORMAT: &str = "clerk-local";
/// The version of the format that is written, and the only one that is read.
const VERSION: u64 = 1;
/// The largest file, in bytes. The same for both directions, so that what was saved can be loaded.
pub(crate) const MAX_BYTES: u64 = 256 * 1024 * 1024;
/// The ending of files that are being written.
const SAVING: &str = ".saving";
/// The length of the random part of their names.
const RANDOM: usize = 12;

/// The fields that all versions have.
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
    /// Saves this instance to a file, including its keys: tokens and cookies are still valid after
    /// [`load`](Self::load). Injected failures and the receiver of webhooks are not saved.
    ///
    /// The file is written under another name in the same directory, `.NAME.….saving`, and then renamed, so that `path`
    /// never contains half a file. A symbolic link stays, and the file it leads to is replaced. If the process is killed meanwhile, the next `save` or `load` with this path removes
    /// what it left behind. On Unix, only the owner can read these files.
    ///
    /// # Errors
    /// If the file cannot be written, and with [`io::ErrorKind::FileTooLarge`] if it would be larger than 256 MiB, which
    /// `load` does not read. An existing file is then unchanged.
    pub fn save(&self, path: impl AsRef<Path>) -> io::Result<()> {
        self.save_within(path.as_ref(), MAX_BYTES)
    }

    pub(crate) fn save_within(&self, path: &Path, max_bytes: u64) -> io::Result<()> {
        let (state, key) = (self.state().clone(), self.key());
        self.write(path, &state, &key, max_bytes).map(drop)
    }

    /// Replaces a file by one with this state, and returns its length in bytes.
    pub(crate) fn write(
        &self,
        path: &Path,
        state: &State,
        key: &SigningKey,
        max_bytes: u64,
    ) -> io::Result<u64> {
        let target = &resolved(path);
        remove_leftovers(target);
        let text = self.to_json(state, key).map_err(io::Error::other);
        text.and_then(|text| within(text, max_bytes))
            .and_then(|text| replace(target, &text).map(|()| length(&text)))
            .map_err(|error| {
                io::Error::new(error.kind(), format!("cannot save to {}: {error}", path.display()))
            })
    }

    /// Loads the instance that [`save`](Self::save) wrote to a file.
    ///
    /// # Errors
    /// If the file cannot be read, with [`io::ErrorKind::FileTooLarge`] if it is larger than 256 MiB, and with
    /// [`io::ErrorKind::InvalidData`] if it is not a saved instance, has another version or is invalid. The error names
    /// the field but contains no values.
    pub fn load(path: impl AsRef<Path>) -> io::Result<Self> {
        Self::builder().load(path.as_ref()).build()
    }

    /// Returns the first line of a file.
    fn to_json(&self, state: &State, key: &SigningKey) -> Result<Vec<u8>, &'static str> {
        let private = key.to_pkcs8().ok_or("the signing key cannot be encoded")?;
        let saved = Saved {
            format: FORMAT.into(),
            version: VERSION,
            secret_key: self.secret_key().expose().into(),
            publishable_key: self.publishable_key().as_str().into(),
            webhook_secret: self.shared.webhook_secret.clone(),
            signing_key: SavedKey { id: key.kid().into(), private: BASE64_STANDARD.encode(private) },
            state,
        };
        let mut text = serde_json::to_vec(&saved).map_err(|_| "the instance cannot be serialized")?;
        text.push(b'\n');
        Ok(text)
    }
}

/// Reads the parts of an instance from a file.
pub(crate) fn read(path: &Path) -> io::Result<Parts> {
    read_within(path, MAX_BYTES)
}

pub(crate) fn read_within(path: &Path, max_bytes: u64) -> io::Result<Parts> {
    remove_leftovers(&resolved(path));
    let wrong = |kind, problem: &dyn fmt::Display| {
        io::Error::new(kind, format!("cannot load {}: {problem}", path.display()))
    };
    let text = read_bytes(path, max_bytes).map_err(|error| wrong(error.kind(), &error))?;
    Parts::from_json(&text).map_err(|problem| wrong(io::ErrorKind::InvalidData, &problem))
}

impl Parts {
    fn from_json(text: &[u8]) -> Result<Self, String> {
        let mut values = serde_json::Deserializer::from_slice(text).into_iter();
        match values.next() {
            Some(Ok(Header { format, version: VERSION })) if format == FORMAT => {}
            Some(Ok(Header { format, version })) if format == FORMAT => {
                return Err(format!("it has version {version}, and this program reads version {VERSION}"));
            }
            None => return Err("it is not valid JSON, or is truncated (line 1, column 0)".into()),
            Some(Err(error)) if !error.is_data() => {
                let (line, column) = (error.line(), error.column());
                return Err(format!("it is not valid JSON, or is truncated (line {line}, column {column})"));
            }
            _ => return Err("it is not a saved LocalClerk: expected JSON with `format` and `version`".into()),
        }
        let (whole, changes) = text.split_at_checked(values.byte_offset()).unwrap_or((text, &[]));
        let mut saved: Saved<State> = parse(whole)?;
        let line = whole.iter().filter(|byte| **byte == b'\n').count() + 1;
        apply(changes, line, &mut saved.state)?;
        let field = |name: &str, problem: &dyn fmt::Display| format!("`{name}`: {problem}");
        let secret: Result<WebhookSecret, _> = saved.webhook_secret.parse();
        secret.map_err(|error| field("webhook_secret", &error))?;
        let private = BASE64_STANDARD.decode(&saved.signing_key.private).ok();
        let key = private.and_then(|private| SigningKey::from_pkcs8(saved.signing_key.id, &private));
        let secret_key: SecretKey = saved.secret_key.parse().map_err(|error| field("secret_key", &error))?;
        let publishable_key: PublishableKey =
            saved.publishable_key.parse().map_err(|error| field("publishable_key", &error))?;
        for (name, key, instance_type) in [
            ("secret_key", &saved.secret_key, secret_key.instance_type()),
            ("publishable_key", &saved.publishable_key, publishable_key.instance_type()),
        ] {
            why_unusable(key, instance_type).map_or(Ok(()), |problem| Err(field(name, &problem)))?;
        }
        Ok(Self {
            secret_key,
            publishable_key,
            webhook_secret: saved.webhook_secret,
            key: key.ok_or_else(|| {
                field("signing_key.private", &"not an RSA key in PKCS #8, encoded as base64")
            })?,
            state: saved.state,
        })
    }
}

/// Makes the changes that follow the whole instance in a file, each in a line. Returns an error that names the line.
///
/// A last line without an end was being written when the process was killed, so nobody was told of its changes.
fn apply(text: &[u8], first: usize, state: &mut State) -> Result<(), String> {
    for (at, line) in text.split_inclusive(|byte| *byte == b'\n').enumerate() {
        let Some(changes) = line.strip_suffix(b"\n") else { return Ok(()) };
        if changes.trim_ascii().is_empty() {
            continue;
        }
        let changes = serde_json::from_slice(changes).map_err(|_| NotValid);
        let applied = changes.and_then(|changes| state.apply(changes));
        applied.map_err(|NotValid| format!("line {} has no valid changes", first + at))?;
    }
    Ok(())
}

/// Parses JSON. Errors name the field and the position, but contain no values.
fn parse<T: DeserializeOwned>(text: &[u8]) -> Result<T, String> {
    // Knowing the field takes three times as long, and is only needed for an error.
    if let Ok(value) = serde_json::from_slice(text) {
        return Ok(value);
    }
    let reader = &mut serde_json::Deserializer::from_slice(text);
    serde_path_to_error::deserialize(reader).map_err(|error| {
        let (path, inner) = (error.path().to_string(), error.inner());
        let what = inner.to_string();
        // The name of a missing field is safe to show. Other messages may contain a value.
        let problem = match what.strip_prefix("missing field ") {
            Some(rest) => format!("lacks {}", rest.split(' ').next().unwrap_or_default()),
            None => "has an unexpected type or value".to_owned(),
        };
        format!("`{path}` {problem} (line {}, column {})", inner.line(), inner.column())
    })
}

/// Returns the path of the file to which a symbolic link leads, so that the link stays when the file is replaced.
pub(crate) fn resolved(path: &Path) -> PathBuf {
    let target = || Some(path.parent()?.join(fs::read_link(path).ok()?));
    // The file may not exist yet.
    fs::canonicalize(path).ok().or_else(target).unwrap_or_else(|| path.to_owned())
}

fn read_bytes(path: &Path, max_bytes: u64) -> io::Result<Vec<u8>> {
    // Opening a pipe would wait for its other end.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"));
    }
    let mut text = Vec::new();
    File::open(path)?.take(max_bytes.saturating_add(1)).read_to_end(&mut text)?;
    within(text, max_bytes)
}

/// Checks the size of a file that is read or written.
fn within(text: Vec<u8>, max_bytes: u64) -> io::Result<Vec<u8>> {
    if length(&text) <= max_bytes {
        return Ok(text);
    }
    let problem = format!("it is larger than {} MiB", max_bytes / (1024 * 1024));
    Err(io::Error::new(io::ErrorKind::FileTooLarge, problem))
}

fn length(text: &[u8]) -> u64 {
    u64::try_from(text.len()).unwrap_or(u64::MAX)
}

/// Adds a line to a file that has this length, and returns the new one. It is on the disk then.
///
/// # Errors
/// Also if the file has another length: something else has replaced it or written to it.
pub(crate) fn append(path: &Path, old_length: u64, line: &Value, max_bytes: u64) -> io::Result<u64> {
    let mut text = serde_json::to_vec(line)?;
    text.push(b'\n');
    let new_length = old_length.saturating_add(length(&text));
    let mut file = OpenOptions::new().append(true).open(path)?;
    if file.metadata()?.len() != old_length || new_length > max_bytes {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    file.write_all(&text)?;
    file.sync_data()?;
    Ok(new_length)
}

/// Writes a file under another name, and renames it.
fn replace(path: &Path, text: &[u8]) -> io::Result<()> {
    let temporary_path = temporary_path(path);
    let written = write(&temporary_path, text).and_then(|file| {
        let renamed = fs::rename(&temporary_path, path);
        // Only now: the lock says that the file is not a leftover.
        drop(file);
        renamed
    });
    if written.is_err() {
        // The temporary file may not exist.
        let _ = fs::remove_file(&temporary_path);
    }
    written
}

/// Returns an unused name in the same directory.
fn temporary_path(path: &Path) -> PathBuf {
    path.with_file_name(format!("{}{}{SAVING}", temporary_prefix(path), random::string(RANDOM)))
}

fn temporary_prefix(path: &Path) -> String {
    format!(".{}.", path.file_name().unwrap_or_default().to_string_lossy())
}

/// Creates a file, which stays locked until it is dropped.
fn write(path: &Path, text: &[u8]) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    // Some file systems have no locks. There, leftovers cannot be told from files in use, and stay.
    let _ = file.lock();
    file.write_all(text)?;
    file.sync_all()?;
    Ok(file)
}

/// Removes the files that processes were writing when they were killed. They contain the keys of the instance.
fn remove_leftovers(path: &Path) {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let prefix = temporary_prefix(path);
    let is_temporary = |name: &str| {
        let random = name.strip_prefix(&prefix).and_then(|rest| rest.strip_suffix(SAVING));
        random
            .is_some_and(|random| random.len() == RANDOM && random.bytes().all(|b| b.is_ascii_alphanumeric()))
    };
    // Without access to the directory there is nothing to remove, and the caller's own access reports it.
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
        if is_file && entry.file_name().to_str().is_some_and(is_temporary) && is_abandoned(&entry.path()) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Whether no process writes the file any more. A file that was just created is not locked yet, but is empty.
fn is_abandoned(path: &Path) -> bool {
    let file = OpenOptions::new().write(true).open(path);
    file.is_ok_and(|file| file.try_lock().is_ok() && file.metadata().is_ok_and(|meta| meta.len() > 0))
}
