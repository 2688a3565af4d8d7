//! Repository names as teams give them: `payments/api`, `platform/ingress-proxy`, `data/etl-runner/migrations`.
//!
//! The name of repository `index` is a function of the seed and the index, and no two are alike.

use crate::noise::Noise;

/// The team whose repositories hold Helm charts.
pub(super) const CHARTS_TEAM: &str = "charts";

const TEAMS: [&str; 47] = [
    "payments",
    "platform",
    "data",
    "checkout",
    "search",
    "identity",
    "billing",
    "logistics",
    "catalog",
    "orders",
    "inventory",
    "pricing",
    "fraud",
    "risk",
    "ledger",
    "notifications",
    "messaging",
    "media",
    "mobile",
    "web",
    "partners",
    "support",
    "analytics",
    "ml",
    "growth",
    "marketing",
    "shipping",
    "warehouse",
    "returns",
    "loyalty",
    "compliance",
    "security",
    "observability",
    "network",
    "storage",
    "ci",
    "internal",
    "legal",
    "finance",
    "hr",
    "devices",
    "edge",
    "maps",
    "content",
    "auth",
    "tools",
    CHARTS_TEAM,
];

const APPS: [&str; 61] = [
    "api",
    "ingress-proxy",
    "etl-runner",
    "worker",
    "gateway",
    "frontend",
    "backend",
    "scheduler",
    "web",
    "admin",
    "exporter",
    "importer",
    "webhooks",
    "consumer",
    "producer",
    "cache",
    "indexer",
    "crawler",
    "mailer",
    "renderer",
    "resizer",
    "reports",
    "dashboard",
    "sync",
    "reconciler",
    "operator",
    "controller",
    "agent",
    "collector",
    "aggregator",
    "router",
    "balancer",
    "migrator",
    "seeder",
    "archiver",
    "backup",
    "restore",
    "audit",
    "events",
    "streams",
    "queue",
    "jobs",
    "cron",
    "session",
    "tokens",
    "profiles",
    "accounts",
    "invoices",
    "quotes",
    "cart",
    "feed",
    "recommender",
    "ranker",
    "trainer",
    "predictor",
    "features",
    "geocoder",
    "tracker",
    "pricing-engine",
    "rules-engine",
    "monolith",
];

const PARTS: [&str; 36] = [
    "migrations",
    "canary",
    "debug",
    "nginx",
    "sidecar",
    "tests",
    "base",
    "builder",
    "init",
    "proxy",
    "cli",
    "docs",
    "e2e",
    "load-test",
    "metrics",
    "redis",
    "postgres",
    "worker",
    "cron",
    "web",
    "grpc",
    "rest",
    "batch",
    "stream",
    "lambda",
    "arm",
    "slim",
    "alpine",
    "jobs",
    "admin",
    "mock",
    "tools",
    "assets",
    "seed",
    "shell",
    "ui",
];

/// The name of repository `index`.
///
/// The first 2,867 are `team/app`, the next 103,212 are `team/app/part`; beyond that the part gets a number.
pub(super) fn name(seed: Noise, index: u32) -> String {
    let pairs = TEAMS.len() * APPS.len();
    let index = index as usize;
    // A prime stride visits every pair once, so that neighbours in the list look unlike each other.
    let start = usize::try_from(seed.word("names").below(pairs as u64)).unwrap_or(0);
    let pair = (start + (index % pairs) * 1009) % pairs;
    let (team, app) = (TEAMS[pair % TEAMS.len()], APPS[pair / TEAMS.len()]);
    match index / pairs {
        0 => format!("{team}/{app}"),
        round if round <= PARTS.len() => format!("{team}/{app}/{}", PARTS[round - 1]),
        round => format!("{team}/{app}/{}-{}", PARTS[round % PARTS.len()], round / PARTS.len() + 1),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_are_unique_to_a_hundred_thousand_and_beyond() {
        let names: HashSet<String> = (0..150_000).map(|index| name(Noise::new(3), index)).collect();
        assert_eq!(names.len(), 150_000);
    }

    #[test]
    fn names_are_ones_that_ecr_accepts() {
        for index in (0..150_000).step_by(97) {
            let name = name(Noise::new(5), index);
            assert!(crate::wire::is_repository_name(&name), "{name}");
        }
    }
}
