//! Lineages: the images that followed one another under a tag, and what happens to a finding along one.
//!
//! A finding's first sight and age belong to the lineage and survive new digests. It is told by vulnerability and package
//! alone: a new build with another version of the package that is still vulnerable has the same finding.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::finding::Severity;
use crate::image::{Image, Kind, Platform};
use crate::policy::Pattern;

/// What images of a repository have in common that follow one another: a tag, or a pattern that all their tags match; and
/// their platform, since the platforms of an index are images of their own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LineageName {
    /// The tag, or the pattern as it was written.
    pub name: String,
    /// The platform, where an index gives one.
    pub platform: Option<String>,
}

/// A finding along a lineage.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FindingKey {
    /// The vulnerability's id.
    pub vulnerability: Arc<str>,
    /// The package, where the scanner names one.
    pub package: Option<Arc<str>>,
}

/// Where a finding stands in a lineage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingState {
    /// The lineage's scan before this one lacked it.
    New,
    /// It was there before, or when the lineage was first seen.
    Open,
    /// It was there before, and is worse now: more severe, known to be exploited, or with a fix that nobody has taken.
    Worsened,
    /// It was there before, and is not any more.
    Fixed,
    /// Somebody has accepted it.
    Excepted,
}

/// What is known of one finding along a lineage.
#[derive(Debug, Clone, PartialEq)]
pub struct Followed {
    /// Where it stands, whether somebody has accepted it or not: what it is told to be once nobody does any more.
    pub state: FindingState,
    /// Whether somebody has accepted it.
    pub accepted: bool,
    /// How bad it is; the worst, if several versions of the package have it.
    pub severity: Severity,
    /// Whether a version that fixes it is known.
    pub fixable: bool,
    /// Whether the scanner knows an exploit.
    pub exploit_known: bool,
    /// Whether it is listed as known exploited.
    pub listed: bool,
    /// When the lineage first had it.
    pub first_seen: Timestamp,
    /// When it went; `None` while it is there.
    pub fixed_at: Option<Timestamp>,
}

/// What is worse about a finding than before; the default: nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Worse {
    /// The severity that it had, if it is more severe now.
    pub severity_before: Option<Severity>,
    /// Whether the scanner knows an exploit now.
    pub exploit_became_known: bool,
    /// Whether it was listed as known exploited.
    #[serde(default)]
    pub became_known_exploited: bool,
    /// Whether a version that fixes it has appeared.
    pub fix_appeared: bool,
    /// Why it was accepted until it got more severe, if it was.
    #[serde(default)]
    pub accepted_before: Option<String>,
}

impl Worse {
    /// This, and then more.
    #[must_use]
    pub fn and(self, more: Self) -> Self {
        Self {
            severity_before: self.severity_before.or(more.severity_before),
            exploit_became_known: self.exploit_became_known || more.exploit_became_known,
            became_known_exploited: self.became_known_exploited || more.became_known_exploited,
            fix_appeared: self.fix_appeared || more.fix_appeared,
            accepted_before: self.accepted_before.or(more.accepted_before),
        }
    }
}

/// Findings of one image, as a lineage sees them.
pub type Seen = BTreeMap<FindingKey, Sighting>;

/// How a lineage goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// To its first scan: everything is open, and nothing new.
    First,
    /// To another scan: of its image, or of the image that follows.
    Next,
    /// To the scan that it has followed already, and in which something else is accepted now.
    Again,
    /// To the scan that it has followed already, of which more is known now.
    Learned,
}

/// One finding in one scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// How bad it is; the worst, if several versions of the package have it.
    pub severity: Severity,
    /// Whether a version that fixes it is known.
    pub fixable: bool,
    /// Whether the scanner knows an exploit.
    pub exploit_known: bool,
    /// Whether it is listed as known exploited.
    pub listed: bool,
    /// Whether it is accepted, wherever it is in the image.
    pub accepted: bool,
}

/// The lineages that an image belongs to: one for each pattern that one of its tags matches, and one for each tag that
/// matches none. An untagged image belongs to none.
pub fn lineages(image: &Image, patterns: &[Pattern]) -> Vec<LineageName> {
    if image.kind != Kind::Image {
        return Vec::new();
    }
    let platform = image.platform.as_ref().map(Platform::to_string);
    let name = |tag: &str| {
        let pattern = patterns.iter().find(|pattern| pattern.matches(tag));
        pattern.map_or_else(|| tag.to_owned(), Pattern::to_string)
    };
    let mut names: Vec<LineageName> = (image.tags.iter())
        .map(|tag| LineageName { name: name(tag.as_str()), platform: platform.clone() })
        .collect();
    names.sort();
    names.dedup();
    names
}

