//! Findings that somebody has accepted, for a reason and, usually, for a time.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::Pattern;
use crate::finding::Finding;
use crate::image::{Image, RepositoryName};

/// One accepted vulnerability.
#[derive(Debug, Clone)]
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
#[derive(Debug, Clone, Default)]
pub struct Exceptions(Vec<Exception>);

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
    fn it_holds_until_its_last_day_is_over() {
        let today = now().to_zoned(TimeZone::UTC).date();
        check(Exception { until: Some(today), ..exception() }, true);
        check(Exception { until: today.yesterday().ok(), ..exception() }, false);
    }
}
