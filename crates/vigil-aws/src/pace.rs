//! How fast one operation may be called: a rate that is learned from what AWS refuses. Time is an argument.
//!
//! AWS publishes no rates for most ECR operations, and a quota may be raised, or be shared with other programs. Its
//! servers keep a token bucket. Between two refusals, when the bucket was empty both times, as many calls pass as
//! tokens come in: their number over that time *is* the quota, or our share of it. From there the rate goes along a
//! cubic, as TCP CUBIC's window does: it starts a little below the quota, lingers at it, and goes a little above. The
//! tokens saved below are those spent above, so the whole quota is used, for one refused call every few hundred. Where
//! nothing is refused for long, the rate doubles again and again.
//!
//! Knows neither AWS nor waiting: whoever calls says what time it is, and waits.

use std::time::Duration;

/// The pace of one operation.
#[derive(Debug)]
pub(crate) struct Pace {
    /// Never faster than this, in calls per second.
    most: f64,
    /// What refusals have taught; `None` until the first: no limit is known.
    learned: Option<Learned>,
    /// The next free slot.
    next: Duration,
    window: Window,
}

/// A rate that AWS allowed, and our way around it.
#[derive(Debug, Clone, Copy)]
struct Learned {
    /// Calls per second.
    allowed: f64,
    /// The time from below `allowed` up to it, and again from there to as much above it, in seconds.
    reach: f64,
    /// When we set out. Idle time moves it on: it says nothing about what AWS allows.
    since: Duration,
    /// When the rate was last cut. Calls sent before that say nothing about the rate since.
    cut: Duration,
}

/// The calls that passed since a refusal. Idle time moves its beginning on.
#[derive(Debug, Clone, Copy, Default)]
struct Window {
    since: Duration,
    passed: u64,
}

/// How far below the allowed rate we start, and how far above it refusal is due.
const SWING: f64 = 0.03;
/// One refusal in twice as many calls tells enough of a quota that stays …
const CALLS_A_REACH: f64 = 75.0;
/// … but at high rates these pass within a second, and nothing is gained by asking so often.
const LONGEST_REACH_AT_SPEED: f64 = 5.0;
/// On a shorter way the answers would come too late to learn from them.
const SHORTEST_REACH: f64 = 0.25;
/// In a window with fewer passed calls one more or less matters too much: it is kept open.
const ENOUGH: u64 = 8;
/// Before the first refusal the full bucket gave away more than comes in.
const FIRST_GUESS: f64 = 0.5;
/// Even if everything is refused for minutes, we try this often per second, and so see when that ends.
const LEAST: f64 = 0.5;
/// A slot that nobody claimed is still good for this long: timers and busy cores are late by milliseconds.
const GRACE: Duration = Duration::from_millis(20);
/// After a refusal nothing is sent for this long. The bucket gets a few tokens, so that calls which overtake each other
/// on their way do not find it empty; the tokens are spent later.
const REST: Duration = Duration::from_millis(50);
/// Before the first refusal, how far back passed calls are counted.
const LOOK_BACK: Duration = Duration::from_secs(1);
/// Where on its way a rate is when refusal, due at 1, has failed to come for so long that tokens must have been lost.
const OVERDUE: f64 = 1.5;
/// A rate that somebody set lower is taken for this: one call in a quarter of an hour.
const SLOWEST: f64 = 0.001;

impl Pace {
    /// A pace that never exceeds this many calls per second. Without a number it knows no limit until it learns one.
    pub(crate) fn new(most: Option<f64>) -> Self {
        let most = most.map_or(f64::INFINITY, |most| most.max(SLOWEST));
        Self { most, learned: None, next: Duration::ZERO, window: Window::default() }
    }

    /// Takes the next free slot if its time has come: the caller may send. Else says when to ask again.
    pub(crate) fn take(&mut self, now: Duration) -> Result<(), Duration> {
        if self.next > now {
            return Err(self.next);
        }
        self.pass_over(now);
        // A rate that is set lower stays what is used: to double ours would forget what passed and find nothing out.
        let used = |learned: &&mut Learned| learned.rate(now) < self.most;
        if self.learned.as_mut().filter(used).is_some_and(|learned| learned.double(now)) {
            // What passed at half the rate would hide what passes now.
            self.window = Window { since: now, passed: 0 };
        }
        let rate = self.rate(now);
        self.next = if rate.is_finite() { self.next + seconds(1.0 / rate) } else { now };
        Ok(())
    }

