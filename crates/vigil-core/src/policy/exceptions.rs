//! Findings that somebody has accepted, for a reason and, usually, for a time.

use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::Pattern;
use crate::finding::Finding;
use crate::image::{Image, RepositoryName};

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
    /// Why it is accepted.
    pub reason: String,
    /// The last day, in UTC, on which it is.
    pub until: Option<Date>,
}

/// All accepted vulnerabilities, in the order in which they were written down.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exceptions(Vec<Exception>);

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
        Self(exceptions)
    }

    /// The first exception in force that accepts this finding in this image, and its place in the list.
    pub fn accepting(
        &self,
        finding: &Finding,
        repository: &RepositoryName,
        image: &Image,
        now: Timestamp,
    ) -> Option<(usize, &Exception)> {
        let accepts = |(_, exception): &(usize, &Exception)| {
            !exception.expired(now) && exception.matches(finding, repository, image)
        };
        self.0.iter().enumerate().find(accepts)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Exception> {
        self.0.iter()
    }
}

impl Exception {
    /// Whether its last day is over.
    pub fn expired(&self, now: Timestamp) -> bool {
        self.until.is_some_and(|until| now.to_zoned(TimeZone::UTC).date() > until)
    }

    fn matches(&self, finding: &Finding, repository: &RepositoryName, image: &Image) -> bool {
        let package = finding.package.as_ref().map(|package| &*package.name);
        self.id.eq_ignore_ascii_case(&finding.id)
            && self.package.as_deref().is_none_or(|wanted| package == Some(wanted))
            && self.repository.as_ref().is_none_or(|pattern| pattern.matches(repository.as_str()))
            && self
                .tag
                .as_ref()
                .is_none_or(|pattern| image.tags.iter().any(|tag| pattern.matches(tag.as_str())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{finding, image, now};

    #[track_caller]
    fn check(exception: Exception, expected: bool) {
        let exceptions = Exceptions::new(vec![exception]);
        let finding = finding("CVE-2024-1", "HIGH", "zlib");
        let repository = "team/app".parse().unwrap();
        let accepted = exceptions.accepting(&finding, &repository, &image(1, &["v1", "latest"], 1), now());
        assert_eq!(accepted.is_some(), expected);
    }

    fn exception() -> Exception {
        Exception {
            id: "CVE-2024-1".into(),
            package: None,
            repository: None,
            tag: None,
            reason: "not reachable".into(),
            until: None,
        }
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
