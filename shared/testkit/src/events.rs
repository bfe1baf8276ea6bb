//! The sample events in `events/` of the repository. A test takes a whole
//! folder, so that a file added there is tested without anybody listing it.

use std::path::{Path, PathBuf};

/// One sample.
#[derive(Debug, Clone)]
pub struct Sample {
    /// Path below `events/`, e.g. `webhook/order-created.json`.
    pub name: String,
    /// The bytes of the file.
    pub bytes: Vec<u8>,
}

impl Sample {
    /// The sample as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }
}

/// The repository's root.
pub fn workspace_root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every file below `events/<folder>`, by name. An empty `folder` is all of
/// them; a folder that does not exist or holds nothing stops the test, since
/// a loop over nothing would pass.
pub fn all(folder: &str) -> Vec<Sample> {
    let root = workspace_root().join("events");
    let mut files = files_below(&root.join(folder));
    files.sort();
    assert!(!files.is_empty(), "events/{folder} holds no samples");
    files.into_iter().map(|file| read(&root, &file)).collect()
}

fn read(root: &Path, file: &Path) -> Sample {
    let name = file.strip_prefix(root).unwrap_or(file).to_string_lossy().into_owned();
    let bytes = std::fs::read(file).unwrap_or_else(|error| panic!("events/{name}: {error}"));
    Sample { name, bytes }
}

/// Every file below a folder; none if it does not exist.
pub(crate) fn files_below(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    entries
        .map(|entry| entry.expect("a folder that can be listed can be read").path())
        .flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] })
        .collect()
}
