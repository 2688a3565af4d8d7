//! What is counted of events: how many there were of each kind, what became of them, and since when the oldest waits.

use std::collections::BTreeMap;

use jiff::Timestamp;
use vigil_core::port::EventMessage;
use vigil_core::wake::EventKind;

use super::catalogue as families;
use super::counters::Metrics;
use super::exposition::Exposition;

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// It was looked at what it is about.
    Looked,
    /// There was nothing to look at.
    Ignored,
    /// It comes back.
    PutOff,
    /// It cannot be used.
    DeadLetter,
}

/// All of it.
#[derive(Debug, Default)]
pub(super) struct Events {
    heeded: BTreeMap<(&'static str, What), u64>,
    dead_letters: BTreeMap<&'static str, u64>,
    /// Messages in hand by their ids: when they were sent.
    in_hand: BTreeMap<String, Timestamp>,
    queue_failures: u64,
    /// Whether events are received at all.
    listens: bool,
}

/// The ways in which a message can be broken, each from the start: the first is an increase, and not a new series.
const BROKEN: [&str; 4] = ["invalid", "no_detail_type", "not_json", "unknown_detail_type"];

/// The kind of what is no event.
const UNKNOWN: &str = "unknown";

impl Metrics {
    /// Events are received from now on.
    pub fn listens(&self) {
        self.counted().events.listens = true;
    }

    /// These have come in.
    pub fn events_received(&self, messages: &[EventMessage]) {
        let mut counted = self.counted();
        let sent = messages.iter().filter_map(|message| Some((message.id.clone(), message.sent_at?)));
        counted.events.in_hand.extend(sent);
    }

    /// This has become of a message.
    pub fn event_heeded(&self, message: &EventMessage, what: What) {
        let mut counted = self.counted();
        let kind = message.said.as_ref().map_or(UNKNOWN, |event| event.kind.code());
        *counted.events.heeded.entry((kind, what)).or_default() += 1;
        if let (Err(broken), What::DeadLetter) = (&message.said, what) {
            *counted.events.dead_letters.entry(broken.code).or_default() += 1;
        }
    }

    /// They are not in hand any more.
    pub fn events_let_go(&self, messages: &[EventMessage]) {
        let mut counted = self.counted();
        for message in messages {
            counted.events.in_hand.remove(&message.id);
        }
    }

    /// The queue did not answer.
    pub fn event_queue_failed(&self) {
        self.counted().events.queue_failures += 1;
    }
}

impl What {
    const ALL: [Self; 4] = [Self::Looked, Self::Ignored, Self::PutOff, Self::DeadLetter];

    /// The word for it in machine-readable output.
    fn code(self) -> &'static str {
        match self {
            Self::Looked => "looked",
            Self::Ignored => "ignored",
            Self::PutOff => "put_off",
            Self::DeadLetter => "dead_letter",
        }
    }
}

/// Writes the families of events; without samples where no events are received.
pub(super) fn write(to: &mut Exposition, events: &Events) {
    let listens = |count: u64| events.listens.then_some(count);
    to.family(&families::EVENTS, |samples| {
        for kind in EventKind::ALL.iter().map(|kind| kind.code()).chain([UNKNOWN]) {
            for what in What::ALL {
                let count = events.heeded.get(&(kind, what)).copied().unwrap_or(0);
                listens(count).into_iter().for_each(|count| samples.put(&[kind, what.code()], count));
            }
        }
    });
    to.family(&families::EVENT_DEAD_LETTERS, |samples| {
        for reason in BROKEN {
            let count = events.dead_letters.get(reason).copied().unwrap_or(0);
            listens(count).into_iter().for_each(|count| samples.put(&[reason], count));
        }
    });
    to.single(&families::EVENTS_IN_HAND, listens(events.in_hand.len() as u64));
    to.single(&families::EVENT_OLDEST, events.in_hand.values().min().copied());
    to.single(&families::EVENT_QUEUE_FAILURES, listens(events.queue_failures));
}
