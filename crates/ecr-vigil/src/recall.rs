//! What the memory knows of a repository, as a record of the kind that a pass writes: the rules that judge a scan judge
//! what is remembered of one.

use std::collections::VecDeque;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::runtime::Handle;
use vigil_core::evaluate::crossed;
use vigil_core::lineage::FindingState;
use vigil_core::policy::{Exceptions, Occurrence};
use vigil_core::record::RepositoryRecord;
use vigil_core::{
    Accepted, AcceptedBy, Counts, Decision, Ending, Evaluation, Fault, FaultKind, Finding, ImageRecord,
    Meaning, RegistryId, Remembered, RepositoryName, Rest, Scan, Standing, due, evaluate,
};
use vigil_store::{
    Cursor, ImageFilter, ImageFinding, ImageFindingFilter, ImageOrder, ImageRow, RepositoryRow, Scope, Slice,
    Store, Unanswered,
};

use crate::config::Settings;

/// So much is asked for at once.
const PAGE: usize = 500;

/// Who remembers, and by what rules.
pub struct Recall {
    pub store: Store,
    pub settings: Arc<Settings>,
    /// The time by which it is judged.
    pub now: Timestamp,
    /// Only findings that are new along their tag, or worse than before.
    pub only_new: bool,
}

/// One repository after the other, each asked for when it is wanted.
pub struct Records {
    recall: Recall,
    runtime: Handle,
    waiting: VecDeque<RepositoryRow>,
    /// Where the next page begins; `None` after the last.
    next: Option<Slice>,
}

impl Records {
    /// All that are selected, by name. They are waited for on a thread that may block.
    pub fn new(recall: Recall, runtime: Handle) -> Self {
        Self { recall, runtime, waiting: VecDeque::new(), next: Some(Slice::first(PAGE)) }
    }

    fn read(&mut self) -> Result<Option<(RegistryId, RepositoryName, RepositoryRecord)>, Unanswered> {
        while self.waiting.is_empty() {
            let Some(slice) = self.next.take() else { return Ok(None) };
            let asked = self.recall.store.repositories(Scope::default(), false, slice);
            let page = self.runtime.block_on(asked)?;
            self.next = following(page.next);
            let admitted = |row: &RepositoryRow| {
                self.recall.settings.selection.repositories.admit(row.repository.name.as_str())
            };
            self.waiting.extend(page.items.into_iter().filter(admitted));
        }
        let Some(row) = self.waiting.pop_front() else { return Ok(None) };
        let record = self.runtime.block_on(self.recall.repository(&row))?;
        Ok(Some((row.registry, row.repository.name, record)))
    }
}

impl Iterator for Records {
    type Item = Result<(RegistryId, RepositoryName, RepositoryRecord), Unanswered>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().transpose()
    }
}

fn following(cursor: Option<Cursor>) -> Option<Slice> {
    cursor.map(|cursor| Slice { after: Some(cursor), limit: PAGE })
}

impl Recall {
    async fn repository(&self, row: &RepositoryRow) -> Result<RepositoryRecord, Unanswered> {
        let unread = row.unread.iter().map(|said| Fault::new(FaultKind::Refused, "the last pass", said));
        let mut record = RepositoryRecord { unread: unread.collect(), ..RepositoryRecord::default() };
        let scope = Scope {
            registry: Some(row.registry.clone()),
            repository: row.repository.name.as_str().parse().ok(),
        };
        let mut next = Some(Slice::first(PAGE));
        while let Some(slice) = next {
            let filter = ImageFilter { scope: scope.clone(), ..ImageFilter::default() };
            let page = self.store.images(filter, ImageOrder::Name, slice).await?;
            next = following(page.next);
            // What the last pass was told to leave out is left out here too.
            let left = |row: &ImageRow| row.standing.decision.as_deref() == Some("leave_out");
            for image in page.items.into_iter().filter(|row| !left(row)) {
                record.images.push(self.image(image).await?);
            }
        }
        Ok(record)
    }

    async fn image(&self, row: ImageRow) -> Result<ImageRecord, Unanswered> {
        let found = match row.counts {
            Some(_) => self.findings(&row).await?,
            None => Vec::new(),
        };
        let evaluation = row.counts.clone().map(|counts| self.evaluation(&row, counts, found));
        let (decision, ending) = self.standing(&row);
        Ok(ImageRecord { image: row.image, decision, ending, evaluation, change: None })
    }

