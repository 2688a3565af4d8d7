//! Markdown as GitHub and GitLab show it, short enough for a comment of a pull request.
//!
//! The worst comes first and a comment ends somewhere: what is kept is what fits, however long the report.

mod comment;
mod escape;
mod image;
mod worst;

pub(crate) use comment::Comment;
pub(crate) use escape::escaped;
