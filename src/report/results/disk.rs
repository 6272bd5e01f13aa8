//! Files that are there as a whole or not at all, and a lock; every failure says what failed.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::path::{Component, Path, PathBuf};

use crate::montecarlo::batch::BrokenTrial;
use crate::scenario::LoadError;

/// Why results are not kept.
#[derive(Debug)]
pub enum KeepError {
    /// The disk: what was being done, as in `write results/x/trials.csv`, and the cause.
    Disk(String, io::Error),
    /// The folder holds something else; whole lines.
    Refused(String),
    /// A trial that was to be traced broke an assertion.
    Broken(BrokenTrial),
    /// The scenario in a folder of results is no longer valid.
    Load(LoadError),
}

/// What a failed operation on `path` comes to; `doing` is a verb.
pub(super) fn failed<'a>(
    doing: &'a str,
    path: &'a Path,
) -> impl FnOnce(io::Error) -> KeepError + 'a {
    move |cause| KeepError::Disk(format!("{doing} {}", path.display()), cause)
}

/// Writes a file so that its name always stands for whole contents: the old ones or these. That
/// the name lasts is up to [`settle_names`].
pub(super) fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), KeepError> {
    let temporary = temporary(path);
    let written = File::create(&temporary)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&temporary, path));
    written.map_err(|cause| {
        // If half a file cannot be removed either, the first cause is the one to tell.
        drop(fs::remove_file(&temporary));
        failed("write", path)(cause)
    })
}

/// Where a file is written before it takes its name.
pub(super) fn temporary(path: &Path) -> PathBuf {
    let name = path.file_name().expect("a file has a name").to_string_lossy();
    path.with_file_name(format!(".{name}.tmp"))
}

/// Makes the names in a folder last.
pub(super) fn settle_names(folder: &Path) -> Result<(), KeepError> {
    // Elsewhere a folder cannot be opened as a file, and names last without it.
    if cfg!(unix) {
        let settled = File::open(folder).and_then(|folder| folder.sync_all());
        settled.map_err(failed("write", folder))?;
    }
    Ok(())
}

/// Creates a folder and those above it.
pub(super) fn create_folder(path: &Path) -> Result<(), KeepError> {
    fs::create_dir_all(path).map_err(failed("create", path))
}

/// Removes a file, if it is there.
pub(super) fn remove(path: &Path) -> Result<(), KeepError> {
    match fs::remove_file(path) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => Err(failed("remove", path)(cause)),
        _ => Ok(()),
    }
}

/// What a file holds; `None` if there is none.
pub(super) fn read(path: &Path) -> Result<Option<Vec<u8>>, KeepError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(failed("read", path)(cause)),
    }
}

/// Takes the lock of a folder, which the system takes back when the program ends, however it does.
pub(super) fn lock(folder: &Path) -> Result<File, KeepError> {
    let path = folder.join(LOCK);
    let open = File::options().create(true).append(true).open(&path);
    let file = open.map_err(failed("create", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(KeepError::Refused(format!(
            "error: another ecsim is writing to {}\n\
             hint: wait for it, or choose another folder with -o\n",
            folder.display()
        ))),
        // Some network disks know no locks. Nothing but a second run at the same time needs one.
        Err(TryLockError::Error(cause)) if cause.kind() == io::ErrorKind::Unsupported => Ok(file),
        Err(TryLockError::Error(cause)) => Err(failed("lock", &path)(cause)),
    }
}

/// The name of the file that is locked while somebody writes to the folder.
pub(super) const LOCK: &str = ".lock";

/// Whether a path leads to a place in its folder, whatever is there.
pub(super) fn is_inside(path: &Path) -> bool {
    path.components().all(|component| matches!(component, Component::Normal(_)))
}