    async fn findings(&self, row: &ImageRow) -> Result<Vec<ImageFinding>, Unanswered> {
        let (mut found, mut next) = (Vec::new(), Some(Slice::first(PAGE)));
        while let Some(slice) = next {
            let (registry, repository) = (row.registry.clone(), row.repository.clone());
            let all = ImageFindingFilter::default();
            let asked = self.store.findings_of_image(registry, repository, row.image.digest, all, slice);
            // One that was forgotten meanwhile has none.
            let Some(page) = asked.await? else { break };
            next = following(page.next);
            found.extend(page.items);
        }
        Ok(found)
    }

    /// What the findings mean by the gate of now. What is accepted was decided when they were written down.
    fn evaluation(&self, row: &ImageRow, counts: Counts, found: Vec<ImageFinding>) -> Evaluation {
        let is_wanted = |found: &ImageFinding| {
            !self.only_new || matches!(found.state, Some(FindingState::New | FindingState::Worsened))
        };
        let (mut open, mut accepted) = (Vec::new(), Vec::new());
        for ImageFinding { finding, accepted: by, .. } in found.into_iter().filter(is_wanted) {
            match by {
                Some(by) => {
                    let source = if by.source == "inspector" {
                        AcceptedBy::Inspector
                    } else {
                        self.exception(row, &finding)
                    };
                    accepted.push(Accepted { finding, by: source, reason: by.reason });
                }
                None => open.push(finding),
            }
        }
        let counts = if self.only_new { Counts::of(&open) } else { counts };
        // A finding in several packages counts once: the memory's count says so, its list does not.
        let scan = Scan { counts: Some(counts.clone()), ..self.scan(row) };
        let gate = &self.settings.gate;
        let judged = evaluate(&row.repository, &row.image, scan, gate, &Exceptions::default(), self.now);
        let crossed = crossed(gate, &counts, &open);
        open.retain(|finding| gate.details(finding));
        open.sort_by(Finding::report_order);
        accepted.sort_by(|one, other| one.finding.report_order(&other.finding));
        Evaluation { details: open, accepted, crossed, ..judged }
    }

    /// The place of the exception in the settings of now, if it stands there.
    fn exception(&self, row: &ImageRow, finding: &Finding) -> AcceptedBy {
        let exceptions = &self.settings.exceptions;
        let found = Occurrence::of(finding, &row.repository, &row.image);
        let place = exceptions.accepting(found, self.now).map(|(place, _)| place);
        place.map_or(AcceptedBy::Remembered, AcceptedBy::Exception)
    }

    /// The last scan without its findings.
    fn scan(&self, row: &ImageRow) -> Scan {
        let last = row.scan.clone();
        Scan {
            state: last.as_ref().map_or_else(|| "".into(), |last| last.state.clone()),
            description: last.as_ref().and_then(|last| last.description.clone()),
            completed_at: last.and_then(|last| last.completed_at),
            counts: row.counts.clone(),
            findings: Vec::new(),
        }
    }

    /// What would be decided now, and what came of the last scan.
    fn standing(&self, row: &ImageRow) -> (Decision, Option<Ending>) {
        let scan = row.scan.is_some().then(|| self.scan(row));
        let said = || row.standing.said.clone().unwrap_or_default();
        let ending = match scan.as_ref().map(|scan| (scan.meaning(), scan.said())) {
            Some((Meaning::Running, _)) => None,
            Some((Meaning::Finished, _)) => Some(Ending::Read),
            Some((Meaning::Failed, said)) => Some(Ending::Failed { said }),
            Some((Meaning::Unscannable, said)) => Some(Ending::Unscannable { said }),
            Some((Meaning::Unavailable, said)) => Some(Ending::Unavailable { said }),
            None => match row.standing.ending.as_deref() {
                Some("unscannable") => {
                    let rest = Rest::Unscannable { said: said() };
                    return (Decision::Rest(rest), Some(Ending::Unscannable { said: said() }));
                }
                Some("never_scanned") => Some(Ending::NeverScanned),
                Some("fault") => Some(Ending::Fault(Fault::new(FaultKind::Refused, "the last pass", said()))),
                _ => None,
            },
        };
        if row.standing.decision.as_deref() == Some("observe") {
            return (Decision::Observe, ending);
        }
        let remembered = Remembered { asked_at: row.asked_at, ..Remembered::default() };
        let decision = match due(scan.as_ref(), &remembered, &self.settings.cadence, self.now) {
            Standing::Due(due) => Decision::Scan(due),
            Standing::UnderWay => Decision::Wait,
            Standing::Rest(rest) => Decision::Rest(rest),
        };
        (decision, ending)
    }
}
