//! What people should know of the exceptions of the settings' file after a pass. What they accept, it leaves to the core.

use std::collections::BTreeSet;

use jiff::Timestamp;
use vigil_core::policy::Exceptions;

/// Warns of those that have expired, of those that do so within some days, if it is said how many, and of those that are not
/// among the ones used by a pass; `None`: it is not known which were.
pub fn warnings(
    exceptions: &Exceptions,
    warn_days: Option<i64>,
    used: Option<&BTreeSet<usize>>,
    now: Timestamp,
) -> Vec<String> {
    let warning = |(place, exception): (usize, &vigil_core::policy::Exception)| {
        let of = format!("the exception for {} ({})", exception.id, exception.reason);
        if exception.expired(now) {
            return vec![format!("{of} has expired: it accepts nothing any more")];
        }
        let lapses = exception.until.zip(exception.days_left(now));
        let lapses = lapses.filter(|(_, days)| warn_days.is_some_and(|warn| *days <= warn));
        let lapses = lapses.map(|(until, days)| match days {
            0 => format!("{of} lapses today"),
            1 => format!("{of} lapses on {until}, tomorrow"),
            days => format!("{of} lapses on {until}, in {days} days"),
        });
        // One of a single image, as VEX states it, comes and goes with that.
        let unused = used.filter(|used| !used.contains(&place) && exception.digest.is_none());
        lapses.into_iter().chain(unused.map(|_| format!("{of} matched nothing in this pass"))).collect()
    };
    exceptions.iter().enumerate().flat_map(warning).collect()
}
