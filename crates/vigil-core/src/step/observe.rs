//! Looks at a registry: lists it, reads what ECR knows of each image's last scan, and plans.
//!
//! Nothing is held but the repositories being listed, a limited number of images waiting to be read, and the candidates
//! that may be started: a million images need little more memory than a hundred thousand.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use jiff::Timestamp;

use super::flight::{Flight, Next};
use super::settle::{Awaited, StartedBy};
use super::survey::{Survey, survey};
use crate::due::{Standing, due, is_premature};
use crate::evaluate::evaluate;
use crate::fault::{Fault, FaultKind};
use crate::image::{Image, Pick, Repository, RepositoryName};
use crate::pass::{Pass, Ports, Scope};
use crate::plan::{Candidate, Plan, Shortlist};
use crate::port::{Cursor, Milestone, Mode, NotRecorded, Page};
use crate::record::{Decision, Ending, Entry, Unfinished};
use crate::scan::{Meaning, Scan};
use crate::stop::{Halt, Stop};

/// What a look at a registry found.
#[derive(Debug)]
pub struct Observed {
    /// What is to be started, and what is held.
    pub plan: Plan,
    /// Repositories in which something is held.
    pub held_in: BTreeSet<RepositoryName>,
    /// Scans that are under way already.
    pub awaited: Vec<Awaited>,
    /// What kept us from seeing the registry as a whole.
    pub faults: Vec<Fault>,
    /// Why the look ended early, if it did.
    pub halted: Option<Halt>,
}

/// While more images than this wait to be read, no further repository is listed.
const ENOUGH_WAITING: usize = 2_000;
/// No more scans than this are waited for, as many as ECR starts in a day: right after enhanced scanning was switched on
/// those of a whole registry are pending, for hours.
const MOST_AWAITED: usize = 100_000;

struct Watch<'a> {
    ports: Ports<'a>,
    pass: &'a Pass,
    mode: Mode,
    now: Timestamp,
    /// Repositories to list, with the images asked for by name.
    repositories: VecDeque<(RepositoryName, Option<Vec<Pick>>)>,
    /// Whether there are more repositories to hear of, and from where on.
    more: Option<Option<Cursor>>,
    pending: VecDeque<(RepositoryName, Image)>,
    shortlist: Shortlist,
    held_in: BTreeSet<RepositoryName>,
    awaited: Vec<Awaited>,
    faults: Vec<Fault>,
    /// A fault that would meet every further call.
    closed: Option<Fault>,
}

#[derive(Clone)]
enum Call {
    Names,
    List(RepositoryName),
    Read(RepositoryName, Box<Image>),
}

enum Answer {
    Names(Result<Page<Repository>, Fault>),
    Listed(Survey),
    Read(RepositoryName, Box<Image>, Result<Option<Scan>, Fault>),
}

/// Looks at a registry and plans the pass.
///
/// # Errors
///
/// Only if the ledger cannot write.
pub async fn observe(
    ports: Ports<'_>,
    pass: &Pass,
    mode: Mode,
    now: Timestamp,
    stop: &Stop,
) -> Result<Observed, NotRecorded> {
    let mut watch = Watch::new(ports, pass, mode, now);
    let mut flight = Flight::new();
    let mut halted = None;
    loop {
        if watch.closed.is_none() {
            watch.launch(&mut flight);
        }
        if flight.len() == 0 {
            break;
        }
        match flight.next(ports.clock, None, stop).await {
            Next::Landed(_, answer) => watch.take(answer).await?,
            Next::Due => {}
            Next::Halted(halt) => {
                halted = Some(halt);
                break;
            }
        }
    }
    let (landed, abandoned) = flight.land(ports.clock).await;
    for (_, answer) in landed {
        watch.take(answer).await?;
    }
    watch.name_unfinished(abandoned).await?;
    let closed = watch.closed.take().filter(|fault| !watch.faults.contains(fault));
    watch.faults.extend(closed);
    let Watch { shortlist, mut held_in, awaited, faults, .. } = watch;
    let plan = shortlist.into_plan();
    held_in.extend(plan.held.iter().map(|held| held.candidate.repository.clone()));
    Ok(Observed { plan, held_in, awaited, faults, halted })
}

impl<'a> Watch<'a> {
    fn new(ports: Ports<'a>, pass: &'a Pass, mode: Mode, now: Timestamp) -> Self {
        let mut named: BTreeMap<RepositoryName, Vec<Pick>> = BTreeMap::new();
        let more = match &pass.scope {
            Scope::Selected(_) => Some(None),
            Scope::Named(names) => {
                for name in names {
                    named.entry(name.repository.clone()).or_default().push(name.pick.clone());
                }
                None
            }
        };
        Self {
            ports,
            pass,
            mode,
            now,
            repositories: named.into_iter().map(|(repository, picks)| (repository, Some(picks))).collect(),
            more,
            pending: VecDeque::new(),
            shortlist: Shortlist::new(pass.budget, now),
            held_in: BTreeSet::new(),
            awaited: Vec::new(),
            faults: Vec::new(),
            closed: None,
        }
    }

