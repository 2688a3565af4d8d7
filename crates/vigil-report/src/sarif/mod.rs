//! SARIF 2.1.0, for code scanning and everything else that reads it.
//!
//! A whole report would be one run, but its rules can stand behind its results: so results are written as they come, and
//! what is kept are the rules, one for each vulnerability. A run ends where GitHub would take no more of it.

mod log;
mod notice;
mod result;
mod rule;
mod severity;
mod text;

pub(crate) use log::Log;
