//! The libraries in a program of one's own: the example of vigil-aws, compiled with the tests, does what it promises.

use crate::images::{DUE, one_of_everything};
use crate::program::Program;

#[tokio::test]
async fn the_example_lists_what_is_due_and_starts_nothing() {
    let stage = one_of_everything().await;
    let tests = std::env::current_exe().unwrap();
    let example = tests.parent().and_then(|deps| deps.parent()).unwrap().join("examples/stale_images");
    assert!(example.exists(), "{} is not built: run the tests with `cargo xtask test`", example.display());
    let run = stage.surround(Program::other(&example, "", stage.home.path())).run().await.code(0);
    assert_eq!(run.stdout.lines().count() as u64, DUE, "{}", run.stdout);
    run.reports(": scanned 9 d ago, expiry 7d");
    assert_eq!(stage.calls("StartImageScan"), 0);
}