    fn selection(&self) -> Option<&'a crate::policy::Selection> {
        match &self.pass.scope {
            Scope::Selected(selection) => Some(selection),
            Scope::Named(_) => None,
        }
    }

    fn launch(&mut self, flight: &mut Flight<'a, Call, Answer>) {
        let ports = self.ports;
        let limit = self.pass.concurrency.max(1);
        let listing = |flight: &Flight<'_, Call, Answer>| {
            flight.labels().filter(|call| !matches!(call, Call::Read(..))).count()
        };
        // Listing keeps ahead of reading, but leaves it at least half of the calls.
        let mut lists = listing(flight);
        while flight.len() < limit && self.pending.len() < ENOUGH_WAITING && lists < limit.div_ceil(2) {
            if let Some((repository, picks)) = self.repositories.pop_front() {
                let call = survey(ports, repository.clone(), picks, self.selection(), self.now);
                flight.launch(Call::List(repository), async { Answer::Listed(call.await) });
            } else if let Some(after) = self.more.take() {
                flight.launch(
                    Call::Names,
                    async move { Answer::Names(ports.registry.repositories(after).await) },
                );
            } else {
                break;
            }
            lists += 1;
        }
        while flight.len() < limit {
            let Some((repository, image)) = self.pending.pop_front() else { break };
            let image = Box::new(image);
            flight.launch(Call::Read(repository.clone(), image.clone()), async move {
                let scan = ports.scanner.read(&repository, image.digest).await;
                Answer::Read(repository, image, scan)
            });
        }
    }

    async fn take(&mut self, answer: Answer) -> Result<(), NotRecorded> {
        match answer {
            Answer::Names(Ok(page)) => {
                let admitted = |name: &RepositoryName| {
                    self.selection().is_none_or(|selection| selection.repositories.admit(name.as_str()))
                };
                let names: Vec<_> = page.items.into_iter().map(|item| item.name).filter(admitted).collect();
                self.repositories.extend(names.into_iter().map(|name| (name, None)));
                self.more = page.next.map(Some);
                Ok(())
            }
            Answer::Names(Err(fault)) if fault.is_not_sent() => Ok(()),
            Answer::Names(Err(fault)) => {
                self.take_fault(&fault);
                self.faults.push(fault);
                Ok(())
            }
            Answer::Listed(survey) => self.take_survey(survey).await,
            Answer::Read(repository, image, scan) => self.take_scan(repository, *image, scan).await,
        }
    }

    async fn take_survey(&mut self, survey: Survey) -> Result<(), NotRecorded> {
        let faults = || survey.faults.iter().chain(survey.unopened.iter().map(|(_, fault)| fault));
        if faults().any(Fault::is_not_sent) {
            self.repositories.push_front((survey.repository, None));
            return Ok(());
        }
        faults().for_each(|fault| self.take_fault(fault));
        let mut entries: Vec<Entry> = survey.missing.into_iter().map(Entry::Missing).collect();
        entries.extend(survey.faults.into_iter().map(Entry::Unread));
        let mut looked_at = 0;
        for sight in survey.sights {
            match sight.left_out {
                Some(reason) => {
                    entries.push(Entry::Decided(Box::new(sight.image), Decision::LeaveOut(reason)))
                }
                None => {
                    self.pending.push_back((survey.repository.clone(), sight.image));
                    looked_at += 1;
                }
            }
        }
        entries.extend(
            survey.unopened.into_iter().map(|(digest, fault)| Entry::Ended(digest, Ending::Fault(fault))),
        );
        self.ports.progress.reached(self.ports.registry.id(), Milestone::Listed { images: looked_at });
        if entries.is_empty() && looked_at == 0 {
            entries.push(Entry::Empty);
        }
        self.record(&survey.repository, entries).await
    }

    async fn take_scan(
        &mut self,
        repository: RepositoryName,
        image: Image,
        answer: Result<Option<Scan>, Fault>,
    ) -> Result<(), NotRecorded> {
        self.ports.progress.reached(self.ports.registry.id(), Milestone::Read);
        let scan = match answer {
            Ok(scan) => scan,
            Err(fault) if fault.is_not_sent() => {
                self.pending.push_front((repository, image));
                return Ok(());
            }
            Err(fault) => {
                self.take_fault(&fault);
                return self
                    .record_ending(&repository, image, Decision::Undecided, Ending::Fault(fault), None)
                    .await;
            }
        };
        match self.mode {
            Mode::OnRequest => self.decide_on_request(repository, image, scan).await,
            Mode::ByItself => self.decide_by_itself(repository, image, scan).await,
        }
    }

    fn take_fault(&mut self, fault: &Fault) {
        if fault.kind == FaultKind::Credentials {
            self.closed.get_or_insert(fault.clone());
        }
    }

    async fn decide_on_request(
        &mut self,
        repository: RepositoryName,
        image: Image,
        scan: Option<Scan>,
    ) -> Result<(), NotRecorded> {
        let standing = due(scan.as_ref(), &self.pass.cadence, self.now);
        let (under_way, finished) = match standing {
            Standing::UnderWay => (scan, None),
            _ => (None, scan.filter(|scan| scan.meaning() == Meaning::Finished)),
        };
        if let Some(at) = finished.as_ref().and_then(|scan| scan.completed_at) {
            self.shortlist.count_scan(at);
        }
        match standing {
            Standing::UnderWay => {
                // It was started within the day, or will soon have been.
                self.shortlist.count_scan(self.now);
                self.await_scan(repository, image, under_way).await
            }
            Standing::Rest(rest) => {
                let ending = match &rest {
                    crate::due::Rest::Failed { said } => Ending::Failed { said: said.clone() },
                    crate::due::Rest::Unscannable { said } => Ending::Unscannable { said: said.clone() },
                    _ => Ending::Read,
                };
                self.record_ending(&repository, image, Decision::Rest(rest), ending, finished).await
            }
            Standing::Due(why) => {
                let judged = finished.and_then(|scan| self.judge(&repository, &image, scan));
                self.record(&repository, judged.into_iter().collect()).await?;
                match self.shortlist.offer(Candidate { repository, image, why }) {
                    Some(held) => {
                        self.held_in.insert(held.candidate.repository.clone());
                        super::record_held(self.ports, held).await
                    }
                    None => Ok(()),
                }
            }
        }
    }

    async fn decide_by_itself(
        &mut self,
        repository: RepositoryName,
        image: Image,
        scan: Option<Scan>,
    ) -> Result<(), NotRecorded> {
        let Some(scan) = scan else {
            return self
                .record_ending(&repository, image, Decision::Observe, Ending::NeverScanned, None)
                .await;
        };
        if is_premature(&scan, self.now) {
            return self.await_scan(repository, image, Some(scan)).await;
        }
        match Ending::without_findings(&scan) {
            Some(ending) => self.record_ending(&repository, image, Decision::Observe, ending, None).await,
            None if scan.meaning() == Meaning::Running => {
                self.await_scan(repository, image, Some(scan)).await
            }
            None => self.record_ending(&repository, image, Decision::Observe, Ending::Read, Some(scan)).await,
        }
    }

    /// Takes note of a scan that is under way. A plan only says so; a pass waits for it.
    async fn await_scan(
        &mut self,
        repository: RepositoryName,
        image: Image,
        said: Option<Scan>,
    ) -> Result<(), NotRecorded> {
        let decision = super::announce::of_awaited(self.mode);
        if !self.pass.act {
            return self.record(&repository, vec![Entry::Decided(Box::new(image), decision)]).await;
        }
        if self.awaited.len() >= MOST_AWAITED {
            let ending = Ending::Unfinished(Unfinished::Running { state: said.map(|scan| scan.state) });
            return self.record_ending(&repository, image, decision, ending, None).await;
        }
        let mut awaited = Awaited::new(repository, image, StartedBy::Others, self.now);
        awaited.showed_nothing = said.as_ref().is_some_and(|scan| is_premature(scan, self.now)).into();
        awaited.last_said = said.map(|scan| scan.state);
        self.awaited.push(awaited);
        Ok(())
    }

    /// A plan is about scans: what earlier ones found does not belong to it.
    fn judge(&self, repository: &RepositoryName, image: &Image, scan: Scan) -> Option<Entry> {
        let Pass { gate, exceptions, act, .. } = self.pass;
        act.then(|| {
            Entry::Judged(image.digest, evaluate(repository, image, scan, gate, exceptions, self.now))
        })
    }

    async fn record_ending(
        &self,
        repository: &RepositoryName,
        image: Image,
        decision: Decision,
        ending: Ending,
        findings: Option<Scan>,
    ) -> Result<(), NotRecorded> {
        let digest = image.digest;
        let mut entries: Vec<Entry> =
            findings.and_then(|scan| self.judge(repository, &image, scan)).into_iter().collect();
        entries.push(Entry::Decided(Box::new(image), decision));
        entries.push(Entry::Ended(digest, ending));
        self.record(repository, entries).await
    }

    async fn record(&self, repository: &RepositoryName, entries: Vec<Entry>) -> Result<(), NotRecorded> {
        super::record(self.ports, repository, entries).await
    }

    /// Names what the look did not come to: for the end of time, or for a fault that would meet every call.
    async fn name_unfinished(&mut self, abandoned: Vec<Call>) -> Result<(), NotRecorded> {
        let fault = self.closed.clone();
        let ending = || match &fault {
            Some(fault) => Ending::Fault(fault.clone()),
            None => Ending::Unfinished(Unfinished::NotRead),
        };
        for call in abandoned {
            match call {
                Call::Names => {}
                Call::List(repository) => self.repositories.push_front((repository, None)),
                Call::Read(repository, image) => self.pending.push_front((repository, *image)),
            }
        }
        for (repository, image) in std::mem::take(&mut self.pending) {
            self.record_ending(&repository, image, Decision::Undecided, ending(), None).await?;
        }
        for (repository, _) in std::mem::take(&mut self.repositories) {
            let entry = fault.clone().map_or(Entry::NotReached, Entry::Unread);
            self.record(&repository, vec![entry]).await?;
        }
        Ok(())
    }
}
