//! How messages are brought to those who are to hear them: over HTTP to Slack and to webhooks, by SMTP into mailboxes.
//!
//! Knows how each place answers, and what of its answers is worth another attempt; refuses to know what a message says, or
//! who is to hear it.

mod address;
mod courier;
mod header;
mod mail;
mod slack;
mod webhook;

pub use address::{InvalidMailAddress, MailAddress};
pub use courier::{Answer, Authorities, Courier, CourierOptions, NoCourier};
pub use header::{ContentType, Header, InvalidContentType, InvalidHeader};
pub use mail::{Mail, MailServer, Mailer, NoMailer, TlsMode};
pub use slack::{InvalidSlackToken, Reached, SlackChannel, SlackToken, SlackWebhook};
pub use webhook::{InvalidKey, Signer, Webhook};
