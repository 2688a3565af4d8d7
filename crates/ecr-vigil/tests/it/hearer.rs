//! A place that news is told to: it keeps what it hears, and answers what a story wants.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::serving::header;

/// A server on this machine.
pub(crate) struct Hearer {
    pub(crate) url: String,
    heard: watch::Receiver<Vec<Heard>>,
    says: Arc<Mutex<VecDeque<Says>>>,
    silent: Arc<AtomicBool>,
}

/// What it does with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Says {
    /// Answers with this status.
    Status(u16),
    /// Asks to be asked again after so many seconds.
    Wait(u32),
    /// Hangs up.
    HangsUp,
    /// Keeps the caller waiting.
    Nothing,
}

/// One request, and what was answered.
#[derive(Debug, Clone)]
pub(crate) struct Heard {
    pub(crate) head: String,
    pub(crate) body: String,
    pub(crate) answered: Says,
}

/// That all is well.
const WELL: Says = Says::Status(200);

impl Hearer {
    pub(crate) async fn new() -> Self {
        Self::behind(None).await
    }

    /// One that speaks TLS, with this certificate in PEM and its key.
    pub(crate) async fn with_certificate(certificate: &str, key: &str) -> Self {
        let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()];
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.unwrap().with_no_client_auth().with_single_cert(chain, key).unwrap();
        Self::behind(Some(TlsAcceptor::from(Arc::new(config)))).await
    }

    async fn behind(tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let url = format!("{scheme}://{}", listener.local_addr().unwrap());
        let (tell, heard) = watch::channel(Vec::new());
        let says: Arc<Mutex<VecDeque<Says>>> = Arc::default();
        let silent: Arc<AtomicBool> = Arc::default();
        let (answers, silence) = (says.clone(), silent.clone());
        let tell = Arc::new(tell);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (tell, tls) = (tell.clone(), tls.clone());
                let (answers, silence) = (answers.clone(), silence.clone());
                // A caller that was killed, or does not trust us, is none any more.
                tokio::spawn(async move {
                    let says = || match silence.load(Ordering::SeqCst) {
                        true => Says::Nothing,
                        false => answers.lock().unwrap().pop_front().unwrap_or(WELL),
                    };
                    let Some(tls) = tls else { return hear(stream, &tell, &says).await };
                    hear(tls.accept(stream).await?, &tell, &says).await
                });
            }
        });
        Self { url, heard, says, silent }
    }

    /// Answers these next, and after them that all is well.
    pub(crate) fn will_say(&self, says: &[Says]) {
        self.says.lock().unwrap().extend(says);
    }

    /// Keeps everybody waiting, from now on or until now.
    pub(crate) fn keep_silent(&self, silent: bool) {
        self.silent.store(silent, Ordering::SeqCst);
    }

    /// Returns once it was asked so many times, whatever it answered.
    pub(crate) async fn asked(&self, times: usize) {
        self.heard.clone().wait_for(|all| all.len() >= times).await.unwrap();
    }

    /// Everything that it has answered well.
    pub(crate) fn answered(&self) -> Vec<Heard> {
        self.all().into_iter().filter(|heard| heard.answered == WELL).collect()
    }

    /// Everything, once it is so many requests that were answered well.
    pub(crate) async fn taken(&self, times: usize) -> Vec<Heard> {
        let taken =
            |all: &Vec<Heard>| all.iter().filter(|heard| heard.answered == WELL).cloned().collect::<Vec<_>>();
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
        header(&self.head, name)
    }
}

async fn hear(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    tell: &watch::Sender<Vec<Heard>>,
    says: &(dyn Fn() -> Says + Sync),
) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut head).await? == 0 {
            return Ok(());
        }
    }
    let mut heard = Heard { head, body: String::new(), answered: WELL };
    let length = heard.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    heard.body = String::from_utf8_lossy(&body).into_owned();
    heard.answered = says();
    let says = heard.answered;
    // Heard is what was answered: a caller that is killed now does not know.
    tell.send_modify(|all| all.push(heard));
    let (status, more) = match says {
        Says::Status(status) => (status, String::new()),
        Says::Wait(seconds) => (429, format!("Retry-After: {seconds}\r\n")),
        Says::HangsUp => return Ok(()),
        Says::Nothing => std::future::pending().await,
    };
    let answer = r#"{"ok":true,"ts":"1503435956.000247"}"#;
    let head = format!(
        "HTTP/1.1 {status} Said\r\nContent-Length: {}\r\n{more}Connection: close\r\n\r\n{answer}",
        answer.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.shutdown().await
}
