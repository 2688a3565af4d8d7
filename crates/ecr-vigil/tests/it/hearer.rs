//! A place that news is told to: it keeps what it hears, and answers what a story wants.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// A server on this machine.
pub(crate) struct Hearer {
    pub(crate) url: String,
    heard: watch::Receiver<Vec<Heard>>,
    says: Arc<Mutex<VecDeque<u16>>>,
}

/// One request, and what was answered.
#[derive(Debug, Clone)]
pub(crate) struct Heard {
    pub(crate) head: String,
    pub(crate) body: String,
    pub(crate) answered: u16,
}

impl Hearer {
    pub(crate) async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (tell, heard) = watch::channel(Vec::new());
        let says: Arc<Mutex<VecDeque<u16>>> = Arc::default();
        let answers = says.clone();
        let tell = Arc::new(tell);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (tell, answers) = (tell.clone(), answers.clone());
                // A caller that was killed is none any more.
                tokio::spawn(async move { drop(hear(stream, &tell, &answers).await) });
            }
        });
        Self { url, heard, says }
    }

    /// Answers these next, and after them that all is well.
    pub(crate) fn will_say(&self, statuses: &[u16]) {
        self.says.lock().unwrap().extend(statuses);
    }

    /// Everything, once it is so many requests that were answered well.
    pub(crate) async fn taken(&self, times: usize) -> Vec<Heard> {
        let taken =
            |all: &Vec<Heard>| all.iter().filter(|heard| heard.answered == 200).cloned().collect::<Vec<_>>();
        let mut heard = self.heard.clone();
        let all = heard.wait_for(|all| taken(all).len() >= times).await.unwrap();
        taken(&all)
    }

    pub(crate) fn all(&self) -> Vec<Heard> {
        self.heard.borrow().clone()
    }
}

impl Heard {
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(':'));
        lines.into_iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }
}

async fn hear(
    stream: TcpStream,
    tell: &watch::Sender<Vec<Heard>>,
    says: &Mutex<VecDeque<u16>>,
) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut head).await? == 0 {
            return Ok(());
        }
    }
    let mut heard = Heard { head, body: String::new(), answered: 0 };
    let length = heard.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    heard.body = String::from_utf8_lossy(&body).into_owned();
    heard.answered = says.lock().unwrap().pop_front().unwrap_or(200);
    let answer = r#"{"ok":true,"ts":"1503435956.000247"}"#;
    let head = format!(
        "HTTP/1.1 {} Said\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{answer}",
        heard.answered,
        answer.len()
    );
    // Heard is what was answered: a caller that is killed now does not know.
    tell.send_modify(|all| all.push(heard));
    stream.write_all(head.as_bytes()).await?;
    stream.shutdown().await
}
