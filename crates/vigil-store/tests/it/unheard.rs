//! A connection to PostgreSQL that is lost just when a transaction ends.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use vigil_core::due::Rest;
use vigil_core::record::{Decision, Entry};
use vigil_core::testing::image;

use crate::databases::Database;
use crate::stage::Stage;

/// What becomes of the next transaction's end.
const HEARD: usize = 0;
const LOST_ON_THE_WAY_THERE: usize = 1;
const LOST_ON_THE_WAY_BACK: usize = 2;

/// Stands between a store and the server.
struct Line {
    next: Arc<AtomicUsize>,
    _room: TempDir,
}

impl Line {
    fn to(database: &mut Database) -> Self {
        let url = database.url.clone().unwrap();
        let server = url.split_once("host=").unwrap().1.split('&').next().unwrap().to_owned();
        let room = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(room.path().join(".s.PGSQL.5432")).unwrap();
        let behind = Path::new(&server).join(".s.PGSQL.5432");
        database.place = url.replace(&server, room.path().to_str().unwrap()).parse().unwrap();
        let next = Arc::new(AtomicUsize::new(HEARD));
        let line = Self { next: next.clone(), _room: room };
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(carry(client, UnixStream::connect(&behind).await.unwrap(), next.clone()));
            }
        });
        line
    }
}

/// Carries what is said, to and fro, until the line is cut.
async fn carry(mut client: UnixStream, mut server: UnixStream, next: Arc<AtomicUsize>) {
    let (mut there, mut back) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    loop {
        tokio::select! {
            read = client.read(&mut there) => {
                let said = &there[..read.unwrap_or(0)];
                let cut = if said.windows(7).any(|said| said == b"COMMIT\0") { next.swap(HEARD, Ordering::SeqCst) } else { HEARD };
                if said.is_empty() || cut == LOST_ON_THE_WAY_THERE {
                    return;
                }
                server.write_all(said).await.unwrap();
                if cut == LOST_ON_THE_WAY_BACK {
                    assert_ne!(server.read(&mut back).await.unwrap(), 0);
                    return;
                }
            }
            read = server.read(&mut back) => {
                let said = &back[..read.unwrap_or(0)];
                if said.is_empty() || client.write_all(said).await.is_err() {
                    return;
                }
            }
        }
    }
}

#[track_caller]
fn rests(number: u64, now: jiff::Timestamp) -> Vec<Entry> {
    let image = image(number, &["latest"], 1);
    let rest = Rest::Fresh { ago: jiff::SignedDuration::ZERO, expiry: "7d".into(), next: now };
    vec![Entry::Listed(vec![image.clone()]), Entry::Decided(Box::new(image), Decision::Rest(rest))]
}

async fn check(what_is_lost: usize) {
    let mut database = Database::postgres().await;
    let line = Line::to(&mut database);
    let stage = Stage::new(database).await;
    stage.clock.go.add_permits(1_000);
    line.next.store(what_is_lost, Ordering::SeqCst);
    stage.record("team/app", rests(1, stage.now())).await;
    assert_eq!(line.next.load(Ordering::SeqCst), HEARD, "a line was cut");
    stage.record("team/web", rests(2, stage.now())).await;
    let detail = stage.store.pass(stage.pass).await.unwrap().unwrap();
    assert_eq!(detail.decided.values().sum::<u64>(), 2, "{detail:?}");
}

#[tokio::test]
async fn what_was_done_and_not_heard_of_is_not_done_twice() {
    check(LOST_ON_THE_WAY_BACK).await;
}

#[tokio::test]
async fn what_was_not_done_is_done() {
    check(LOST_ON_THE_WAY_THERE).await;
}
