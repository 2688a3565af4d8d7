//! Puts what was noticed into the outbox: for each route what it takes, in as few messages as say it.

use jiff::{SignedDuration, Timestamp};

use crate::news::{Message, Ripe, Route, gather, hearers, ripe, withhold};
use crate::policy::Owners;
use crate::port::{Journal, NotKept, Posting, Telling, Untold};

/// What was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// There was no news.
    Nothing,
    /// More of the same may be coming in: not before this.
    NotBefore(Timestamp),
    /// So many messages were put into the outbox.
    Posted(usize),
}

/// Tells what there is to tell, once nothing was noticed for so long, by these routes. Who looks after an image stands in
/// what is told.
///
/// # Errors
///
/// If the news cannot be read, or the messages cannot be kept: then nothing was told.
pub async fn tell(
    journal: &dyn Journal,
    (routes, owners): (&[Route], &Owners),
    settled: SignedDuration,
    now: Timestamp,
) -> Result<Told, NotKept> {
    let untold = owned(journal.untold().await?, owners);
    let Some((first, last)) = untold.span() else { return Ok(Told::Nothing) };
    match ripe(first, last, settled, now) {
        Ripe::At(at) if !untold.more => return Ok(Told::NotBefore(at)),
        Ripe::At(_) | Ripe::Now => {}
    }
    let mut telling = Telling::default();
    for route in routes {
        tell_by(route, &untold, now, &mut telling);
    }
    for news in &untold.exceptions {
        for route in hearers(routes, news) {
            let message = Message::Exception(news.shown_to(&route.wanted));
            telling.postings.extend(postings(route, &message, route.rounds_up_at(now)));
        }
    }
    let posted = telling.postings.len();
    journal.tell(&untold, telling, now).await?;
    Ok(Told::Posted(posted))
}

/// The same with the owners as the settings know them.
fn owned(mut untold: Untold, owners: &Owners) -> Untold {
    let changes = untold.changes.iter_mut().map(|change| &mut change.subject);
    let failures = untold.failures.iter_mut().map(|failure| &mut failure.subject);
    let excepted = untold.exceptions.iter_mut().flat_map(|news| &mut news.subjects);
    for subject in changes.chain(failures).chain(excepted) {
        subject.owner = owners.of(&subject.registry, &subject.repository, subject.owner.take());
    }
    untold
}

/// Adds what a route tells.
fn tell_by(route: &Route, untold: &Untold, now: Timestamp, telling: &mut Telling) {
    let wanted = &route.wanted;
    let changes = untold.changes.iter().filter(|change| wanted.takes(change).is_ok()).cloned().collect();
    let failures = untold.failures.iter().filter(|failure| wanted.takes_failure(&failure.subject).is_ok());
    let baselines =
        untold.baselines.iter().filter(|baseline| wanted.takes_registry(&baseline.registry).is_ok());
    let mut post = |message: Message, round_up_at: Option<Timestamp>| {
        telling.postings.extend(postings(route, &message, round_up_at));
    };
    let period = route.rounds_up_at(now);
    baselines.for_each(|baseline| post(Message::Baseline(baseline.clone()), period));
    if period.is_some() {
        gather(changes).into_iter().for_each(|message| post(message, period));
    } else {
        let (divided, tides) = withhold(&untold.tides, &route.name, changes, now);
        for (until, changes) in divided {
            gather(changes).into_iter().for_each(|message| post(message, until));
        }
        telling.tides.extend(tides);
    }
    failures.for_each(|failure| post(Message::Failed(failure.clone()), period));
}

/// A message, for each sink of the route.
fn postings(
    route: &Route,
    message: &Message,
    round_up_at: Option<Timestamp>,
) -> impl Iterator<Item = Posting> {
    route.sinks.iter().map(move |sink| Posting {
        route: route.name.clone(),
        sink: sink.clone(),
        message: message.clone(),
        round_up_at,
    })
}
