//! Does what the messages of an event queue ask for: looks at what they are about, and lets go of each once that is done. What is
//! broken is set aside, and what does not work now comes back later. Nothing of this can fail as a whole.

use std::collections::BTreeMap;

use futures::future::join_all;
use jiff::SignedDuration;

use crate::fault::Fault;
use crate::image::RegistryHost;
use crate::port::{Clock, EventMessage, EventQueue, HIDDEN_FOR, Looked, Lookout, Receipt};
use crate::wake::Wake;

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heeded {
    /// It was looked at, and the message is gone.
    Looked,
    /// There was nothing to look at, for this reason, and the message is gone.
    Ignored(String),
    /// It was not understood: it lies where people look for such messages.
    SetAside(String),
    /// It was not understood, and there is no such place: it is gone.
    Dropped(String),
    /// It comes back after so long, for this reason.
    PutOff(SignedDuration, String),
}

/// The first wait for a message to come back; each next one is twice as long, up to the last.
const FIRST_WAIT: SignedDuration = SignedDuration::from_secs(30);
const LAST_WAIT: SignedDuration = SignedDuration::from_mins(15);

/// A message is kept hidden for longer before others are handed it: a call takes a while.
const HIDDEN_AGAIN_AFTER: SignedDuration = SignedDuration::from_secs(10);

/// Messages that ask for one look: in one registry, and those whose look may have to wait apart from the others.
type Looks<'a> = BTreeMap<(&'a RegistryHost, bool), Vec<(usize, &'a Wake)>>;

/// Heeds messages. Returns what became of each, in their order.
pub async fn heed(
    queue: &dyn EventQueue,
    lookout: &dyn Lookout,
    messages: &[EventMessage],
    clock: &dyn Clock,
) -> Vec<Heeded> {
    let mut looks = Looks::new();
    let (mut others, mut broken) = (Vec::new(), Vec::new());
    for (place, message) in messages.iter().enumerate() {
        match &message.said {
            Ok(event) => match &event.asks {
                Some(wake) => {
                    looks.entry((&wake.registry, wake.why.may_wait())).or_default().push((place, wake));
                }
                None => others.push((place, Heeded::Ignored("it is about no image of a registry".into()))),
            },
            Err(why) => broken.push((place, message, why.to_string())),
        }
    }
    // Beside the looks: a dead-letter queue that does not answer holds back no event that is understood.
    let let_go = async {
        let set_aside =
            broken.iter().map(async |(place, message, why)| (*place, set_aside(queue, message, why).await));
        others.extend(join_all(set_aside).await);
        finish(queue, messages, others).await
    };
    let looked = join_all(looks.into_iter().map(async |((registry, _), wakes)| {
        let came_out = look(queue, lookout, messages, (registry, &wakes), clock).await;
        finish(queue, messages, came_out).await
    }));
    let (others, looked) = futures::join!(let_go, looked);
    let mut heeded: Vec<(usize, Heeded)> = looked.into_iter().flatten().chain(others).collect();
    heeded.sort_by_key(|(place, _)| *place);
    heeded.into_iter().map(|(_, heeded)| heeded).collect()
}

/// Gives messages back that nobody has begun to heed: others may have them at once. A queue that does not answer gives them
/// to others a little later.
pub async fn give_back(queue: &dyn EventQueue, messages: &[EventMessage]) {
    let receipts: Vec<Receipt> = messages.iter().map(|message| message.receipt.clone()).collect();
    if !receipts.is_empty() {
        let _ = queue.hide(&receipts, SignedDuration::ZERO).await;
    }
}

async fn set_aside(queue: &dyn EventQueue, message: &EventMessage, reason: &str) -> Heeded {
    match queue.set_aside(message, reason).await {
        Ok(true) => Heeded::SetAside(reason.to_owned()),
        Ok(false) => Heeded::Dropped(reason.to_owned()),
        Err(fault) => put_off(message, format!("{reason}; it cannot be set aside: {fault}")),
    }
}

/// Looks, and keeps the messages hidden meanwhile.
async fn look(
    queue: &dyn EventQueue,
    lookout: &dyn Lookout,
    messages: &[EventMessage],
    (registry, wakes): (&RegistryHost, &[(usize, &Wake)]),
    clock: &dyn Clock,
) -> Vec<(usize, Heeded)> {
    let receipts: Vec<Receipt> = wakes.iter().map(|(place, _)| messages[*place].receipt.clone()).collect();
    let mut asked: Vec<Wake> = wakes.iter().map(|(_, wake)| (*wake).clone()).collect();
    // Many events tell of one image.
    asked.sort();
    asked.dedup();
    let hiding = async {
        loop {
            clock.wait_until(clock.now().saturating_add(HIDDEN_AGAIN_AFTER).unwrap_or_default()).await;
            // Should it not work, somebody else looks there too, and sees the same.
            let _ = queue.hide(&receipts, HIDDEN_FOR).await;
        }
    };
    let looking = std::pin::pin!(lookout.look(registry, &asked));
    let looked = match futures::future::select(looking, std::pin::pin!(hiding)).await {
        futures::future::Either::Left((looked, _)) => looked,
        futures::future::Either::Right((never, _)) => never,
    };
    let came_out: BTreeMap<&Wake, &Looked> = asked.iter().zip(&looked).collect();
    let of = |(place, wake): &(usize, &Wake)| {
        let heeded = match came_out.get(wake) {
            Some(Looked::Seen) => Heeded::Looked,
            Some(Looked::NotCovered(reason)) => Heeded::Ignored(reason.clone()),
            Some(Looked::NotNow(reason)) => put_off(&messages[*place], reason.clone()),
            None => put_off(&messages[*place], "nobody said what came of the look".to_owned()),
        };
        (*place, heeded)
    };
    wakes.iter().map(of).collect()
}

fn put_off(message: &EventMessage, reason: String) -> Heeded {
    let doublings = message.times.saturating_sub(1).min(10);
    let wait = FIRST_WAIT.saturating_mul(1 << doublings).min(LAST_WAIT);
    Heeded::PutOff(wait, reason)
}

/// Lets go of what is done with, and hides what comes back. A queue that does not answer hands all of it out again: doing it
/// twice is the same as doing it once.
async fn finish(
    queue: &dyn EventQueue,
    messages: &[EventMessage],
    heeded: Vec<(usize, Heeded)>,
) -> Vec<(usize, Heeded)> {
    let mut done = Vec::new();
    let mut later: BTreeMap<SignedDuration, Vec<Receipt>> = BTreeMap::new();
    for (place, heeded) in &heeded {
        let receipt = messages[*place].receipt.clone();
        match heeded {
            Heeded::PutOff(wait, _) => later.entry(*wait).or_default().push(receipt),
            _ => done.push(receipt),
        }
    }
    for (wait, receipts) in later {
        let _: Result<(), Fault> = queue.hide(&receipts, wait).await;
    }
    if !done.is_empty() {
        let _: Result<(), Fault> = queue.delete(&done).await;
    }
    heeded
}
