//! One scrape: everything that is known now, in the format that the scraper prefers.

use vigil_core::RegistryId;

use super::calls::{self, Calls};
use super::catalogue as families;
use super::counters::{Counted, Metrics};
use super::exposition::{Exposition, Value};
use super::format::Format;
use super::gathered::Gathered;
use super::limits::Limits;
use super::process::{self, Process};
use super::{companion, state};

/// What a scrape is made from.
pub struct Scrape<'a> {
    /// What was counted.
    pub metrics: &'a Metrics,
    /// What the store answered; `None` if it did not.
    pub gathered: Option<&'a Gathered>,
    /// How calls have ended so far on the connections that stand.
    pub connections: &'a [(RegistryId, Calls)],
    /// The process.
    pub process: Process,
    /// How many series images may have.
    pub limits: &'a Limits,
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
    write_findings(&mut to, &counted);
    write_passes(&mut to, &counted);
    write_work(&mut to, &counted);
    to.single(&families::SCANS_REQUESTED, Some(counted.scans_requested));
    to.single(&families::SCANS_REQUESTED_ERRORS, Some(counted.scans_requested_errors));
    to.single(&families::SCANS_RATE_LIMITED, Some(counted.scans_rate_limited));
    let mut all = counted.calls.clone();
    scrape.connections.iter().for_each(|(registry, calls)| calls::add(&mut all, registry, calls));
    calls::write(&mut to, &all);
    companion::write(&mut to, gathered, scrape.limits);
    to.family(&families::BUILD_INFO, |samples| samples.put(&[env!("CARGO_PKG_VERSION")], 1_u64));
    to.single(&families::STORE_UP, Some(u64::from(scrape.gathered.is_some())));
    to.single(&families::STORE_FAILURES, Some(counted.store_failures));
    to.single(&families::STORE_SIZE, gathered.store_bytes);
    write_requests(&mut to, &counted);
    drop(counted);
    process::write(&mut to, &scrape.process);
    Rendered { content_type: format.content_type(), body: to.finish() }
}

fn write_findings(to: &mut Exposition, counted: &Counted) {
    let sums = [
        (&families::FINDINGS_NEW, &counted.findings_new),
        (&families::FINDINGS_FIXED, &counted.findings_fixed),
    ];
    for (family, sums) in sums {
        to.family(family, |samples| {
            for ((registry, severity), count) in sums {
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
}

fn write_work(to: &mut Exposition, counted: &Counted) {
    to.family(&families::IMAGES_DUE, |samples| {
        for (registry, tally) in &counted.tallies {
            samples.put(&[registry.account.as_str(), registry.region.as_str()], tally.due);
        }
    });
    to.family(&families::IMAGES_HELD, |samples| {
        for (registry, tally) in &counted.tallies {
            for (reason, count) in &tally.held {
                samples.put(&[registry.account.as_str(), registry.region.as_str(), reason], *count);
            }
        }
    });
    to.family(&families::SCANS_IN_FLIGHT, |samples| {
        for registry in counted
            .tallies
            .keys()
            .chain(counted.in_flight.keys().filter(|registry| !counted.tallies.contains_key(registry)))
        {
            let count = counted.in_flight.get(registry).map_or(0, |scans| scans.len());
            samples.put(&[registry.account.as_str(), registry.region.as_str()], count);
        }
    });
    to.family(&families::QUEUE_LENGTH, |samples| {
        counted.queues.iter().for_each(|(queue, (length, _))| samples.put(&[queue], *length));
    });
    to.family(&families::QUEUE_OLDEST, |samples| {
        for (queue, (_, oldest)) in &counted.queues {
            oldest.iter().for_each(|oldest| samples.put(&[queue], *oldest));
        }
    });
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
