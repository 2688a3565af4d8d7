//! How an image came out, in one word and with its reason: the same in every format and in the totals.

use std::fmt;

use jiff::Timestamp;
use vigil_core::record::ImageRecord;
use vigil_core::{Decision, Due, Ending, Hold, Rest, Unfinished};

/// How an image came out of a pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// It was scanned, and its findings were read.
    Scanned,
    /// It is not due; the findings of its last scan were read.
    Current,
    /// It would be due, but ECR scans an image once a day; the findings of its last scan were read.
    AlreadyToday,
    /// Its scan is to be started.
    Planned,
    /// Its scan is under way.
    Running,
    /// It is due but does not fit into a budget or quota.
    Held,
    /// ECR starts scans by itself and has started none of it.
    NeverScanned,
    /// Its scan failed.
    Failed,
    /// ECR cannot scan it.
    Unscannable,
    /// There is no valid result, for a reason outside the image.
    Unavailable,
    /// A call about it went wrong.
    Fault,
    /// The pass ended first, or stopped waiting for its scan.
    Unfinished,
    /// It was not looked at.
    LeftOut,
}

/// Why an image came out as it did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reason {
    /// Its name in machine-readable output.
    pub(crate) code: &'static str,
    /// For people.
    pub(crate) text: String,
    /// From when the image can be scanned, where that is known.
    pub(crate) next: Option<Timestamp>,
}

/// Tells how an image came out.
pub(crate) fn status(record: &ImageRecord) -> Status {
    match (&record.ending, &record.decision) {
        (Some(Ending::Scanned), _) => Status::Scanned,
        (Some(Ending::OnceADay), _) => Status::AlreadyToday,
        (Some(Ending::NeverScanned), _) => Status::NeverScanned,
        (Some(Ending::Failed { .. }), _) => Status::Failed,
        (Some(Ending::Unscannable { .. }), _) => Status::Unscannable,
        (Some(Ending::Unavailable { .. }), _) => Status::Unavailable,
        (Some(Ending::Fault(_)), _) => Status::Fault,
        (Some(Ending::Unfinished(_)), _) | (None, Decision::Undecided) => Status::Unfinished,
        (_, Decision::Rest(Rest::ImageQuota { .. })) => Status::AlreadyToday,
        (Some(Ending::Read), _) => Status::Current,
        (None, Decision::Rest(Rest::Fresh { .. })) => Status::Current,
        (None, Decision::Rest(Rest::Unscannable { .. })) => Status::Unscannable,
        (None, Decision::Rest(Rest::Failed { .. })) => Status::Failed,
        (None, Decision::Rest(Rest::NoResult { .. })) => Status::Unavailable,
        (None, Decision::Scan(_)) => Status::Planned,
        (None, Decision::Wait | Decision::Observe) => Status::Running,
        (None, Decision::Hold(..)) => Status::Held,
        (None, Decision::LeaveOut(_)) => Status::LeftOut,
    }
}

/// Tells why an image came out as it did.
pub(crate) fn reason(record: &ImageRecord) -> Reason {
    match (&record.ending, &record.decision) {
        (Some(Ending::Fault(fault)), _) => Reason::new(fault.kind.code(), fault),
        (Some(Ending::Unfinished(how)), _) => Reason::new(unfinished_code(how), how),
        (Some(Ending::NeverScanned), _) => Reason::new(
            "no_scan",
            "ECR starts scans by itself and has started none: perhaps no scan filter matches the repository",
        ),
        (Some(Ending::OnceADay), _) => Reason::new(
            "once_a_day",
            "ECR refused a second scan within the day: the findings of the earlier one stand",
        ),
        // What was known before the pass explains more than the ending does: whether it will be tried again.
        (_, decision @ Decision::Rest(_)) => decision_reason(decision),
        (Some(Ending::Failed { said }), _) => Reason::new("failed", format_args!("the scan failed: {said}")),
        (Some(Ending::Unscannable { said }), _) => {
            Reason::new("unscannable", format_args!("ECR cannot scan it: {said}"))
        }
        (Some(Ending::Unavailable { said }), _) => {
            Reason::new("unavailable", format_args!("there is no valid result: {said}"))
        }
        (Some(Ending::Scanned | Ending::Read) | None, decision) => decision_reason(decision),
    }
}

/// Tells why a pass means to do with an image what it does.
pub(crate) fn decision_reason(decision: &Decision) -> Reason {
    match decision {
        Decision::Scan(due) => Reason::new(due.code(), due),
        Decision::Wait => Reason::new("under_way", "a scan was under way"),
        Decision::Rest(rest) => rest_reason(rest),
        Decision::Hold(due, hold) => hold_reason(due, hold),
        Decision::Observe => Reason::new("by_itself", "ECR starts scans in this registry by itself"),
        Decision::LeaveOut(why) => Reason::new(why.code(), why),
        Decision::Undecided => Reason::new("undecided", "nothing could be decided"),
    }
}

fn rest_reason(rest: &Rest) -> Reason {
    let reason = match rest {
        Rest::Fresh { next, .. } => {
            Reason::new(rest.code(), format_args!("{rest}, due from {}", next.strftime("%F %H:%MZ")))
        }
        _ => Reason::new(rest.code(), rest),
    };
    Reason { next: rest.next(), ..reason }
}

fn hold_reason(due: &Due, hold: &Hold) -> Reason {
    Reason { next: hold.next(), ..Reason::new(hold.code(), format_args!("{hold} (due: {due})")) }
}

