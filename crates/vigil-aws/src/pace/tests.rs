//! A pace against a token bucket, in virtual time: workers that always have a next call, answers that take their time,
//! timers that fire on whole milliseconds, and calls that overtake each other.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::time::Duration;

use super::Pace;

/// What is simulated; each run is the same as the last.
#[derive(Clone, Copy)]
struct Scene {
    /// Calls per second that somebody has set.
    most: Option<f64>,
    /// Calls per second, by the second.
    quota: fn(u64) -> f64,
    /// How many tokens the bucket holds.
    burst: f64,
    clients: usize,
    workers: usize,
    seconds: u64,
}

/// How the calls of one second ended.
#[derive(Debug, Clone, Copy, Default)]
struct Second {
    passed: u64,
    throttled: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Turn,
    Arrival,
    Answer { passed: bool },
}

/// When, in the order of scheduling; the client, its worker, and what happens.
type Scheduled = (Duration, u64, usize, usize, Event);

struct Client {
    pace: Pace,
    queue: VecDeque<usize>,
    sending: bool,
    sent: Vec<Duration>,
}

struct Bucket {
    tokens: f64,
    at: Duration,
}

struct Simulation {
    scene: Scene,
    clients: Vec<Client>,
    bucket: Bucket,
    events: BinaryHeap<Reverse<Scheduled>>,
    count: u64,
    chance: u64,
    /// By client, then by second.
    seconds: Vec<Vec<Second>>,
}

/// The time from sending to the answer, on average.
const LATENCY: Duration = Duration::from_millis(20);

fn simulate(scene: Scene) -> Vec<Vec<Second>> {
    let client = |_| Client {
        pace: Pace::new(scene.most),
        queue: (0..scene.workers).collect(),
        sending: false,
        sent: vec![Duration::ZERO; scene.workers],
    };
    let mut simulation = Simulation {
        scene,
        clients: (0..scene.clients).map(client).collect(),
        bucket: Bucket { tokens: scene.burst, at: Duration::ZERO },
        events: BinaryHeap::new(),
        count: 0,
        chance: 7,
        seconds: vec![vec![Second::default(); scene.seconds as usize]; scene.clients],
    };
    simulation.run();
    simulation.seconds
}

impl Simulation {
    fn run(&mut self) {
        let end = Duration::from_secs(self.scene.seconds);
        let mut now = Duration::ZERO;
        loop {
            for client in 0..self.clients.len() {
                self.next_in_queue(client, now);
            }
            let Some(Reverse((at, _, client, worker, event))) = self.events.pop() else { return };
            if at >= end {
                return;
            }
            now = at;
            match event {
                Event::Turn => self.turn(client, worker, now),
                Event::Arrival => {
                    let passed = self.admit(now);
                    self.after_half_the_latency(client, worker, now, Event::Answer { passed });
                }
                Event::Answer { passed } => self.answer(client, worker, now, passed),
            }
        }
    }

    fn next_in_queue(&mut self, client: usize, now: Duration) {
        let waiting = &mut self.clients[client];
        if !waiting.sending
            && let Some(worker) = waiting.queue.pop_front()
        {
            waiting.sending = true;
            self.at(now + Duration::from_micros(20), client, worker, Event::Turn);
        }
    }

    fn turn(&mut self, client: usize, worker: usize, now: Duration) {
        match self.clients[client].pace.take(now) {
            Ok(()) => {
                self.clients[client].sending = false;
                self.clients[client].sent[worker] = now;
                self.after_half_the_latency(client, worker, now, Event::Arrival);
            }
            Err(at) => {
                let tick = Duration::from_millis(at.as_nanos().div_ceil(1_000_000) as u64);
                self.at(tick, client, worker, Event::Turn);
            }
        }
    }

    fn answer(&mut self, client: usize, worker: usize, now: Duration, passed: bool) {
        let second = &mut self.seconds[client][now.as_secs() as usize];
        let client = &mut self.clients[client];
        if passed {
            second.passed += 1;
            client.pace.passed(now);
        } else {
            second.throttled += 1;
            client.pace.throttled(client.sent[worker], now);
        }
        client.queue.push_back(worker);
    }

