//! Carries out a plan: starts the scans in its order, and waits for them and for those already under way.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};

use jiff::{SignedDuration, Timestamp};

use crate::evaluate::evaluate;
use crate::fault::{Fault, FaultKind};
use crate::image::{Image, RepositoryName};
use crate::pass::{Pass, Ports};
use crate::plan::{Candidate, Hold};
use crate::policy::LeftOut;
use crate::port::{Milestone, NotRecorded, Start};
use crate::record::{Decision, Ending, Entry};
use crate::scan::Scan;
use crate::step::ask::{ask, milestone};
use crate::step::flight::{Flight, Next};
use crate::step::patience::Patience;
use crate::step::rhythm::Rhythm;
use crate::step::settle::{Awaited, Reading, StartedBy, settle};
use crate::step::waiting::Waiting;
use crate::step::{found, record};
use crate::stop::{Halt, Stop};

/// How a plan was carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pursued {
    /// How many scans ECR accepted.
    pub started: u64,
    /// Whether ECR said of the registry that nobody may ask for scans there.
    pub by_itself: bool,
    /// Why it ended early, if it did.
    pub halted: Option<Halt>,
}

pub(super) struct Pursuit<'a> {
    pub(super) ports: Ports<'a>,
    pass: &'a Pass,
    /// Whether the registry itself said that scans are started on request.
    on_request: bool,
    pub(super) queue: VecDeque<Candidate>,
    /// Repositories in which nobody may ask for scans, each with the fault that a request met there.
    pub(super) refusing: BTreeMap<RepositoryName, Fault>,
    /// What was to be started, where nobody may ask for it.
    pub(super) refused: Vec<Candidate>,
    pub(super) waiting: BinaryHeap<Reverse<Waiting>>,
    patience: Patience,
    rhythm: Rhythm,
    started: u64,
    pub(super) closed: Option<Closed>,
}

/// Why nothing more is started in the registry.
pub(super) enum Closed {
    Held(Hold),
    ByItself,
    Fault(Fault),
}

#[derive(Clone)]
pub(super) enum Call {
    Start(Candidate),
    Read(Awaited),
}

enum Answer {
    Start(Candidate, Result<Result<Start, Fault>, NotRecorded>),
    Read(Awaited, Result<Option<Scan>, Fault>),
}

/// Starts what is to be started and waits for what is under way. `on_request` is whether the registry itself said that
/// this is how scans are started: then one that is refused on principle is a matter of its repository alone.
///
/// # Errors
///
/// Only if the ledger cannot write.
pub async fn pursue(
    ports: Ports<'_>,
    pass: &Pass,
    on_request: bool,
    starts: Vec<Candidate>,
    awaited: Vec<Awaited>,
    stop: &Stop,
) -> Result<Pursued, NotRecorded> {
    let now = ports.clock.now();
    let wait = |mut awaited: Awaited| {
        // The look may have taken hours: our patience with a scan begins when we begin to wait.
        awaited.since = now;
        let at = if awaited.showed_nothing > 0 { later(now, pass.first_question) } else { now };
        Reverse(Waiting { at, awaited })
    };
    let mut pursuit = Pursuit {
        ports,
        pass,
        on_request,
        rhythm: Rhythm::new(pass.pacing, starts.len(), now),
        queue: starts.into(),
        refusing: BTreeMap::new(),
        refused: Vec::new(),
        waiting: awaited.into_iter().map(wait).collect(),
        patience: Patience::starting_at(pass.first_question),
        started: 0,
        closed: None,
    };
    let mut flight = Flight::new();
    let halted = loop {
        // Before anything is launched: the pass may have been stopped while it was still looking.
        if let Some(halt) = stop.halted() {
            break Some(halt);
        }
        pursuit.keep_hours();
        pursuit.give_up().await?;
        pursuit.launch(&mut flight);
        let next = pursuit.next_event();
        if flight.len() == 0 && next.is_none() {
            break None;
        }
        // With every call in flight there is no time to wait for: only an answer makes room.
        let wake = next.filter(|_| flight.len() < pass.concurrency.max(1));
        match flight.next(ports.clock, wake, stop).await {
            Next::Landed(_, answer) => pursuit.take(answer).await?,
            Next::Due => {}
            Next::Halted(halt) => break Some(halt),
        }
    };
    let (landed, abandoned) = flight.land(ports.clock).await;
    for (_, answer) in landed {
        pursuit.take(answer).await?;
    }
    pursuit.give_up().await?;
    let (started, by_itself) = (pursuit.started, matches!(pursuit.closed, Some(Closed::ByItself)));
    pursuit.name_unfinished(abandoned).await?;
    Ok(Pursued { started, by_itself, halted })
}

