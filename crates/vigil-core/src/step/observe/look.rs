//! Looks at a registry: lists it, reads what ECR knows of each image's last scan, and plans. What that means for an image, it
//! does not know.
//!
//! Nothing is held but the repositories being listed, a limited number of images waiting to be read, and the candidates
//! that may be started: a million images need little more memory than a hundred thousand.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use jiff::Timestamp;

use super::decide::ended;
use crate::fault::{Fault, FaultKind};
use crate::image::{Image, Pick, Repository, RepositoryName};
use crate::pass::{Pass, Ports};
use crate::plan::{Held, Plan, Shortlist};
use crate::policy::Selection;
use crate::port::{Cursor, Milestone, Mode, NotRecorded, Page};
use crate::record::{Decision, Ending, Entry, Unfinished};
use crate::remembered::Remembered;
use crate::scan::Scan;
use crate::step::flight::{Flight, Next};
use crate::step::settle::Awaited;
use crate::step::survey::{Survey, Wanted, survey};
use crate::step::{found, record, record_held};
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

pub(super) struct Watch<'a> {
    pub(super) ports: Ports<'a>,
    pub(super) pass: &'a Pass,
    pub(super) mode: Mode,
    pub(super) now: Timestamp,
    /// Repositories to list.
    repositories: VecDeque<Wanted>,
    /// Images asked for by name in repositories that are selected too: they are looked at together.
    named: BTreeMap<RepositoryName, Vec<Pick>>,
    /// Whether there are more repositories to hear of, and from where on.
    more: Option<Option<Cursor>>,
    /// All repositories heard of so far, for a ledger that remembers.
    present: Vec<Repository>,
    pending: VecDeque<(RepositoryName, Box<Pending>)>,
    pub(super) shortlist: Shortlist,
    held_in: BTreeSet<RepositoryName>,
    /// Held for good, and not written down yet.
    pub(super) spare: Vec<Held>,
    pub(super) awaited: Vec<Awaited>,
    faults: Vec<Fault>,
    /// A fault that would meet every further call.
    closed: Option<Fault>,
}

/// An image whose last scan is to be read.
#[derive(Clone)]
pub(super) struct Pending {
    pub(super) image: Image,
    pub(super) remembered: Remembered,
}

#[derive(Clone)]
enum Call {
    Names,
    List(Wanted),
    Read(RepositoryName, Box<Pending>),
}

