//! What counts and what covers, case by case.

use proptest::prelude::*;

use super::*;
use crate::testing::now;

fn registry(region: &str) -> RegistryId {
    let (account, region) = ("123456789012".parse().unwrap(), region.parse().unwrap());
    RegistryId { partition: "aws".parse().unwrap(), account, region }
}

/// `name expiry`, and patterns of repositories: `-pattern` for those that are left, `configs` for what is named, and `only`
/// before it.
fn aim(text: &str) -> Aim {
    let mut words = text.split(' ');
    let (schedule, expiry) = (words.next().unwrap().parse().unwrap(), words.next().unwrap().parse().unwrap());
    let mut aim = Aim { schedule, expiry, selects: Some(Patterns::default()), takes_named: false };
    for word in words {
        match (word, &mut aim.selects) {
            ("only", selects) => *selects = None,
            ("configs", _) => aim.takes_named = true,
            (word, Some(patterns)) => match word.strip_prefix('-') {
                Some(word) => patterns.exclude.push(word.parse().unwrap()),
                None => patterns.include.push(word.parse().unwrap()),
            },
            _ => {}
        }
    }
    aim
}

fn aims(texts: &[&str], named: &[&str]) -> Aims {
    let named = named.iter().map(|name| {
        let RegistryId { region, account, .. } = registry("eu-west-1");
        (region, account, name.parse().unwrap())
    });
    let here = Place { account: None, region: Some("eu-west-1".parse().unwrap()) };
    let schedules = texts.iter().map(|text| aim(text)).collect();
    Aims { schedules, places: vec![here], named: Some(named.collect()) }
}

/// An image in team/app that these schedules watch, last scanned so many days ago.
fn watched(watchers: &[&str], scanned_days_ago: i64, since: &[Timestamp]) -> Alike {
    let at = now() - SignedDuration::from_hours(24 * scanned_days_ago);
    Alike {
        repository: "team/app".parse().unwrap(),
        watchers: Arc::new(watchers.iter().map(|name| name.parse().unwrap()).collect()),
        obstacle: None,
        images: 1,
        scanned: 1,
        scanned_since: since.iter().map(|since| u64::from(at >= *since)).collect(),
        oldest_scan: Some(at),
    }
}

/// With these schedules and scan configurations, an image that these watch and that was scanned five days ago is covered
/// (`Some(true)`), not covered, or does not count.
#[track_caller]
fn check(schedules: &[&str], named: &[&str], watchers: &[&str], covered: Option<bool>) {
    let aims = aims(schedules, named);
    let since = aims.covered_since(&BTreeMap::new(), now());
    let sum = coverage(&aims, &registry("eu-west-1"), &[watched(watchers, 5, &since)]);
    assert_eq!((sum.scannable == 1).then_some(sum.covered == 1), covered, "{sum:?}");
}

#[test]
fn an_image_counts_while_a_schedule_of_today_looks_at_it() {
    check(&["daily 7d"], &[], &["daily"], Some(true));
    check(&["daily 3d"], &[], &["daily"], Some(false));
    check(&["daily 7d"], &[], &[], None);
    check(&["nightly 7d"], &[], &["daily"], None);
    check(&["daily 7d team/*"], &[], &["daily"], Some(true));
    check(&["daily 7d -team/*"], &[], &["daily"], None);
    check(&["daily 7d only"], &[], &["daily"], None);
}

#[test]
fn of_several_schedules_the_strictest_that_watches_decides() {
    let both = ["running 1d", "rest 7d"];
    check(&both, &[], &["rest"], Some(true));
    check(&both, &[], &["running"], Some(false));
    check(&both, &[], &["running", "rest"], Some(false));
    check(&["running 1d -team/app", "rest 7d"], &[], &["running", "rest"], Some(true));
}

