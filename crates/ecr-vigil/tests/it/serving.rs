//! A service that runs: asked over HTTP, told by signals, killed without warning.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::program::{Ended, Program, Running};
use crate::stage::Stage;

/// No answer takes this long.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Serving {
    running: Running,
    pub(crate) address: SocketAddr,
}

/// An answer, whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
}

impl Stage {
    /// Starts the service with these arguments and waits until it answers.
    pub(crate) async fn serve(&self, arguments: &str) -> Serving {
        self.program(&format!("serve --http-port 0 {arguments}")).serve().await
    }
}

impl Program {
    /// Starts the service and waits until it answers.
    pub(crate) async fn serve(self) -> Serving {
        let mut running = self.start().await;
        let line = running.until("the service answers").await;
        let address = line.split("http://").nth(1).unwrap_or_else(|| panic!("no address in {line}"));
        let address = address.split(|c: char| c != '.' && c != ':' && !c.is_ascii_digit()).next().unwrap();
        let mut address: SocketAddr = address.parse().unwrap();
        if address.ip().is_unspecified() {
            address.set_ip(Ipv4Addr::LOCALHOST.into());
        }
        Serving { running, address }
    }
}

impl Serving {
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, "", "").await
    }

    pub(crate) async fn post(&self, path: &str, body: &str) -> Answer {
        self.ask("POST", path, "Content-Type: application/json\r\n", body).await
    }

    pub(crate) async fn ask(&self, method: &str, path: &str, headers: &str, body: &str) -> Answer {
        ask(self.address, method, path, headers, body).await.expect("it answers")
    }

    /// Makes a pass by hand and waits for its end. Returns its id.
    pub(crate) async fn pass(&self) -> String {
        self.make_pass("{}").await
    }

    /// Makes a pass of a schedule by hand, as [`Serving::pass`].
    pub(crate) async fn pass_of(&self, schedule: &str) -> String {
        self.make_pass(&format!(r#"{{"schedule": "{schedule}"}}"#)).await
    }

    async fn make_pass(&self, asked: &str) -> String {
        let begun = self.post("/api/v1/passes", asked).await.status(202).json();
        let id = begun["id"].as_str().unwrap().to_owned();
        self.until_ended(&id).await;
        id
    }

    /// Waits for the end of a pass: its events end with it.
    pub(crate) async fn until_ended(&self, pass: &str) {
        let events = self.get(&format!("/api/v1/passes/{pass}/events")).await;
        assert!(events.status == 204 || events.body.contains("ended"), "{events:?}");
    }

    /// The items of a list below `/api/v1/`.
    pub(crate) async fn items(&self, list: &str) -> Value {
        self.get(&format!("/api/v1/{list}")).await.status(200).json()["items"].clone()
    }

    /// The newest pass.
    pub(crate) async fn last_pass(&self) -> Value {
        self.items("passes?limit=1").await[0].clone()
    }

    pub(crate) fn signal(&self, name: &str) {
        self.running.signal(name);
    }

    /// Limits how far its files may grow.
    pub(crate) fn limit_files(&self, bytes: &str) {
        self.running.limit_files(bytes);
    }

    /// Ends it without warning.
    pub(crate) async fn kill(self) -> Ended {
        self.running.signal("KILL");
        self.running.end().await
    }

    /// Ends it in order.
    pub(crate) async fn end(self) -> Ended {
        self.running.signal("TERM");
        self.running.end().await
    }

    /// Waits until it has logged this.
    pub(crate) async fn until_logged(&mut self, text: &str) -> String {
        self.running.until(text).await
    }
}

/// One request on a connection of its own.
pub(crate) async fn ask(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &str,
    body: &str,
) -> std::io::Result<Answer> {
    let asking = async {
        let mut stream = TcpStream::connect(address).await?;
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{headers}Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        Ok(Answer::read(&String::from_utf8_lossy(&answer)))
    };
    timeout(PATIENCE, asking).await.expect("it answers in time")
}

impl Answer {
    fn read(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no HTTP: {text}"));
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap();
        let chunked = head.to_ascii_lowercase().contains("transfer-encoding: chunked");
        let body = if chunked { unchunk(body) } else { body.to_owned() };
        Self { status, head: head.to_owned(), body }
    }

    #[track_caller]
    pub(crate) fn status(self, expected: u16) -> Self {
        assert_eq!(self.status, expected, "{}\n\n{}", self.head, self.body);
        self
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        header(&self.head, name)
    }
}

/// A header in the head of a request or an answer.
pub(crate) fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let lines = head.lines().filter_map(|line| line.split_once(':'));
    lines.into_iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

/// Puts together a body that was sent in chunks.
fn unchunk(mut rest: &str) -> String {
    let mut body = String::new();
    while let Some((length, tail)) = rest.split_once("\r\n") {
        let length = usize::from_str_radix(length.trim(), 16).unwrap_or(0);
        if length == 0 || tail.len() < length {
            break;
        }
        body.push_str(&tail[..length]);
        rest = tail[length..].trim_start_matches("\r\n");
    }
    body
}
