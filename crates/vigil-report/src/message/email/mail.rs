//! A mail: its headers as values, and its two bodies.

use std::sync::LazyLock;

use minijinja::Value;
use minijinja::value::Serde;
use vigil_core::port::Parcel;

use super::headers::{MailDomain, list_id, message_id, thread};
use crate::message::cut::{Limits, cut, fitted};
use crate::message::outline::{Outline, outline};
use crate::message::template::{Template, TemplateFault};
use crate::message::text::body;
use crate::message::words::headline;

/// A mail. Who sends it, and to whom, is for the transport to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// `Subject`: may hold any characters, on one line.
    pub subject: String,
    /// `Message-ID`, in its brackets.
    pub message_id: String,
    /// `References` and `In-Reply-To`, in their brackets.
    pub references: String,
    /// `List-Id`.
    pub list_id: String,
    /// The body as `text/plain`.
    pub text: String,
    /// The body as `text/html`.
    pub html: String,
}

/// How a mail is written.
#[derive(Debug, Clone)]
pub struct MailOptions {
    /// The sender's domain.
    pub domain: MailDomain,
}

/// Both bodies together. Servers take ten times as much, but nobody would read on, and phones have to fetch it.
const BODIES: usize = 512 * 1024;

/// Mails have room; programs that show them have some patience.
const LIMITS: Limits = Limits { messages: 50, entries: 100, names: 20, upgrades: 10, prose: 1_000 };

/// Longer subjects are cut by those who show them.
const SUBJECT: usize = 200;

static HTML: LazyLock<Result<Template, TemplateFault>> =
    LazyLock::new(|| Template::parse("mail.html", include_str!("mail.html")));

/// Writes a message as a mail.
///
/// # Errors
///
/// None that is known: the template is ours, and is tested.
pub fn email(parcel: &Parcel, options: &MailOptions) -> Result<Mail, TemplateFault> {
    let domain = &options.domain;
    let (bodies, _) = fitted(
        LIMITS,
        |limits, _| Bodies::of(&outline(&parcel.message, limits)),
        |bodies| match bodies {
            Ok(Bodies { text, html }) => text.len() + html.len() <= BODIES,
            Err(fault) => !fault.too_long,
        },
    );
    let Bodies { text, html } = bodies?;
    Ok(Mail {
        subject: cut(&headline(&parcel.message), SUBJECT),
        message_id: message_id(parcel, domain),
        references: thread(parcel, domain),
        list_id: list_id(parcel, domain),
        text,
        html,
    })
}

/// The same twice.
struct Bodies {
    text: String,
    html: String,
}

impl Bodies {
    fn of(outline: &Outline) -> Result<Self, TemplateFault> {
        let template = HTML.as_ref().map_err(Clone::clone)?;
        Ok(Self { text: body(outline), html: template.fill(Value::from(Serde(outline)))? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::samples;

    fn options() -> MailOptions {
        MailOptions { domain: "example.com".parse().unwrap() }
    }

    #[test]
    fn every_message_can_be_written_and_what_is_left_out_is_counted() {
        for (name, message) in samples::every() {
            let mail = email(&samples::parcel(message), &options()).unwrap();
            assert!(mail.text.len() + mail.html.len() <= BODIES, "{name}");
        }
        let mail = email(&samples::parcel(samples::crowded()), &options()).unwrap();
        for body in [&mail.text, &mail.html] {
            assert_eq!(body.matches(" findings more").count(), 50, "something is told of each image");
            assert!(body.matches("CVE-2024-").count() >= 50 * 5, "{}", body.matches("CVE-2024-").count());
        }
    }

    #[test]
    fn html_shows_what_comes_from_outside_and_does_nothing_it_says() {
        for (name, message) in samples::all() {
            let mail = email(&samples::parcel(message), &options()).unwrap();
            assert!(!mail.html.contains("<script"), "{name}");
            assert!(!mail.html.contains("href=\"javascript"), "{name}");
            assert!(!mail.subject.contains('\n') && !mail.html.contains("undefined"), "{name}");
            assert!(mail.html.contains("<!doctype html>"), "{name}");
        }
    }
}
