//! Services that lose their place in a PostgreSQL database: to nobody, or to another one.

use vigil_core::port::Ledger;
use vigil_core::record::Entry;
use vigil_core::testing::image;
use vigil_store::{DatabaseFaultKind, Store};

use crate::databases::Database;
use crate::stage::{Stage, name, registry};

/// A service at work, whose clock lets everybody wait as often as they like.
async fn resident(database: Database) -> Stage {
    let stage = Stage::new(database).await;
    stage.clock.go.add_permits(1_000);
    stage.store.reside().await.unwrap();
    stage
}

/// The server ends the connections of whoever works with the database, as a restart or a firewall would.
async fn cut_off(stage: &Stage) {
    let sql = "SELECT pg_terminate_backend(pid, 10000) FROM pg_locks
        WHERE locktype = 'advisory' AND objsubid = 2
          AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    let ended = stage.database.client().await.query(sql, &[]).await.unwrap();
    assert_eq!(ended.len(), 1, "one alone works with it");
}

async fn writes(stage: &Stage) -> Result<(), String> {
    let listed = vec![Entry::Listed(vec![image(1, &["latest"], 1)])];
    let written = stage.ledger().record(&registry(), &name("team/app"), stage.now(), listed).await;
    written.map_err(|error| error.to_string())
}

/// Another service at the same database, as it opens.
async fn another(stage: &Stage) -> Store {
    Store::open(&stage.database.place, stage.clock.clone()).await.unwrap()
}

async fn is_out(stage: &Stage) {
    let said = writes(stage).await.unwrap_err();
    assert!(said.contains("another service works with the database"), "it does not wait: {said}");
    stage.store.evicted().await;
    assert_eq!(stage.store.ready().await.unwrap_err().kind, DatabaseFaultKind::Occupied);
}

#[tokio::test]
async fn a_connection_that_is_lost_is_replaced() {
    let stage = resident(Database::postgres().await).await;
    cut_off(&stage).await;
    writes(&stage).await.unwrap();
    stage.store.ready().await.unwrap();
    let other = another(&stage).await;
    other.reside().await.unwrap_err();
}

#[tokio::test]
async fn a_service_that_finds_another_in_its_place_writes_nothing_and_says_so() {
    let stage = resident(Database::postgres().await).await;
    cut_off(&stage).await;
    let other = another(&stage).await;
    other.reside().await.unwrap();
    is_out(&stage).await;
    drop(other);
    is_out(&stage).await;
}

#[tokio::test]
async fn a_service_in_whose_place_another_has_been_does_not_go_on() {
    let stage = resident(Database::postgres().await).await;
    cut_off(&stage).await;
    let other = another(&stage).await;
    other.reside().await.unwrap();
    drop(other);
    is_out(&stage).await;
    another(&stage).await.reside().await.unwrap();
}