#[test]
fn what_scan_configurations_name_counts_as_long_as_they_do() {
    check(&["daily 7d only configs"], &["team/app"], &["daily"], Some(true));
    check(&["daily 7d -team/* configs"], &["team/app"], &["daily"], Some(true));
    check(&["daily 7d -team/* configs"], &["team/web"], &["daily"], None);
    check(&["daily 7d -team/*"], &["team/app"], &["daily"], None);
    let unknown = Aims { named: None, ..aims(&["daily 7d only configs"], &[]) };
    assert!(unknown.hold(&registry("us-east-1")), "nobody has read them yet");
}

#[test]
fn a_registry_counts_while_settings_or_scan_configurations_name_it() {
    let (here, there) = (registry("eu-west-1"), registry("us-east-1"));
    let since = aims(&["daily 7d"], &[]).covered_since(&BTreeMap::new(), now());
    let image = [watched(&["daily"], 1, &since)];
    assert_eq!(coverage(&aims(&["daily 7d"], &[]), &there, &image), Coverage::default());
    assert!(aims(&["daily 7d"], &[]).hold(&here) && !aims(&["daily 7d"], &[]).hold(&there));
    assert!(!aims(&["daily 7d only configs"], &[]).hold(&here), "its targets are not entered");
    assert!(aims(&["daily 7d only configs"], &["team/web"]).hold(&here));
    let elsewhere = Place { account: Some("210987654321".parse().unwrap()), region: None };
    assert!(!Aims { places: vec![elsewhere], ..aims(&["daily 7d"], &[]) }.hold(&here));
}

#[test]
fn what_cannot_be_scanned_is_told_by_its_reason() {
    let aims = aims(&["daily 7d"], &[]);
    let since = aims.covered_since(&BTreeMap::new(), now());
    let image = |obstacle| Alike { obstacle: Some(obstacle), ..watched(&["daily"], 1, &since) };
    let unsupported = Obstacle::Unscannable(Some("UNSUPPORTED_IMAGE".into()));
    let nobodys = Alike { watchers: Arc::default(), ..image(Obstacle::Archived) };
    let images = [image(Obstacle::Archived), image(unsupported), image(Obstacle::Unscannable(None)), nobodys];
    let sum = coverage(&aims, &registry("eu-west-1"), &images);
    let told: Vec<String> = sum.unscannable.iter().map(|(why, images)| format!("{why} {images}")).collect();
    assert_eq!((told.join(", ").as_str(), sum.scannable), ("archived 1, refused 1, unsupported_image 1", 0));
}

/// An image was scanned seven days and this many hours ago; a pass of a weekly cadence began so long ago that is over.
#[track_caller]
fn check_tolerance(due_for: i64, looked: Option<i64>, covered: bool) {
    let hours_ago = |hours| now() - SignedDuration::from_hours(hours);
    let looked = looked.map(|hours| ("daily".parse().unwrap(), hours_ago(hours)));
    let since = aims(&["daily 7d"], &[]).covered_since(&looked.into_iter().collect(), now());
    assert_eq!(hours_ago(7 * 24 + due_for) >= since[0], covered);
}

#[test]
fn what_fell_due_is_covered_until_a_pass_is_over_that_found_it_due() {
    check_tolerance(5, Some(6), true);
    check_tolerance(7, Some(6), false);
    check_tolerance(20, Some(24), true);
    check_tolerance(-1, None, true);
    check_tolerance(1, None, false);
    // Passes do not end any more: no scan covers for longer than twice the expiry.
    check_tolerance(7 * 24 - 1, Some(24 * 30), true);
    check_tolerance(7 * 24 + 1, Some(24 * 30), false);
    // A clock that was put back.
    check_tolerance(1, Some(-5), false);
}

proptest! {
    #[test]
    fn what_covers_is_what_is_not_due(days in 0i32..200, months in 0i32..30, ago in 0i64..80_000, at in 0i64..20_000) {
        let age: Age = format!("{months}m{days}d").parse().unwrap();
        let now = now() + SignedDuration::from_hours(at);
        let scanned = now - SignedDuration::from_mins(ago);
        let is_within = scanned >= oldest_within(&age, now);
        prop_assert_eq!(is_within, age.after(scanned) >= now);
    }
}
