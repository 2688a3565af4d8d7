//! A message as a mail, in plain text and in HTML.

mod headers;
mod mail;

pub use headers::{InvalidMailDomain, MailDomain};
pub use mail::{Mail, MailOptions, email};
