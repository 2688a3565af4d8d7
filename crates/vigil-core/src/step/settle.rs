//! What an answer about a scan under way means: it is settled, or it is asked again later.

use jiff::{SignedDuration, Timestamp};

use crate::due::is_premature;
use crate::fault::Fault;
use crate::image::{Image, RepositoryName};
use crate::record::{Ending, Unfinished};
use crate::scan::{Meaning, Scan, ScanState};

/// A scan that is waited for.
#[derive(Debug, Clone, PartialEq)]
pub struct Awaited {
    /// Where the image is.
    pub repository: RepositoryName,
    /// The image.
    pub image: Image,
    /// Whose scan it is.
    pub by: StartedBy,
    /// Since when we wait.
    pub since: Timestamp,
    /// When the scan before this one was completed: an answer with that time is an old one.
    pub before: Option<Timestamp>,
    /// How many questions have come too early.
    pub questions: u32,
    /// What ECR said last.
    pub last_said: Option<ScanState>,
    /// How many answers have said COMPLETE and shown nothing.
    pub showed_nothing: u32,
}

/// So many answers that show nothing, or no scan where ECR spoke of one, are doubted at growing intervals before the next
/// one is believed.
const BELIEVED_AFTER: u32 = 4;

impl Awaited {
    /// Starts waiting at this moment.
    pub fn new(repository: RepositoryName, image: Image, by: StartedBy, since: Timestamp) -> Self {
        let (before, questions, last_said, showed_nothing) = (None, 0, None, 0);
        Self { repository, image, by, since, before, questions, last_said, showed_nothing }
    }
}

/// Whose scan is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartedBy {
    /// This pass.
    Us,
    /// Somebody else: it was under way when we looked.
    Others,
    /// Somebody else, after our look: ECR refused to start another. Or nobody, if what we saw is all there is.
    OthersPerhaps,
}

/// What an answer means.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Reading {
    /// Done: this came of it, and the findings, if there are any to judge.
    Settled(Ending, Option<Scan>),
    /// Ask again.
    Later(Awaited),
}

/// Reads an answer about a scan that is waited for. After `patience` since its start it is given up.
pub(super) fn settle(
    mut awaited: Awaited,
    answer: Result<Option<Scan>, Fault>,
    patience: SignedDuration,
    now: Timestamp,
) -> Reading {
    let scan = match answer {
        Err(fault) => return Reading::Settled(Ending::Fault(fault), None),
        Ok(scan) => scan,
    };
    awaited.last_said = scan.as_ref().map(|scan| scan.state.clone());
    awaited.questions += 1;
    let Some(scan) = scan else {
        // ECR refused to start a scan for the sake of another one; if that does not show, none will.
        let none_will = awaited.by == StartedBy::OthersPerhaps && awaited.questions > BELIEVED_AFTER;
        let said = "ECR refused a second scan within the day, but shows no first one".to_owned();
        return if none_will {
            Reading::Settled(Ending::Unavailable { said }, None)
        } else {
            later(awaited, patience, now)
        };
    };
    if let Some(ending) = Ending::without_findings(&scan) {
        return Reading::Settled(ending, None);
    }
    match scan.meaning() {
        Meaning::Finished if awaited.before.is_some() && scan.completed_at == awaited.before => {
            match awaited.by {
                StartedBy::OthersPerhaps => Reading::Settled(Ending::OnceADay, None),
                StartedBy::Us | StartedBy::Others => later(awaited, patience, now),
            }
        }
        Meaning::Finished if is_premature(&scan, now) && awaited.showed_nothing < BELIEVED_AFTER => {
            awaited.showed_nothing += 1;
            later(awaited, patience, now)
        }
        Meaning::Finished => Reading::Settled(Ending::Scanned, Some(scan)),
        _ => later(awaited, patience, now),
    }
}

