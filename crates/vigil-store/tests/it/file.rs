//! Files that are no database of ours, or not any more, or in use; and one that many read while it is written.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use vigil_core::testing::image;
use vigil_store::{ImageFilter, ImageOrder, NotOpened, Place, Slice, Store};

use crate::clock::StillClock;
use crate::databases::Database;
use crate::stage::Stage;

async fn open(file: &Path) -> Result<Store, NotOpened> {
    Store::open(&Place::file(file), Arc::new(StillClock::new())).await
}

/// Opens it as whoever has waited for another one to end, and waits no more.
async fn open_impatiently(file: &Path) -> Result<Store, NotOpened> {
    let clock = StillClock::new();
    clock.go.add_permits(20);
    Store::open(&Place::file(file), Arc::new(clock)).await
}

/// A database with something in it, closed.
async fn written() -> (tempfile::TempDir, std::path::PathBuf) {
    let stage = Stage::new(Database::sqlite()).await;
    stage.list(&[image(1, &["latest"], 1)]).await;
    stage.scanned(&image(1, &["latest"], 1), &["CVE-1 HIGH zlib", "CVE-2 LOW tar"]).await;
    let room = stage.database.room.unwrap();
    drop(stage.store);
    let file = room.path().join("vigil.db");
    (room, file)
}

#[track_caller]
fn check(refused: Result<Store, NotOpened>, file: &Path, expected: &str) {
    let said = refused.err().unwrap().to_string();
    assert!(said.contains(&file.display().to_string()), "it names the file: {said}");
    assert!(said.contains(expected), "{said}");
}

async fn untouched(bytes: &[u8], expected: &str) {
    let room = tempfile::tempdir().unwrap();
    let file = room.path().join("vigil.db");
    fs::write(&file, bytes).unwrap();
    let refused = open(&file).await;
    assert_eq!(fs::read(&file).unwrap(), bytes, "the file is as it was");
    check(refused, &file, expected);
}

#[tokio::test]
async fn a_file_that_is_no_database_is_left_as_it_is() {
    untouched(b"Dear diary", "it is no SQLite database").await;
    untouched(&[b'x'; 4096], "it is no SQLite database").await;
    let room = tempfile::tempdir().unwrap();
    let other = room.path().join("other.db");
    let connection = rusqlite::Connection::open(&other).unwrap();
    connection.execute_batch("CREATE TABLE t (a)").unwrap();
    drop(connection);
    untouched(&fs::read(&other).unwrap(), "a SQLite database of another application").await;
}

#[tokio::test]
async fn a_corrupt_file_is_left_as_it_is() {
    let (_room, file) = written().await;
    let mut bytes = fs::read(&file).unwrap();
    for page in bytes.chunks_mut(4096).skip(3) {
        page[..200].fill(0xff);
    }
    untouched(&bytes, "is corrupt").await;
}

#[tokio::test]
async fn a_newer_version_is_left_as_it_is() {
    let (_room, file) = written().await;
    let connection = rusqlite::Connection::open(&file).unwrap();
    connection.execute_batch("UPDATE schema_version SET version = 99; PRAGMA journal_mode = DELETE").unwrap();
    drop(connection);
    untouched(&fs::read(&file).unwrap(), "has version 99").await;
}

#[tokio::test]
async fn a_file_has_one_owner_at_a_time_and_is_what_it_was_after_that() {
    let (_room, file) = written().await;
    let first = open(&file).await.unwrap();
    check(open_impatiently(&file).await, &file, "in use by another process");
    let images = |store: Store| async move {
        let page = store.images(ImageFilter::default(), ImageOrder::Name, Slice::first(9)).await;
        page.unwrap().items.len()
    };
    assert_eq!(images(first.clone()).await, 1);
    drop(first);
    assert_eq!(images(open(&file).await.unwrap()).await, 1);
}

#[tokio::test]
async fn one_that_is_about_to_end_is_waited_for() {
    let (_room, file) = written().await;
    let first = open(&file).await.unwrap();
    let clock = Arc::new(StillClock::new());
    let (place, waiter) = (Place::file(&file), clock.clone());
    let second = tokio::spawn(async move { Store::open(&place, waiter).await });
    clock.waiting.acquire().await.unwrap().forget();
    drop(first);
    clock.go.add_permits(20);
    assert!(second.await.unwrap().is_ok());
}

#[tokio::test]
async fn a_file_is_the_same_whatever_leads_to_it() {
    let (room, file) = written().await;
    let first = open(&file).await.unwrap();
    let link = room.path().join("link.db");
    std::os::unix::fs::symlink("vigil.db", &link).unwrap();
    check(open_impatiently(&link).await, &file, "in use by another process");
    let name = room.path().join("name.db");
    fs::hard_link(&file, &name).unwrap();
    check(open_impatiently(&name).await, &name, "several names");
    drop(first);
    check(open(&file).await, &file, "several names");
    fs::remove_file(&name).unwrap();
    assert!(open(&link).await.is_ok());
    let dangling = room.path().join("dangling.db");
    std::os::unix::fs::symlink("fresh.db", &dangling).unwrap();
    let first = open(&dangling).await.unwrap();
    let fresh = room.path().join("fresh.db");
    check(open_impatiently(&fresh).await, &fresh, "in use by another process");
    drop(first);
}

#[tokio::test]
async fn a_place_that_is_not_there_is_named() {
    let room = tempfile::tempdir().unwrap();
    let file = room.path().join("no/such/place.db");
    check(open(&file).await, &file, "cannot be opened");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_read_while_one_writes() {
    let stage = Stage::new(Database::sqlite()).await;
    stage.list(&[image(1, &["latest"], 1)]).await;
    let readers: Vec<_> = (0..100)
        .map(|_| {
            let store = stage.store.clone();
            tokio::spawn(async move {
                for _ in 0..5 {
                    let filter = vigil_store::FindingFilter::default();
                    let order = vigil_store::FindingOrder::WorstFirst;
                    let found = store.findings(filter, order, Slice::first(100)).await.unwrap().items;
                    // A scan is there whole, or not at all.
                    assert_eq!(found.len() % 10, 0);
                }
            })
        })
        .collect();
    for scan in 0..10 {
        let found: Vec<String> = (0..10).map(|n| format!("CVE-{scan}{n} HIGH zlib")).collect();
        stage.scanned(&image(1, &["latest"], 1), &found.iter().map(String::as_str).collect::<Vec<_>>()).await;
        stage.clock.hours(24);
    }
    for reader in readers {
        reader.await.unwrap();
    }
}