    fn admit(&mut self, now: Duration) -> bool {
        let Bucket { tokens, at } = &mut self.bucket;
        let came_in = (self.scene.quota)(now.as_secs()) * (now - *at).as_secs_f64();
        *tokens = (*tokens + came_in).min(self.scene.burst);
        *at = now;
        let passed = *tokens >= 1.0;
        *tokens -= f64::from(u8::from(passed));
        passed
    }

    /// Half of the latency, give or take a third.
    fn after_half_the_latency(&mut self, client: usize, worker: usize, now: Duration, event: Event) {
        self.chance = self.chance.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        let chance = (self.chance >> 33) as f64 / (1_u64 << 31) as f64;
        self.at(now + LATENCY.mul_f64(0.35 + 0.3 * chance), client, worker, event);
    }

    fn at(&mut self, at: Duration, client: usize, worker: usize, event: Event) {
        self.count += 1;
        self.events.push(Reverse((at, self.count, client, worker, event)));
    }
}

/// All clients' calls from one second to another.
fn add_up(clients: &[Vec<Second>], from: usize, to: usize) -> Second {
    clients.iter().flat_map(|seconds| &seconds[from..to]).fold(Second::default(), |sum, second| Second {
        passed: sum.passed + second.passed,
        throttled: sum.throttled + second.throttled,
    })
}

impl Second {
    fn throttled_share(self) -> f64 {
        self.throttled as f64 / (self.passed + self.throttled).max(1) as f64
    }
}

#[track_caller]
fn check_steady(quota: fn(u64) -> f64, burst: f64, workers: usize, seconds: u64) {
    let clients = simulate(Scene { most: None, quota, burst, clients: 1, workers, seconds });
    let (rate, start) = (quota(0), add_up(&clients, 0, 10));
    let steady = add_up(&clients, 10, seconds as usize);
    let used = steady.passed as f64 / (rate * (seconds - 10) as f64);
    println!(
        "{rate}/s, bucket of {burst}: used {:.2} %, throttled {:.2} %; at the start {} of {} throttled",
        used * 100.0,
        steady.throttled_share() * 100.0,
        start.throttled,
        start.passed + start.throttled,
    );
    assert!(used >= 0.98, "used {used}");
    assert!(steady.throttled_share() < 0.01, "throttled {}", steady.throttled_share());
    // All calls in flight may meet the empty bucket once; what comes on top is the search.
    assert!(start.throttled < workers as u64 + 30, "throttled at the start: {}", start.throttled);
}

#[test]
fn a_steady_quota_is_used_up_with_few_refusals() {
    check_steady(|_| 1.0, 5.0, 32, 3000);
    check_steady(|_| 5.0, 5.0, 32, 2000);
    check_steady(|_| 5.0, 50.0, 32, 2000);
    check_steady(|_| 50.0, 5.0, 32, 600);
    check_steady(|_| 50.0, 250.0, 32, 600);
    check_steady(|_| 400.0, 40.0, 32, 300);
    check_steady(|_| 400.0, 400.0, 32, 300);
    check_steady(|_| 400.0, 2000.0, 32, 300);
    check_steady(|_| 2000.0, 200.0, 128, 120);
    check_steady(|_| 2000.0, 10000.0, 128, 120);
}

/// A bucket of one token keeps nothing of what is not spent at once, so only a rate a little too high shows the quota.
#[test]
fn a_bucket_of_one_token_is_used_for_the_most_part() {
    let clients =
        simulate(Scene { most: None, quota: |_| 1.0, burst: 1.0, clients: 1, workers: 32, seconds: 3000 });
    let steady = add_up(&clients, 10, 3000);
    assert!(steady.passed > 2600 && steady.throttled_share() < 0.01, "{steady:?}");
}

#[test]
fn a_quota_that_drops_and_recovers_is_followed() {
    let quota = |second| if (100..200).contains(&second) { 400.0 / 3.0 } else { 400.0 };
    let clients = simulate(Scene { most: None, quota, burst: 400.0, clients: 1, workers: 32, seconds: 300 });
    let (dropped, recovered) = (add_up(&clients, 100, 200), add_up(&clients, 220, 300));
    println!("dropped: {dropped:?}, recovered: {recovered:?}");
    assert!(dropped.passed > 13_000 && dropped.throttled_share() < 0.01, "{dropped:?}");
    assert!(recovered.passed > 31_300 && recovered.throttled_share() < 0.01, "{recovered:?}");
}