    /// Takes note of a call that AWS had time for.
    pub(crate) fn passed(&mut self, now: Duration) {
        if self.learned.is_none() && now > self.window.since + LOOK_BACK {
            self.window = Window { since: now, passed: 0 };
        }
        self.window.passed += 1;
    }

    /// Takes note of a call, sent at that time, that AWS refused for being too fast. Returns the new rate if this
    /// changes it.
    pub(crate) fn throttled(&mut self, sent: Duration, now: Duration) -> Option<f64> {
        if self.learned.is_some_and(|learned| sent < learned.cut) {
            return None;
        }
        let passed = self.window.passed;
        let allowed = self.estimate(now).min(self.rate(now)).max(LEAST);
        // As long as little is known, the next answer is wanted soon: each makes the window at least twice as long.
        let longest = LONGEST_REACH_AT_SPEED.max(CALLS_A_REACH / allowed);
        let reach = (2.0 * passed.max(2) as f64 / allowed).min(longest);
        if self.learned.is_none() || passed >= ENOUGH {
            self.window = Window { since: now, passed: 0 };
        }
        self.learned = Some(Learned { allowed, reach, since: now, cut: now });
        let rate = self.rate(now);
        self.next = self.next.max(now + REST + seconds(1.0 / rate));
        Some(rate)
    }

    /// Calls per second at this time.
    fn rate(&self, now: Duration) -> f64 {
        self.learned.map_or(f64::INFINITY, |learned| learned.rate(now)).min(self.most)
    }

    /// What AWS seems to allow, now that a call was refused.
    fn estimate(&self, now: Duration) -> f64 {
        let time = now.saturating_sub(self.window.since).as_secs_f64().max(0.001);
        // The bucket held less than one token at either end: one call more or less may have passed.
        let measured = (self.window.passed + 1) as f64 / time;
        match &self.learned {
            None => measured * FIRST_GUESS,
            // The bucket was full for a while and tokens were lost: the quota lies between what passed and what was
            // tried at last.
            Some(learned) if learned.way(now) > OVERDUE && self.window.passed >= ENOUGH => {
                (measured.min(self.rate(now)) * self.rate(now)).sqrt()
            }
            Some(_) => measured,
        }
    }

    /// Passes over slots that nobody claimed.
    fn pass_over(&mut self, now: Duration) {
        let idle = now.saturating_sub(GRACE).saturating_sub(self.next);
        self.next += idle;
        match &mut self.learned {
            Some(learned) => {
                learned.since += idle;
                self.window.since += idle;
            }
            None if idle > LOOK_BACK => self.window = Window { since: now, passed: 0 },
            None => {}
        }
    }
}

impl Learned {
    fn rate(&self, now: Duration) -> f64 {
        let way = self.way(now);
        if way <= 1.0 {
            self.allowed * (1.0 + SWING * way.powi(3))
        } else {
            self.allowed * (1.0 + SWING) * (way - 1.0).exp2()
        }
    }

    /// -1 where we set out, 0 at the allowed rate, 1 where refusal is due, 2 where the rate has doubled since.
    fn way(&self, now: Duration) -> f64 {
        now.saturating_sub(self.since).as_secs_f64() / self.reach - 1.0
    }

    /// Once the rate has doubled, goes on from there: as many calls take half the time, so the next doubling comes
    /// sooner.
    fn double(&mut self, now: Duration) -> bool {
        let doubled = self.way(now) >= 2.0;
        if doubled {
            self.allowed *= 2.0;
            self.reach = (self.reach / 2.0).max(SHORTEST_REACH);
            self.since = now.saturating_sub(seconds(self.reach * 2.0));
        }
        doubled
    }
}

fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
}

#[cfg(test)]
mod tests;
