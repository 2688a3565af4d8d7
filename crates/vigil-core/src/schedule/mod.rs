//! When a pass begins: cron expressions, the hours in which starts are allowed, and whose turn it is.

mod aws;
mod expression;
mod name;
mod occasion;
mod spread;
mod turn;
mod wall;
mod weekly;
mod windows;

#[cfg(test)]
mod stories;

pub use expression::{EXPRESSION_FORMS, Expression, InvalidExpression};
pub use name::ScheduleName;
pub use occasion::Occasion;
pub use spread::{Evenly, Jitter, Spread};
pub use turn::{Failures, Past, Schedule, Turn, turn};
pub use weekly::{BLACKOUT_FORMS, Blackout, InvalidBlackout, InvalidWindow, WINDOW_FORMS, Window};
pub use windows::{NeverOpen, Windows};
