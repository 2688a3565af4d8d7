//! Whether an image is due for a scan, and if not, from when. In which words that is told, it does not know.

use jiff::{SignedDuration, Timestamp};

use super::why::{Due, Rest};
use crate::policy::Cadence;
use crate::remembered::Remembered;
use crate::scan::{Meaning, Scan};

/// ECR starts one basic scan of an image in 24 hours, the scan on push included; the window rolls.
pub const IMAGE_QUOTA_WINDOW: SignedDuration = SignedDuration::from_hours(24);

/// ECR can say COMPLETE seconds before the findings are there. After this long we believe an empty answer.
const PREMATURE_FOR: SignedDuration = SignedDuration::from_mins(10);

/// Where an image stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It is due.
    Due(Due),
    /// A scan is under way, or its findings are not there yet: nothing to start, but something to wait for.
    UnderWay,
    /// Not now.
    Rest(Rest),
}

/// Tells where an image stands by what ECR says of its last scan (`None`: it knows of none), and by what is remembered of
/// it where ECR gives no time.
pub fn due(last: Option<&Scan>, remembered: &Remembered, cadence: &Cadence, now: Timestamp) -> Standing {
    let Some(scan) = last else { return never_scanned(remembered, cadence, now) };
    let said = || scan.said();
    let quota_ends = remembered.asked_at.map(day_after).filter(|ends| now < *ends);
    match scan.meaning() {
        Meaning::Running => Standing::UnderWay,
        Meaning::Finished if is_premature(scan, now) => Standing::UnderWay,
        Meaning::Finished => match scan.completed_at {
            Some(scanned_at) => due_by_age(scanned_at, cadence, now),
            None => Standing::Due(Due::ScannedAtUnknownTime),
        },
        Meaning::Failed => {
            let retry_at = retry_at(remembered, cadence, quota_ends);
            let is_due = retry_at.map_or(cadence.retry_failed, |at| at <= now);
            let rest = Rest::Failed { said: said(), next: retry_at };
            if is_due { Standing::Due(Due::Failed { said: said() }) } else { Standing::Rest(rest) }
        }
        Meaning::Unscannable => Standing::Rest(Rest::Unscannable { said: said() }),
        Meaning::Unavailable => match quota_ends {
            Some(next) => Standing::Rest(Rest::NoResult { said: said(), next }),
            None => Standing::Due(Due::NoResult { said: said() }),
        },
    }
}

/// An image that ECR has refused to scan is not asked for again before the refusal is as old as a scan may be.
fn never_scanned(remembered: &Remembered, cadence: &Cadence, now: Timestamp) -> Standing {
    match &remembered.refused {
        Some((at, said)) if now <= cadence.expiry.after(*at) => {
            Standing::Rest(Rest::Unscannable { said: said.clone() })
        }
        _ => Standing::Due(Due::NeverScanned),
    }
}

/// When a failed scan is started again, if it is remembered since when it has failed: once the failure is as old as a scan
/// may be, or a day after it was asked for where failed scans are to be retried.
fn retry_at(remembered: &Remembered, cadence: &Cadence, quota_ends: Option<Timestamp>) -> Option<Timestamp> {
    let failed_at = remembered.failed_at?;
    let from = if cadence.retry_failed { failed_at } else { cadence.expiry.after(failed_at) };
    Some(from.max(quota_ends.unwrap_or(from)))
}

fn day_after(at: Timestamp) -> Timestamp {
    at.saturating_add(IMAGE_QUOTA_WINDOW).unwrap_or(Timestamp::MAX)
}

/// Whether an answer that says COMPLETE and shows nothing is too young to be believed.
pub fn is_premature(scan: &Scan, now: Timestamp) -> bool {
    let young = scan.completed_at.is_none_or(|at| now.duration_since(at) < PREMATURE_FOR);
    scan.may_be_premature() && young
}

