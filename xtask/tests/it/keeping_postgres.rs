//! The keeper of the tests' PostgreSQL leaves nothing behind, however it ends.

use std::{
    env, fs,
    io::{BufRead, BufReader},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// A keeper in the test environment of this very run, which has all that it needs.
fn keeper() -> (Child, PathBuf) {
    let programs = env::var_os("VIGIL_TEST_POSTGRES_BIN").expect("run the tests with `cargo xtask test`");
    let place = Path::new(&programs).parent().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.arg("keep-postgres").arg(place).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut keeper = command.spawn().unwrap();
    let room = BufReader::new(keeper.stdout.take().unwrap()).lines().next().unwrap().unwrap();
    (keeper, room.into())
}

fn answers(room: &Path) -> bool {
    UnixStream::connect(room.join(".s.PGSQL.5432")).is_ok()
}

/// The number of the server's process.
fn server(room: &Path) -> String {
    fs::read_to_string(room.join("main/postmaster.pid")).unwrap().lines().next().unwrap().to_owned()
}

/// One that has ended and that nobody has asked about yet has no command any more.
fn runs(process: &str) -> bool {
    fs::read(format!("/proc/{process}/cmdline")).is_ok_and(|command| !command.is_empty())
}

#[test]
fn the_server_ends_with_the_keepers_input() {
    let (mut keeper, room) = keeper();
    let process = server(&room);
    assert!(answers(&room) && runs(&process));
    drop(keeper.stdin.take());
    assert!(keeper.wait().unwrap().success());
    assert!(!room.exists() && !runs(&process));
}

#[test]
fn what_a_killed_keeper_left_is_cleared_by_the_next() {
    let (mut killed, left) = keeper();
    let process = server(&left);
    killed.kill().unwrap();
    killed.wait().unwrap();
    assert!(answers(&left), "nobody stopped it");
    let (mut next, room) = keeper();
    assert!(!left.exists() && !runs(&process));
    assert!(answers(&room), "its own is another");
    drop(next.stdin.take());
    assert!(next.wait().unwrap().success());
}
