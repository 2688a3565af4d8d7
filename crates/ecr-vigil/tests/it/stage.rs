//! The stage of a story: an ECR in a box, a directory to be in, and the program that is pointed at the box.

use std::net::SocketAddr;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;
use tokio::net::TcpListener;
use vigil_sim::{Digest, NewImage, Registry, ScanBehaviour, Sim, SimConfig};

use crate::program::{Ended, Program};

pub(crate) struct Stage {
    pub(crate) sim: Arc<Sim>,
    pub(crate) registry: Arc<Registry>,
    pub(crate) address: SocketAddr,
    /// The directory in which the program runs.
    pub(crate) home: TempDir,
}

/// An empty box whose scans are over in the blink of an eye.
pub(crate) fn quick() -> SimConfig {
    let scans = ScanBehaviour { min_seconds: 0.01, max_seconds: 0.03, ..ScanBehaviour::default() };
    SimConfig { scans, ..SimConfig::default() }
}

/// An empty box whose scans never end, because its clock stands still.
pub(crate) fn frozen() -> SimConfig {
    SimConfig { clock_held: true, ..SimConfig::default() }
}

/// An image without vulnerabilities.
pub(crate) fn clean() -> NewImage {
    NewImage { findings: Some(Vec::new()), ..NewImage::default() }
}

impl Stage {
    /// With an empty box.
    pub(crate) async fn new() -> Self {
        Self::with(quick()).await
    }

    pub(crate) async fn with(config: SimConfig) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let sim = Sim::new(config);
        tokio::spawn(Arc::clone(&sim).serve(listener, std::future::pending()));
        let registry = sim.default_registry();
        Self { sim, registry, address, home: TempDir::new().unwrap() }
    }

    /// With so many clean images `v1`, `v2`, … in `team/app`.
    pub(crate) async fn with_images(config: SimConfig, images: u32) -> Self {
        let stage = Self::with(config).await;
        for n in 1..=images {
            stage.push(&format!("team/app:v{n}"), clean());
        }
        stage
    }

    /// Pushes an image as `repository`, `repository:tag` or `repository:tag,tag`.
    pub(crate) fn push(&self, name: &str, image: NewImage) -> Digest {
        push(&self.registry, name, image)
    }

    /// So many hours ago, by the clock of the box.
    pub(crate) fn hours_ago(&self, hours: i64) -> Timestamp {
        self.sim.clock().now() - SignedDuration::from_hours(hours) - SignedDuration::from_mins(10)
    }

    /// Writes a file into the directory of the program.
    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.home.path().join(name), text).unwrap();
    }

    /// The program, with arguments separated by blanks.
    pub(crate) fn program(&self, arguments: &str) -> Program {
        self.surround(Program::new(arguments, self.home.path()))
    }

    /// Gives a program the environment in which it finds the box.
    pub(crate) fn surround(&self, program: Program) -> Program {
        program
            .env("AWS_ENDPOINT_URL", &format!("http://{}", self.address))
            .env("AWS_REGION", "us-east-1")
            .env("AWS_ACCESS_KEY_ID", "AKIATEST")
            .env("AWS_SECRET_ACCESS_KEY", "do-not-print-me")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_CONFIG_FILE", "/dev/null")
            .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
            .env("VIGIL_FIRST_QUESTION", "20ms")
    }

    pub(crate) async fn run(&self, arguments: &str) -> Ended {
        self.program(arguments).run().await
    }

    /// How often an operation was called.
    pub(crate) fn calls(&self, operation: &str) -> u64 {
        self.sim.calls().get(operation).map_or(0, |calls| calls.arrived)
    }

    /// The box was not asked for anything.
    #[track_caller]
    pub(crate) fn untouched(&self) {
        assert!(self.sim.calls().is_empty(), "{:?}", self.sim.calls());
    }
}

/// Pushes an image into a registry.
pub(crate) fn push(registry: &Registry, name: &str, image: NewImage) -> Digest {
    let (repository, tags) = name.split_once(':').unwrap_or((name, ""));
    if registry.images(repository).is_err() {
        registry.add_repository(repository).unwrap();
    }
    let tags = tags.split(',').filter(|tag| !tag.is_empty()).map(str::to_owned).collect();
    registry.add_image(repository, NewImage { tags, ..image }).unwrap()
}