impl<'a> Pursuit<'a> {
    /// Once the time for starts is over, nothing more is started.
    fn keep_hours(&mut self) {
        if self.closed.is_none() && !self.queue.is_empty() {
            self.closed = self.rhythm.closed(self.ports.clock.now()).map(Closed::Held);
        }
    }

    /// When the next question is to be asked, the next scan to be started, or the time for starts over.
    fn next_event(&self) -> Option<Timestamp> {
        let question = self.waiting.peek().map(|Reverse(waiting)| waiting.at);
        let start = self.may_start().then(|| self.rhythm.next());
        let closing = self.may_start().then(|| self.rhythm.closes_at()).flatten();
        [question, start, closing].into_iter().flatten().min()
    }

    fn may_start(&self) -> bool {
        self.closed.is_none() && !self.queue.is_empty()
    }

    fn launch(&mut self, flight: &mut Flight<'a, Call, Answer>) {
        let ports = self.ports;
        let now = ports.clock.now();
        while flight.len() < self.pass.concurrency.max(1) {
            // Questions that are due come first: their answers free memory, starts fill it. But while there is something
            // to start they leave it half of the calls: each has a quota of its own, and neither may wait for the other's.
            let asking = flight.labels().filter(|call| matches!(call, Call::Read(_))).count();
            let may_start = self.may_start() && self.rhythm.next() <= now;
            let may_ask = !may_start || asking < self.pass.concurrency.max(2) / 2;
            if may_ask && let Some(awaited) = self.next_question(now) {
                let (repository, digest) = (awaited.repository.clone(), awaited.image.digest);
                flight.launch(Call::Read(awaited.clone()), async move {
                    Answer::Read(awaited, ports.scanner.read(&repository, digest).await)
                });
            } else if may_start && let Some(candidate) = self.next_start() {
                self.rhythm.step();
                flight.launch(Call::Start(candidate.clone()), async move {
                    let answer = ask(ports, &candidate).await;
                    Answer::Start(candidate, answer)
                });
            } else {
                break;
            }
        }
    }

    fn next_start(&mut self) -> Option<Candidate> {
        while let Some(candidate) = self.queue.pop_front() {
            if !self.refusing.contains_key(&candidate.repository) {
                return Some(candidate);
            }
            self.refused.push(candidate);
        }
        None
    }

    /// The next scan to be asked about, if its time has come. A first question is put off when we have learned, since
    /// it was scheduled, that it would come too early.
    fn next_question(&mut self, now: Timestamp) -> Option<Awaited> {
        while self.waiting.peek().is_some_and(|Reverse(waiting)| waiting.at <= now) {
            let Reverse(Waiting { awaited, .. }) = self.waiting.pop()?;
            let first = later(awaited.since, self.patience.first()).min(self.given_up_at(&awaited));
            if awaited.questions == 0 && awaited.by == StartedBy::Us && first > now {
                self.waiting.push(Reverse(Waiting { at: first, awaited }));
            } else {
                return Some(awaited);
            }
        }
        None
    }

    /// Asks about a scan after this time, and for the last time when our patience with it ends.
    fn wait_for(&mut self, awaited: Awaited, wait: SignedDuration) {
        let at = later(self.ports.clock.now(), wait).min(self.given_up_at(&awaited));
        self.waiting.push(Reverse(Waiting { at, awaited }));
    }

    fn given_up_at(&self, awaited: &Awaited) -> Timestamp {
        later(awaited.since, self.pass.scan_patience)
    }

    async fn take(&mut self, answer: Answer) -> Result<(), NotRecorded> {
        match answer {
            Answer::Start(candidate, answer) => self.take_start(candidate, answer?).await,
            Answer::Read(awaited, answer) => self.take_scan(awaited, answer).await,
        }
    }

