//! A PostgreSQL server that goes away and comes back in the middle.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use vigil_core::port::Ledger;
use vigil_core::testing::image;
use vigil_store::{DatabaseFaultKind, ImageFilter, ImageOrder, NotOpened, Place, Slice, Unanswered};

use crate::databases::{Database, environment};
use crate::stage::{Stage, name, registry};

/// A server of this story's own.
struct Server {
    room: PathBuf,
}

impl Server {
    /// In the room of the test servers, which the test command clears.
    fn start() -> Self {
        let room = PathBuf::from(environment("VIGIL_TEST_POSTGRES_ROOM")).join("away");
        let server = Self { room };
        server.call("initdb", &["--no-sync", "--username=postgres", "--auth=trust", "--encoding=UTF8"]);
        server.go_on();
        server
    }

    fn go_on(&self) {
        let options = format!("-k {} -c listen_addresses='' -c fsync=off", self.room.display());
        let log = self.room.join("log");
        self.call(
            "pg_ctl",
            &["start", "--silent", "--wait", "--log", log.to_str().unwrap(), "--options", &options],
        );
    }

    fn stop(&self) {
        self.call("pg_ctl", &["stop", "--silent", "--wait", "--mode=immediate"]);
    }

    fn call(&self, program: &str, arguments: &[&str]) {
        let program = PathBuf::from(environment("VIGIL_TEST_POSTGRES_BIN")).join(program);
        let mut command = Command::new(program);
        command.args(arguments).arg("--pgdata").arg(&self.room).stdin(Stdio::null()).stdout(Stdio::null());
        assert!(command.status().unwrap().success(), "{arguments:?}");
    }

    fn place(&self) -> Place {
        format!("postgres:///postgres?host={}&user=postgres", self.room.display()).parse().unwrap()
    }
}

#[tokio::test]
async fn a_pass_waits_for_a_server_that_is_away_and_readers_are_told() {
    let server = Server::start();
    let stage = Stage::new(Database { place: server.place(), room: None, url: None }).await;
    stage.store.reside().await.unwrap();
    let app = image(1, &["latest"], 1);
    stage.list(std::slice::from_ref(&app)).await;
    stage.scanned(&app, &["CVE-1 HIGH zlib"]).await;
    stage.clock.hours(24);
    let findings = ["CVE-2 HIGH zlib"].map(crate::stage::parse);
    let scan = vigil_core::testing::scan("COMPLETE", Some(stage.now()), &findings);
    let entries = stage.judged(&app, scan);
    server.stop();
    let answer = stage.store.images(ImageFilter::default(), ImageOrder::Name, Slice::first(9)).await;
    match answer {
        Err(Unanswered::Database(fault)) => {
            assert_eq!(fault.kind, DatabaseFaultKind::Unavailable);
            assert!(fault.to_string().contains("unavailable"), "{fault}");
        }
        other => panic!("{other:?}"),
    }
    assert!(stage.store.ready().await.is_err());
    let (ledger, now) = (stage.ledger(), stage.now());
    let writing =
        tokio::spawn(async move { ledger.record(&registry(), &name("team/app"), now, entries).await });
    stage.clock.waiting.acquire().await.unwrap().forget();
    assert!(!writing.is_finished(), "it waits");
    server.go_on();
    stage.clock.go.add_permits(1_000);
    writing.await.unwrap().unwrap();
    stage.store.ready().await.unwrap();
    assert_eq!(stage.changes().await, ["latest CVE-1 fixed", "latest CVE-2 new"]);
    let other = Stage::new(Database { place: server.place(), room: None, url: None }).await;
    other.clock.go.add_permits(1_000);
    let refused = other.store.reside().await.unwrap_err();
    assert!(matches!(&refused, NotOpened::Occupied(_)), "the first has taken it again: {refused}");
    drop(stage);
    while other.store.reside().await.is_err() {
        tokio::task::yield_now().await;
    }
    server.stop();
}
