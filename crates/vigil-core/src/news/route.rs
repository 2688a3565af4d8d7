//! Routes: which changes are told where, and why the others are not.

use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{Change, ChangeKind, ExceptionNews, Subject};
use crate::finding::{Counts, Severity};
use crate::image::RegistryId;
use crate::label::label;
use crate::lineage::FindingState;
use crate::policy::{Patterns, Thresholds};
use crate::schedule::Expression;
use crate::threat::Probability;

label! {
    /// A route's name: up to 64 letters, digits, `-`, `_` and `.`.
    RouteName
}

label! {
    /// A sink's name: up to 64 letters, digits, `-`, `_` and `.`.
    SinkName
}

/// Who hears what.
#[derive(Debug, Clone)]
pub struct Route {
    /// What it is called.
    pub name: RouteName,
    /// What is told.
    pub wanted: Wanted,
    /// Where it is told: in each of these.
    pub sinks: Vec<SinkName>,
    /// When all of a period is told at once; `None`: as soon as it is known.
    pub round_up: Option<RoundUp>,
}

/// When all of a period is told at once.
#[derive(Debug, Clone)]
pub struct RoundUp {
    /// When.
    pub cron: Expression,
    /// Where the clock hangs by which that is.
    pub time_zone: TimeZone,
}

/// What a route takes. Everything that is said must hold.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Accounts, by their ids.
    pub accounts: Patterns,
    /// Regions, by their codes.
    pub regions: Patterns,
    /// Repositories, by name.
    pub repositories: Patterns,
    /// Tags: one of the image's tags must be admitted. An untagged image is left out by includes alone.
    pub tags: Patterns,
    /// Who looks after the image. Where nobody is known to, it is left out by includes alone.
    pub owners: Patterns,
    /// As severe as this, or of a severity that we do not know.
    pub severity: Severity,
    /// New, worsened, fixed.
    pub changes: BTreeSet<FindingState>,
    /// Only what a version is known to fix.
    pub fixable: bool,
    /// Only what is exploited: listed as known exploited, or with an exploit that the scanner knows.
    pub exploited: bool,
    /// Only what is as likely to be exploited as this.
    pub epss: Option<Probability>,
    /// Only images of which the open findings reach one of these; what was fixed is told without.
    pub thresholds: Option<Thresholds>,
    /// Whether scans that failed are told as well.
    pub failures: bool,
    /// Whether it is told what there is to know of exceptions.
    pub exceptions: bool,
}

/// Why a route does not tell a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotWanted {
    /// The account is another.
    Account,
    /// The region is another.
    Region,
    /// The repository is not meant.
    Repository,
    /// None of the tags is meant.
    Tags,
    /// Somebody else looks after it.
    Owner,
    /// Not severe enough.
    Severity,
    /// Not a change of this kind.
    Kind,
    /// No version is known to fix it.
    NotFixable,
    /// Not known to be exploited.
    NotExploited,
    /// Not likely enough to be exploited, or without a score.
    Epss,
    /// The image's findings are too few.
    Thresholds,
    /// Failed scans are not told.
    Failure,
    /// News of exceptions is not told.
    Exception,
}

impl Route {
    /// When what is told now is told as part of a round-up; `None`: at once.
    pub fn rounds_up_at(&self, now: Timestamp) -> Option<Timestamp> {
        self.round_up.as_ref().and_then(|round_up| round_up.cron.next(now, &round_up.time_zone))
    }
}

impl Default for Wanted {
    /// Everything.
    fn default() -> Self {
        Self {
            accounts: Patterns::default(),
            regions: Patterns::default(),
            repositories: Patterns::default(),
            tags: Patterns::default(),
            owners: Patterns::default(),
            severity: Severity::Undefined,
            changes: [FindingState::New, FindingState::Worsened, FindingState::Fixed].into(),
            fixable: false,
            exploited: false,
            epss: None,
            thresholds: None,
            failures: true,
            exceptions: true,
        }
    }
}

