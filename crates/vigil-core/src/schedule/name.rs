//! What a schedule is called, in settings, logs, metrics and addresses.

use crate::label::label;

label! {
    /// A schedule's name: up to 64 letters, digits, `-`, `_` and `.`.
    ScheduleName
}

impl Default for ScheduleName {
    /// Of the one schedule that there is without any being named.
    fn default() -> Self {
        Self("default".to_owned())
    }
}
