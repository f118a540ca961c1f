//! An in-memory log.

use std::{
    io,
    sync::{Arc, Mutex},
};

use tracing::{Level, subscriber::DefaultGuard};
use tracing_subscriber::fmt::MakeWriter;

/// A log that tests can read, as a writer for subscribers. Clones share the log.
#[derive(Clone, Debug, Default)]
pub struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Records what this thread logs up to a level, as long as the guard lives.
    #[must_use]
    pub fn listen(&self, level: Level) -> DefaultGuard {
        let subscriber = tracing_subscriber::fmt().with_max_level(level).with_ansi(false);
        tracing::subscriber::set_default(subscriber.with_writer(self.clone()).finish())
    }

    /// Returns what was logged since the last call.
    #[must_use]
    pub fn take(&self) -> String {
        String::from_utf8(std::mem::take(&mut *self.0.lock().unwrap())).unwrap()
    }

    /// Returns the warnings that were logged since the last call.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        self.take().lines().filter(|line| line.contains("WARN")).map(ToOwned::to_owned).collect()
    }

    /// Returns the only warning that was logged since the last call.
    #[must_use]
    #[track_caller]
    pub fn warning(&self) -> String {
        let mut lines = self.warnings();
        assert_eq!(lines.len(), 1, "{lines:#?}");
        lines.remove(0)
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