fn later(awaited: Awaited, patience: SignedDuration, now: Timestamp) -> Reading {
    if now.duration_since(awaited.since) < patience {
        return Reading::Later(awaited);
    }
    let state = awaited.last_said;
    Reading::Settled(Ending::Unfinished(Unfinished::Running { state }), None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{finding, image, now, scan};

    const PATIENCE: SignedDuration = SignedDuration::from_mins(15);

    fn awaited() -> Awaited {
        let since = now() - SignedDuration::from_mins(1);
        Awaited::new("team/app".parse().unwrap(), image(1, &["v1"], 1), StartedBy::Us, since)
    }

    #[track_caller]
    fn check(awaited: Awaited, scan: Option<Scan>, expected: &str) {
        let said = match settle(awaited, Ok(scan), PATIENCE, now()) {
            Reading::Later(_) => "later".to_owned(),
            Reading::Settled(ending, scan) => format!("{ending:?} {}", scan.is_some()),
        };
        assert_eq!(said, expected);
    }

    #[test]
    fn every_status_is_settled_or_asked_again() {
        let said = |state: &str| Some(Scan { description: None, ..scan(state, None, &[]) });
        check(awaited(), None, "later");
        check(awaited(), said("IN_PROGRESS"), "later");
        check(awaited(), said("PENDING"), "later");
        check(awaited(), said("SOMETHING_NEW"), "later");
        check(awaited(), Some(scan("COMPLETE", Some(now()), &[])), "Scanned true");
        check(awaited(), Some(scan("ACTIVE", Some(now()), &[])), "Scanned true");
        check(awaited(), said("FAILED"), "Failed { said: \"FAILED\" } false");
        check(awaited(), said("UNSUPPORTED_IMAGE"), "Unscannable { said: \"UNSUPPORTED_IMAGE\" } false");
        check(awaited(), said("LIMIT_EXCEEDED"), "Unavailable { said: \"LIMIT_EXCEEDED\" } false");
        check(
            awaited(),
            said("FINDINGS_UNAVAILABLE"),
            "Unavailable { said: \"FINDINGS_UNAVAILABLE\" } false",
        );
    }

    #[test]
    fn complete_with_nothing_is_read_again_before_it_is_believed() {
        let bare = Some(Scan { counts: None, ..scan("COMPLETE", Some(now()), &[]) });
        check(awaited(), bare.clone(), "later");
        check(Awaited { showed_nothing: 3, ..awaited() }, bare.clone(), "later");
        check(Awaited { showed_nothing: 4, ..awaited() }, bare, "Scanned true");
    }

    #[test]
    fn the_answer_of_the_scan_before_is_no_answer() {
        let yesterday = now() - SignedDuration::from_hours(30);
        let old = scan("COMPLETE", Some(yesterday), &[finding("CVE-1", "HIGH", "a")]);
        check(Awaited { before: Some(yesterday), ..awaited() }, Some(old.clone()), "later");
        check(Awaited { before: None, ..awaited() }, Some(old.clone()), "Scanned true");
        let refused = Awaited { by: StartedBy::OthersPerhaps, before: Some(yesterday), ..awaited() };
        check(refused, Some(old), "OnceADay false");
    }

    #[test]
    fn a_scan_that_ecr_refused_for_another_that_never_shows_is_given_up_soon() {
        let refused = |questions| Awaited { by: StartedBy::OthersPerhaps, questions, ..awaited() };
        check(refused(3), None, "later");
        let said = "ECR refused a second scan within the day, but shows no first one";
        check(refused(4), None, &format!("Unavailable {{ said: \"{said}\" }} false"));
        check(Awaited { by: StartedBy::Us, ..refused(4) }, None, "later");
    }

    #[test]
    fn an_unknown_status_ends_with_the_deadline_and_is_kept_as_said() {
        let since = now() - SignedDuration::from_mins(15);
        let expected = "Unfinished(Running { state: Some(Other(\"SOMETHING_NEW\")) }) false";
        check(Awaited { since, ..awaited() }, Some(scan("SOMETHING_NEW", None, &[])), expected);
    }
}
