//! Findings that somebody has accepted, for a reason and, usually, for a time.

use std::collections::BTreeMap;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::Pattern;
use crate::finding::{Finding, Severity};
use crate::image::{Digest, Image, RepositoryName, Tag};

/// The id of one vulnerability, as people name it: no pattern, since whoever wants to accept whatever comes has thresholds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VulnerabilityId(String);

/// A text that is no id of a vulnerability.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not the id of one vulnerability, such as `CVE-2024-3094`: 1 to 200 printable ASCII characters without blanks, * and ?"
)]
pub struct InvalidVulnerabilityId(String);

/// One accepted vulnerability.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exception {
    /// The vulnerability's id, such as `CVE-2024-3094`.
    pub id: String,
    /// Only in this package.
    pub package: Option<String>,
    /// Only in repositories that match.
    pub repository: Option<Pattern>,
    /// Only in images of which a tag matches.
    pub tag: Option<Pattern>,
    /// Only in this image.
    pub digest: Option<Digest>,
    /// Only as severe as this, or less: once it is found to be worse, it is another matter.
    pub severity: Option<Severity>,
    /// Why it is accepted.
    pub reason: String,
    /// The last day, in UTC, on which it is.
    pub until: Option<Date>,
    /// The file in which it stands, if it stands in one.
    pub file: Option<String>,
}

/// Where a vulnerability was found, as far as an exception looks at it.
#[derive(Debug, Clone, Copy)]
pub struct Occurrence<'a> {
    /// The vulnerability's id.
    pub vulnerability: &'a str,
    /// The package, where the scanner names one.
    pub package: Option<&'a str>,
    /// How bad it is.
    pub severity: &'a Severity,
    /// The image's repository.
    pub repository: &'a RepositoryName,
    /// The image.
    pub digest: Digest,
    /// The image's tags.
    pub tags: &'a [Tag],
}

/// All accepted vulnerabilities, in the order in which they were written down.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exceptions {
    all: Vec<Exception>,
    /// Their places by the vulnerability, which is looked for with each finding.
    by_id: BTreeMap<String, Vec<usize>>,
}

impl<'a> Occurrence<'a> {
    /// A finding in an image.
    pub fn of(finding: &'a Finding, repository: &'a RepositoryName, image: &'a Image) -> Self {
        let package = finding.package.as_ref().map(|package| &*package.name);
        let (vulnerability, severity) = (&*finding.id, &finding.severity);
        Self { vulnerability, package, severity, repository, digest: image.digest, tags: &image.tags }
    }
}

impl FromStr for VulnerabilityId {
    type Err = InvalidVulnerabilityId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fits = |byte: u8| byte.is_ascii_graphic() && !b"*?".contains(&byte);
        if !(1..=200).contains(&text.len()) || !text.bytes().all(fits) {
            return Err(InvalidVulnerabilityId(text.to_owned()));
        }
        // CVE ids are published in capitals, and typed as people like.
        let is_cve = text.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("CVE-"));
        Ok(Self(if is_cve { text.to_ascii_uppercase() } else { text.to_owned() }))
    }
}

impl From<VulnerabilityId> for String {
    fn from(VulnerabilityId(id): VulnerabilityId) -> Self {
        id
    }
}

impl Exceptions {
    /// These exceptions, in this order.
    pub fn new(exceptions: Vec<Exception>) -> Self {
        let mut by_id: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (place, exception) in exceptions.iter().enumerate() {
            by_id.entry(exception.id.to_ascii_lowercase()).or_default().push(place);
        }
        Self { all: exceptions, by_id }
    }

    /// The first exception in force that accepts what was found there, and its place in the list.
    pub fn accepting(&self, found: Occurrence<'_>, now: Timestamp) -> Option<(usize, &Exception)> {
        let places = self.by_id.get(&found.vulnerability.to_ascii_lowercase())?;
        let mut about = places.iter().filter_map(|place| Some((*place, self.all.get(*place)?)));
        about.find(|(_, exception)| exception.accepts(found, now))
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Exception> {
        self.all.iter()
    }
}

impl Exception {
    /// One that accepts a vulnerability wherever it is, for this reason and without an end.
    pub fn of(id: impl Into<String>, reason: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            package: None,
            repository: None,
            tag: None,
            digest: None,
            severity: None,
            reason: reason.into(),
            until: None,
            file: None,
        }
    }

    /// Whether its last day is over.
    pub fn expired(&self, now: Timestamp) -> bool {
        self.until.is_some_and(|until| now.to_zoned(TimeZone::UTC).date() > until)
    }

    /// How many days its last day is away, in UTC: 0 is today, and below zero it is over. `None`: it has no end.
    pub fn days_left(&self, now: Timestamp) -> Option<i64> {
        let today = now.to_zoned(TimeZone::UTC).date();
        self.until.map(|until| today.duration_until(until).as_hours() / 24)
    }

