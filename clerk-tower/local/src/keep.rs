//! Keeps an instance in a file: every change is on the disk before its request is answered.
//!
//! The file begins with the whole instance. A task adds lines with what has changed since, so that a write costs what was
//! changed, and not what there is. When these lines are longer than the rest, the file is written anew.
//!
//! The task writes one line after the other. Changes that arrive while one is written share the next one, so the time of a
//! write is shared by all requests that wait for it (group commit). A response waits for the last change before it, and
//! therefore never shows anything that a crash would undo.

use std::{
    fs::{File, OpenOptions},
    io,
    path::{Path, PathBuf},
    sync::{Arc, Weak},
};

use tokio::{runtime::Handle, sync::watch, task};

use crate::{
    LocalClerk, Shared,
    kept::Kept as _,
    keys::SigningKey,
    lock,
    save::{self, MAX_BYTES},
    state::State,
};

/// The length up to which lines with changes do not cause the file to be written anew, in bytes.
const MIN_CHANGES: u64 = 1024 * 1024;

/// What keeps an instance in its file.
pub(super) struct Keeper {
    /// Counts the changes. It is increased while the state is locked.
    changes: watch::Sender<u64>,
    saved: watch::Receiver<Progress>,
}

/// What was written last.
#[derive(Clone, Default)]
struct Progress {
    /// The changes that the file contains.
    changes: u64,
    /// Why it is not on the disk.
    problem: Option<(io::ErrorKind, String)>,
}

/// What is in the file.
struct Contents {
    state: State,
    key: Arc<SigningKey>,
    /// The length of the file, and of its first part with the whole instance, in bytes.
    length: u64,
    whole_length: u64,
}

impl Contents {
    /// Adds what has changed, unless the file has to be written anew.
    fn append(mut self, path: &Path, state: &State, key: &Arc<SigningKey>) -> Option<Self> {
        let is_long = self.length - self.whole_length > self.whole_length.max(MIN_CHANGES);
        if is_long || !Arc::ptr_eq(key, &self.key) {
            return None;
        }
        if let Some(changes) = state.changes_since(&self.state).ok()? {
            self.length = save::append(path, self.length, &changes, MAX_BYTES).ok()?;
        }
        self.state = state.clone();
        Some(self)
    }
}

/// The file of an instance, which no other process may keep at the same time.
pub(super) struct KeptFile {
    path: PathBuf,
    /// Locked until it is dropped. It is another file, because the file itself is replaced.
    _lock: File,
}

impl KeptFile {
    /// Locks a file, which may not exist yet.
    pub(super) fn lock(path: &Path) -> io::Result<Self> {
        // One lock, whatever the file is called.
        let target = save::resolved(path);
        let name = target.file_name().unwrap_or_default().to_string_lossy();
        let lock_path = target.with_file_name(format!(".{name}.lock"));
        let cannot = |error: &io::Error| {
            io::Error::new(error.kind(), format!("cannot keep {}: {error}", path.display()))
        };
        let mut options = OpenOptions::new();
        let file = options.write(true).create(true).truncate(false).open(&lock_path);
        let file = file.map_err(|error| cannot(&error))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { path: target, _lock: file }),
            Err(std::fs::TryLockError::WouldBlock) => {
                let problem = format!(
                    "{} is in use by another process; stop it, or choose another file",
                    path.display()
                );
                Err(io::Error::new(io::ErrorKind::ResourceBusy, problem))
            }
            Err(std::fs::TryLockError::Error(error)) => Err(cannot(&error)),
        }
    }
}

impl Keeper {
    /// Creates what an instance needs, and what [`start`] needs.
    fn new() -> (Self, Work) {
        let (changes, seen) = watch::channel(0);
        let (progress, saved) = watch::channel(Progress::default());
        (Self { changes, saved }, Work { seen, progress })
    }

    fn changed(&self) {
        self.changes.send_modify(|changes| *changes += 1);
    }
}

/// The other ends of a [`Keeper`].
struct Work {
    seen: watch::Receiver<u64>,
    progress: watch::Sender<Progress>,
}

/// Starts to keep an instance in a file, and to save it at once.
pub(super) fn start(local: &LocalClerk, file: KeptFile) -> io::Result<()> {
    let runtime = Handle::try_current().map_err(io::Error::other)?;
    let (keeper, work) = Keeper::new();
    local.shared.keeper.get_or_init(|| keeper);
    local.record_change();
    runtime.spawn(keep(Arc::downgrade(&local.shared), Arc::new(file), work));
    Ok(())
}

async fn keep(shared: Weak<Shared>, file: Arc<KeptFile>, mut work: Work) {
    let mut contents = None;
    while work.seen.changed().await.is_ok() {
        let Some(shared) = shared.upgrade() else { return };
        let (local, file, known) = (LocalClerk { shared }, Arc::clone(&file), contents.take());
        let saving = task::spawn_blocking(move || local.save_counted(&file.path, known));
        let (changes, saved) = saving.await.unwrap_or_else(|error| (u64::MAX, Err(io::Error::other(error))));
        let problem = match saved {
            Ok(saved) => {
                contents = Some(saved);
                None
            }
            Err(error) => Some((error.kind(), error.to_string())),
        };
        work.progress.send_replace(Progress { changes, problem });
    }
}

impl LocalClerk {
    /// Waits until every change so far is in the [file](crate::LocalClerkBuilder::file). It returns at once if the instance
    /// has none.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub async fn saved(&self) -> io::Result<()> {
        let Some(keeper) = self.shared.keeper.get() else { return Ok(()) };
        let (changes, mut saved) = (*keeper.changes.borrow(), keeper.saved.clone());
        // The sender lives as long as the runtime.
        let progress = saved.wait_for(|progress| progress.changes >= changes).await;
        let progress = progress.map_err(|_| io::Error::other("the tokio runtime has ended"))?;
        match &progress.problem {
            Some((kind, problem)) => Err(io::Error::new(*kind, problem.clone())),
            None => Ok(()),
        }
    }

    /// Returns whether the instance is kept in a file.
    pub(super) fn is_kept(&self) -> bool {
        self.shared.keeper.get().is_some()
    }

    /// Notes that something to keep has changed. The state must be locked, unless something else has.
    pub(super) fn record_change(&self) {
        if let Some(keeper) = self.shared.keeper.get() {
            keeper.changed();
        }
    }

    /// Makes a file contain this instance, and returns the number of changes that it contains then. `known` is what is in
    /// the file.
    fn save_counted(&self, path: &Path, known: Option<Contents>) -> (u64, io::Result<Contents>) {
        let locked = lock(&self.shared.state);
        let changes = self.shared.keeper.get().map_or(0, |keeper| *keeper.changes.borrow());
        let (state, key) = (locked.clone(), self.key());
        drop(locked);
        let anew = || {
            let length = self.write(path, &state, &key, MAX_BYTES)?;
            Ok(Contents { state: state.clone(), key: Arc::clone(&key), length, whole_length: length })
        };
        let appended = known.and_then(|known| known.append(path, &state, &key));
        (changes, appended.map_or_else(anew, Ok))
    }
}
