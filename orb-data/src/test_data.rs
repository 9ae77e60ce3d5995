//! Finds the real bars that some tests use and that are not part of the repository.

use std::path::{Path, PathBuf};

/// Names the environment variable that points at the folder of test data.
pub const VARIABLE: &str = "ORB_TEST_DATA";

/// Returns the path of a file or folder of the test data, or `None` after saying on standard error that the test is
/// skipped.
///
/// The folder is that of `ORB_TEST_DATA`, by default `../shared/data`; a relative one starts at the workspace's root.
#[must_use]
#[expect(clippy::print_stderr, reason = "a skipped test must say so")]
pub fn path(relative: &str) -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let folder = std::env::var_os(VARIABLE).map_or_else(|| PathBuf::from("../shared/data"), PathBuf::from);
    let path = root.join(folder).join(relative);
    if path.exists() {
        return Some(path);
    }
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    eprintln!("SKIPPED {test}: no test data at {}; set {VARIABLE} to the folder that holds it", path.display());
    None
}
