//! How long to wait before asking whether a scan is finished. It learns: ECR does not say how long scans take, and every
//! question asked too early is a call wasted.

use jiff::SignedDuration;

/// The wait between the start of a scan and the first question about it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Patience {
    wait: SignedDuration,
    shortest: SignedDuration,
}

/// The longest wait for an answer, first or later: a minute late is soon enough for a scan that takes long.
const LONGEST: SignedDuration = SignedDuration::from_secs(60);
/// After a first question that came too early the wait grows by this factor …
const GROWTH: f64 = 1.2;
/// … and after one that did not it shrinks by this: at rest about one first question in 200 comes too early.
const DECAY: f64 = 0.999;

impl Patience {
    /// Starts with this wait, which is also the shortest.
    pub(super) fn starting_at(wait: SignedDuration) -> Self {
        let wait = wait.clamp(SignedDuration::from_millis(1), LONGEST);
        Self { wait, shortest: wait }
    }

    /// How long to wait before the first question.
    pub(super) fn first(&self) -> SignedDuration {
        self.wait
    }

    /// How long to wait before another question, once so many have come too early.
    pub(super) fn after(&self, questions: u32) -> SignedDuration {
        (self.shortest * (1_i32 << questions.min(6))).min(LONGEST)
    }

    /// Learns from a first question, asked when the scan was this old. Many questions of one age that come too early
    /// together teach no more than one of them.
    pub(super) fn learn(&mut self, age: SignedDuration, finished: bool) {
        let wait = if finished { self.wait.mul_f64(DECAY) } else { self.wait.max(age.mul_f64(GROWTH)) };
        self.wait = wait.clamp(self.shortest, LONGEST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_first_questions_come_too_early() {
        let mut patience = Patience::starting_at(SignedDuration::from_secs(1));
        let mut early = 0;
        for n in 0..10_000u64 {
            // Scans take 3 to 8 seconds.
            let takes = SignedDuration::from_millis(3_000 + (n * 7_919 % 5_000) as i64);
            let finished = takes <= patience.first();
            early += u32::from(!finished);
            patience.learn(patience.first(), finished);
        }
        assert!(early < 100, "{early} of 10,000 questions came too early");
        assert!(patience.first() < SignedDuration::from_secs(12), "{:?}", patience.first());
    }

    #[test]
    fn a_burst_of_early_questions_teaches_no_more_than_one() {
        let mut patience = Patience::starting_at(SignedDuration::from_secs(3));
        (0..100).for_each(|_| patience.learn(SignedDuration::from_secs(3), false));
        assert!(patience.first() < SignedDuration::from_secs(4), "{:?}", patience.first());
    }

    #[test]
    fn later_questions_come_ever_later_up_to_a_minute() {
        let patience = Patience::starting_at(SignedDuration::from_secs(2));
        let waits: Vec<i64> = (1..=7).map(|n| patience.after(n).as_secs()).collect();
        assert_eq!(waits, [4, 8, 16, 32, 60, 60, 60]);
    }
}