/// Sums up the findings of one scan by what a lineage tells them apart by.
pub fn seen(findings: impl IntoIterator<Item = (FindingKey, Sighting)>) -> Seen {
    let mut seen = Seen::new();
    for (key, sight) in findings {
        seen.entry(key).and_modify(|other| other.merge(&sight)).or_insert(sight);
    }
    seen
}

/// Takes a lineage on to a scan. Returns what has changed, finding by finding; what is as it was is not in it.
pub fn follow(
    known: &BTreeMap<FindingKey, Followed>,
    seen: &Seen,
    step: Step,
    at: Timestamp,
) -> BTreeMap<FindingKey, Followed> {
    let gone = known.iter().filter(|(key, before)| before.fixed_at.is_none() && !seen.contains_key(key));
    let gone = gone.map(|(key, before)| {
        let (state, accepted) = (FindingState::Fixed, false);
        (key.clone(), Followed { state, accepted, fixed_at: Some(at), ..before.clone() })
    });
    there(known, seen, step, at).chain(gone).filter(|(key, now)| known.get(key) != Some(now)).collect()
}

/// The findings of a scan, as the lineage sees them that knows these.
pub(super) fn there<'a>(
    known: &'a BTreeMap<FindingKey, Followed>,
    seen: &'a Seen,
    step: Step,
    at: Timestamp,
) -> impl Iterator<Item = (FindingKey, Followed)> + 'a {
    seen.iter().map(move |(key, sight)| {
        let before = known.get(key);
        let state = state(before, sight, step);
        let first_seen = before.map_or(at, |before| before.first_seen);
        (key.clone(), sight.followed(state, first_seen))
    })
}

fn state(before: Option<&Followed>, sight: &Sighting, step: Step) -> FindingState {
    match before {
        None if step == Step::First => FindingState::Open,
        None => FindingState::New,
        Some(before) if before.fixed_at.is_some() => FindingState::New,
        // No scan has come between: what was new is new still.
        Some(before) if step == Step::Again => before.state,
        Some(before) if sight.is_worse_than(before) => FindingState::Worsened,
        Some(before) if step == Step::Learned => before.state,
        Some(_) => FindingState::Open,
    }
}

impl Followed {
    /// What it is told to be.
    pub fn told(&self) -> FindingState {
        if self.accepted { FindingState::Excepted } else { self.state }
    }

    /// What is worse about it than it was before; nothing, if nothing is.
    pub fn worse_than(&self, before: &Self) -> Worse {
        let Self { accepted, severity, fixable, exploit_known, listed, .. } = self.clone();
        Worse::between(before, &Sighting { severity, fixable, exploit_known, listed, accepted })
    }
}

impl Sighting {
    /// As it is followed that was seen so.
    pub(super) fn followed(&self, state: FindingState, first_seen: Timestamp) -> Followed {
        let Self { severity, fixable, exploit_known, listed, accepted } = self.clone();
        Followed { state, accepted, severity, fixable, exploit_known, listed, first_seen, fixed_at: None }
    }

    fn merge(&mut self, other: &Self) {
        if other.severity > self.severity {
            self.severity = other.severity.clone();
        }
        self.fixable |= other.fixable;
        self.exploit_known |= other.exploit_known;
        self.listed |= other.listed;
        // One place in which it is not accepted is enough to be open.
        self.accepted &= other.accepted;
    }

    fn is_worse_than(&self, before: &Followed) -> bool {
        Worse::between(before, self) != Worse::default()
    }
}

impl Worse {
    fn between(before: &Followed, now: &Sighting) -> Self {
        Self {
            severity_before: (now.severity > before.severity).then(|| before.severity.clone()),
            exploit_became_known: now.exploit_known && !before.exploit_known,
            became_known_exploited: now.listed && !before.listed,
            fix_appeared: now.fixable && !before.fixable,
            accepted_before: None,
        }
    }
}

impl FindingState {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::New, Self::Open, Self::Worsened, Self::Fixed, Self::Excepted];

    /// The state's name in machine-readable output.
    pub fn code(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Open => "open",
            Self::Worsened => "worsened",
            Self::Fixed => "fixed",
            Self::Excepted => "excepted",
        }
    }
}

