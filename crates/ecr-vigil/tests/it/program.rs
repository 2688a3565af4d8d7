//! The program under test: how it is started, what it is told while it runs, and how it ended.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use regex::Regex;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStderr, Command};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::timeout;

/// No story takes this long: what does is stuck.
const PATIENCE: Duration = Duration::from_secs(120);

/// A run of the program that has not begun.
pub(crate) struct Program {
    command: Command,
    /// What it reads before its input ends; `None`: its input stays open until it is to end.
    input: Option<String>,
}

/// A run that has begun.
pub(crate) struct Running {
    child: Child,
    /// What it says on standard error, read as it comes: it never waits for a reader.
    log: UnboundedReceiver<String>,
    said: String,
}

/// A run that has ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// The exit code; `None` if a signal killed it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Program {
    /// The program with arguments separated by blanks, in a directory, knowing nothing of the environment.
    pub(crate) fn new(arguments: &str, directory: &Path) -> Self {
        Self::other(Path::new(env!("CARGO_BIN_EXE_ecr-vigil")), arguments, directory)
    }

    /// Some other program in the same surroundings.
    pub(crate) fn other(program: &Path, arguments: &str, directory: &Path) -> Self {
        let mut command = Command::new(program);
        command.env_clear().args(arguments.split_whitespace()).current_dir(directory).kill_on_drop(true);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Self { command, input: Some(String::new()) }
    }

    /// The program, started by a shell that first does something.
    pub(crate) fn within_shell(first: &str, arguments: &str, directory: &Path) -> Self {
        let mut program = Self::other(Path::new("/bin/sh"), "-c", directory);
        let script = format!("{first}; exec '{}' \"$@\"", env!("CARGO_BIN_EXE_ecr-vigil"));
        program.command.arg(script).arg("sh").args(arguments.split_whitespace());
        program
    }

    pub(crate) fn arg(mut self, argument: impl AsRef<std::ffi::OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn without_env(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    pub(crate) fn stdin(mut self, text: &str) -> Self {
        self.input = Some(text.to_owned());
        self
    }

    pub(crate) fn keep_stdin(mut self) -> Self {
        self.input = None;
        self
    }

    pub(crate) fn stdout_to(mut self, file: std::fs::File) -> Self {
        self.command.stdout(file);
        self
    }

    pub(crate) async fn start(mut self) -> Running {
        let mut child = self.command.spawn().unwrap();
        let log = lines(child.stderr.take().unwrap());
        if let Some(input) = self.input {
            // Whoever does not read its input has ended already, and what it said tells more.
            let _ = child.stdin.take().unwrap().write_all(input.as_bytes()).await;
        }
        Running { child, log, said: String::new() }
    }

    pub(crate) async fn run(self) -> Ended {
        self.start().await.end().await
    }
}

impl Running {
    /// Returns once the program has said a line with this text on standard error, with that line.
    pub(crate) async fn until(&mut self, text: &str) -> String {
        let reading = async {
            loop {
                let line = self.log.recv().await;
                let line = line.unwrap_or_else(|| panic!("it ended without saying `{text}`:\n{}", self.said));
                self.said.push_str(&line);
                if line.contains(text) {
                    return line;
                }
            }
        };
        let line = timeout(PATIENCE, reading).await;
        line.unwrap_or_else(|_| panic!("it never says `{text}`:\n{}", self.said))
    }

    /// Sends a signal, such as `TERM`.
    pub(crate) fn signal(&self, name: &str) {
        let process = self.child.id().unwrap().to_string();
        let killed = std::process::Command::new("kill").args(["-s", name, &process]).status().unwrap();
        assert!(killed.success());
    }

    /// Limits how far its files may grow from now on: a number of bytes, or `unlimited`.
    pub(crate) fn limit_files(&self, bytes: &str) {
        let process = self.child.id().unwrap().to_string();
        let limit = format!("--fsize={bytes}:unlimited");
        let limited = std::process::Command::new("prlimit").args(["--pid", &process, &limit]).status();
        assert!(limited.unwrap().success());
    }

    /// Closes the reading end of its standard output.
    pub(crate) fn stop_reading(&mut self) {
        drop(self.child.stdout.take());
    }

    pub(crate) async fn end(mut self) -> Ended {
        drop(self.child.stdin.take());
        let mut stdout = String::new();
        let mut pipe = self.child.stdout.take();
        let report = async {
            match &mut pipe {
                Some(pipe) => pipe.read_to_string(&mut stdout).await,
                None => Ok(0),
            }
        };
        let log = async {
            while let Some(line) = self.log.recv().await {
                self.said.push_str(&line);
            }
        };
        let ending = async { tokio::join!(report, log, self.child.wait()) };
        let (report, (), status) = timeout(PATIENCE, ending).await.expect("it ends");
        report.expect("it says text");
        Ended { code: status.unwrap().code(), stdout, stderr: self.said }
    }
}

/// The lines of a stream, as they come.
fn lines(stream: ChildStderr) -> UnboundedReceiver<String> {
    let (sender, lines) = unbounded_channel();
    tokio::spawn(async move {
        let mut stream = BufReader::new(stream);
        loop {
            let mut line = String::new();
            match stream.read_line(&mut line).await {
                Ok(0) | Err(_) => break,
                // Nobody may want to know any more.
                Ok(_) => drop(sender.send(line)),
            }
        }
    });
    lines
}

impl Ended {
    /// Ended with this code.
    #[track_caller]
    pub(crate) fn code(self, expected: i32) -> Self {
        let Self { code, stdout, stderr } = &self;
        assert_eq!(*code, Some(expected), "\nstdout:\n{stdout:.4000}\nstderr:\n{stderr}");
        self
    }

    /// The report says this.
    #[track_caller]
    pub(crate) fn reports(self, text: &str) -> Self {
        assert!(self.stdout.contains(text), "no `{text}` in:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// Standard error says this.
    #[track_caller]
    pub(crate) fn complains(self, text: &str) -> Self {
        assert!(self.stderr.contains(text), "no `{text}` in:\n{}", self.stderr);
        self
    }

    /// Nothing was reported.
    #[track_caller]
    pub(crate) fn silent(self) -> Self {
        assert_eq!(self.stdout, "");
        self
    }

    /// The report as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error}:\n{}\nstderr:\n{}", self.stdout, self.stderr))
    }

    /// Every image of the JSON report on a line: by its first tag, how it came out, and why. Digests are cut short.
    #[track_caller]
    pub(crate) fn outcomes(&self) -> String {
        let report = self.json();
        let digest = Regex::new("sha256:([0-9a-f]{8})[0-9a-f]{56}").unwrap();
        let line = |image: &Value| {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let of = text(&image["repository"]);
            let name = image["tags"][0]
                .as_str()
                .map_or(format!("@{}", text(&image["digest"])), |tag| format!(":{tag}"));
            let why = text(&image["reason"]["text"]);
            let line = format!("{of}{name} {}: {why}\n", text(&image["status"]));
            digest.replace_all(&line, "sha256:$1…").into_owned()
        };
        report["images"].as_array().unwrap().iter().map(line).collect()
    }

    /// How many images of the JSON report came out so.
    #[track_caller]
    pub(crate) fn count(&self, status: &str) -> u64 {
        self.json()["totals"]["by_status"][status].as_u64().unwrap()
    }
}