fn unfinished_code(how: &Unfinished) -> &'static str {
    match how {
        Unfinished::NotRead => "not_read",
        Unfinished::NotStarted => "not_started",
        Unfinished::Starting => "starting",
        Unfinished::Started => "started",
        Unfinished::Running { .. } => "still_running",
    }
}

impl Status {
    /// All of them, the good ones first: the order of every list of totals.
    pub const ALL: [Self; 13] = [
        Self::Scanned,
        Self::Current,
        Self::AlreadyToday,
        Self::Planned,
        Self::Running,
        Self::Held,
        Self::NeverScanned,
        Self::Failed,
        Self::Unscannable,
        Self::Unavailable,
        Self::Fault,
        Self::Unfinished,
        Self::LeftOut,
    ];

    /// The name in machine-readable output.
    pub fn code(self) -> &'static str {
        match self {
            Self::Scanned => "scanned",
            Self::Current => "current",
            Self::AlreadyToday => "already_today",
            Self::Planned => "planned",
            Self::Running => "running",
            Self::Held => "held",
            Self::NeverScanned => "never_scanned",
            Self::Failed => "failed",
            Self::Unscannable => "unscannable",
            Self::Unavailable => "unavailable",
            Self::Fault => "fault",
            Self::Unfinished => "unfinished",
            Self::LeftOut => "left_out",
        }
    }

    /// Whether the findings that are shown, if any, are those this pass was after. With every other status they are
    /// those of an earlier scan.
    pub fn is_settled(self) -> bool {
        matches!(self, Self::Scanned | Self::Current | Self::AlreadyToday)
    }

    /// Whether something is amiss: neither settled, nor on its way, nor put off on purpose.
    pub fn is_trouble(self) -> bool {
        matches!(
            self,
            Self::NeverScanned
                | Self::Failed
                | Self::Unscannable
                | Self::Unavailable
                | Self::Fault
                | Self::Unfinished
        )
    }
}

impl Reason {
    fn new(code: &'static str, text: impl fmt::Display) -> Self {
        Self { code, text: text.to_string(), next: None }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.code().replace('_', " "))
    }
}

#[cfg(test)]
mod tests {
    use vigil_core::policy::LeftOut;
    use vigil_core::testing::{image, now};
    use vigil_core::{Fault, FaultKind};

    use super::*;

    #[track_caller]
    fn check(decision: Decision, ending: Option<Ending>, expected: &str) {
        let record =
            ImageRecord { image: image(1, &["v1"], 1), decision, ending, evaluation: None, change: None };
        let Reason { code, text, next } = reason(&record);
        let next = next.map(|next| format!(" [{next}]")).unwrap_or_default();
        assert_eq!(format!("{}: {code}: {text}{next}", status(&record)), expected);
    }

    fn due() -> Decision {
        Decision::Scan(Due::NeverScanned)
    }

    fn said() -> String {
        "FAILED: oops".into()
    }

    #[test]
    fn what_came_of_an_image_comes_before_what_was_decided() {
        check(due(), None, "planned: never_scanned: never scanned");
        check(due(), Some(Ending::Scanned), "scanned: never_scanned: never scanned");
        check(due(), Some(Ending::Failed { said: said() }), "failed: failed: the scan failed: FAILED: oops");
        let unscannable = Some(Ending::Unscannable { said: said() });
        check(due(), unscannable, "unscannable: unscannable: ECR cannot scan it: FAILED: oops");
        let unavailable = Some(Ending::Unavailable { said: "LIMIT_EXCEEDED".into() });
        check(due(), unavailable, "unavailable: unavailable: there is no valid result: LIMIT_EXCEEDED");
        let fault = || Some(Ending::Fault(Fault::new(FaultKind::Denied, "BatchGetImage", "no")));
        check(due(), fault(), "fault: denied: access denied (BatchGetImage): no");
        check(
            Decision::LeaveOut(LeftOut::Index),
            fault(),
            "fault: denied: access denied (BatchGetImage): no",
        );
        check(Decision::Undecided, None, "unfinished: undecided: nothing could be decided");
        check(
            due(),
            Some(Ending::Unfinished(Unfinished::Starting)),
            "unfinished: starting: the pass ended while its scan was being started",
        );
    }

    #[test]
    fn what_rests_says_until_when_and_what_failed_whether_it_is_tried_again() {
        let ago = jiff::SignedDuration::from_hours(72);
        let rest = |rest| Decision::Rest(rest);
        let fresh = || rest(Rest::Fresh { ago, expiry: "7d".into(), next: now() });
        let says =
            "current: fresh: scanned 3 d ago, expiry 7d, due from 2026-11-21 12:00Z [2026-11-21T12:00:00Z]";
        check(fresh(), Some(Ending::Read), says);
        check(fresh(), None, says);
        let failed = "failed: failed: the last scan failed and is not started again unless retry-failed is \
            set: FAILED: oops";
        check(rest(Rest::Failed { said: said(), next: None }), Some(Ending::Failed { said: said() }), failed);
        check(rest(Rest::Failed { said: said(), next: None }), None, failed);
        check(
            Decision::Hold(Due::NeverScanned, Hold::PassCap { cap: 5 }),
            None,
            "held: pass_cap: over the cap of 5 scans a pass (due: never scanned)",
        );
    }

    #[test]
    fn only_what_the_pass_was_after_is_settled_and_nothing_settled_is_amiss() {
        for status in Status::ALL {
            assert!(!(status.is_settled() && status.is_trouble()), "{status}");
        }
    }
}
