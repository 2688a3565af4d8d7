//! A disk that is full, and database files that are damaged.

use std::path::PathBuf;

use jiff::SignedDuration;

use crate::program::Program;
use crate::stage::{Stage, frozen, quick};

#[tokio::test]
async fn with_a_full_disk_the_pass_fails_and_says_so_and_the_service_lives_on() {
    let stage = Stage::with_images(frozen(), 3).await;
    let arguments = "serve --http-port 0";
    // Who writes too much is told so, and not ended.
    let program = Program::within_shell(":", arguments, stage.home.path());
    let mut service = stage.surround(program).serve().await;
    let pass = service.post("/api/v1/passes", "{}").await.status(202).json()["id"].clone();
    stage.sim.when_calls("StartImageScan", 3).await;
    service.limit_files("1");
    stage.sim.clock().advance(SignedDuration::from_mins(5));
    let line = service.until_logged("the pass over the registry broke off").await;
    assert!(line.contains("could not be written down"), "{line}");
    service.until_logged("the end of the pass cannot be written down").await;
    service.get("/healthz").await.status(200);
    assert_eq!(service.items("images").await.as_array().unwrap().len(), 3);
    // Its events end with it, if it has not ended yet: nobody else can tell, since its end is not written down.
    service.get(&format!("/api/v1/passes/{}/events", pass.as_str().unwrap())).await;
    service.post("/api/v1/passes", "{}").await.status(503);

    service.limit_files("unlimited");
    service.pass().await;
    let passes = service.items("passes").await;
    assert_eq!((&passes[0]["outcome"], &passes[1]["outcome"]), (&"complete".into(), &"failed".into()));
    assert_eq!(passes[1]["id"], pass, "its end is written down after all");
    assert_eq!(stage.calls("StartImageScan"), 3, "no scan is asked for twice");
    service.end().await.code(0);
}

/// A database that a service has left behind.
async fn left_behind(stage: &Stage) -> (PathBuf, Vec<u8>) {
    let service = stage.serve("").await;
    service.pass().await;
    service.end().await.code(0);
    let file = stage.home.path().join("vigil.db");
    let bytes = std::fs::read(&file).unwrap();
    (file, bytes)
}

#[tokio::test]
async fn a_damaged_database_is_named_and_left_as_it_is() {
    let stage = Stage::with_images(quick(), 5).await;
    let (file, whole) = left_behind(&stage).await;
    let middle = whole.len() / 2 / 4096 * 4096;
    let mut overwritten = whole.clone();
    overwritten[middle..middle + 2 * 4096].fill(0xa5);
    let mut no_header = whole.clone();
    no_header[..100].fill(0);
    for damaged in [overwritten, whole[..middle].to_vec(), no_header, whole[..50].to_vec()] {
        std::fs::write(&file, &damaged).unwrap();
        let ended = stage.run("serve --http-port 0").await.code(4);
        ended.complains("vigil.db").complains("it was left as it is");
        assert!(std::fs::read(&file).unwrap() == damaged, "the file was touched");
    }
    std::fs::write(&file, &whole).unwrap();
    stage.serve("").await.end().await.code(0);
}
