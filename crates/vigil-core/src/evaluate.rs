//! What an image's findings mean by the user's policy: what counts, what is accepted, and which lines are crossed.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::finding::{Counts, Finding, Severity};
use crate::image::{Image, RepositoryName};
use crate::policy::{Exceptions, Gate, Occurrence};
use crate::scan::Scan;
use crate::threat::Probability;

/// Findings, judged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// When the scan that they come from was completed, where ECR says.
    pub scanned_at: Option<Timestamp>,
    /// Findings of each severity, accepted ones left out.
    pub counts: Counts,
    /// The findings that are severe enough to be told in detail, or of a severity that we do not know, in report order;
    /// accepted ones left out.
    pub details: Vec<Finding>,
    /// Findings that somebody has accepted, in report order.
    pub accepted: Vec<Accepted>,
    /// Thresholds that the counts reach.
    pub crossed: Vec<Crossed>,
}

/// A finding that is known and accepted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Accepted {
    /// The finding.
    pub finding: Finding,
    /// By whom.
    pub by: AcceptedBy,
    /// Why.
    pub reason: String,
}

/// Who accepted a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AcceptedBy {
    /// The exception at this place of the list.
    Exception(usize),
    /// An exception that was made over the API, or has gone from the list since.
    Remembered,
    /// A suppression rule of Amazon Inspector.
    Inspector,
}

/// A line that is crossed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Crossed {
    /// There are too many findings of a severity.
    Threshold {
        /// The level.
        severity: Severity,
        /// How many findings there are.
        count: u64,
        /// From how many on it is too many.
        threshold: u64,
    },
    /// There are findings that are exploited.
    Exploited {
        /// How many.
        count: u64,
    },
    /// There are findings that are too likely to be exploited.
    Epss {
        /// How many.
        count: u64,
        /// From which score on it is too likely.
        least: Probability,
    },
}

/// Judges the findings of one image at a moment.
pub fn evaluate(
    repository: &RepositoryName,
    image: &Image,
    scan: Scan,
    gate: &Gate,
    exceptions: &Exceptions,
    now: Timestamp,
) -> Evaluation {
    // What ECR counts but does not list is there nevertheless: a list can be cut short, a count cannot.
    let unlisted = scan.counts.unwrap_or_default().less(&Counts::of(&scan.findings));
    let mut findings = scan.findings;
    findings.sort_by(Finding::report_order);
    let (mut open, mut accepted) = (Vec::new(), Vec::new());
    for finding in findings {
        let exception = exceptions.accepting(Occurrence::of(&finding, repository, image), now);
        if let Some((place, exception)) = exception {
            let reason = exception.reason.clone();
            accepted.push(Accepted { finding, by: AcceptedBy::Exception(place), reason });
        } else if finding.suppressed {
            let reason = "suppressed in Amazon Inspector".to_owned();
            accepted.push(Accepted { finding, by: AcceptedBy::Inspector, reason });
        } else {
            open.push(finding);
        }
    }
    let mut counts = Counts::of(&open);
    counts.add(&unlisted);
    let crossed = crossed(gate, &counts, &open);
    open.retain(|finding| gate.details(finding));
    Evaluation { scanned_at: scan.completed_at, crossed, counts, details: open, accepted }
}

/// The lines of the gate that are crossed by so many findings, and by these open ones.
pub fn crossed(gate: &Gate, counts: &Counts, open: &[Finding]) -> Vec<Crossed> {
    let thresholds = gate.thresholds.levels().filter_map(|(severity, threshold)| {
        let count = counts.get(&severity);
        (count > 0 && count >= threshold).then_some(Crossed::Threshold { severity, count, threshold })
    });
    let counted = |crosses: &dyn Fn(&Finding) -> bool| {
        let count = Counts::of(open.iter().filter(|finding| crosses(finding))).total();
        (count > 0).then_some(count)
    };
    let exploited = gate.exploited.then(|| counted(&Finding::is_exploited)).flatten();
    let epss = gate.epss.and_then(|least| {
        counted(&|finding| finding.reaches_epss(least)).map(|count| Crossed::Epss { count, least })
    });
    thresholds.chain(exploited.map(|count| Crossed::Exploited { count })).chain(epss).collect()
}

impl Crossed {
    /// Which line it is, in a word or two.
    pub fn line(&self) -> String {
        match self {
            Self::Threshold { severity, .. } => severity.to_string(),
            Self::Exploited { .. } => "exploited".to_owned(),
            Self::Epss { least, .. } => format!("EPSS {least}"),
        }
    }
}

