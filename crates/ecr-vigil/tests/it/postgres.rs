//! A service whose memory is a PostgreSQL server, which goes away and comes back in the middle of a pass.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use jiff::SignedDuration;

use crate::stage::{Stage, frozen};

/// A server of this story's own, in the room of the test servers, which the test command clears.
pub(crate) struct Server {
    room: PathBuf,
}

impl Server {
    pub(crate) fn start(name: &str) -> Self {
        let server = Self { room: PathBuf::from(environment("VIGIL_TEST_POSTGRES_ROOM")).join(name) };
        server.call("initdb", &["--no-sync", "--username=postgres", "--auth=trust", "--encoding=UTF8"]);
        server.go_on();
        server
    }

    fn go_on(&self) {
        let options = format!("-k {} -c listen_addresses='' -c fsync=off", self.room.display());
        let log = self.room.join("log");
        let start = ["start", "--silent", "--wait", "--log", log.to_str().unwrap(), "--options", &options];
        self.call("pg_ctl", &start);
    }

    /// The address of its database.
    pub(crate) fn database(&self) -> String {
        format!("postgres:///postgres?host={}&user=postgres", self.room.display())
    }

    pub(crate) fn stop(&self) {
        self.call("pg_ctl", &["stop", "--silent", "--wait", "--mode=immediate"]);
    }

    fn call(&self, program: &str, arguments: &[&str]) {
        let program = PathBuf::from(environment("VIGIL_TEST_POSTGRES_BIN")).join(program);
        let mut command = Command::new(program);
        command.args(arguments).arg("--pgdata").arg(&self.room).stdin(Stdio::null()).stdout(Stdio::null());
        assert!(command.status().unwrap().success(), "{arguments:?}");
    }
}

#[expect(clippy::disallowed_methods, reason = "whoever runs the tests says where PostgreSQL is")]
fn environment(name: &str) -> String {
    std::env::var(name).expect("run the tests with `cargo xtask test`: it prepares PostgreSQL")
}

#[tokio::test]
async fn a_pass_goes_on_when_its_database_is_back_and_meanwhile_everybody_is_told() {
    let server = Server::start("service");
    let stage = Stage::with_images(frozen(), 3).await;
    let database = server.database();
    let program = stage.program("serve --http-port 0").env("VIGIL_DATABASE_URL", &database);
    let mut service = program.serve().await;
    let pass = service.post("/api/v1/passes", "{}").await.status(202).json()["id"].clone();
    stage.sim.when_calls("StartImageScan", 3).await;
    service.get("/readyz").await.status(200);

    server.stop();
    stage.sim.clock().advance(SignedDuration::from_mins(5));
    service.until_logged("the database does not answer").await;
    let readiness = service.get("/readyz").await.status(503).json();
    assert_eq!((&readiness["store"], &readiness["schedules"]), (&false.into(), &true.into()));
    let answer = service.get("/api/v1/images").await.status(503);
    assert_eq!(answer.header("Content-Type"), Some("application/problem+json"));
    assert_eq!(answer.json()["type"], "urn:ecr-vigil:problem:unavailable", "{answer:?}");
    service.get("/healthz").await.status(200);
    let metrics = service.get("/metrics").await.status(200).body;
    assert!(metrics.contains("ecr_vigil_store_up 0"), "{metrics}");

    server.go_on();
    service.until_logged("pass ended").await;
    service.get("/readyz").await.status(200);
    let last = service.last_pass().await;
    assert_eq!((&last["id"], &last["outcome"]), (&pass, &"complete".into()), "{last}");
    assert_eq!(stage.calls("StartImageScan"), 3);
    let report = stage.program("report --format json").env("VIGIL_DATABASE_URL", &database);
    let report = report.run().await.code(0).json();
    assert_eq!(report["totals"]["by_status"]["current"], 3, "beside the service: {report}");
    service.end().await.code(0);
    server.stop();
}
