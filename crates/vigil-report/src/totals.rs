//! What all records of a report add up to. Exit codes and metrics are read from it.

use std::collections::{BTreeMap, BTreeSet};

use vigil_core::evaluate::AcceptedBy;
use vigil_core::record::{ImageRecord, RepositoryRecord};
use vigil_core::{Counts, Decision, Evaluation};

use crate::status::{Status, status};

/// Numbers over all images and repositories.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Totals {
    /// Repositories, those that could not be read included.
    pub repositories: u64,
    /// Images, those left out included.
    pub images: u64,
    /// Images by how they came out; a status that does not occur has no entry.
    pub by_status: BTreeMap<Status, u64>,
    /// Images left out, by the code of the reason.
    pub left_out: BTreeMap<&'static str, u64>,
    /// Images held, by the code of the reason.
    pub held: BTreeMap<&'static str, u64>,
    /// Standing findings, accepted ones left out.
    pub findings: Counts,
    /// Accepted findings.
    pub accepted: u64,
    /// Images whose findings reach a threshold.
    pub crossing: u64,
    /// Things that were asked for by name and are not there.
    pub missing: u64,
    /// Repositories of which something could not be read.
    pub unread_repositories: u64,
    /// Repositories that the pass did not come to.
    pub unreached_repositories: u64,
    /// The places of the exceptions that accepted a finding.
    pub exceptions_used: BTreeSet<usize>,
}

impl Totals {
    /// The number of images that came out so.
    pub fn count(&self, status: Status) -> u64 {
        self.by_status.get(&status).copied().unwrap_or(0)
    }

    /// Adds one repository.
    pub fn add(&mut self, record: &RepositoryRecord) {
        self.repositories += 1;
        self.missing += record.missing.len() as u64;
        self.unread_repositories += u64::from(!record.unread.is_empty());
        self.unreached_repositories += u64::from(record.not_reached);
        record.images.iter().for_each(|image| self.add_image(image));
    }

    fn add_image(&mut self, image: &ImageRecord) {
        let status = status(image);
        self.images += 1;
        *self.by_status.entry(status).or_default() += 1;
        match (status, &image.decision) {
            (Status::LeftOut, Decision::LeaveOut(why)) => *self.left_out.entry(why.code()).or_default() += 1,
            (Status::Held, Decision::Hold(_, why)) => *self.held.entry(why.code()).or_default() += 1,
            _ => {}
        }
        if let Some(evaluation) = &image.evaluation {
            self.add_evaluation(evaluation);
        }
    }

    fn add_evaluation(&mut self, evaluation: &Evaluation) {
        self.findings.add(&evaluation.counts);
        self.accepted += evaluation.accepted.len() as u64;
        self.crossing += u64::from(!evaluation.crossed.is_empty());
        for accepted in &evaluation.accepted {
            if let AcceptedBy::Exception(place) = accepted.by {
                self.exceptions_used.insert(place);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stories::scan_records;

    #[test]
    fn every_image_is_counted_once() {
        let mut totals = Totals::default();
        for record in scan_records() {
            let Ok((.., record)) = record;
            totals.add(&record);
        }
        assert_eq!(totals.images, totals.by_status.values().sum::<u64>());
        assert_eq!(totals.count(Status::LeftOut), totals.left_out.values().sum::<u64>());
        assert_eq!(totals.count(Status::Held), totals.held.values().sum::<u64>());
        assert_eq!(totals.exceptions_used, BTreeSet::from([0]));
        assert_eq!((totals.crossing, totals.accepted, totals.missing), (1, 2, 1));
        assert_eq!((totals.unread_repositories, totals.unreached_repositories), (1, 1));
    }
}
