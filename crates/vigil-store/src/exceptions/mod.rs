//! Exceptions: what somebody has accepted. To make or end one judges all that it is about anew, at once.

mod accepted;
mod keep;
mod rejudge;

pub(crate) use accepted::{Acceptance, acceptance_id};
pub use keep::{CreatedException, ExceptionFilter, ExceptionId, NewException, StoredException};
pub(crate) use keep::{Kept, in_force};
pub(crate) use rejudge::{EXCEPTIONS, Judgement, except, image_with};
