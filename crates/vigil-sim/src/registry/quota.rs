//! The two quotas of basic scanning, both over a window that rolls: one scan of an image, and 100,000 of a registry.

use std::collections::VecDeque;

use jiff::SignedDuration;

use crate::clock::Moment;

/// The window of both quotas: not a calendar day.
pub(super) const WINDOW: SignedDuration = SignedDuration::from_hours(24);

/// Whether an image that was last scanned then may be scanned again.
pub(super) fn image_is_free(last_scan: Option<Moment>, now: Moment) -> bool {
    last_scan.is_none_or(|last| now - last >= WINDOW)
}

/// The scans of one registry within the window, counted by the second.
#[derive(Debug, Default)]
pub(super) struct DailyScans {
    seconds: VecDeque<(i64, u64)>,
    total: u64,
}

impl DailyScans {
    /// Counts a scan unless the limit is reached.
    pub(super) fn take(&mut self, now: Moment, limit: u64) -> bool {
        let second = now.millis().div_euclid(1000);
        let oldest = second - WINDOW.as_secs();
        while let Some((_, count)) = self.seconds.front().copied().filter(|(at, _)| *at <= oldest) {
            self.total -= count;
            self.seconds.pop_front();
        }
        if self.total >= limit {
            return false;
        }
        match self.seconds.back_mut() {
            Some((at, count)) if *at == second => *count += 1,
            _ => self.seconds.push_back((second, 1)),
        }
        self.total += 1;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Moment = Moment::from_millis(1_793_000_000_000);

    #[test]
    fn an_image_is_free_a_full_day_after_its_last_scan() {
        assert!(image_is_free(None, NOON));
        assert!(!image_is_free(Some(NOON), NOON + SignedDuration::from_secs(86_399)));
        assert!(image_is_free(Some(NOON), NOON + SignedDuration::from_secs(86_400)));
    }

    #[test]
    fn the_day_rolls() {
        let mut scans = DailyScans::default();
        let later = |hours| NOON + SignedDuration::from_hours(hours);
        assert!(scans.take(later(0), 2) && scans.take(later(10), 2));
        assert!(!scans.take(later(23), 2));
        assert!(scans.take(later(24), 2), "the first scan left the window");
        assert!(!scans.take(later(33), 2));
        assert!(scans.take(later(34), 2));
    }
}
