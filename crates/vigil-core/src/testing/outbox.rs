//! Journal and outbox in memory, and a sink that writes down what it is told.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;

use crate::news::{ExceptionNews, Message, NotDelivered, Roundup, SinkName, Tide, round_up};
use crate::port::{Journal, Next, NotKept, Outbox, Parcel, Posting, Sink, Taken, Telling, Untold};

/// A journal and an outbox in memory.
#[derive(Debug, Default)]
pub struct MemoryOutbox(Mutex<Room>);

#[derive(Debug, Default)]
struct Room {
    untold: Untold,
    waiting: Vec<(Parcel, Timestamp)>,
    dead: Vec<(Parcel, String)>,
    posted: usize,
}

impl MemoryOutbox {
    /// Notices something.
    pub fn notice(&self, news: Untold) {
        let mut room = self.room();
        room.untold.changes.extend(news.changes);
        room.untold.failures.extend(news.failures);
        room.untold.exceptions.extend(news.exceptions);
        room.untold.baselines.extend(news.baselines);
    }

    /// The messages that were given up, and why.
    pub fn dead_letters(&self) -> Vec<(Parcel, String)> {
        self.room().dead.clone()
    }

    fn room(&self) -> MutexGuard<'_, Room> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Journal for MemoryOutbox {
    async fn untold(&self) -> Result<Untold, NotKept> {
        Ok(self.room().untold.clone())
    }

    async fn tell(&self, told: &Untold, telling: Telling, at: Timestamp) -> Result<(), NotKept> {
        let Telling { postings, tides } = telling;
        let mut room = self.room();
        let renewed = |tide: &Tide| {
            tides
                .iter()
                .any(|other| (&other.route, &other.vulnerability) == (&tide.route, &tide.vulnerability))
        };
        room.untold.tides.retain(|tide| !renewed(tide) && tide.since > Tide::counts_since(at));
        room.untold.tides.extend(tides);
        room.untold.changes.retain(|change| !told.changes.contains(change));
        room.untold.failures.retain(|failure| !told.failures.contains(failure));
        // Who looks after an image is added to what is told.
        let is_told = |news: &ExceptionNews| told.exceptions.iter().any(|other| other.id == news.id);
        room.untold.exceptions.retain(|news| !is_told(news));
        room.untold.baselines.retain(|baseline| !told.baselines.contains(baseline));
        for Posting { route, sink, message, round_up_at } in postings {
            room.posted += 1;
            let since = round_up_at.unwrap_or(at);
            let same = |(parcel, due): &&mut (Parcel, Timestamp)| {
                round_up_at == Some(*due) && (&parcel.route, &parcel.sink) == (&route, &sink)
            };
            if let Some((parcel, _)) = room.waiting.iter_mut().find(same) {
                parcel.message = rounded_up(parcel.message.clone(), message, at);
                continue;
            }
            let message = match round_up_at {
                Some(_) => Message::Roundup(Roundup { since: at, until: at, messages: vec![message] }),
                None => message,
            };
            let id = room.posted.to_string();
            let parcel = Parcel { id, route, sink, message, since, attempts: 0, reached: None };
            room.waiting.push((parcel, since));
        }
        Ok(())
    }
}

fn rounded_up(known: Message, message: Message, at: Timestamp) -> Message {
    match known {
        Message::Roundup(known) => {
            let parts = known.messages.into_iter().map(|message| (known.since, message));
            let parts = parts.chain([(at, message)]).collect();
            round_up(parts).map_or_else(|| unreachable!("there is one"), Message::Roundup)
        }
        other => other,
    }
}

#[async_trait]
impl Outbox for MemoryOutbox {
    async fn next(&self, sink: &SinkName, now: Timestamp) -> Result<Next, NotKept> {
        let room = self.room();
        let waiting = room.waiting.iter().filter(|(parcel, _)| parcel.sink == *sink);
        let next = waiting.min_by_key(|(_, due)| *due);
        Ok(match next {
            None => Next::Nothing,
            Some((_, due)) if *due > now => Next::Wait(*due),
            Some((parcel, _)) => Next::Deliver(Box::new(parcel.clone())),
        })
    }

    async fn delivered(&self, parcel: &Parcel, _: Timestamp) -> Result<(), NotKept> {
        self.room().waiting.retain(|(other, _)| other.id != parcel.id);
        Ok(())
    }

    async fn got_as_far(&self, parcel: &Parcel, reached: &str) -> Result<(), NotKept> {
        let mut room = self.room();
        for (waiting, _) in room.waiting.iter_mut().filter(|(waiting, _)| waiting.id == parcel.id) {
            waiting.reached = Some(reached.to_owned());
        }
        Ok(())
    }

    async fn put_off(
        &self,
        parcel: &Parcel,
        failure: &NotDelivered,
        until: Timestamp,
    ) -> Result<(), NotKept> {
        for (waiting, due) in &mut self.room().waiting {
            if waiting.id == parcel.id {
                waiting.attempts += 1;
                waiting.reached = failure.reached.clone().or_else(|| parcel.reached.clone());
                *due = until;
            }
        }
        Ok(())
    }

    async fn give_up(&self, parcel: &Parcel, failure: &NotDelivered, _: Timestamp) -> Result<(), NotKept> {
        let mut room = self.room();
        room.waiting.retain(|(other, _)| other.id != parcel.id);
        room.dead.push((parcel.clone(), failure.reason.clone()));
        Ok(())
    }
}

/// A sink that writes down what it was told, and answers what it is set to answer; after that, it takes everything.
#[derive(Debug, Default)]
pub struct MemorySink {
    /// What it has taken.
    pub taken: Mutex<Vec<Parcel>>,
    /// Its next answers.
    pub answers: Mutex<VecDeque<Result<Taken, NotDelivered>>>,
}

#[async_trait]
impl Sink for MemorySink {
    async fn deliver(&self, parcel: &Parcel, _: Timestamp) -> Result<Taken, NotDelivered> {
        let answer = self.answers.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let taken = answer.unwrap_or(Ok(Taken::Whole))?;
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).push(parcel.clone());
        Ok(taken)
    }
}
