//! The source code as text: what it mentions, it uses.

use std::fs;
use std::path::Path;

use crate::cloudformation::repository;

/// Names of the folders in `functions/`.
pub(crate) fn functions() -> Vec<String> {
    let entries = fs::read_dir(repository("functions")).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert!(!names.is_empty());
    names
}

/// What a function runs, file by file: its own code, and the library of
/// `order-push` where it names that.
pub(crate) fn files_of_function(name: &str) -> Vec<String> {
    let mut files = files_of(&format!("functions/{name}/src"));
    if name != "order-push" && files.iter().any(|code| code.contains("order_push::")) {
        for library in ["connections.rs", "lib.rs", "record.rs"] {
            files.extend(files_of(&format!("functions/order-push/src/{library}")));
        }
    }
    files
}

/// The Rust source of a file or a folder, without tests and comments.
pub(crate) fn code_of(path: &str) -> String {
    files_of(path).concat()
}

/// The same, file by file.
pub(crate) fn files_of(path: &str) -> Vec<String> {
    let mut files = Vec::new();
    collect(&repository(path), &mut files);
    assert!(files.iter().any(|code| !code.is_empty()), "{path} has no code");
    files
}

fn collect(path: &Path, files: &mut Vec<String>) {
    if path.is_dir() {
        let entries = fs::read_dir(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let paths = entries.map(|entry| entry.unwrap().path());
        paths
            .filter(|path| !path.ends_with("tests") && !path.ends_with("tests.rs"))
            .for_each(|path| collect(&path, files));
    } else if path.extension().is_some_and(|end| end == "rs") {
        let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let shipped = text.split("#[cfg(test)]").next().unwrap_or_default();
        let lines = shipped.lines().filter(|line| !line.trim_start().starts_with("//"));
        files.push(lines.flat_map(|line| [line, "\n"]).collect());
    }
}
