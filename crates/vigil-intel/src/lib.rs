//! Catalogues of threats: how CISA's list of known exploited vulnerabilities and FIRST's EPSS scores look, and how they are
//! read from files and over HTTP.
//!
//! [`Feeds`] is the core's `Catalogues`. Whatever is not a whole catalogue is an error, which says where it came from and what
//! would be right. Refuses to know when they are read, where they are kept, and what they mean for an image.

mod decode;
mod epss;
mod feeds;
mod fetch;
mod file;
mod kev;
mod source;

pub use feeds::{Feeds, NoFeeds};
pub use source::{NotASource, Source};