    /// Whether it is in force and about what was found there.
    pub fn accepts(&self, found: Occurrence<'_>, now: Timestamp) -> bool {
        !self.expired(now)
            && self.names(found)
            && self.severity.as_ref().is_none_or(|most| found.severity.is_within(most))
    }

    /// Whether it is about what was found there, however bad that is.
    pub fn names(&self, found: Occurrence<'_>) -> bool {
        let Occurrence { vulnerability, package, repository, digest, tags, .. } = found;
        let has_tag = |pattern: &Pattern| tags.iter().any(|tag| pattern.matches(tag.as_str()));
        self.id.eq_ignore_ascii_case(vulnerability)
            && self
                .package
                .as_deref()
                .is_none_or(|wanted| package.is_some_and(|found| is_same_package(wanted, found)))
            && self.is_about(repository)
            && self.digest.is_none_or(|wanted| wanted == digest)
            && self.tag.as_ref().is_none_or(has_tag)
    }

    /// Whether it can accept anything in this repository.
    pub fn is_about(&self, repository: &RepositoryName) -> bool {
        self.repository.as_ref().is_none_or(|pattern| pattern.matches(repository.as_str()))
    }
}

/// Whether two names mean the same package. Python's are written with any case, and with `_` for `-`.
pub fn is_same_package(one: &str, other: &str) -> bool {
    let told = |byte: u8| if byte == b'_' { b'-' } else { byte.to_ascii_lowercase() };
    one.bytes().map(told).eq(other.bytes().map(told))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{digest, now};

    #[track_caller]
    fn check(exception: Exception, expected: bool) {
        let repository = "team/app".parse().unwrap();
        let tags = ["v1", "latest"].map(|tag| tag.parse().unwrap());
        let (vulnerability, package) = ("CVE-2024-1", Some("zlib"));
        let (severity, digest) = (&Severity::High, digest(1));
        let repository = &repository;
        let found = Occurrence { vulnerability, package, severity, repository, digest, tags: &tags };
        assert_eq!(exception.accepts(found, now()), expected);
    }

    fn exception() -> Exception {
        Exception::of("CVE-2024-1", "not reachable")
    }

    #[test]
    fn an_exception_accepts_what_it_names_and_nothing_else() {
        check(exception(), true);
        check(Exception { id: "CVE-2024-2".into(), ..exception() }, false);
        check(Exception { package: Some("zlib".into()), ..exception() }, true);
        check(Exception { package: Some("openssl".into()), ..exception() }, false);
        check(Exception { repository: "team/*".parse().ok(), ..exception() }, true);
        check(Exception { repository: "other/*".parse().ok(), ..exception() }, false);
        check(Exception { tag: "v*".parse().ok(), ..exception() }, true);
        check(Exception { tag: "dev-*".parse().ok(), ..exception() }, false);
        check(Exception { digest: Some(digest(1)), ..exception() }, true);
        check(Exception { digest: Some(digest(2)), ..exception() }, false);
    }

    #[test]
    fn it_lapses_by_itself_once_what_it_accepts_is_worse_than_it_says() {
        let up_to = |severity| Exception { severity: Some(severity), ..exception() };
        check(up_to(Severity::Critical), true);
        check(up_to(Severity::High), true);
        check(up_to(Severity::Medium), false);
        check(up_to("DREADFUL".into()), false);
        let repository = "team/app".parse().unwrap();
        let (repository, severity) = (&repository, &Severity::from("DREADFUL"));
        let (vulnerability, package, digest) = ("CVE-2024-1", None, digest(1));
        let found = Occurrence { vulnerability, package, severity, repository, digest, tags: &[] };
        let accepts = |exception: Exception| exception.accepts(found, now());
        assert!(!accepts(up_to(Severity::Critical)), "nobody knows how bad that is");
        assert!(accepts(up_to("DREADFUL".into())));
        assert!(accepts(exception()));
    }

    #[test]
    fn a_vulnerability_is_named_by_its_id_and_by_no_pattern() {
        let id = |text: &str| text.parse::<VulnerabilityId>().map(String::from).ok();
        assert_eq!(id("cve-2024-3094").as_deref(), Some("CVE-2024-3094"));
        assert_eq!(id("GHSA-abcd-efgh-ijkl").as_deref(), Some("GHSA-abcd-efgh-ijkl"));
        for pattern in ["*", "CVE-2024-*", "CVE-2024-309?", "", "CVE 1", "é"] {
            assert_eq!(id(pattern), None, "{pattern}");
        }
    }

    #[test]
    fn it_holds_until_its_last_day_is_over() {
        let today = now().to_zoned(TimeZone::UTC).date();
        check(Exception { until: Some(today), ..exception() }, true);
        check(Exception { until: today.yesterday().ok(), ..exception() }, false);
    }
}
