//! Connections: real ones.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use vigil_core::{Halt, Stop};

use super::stage::set;
use crate::http::{Api, Limits, Options, Tls, serve};

/// A service that listens.
pub(super) struct Served {
    pub(super) address: SocketAddr,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<std::io::Result<()>>,
}

const FIRST: &str = include_str!("tls/first.crt");
const SECOND: &str = include_str!("tls/second.crt");

async fn served(options: Options, tls: Option<Tls>) -> Served {
    served_by(set().await.api, options, tls).await
}

pub(super) async fn served_by(api: Api, options: Options, tls: Option<Tls>) -> Served {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let until = Stop::when(async {
        // Whoever lets go of the other end lets the service live.
        match stopped.await {
            Ok(()) => Halt::Interrupted,
            Err(_) => std::future::pending().await,
        }
    });
    let ended = tokio::spawn(serve(listener, tls, options, api, until));
    Served { address, stop, ended }
}

async fn ask(mut stream: impl AsyncRead + AsyncWrite + Unpin, text: &str) -> String {
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // Some ends of TLS connections are not announced.
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

const HEALTH: &str = "GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";

async fn over_tls(address: SocketAddr, trusted: &str) -> std::io::Result<String> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(trusted.as_bytes()).unwrap()).unwrap();
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let stream = TcpStream::connect(address).await?;
    let name = ServerName::try_from("localhost").unwrap();
    let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await?;
    Ok(ask(stream, HEALTH).await)
}

#[tokio::test]
async fn certificates_are_used_and_read_again() {
    let home = tempfile::tempdir().unwrap();
    let [certificate, key] = ["vigil.crt", "vigil.key"].map(|name| home.path().join(name));
    let put = |crt: &str, private: &str| {
        std::fs::write(&certificate, crt).unwrap();
        std::fs::write(&key, private).unwrap();
    };
    put(FIRST, include_str!("tls/first.key"));
    let tls = Tls::load(certificate.clone(), key.clone()).unwrap();
    let service = served(Options::default(), Some(tls.clone())).await;
    assert!(over_tls(service.address, FIRST).await.unwrap().starts_with("HTTP/1.1 200"));
    put(SECOND, "nonsense");
    let refusal = tls.reload().unwrap_err().to_string();
    assert!(refusal.contains("vigil.crt") && refusal.contains("cannot be used"), "{refusal}");
    assert!(over_tls(service.address, FIRST).await.is_ok(), "the old one stays");
    put(SECOND, include_str!("tls/second.key"));
    assert!(tls.reload().unwrap(), "it is another one");
    assert!(!tls.reload().unwrap(), "and then the same");
    assert!(over_tls(service.address, SECOND).await.unwrap().starts_with("HTTP/1.1 200"));
    assert!(over_tls(service.address, FIRST).await.is_err());
}

#[tokio::test]
async fn http_2_is_spoken_too() {
    let service = served(Options::default(), None).await;
    let stream = TcpStream::connect(service.address).await.unwrap();
    let io = hyper_util::rt::TokioIo::new(stream);
    let executor = hyper_util::rt::TokioExecutor::new();
    let (mut client, connection) = hyper::client::conn::http2::handshake(executor, io).await.unwrap();
    tokio::spawn(connection);
    for (host, status) in [("localhost", 200), ("rebound.example", 421)] {
        let request =
            axum::http::Request::get(format!("http://{host}/configs")).body(axum::body::Body::empty());
        assert_eq!(client.send_request(request.unwrap()).await.unwrap().status(), status, "{host}");
    }
}