enum Answer {
    Names(Result<Page<Repository>, Fault>),
    Listed(Wanted, Result<Survey, NotRecorded>),
    Read(RepositoryName, Box<Pending>, Result<Option<Scan>, Fault>),
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
        for name in &pass.scope.named {
            named.entry(name.repository.clone()).or_default().push(name.pick.clone());
        }
        let selection = pass.scope.selection.as_ref();
        let is_listed = |name: &RepositoryName| {
            selection.is_some_and(|selection| selection.repositories.admit(name.as_str()))
        };
        let (together, alone): (BTreeMap<_, _>, BTreeMap<_, _>) =
            named.into_iter().partition(|(name, _)| is_listed(name));
        Self {
            ports,
            pass,
            mode,
            now,
            repositories: by_name(alone).collect(),
            named: together,
            more: selection.map(|_| None),
            present: Vec::new(),
            pending: VecDeque::new(),
            shortlist: Shortlist::new(pass.budget, now),
            held_in: BTreeSet::new(),
            spare: Vec::new(),
            awaited: Vec::new(),
            faults: Vec::new(),
            closed: None,
        }
    }

    fn selection(&self) -> Option<&'a Selection> {
        self.pass.scope.selection.as_ref()
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
            if let Some(wanted) = self.repositories.pop_front() {
                let wants = (self.selection(), self.pass.scope.wishes.as_ref());
                let call = survey(ports, wanted.clone(), wants, self.now);
                flight.launch(Call::List(wanted.clone()), async { Answer::Listed(wanted, call.await) });
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
            let Some((repository, pending)) = self.pending.pop_front() else { break };
            flight.launch(Call::Read(repository.clone(), pending.clone()), async move {
                let scan = ports.scanner.read(&repository, pending.image.digest).await;
                Answer::Read(repository, pending, scan)
            });
        }
    }

    async fn take(&mut self, answer: Answer) -> Result<(), NotRecorded> {
        match answer {
            Answer::Names(Ok(page)) => self.take_names(page).await,
            Answer::Names(Err(fault)) if fault.is_not_sent() => Ok(()),
            Answer::Names(Err(fault)) => {
                self.take_fault(&fault);
                self.faults.push(fault);
                Ok(())
            }
            Answer::Listed(wanted, survey) => self.take_survey(wanted, survey?).await,
            Answer::Read(repository, pending, scan) => self.take_scan(repository, pending, scan).await,
        }
    }

    async fn take_names(&mut self, page: Page<Repository>) -> Result<(), NotRecorded> {
        for repository in &page.items {
            let name = &repository.name;
            if self.selection().is_some_and(|selection| selection.repositories.admit(name.as_str())) {
                let picks = self.named.remove(name).unwrap_or_default();
                self.repositories.push_back(Wanted { repository: name.clone(), selected: true, picks });
            }
        }
        self.more = page.next.map(Some);
        if self.ports.ledger.remembers() {
            self.present.extend(page.items);
        }
        if self.more.is_none() {
            // What is named and was not listed is not there: it is looked for by name, and told to be missing.
            self.repositories.extend(by_name(std::mem::take(&mut self.named)));
            let Ports { ledger, registry, clock, .. } = self.ports;
            ledger.present(registry.id(), clock.now(), &self.present).await?;
        }
        Ok(())
    }

    async fn take_survey(&mut self, wanted: Wanted, survey: Survey) -> Result<(), NotRecorded> {
        let faults = || survey.faults.iter().chain(survey.unopened.iter().map(|(_, fault)| fault));
        if faults().any(Fault::is_not_sent) {
            self.repositories.push_front(wanted);
            return Ok(());
        }
        faults().for_each(|fault| self.take_fault(fault));
        let mut remembered = survey.remembered;
        let mut entries = survey.held;
        let held = entries.len();
        entries.extend(survey.missing.into_iter().map(Entry::Missing));
        entries.extend(survey.faults.into_iter().map(Entry::Unread));
        let mut looked_at = 0;
        for sight in survey.sights {
            match sight.left_out {
                Some(reason) => {
                    entries.push(Entry::Decided(Box::new(sight.image), Decision::LeaveOut(reason)))
                }
                None => {
                    let remembered = remembered.remove(&sight.image.digest).unwrap_or_default();
                    let pending = Box::new(Pending { image: sight.image, remembered });
                    self.pending.push_back((survey.repository.clone(), pending));
                    looked_at += 1;
                }
            }
        }
        entries.extend(
            survey.unopened.into_iter().map(|(digest, fault)| Entry::Ended(digest, Ending::Fault(fault))),
        );
        self.ports.progress.reached(self.ports.registry.id(), Milestone::Listed { images: looked_at });
        if entries.len() == held && looked_at == 0 {
            entries.push(Entry::Empty);
        }
        self.record(&survey.repository, entries).await
    }

    async fn take_scan(
        &mut self,
        repository: RepositoryName,
        pending: Box<Pending>,
        answer: Result<Option<Scan>, Fault>,
    ) -> Result<(), NotRecorded> {
        self.ports.progress.reached(self.ports.registry.id(), Milestone::Read);
        let scan = match answer {
            Ok(scan) => scan,
            Err(fault) if fault.is_not_sent() => {
                self.pending.push_front((repository, pending));
                return Ok(());
            }
            Err(fault) => {
                self.take_fault(&fault);
                let entries = ended(pending.image, Decision::Undecided, Ending::Fault(fault));
                return self.record(&repository, entries).await;
            }
        };
        let mut entries = found(self.ports, pending.image.digest, scan.as_ref());
        entries.extend(match self.mode {
            Mode::OnRequest => self.decide_on_request(&repository, *pending, scan),
            Mode::ByItself => self.decide_by_itself(&repository, pending.image, scan),
        });
        self.record(&repository, entries).await
    }

    fn take_fault(&mut self, fault: &Fault) {
        if fault.kind == FaultKind::Credentials {
            self.closed.get_or_insert(fault.clone());
        }
    }

    async fn record(&mut self, repository: &RepositoryName, entries: Vec<Entry>) -> Result<(), NotRecorded> {
        record(self.ports, repository, entries).await?;
        for held in std::mem::take(&mut self.spare) {
            self.held_in.insert(held.candidate.repository.clone());
            record_held(self.ports, held).await?;
        }
        Ok(())
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
                Call::List(wanted) => self.repositories.push_front(wanted),
                Call::Read(repository, pending) => self.pending.push_front((repository, pending)),
            }
        }
        for (repository, pending) in std::mem::take(&mut self.pending) {
            self.record(&repository, ended(pending.image, Decision::Undecided, ending())).await?;
        }
        let unheard = by_name(std::mem::take(&mut self.named));
        for wanted in std::mem::take(&mut self.repositories).into_iter().chain(unheard) {
            let entry = fault.clone().map_or(Entry::NotReached, Entry::Unread);
            self.record(&wanted.repository, vec![entry]).await?;
        }
        Ok(())
    }
}

/// Repositories in which only what is named is wanted.
fn by_name(named: BTreeMap<RepositoryName, Vec<Pick>>) -> impl Iterator<Item = Wanted> {
    named.into_iter().map(|(repository, picks)| Wanted { repository, selected: false, picks })
}