impl Wanted {
    /// Whether this change is told; why not, if it is not.
    ///
    /// # Errors
    ///
    /// With the first reason against it.
    pub fn takes(&self, change: &Change) -> Result<(), NotWanted> {
        self.takes_image(&change.subject)?;
        let finding = &change.finding;
        let fixable = finding.package.as_ref().is_some_and(|package| package.fixed_in.is_some());
        // What was bad before and is milder now counts as it is now; what is fixed, as it was.
        let reasons = [
            (finding.severity.reaches(&self.severity), NotWanted::Severity),
            (self.changes.contains(&change.kind.state()), NotWanted::Kind),
            (!self.fixable || fixable, NotWanted::NotFixable),
            (!self.exploited || finding.is_exploited(), NotWanted::NotExploited),
            (self.epss.is_none_or(|least| finding.reaches_epss(least)), NotWanted::Epss),
            (change.kind == ChangeKind::Fixed || self.reached(&change.subject.counts), NotWanted::Thresholds),
        ];
        first_against(reasons)
    }

    /// Whether it is told that this image could not be scanned; why not, if it is not.
    ///
    /// # Errors
    ///
    /// With the first reason against it.
    pub fn takes_failure(&self, subject: &Subject) -> Result<(), NotWanted> {
        self.takes_image(subject)?;
        first_against([(self.failures, NotWanted::Failure)])
    }

    /// Whether it is told what there is to know of an exception: to those who hear of one of the images in which it accepts
    /// anything; where it accepts nothing, to those who hear of repositories in which it could; and to those who hear of all.
    /// Why not, if it is not.
    ///
    /// # Errors
    ///
    /// With the first reason against it.
    pub fn takes_exception(&self, news: &ExceptionNews) -> Result<(), NotWanted> {
        first_against([(self.exceptions, NotWanted::Exception)])?;
        let restricted = [&self.accounts, &self.regions, &self.repositories, &self.tags, &self.owners];
        let hears_of_all = restricted.iter().all(|of| of.include.is_empty() && of.exclude.is_empty());
        let hears_of_one = news.subjects.iter().any(|subject| self.takes_image(subject).is_ok());
        let hears_of_its = news.subjects.is_empty()
            && news.repository.is_some()
            && !self.repositories.include.is_empty()
            && self.may_concern(news);
        first_against([(hears_of_all || hears_of_one || hears_of_its, NotWanted::Repository)])
    }

    /// Whether the exception could accept anything in a repository that is meant.
    pub(super) fn may_concern(&self, news: &ExceptionNews) -> bool {
        let pattern = news.repository.as_deref().and_then(|pattern| pattern.parse().ok());
        pattern.is_none_or(|pattern| self.repositories.may_admit(&pattern))
    }

    /// Whether news of a registry as a whole is told; why not, if it is not.
    ///
    /// # Errors
    ///
    /// With the first reason against it.
    pub fn takes_registry(&self, registry: &RegistryId) -> Result<(), NotWanted> {
        first_against([
            (self.accounts.admit(registry.account.as_str()), NotWanted::Account),
            (self.regions.admit(registry.region.as_str()), NotWanted::Region),
        ])
    }

    pub(super) fn takes_image(&self, subject: &Subject) -> Result<(), NotWanted> {
        self.takes_registry(&subject.registry)?;
        let tags_fit = match subject.tags.is_empty() {
            true => self.tags.include.is_empty(),
            false => subject.tags.iter().any(|tag| self.tags.admit(tag.as_str())),
        };
        let owner_fits = match &subject.owner {
            None => self.owners.include.is_empty(),
            Some(owner) => self.owners.admit(owner),
        };
        first_against([
            (self.repositories.admit(subject.repository.as_str()), NotWanted::Repository),
            (tags_fit, NotWanted::Tags),
            (owner_fits, NotWanted::Owner),
        ])
    }

    fn reached(&self, counts: &Counts) -> bool {
        self.thresholds.is_none_or(|thresholds| {
            thresholds.levels().any(|(severity, least)| {
                let count = counts.get(&severity);
                count > 0 && count >= least
            })
        })
    }
}

fn first_against<const N: usize>(reasons: [(bool, NotWanted); N]) -> Result<(), NotWanted> {
    reasons.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, reason)| Err(reason))
}