#[tokio::test]
async fn what_is_under_way_is_answered_and_nothing_new_is_begun() {
    let service = served(Options::default(), None).await;
    let body = r#"{"region":"us-west-2","registry":"123456789012","repository":"team/app"}"#;
    let head = format!(
        "POST /configs HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\nexpect: \
         100-continue\r\n\r\n",
        body.len()
    );
    let mut stream = TcpStream::connect(service.address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    // Once it asks for the body the request is under way.
    let mut go_on = [0; 25];
    stream.read_exact(&mut go_on).await.unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    service.stop.send(()).unwrap();
    let answer = ask(stream, body).await;
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    service.ended.await.unwrap().unwrap();
    assert!(TcpStream::connect(service.address).await.is_err());
}

#[tokio::test]
async fn watchers_are_sent_home_at_the_end() {
    let service = served(Options::default(), None).await;
    let body = "POST /api/v1/passes HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    let started = ask(TcpStream::connect(service.address).await.unwrap(), body).await;
    let events = started.lines().find_map(|line| line.strip_prefix("location: ")).unwrap().to_owned();
    let mut stream = TcpStream::connect(service.address).await.unwrap();
    let watch = format!("GET {events}/events HTTP/1.1\r\nhost: localhost\r\n\r\n");
    stream.write_all(watch.as_bytes()).await.unwrap();
    let mut heard = String::new();
    while !heard.contains("event: progress") {
        let mut piece = [0; 4096];
        let read = stream.read(&mut piece).await.unwrap();
        assert_ne!(read, 0, "{heard}");
        heard.push_str(&String::from_utf8_lossy(&piece[..read]));
    }
    service.stop.send(()).unwrap();
    service.ended.await.unwrap().unwrap();
    stream.read_to_string(&mut heard).await.unwrap();
    assert!(!heard.contains("event: ended"), "the pass has not ended: {heard}");
}

#[tokio::test(start_paused = true)]
async fn whoever_does_not_finish_is_left_behind() {
    let service = served(Options { grace: Duration::from_secs(3), ..Options::default() }, None).await;
    let mut stream = TcpStream::connect(service.address).await.unwrap();
    let head =
        "POST /configs HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\nexpect: 100-continue\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.read_exact(&mut [0; 25]).await.unwrap();
    service.stop.send(()).unwrap();
    service.ended.await.unwrap().unwrap();
}

#[tokio::test]
async fn one_connection_too_many_is_hung_up_on() {
    let limits = Limits { concurrent: 1, watchers: 0, ..Limits::default() };
    let service = served(Options { limits, ..Options::default() }, None).await;
    let connect = async || TcpStream::connect(service.address).await.unwrap();
    let asks = "GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let mut held = Vec::new();
    // However few requests are answered at once, so many may be connected.
    for _ in 0..256 {
        let mut stream = connect().await;
        stream.write_all(asks.as_bytes()).await.unwrap();
        stream.read_exact(&mut [0; 15]).await.unwrap();
        held.push(stream);
    }
    let mut one_more = connect().await;
    // Hung up on, it may be told so while it still speaks.
    let _ = one_more.write_all(asks.as_bytes()).await;
    assert!(!matches!(one_more.read(&mut [0; 15]).await, Ok(1..)));
}

/// Whether the service ends while somebody is connected who has said this, though it has all the time of the world.
async fn ends_beside(said: &str, tls: Option<Tls>) {
    let patient = Duration::from_secs(3_600);
    let limits = Limits { time: patient, ..Limits::default() };
    let service = served(Options { grace: patient, limits, ..Options::default() }, tls).await;
    let mut stream = TcpStream::connect(service.address).await.unwrap();
    stream.write_all(said.as_bytes()).await.unwrap();
    if said.contains("\r\n\r\n") {
        // An answer shows that it was heard.
        stream.read_exact(&mut [0; 15]).await.unwrap();
    }
    service.stop.send(()).unwrap();
    let ended = tokio::time::timeout(Duration::from_secs(60), service.ended).await;
    ended.unwrap_or_else(|_| panic!("it waits for `{said}`")).unwrap().unwrap();
}

#[tokio::test]
async fn only_what_is_being_answered_is_waited_for() {
    let asked = "GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n";
    ends_beside("", None).await;
    ends_beside("GET /configs HTTP/1.1\r\nhost: lo", None).await;
    ends_beside(asked, None).await;
    ends_beside(&format!("{asked}GET /configs HTTP/1.1\r\nhost: lo"), None).await;
    ends_beside("PRI * HTTP/2.0\r\n\r", None).await;
    let home = tempfile::tempdir().unwrap();
    let [certificate, key] = ["vigil.crt", "vigil.key"].map(|name| home.path().join(name));
    std::fs::write(&certificate, FIRST).unwrap();
    std::fs::write(&key, include_str!("tls/first.key")).unwrap();
    let tls = Tls::load(certificate, key).unwrap();
    ends_beside("\x16\x03\x01", Some(tls)).await;
}

#[tokio::test(start_paused = true)]
async fn whoever_asks_for_nothing_is_hung_up_on_in_time() {
    let limits = Limits { time: Duration::from_secs(5), ..Limits::default() };
    let service = served(Options { limits, ..Options::default() }, None).await;
    let asked = "GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n";
    for said in ["", "GET /heal", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", &format!("{asked}GET /heal")] {
        let asking = ask(TcpStream::connect(service.address).await.unwrap(), said);
        let ended = tokio::time::timeout(Duration::from_secs(6), asking).await;
        assert!(ended.is_ok(), "it waits after `{said}`");
    }
}

#[tokio::test(start_paused = true)]
async fn who_says_nothing_is_not_listened_to_for_ever() {
    let service = served(Options::default(), None).await;
    let stream = TcpStream::connect(service.address).await.unwrap();
    assert_eq!(ask(stream, "GET /healthz HTTP/1.1\r\nhost: loc").await, "");
}
