//! A message as JSON, for programs: `docs/news-json.md` documents it, `docs/news.schema.json` describes it.
//!
//! Its shapes are its own: a change of the core's types does not change them. Every member is always there.

mod finding;
mod image;
mod kind;
mod news;
#[cfg(test)]
mod schema;

pub use news::webhook;
pub(super) use news::{News, WEBHOOK_LIMITS, document};
