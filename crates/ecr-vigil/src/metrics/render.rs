//! One scrape: everything that is known now, in the format that the scraper prefers.

use std::collections::BTreeMap;

use jiff::Timestamp;
use vigil_core::coverage::Aims;
use vigil_core::{RegistryId, Severity};
use vigil_store::SinkQueue;

use super::calls::{self, Calls};
use super::catalogue as families;
use super::counters::{Attempt, Counted, Metrics};
use super::exposition::{Exposition, Value};
use super::format::Format;
use super::gathered::{Gathered, RegistryState};
use super::limits::Limits;
use super::process::{self, Process};
use super::{companion, events, state, work};

/// What a scrape is made from.
pub struct Scrape<'a> {
    /// What was counted.
    pub metrics: &'a Metrics,
    /// What the store answered; `None` if it did not.
    pub gathered: Option<&'a Gathered>,
    /// How calls have ended on the connections that there have been.
    pub connections: &'a [(RegistryId, Calls)],
    /// The process.
    pub process: Process,
    /// How many series images may have.
    pub limits: &'a Limits,
    /// What is looked at: other registries are not told of.
    pub aims: &'a Aims,
}

/// An answer to a scraper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// Its `Content-Type`.
    pub content_type: &'static str,
    /// Its body.
    pub body: String,
}

/// Renders a scrape for the request's `Accept` header.
pub fn render(scrape: &Scrape<'_>, accept: Option<&str>) -> Rendered {
    let format = Format::preferred(accept);
    let mut to = Exposition::new(format);
    let nothing = Gathered::default();
    let gathered = scrape.gathered.unwrap_or(&nothing);
    let counted = scrape.metrics.counted();
    state::write_coverage(&mut to, gathered);
    write_findings(&mut to, &counted, gathered, scrape.aims);
    write_passes(&mut to, &counted);
    work::write(&mut to, &counted, scrape.aims);
    write_news(&mut to, &counted, gathered);
    events::write(&mut to, &counted.events);
    to.single(&families::SCANS_REQUESTED, Some(counted.scans_requested));
    to.single(&families::SCANS_REQUESTED_ERRORS, Some(counted.scans_requested_errors));
    to.single(&families::SCANS_RATE_LIMITED, Some(counted.scans_rate_limited));
    calls::write(&mut to, scrape.connections, scrape.aims);
    companion::write(&mut to, gathered, scrape.limits);
    write_catalogues(&mut to, &counted);
    to.family(&families::BUILD_INFO, |samples| samples.put(&[env!("CARGO_PKG_VERSION")], 1_u64));
    to.single(&families::STORE_UP, Some(u64::from(scrape.gathered.is_some())));
    to.single(&families::STORE_FAILURES, Some(counted.store_failures));
    write_requests(&mut to, &counted);
    drop(counted);
    process::write(&mut to, &scrape.process);
    Rendered { content_type: format.content_type(), body: to.finish() }
}

/// A registry has all severities from the start: the first finding is an increase, and not a new series.
fn write_findings(to: &mut Exposition, counted: &Counted, gathered: &Gathered, aims: &Aims) {
    let every = |state: &RegistryState| {
        let registry = state.registry.clone();
        Severity::KNOWN.into_iter().map(move |severity| ((registry.clone(), severity), 0))
    };
    let sums = [
        (&families::FINDINGS_NEW, &counted.findings_new),
        (&families::FINDINGS_FIXED, &counted.findings_fixed),
    ];
    for (family, sums) in sums {
        let mut all: BTreeMap<_, u64> = gathered.registries.iter().flat_map(every).collect();
        all.extend(sums.iter().map(|(key, count)| (key.clone(), *count)));
        all.retain(|(registry, _), _| aims.hold(registry));
        to.family(family, |samples| {
            for ((registry, severity), count) in &all {
                let severity = severity.as_str().to_ascii_lowercase();
                samples.put(&[registry.account.as_str(), registry.region.as_str(), &severity], *count);
            }
        });
    }
}

fn write_passes(to: &mut Exposition, counted: &Counted) {
    to.family(&families::PASSES, |samples| {
        // A schedule has all outcomes from the start: the first failure is an increase, and not a new series.
        for schedule in counted.schedules.keys() {
            for outcome in super::Outcome::ALL {
                let count = counted.passes.get(&(schedule.clone(), outcome)).copied().unwrap_or(0);
                samples.put(&[schedule.as_str(), outcome.code()], count);
            }
        }
    });
    let mut each = |family, value: fn(&super::counters::ScheduleTimes) -> Option<Value>| {
        to.family(family, |samples| {
            for (schedule, times) in &counted.schedules {
                value(times).into_iter().for_each(|value| samples.put(&[schedule], value));
            }
        });
    };
    each(&families::LAST_PASS, |times| times.last.map(Value::from));
    each(&families::LAST_PASS_SUCCESS, |times| times.last_success.map(Value::from));
    each(&families::LAST_PASS_DURATION, |times| times.last_duration.map(Value::from));
    each(&families::NEXT_PASS, |times| times.next.map(Value::from));
    each(&families::SCHEDULE_INTERVAL, |times| times.interval.map(Value::from));
    each(&families::PASSES_FAILED, |times| Some(u64::from(times.failed).into()));
    each(&families::SCHEDULE_ENDED, |times| Some(Value::from(u64::from(times.next.is_none()))));
}

/// A sink has all outcomes from the start, as a schedule has.
fn write_news(to: &mut Exposition, counted: &Counted, gathered: &Gathered) {
    let sinks = &gathered.sinks;
    to.family(&families::MESSAGES, |samples| {
        for queue in sinks {
            for outcome in Attempt::ALL {
                let count = counted.messages.get(&(queue.sink.clone(), outcome)).copied().unwrap_or(0);
                samples.put(&[queue.sink.as_str(), outcome.code()], count);
            }
        }
    });
    let mut each = |family, value: fn(&SinkQueue) -> Option<Value>| {
        to.family(family, |samples| {
            for queue in sinks {
                value(queue).into_iter().for_each(|value| samples.put(&[queue.sink.as_str()], value));
            }
        });
    };
    each(&families::MESSAGES_WAITING, |queue| Some(queue.waiting.into()));
    each(&families::MESSAGES_OLDEST, |queue| queue.oldest.map(Value::from));
    each(&families::DEAD_LETTERS, |queue| Some(queue.dead.into()));
}

fn write_catalogues(to: &mut Exposition, counted: &Counted) {
    let mut each = |family, value: fn(&(Timestamp, u64)) -> Value| {
        to.family(family, |samples| {
            counted.catalogues.iter().for_each(|(name, known)| samples.put(&[name], value(known)));
        });
    };
    each(&families::CATALOGUE_READ, |(read_at, _)| (*read_at).into());
    each(&families::CATALOGUE_ENTRIES, |(_, entries)| (*entries).into());
}

fn write_requests(to: &mut Exposition, counted: &Counted) {
    to.family(&families::HTTP_REQUESTS, |samples| {
        for ((method, route, status), count) in &counted.requests {
            samples.put(&[method, route.as_str(), &status.to_string()], *count);
        }
    });
    to.family(&families::HTTP_DURATION, |samples| {
        for ((method, route), histogram) in &counted.durations {
            histogram.write(samples, &[method, route]);
        }
    });
}
