//! Puts what was noticed into the outbox: for each route what it takes, in as few messages as say it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::image::RegistryId;
use crate::news::{Change, ChangeId, Message, Ripe, Route, SinkName, gather, hearers, ripe, withhold};
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
    let (mut heard, mut telling) = (BTreeSet::new(), Telling::default());
    for route in routes {
        tell_by(route, &untold, now, &mut heard, &mut telling);
    }
    for news in &untold.exceptions {
        for route in hearers(routes, news) {
            let (message, period) =
                (Message::Exception(news.shown_to(&route.wanted)), route.rounds_up_at(now));
            let sinks = route.sinks.iter().filter(|sink| {
                period.is_some() || heard.insert(((*sink).clone(), Heard::Exception(news.id)))
            });
            telling.postings.extend(sinks.map(|sink| posting(route, sink, message.clone(), period)));
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

/// What a sink has been told by a route before.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Heard {
    Baseline(RegistryId),
    Change(ChangeId),
    Failure(ChangeId),
    Exception(ChangeId),
}

/// Adds what a route tells. A sink to which several routes lead is told everything by the first of them; and once more by one
/// that sums up a period.
fn tell_by(
    route: &Route,
    untold: &Untold,
    now: Timestamp,
    heard: &mut BTreeSet<(SinkName, Heard)>,
    telling: &mut Telling,
) {
    let wanted = &route.wanted;
    let period = route.rounds_up_at(now);
    let changes: Vec<Change> =
        untold.changes.iter().filter(|change| wanted.takes(change).is_ok()).cloned().collect();
    let (divided, tides) = match period {
        Some(_) => (BTreeMap::from([(period, changes)]), Vec::new()),
        None => withhold(&untold.tides, &route.name, changes, now),
    };
    telling.tides.extend(tides);
    for sink in &route.sinks {
        let mut is_fresh = |what: Heard| period.is_some() || heard.insert((sink.clone(), what));
        let mut messages: Vec<(Message, Option<Timestamp>)> = Vec::new();
        for baseline in untold.baselines.iter().filter(|news| wanted.takes_registry(&news.registry).is_ok()) {
            if is_fresh(Heard::Baseline(baseline.registry.clone())) {
                messages.push((Message::Baseline(baseline.clone()), period));
            }
        }
        for (until, changes) in &divided {
            let fresh = changes.iter().filter(|change| is_fresh(Heard::Change(change.id))).cloned();
            messages.extend(gather(fresh.collect()).into_iter().map(|message| (message, *until)));
        }
        for failure in untold.failures.iter().filter(|news| wanted.takes_failure(&news.subject).is_ok()) {
            if is_fresh(Heard::Failure(failure.id)) {
                messages.push((Message::Failed(failure.clone()), period));
            }
        }
        let messages = messages.into_iter().map(|(message, at)| posting(route, sink, message, at));
        telling.postings.extend(messages);
    }
}

fn posting(route: &Route, sink: &SinkName, message: Message, round_up_at: Option<Timestamp>) -> Posting {
    Posting { route: route.name.clone(), sink: sink.clone(), message, round_up_at }
}
