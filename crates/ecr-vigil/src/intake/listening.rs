//! The loop that receives events. What arrives within a moment is heeded together, so that a thousand events are a few looks.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tokio::task::JoinSet;
use vigil_core::Stop;
use vigil_core::port::{Clock, EventMessage, EventQueue, Lookout};
use vigil_core::step::{Heeded, give_back, heed};

use crate::metrics::{Metrics, What};

/// What the loop works with.
pub struct Intake {
    /// Where events come from.
    pub queue: Arc<dyn EventQueue>,
    /// Who looks.
    pub lookout: Arc<dyn Lookout>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
}

/// Events are gathered for so long after the first: a build that pushes an index tells of all its parts at once.
const GATHERED_FOR: SignedDuration = SignedDuration::from_secs(1);
/// No more than so many are heeded together.
const TOGETHER: usize = 500;
/// While so many are not done with, none is received: others may have them.
const IN_HAND: usize = 2_000;
/// The first wait for a queue that does not answer; each next one is twice as long, up to the last.
const FIRST_WAIT: SignedDuration = SignedDuration::from_secs(1);
const LAST_WAIT: SignedDuration = SignedDuration::from_mins(1);
/// So much of a message is logged that goes nowhere else.
const SHOWN: usize = 4_096;

/// Receives and heeds events until the stop, and then ends what is under way.
pub async fn listen(intake: Arc<Intake>, stop: Stop) {
    let clock = intake.clock.clone();
    let (mut gathered, mut due) = (Vec::new(), None::<Timestamp>);
    let mut under_way: JoinSet<usize> = JoinSet::new();
    let mut in_hand = 0;
    let mut receiving = Box::pin(receive(&intake));
    loop {
        let wait = async {
            match due {
                Some(at) => clock.wait_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = stop.stopped() => break,
            messages = &mut receiving, if in_hand < IN_HAND => {
                receiving.set(receive(&intake));
                in_hand += messages.len();
                gathered.extend(messages);
                if !gathered.is_empty() && due.is_none() {
                    due = clock.now().checked_add(GATHERED_FOR).ok();
                }
            }
            () = wait => {}
            Some(ended) = under_way.join_next() => in_hand = in_hand.saturating_sub(ended.unwrap_or(0)),
        }
        let is_due = due.is_some_and(|due| due <= clock.now()) || gathered.len() >= TOGETHER;
        if is_due && !gathered.is_empty() {
            let (intake, messages) = (intake.clone(), std::mem::take(&mut gathered));
            under_way.spawn(async move { intake.heed(&messages).await });
            due = None;
        }
    }
    drop(receiving);
    give_back(&*intake.queue, &gathered).await;
    intake.metrics.events_let_go(&gathered);
    while under_way.join_next().await.is_some() {}
}

/// Asks for messages until there is an answer; it may be that there are none.
async fn receive(intake: &Intake) -> Vec<EventMessage> {
    let mut wait = FIRST_WAIT;
    loop {
        match intake.queue.receive().await {
            Ok(messages) => {
                intake.metrics.events_received(&messages);
                return messages;
            }
            Err(fault) => {
                intake.metrics.event_queue_failed();
                let until = intake.clock.now().checked_add(wait).unwrap_or(Timestamp::MAX);
                tracing::warn!(error = %fault, %until, "the event queue does not answer");
                intake.clock.wait_until(until).await;
                wait = wait.saturating_mul(2).min(LAST_WAIT);
            }
        }
    }
}

impl Intake {
    /// Returns how many messages these were.
    async fn heed(&self, messages: &[EventMessage]) -> usize {
        let heeded = heed(&*self.queue, &*self.lookout, messages, &*self.clock).await;
        for (message, heeded) in messages.iter().zip(&heeded) {
            self.metrics.event_heeded(message, what(heeded));
            log(message, heeded);
        }
        self.metrics.events_let_go(messages);
        messages.len()
    }
}

fn what(heeded: &Heeded) -> What {
    match heeded {
        Heeded::Looked => What::Looked,
        Heeded::Ignored(_) => What::Ignored,
        Heeded::SetAside(_) | Heeded::Dropped(_) => What::DeadLetter,
        Heeded::PutOff(..) => What::PutOff,
    }
}

fn log(message: &EventMessage, heeded: &Heeded) {
    let id = &message.id;
    match heeded {
        Heeded::Looked => tracing::debug!(event = id, "event heeded"),
        Heeded::Ignored(reason) => tracing::info!(event = id, reason, "event ignored"),
        Heeded::SetAside(reason) => tracing::warn!(event = id, reason, "message set aside as a dead letter"),
        Heeded::Dropped(reason) => {
            let body: String = message.body.chars().take(SHOWN).collect();
            tracing::error!(event = id, reason, body, "message dropped: there is no queue for dead letters");
        }
        Heeded::PutOff(wait, reason) => {
            let seconds = wait.as_secs();
            tracing::warn!(event = id, reason, seconds, "event put off");
        }
    }
}
