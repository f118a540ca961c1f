//! Writes the seeds of all targets to the corpus folders that `cargo fuzz` uses.

use std::{fs, io, path::Path};

use clerk_tower_fuzz::{TARGETS, seeds::seeds};

fn main() -> io::Result<()> {
    for (name, _) in TARGETS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
        fs::create_dir_all(&folder)?;
        for (number, seed) in seeds(name).iter().enumerate() {
            fs::write(folder.join(format!("seed-{number:03}")), seed)?;
        }
    }
    Ok(())
}
