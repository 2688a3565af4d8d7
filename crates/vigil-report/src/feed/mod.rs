//! The Atom feed of one scan configuration, as feed readers of the re-scan service know it, and as RFC 4287 wants it; and
//! a report in the same form.

mod address;
mod atom;
mod entry;
#[cfg(test)]
mod golden;
mod identity;
mod pass;

pub use address::{BaseUrl, InvalidBaseUrl, PageNumber, Paging};
pub use atom::{Feed, NotWritten, feed};
pub use entry::{Entry, Found, What, entries};
pub(crate) use pass::Entries;
