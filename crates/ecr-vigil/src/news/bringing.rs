//! The loops that bring messages to their sinks, one for each: a sink that is away holds back no other.

use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinSet;
use vigil_core::Stop;
use vigil_core::news::{Patience, SinkName};
use vigil_core::port::{Clock, Outbox, Sink};
use vigil_core::step::{Delivery, deliver};

use super::telling::Posted;
use crate::metrics::{Attempt, Metrics};

/// A sink, and how patient one is with it.
#[derive(Clone)]
pub struct Hearer {
    /// Its name.
    pub name: SinkName,
    /// How it is told.
    pub sink: Arc<dyn Sink>,
    /// How long it is tried.
    pub patience: Patience,
}

/// Brings messages to all of these until the stop, or until `until` says that others take their place. What is on its way
/// is waited for: cut off, nobody would know whether it was heard.
pub async fn bring_all(
    (outbox, metrics): (Arc<dyn Outbox>, Arc<Metrics>),
    hearers: Vec<Hearer>,
    posted: &Posted,
    clock: Arc<dyn Clock>,
    stop: &Stop,
    until: watch::Receiver<bool>,
) {
    let mut loops = JoinSet::new();
    for hearer in hearers {
        let (outbox, metrics) = (outbox.clone(), metrics.clone());
        let (clock, stop) = (clock.clone(), stop.clone());
        let (posted, until) = (posted.subscribe(), until.clone());
        loops.spawn(async move { bring((&*outbox, &metrics), &hearer, posted, &*clock, &stop, until).await });
    }
    while loops.join_next().await.is_some() {}
}

async fn bring(
    (outbox, metrics): (&dyn Outbox, &Metrics),
    hearer: &Hearer,
    mut posted: watch::Receiver<u64>,
    clock: &dyn Clock,
    stop: &Stop,
    mut until: watch::Receiver<bool>,
) {
    let (name, sink) = (&hearer.name, &*hearer.sink);
    while stop.halted().is_none() && !*until.borrow() {
        // Before the look: what is posted meanwhile must not be missed.
        posted.borrow_and_update();
        let (again, listens) = match deliver(outbox, (name, sink), &hearer.patience, clock).await {
            Ok(delivery) => {
                log(&delivery);
                count(metrics, name, &delivery);
                // A sink that is left alone for a while is so for what is new, too.
                let now = clock.now();
                let look =
                    matches!(delivery, Delivery::Idle(_)).then(|| now.checked_add(LATER).ok()).flatten();
                let again = delivery.again_at(now);
                (again.into_iter().chain(look).min(), look.is_some())
            }
            Err(error) => {
                tracing::error!(sink = %name, %error, "no message is delivered");
                (clock.now().checked_add(LATER).ok(), false)
            }
        };
        let wait = async {
            match again {
                Some(at) => clock.wait_until(at).await,
                None => std::future::pending().await,
            }
        };
        let news = async {
            match listens {
                true => posted.changed().await,
                false => std::future::pending().await,
            }
        };
        tokio::select! {
            () = wait => {}
            told = news => if told.is_err() { return },
            _ = until.changed() => {}
            _ = stop.stopped() => {}
        }
    }
}

/// An outbox in which there is nothing, or that cannot be read or written, is looked at again this much later: others may
/// put messages there, too.
const LATER: jiff::SignedDuration = jiff::SignedDuration::from_secs(5);

fn count(metrics: &Metrics, sink: &SinkName, delivery: &Delivery) {
    let outcome = match delivery {
        Delivery::Idle(_) | Delivery::Begun(_) => return,
        Delivery::Delivered(_) => Attempt::Taken,
        Delivery::PutOff(..) => Attempt::PutOff,
        Delivery::GivenUp(..) => Attempt::GivenUp,
    };
    metrics.message_ended(sink, outcome);
}

fn log(delivery: &Delivery) {
    match delivery {
        Delivery::Idle(_) | Delivery::Begun(_) => {}
        Delivery::Delivered(parcel) => {
            tracing::info!(message_id = parcel.id, sink = %parcel.sink, route = %parcel.route, "message delivered");
        }
        Delivery::PutOff(parcel, failure, until) => {
            let (sink, reason) = (&parcel.sink, &failure.reason);
            tracing::warn!(message_id = parcel.id, %sink, reason, %until, "message not delivered, tried again");
        }
        Delivery::GivenUp(parcel, failure) => {
            let (sink, reason) = (&parcel.sink, &failure.reason);
            tracing::error!(message_id = parcel.id, %sink, reason, "message given up: it is a dead letter");
        }
    }
}
