//! A simulator on a loopback port, and the smallest client that can talk to it.

#![expect(clippy::unwrap_used, reason = "only tests call this, and they stop at the first surprise")]

use std::net::SocketAddr;
use std::sync::Arc;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use vigil_sim::{Sim, SimConfig};

/// Serves a simulator until the test's runtime ends.
pub(crate) async fn serve(config: SimConfig) -> (Arc<Sim>, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let sim = Sim::new(config);
    tokio::spawn(Arc::clone(&sim).serve(listener, std::future::pending()));
    (sim, address)
}

/// Calls an operation of ECR and returns the HTTP status and the answer.
pub(crate) async fn call(address: SocketAddr, operation: &str, body: Value) -> (u16, Value) {
    let head = format!(
        "POST / HTTP/1.1\r\nContent-Type: application/x-amz-json-1.1\r\n\
         X-Amz-Target: AmazonEC2ContainerRegistry_V20150921.{operation}\r\n\
         Authorization: AWS4-HMAC-SHA256 Credential=AKIA/20261121/us-east-1/ecr/aws4_request, Signature=0\r\n",
    );
    exchange(address, &head, &body.to_string()).await
}

/// Asks a control and returns the HTTP status and the answer.
pub(crate) async fn control(address: SocketAddr, method: &str, path: &str, body: &str) -> (u16, Value) {
    exchange(address, &format!("{method} /_sim/{path} HTTP/1.1\r\n"), body).await
}

/// Sends a request of which `head` says what is its own.
async fn exchange(address: SocketAddr, head: &str, body: &str) -> (u16, Value) {
    let length = body.len();
    let request = format!("{head}Host: sim\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}");
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap())
}
