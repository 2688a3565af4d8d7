//! What people should know of the exceptions of the settings' file after a pass. What they accept, it leaves to the core.

use std::collections::BTreeSet;

use jiff::Timestamp;
use vigil_core::policy::Exceptions;

/// Warns of those that have expired, and of those that are not among the ones used by a pass; `None`: it is not known which
/// were.
pub fn warnings(exceptions: &Exceptions, used: Option<&BTreeSet<usize>>, now: Timestamp) -> Vec<String> {
    let warning = |(place, exception): (usize, &vigil_core::policy::Exception)| {
        let of = format!("the exception for {} ({})", exception.id, exception.reason);
        if exception.expired(now) {
            Some(format!("{of} has expired: it accepts nothing any more"))
        } else {
            used.filter(|used| !used.contains(&place)).map(|_| format!("{of} matched nothing in this pass"))
        }
    };
    exceptions.iter().enumerate().filter_map(warning).collect()
}
