//! What is left over at the end of a pass, each with why: what was not started, and what is not finished.

use std::cmp::Reverse;

use super::carry_out::{Call, Closed, Pursuit};
use crate::image::{Image, RepositoryName};
use crate::plan::{Candidate, Held};
use crate::port::{Milestone, NotRecorded};
use crate::record::{Decision, Ending, Entry, Unfinished};
use crate::step::settle::{Awaited, StartedBy};
use crate::step::waiting::Waiting;
use crate::step::{record, record_held};

impl Pursuit<'_> {
    /// Says of everything that was still to be started, and will not be, why; and if no call would be answered any more, of
    /// everything that was waited for too.
    pub(super) async fn give_up(&mut self) -> Result<(), NotRecorded> {
        if let Some(Closed::ByItself) = &self.closed {
            self.refused.extend(std::mem::take(&mut self.queue));
        }
        for Candidate { repository, image, why } in std::mem::take(&mut self.refused) {
            // What the last scan found was read before, and stands.
            if let Some(fault) = self.refusing.get(&repository) {
                self.end(&repository, &image, Ending::Fault(fault.clone()), None).await?;
            } else {
                let decided = Entry::Decided(Box::new(image.clone()), Decision::Observe);
                record(self.ports, &repository, vec![decided]).await?;
                self.end(&repository, &image, Ending::without_start(&why), None).await?;
            }
        }
        match &self.closed {
            None | Some(Closed::ByItself) => {}
            Some(Closed::Held(why)) => {
                for candidate in std::mem::take(&mut self.queue) {
                    self.ports.progress.reached(self.ports.registry.id(), Milestone::Settled);
                    record_held(self.ports, Held { candidate, why: why.clone() }).await?;
                }
            }
            Some(Closed::Fault(fault)) => {
                let ending = Ending::Fault(fault.clone());
                for Candidate { repository, image, .. } in std::mem::take(&mut self.queue) {
                    self.end(&repository, &image, ending.clone(), None).await?;
                }
                for Reverse(Waiting { awaited, .. }) in std::mem::take(&mut self.waiting) {
                    self.end(&awaited.repository, &awaited.image, ending.clone(), None).await?;
                }
            }
        }
        Ok(())
    }

    pub(super) async fn name_unfinished(self, abandoned: Vec<Call>) -> Result<(), NotRecorded> {
        let mut unfinished: Vec<(RepositoryName, Image, Unfinished)> = Vec::new();
        let still_running = |awaited: Awaited| {
            let how = match awaited.questions {
                0 if awaited.by == StartedBy::Us => Unfinished::Started,
                _ => Unfinished::Running { state: awaited.last_said },
            };
            (awaited.repository, awaited.image, how)
        };
        for call in abandoned {
            unfinished.push(match call {
                Call::Start(candidate) => (candidate.repository, candidate.image, Unfinished::Starting),
                Call::Read(awaited) => still_running(awaited),
            });
        }
        for candidate in &self.queue {
            unfinished.push((candidate.repository.clone(), candidate.image.clone(), Unfinished::NotStarted));
        }
        for Reverse(waiting) in &self.waiting {
            unfinished.push(still_running(waiting.awaited.clone()));
        }
        for (repository, image, unfinished) in unfinished {
            self.end(&repository, &image, Ending::Unfinished(unfinished), None).await?;
        }
        Ok(())
    }
}
