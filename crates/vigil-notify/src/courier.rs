//! Posts a body and reads the answer, within a time; says of each failure whether another attempt makes sense.
//!
//! It tries once: when it is tried again is decided where messages wait. It follows no redirects: a token must not travel to
//! where nobody meant it.

use std::time::Duration;

use jiff::SignedDuration;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Certificate, Client, StatusCode, redirect};
use vigil_core::Secret;
use vigil_core::news::{NotDelivered, Retry};

/// How places are reached.
#[derive(Debug, Clone)]
pub struct CourierOptions {
    /// How long one attempt may take as a whole.
    pub time: SignedDuration,
    /// Certificates, in PEM, of authorities that are trusted beside those of the system.
    pub ca: Option<Authorities>,
}

/// Certificates of authorities that are trusted beside those of the system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorities(Vec<u8>);

/// A client for messages. Clones share their connections.
#[derive(Debug, Clone)]
pub struct Courier(Client);

/// A place that has answered that it has taken a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The answer's body, as far as it was read.
    pub body: String,
}

/// Why no client could be made.
#[derive(Debug, thiserror::Error)]
pub enum NoCourier {
    /// The certificates cannot be read.
    #[error("the certificates cannot be read: {0}")]
    Certificates(String),
    /// TLS cannot be set up.
    #[error("no TLS: {0}")]
    Tls(String),
}

/// An answer is a line or a small document; of anything longer the beginning says enough.
const LONGEST_ANSWER: usize = 64 * 1024;

/// Of what a place says to a message that it does not take, so much is told.
const LONGEST_REASON: usize = 300;

impl Authorities {
    /// Reads certificates in PEM.
    ///
    /// # Errors
    ///
    /// If there is none, or one that nothing can be checked by.
    pub fn read(pem: Vec<u8>) -> Result<Self, NoCourier> {
        let read = certificates(&pem)?;
        let unusable = |error: reqwest::Error| NoCourier::Certificates(chain(&error));
        Client::builder().tls_certs_only(read).build().map_err(unusable)?;
        Ok(Self(pem))
    }

    /// As they are written.
    pub(crate) fn pem(&self) -> &[u8] {
        &self.0
    }
}

impl Courier {
    /// A client with these options.
    ///
    /// # Errors
    ///
    /// If the certificates cannot be read, or TLS cannot be set up.
    pub fn new(options: &CourierOptions) -> Result<Self, NoCourier> {
        let time = Duration::try_from(options.time).unwrap_or(Duration::from_secs(30));
        let mut client = Client::builder()
            .timeout(time)
            .redirect(redirect::Policy::none())
            .user_agent(concat!("ecr-vigil/", env!("CARGO_PKG_VERSION")));
        if let Some(authorities) = &options.ca {
            client = client.tls_certs_merge(certificates(authorities.pem())?);
        }
        client.build().map(Self).map_err(|error| NoCourier::Tls(chain(&error)))
    }

    /// Posts a body. The address is a secret too: whoever knows that of an incoming webhook may post there.
    pub(crate) async fn post(
        &self,
        address: &Secret,
        headers: HeaderMap,
        body: Vec<u8>,
    ) -> Result<Answer, NotDelivered> {
        let request = self.0.post(address.expose()).headers(headers).body(body);
        let mut response = request.send().await.map_err(not_reached)?;
        let (status, wait) = (response.status(), retry_after(response.headers()));
        let mut body = Vec::new();
        while body.len() < LONGEST_ANSWER {
            match response.chunk().await {
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => break,
                // It has said that it took the message; what else it wanted to say does not matter.
                Err(_) if status.is_success() => break,
                Err(error) => return Err(not_reached(error)),
            }
        }
        let body = String::from_utf8_lossy(&body).into_owned();
        if status.is_success() { Ok(Answer { body }) } else { Err(refused(status, wait, &body)) }
    }
}

fn certificates(pem: &[u8]) -> Result<Vec<Certificate>, NoCourier> {
    let certificates =
        Certificate::from_pem_bundle(pem).map_err(|error| NoCourier::Certificates(chain(&error)))?;
    match certificates.is_empty() {
        true => Err(NoCourier::Certificates("there is none (PEM is expected)".into())),
        false => Ok(certificates),
    }
}

/// The address is left out of what is said: it may be a secret.
fn not_reached(error: reqwest::Error) -> NotDelivered {
    let reason = match error.is_timeout() {
        true => "no answer in time".to_owned(),
        false => chain(&error.without_url()),
    };
    NotDelivered { reason, retry: Retry::Later(None), reached: None }
}

/// What the place said instead of taking it. What it cannot understand or finds too large it will never take; anything else
/// may be mended there, or in the settings here, before the message is given up.
fn refused(status: StatusCode, wait: Option<SignedDuration>, body: &str) -> NotDelivered {
    let said: String = body.trim().chars().take(LONGEST_REASON).collect();
    let reason = if said.is_empty() { status.to_string() } else { format!("{status}: {said}") };
    let retry = match status.as_u16() {
        400 | 406 | 413 | 414 | 415 | 422 => Retry::Never,
        _ => Retry::Later(wait),
    };
    NotDelivered { reason, retry, reached: None }
}

/// The wait that a place asks for, in seconds. The other form, a date, would need its clock to be ours; it is not used by
/// those that messages go to.
fn retry_after(headers: &HeaderMap) -> Option<SignedDuration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse::<u32>().ok()?;
    Some(SignedDuration::from_secs(i64::from(seconds)))
}

/// An error with all its causes, in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}