impl fmt::Display for LineageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        self.platform.iter().try_for_each(|platform| write!(f, " ({platform})"))
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::testing::{image, now, sighting};

    /// A lineage, scan by scan: each is a list of `CVE SEVERITY package`, `!` in front if it is accepted. A list that
    /// begins with `again` is the scan before, judged anew.
    #[track_caller]
    fn check(scans: &[&[&str]], expected: &[&str]) {
        let mut known = BTreeMap::new();
        let mut told = Vec::new();
        for (n, scan) in (0..).zip(scans) {
            let step = match scan.first() {
                Some(&"again") => Step::Again,
                _ if n == 0 => Step::First,
                _ => Step::Next,
            };
            let seen = seen(scan.iter().filter(|text| **text != "again").map(|text| sighting(text)));
            let at = now() + SignedDuration::from_hours(24 * n);
            let changed = follow(&known, &seen, step, at);
            let days = |at: Timestamp| at.duration_since(now()).as_hours() / 24;
            for (key, followed) in &changed {
                let state = followed.told().code();
                told.push(format!(
                    "day {n}: {} {state} since day {}",
                    key.vulnerability,
                    days(followed.first_seen)
                ));
            }
            known.extend(changed);
        }
        assert_eq!(told, expected);
    }

    #[test]
    fn what_is_there_at_first_is_open_and_what_comes_later_is_new_once() {
        check(
            &[
                &["CVE-1 HIGH zlib"],
                &["CVE-1 HIGH zlib", "CVE-2 LOW tar"],
                &["CVE-1 HIGH zlib", "CVE-2 LOW tar"],
            ],
            &[
                "day 0: CVE-1 open since day 0",
                "day 1: CVE-2 new since day 1",
                "day 2: CVE-2 open since day 1",
            ],
        );
    }

    #[test]
    fn what_goes_is_fixed_and_its_age_survives_its_return() {
        check(
            &[&["CVE-1 HIGH zlib"], &[], &["CVE-1 HIGH zlib"]],
            &[
                "day 0: CVE-1 open since day 0",
                "day 1: CVE-1 fixed since day 0",
                "day 2: CVE-1 new since day 0",
            ],
        );
    }

    #[test]
    fn what_gets_worse_is_told_once() {
        check(
            &[&["CVE-1 LOW zlib"], &["CVE-1 HIGH zlib"], &["CVE-1 HIGH zlib"]],
            &[
                "day 0: CVE-1 open since day 0",
                "day 1: CVE-1 worsened since day 0",
                "day 2: CVE-1 open since day 0",
            ],
        );
    }

    #[test]
    fn what_is_accepted_is_neither_new_nor_open() {
        check(
            &[&[], &["!CVE-1 LOW zlib"], &["CVE-1 LOW zlib"]],
            &["day 1: CVE-1 excepted since day 1", "day 2: CVE-1 open since day 1"],
        );
    }

    #[test]
    fn what_is_accepted_for_a_while_is_what_it_would_be_without() {
        // Between two scans nothing ages, whoever changes their mind.
        check(
            &[
                &[],
                &["CVE-1 LOW zlib"],
                &["again", "!CVE-1 LOW zlib"],
                &["again", "CVE-1 LOW zlib"],
                &["CVE-1 LOW zlib"],
            ],
            &[
                "day 1: CVE-1 new since day 1",
                "day 2: CVE-1 excepted since day 1",
                "day 3: CVE-1 new since day 1",
                "day 4: CVE-1 open since day 1",
            ],
        );
        check(
            &[
                &["CVE-1 LOW zlib"],
                &["CVE-1 HIGH zlib"],
                &["again", "!CVE-1 HIGH zlib"],
                &["again", "CVE-1 HIGH zlib"],
            ],
            &[
                "day 0: CVE-1 open since day 0",
                "day 1: CVE-1 worsened since day 0",
                "day 2: CVE-1 excepted since day 0",
                "day 3: CVE-1 worsened since day 0",
            ],
        );
        // What gets worse while it is accepted has done so once it is not.
        check(
            &[
                &["!CVE-1 LOW zlib"],
                &["!CVE-1 HIGH zlib"],
                &["again", "CVE-1 HIGH zlib"],
                &["CVE-1 HIGH zlib"],
            ],
            &[
                "day 0: CVE-1 excepted since day 0",
                "day 1: CVE-1 excepted since day 0",
                "day 2: CVE-1 worsened since day 0",
                "day 3: CVE-1 open since day 0",
            ],
        );
        // What is gone is fixed, accepted or not, and new when it comes back.
        check(
            &[&["!CVE-1 LOW zlib"], &[], &["CVE-1 LOW zlib"]],
            &[
                "day 0: CVE-1 excepted since day 0",
                "day 1: CVE-1 fixed since day 0",
                "day 2: CVE-1 new since day 0",
            ],
        );
    }

    #[test]
    fn tags_of_a_pattern_are_one_lineage_and_others_one_each() {
        let patterns = ["v*".parse().unwrap()];
        let names = |tags| -> Vec<String> {
            lineages(&image(1, tags, 1), &patterns).iter().map(ToString::to_string).collect()
        };
        assert_eq!(names(&["latest", "v1", "v1.2"]), ["latest", "v*"]);
        assert_eq!(names(&[]), [""; 0]);
    }
}
