//! Mail by SMTP.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::SignedDuration;
use lettre::address::Envelope;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::{Error as SmtpError, SMTP_PORT, SUBMISSION_PORT, SUBMISSIONS_PORT};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use serde::{Deserialize, Serialize};
use vigil_core::Secret;
use vigil_core::news::{NotDelivered, Retry};
use vigil_core::port::Taken;

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

/// A mail server, and whose mail goes through it to whom.
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

/// Whom a server has taken a mail for, and whom it refused at this attempt, with its words.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Reached {
    taken: BTreeSet<String>,
    refused: BTreeMap<String, String>,
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

impl Reached {
    fn read(text: Option<&str>) -> Self {
        text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }

    fn text(&self) -> String {
        // Texts can be written as JSON whatever they say.
        serde_json::to_string(self).unwrap_or_default()
    }
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
            // Servers look at the name that they are greeted with, and take an address for a careless sender's.
            .hello_name(ClientId::Domain(from.email.domain().to_owned()))
            .timeout(Some(time));
        if let Some((name, password)) = &server.user {
            transport = transport.credentials(Credentials::new(name.clone(), password.expose().to_owned()));
        }
        Ok(Self { transport: transport.build(), time, from, to })
    }

    /// The domain of the sender.
    pub fn domain(&self) -> &str {
        self.from.email.domain()
    }

    /// Sends a mail to the next of its recipients: each is told alone, so that one whom the server refuses keeps it from no
    /// other, and none who has it gets it again.
    ///
    /// # Errors
    ///
    /// If the server is not there or lets nobody in; and, once all were told who can be, if it refused some.
    pub async fn send(&self, mail: &Mail, reached: Option<&str>) -> Result<Taken, NotDelivered> {
        let bytes = self.message(mail).map_err(|error| never(chain(&error)))?.formatted();
        let mut reached = Reached::read(reached);
        if let Some(to) = self.next(&reached) {
            let envelope = Envelope::new(Some(self.from.email.clone()), vec![to.email.clone()]);
            let envelope = envelope.map_err(|error| never(chain(&error)))?;
            let name = to.email.to_string();
            // The transport waits so long for the connection alone, and for ever for a server that then says nothing.
            let sending = self.transport.send_raw(&envelope, &bytes);
            let sent = tokio::time::timeout(self.time, sending).await;
            match sent.map_err(|_| later("no answer in time".to_owned()))? {
                Ok(_) => drop(reached.taken.insert(name)),
                Err(error) if is_about_recipient(&error) => drop(reached.refused.insert(name, chain(&error))),
                Err(error) => return Err(later(chain(&error))),
            }
        }
        match self.next(&reached) {
            Some(_) => Ok(Taken::Part(reached.text())),
            None => self.refusals(reached),
        }
    }

    /// One of whom is not known yet whether the server takes mail for them.
    fn next<'a>(&'a self, reached: &Reached) -> Option<&'a Mailbox> {
        self.to.iter().find(|to| {
            let name = to.email.to_string();
            !reached.taken.contains(&name) && !reached.refused.contains_key(&name)
        })
    }

    /// The next attempt asks again for those alone whom the server refused.
    fn refusals(&self, reached: Reached) -> Result<Taken, NotDelivered> {
        let Reached { taken, refused } = reached;
        let refused: Vec<String> = (self.to.iter())
            .filter_map(|to| Some(format!("{}: {}", to.email, refused.get(&to.email.to_string())?)))
            .collect();
        if refused.is_empty() {
            return Ok(Taken::Whole);
        }
        let reached = Some(Reached { taken, refused: BTreeMap::new() }.text());
        // The server is well: what is for others need not wait.
        let retry = Retry::Later(Some(SignedDuration::ZERO));
        Err(NotDelivered { reason: refused.join("; "), retry, reached })
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

/// Whether the server said no to this mail for this recipient, and not to us: a closing server (421) and one that wants
/// another login (432, 454, 530, 534, 535, 538) say so to all.
fn is_about_recipient(error: &SmtpError) -> bool {
    let code = error.status().map(|code| code.to_string());
    code.is_some_and(|code| !["421", "432", "454", "530", "534", "535", "538"].contains(&code.as_str()))
}

fn later(reason: String) -> NotDelivered {
    NotDelivered { reason, retry: Retry::Later(None), reached: None }
}

fn never(reason: String) -> NotDelivered {
    NotDelivered { reason, retry: Retry::Never, reached: None }
}
