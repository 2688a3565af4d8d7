//! How messages are brought to those who are to hear them: over HTTP to Slack and to webhooks, by SMTP into mailboxes.
//!
//! Knows how each place answers, and what of its answers is worth another attempt; refuses to know what a message says, or
//! who is to hear it.

mod courier;
mod mail;
mod slack;
mod webhook;

pub use courier::{Answer, Courier, CourierOptions, NoCourier};
pub use mail::{InvalidMail, Mail, MailServer, Mailer, TlsMode};
pub use slack::{Reached, SlackChannel, SlackWebhook};
pub use webhook::{Signer, Webhook};
