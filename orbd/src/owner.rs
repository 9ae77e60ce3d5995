//! Whose a state directory is. Root may look and act there, and leaves nothing behind that the owner cannot change.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::Path;

/// Tells the user and group that a folder belongs to, where that is somebody else and this is root.
pub(crate) fn other_owner(folder: &Path) -> Option<(u32, u32)> {
    let found = fs::metadata(folder).ok()?;
    (rustix::process::geteuid().is_root() && found.uid() != 0).then(|| (found.uid(), found.gid()))
}

/// Gives a file that root wrote to whom its folder belongs to.
///
/// # Errors
/// When it cannot be given away.
pub(crate) fn leave_to_owner(file: &Path) -> io::Result<()> {
    match file.parent().and_then(other_owner) {
        Some((user, group)) => chown(file, Some(user), Some(group)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::daemon::Folder;
    use crate::runtime::HaltFile;

    /// Any user that is not root.
    const SOMEBODY: u32 = 65_534;

    #[test]
    fn root_leaves_nothing_in_a_state_directory_that_its_owner_cannot_change() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        if !rustix::process::geteuid().is_root() {
            eprintln!("skipped: only root can give files away");
            return;
        }
        drop(Folder::open(folder.path()).expect("root's own"));
        chown(folder.path(), Some(SOMEBODY), Some(SOMEBODY)).expect("given away");

        let refused = Folder::open(folder.path()).expect_err("somebody else's").to_string();
        assert!(refused.contains("sudo -u '#65534'"), "{refused}");
        let left: Vec<_> = fs::read_dir(folder.path()).expect("read").collect();
        assert!(left.is_empty(), "{left:?}");

        // An emergency is nobody's matter of ownership: the file is written, and is the owner's.
        let halted = HaltFile::of(folder.path());
        halted.write("dana", "news").expect("written");
        assert_eq!(fs::metadata(halted.path()).expect("there").uid(), SOMEBODY);
    }
}
