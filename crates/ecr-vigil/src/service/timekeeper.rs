//! The loop that begins passes when their schedules come around. Whose turn it is, the rules of the core decide; what a
//! pass does, it does not know.

use std::collections::BTreeSet;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;
use vigil_core::Stop;
use vigil_core::port::Clock;
use vigil_core::schedule::{Past, Schedule, ScheduleName, Turn, turn};

/// What the timekeeper needs of the service.
#[async_trait]
pub trait Passes: Send + Sync {
    /// The schedules, as they are now.
    fn schedules(&self) -> Vec<Schedule>;

    /// What is known of a schedule's past.
    fn past(&self, schedule: &Schedule) -> Past;

    /// Begins a pass for this tick, or else the last one again, and returns while it runs. An error means that nothing has
    /// begun.
    async fn begin(&self, schedule: &Schedule, tick: Option<Timestamp>) -> Result<(), NotBegun>;

    /// Is told once of a schedule that never comes around again.
    fn over(&self, schedule: &Schedule);

    /// Is told whenever the schedules or the passes under way may be others than before.
    fn changes(&self) -> watch::Receiver<u64>;
}

/// A pass that could not begin, for a reason that may go away.
#[derive(Debug, thiserror::Error)]
#[error("the pass cannot begin: {0}")]
pub struct NotBegun(pub String);

/// After a pass that could not begin, it is tried again this much later.
const TRY_AGAIN: SignedDuration = SignedDuration::from_secs(30);

