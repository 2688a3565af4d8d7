//! What a scan finds: real CVE ids and texts, made-up packages and scores, the same for the same seed.

mod catalogue;
mod cvss;
mod draw;
mod packages;

pub(crate) use draw::{Drawn, Pool, Severity};
