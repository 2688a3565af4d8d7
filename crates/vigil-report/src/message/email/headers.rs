//! The headers by which mail programs sort mails: which one it is, which list it belongs to, and what it is about.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};
use vigil_core::news::Message;
use vigil_core::port::Parcel;

/// A text that is no domain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a domain such as `example.com`")]
pub struct InvalidMailDomain(String);

/// The domain in which ids of mails and lists are ours: that of the sender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailDomain(String);

impl FromStr for MailDomain {
    type Err = InvalidMailDomain;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_label = |label: &str| {
            let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
            !label.is_empty() && label.len() <= 63 && label.bytes().all(allowed) && !label.starts_with('-')
        };
        match text.len() <= 200 && text.split('.').all(is_label) {
            true => Ok(Self(text.to_ascii_lowercase())),
            false => Err(InvalidMailDomain(text.to_owned())),
        }
    }
}

impl fmt::Display for MailDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The mail's id: the same at every attempt, so that a mail that comes twice is seen to be one.
pub(super) fn message_id(parcel: &Parcel, domain: &MailDomain) -> String {
    format!("<{}@{domain}>", identifier("parcel", &[&parcel.id]))
}

/// The list to which a route's mails belong.
pub(super) fn list_id(parcel: &Parcel, domain: &MailDomain) -> String {
    let route = &parcel.route;
    format!("\"ecr-vigil {route}\" <{}.ecr-vigil.{domain}>", dotless(route.as_str()))
}

/// What it is about, as the mail that every mail about it answers. It was never sent: mail programs put mails into one
/// thread that name the same one.
pub(super) fn thread(parcel: &Parcel, domain: &MailDomain) -> String {
    let identifier = match &parcel.message {
        Message::Image(news) => image(&news.subject),
        Message::Failed(news) => image(&news.subject),
        Message::Vulnerability(news) => identifier("vulnerability", &[&news.vulnerability]),
        Message::Baseline(news) => identifier("registry", &[&news.registry.to_string()]),
        Message::Exception(news) => identifier("exception", &[&news.vulnerability, &news.reason]),
        Message::Roundup(_) => identifier("route", &[parcel.route.as_str()]),
    };
    format!("<{identifier}@{domain}>")
}

/// An image by its first tag, or by its digest: what follows it under the tag is the same to people.
fn image(subject: &vigil_core::news::Subject) -> String {
    let digest = subject.digest.to_string();
    let reference = subject.tags.iter().map(|tag| tag.as_str()).min().unwrap_or(&digest);
    identifier("image", &[&subject.registry.to_string(), subject.repository.as_str(), reference])
}

/// Names as a word that an id can hold: they may contain anything, and be long.
fn identifier(what: &str, names: &[&str]) -> String {
    let mut hash = Sha256::new();
    for name in names {
        hash.update(name.as_bytes());
        hash.update([0]);
    }
    let hash: String = hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("{what}.{hash}")
}

/// Two dots one after the other, or one at an end, are nothing that a list's id may have.
fn dotless(name: &str) -> String {
    name.replace('.', "-")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::samples::{self, parcel};

    #[test]
    fn a_domain_is_one() {
        for good in ["example.com", "mail-1.example", "localhost"] {
            assert_eq!(good.parse::<MailDomain>().unwrap().to_string(), good);
        }
        for bad in ["", "a..b", "a b", "a>b", "-a", &"a".repeat(201)] {
            assert!(bad.parse::<MailDomain>().is_err(), "{bad}");
        }
    }

    #[test]
    fn mails_of_one_image_are_one_thread() {
        let domain = "example.com".parse().unwrap();
        let thread = |message| thread(&parcel(message), &domain);
        assert_eq!(thread(samples::image()), thread(samples::failed()));
        assert_eq!(thread(samples::vulnerability(2)), thread(samples::vulnerability(3)));
        assert_ne!(thread(samples::image()), thread(samples::bare()));
    }
}
