//! Which vulnerabilities an image has: the pool of its repository, thinned by how new the image is.
//!
//! Images of one repository overlap, newer ones have fewer, and some vulnerabilities only become known with time,
//! so that a later scan of the same image may find one more.

use serde::Serialize;

use super::catalogue::{self, Entry};
use super::packages;
use crate::clock::Moment;
use crate::noise::Noise;

/// A severity of ECR basic scanning, most severe first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Severity {
    Critical,
    High,
    Medium,
    Low,
    Informational,
    Undefined,
}

impl Severity {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Critical => "CRITICAL",
            Self::High => "HIGH",
            Self::Medium => "MEDIUM",
            Self::Low => "LOW",
            Self::Informational => "INFORMATIONAL",
            Self::Undefined => "UNDEFINED",
        }
    }
}

/// One vulnerability in one package of an image.
#[derive(Debug, Clone)]
pub(crate) struct Drawn {
    pub(crate) cve: &'static str,
    pub(crate) description: &'static str,
    pub(crate) tracker: &'static str,
    pub(crate) severity: Severity,
    /// Score as text, score, and vector; packages that no source has rated have none.
    pub(crate) score: Option<(&'static str, f64, &'static str)>,
    pub(crate) package: String,
    pub(crate) version: String,
    pub(crate) manager: &'static str,
}

/// What can be found in the images of one repository.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pool {
    noise: Noise,
    entries: u32,
    start: Moment,
}

impl Pool {
    /// `noise` belongs to the repository; `mean` is the mean over all images; `start` is when the simulator began.
    pub(crate) fn new(noise: Noise, mean: u32, start: Moment) -> Self {
        let noise = noise.word("findings");
        // An image holds 85 of 100 entries of its pool on average (see `fixed_at`); one repository in twelve is
        // clean, the others hold between 30 % and 185 % of the mean.
        let share = if noise.with(0).below(12) == 0 { 0 } else { 30 + noise.with(1).below(156) };
        let entries = u64::from(mean) * share * 10_000 / (100 * 85 * 98);
        Self { noise, entries: u32::try_from(entries).unwrap_or(u32::MAX), start }
    }

    /// What a scan that completed at `scanned_at` found in an image of this age (in thousandths, oldest first).
    pub(crate) fn draw(self, age_rank: u16, scanned_at: Moment) -> Vec<Drawn> {
        let known = catalogue::entries();
        if known.is_empty() {
            return Vec::new();
        }
        (0..self.entries)
            .filter(|number| self.is_present(*number, age_rank, scanned_at))
            .filter_map(|number| self.drawn(known, number))
            .collect()
    }

    fn is_present(self, number: u32, age_rank: u16, scanned_at: Moment) -> bool {
        let noise = self.noise.word("entry").with(u64::from(number));
        // Fixed somewhere between 40 % of the history and a good while after its end.
        let fixed_at = 400 + noise.with(0).below(1200);
        // One in twelve becomes known only in the two months after the start.
        let known_at = match noise.with(1).below(12) {
            0 => self.start.millis() + i64::try_from(noise.with(2).below(60 * 24 * 3_600_000)).unwrap_or(0),
            _ => i64::MIN,
        };
        u64::from(age_rank) < fixed_at && scanned_at.millis() >= known_at
    }

    fn drawn(self, known: &'static [Entry], number: u32) -> Option<Drawn> {
        let count = u32::try_from(known.len()).ok()?;
        // Consecutive numbers walk through the whole catalogue before any vulnerability comes again, in another
        // package.
        let first = u32::try_from(self.noise.with(2).below(u64::from(count))).ok()?;
        let entry = known.get(((first + number % count * 61) % count) as usize)?;
        let variant = number / count;
        let rated = !self.noise.word("unrated").with(u64::from(number)).percent(6);
        let severity = match entry.score.tenths {
            _ if !rated && variant.is_multiple_of(2) => Severity::Undefined,
            _ if !rated => Severity::Informational,
            90.. => Severity::Critical,
            70.. => Severity::High,
            40.. => Severity::Medium,
            _ => Severity::Low,
        };
        Some(Drawn {
            cve: &entry.cve,
            description: &entry.description,
            tracker: &entry.tracker,
            severity,
            score: rated.then_some((
                entry.score.text,
                f64::from(entry.score.tenths) / 10.0,
                entry.score.vector,
            )),
            package: packages::variant_name(entry.package, variant),
            version: packages::version(entry.package, self.noise.word(entry.package.name)),
            manager: entry.package.manager,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use jiff::SignedDuration;

    use super::*;

    const START: Moment = Moment::from_millis(1_793_000_000_000);

    fn keys(findings: &[Drawn]) -> HashSet<(&'static str, String)> {
        findings.iter().map(|finding| (finding.cve, finding.package.clone())).collect()
    }

    #[test]
    fn a_vulnerability_is_found_once_in_a_package() {
        let findings = Pool::new(Noise::new(4), 900, START).draw(0, START);
        assert!(findings.len() > 200, "{}", findings.len());
        assert_eq!(keys(&findings).len(), findings.len());
    }

    #[test]
    fn newer_images_have_fewer_and_later_scans_more() {
        let pool = Pool::new(Noise::new(4), 200, START);
        let (old, new) = (pool.draw(0, START), pool.draw(999, START));
        let later = pool.draw(999, START + SignedDuration::from_hours(24 * 90));
        assert!(old.len() > new.len() && later.len() > new.len());
        assert!(keys(&new).is_subset(&keys(&old)) && keys(&new).is_subset(&keys(&later)));
    }

    #[test]
    fn the_mean_is_what_was_asked_for() {
        let total: usize = (0..400)
            .map(|repository| Pool::new(Noise::new(9).with(repository), 40, START))
            .flat_map(|pool| (0..10).map(move |tenth| pool.draw(tenth * 100, START).len()))
            .sum();
        let mean = total as f64 / 4000.0;
        assert!((32.0..48.0).contains(&mean), "{mean}");
    }

    #[test]
    fn scores_and_severities_agree() {
        for finding in Pool::new(Noise::new(6), 300, START).draw(100, START) {
            let Some((_, score, _)) = finding.score else { continue };
            assert_eq!(finding.severity == Severity::Critical, score >= 9.0);
            assert_eq!(finding.severity == Severity::Low, score < 4.0);
        }
    }
}
