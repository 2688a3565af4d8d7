//! The simulator in a process of its own, steered over its control endpoints.

use std::{
    collections::BTreeMap,
    io,
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
};

/// A running simulator; it ends with this value.
pub(super) struct Simulator {
    child: Child,
    address: String,
}

/// Why the simulator could not be steered.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SimulatorError {
    #[error("cannot start the simulator")]
    Start(#[source] io::Error),
    #[error("the simulator does not answer {request}")]
    Silent { request: String, source: Box<ureq::Error> },
    #[error("the simulator's answer to {request} is not understood: {answer}")]
    Answer { request: String, answer: String },
}

/// Calls by operation, those that were throttled apart.
#[derive(Debug, Clone, Default)]
pub(super) struct Calls(pub(super) BTreeMap<String, (u64, u64)>);

impl Simulator {
    /// Starts one with so many plain images, all never scanned, that answers after this many milliseconds.
    pub(super) fn start(
        program: &Path,
        repositories: u64,
        images: u64,
        latency_ms: u64,
    ) -> Result<Self, SimulatorError> {
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let address = free.map_err(SimulatorError::Start)?.to_string();
        let child = Command::new(program)
            .args(["demo", "--profile", "plain", "--listen", &address])
            .args(["--repositories", &repositories.to_string(), "--images", &images.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(SimulatorError::Start)?;
        let simulator = Self { child, address };
        simulator.wait_until_it_listens();
        if latency_ms > 0 {
            simulator.post("/_sim/faults", &format!(r#"{{"action":{{"latency-ms":{latency_ms}}}}}"#))?;
        }
        // The scans of the bench take two to four seconds.
        simulator.post("/_sim/scans", r#"{"min_seconds":2,"max_seconds":4,"daily_limit":100000000}"#)?;
        Ok(simulator)
    }

    /// Where AWS is, for the program that is measured.
    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Limits an operation to so many calls a second.
    pub(super) fn limit(&self, operation: &str, rate: u64) -> Result<(), SimulatorError> {
        let body = format!(r#"{{"operation":"{operation}","rate":{rate},"burst":{rate}}}"#);
        self.post("/_sim/limits", &body)
    }

    /// Answers when the first call of this operation has arrived.
    pub(super) fn wait_for(&self, operation: &str) -> Result<(), SimulatorError> {
        self.get(&format!("/_sim/wait?operation={operation}&calls=1")).map(drop)
    }

    /// The calls since the last time they were taken.
    pub(super) fn take_calls(&self) -> Result<Calls, SimulatorError> {
        let request = "/_sim/calls";
        let answer = self.get(request)?;
        self.post("/_sim/reset-calls", "")?;
        let not_understood =
            || SimulatorError::Answer { request: request.to_owned(), answer: answer.clone() };
        let counts: BTreeMap<String, BTreeMap<String, u64>> =
            serde_json::from_str(&answer).map_err(|_| not_understood())?;
        let pair = |count: BTreeMap<String, u64>| {
            let get = |name: &str| count.get(name).copied().unwrap_or(0);
            (get("arrived"), get("throttled"))
        };
        Ok(Calls(counts.into_iter().map(|(operation, count)| (operation, pair(count))).collect()))
    }

    fn wait_until_it_listens(&self) {
        // Connecting is the event: a refused connection returns at once, and the loop ends when one is accepted.
        while std::net::TcpStream::connect(&self.address).is_err() {
            std::thread::yield_now();
        }
    }

    fn get(&self, request: &str) -> Result<String, SimulatorError> {
        let failed =
            |source| SimulatorError::Silent { request: request.to_owned(), source: Box::new(source) };
        let mut answer = ureq::get(format!("{}{request}", self.url())).call().map_err(failed)?;
        answer.body_mut().read_to_string().map_err(failed)
    }

    fn post(&self, request: &str, body: &str) -> Result<(), SimulatorError> {
        let failed =
            |source| SimulatorError::Silent { request: request.to_owned(), source: Box::new(source) };
        ureq::post(format!("{}{request}", self.url())).send(body).map(drop).map_err(failed)
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        // It may have ended by itself; either way nothing is left behind.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Calls {
    /// All of them.
    pub(super) fn total(&self) -> u64 {
        self.0.values().map(|(arrived, _)| arrived).sum()
    }

    /// Those that were throttled.
    pub(super) fn throttled(&self) -> u64 {
        self.0.values().map(|(_, throttled)| throttled).sum()
    }

    /// Those of one operation.
    pub(super) fn of(&self, operation: &str) -> u64 {
        self.0.get(operation).map_or(0, |(arrived, _)| *arrived)
    }
}
