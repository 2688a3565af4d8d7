//! A web server that answers what a story wants, and keeps what it was asked.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// A server on this machine.
pub(crate) struct Server {
    pub(crate) url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

/// One answer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Answer {
    pub(crate) status: &'static str,
    /// Each with its line end.
    pub(crate) headers: &'static str,
    pub(crate) body: Vec<u8>,
    /// How much of the body is sent; then nothing comes any more.
    pub(crate) stops_at: Option<usize>,
}

impl Server {
    pub(crate) async fn new(answers: Vec<Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/catalogue", listener.local_addr().unwrap());
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let heads = asked.clone();
        let mut answers = VecDeque::from(answers);
        tokio::spawn(async move {
            while let (Ok((stream, _)), Some(answer)) = (listener.accept().await, answers.pop_front()) {
                let heads = heads.clone();
                tokio::spawn(async move { drop(serve(stream, &answer, &heads).await) });
            }
        });
        Self { url, asked }
    }

    /// The head of each request, in lower case.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

async fn serve(stream: TcpStream, answer: &Answer, heads: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut head).await? == 0 {
            return Ok(());
        }
    }
    heads.lock().unwrap().push(head.to_lowercase());
    let Answer { status, headers, body, stops_at } = answer;
    let head =
        format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n", body.len());
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(&body[..stops_at.unwrap_or(body.len())]).await?;
    stream.flush().await?;
    if stops_at.is_some() {
        std::future::pending::<()>().await;
    }
    stream.shutdown().await
}
