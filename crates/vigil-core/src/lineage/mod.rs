//! Lineages: the images that followed one another under a tag, and what happens to a finding along one.

mod begin;
mod follow;

pub use begin::{Beginning, begin, beginning};
pub use follow::{
    FindingKey, FindingState, Followed, LineageName, Seen, Sighting, Step, Worse, follow, lineages, seen,
};