    async fn take_start(
        &mut self,
        candidate: Candidate,
        answer: Result<Start, Fault>,
    ) -> Result<(), NotRecorded> {
        if let Some(milestone) = milestone(&answer) {
            self.ports.progress.reached(self.ports.registry.id(), milestone);
        }
        match answer {
            Ok(Start::Accepted) => {
                self.started += 1;
                let Candidate { repository, image, why } = candidate;
                let now = self.ports.clock.now();
                if self.ports.ledger.remembers() {
                    record(self.ports, &repository, vec![Entry::Started(image.digest, now)]).await?;
                }
                let mut awaited = Awaited::new(repository, image, StartedBy::Us, now);
                awaited.before = why.scanned_at();
                self.wait_for(awaited, self.patience.first());
                Ok(())
            }
            Ok(Start::OnceADay) => {
                // Somebody was faster since our look, on push or by request: what that scan found is read instead.
                let Candidate { repository, image, why } = candidate;
                let mut awaited =
                    Awaited::new(repository, image, StartedBy::OthersPerhaps, self.ports.clock.now());
                awaited.before = why.scanned_at();
                self.waiting.push(Reverse(Waiting { at: awaited.since, awaited }));
                Ok(())
            }
            Ok(Start::RegistryQuota(said)) => {
                self.queue.push_front(candidate);
                self.closed.get_or_insert(Closed::Held(Hold::RegistryQuota { said }));
                Ok(())
            }
            Ok(Start::ByItself(said)) => {
                if self.on_request {
                    let fault = Fault::new(FaultKind::Refused, "StartImageScan", said);
                    self.refusing.insert(candidate.repository.clone(), fault);
                } else {
                    self.closed.get_or_insert(Closed::ByItself);
                }
                self.refused.push(candidate);
                Ok(())
            }
            Ok(Start::Unsupported(said)) => {
                if self.ports.ledger.remembers() {
                    let refused =
                        Entry::Refused(candidate.image.digest, self.ports.clock.now(), said.clone());
                    record(self.ports, &candidate.repository, vec![refused]).await?;
                }
                self.end(&candidate.repository, &candidate.image, Ending::Unscannable { said }, None).await
            }
            Ok(Start::Archived) => {
                let decided =
                    Entry::Decided(Box::new(candidate.image), Decision::LeaveOut(LeftOut::Archived));
                self.ports.progress.reached(self.ports.registry.id(), Milestone::Settled);
                record(self.ports, &candidate.repository, vec![decided]).await
            }
            Err(fault) if fault.is_not_sent() => {
                self.queue.push_front(candidate);
                Ok(())
            }
            Err(fault) => {
                self.take_fault(&fault);
                self.end(&candidate.repository, &candidate.image, Ending::Fault(fault), None).await
            }
        }
    }

    async fn take_scan(
        &mut self,
        awaited: Awaited,
        answer: Result<Option<Scan>, Fault>,
    ) -> Result<(), NotRecorded> {
        let now = self.ports.clock.now();
        if let Err(fault) = &answer {
            if fault.is_not_sent() {
                self.waiting.push(Reverse(Waiting { at: now, awaited }));
                return Ok(());
            }
            self.take_fault(fault);
        }
        let (repository, image) = (awaited.repository.clone(), awaited.image.clone());
        let first = (awaited.questions == 0 && awaited.by == StartedBy::Us)
            .then(|| now.duration_since(awaited.since));
        let found = found(self.ports, image.digest, answer.as_ref().ok().and_then(Option::as_ref));
        let reading = settle(awaited, answer, self.pass.scan_patience, now);
        if let Some(age) = first {
            self.patience.learn(age, matches!(reading, Reading::Settled(..)));
        }
        match reading {
            Reading::Settled(ending, scan) => {
                record(self.ports, &repository, found).await?;
                self.end(&repository, &image, ending, scan).await
            }
            Reading::Later(awaited) => {
                let wait = self.patience.after(awaited.questions);
                self.wait_for(awaited, wait);
                Ok(())
            }
        }
    }

    pub(super) async fn end(
        &self,
        repository: &RepositoryName,
        image: &Image,
        ending: Ending,
        findings: Option<Scan>,
    ) -> Result<(), NotRecorded> {
        let Pass { gate, exceptions, .. } = self.pass;
        let judge = |scan| evaluate(repository, image, scan, gate, exceptions, self.ports.clock.now());
        let mut entries: Vec<Entry> =
            findings.map(|scan| Entry::Judged(image.digest, judge(scan))).into_iter().collect();
        entries.push(Entry::Ended(image.digest, ending));
        self.ports.progress.reached(self.ports.registry.id(), Milestone::Settled);
        record(self.ports, repository, entries).await
    }

    /// Once credentials are refused, every further call would be.
    fn take_fault(&mut self, fault: &Fault) {
        if fault.kind == FaultKind::Credentials && !matches!(self.closed, Some(Closed::Fault(_))) {
            self.closed = Some(Closed::Fault(fault.clone()));
        }
    }
}

fn later(since: Timestamp, by: SignedDuration) -> Timestamp {
    since.saturating_add(by).unwrap_or(Timestamp::MAX)
}
