//! Catalogues as they come: from files and from a server on this machine, whole and broken.

#![expect(clippy::unwrap_used, reason = "stories stop at the first surprise")]

mod feeds;
mod server;
