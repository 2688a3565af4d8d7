//! Exceptions: what somebody has accepted. One holds for every judgement from the moment when it is made until it ends; what
//! was judged before is judged anew, some images at a time.

mod accepted;
mod except;
mod judge;
mod keep;
mod lapsed;
mod rejudge;
mod stored;
mod watch;
mod worst;
mod written;

pub(crate) use accepted::{Acceptance, acceptance_id};
pub(crate) use except::{Judgement, except};
pub(crate) use judge::There;
pub use keep::{CreatedException, NewException};
pub(crate) use lapsed::{exception_of, hand_on, lapsed, note_severities, reasons};
pub(crate) use rejudge::EXCEPTIONS;
pub use stored::{ExceptionFilter, ExceptionId, StoredException};
pub(crate) use stored::{Kept, in_force};
pub use watch::{Matches, Watching};
pub use written::written_id;
