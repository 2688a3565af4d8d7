//! What is decided on an image by its last scan: it is due, rests, or is waited for; and what is judged and written down of
//! that. Asks nobody anything.

use super::look::{Pending, Watch};
use crate::due::{Standing, due, is_premature};
use crate::evaluate::evaluate;
use crate::image::{Image, RepositoryName};
use crate::pass::Pass;
use crate::plan::Candidate;
use crate::record::{Decision, Ending, Entry, Unfinished};
use crate::scan::{Meaning, Scan};
use crate::step::announce::of_awaited;
use crate::step::settle::{Awaited, StartedBy};

/// No more scans than this are waited for, as many as ECR starts in a day: right after enhanced scanning was switched on
/// those of a whole registry are pending, for hours.
const MOST_AWAITED: usize = 100_000;

impl Watch<'_> {
    pub(super) fn decide_on_request(
        &mut self,
        repository: &RepositoryName,
        pending: Pending,
        scan: Option<Scan>,
    ) -> Vec<Entry> {
        let Pending { image, mut remembered } = pending;
        if self.ports.ledger.remembers()
            && scan.as_ref().is_some_and(|scan| scan.meaning() == Meaning::Failed)
        {
            // A failure that nobody remembers yet is remembered from now on.
            remembered.failed_at.get_or_insert(self.now);
        }
        let standing = due(scan.as_ref(), &remembered, &self.pass.cadence, self.now);
        let (under_way, finished) = match standing {
            Standing::UnderWay => (scan, None),
            _ => (None, scan.filter(|scan| scan.meaning() == Meaning::Finished)),
        };
        if let Some(at) = finished.as_ref().and_then(|scan| scan.completed_at) {
            self.shortlist.count_scan(at);
        }
        let mut entries: Vec<Entry> =
            finished.and_then(|scan| self.judge(repository, &image, scan)).into_iter().collect();
        match standing {
            Standing::UnderWay => {
                // It was started within the day, or will soon have been.
                self.shortlist.count_scan(self.now);
                entries.extend(self.await_scan(repository, image, under_way));
            }
            Standing::Rest(rest) => {
                let ending = Ending::of_rest(&rest);
                entries.extend(ended(image, Decision::Rest(rest), ending));
            }
            Standing::Due(why) => {
                let held = self.shortlist.offer(Candidate { repository: repository.clone(), image, why });
                self.spare.extend(held);
            }
        }
        entries
    }

    pub(super) fn decide_by_itself(
        &mut self,
        repository: &RepositoryName,
        image: Image,
        scan: Option<Scan>,
    ) -> Vec<Entry> {
        let Some(scan) = scan else {
            return ended(image, Decision::Observe, Ending::NeverScanned);
        };
        if is_premature(&scan, self.now) {
            return self.await_scan(repository, image, Some(scan));
        }
        match Ending::without_findings(&scan) {
            Some(ending) => ended(image, Decision::Observe, ending),
            None if scan.meaning() == Meaning::Running => self.await_scan(repository, image, Some(scan)),
            None => {
                let mut entries: Vec<Entry> = self.judge(repository, &image, scan).into_iter().collect();
                entries.extend(ended(image, Decision::Observe, Ending::Read));
                entries
            }
        }
    }

    /// Takes note of a scan that is under way. A plan only says so; a pass waits for it.
    fn await_scan(&mut self, repository: &RepositoryName, image: Image, said: Option<Scan>) -> Vec<Entry> {
        let decision = of_awaited(self.mode);
        if !self.pass.act {
            return vec![Entry::Decided(Box::new(image), decision)];
        }
        if self.awaited.len() >= MOST_AWAITED {
            let ending = Ending::Unfinished(Unfinished::Running { state: said.map(|scan| scan.state) });
            return ended(image, decision, ending);
        }
        let mut awaited = Awaited::new(repository.clone(), image, StartedBy::Others, self.now);
        awaited.showed_nothing = said.as_ref().is_some_and(|scan| is_premature(scan, self.now)).into();
        awaited.last_said = said.map(|scan| scan.state);
        self.awaited.push(awaited);
        Vec::new()
    }

    /// A plan is about scans: what earlier ones found does not belong to it.
    fn judge(&self, repository: &RepositoryName, image: &Image, scan: Scan) -> Option<Entry> {
        let Pass { gate, exceptions, act, .. } = self.pass;
        act.then(|| {
            Entry::Judged(image.digest, evaluate(repository, image, scan, gate, exceptions, self.now))
        })
    }
}

/// What is written down of an image that is done with.
pub(super) fn ended(image: Image, decision: Decision, ending: Ending) -> Vec<Entry> {
    let digest = image.digest;
    vec![Entry::Decided(Box::new(image), decision), Entry::Ended(digest, ending)]
}
