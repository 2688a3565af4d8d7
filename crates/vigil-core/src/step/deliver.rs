//! Brings the messages of one sink to it, one after the other.

use jiff::Timestamp;

use crate::news::{After, Attempts, NotDelivered, Patience, SinkName, after, pause};
use crate::port::{Clock, Next, NotKept, Outbox, Parcel, Sink, Taken};

/// What one delivery has come to.
#[derive(Debug, Clone, PartialEq)]
pub enum Delivery {
    /// There was nothing to deliver, until this time or until there is news.
    Idle(Option<Timestamp>),
    /// The sink has taken a part of a message, and is to be told the next.
    Begun(Box<Parcel>),
    /// The sink has taken a message.
    Delivered(Box<Parcel>),
    /// The sink has not taken it; it is tried again then.
    PutOff(Box<Parcel>, NotDelivered, Timestamp),
    /// It is a dead letter.
    GivenUp(Box<Parcel>, NotDelivered),
}

impl Delivery {
    /// When the sink is to be looked after again; `None`: once there is news.
    pub fn again_at(&self, now: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Idle(until) => *until,
            Self::Begun(_) | Self::Delivered(_) | Self::GivenUp(..) => Some(now),
            Self::PutOff(_, failure, at) => Some(pause(failure, *at, now)),
        }
    }
}

/// Brings the next message to its sink, or the next part of one: between two parts it can be stopped.
///
/// # Errors
///
/// If the outbox cannot be read or written. A message of which it could not be written down that it was delivered is
/// delivered again, under the same id.
pub async fn deliver(
    outbox: &dyn Outbox,
    (name, sink): (&SinkName, &dyn Sink),
    patience: &Patience,
    clock: &dyn Clock,
) -> Result<Delivery, NotKept> {
    let parcel = match outbox.next(name, clock.now()).await? {
        Next::Deliver(parcel) => parcel,
        Next::Wait(until) => return Ok(Delivery::Idle(Some(until))),
        Next::Nothing => return Ok(Delivery::Idle(None)),
    };
    let answer = sink.deliver(&parcel, clock.now()).await;
    let now = clock.now();
    let failure = match answer {
        Ok(Taken::Whole) => {
            outbox.delivered(&parcel, now).await?;
            return Ok(Delivery::Delivered(parcel));
        }
        Ok(Taken::Part(reached)) => {
            outbox.got_as_far(&parcel, &reached).await?;
            return Ok(Delivery::Begun(parcel));
        }
        Err(failure) => failure,
    };
    let attempts = Attempts { made: parcel.attempts.saturating_add(1), since: parcel.since };
    match after(attempts, &failure, patience, now) {
        After::Again(at) => {
            outbox.put_off(&parcel, &failure, at).await?;
            Ok(Delivery::PutOff(parcel, failure, at))
        }
        After::Dead => {
            outbox.give_up(&parcel, &failure, now).await?;
            Ok(Delivery::GivenUp(parcel, failure))
        }
    }
}