impl fmt::Display for NotWanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Account => "the account is not meant",
            Self::Region => "the region is not meant",
            Self::Repository => "the repository is not meant",
            Self::Tags => "none of its tags is meant",
            Self::Owner => "somebody else looks after it",
            Self::Severity => "it is not severe enough",
            Self::Kind => "changes of this kind are not told",
            Self::NotFixable => "no version is known to fix it",
            Self::NotExploited => "it is not known to be exploited",
            Self::Epss => "it is not likely enough to be exploited",
            Self::Thresholds => "the image's findings reach no threshold",
            Self::Failure => "failed scans are not told",
            Self::Exception => "news of exceptions is not told",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Finding;
    use crate::testing::{change, finding, subject};
    use crate::threat::{Epss, KnownExploited, Threat};

    fn patterns(text: &str) -> Patterns {
        Patterns { include: vec![text.parse().unwrap()], exclude: Vec::new() }
    }

    #[track_caller]
    fn check(wanted: Wanted, expected: Result<(), NotWanted>) {
        let new =
            change(1, ChangeKind::New, &subject("team/app", &["v1"], 1), &finding("CVE-1", "HIGH", "zlib"));
        assert_eq!(wanted.takes(&new), expected);
    }

    #[test]
    fn what_is_listed_or_has_an_exploit_is_exploited() {
        let exploited = Wanted { exploited: true, ..Wanted::default() };
        let likely = Wanted { epss: "0.5".parse().ok(), ..Wanted::default() };
        let since = "2024-04-01".parse().unwrap();
        let listed = Some(KnownExploited { since, due: None, ransomware: false });
        let epss =
            |score: &str| Some(Epss { score: score.parse().unwrap(), percentile: "0.9".parse().unwrap() });
        let takes = |wanted: &Wanted, exploit_known, threat| {
            let finding = Finding { exploit_known, threat, ..finding("CVE-1", "HIGH", "zlib") };
            wanted.takes(&change(1, ChangeKind::New, &subject("team/app", &["v1"], 1), &finding)).is_ok()
        };
        assert!(takes(&exploited, Some(true), Threat::default()));
        assert!(takes(&exploited, Some(false), Threat { known_exploited: listed, epss: None }));
        assert!(!takes(&exploited, None, Threat { known_exploited: None, epss: epss("1") }));
        assert!(takes(&likely, None, Threat { known_exploited: None, epss: epss("0.5") }));
        assert!(!takes(&likely, None, Threat { known_exploited: listed, epss: epss("0.49999") }));
    }

    #[test]
    fn a_route_takes_what_all_its_words_admit_and_says_what_speaks_against_the_rest() {
        let all = Wanted::default;
        check(all(), Ok(()));
        check(Wanted { accounts: patterns("111122223333"), ..all() }, Err(NotWanted::Account));
        check(Wanted { regions: patterns("us-*"), ..all() }, Err(NotWanted::Region));
        check(Wanted { repositories: patterns("team/*"), ..all() }, Ok(()));
        check(Wanted { repositories: patterns("other/*"), ..all() }, Err(NotWanted::Repository));
        check(Wanted { tags: patterns("v*"), ..all() }, Ok(()));
        check(Wanted { tags: patterns("dev-*"), ..all() }, Err(NotWanted::Tags));
        check(Wanted { owners: patterns("payments"), ..all() }, Err(NotWanted::Owner));
        check(Wanted { severity: Severity::High, ..all() }, Ok(()));
        check(Wanted { severity: Severity::Critical, ..all() }, Err(NotWanted::Severity));
        check(Wanted { changes: [FindingState::Fixed].into(), ..all() }, Err(NotWanted::Kind));
        check(Wanted { fixable: true, ..all() }, Err(NotWanted::NotFixable));
        check(Wanted { exploited: true, ..all() }, Err(NotWanted::NotExploited));
        check(Wanted { epss: "0".parse().ok(), ..all() }, Err(NotWanted::Epss));
        let only_critical = Thresholds { critical: Some(0), high: None, medium: None, low: None };
        check(Wanted { thresholds: Some(only_critical), ..all() }, Err(NotWanted::Thresholds));
        let any_high = Thresholds { high: Some(0), ..only_critical };
        check(Wanted { thresholds: Some(any_high), ..all() }, Ok(()));
    }
}