impl fmt::Display for Crossed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Threshold { severity, count, threshold } => write!(f, "{severity} {count}/{threshold}"),
            Self::Exploited { count } | Self::Epss { count, .. } => write!(f, "{} {count}", self.line()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{Exception, Thresholds};
    use crate::testing::{finding, image, now, scan};
    use crate::threat::{Epss, Threat};

    fn gate() -> Gate {
        let thresholds = Thresholds { critical: Some(0), high: Some(2), medium: None, low: Some(1) };
        Gate { thresholds, exploited: false, epss: None, detail: Severity::High }
    }

    fn accept(id: &str) -> Exceptions {
        let exception = Exception::of(id, "not reachable");
        Exceptions::new(vec![exception])
    }

    #[track_caller]
    fn judge(findings: &[Finding], exceptions: &Exceptions) -> Evaluation {
        let repository = "team/app".parse().unwrap();
        evaluate(
            &repository,
            &image(1, &["v1"], 1),
            scan("COMPLETE", Some(now()), findings),
            &gate(),
            exceptions,
            now(),
        )
    }

    fn crossed(evaluation: &Evaluation) -> Vec<String> {
        evaluation.crossed.iter().map(Crossed::to_string).collect()
    }

    #[test]
    fn a_threshold_is_reached_by_as_many_findings_and_a_level_can_be_off() {
        let high = |n| finding(&format!("CVE-{n}"), "HIGH", "zlib");
        assert_eq!(crossed(&judge(&[high(1)], &Exceptions::default())), [""; 0]);
        assert_eq!(crossed(&judge(&[high(1), high(2)], &Exceptions::default())), ["HIGH 2/2"]);
        assert_eq!(
            crossed(&judge(&[finding("CVE-1", "CRITICAL", "a")], &Exceptions::default())),
            ["CRITICAL 1/0"]
        );
        assert_eq!(crossed(&judge(&[finding("CVE-1", "MEDIUM", "a")], &Exceptions::default())), [""; 0]);
        assert_eq!(crossed(&judge(&[], &Exceptions::default())), [""; 0], "zero findings never cross a line");
    }

    #[test]
    fn what_is_accepted_neither_counts_nor_is_detailed_but_is_kept() {
        let evaluation =
            judge(&[finding("CVE-1", "CRITICAL", "a"), finding("CVE-2", "HIGH", "b")], &accept("CVE-1"));
        assert_eq!(crossed(&evaluation), [""; 0]);
        assert_eq!(evaluation.counts.total(), 1);
        assert_eq!(evaluation.details.len(), 1);
        assert_eq!(evaluation.accepted[0].reason, "not reachable");
        assert_eq!(evaluation.accepted[0].by, AcceptedBy::Exception(0));
    }

    #[test]
    fn a_suppressed_finding_counts_as_accepted() {
        let evaluation = judge(
            &[Finding { suppressed: true, ..finding("CVE-1", "CRITICAL", "a") }],
            &Exceptions::default(),
        );
        assert_eq!((evaluation.counts.total(), evaluation.accepted[0].by), (0, AcceptedBy::Inspector));
    }

    #[test]
    fn details_stop_at_the_severity_threshold_but_for_unknown_words_and_are_ordered_worst_first() {
        let findings =
            ["LOW", "HIGH", "CRITICAL", "DREADFUL"].map(|severity| finding("CVE-1", severity, severity));
        let evaluation = judge(&findings, &Exceptions::default());
        let told: Vec<_> = evaluation.details.iter().map(|finding| finding.severity.to_string()).collect();
        assert_eq!(
            told,
            ["CRITICAL", "HIGH", "DREADFUL"],
            "what a word unknown to us stands for may be worse than anything"
        );
        assert_eq!(evaluation.counts.total(), 4);
    }

    #[test]
    fn what_is_exploited_or_likely_to_be_crosses_the_line_if_that_is_wanted_and_is_told() {
        let epss =
            |score: &str| Some(Epss { score: score.parse().unwrap(), percentile: "0.5".parse().unwrap() });
        let threat = Threat { known_exploited: None, epss: epss("0.7") };
        let likely = Finding { threat, ..finding("CVE-1", "UNTRIAGED", "a") };
        let exploited = Finding { exploit_known: Some(true), ..finding("CVE-2", "UNTRIAGED", "b") };
        let judge = |gate: &Gate, exceptions: &Exceptions| {
            let found = scan("COMPLETE", Some(now()), &[likely.clone(), exploited.clone()]);
            let judged =
                evaluate(&"team/app".parse().unwrap(), &image(1, &[], 1), found, gate, exceptions, now());
            (crossed(&judged), judged.details.len())
        };
        let none = Exceptions::default();
        assert_eq!(judge(&gate(), &none), (vec![], 0));
        assert_eq!(judge(&Gate { exploited: true, ..gate() }, &none), (vec!["exploited 1".to_owned()], 1));
        let strict = Gate { exploited: true, epss: "0.7".parse().ok(), ..gate() };
        assert_eq!(judge(&strict, &none).0, ["exploited 1", "EPSS 0.7 1"]);
        assert_eq!(judge(&strict, &accept("CVE-2")), (vec!["EPSS 0.7 1".to_owned()], 1));
        assert_eq!(judge(&Gate { epss: "0.71".parse().ok(), ..gate() }, &none), (vec![], 0));
    }

    #[test]
    fn a_finding_in_several_packages_counts_once_until_all_are_accepted() {
        let in_package =
            |package: &str| Finding { arn: Some("arn:1".into()), ..finding("CVE-1", "HIGH", package) };
        let findings = [in_package("a"), in_package("b")];
        assert_eq!(judge(&findings, &Exceptions::default()).counts.total(), 1);
        let only_in_a =
            Exception { package: Some("a".into()), ..accept("CVE-1").iter().next().unwrap().clone() };
        assert_eq!(judge(&findings, &Exceptions::new(vec![only_in_a])).counts.total(), 1);
        assert_eq!(judge(&findings, &accept("CVE-1")).counts.total(), 0);
    }

    #[test]
    fn a_count_larger_than_the_list_is_believed() {
        let counts = [(Severity::Critical, 6)].into_iter().collect();
        let scan = Scan {
            counts: Some(counts),
            ..scan("COMPLETE", Some(now()), &[finding("CVE-1", "CRITICAL", "a")])
        };
        let repository = "team/app".parse().unwrap();
        let evaluation = evaluate(&repository, &image(1, &[], 1), scan, &gate(), &accept("CVE-1"), now());
        assert_eq!(evaluation.counts.get(&Severity::Critical), 5);
    }
}
