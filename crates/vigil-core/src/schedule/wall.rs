//! From the clock on the wall to the moments it means: none when it is put forward, two when it is put back.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};

/// The first moment at which the wall shows this time, or the end of the gap that swallowed it.
pub(super) fn first_moment(wall: DateTime, zone: &TimeZone) -> Option<Timestamp> {
    let ambiguous = zone.to_ambiguous_timestamp(wall);
    let offset = ambiguous.offset();
    // In a gap this is the moment as far before its end as the time is into it, so the end is the next transition.
    let earlier = ambiguous.earlier().ok()?;
    match offset {
        AmbiguousOffset::Gap { .. } => Some(zone.following(earlier).next()?.timestamp()),
        _ => Some(earlier),
    }
}

/// The last moment at which the wall shows this time, or the end of the gap that swallowed it.
pub(super) fn last_moment(wall: DateTime, zone: &TimeZone) -> Option<Timestamp> {
    let ambiguous = zone.to_ambiguous_timestamp(wall);
    match ambiguous.offset() {
        AmbiguousOffset::Fold { .. } => ambiguous.later().ok(),
        _ => first_moment(wall, zone),
    }
}

/// What the wall shows at a moment, in whole seconds.
pub(super) fn wall(at: Timestamp, zone: &TimeZone) -> DateTime {
    let wall = zone.to_datetime(at);
    wall.with().subsec_nanosecond(0).build().unwrap_or(wall)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(zone: &str, shown: &str, first: &str, last: &str) {
        let zone = TimeZone::get(zone).unwrap();
        let shown: DateTime = shown.parse().unwrap();
        assert_eq!(first_moment(shown, &zone).unwrap().to_string(), first);
        assert_eq!(last_moment(shown, &zone).unwrap().to_string(), last);
    }

    #[test]
    fn gaps_end_and_folds_come_twice() {
        check("Europe/Berlin", "2026-03-29T01:59", "2026-03-29T00:59:00Z", "2026-03-29T00:59:00Z");
        check("Europe/Berlin", "2026-03-29T02:30", "2026-03-29T01:00:00Z", "2026-03-29T01:00:00Z");
        check("Europe/Berlin", "2026-10-25T02:30", "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z");
        // A whole day that Samoa left out.
        check("Pacific/Apia", "2011-12-30T12:00", "2011-12-30T10:00:00Z", "2011-12-30T10:00:00Z");
    }
}
