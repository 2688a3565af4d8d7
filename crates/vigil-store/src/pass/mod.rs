//! Passes: that one is under way is known before it does anything, and how it went when it is over.

mod id;
mod list;
mod progress;

pub use id::{InvalidId, PassId};
pub use list::{PassDetail, PassFilter, PassImage, PassRow};
pub use progress::{NewPass, UnfinishedPass};