#[track_caller]
fn check_below_a_set_rate(quota: fn(u64) -> f64) {
    let clients =
        simulate(Scene { most: Some(5.0), quota, burst: 5.0, clients: 1, workers: 32, seconds: 2000 });
    let (ample, dropped) = (add_up(&clients, 0, 100), add_up(&clients, 110, 2000));
    let used = dropped.passed as f64 / (quota(100) * 1890.0);
    println!("{}/s, at most 5: used {used:.4}, throttled {:.4}", quota(100), dropped.throttled_share());
    assert!(ample.passed > 490 && ample.throttled == 0, "{ample:?}");
    assert!(used > 0.98 && dropped.throttled_share() < 0.01, "{}/s: {dropped:?}", quota(100));
}

/// Near the set rate refusal is long in coming, and what has passed till then is what tells the quota.
#[test]
fn a_quota_that_drops_below_the_rate_that_is_set_is_learned() {
    check_below_a_set_rate(|second| if second < 100 { 20.0 } else { 4.9 });
    check_below_a_set_rate(|second| if second < 100 { 20.0 } else { 4.7 });
    check_below_a_set_rate(|second| if second < 100 { 20.0 } else { 2.0 });
}

#[test]
fn after_a_minute_of_nothing_but_refusals_the_quota_is_found_again() {
    let quota = |second| if (100..160).contains(&second) { 0.0 } else { 400.0 };
    let clients = simulate(Scene { most: None, quota, burst: 400.0, clients: 1, workers: 32, seconds: 300 });
    let (refused, recovered) = (add_up(&clients, 101, 160), add_up(&clients, 200, 300));
    println!("refused: {refused:?}, recovered: {recovered:?}");
    assert!(refused.throttled < 60, "{refused:?}");
    assert!(recovered.passed > 39_000 && recovered.throttled_share() < 0.01, "{recovered:?}");
}

#[track_caller]
fn check_shared(quota: fn(u64) -> f64, seconds: u64) {
    let scene = Scene { most: None, quota, burst: quota(0), clients: 2, workers: 32, seconds };
    let clients = simulate(scene);
    let both = add_up(&clients, 10, seconds as usize);
    let shares = [0, 1].map(|client| {
        add_up(&clients[client..=client], 10, seconds as usize).passed as f64 / both.passed as f64
    });
    let used = both.passed as f64 / (quota(0) * (seconds - 10) as f64);
    println!("{}/s for two: used {used:.4}, {shares:.2?}, throttled {:.4}", quota(0), both.throttled_share());
    assert!(used >= 0.96, "used {used}");
    assert!(both.throttled_share() < 0.02, "throttled {}", both.throttled_share());
    assert!(shares.iter().all(|share| *share > 0.3), "{shares:?}");
}

#[test]
fn two_programs_share_a_quota() {
    check_shared(|_| 5.0, 2000);
    check_shared(|_| 50.0, 600);
    check_shared(|_| 400.0, 600);
}

#[test]
fn a_rate_that_is_set_is_never_exceeded() {
    let mut pace = Pace::new(Some(10.0));
    let sent = |pace: &mut Pace, from: u64, to: u64| {
        (from..to).filter(|at| pace.take(Duration::from_millis(*at)).is_ok()).count()
    };
    assert_eq!(sent(&mut pace, 0, 1000), 10);
    // Of the slots that nobody claimed for a minute only the last is still good.
    assert_eq!(sent(&mut pace, 60_000, 61_000), 11);
}

#[test]
fn a_refusal_of_a_call_sent_before_the_last_cut_changes_nothing() {
    let mut pace = Pace::new(None);
    let at = Duration::from_millis;
    assert!(pace.throttled(at(10), at(30)).is_some());
    assert!(pace.throttled(at(29), at(49)).is_none());
    assert!(pace.throttled(at(31), at(51)).is_some());
}