fn due_by_age(scanned_at: Timestamp, cadence: &Cadence, now: Timestamp) -> Standing {
    let ago = now.duration_since(scanned_at);
    let expiry = cadence.expiry.to_string();
    // Counted from the scan, not back from now: with months of different lengths only that is monotone in time.
    let due_from = cadence.expiry.after(scanned_at);
    let quota_ends = day_after(scanned_at);
    if now <= due_from {
        let next = due_from.max(quota_ends);
        Standing::Rest(Rest::Fresh { ago, expiry, next })
    } else if now < quota_ends {
        Standing::Rest(Rest::ImageQuota { ago, next: quota_ends, now })
    } else {
        Standing::Due(Due::Expired { scanned_at, ago, expiry })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::finding::Counts;

    use crate::testing::{now, scan};

    fn cadence(expiry: &str) -> Cadence {
        Cadence { expiry: expiry.parse().unwrap(), retry_failed: false }
    }

    #[track_caller]
    fn check(last: Option<Scan>, expiry: &str, expected: &str) {
        check_remembered(last, &Remembered::default(), &cadence(expiry), expected);
    }

    #[track_caller]
    fn check_remembered(last: Option<Scan>, remembered: &Remembered, cadence: &Cadence, expected: &str) {
        let said = match due(last.as_ref(), remembered, cadence, now()) {
            Standing::Due(due) => format!("due: {due}"),
            Standing::UnderWay => "under way".into(),
            Standing::Rest(rest) => format!("rest: {rest}"),
        };
        assert_eq!(said, expected);
    }

    fn hours_ago(hours: i64) -> Option<Scan> {
        Some(scan("COMPLETE", Some(now() - SignedDuration::from_hours(hours)), &[]))
    }

    fn ended(state: &str, description: &str) -> Option<Scan> {
        Some(Scan { description: Some(description.into()), ..scan(state, None, &[]) })
    }

    #[test]
    fn age_decides_and_every_answer_has_its_reason() {
        check(None, "7d", "due: never scanned");
        check(hours_ago(9 * 24), "7d", "due: scanned 9 d ago, expiry 7 d".replace("7 d", "7d").as_str());
        check(hours_ago(3 * 24), "7d", "rest: scanned 3 d ago, expiry 7d");
        check(hours_ago(7 * 24), "7d", "rest: scanned 7 d ago, expiry 7d");
        check(hours_ago(30), "24h", "due: scanned 30 h ago, expiry 24h");
    }

    #[test]
    fn ecr_allows_one_scan_a_day_whatever_the_expiry() {
        check(
            hours_ago(3),
            "1h",
            "rest: scanned 3 h ago: ECR allows one scan a day, next from 2026-11-22 09:00Z",
        );
        check(hours_ago(20), "1h", "rest: scanned 20 h ago: ECR allows one scan a day, next from 16:00");
    }

    #[test]
    fn every_status_leads_somewhere() {
        check(ended("IN_PROGRESS", ""), "7d", "under way");
        check(ended("PENDING", ""), "7d", "under way");
        check(ended("SOMETHING_NEW", ""), "7d", "under way");
        let counted = Scan { counts: Some(Counts::default()), ..ended("COMPLETE", "done").unwrap() };
        check(Some(counted), "7d", "due: scanned, but ECR does not say when");
        check(
            ended("LIMIT_EXCEEDED", "quota"),
            "7d",
            "due: the last scan gave no result: LIMIT_EXCEEDED: quota",
        );
        check(
            ended("UNSUPPORTED_IMAGE", "no os"),
            "7d",
            "rest: ECR cannot scan it: UNSUPPORTED_IMAGE: no os",
        );
        check(
            ended("FAILED", "UnsupportedImageError: x"),
            "7d",
            "rest: ECR cannot scan it: FAILED: UnsupportedImageError: x",
        );
        check(
            ended("FAILED", "oops"),
            "7d",
            "rest: the last scan failed and is not started again unless retry-failed is set: FAILED: oops",
        );
        let retry = Cadence { retry_failed: true, ..cadence("7d") };
        assert!(matches!(
            due(ended("FAILED", "oops").as_ref(), &Remembered::default(), &retry, now()),
            Standing::Due(Due::Failed { .. })
        ));
    }

    #[test]
    fn what_is_remembered_gives_failures_a_time() {
        let hours_ago = |hours| Some(now() - SignedDuration::from_hours(hours));
        let failed = |hours| Remembered { failed_at: hours_ago(hours), ..Remembered::default() };
        let oops = || ended("FAILED", "oops");
        let weekly = cadence("7d");
        let retry = Cadence { retry_failed: true, ..cadence("7d") };
        check_remembered(oops(), &failed(8 * 24), &weekly, "due: the last scan failed: FAILED: oops");
        check_remembered(
            oops(),
            &failed(2 * 24),
            &weekly,
            "rest: the last scan failed and is started again from 2026-11-26 12:00Z: FAILED: oops",
        );
        check_remembered(oops(), &failed(2 * 24), &retry, "due: the last scan failed: FAILED: oops");
        let asked = Remembered { asked_at: hours_ago(1), ..failed(30) };
        check_remembered(
            oops(),
            &asked,
            &retry,
            "rest: the last scan failed and is started again from 2026-11-22 11:00Z: FAILED: oops",
        );
        check_remembered(
            ended("LIMIT_EXCEEDED", "quota"),
            &asked,
            &weekly,
            "rest: the last scan gave no result, and ECR allows another from 2026-11-22 11:00Z: LIMIT_EXCEEDED: quota",
        );
        let refused = |hours| Remembered {
            refused: hours_ago(hours).map(|at| (at, "no layers".into())),
            ..Remembered::default()
        };
        check_remembered(None, &refused(24), &weekly, "rest: ECR cannot scan it: no layers");
        check_remembered(None, &refused(24 * 8), &weekly, "due: never scanned");
    }

    #[test]
    fn complete_with_nothing_yet_is_believed_only_after_a_while() {
        let bare = |minutes| {
            let at = now() - SignedDuration::from_mins(minutes);
            Scan { counts: None, ..scan("COMPLETE", Some(at), &[]) }
        };
        check(Some(bare(1)), "7d", "under way");
        check(Some(bare(60)), "7d", "rest: scanned 1 h ago, expiry 7d");
    }

    proptest! {
        #[test]
        fn due_is_monotone_in_time(age in 0i64..5_000, later in 0i64..5_000, days in 0i32..200, months in 0i32..5) {
            let last = hours_ago(age);
            let cadence = cadence(&format!("{months}m{days}d"));
            let is_due = |at| matches!(due(last.as_ref(), &Remembered::default(), &cadence, at), Standing::Due(_));
            let then = now() + SignedDuration::from_hours(later);
            prop_assert!(!is_due(now()) || is_due(then), "once due, due until scanned");
        }

        #[test]
        fn what_rests_is_due_right_after_the_time_it_names(age in 0i64..5_000, days in 0i32..200, months in 0i32..5) {
            let last = hours_ago(age);
            let cadence = cadence(&format!("{months}m{days}d"));
            if let Standing::Rest(rest) = due(last.as_ref(), &Remembered::default(), &cadence, now()) {
                let next = rest.next().unwrap() + SignedDuration::from_millis(1);
                prop_assert!(matches!(due(last.as_ref(), &Remembered::default(), &cadence, next), Standing::Due(_)));
            }
        }
    }
}
