//! Mail by SMTP.

use std::time::Duration;

use jiff::SignedDuration;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::{Error as SmtpError, SMTP_PORT, SUBMISSION_PORT, SUBMISSIONS_PORT};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use vigil_core::Secret;
use vigil_core::news::{NotDelivered, Retry};

use crate::address::MailAddress;
use crate::courier::{Authorities, chain};

/// How the server is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsMode {
    /// In the open at first, then in TLS, or not at all (`STARTTLS`).
    StartTls,
    /// In TLS from the first word.
    Implicit,
    /// In the open: for a relay on the same machine.
    None,
}

/// A mail server.
#[derive(Debug, Clone)]
pub struct MailServer {
    /// Its host.
    pub host: String,
    /// Its port, if not the usual one of the mode.
    pub port: Option<u16>,
    /// How it is spoken to.
    pub tls: TlsMode,
    /// With whose name and password.
    pub user: Option<(String, Secret)>,
    /// How long one attempt may take.
    pub time: SignedDuration,
    /// Certificates, in PEM, of authorities that are trusted beside those of the system.
    pub ca: Option<Authorities>,
    /// The sender.
    pub from: MailAddress,
    /// The recipients.
    pub to: Vec<MailAddress>,
}

/// A mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// The subject.
    pub subject: String,
    /// For readers without HTML.
    pub text: String,
    /// The same in HTML.
    pub html: String,
    /// Its id, in its brackets, the same at every attempt: `<id@host>`.
    pub message_id: String,
    /// Further headers, by their names.
    pub headers: Vec<(String, String)>,
}

/// TLS cannot be set up for a server.
#[derive(Debug, thiserror::Error)]
#[error("no TLS with {host}: {reason}")]
pub struct NoMailer {
    /// The server's host.
    host: String,
    /// Why not.
    reason: String,
}

/// Sends mail to the recipients of one sink.
#[derive(Debug, Clone)]
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    time: Duration,
    from: Mailbox,
    to: Vec<Mailbox>,
}

impl Mailer {
    /// A mailer for this server. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// If TLS cannot be set up.
    pub fn new(server: MailServer) -> Result<Self, NoMailer> {
        let (from, to) = (server.from.mailbox(), server.to.iter().map(MailAddress::mailbox).collect());
        let (tls, port) = match server.tls {
            TlsMode::StartTls => (Tls::Required(parameters(&server)?), SUBMISSION_PORT),
            TlsMode::Implicit => (Tls::Wrapper(parameters(&server)?), SUBMISSIONS_PORT),
            TlsMode::None => (Tls::None, SMTP_PORT),
        };
        let time = Duration::try_from(server.time).unwrap_or(Duration::from_secs(30));
        let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&server.host)
            .port(server.port.unwrap_or(port))
            .tls(tls)
            .timeout(Some(time));
        if let Some((name, password)) = &server.user {
            transport = transport.credentials(Credentials::new(name.clone(), password.expose().to_owned()));
        }
        Ok(Self { transport: transport.build(), time, from, to })
    }

    /// Sends a mail.
    ///
    /// # Errors
    ///
    /// If the server did not take it.
    pub async fn send(&self, mail: &Mail) -> Result<(), NotDelivered> {
        let message = self.message(mail).map_err(|error| never(chain(&error)))?;
        // The transport waits so long for the connection alone, and for ever for a server that then says nothing.
        let sent = tokio::time::timeout(self.time, self.transport.send(message)).await;
        let sent = sent.map_err(|_| later("no answer in time".to_owned()))?;
        sent.map(drop).map_err(|error| not_sent(&error))
    }

    fn message(&self, mail: &Mail) -> Result<Message, lettre::error::Error> {
        let mut message = Message::builder()
            .from(self.from.clone())
            .message_id(Some(mail.message_id.clone()))
            .subject(&mail.subject);
        for to in &self.to {
            message = message.to(to.clone());
        }
        for (name, value) in &mail.headers {
            if let Ok(name) = HeaderName::new_from_ascii(name.clone()) {
                message = message.raw_header(HeaderValue::new(name, value.clone()));
            }
        }
        let part = |kind, text: &str| SinglePart::builder().header(kind).body(text.to_owned());
        let plain = part(ContentType::TEXT_PLAIN, &mail.text);
        message.multipart(
            MultiPart::alternative().singlepart(plain).singlepart(part(ContentType::TEXT_HTML, &mail.html)),
        )
    }
}

fn parameters(server: &MailServer) -> Result<TlsParameters, NoMailer> {
    let invalid = |error: SmtpError| NoMailer { host: server.host.clone(), reason: chain(&error) };
    let mut parameters = TlsParameters::builder(server.host.clone());
    if let Some(authorities) = &server.ca {
        parameters =
            parameters.add_root_certificate(Certificate::from_pem(authorities.pem()).map_err(invalid)?);
    }
    parameters.build().map_err(invalid)
}

/// What a server says with a 5 at the front is said for good, but for who may log in: that is mended in the settings.
fn not_sent(error: &SmtpError) -> NotDelivered {
    let for_login =
        error.status().is_some_and(|code| matches!(code.to_string().as_str(), "530" | "534" | "535"));
    match error.is_permanent() && !for_login {
        true => never(chain(error)),
        false => later(chain(error)),
    }
}

fn later(reason: String) -> NotDelivered {
    NotDelivered { reason, retry: Retry::Later(None), reached: None }
}

fn never(reason: String) -> NotDelivered {
    NotDelivered { reason, retry: Retry::Never, reached: None }
}
