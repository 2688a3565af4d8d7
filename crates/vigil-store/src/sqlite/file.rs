//! The database file: whether it is ours and whole, before anything writes to it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::session::fault;
use crate::sql::DatabaseFault;
use crate::store::NotOpened;

/// In the file's header: `vigl`.
const APPLICATION_ID: i32 = 0x7669_676c;
/// A file up to this size is looked through in well under a second.
const LOOKED_THROUGH: u64 = 64 << 20;
/// Somebody else may read the file, and hold a lock for a moment.
const PATIENCE: Duration = Duration::from_secs(5);

/// The file itself, whatever symbolic links lead to it; it is made if it is not there. What SQLite keeps beside it, and the
/// lock, go by its name: everybody must call it by the same one.
pub(super) fn resolve(file: &Path) -> Result<PathBuf, NotOpened> {
    let unreachable = |error| NotOpened::Unreachable(file.to_owned(), error);
    OpenOptions::new().create(true).truncate(false).write(true).open(file).map_err(unreachable)?;
    found(file)
}

/// The same for those who only read: nothing is made.
pub(super) fn found(file: &Path) -> Result<PathBuf, NotOpened> {
    let unreachable = |error| NotOpened::Unreachable(file.to_owned(), error);
    let about = std::fs::metadata(file).map_err(unreachable)?;
    if about.nlink() > 1 {
        return Err(NotOpened::SeveralNames(file.to_owned()));
    }
    file.canonicalize().map_err(unreachable)
}

/// Takes the file for this process, until the result is dropped or the process ends.
pub(super) fn lock(file: &Path) -> Result<File, NotOpened> {
    let beside = with_ending(file, ".lock");
    let unreachable = |error| NotOpened::Unreachable(file.to_owned(), error);
    let lock = OpenOptions::new().create(true).truncate(false).write(true).open(beside);
    let lock = lock.map_err(unreachable)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(NotOpened::InUse(file.to_owned())),
        Err(TryLockError::Error(error)) => Err(unreachable(error)),
    }
}

/// Looks at the file without writing to it. Returns whether there is anything in it.
pub(super) fn inspect(file: &Path) -> Result<bool, NotOpened> {
    let unreachable = |error| NotOpened::Unreachable(file.to_owned(), error);
    let size = match std::fs::metadata(file) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(unreachable(error)),
        Ok(about) => about.len(),
    };
    if size == 0 {
        return Ok(false);
    }
    let mut header = Vec::new();
    let opened = File::open(file).map_err(unreachable)?;
    opened.take(100).read_to_end(&mut header).map_err(unreachable)?;
    let not_ours = |said: &str| NotOpened::NotOurs { file: file.to_owned(), said: said.to_owned() };
    if header.len() < 100 || !header.starts_with(b"SQLite format 3\0") {
        return Err(not_ours("it is no SQLite database"));
    }
    if header[68..72] != APPLICATION_ID.to_be_bytes() {
        return Err(not_ours("it is a SQLite database of another application"));
    }
    if size <= LOOKED_THROUGH {
        look_through(file)?;
    }
    Ok(true)
}

fn look_through(file: &Path) -> Result<(), NotOpened> {
    let corrupt = |said: String| NotOpened::Corrupt { file: file.to_owned(), said };
    let reader = reader(file).map_err(|fault| corrupt(fault.said))?;
    let said: String = reader
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(|error| corrupt(error.to_string()))?;
    if said == "ok" { Ok(()) } else { Err(corrupt(said.trim().replace('\n', " "))) }
}

/// The bytes of the file and of its log.
pub(super) fn size(file: &Path) -> std::io::Result<u64> {
    let log = match std::fs::metadata(with_ending(file, "-wal")) {
        Ok(about) => about.len(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => 0,
        Err(error) => return Err(error),
    };
    Ok(std::fs::metadata(file)?.len() + log)
}

/// A connection that can only read.
pub(super) fn reader(file: &Path) -> Result<Connection, DatabaseFault> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags).map_err(fault)?;
    connection.busy_timeout(PATIENCE).map_err(fault)?;
    connection.set_prepared_statement_cache_capacity(CACHED_STATEMENTS);
    // What is sorted fits into memory; some places to run have no other.
    connection.execute_batch("PRAGMA temp_store = MEMORY; PRAGMA cache_size = -8000").map_err(fault)?;
    Ok(connection)
}

/// The connection that writes. A new file is marked as ours first of all, in its header.
pub(super) fn writer(file: &Path) -> Result<Connection, DatabaseFault> {
    let connection = Connection::open(file).map_err(fault)?;
    connection.busy_timeout(PATIENCE).map_err(fault)?;
    connection.set_prepared_statement_cache_capacity(CACHED_STATEMENTS);
    let marked: i32 = connection.query_row("PRAGMA application_id", [], |row| row.get(0)).map_err(fault)?;
    if marked != APPLICATION_ID {
        connection.execute_batch(&format!("PRAGMA application_id = {APPLICATION_ID}")).map_err(fault)?;
    }
    // A scan touches a thousand pages, many of them again with the next one: the log is taken into the file only when it
    // holds 32 MiB of them, and not after every scan.
    connection.execute_batch("PRAGMA wal_autocheckpoint = 8000").map_err(fault)?;
    // NORMAL: a commit survives the end of the process, and the file survives the end of power; the last commits may not.
    connection
        .execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;
             PRAGMA temp_store = MEMORY; PRAGMA cache_size = -64000; PRAGMA journal_size_limit = 67108864",
        )
        .map_err(fault)?;
    Ok(connection)
}

/// More than there are different statements in a pass.
const CACHED_STATEMENTS: usize = 128;

fn with_ending(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(ending);
    name.into()
}