/// Begins passes until the stop.
pub async fn keep_time(passes: &dyn Passes, clock: &dyn Clock, stop: &Stop) {
    let mut changes = passes.changes();
    let mut over = BTreeSet::new();
    loop {
        // Before the look: what changes meanwhile must not be missed.
        changes.borrow_and_update();
        let next = tokio::select! {
            next = look(passes, clock, &mut over) => next,
            _ = stop.stopped() => return,
        };
        let wait = async {
            match next {
                Some(at) => clock.wait_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = wait => {}
            changed = changes.changed() => if changed.is_err() { return },
            _ = stop.stopped() => return,
        }
    }
}

/// Begins whatever is due, and says when to look again. Each schedule that is over is told once.
async fn look(
    passes: &dyn Passes,
    clock: &dyn Clock,
    over: &mut BTreeSet<ScheduleName>,
) -> Option<Timestamp> {
    let (schedules, mut next) = (passes.schedules(), None::<Timestamp>);
    over.retain(|name| schedules.iter().any(|schedule| schedule.name == *name));
    for schedule in schedules {
        let now = clock.now();
        let turn = turn(&schedule, &passes.past(&schedule), now);
        if turn != Turn::Over {
            over.remove(&schedule.name);
        } else if over.insert(schedule.name.clone()) {
            passes.over(&schedule);
        }
        let again = match turn {
            Turn::Run { tick } => begin(passes, &schedule, Some(tick), now).await,
            Turn::Again => begin(passes, &schedule, None, now).await,
            Turn::Wait { until } => Some(until),
            Turn::UnderWay | Turn::Over => None,
        };
        next = [next, again].into_iter().flatten().min();
    }
    next
}

/// Begins a pass. Returns when to look at the schedule again, if not once something has changed.
async fn begin(
    passes: &dyn Passes,
    schedule: &Schedule,
    tick: Option<Timestamp>,
    now: Timestamp,
) -> Option<Timestamp> {
    match passes.begin(schedule, tick).await {
        Ok(()) => None,
        Err(error) => {
            tracing::error!(schedule = %schedule.name, %error, "it is tried again in half a minute");
            now.checked_add(TRY_AGAIN).ok()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex, PoisonError};

    use vigil_core::Halt;
    use vigil_core::schedule::{Blackout, Failures, Windows};
    use vigil_core::testing::{PausedClock, now};

    use super::*;

    /// A service whose passes take some hours each, and which writes down what it does.
    struct Diary {
        clock: PausedClock,
        schedules: Vec<Schedule>,
        hours: i64,
        state: Mutex<State>,
        changes: Arc<watch::Sender<u64>>,
    }

    #[derive(Default)]
    struct State {
        handled: Option<Timestamp>,
        ends: Option<Timestamp>,
        /// So many passes cannot begin.
        fails: u32,
        /// So many passes enter no registry.
        locked: u32,
        failures: Option<Failures>,
        lines: Vec<String>,
    }

    impl Diary {
        fn lock(&self) -> std::sync::MutexGuard<'_, State> {
            self.state.lock().unwrap_or_else(PoisonError::into_inner)
        }
    }

    #[async_trait]
    impl Passes for Diary {
        fn schedules(&self) -> Vec<Schedule> {
            self.schedules.clone()
        }

        fn past(&self, _: &Schedule) -> Past {
            let state = self.lock();
            let under_way = state.ends.is_some_and(|ends| ends > self.clock.now());
            Past { since: now(), handled: state.handled, under_way, failures: state.failures }
        }

        async fn begin(&self, schedule: &Schedule, tick: Option<Timestamp>) -> Result<(), NotBegun> {
            let at = self.clock.now();
            let mut state = self.lock();
            let when = at.strftime("%a %H:%M:%S");
            if state.fails > 0 {
                state.fails -= 1;
                state.lines.push(format!("{when} {} fails", schedule.name));
                return Err(NotBegun("the disk is full".into()));
            }
            state.handled = tick.or(state.handled);
            let what = match tick {
                Some(tick) => format!("for {}", tick.strftime("%a %H:%M")),
                None => "again".to_owned(),
            };
            if state.locked > 0 {
                state.locked -= 1;
                let times = state.failures.map_or(1, |failures| failures.times + 1);
                state.failures = Some(Failures { times, last: at });
                self.changes.send_modify(|n| *n += 1);
                state.lines.push(format!("{when} {} {what}, and no registry is entered", schedule.name));
                return Ok(());
            }
            state.failures = None;
            let ends = at + SignedDuration::from_hours(self.hours);
            state.ends = Some(ends);
            let (clock, changes) = (self.clock, self.changes.clone());
            tokio::spawn(async move {
                clock.wait_until(ends).await;
                changes.send_modify(|n| *n += 1);
            });
            state.lines.push(format!("{when} {} {what}", schedule.name));
            Ok(())
        }

        fn over(&self, schedule: &Schedule) {
            let line = format!("{} {} is over", self.clock.now().strftime("%a %H:%M:%S"), schedule.name);
            self.lock().lines.push(line);
        }

        fn changes(&self) -> watch::Receiver<u64> {
            self.changes.subscribe()
        }
    }

    async fn week(cron: &str, blackouts: &[&str], hours: i64, fails: u32) -> Vec<String> {
        let state = State { fails, ..State::default() };
        week_from(state, cron, blackouts, hours).await
    }

    async fn week_from(state: State, cron: &str, blackouts: &[&str], hours: i64) -> Vec<String> {
        let clock = PausedClock::new();
        let blackouts: Vec<Blackout> = blackouts.iter().map(|text| text.parse().unwrap()).collect();
        let schedule = Schedule {
            name: "nightly".parse().unwrap(),
            cron: cron.parse().unwrap(),
            time_zone: jiff::tz::TimeZone::UTC,
            windows: Windows::new(&[], &blackouts).unwrap(),
            jitter: Default::default(),
            spread: Default::default(),
        };
        let (state, changes) = (Mutex::new(state), Arc::default());
        let diary = Diary { clock, schedules: vec![schedule], hours, state, changes };
        let stop = Stop::when(async move {
            clock.wait_until(now() + SignedDuration::from_hours(7 * 24)).await;
            Halt::Interrupted
        });
        keep_time(&diary, &clock, &stop).await;
        diary.state.into_inner().unwrap_or_else(PoisonError::into_inner).lines
    }

    #[tokio::test(start_paused = true)]
    async fn a_week_has_a_pass_for_every_night_but_the_days_off() {
        let lines = week("0 0 3 * * *", &["Sun"], 2, 0).await;
        insta::assert_snapshot!(lines.join("\n"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_pass_that_takes_longer_than_a_day_is_followed_by_one_for_all_that_it_missed() {
        let lines = week("0 0 3 * * *", &[], 60, 0).await;
        insta::assert_snapshot!(lines.join("\n"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_pass_that_cannot_begin_is_tried_again_soon_and_its_tick_is_not_lost() {
        let lines = week("0 0 3 * * MON", &[], 1, 2).await;
        insta::assert_snapshot!(lines.join("\n"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_pass_that_enters_no_registry_is_made_again_after_waits_that_grow() {
        let state = State { locked: 4, ..State::default() };
        let lines = week_from(state, "0 0 3 * * MON", &[], 1).await;
        insta::assert_snapshot!(lines.join("\n"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_schedule_whose_years_are_over_is_told_once_and_after_its_last_pass_has_begun() {
        let lines = week("0 0 3 22-24 11 * 2026", &[], 2, 0).await;
        insta::assert_snapshot!(lines.join("\n"));
    }
}
