//! The loops that bring messages to their sinks, one for each: a sink that is away holds back no other.

use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinSet;
use vigil_core::Stop;
use vigil_core::news::{Patience, SinkName};
use vigil_core::port::{Clock, Outbox, Sink};
use vigil_core::step::{Delivery, deliver};

use super::telling::Posted;

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
    outbox: Arc<dyn Outbox>,
    hearers: Vec<Hearer>,
    posted: &Posted,
    clock: Arc<dyn Clock>,
    stop: &Stop,
    until: watch::Receiver<bool>,
) {
    let mut loops = JoinSet::new();
    for hearer in hearers {
        let (outbox, clock, stop) = (outbox.clone(), clock.clone(), stop.clone());
        let (posted, until) = (posted.subscribe(), until.clone());
        loops.spawn(async move { bring(&*outbox, &hearer, posted, &*clock, &stop, until).await });
    }
    while loops.join_next().await.is_some() {}
}

async fn bring(
    outbox: &dyn Outbox,
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
                // A sink that is left alone for a while is so for what is new, too.
                (delivery.again_at(clock.now()), matches!(delivery, Delivery::Idle(_)))
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

/// An outbox that cannot be read or written is tried again this much later.
const LATER: jiff::SignedDuration = jiff::SignedDuration::from_secs(5);

fn log(delivery: &Delivery) {
    match delivery {
        Delivery::Idle(_) => {}
        Delivery::Delivered(parcel) => {
            tracing::info!(message = parcel.id, sink = %parcel.sink, route = %parcel.route, "message delivered");
        }
        Delivery::PutOff(parcel, failure, until) => {
            let (sink, reason) = (&parcel.sink, &failure.reason);
            tracing::warn!(message = parcel.id, %sink, reason, %until, "message not delivered, tried again");
        }
        Delivery::GivenUp(parcel, failure) => {
            let (sink, reason) = (&parcel.sink, &failure.reason);
            tracing::error!(message = parcel.id, %sink, reason, "message given up: it is a dead letter");
        }
    }
}
