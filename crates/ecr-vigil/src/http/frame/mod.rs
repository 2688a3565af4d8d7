//! What surrounds every request, whatever it asks for. Knows nothing of images and findings.

mod body;
mod etag;
mod guard;
mod headers;
mod identify;
mod limits;
mod route;
mod token;
mod wrap;

pub(super) use etag::{names, tag_of};
pub(super) use token::Visitor;
pub(super) use wrap::{Frame, wrap};
