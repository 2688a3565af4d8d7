//! What is different between settings that were read at two times, and what of it takes hold without a restart.

use super::keys::keys;
use super::raw::Layers;

/// Settings that have changed, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// Those that hold from the next pass on.
    pub at_once: Vec<&'static str>,
    /// Those that hold when the service is started again: what is open stays open.
    pub after_restart: Vec<&'static str>,
}

/// Compares what was written before with what is written now. Where it was written does not matter.
pub fn changes(before: &Layers, now: &Layers) -> Changes {
    let mut changes = Changes::default();
    let mut note = |name, changed: bool, restart: bool| match (changed, restart) {
        (true, true) => changes.after_restart.push(name),
        (true, false) => changes.at_once.push(name),
        (false, _) => {}
    };
    for key in keys() {
        let values = |layers: &Layers| layers.written.get(key.name).map(|written| written.values.clone());
        note(key.name, values(before) != values(now), key.restart);
    }
    note("target", before.targets != now.targets, false);
    note("schedule", before.schedules != now.schedules, false);
    note("owner", before.owners != now.owners, false);
    note("route", before.routes != now.routes, false);
    note("sink", before.sinks != now.sinks, false);
    note("http.token", before.tokens != now.tokens, true);
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layers(flags: &[(&'static str, &str)]) -> Layers {
        let flags = flags.iter().map(|(name, value)| (*name, vec![(*value).to_owned()])).collect();
        Layers::of_demo(flags)
    }

    #[track_caller]
    fn check(now: &[(&'static str, &str)], at_once: &[&str], after_restart: &[&str]) {
        let changes = changes(&layers(&[("schedule.cron", "@daily"), ("http.port", "80")]), &layers(now));
        assert_eq!((&changes.at_once[..], &changes.after_restart[..]), (at_once, after_restart));
    }

    #[test]
    fn what_is_open_stays_open() {
        check(&[("schedule.cron", "@daily"), ("http.port", "80")], &[], &[]);
        check(&[("schedule.cron", "@hourly"), ("http.port", "80")], &["schedule.cron"], &[]);
        let now = [("schedule.cron", "@daily"), ("http.port", "81"), ("store.database", "x.db")];
        check(&now, &[], &["store.database", "http.port"]);
        check(&[("http.port", "80"), ("gate.high", "3")], &["gate.high", "schedule.cron"], &[]);
    }
}
