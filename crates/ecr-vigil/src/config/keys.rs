//! Every setting of a pass, in one table, and all settings together. The command line, `config show` and the errors are
//! made from it.

use super::key::{AGE, CATALOGUE, Key, LIMIT, PATTERNS, SWITCH, THRESHOLD, URL, key};
use super::service_keys::SERVICE_KEYS;

/// All settings, in the order in which they are shown.
pub(super) fn keys() -> impl Iterator<Item = &'static Key> {
    PASS_KEYS.iter().chain(SERVICE_KEYS)
}

/// The setting of this name.
pub(super) fn find(name: &str) -> Option<&'static Key> {
    keys().find(|key| key.name == name)
}

/// The settings of a pass, in the order in which they are shown.
pub(super) static PASS_KEYS: &[Key] = &[
    key("regions", "region", &["VIGIL_REGIONS"])
        .many()
        .form("AWS regions such as eu-west-1")
        .absent("the region of the AWS configuration")
        .help("Regions to look at, with the credentials at hand"),
    key("aws.endpoint_url", "endpoint-url", &["VIGIL_ENDPOINT_URL"])
        .form(URL)
        .help("Where AWS is, if not where it usually is (AWS_ENDPOINT_URL is honoured too)"),
    key("aws.fips", "fips", &["VIGIL_FIPS"]).default("false").words(SWITCH).help("Use FIPS endpoints"),
    key("aws.dual_stack", "dual-stack", &["VIGIL_DUAL_STACK"])
        .default("false")
        .words(SWITCH)
        .help("Use endpoints that answer over IPv6 too"),
    key("aws.call_timeout", "call-timeout", &["VIGIL_CALL_TIMEOUT"])
        .default("30s")
        .form("a duration such as 10s or 1m")
        .help("How long one try of one call may take"),
    key("aws.calls_per_second", "calls-per-second", &["VIGIL_CALLS_PER_SECOND"])
        .many()
        .form("an ECR operation and a rate, such as StartImageScan=5")
        .absent("as fast as AWS lets us")
        .help("Never call an operation faster than this in an account and region"),
    key("select.repositories", "repositories", &["VIGIL_REPOSITORIES", "REPOSITORIES_FILTER_REGEXP"])
        .many()
        .form(PATTERNS)
        .absent("all")
        .help("Repositories to look at"),
    key("select.exclude_repositories", "exclude-repositories", &["VIGIL_EXCLUDE_REPOSITORIES"])
        .many()
        .form(PATTERNS)
        .help("Repositories to leave"),
    key("select.tag_status", "tag-status", &["VIGIL_TAG_STATUS", "AWS_ECR_SCAN_IMAGES_FILTER_TAG_STATUS"])
        .default("any")
        .words("any, tagged or untagged")
        .help("Which images to look at, by whether they have a tag"),
    key("select.tags", "tags", &["VIGIL_TAGS"]).many().form(PATTERNS).absent("all").help("Tags to look at"),
    key("select.exclude_tags", "exclude-tags", &["VIGIL_EXCLUDE_TAGS"]).many().form(PATTERNS).help("Tags to leave"),
    key("select.newest", "newest", &["VIGIL_NEWEST"])
        .form("a number of images, at least 1")
        .help("Look only at so many images of a repository, newest first; an index counts as one"),
    key("select.pushed_within", "pushed-within", &["VIGIL_PUSHED_WITHIN"])
        .form(AGE)
        .help("Look only at images pushed this recently; with --pulled-within, either is enough"),
    key("select.pulled_within", "pulled-within", &["VIGIL_PULLED_WITHIN"])
        .form(AGE)
        .help("Look only at images pulled this recently"),
    key("cadence.expiry", "expiry", &["VIGIL_EXPIRY", "ECR_IMAGES_DURATION_DELTA"])
        .default("7d")
        .form(AGE)
        .help("A scan older than this is due again"),
    key("cadence.retry_failed", "retry-failed", &["VIGIL_RETRY_FAILED"])
        .default("false")
        .words(SWITCH)
        .help("Start scans that failed again at every pass: ECR does not say when they failed"),
    key("budget.scans_per_day", "scans-per-day", &["VIGIL_SCANS_PER_DAY"])
        .default("100000")
        .form("a number of scans; 0 starts none")
        .help("Scans in 24 hours for each account and region; ECR's quota is 100,000"),
    key("budget.scans_per_pass", "scans-per-pass", &["VIGIL_SCANS_PER_PASS"])
        .form("a number of scans; 0 starts none")
        .absent("no limit")
        .help("Scans that one pass may start for each account and region"),
    key("gate.critical", "critical", &["VIGIL_CRITICAL", "CRITICAL"])
        .default("0")
        .words(THRESHOLD)
        .help("From so many CRITICAL findings on an image is over the line; 0 and 1 mean any"),
    key("gate.high", "high", &["VIGIL_HIGH", "HIGH"]).default("0").words(THRESHOLD).help("The same for HIGH"),
    key("gate.medium", "medium", &["VIGIL_MEDIUM", "MEDIUM"]).default("0").words(THRESHOLD).help("The same for MEDIUM"),
    key("gate.low", "low", &["VIGIL_LOW", "LOW"]).default("0").words(THRESHOLD).help("The same for LOW"),
    key("gate.exploited", "exploited", &["VIGIL_EXPLOITED"])
        .default("false")
        .words(SWITCH)
        .help("An image with any finding that is exploited is over the line: listed as known exploited, or with an exploit that the scanner knows"),
    key("gate.epss", "epss", &["VIGIL_EPSS"])
        .default("off")
        .words("a number from 0 to 1 such as 0.5, or off")
        .help("An image with any finding as likely to be exploited as this is over the line"),
    key("gate.severity_threshold", "severity-threshold", &["VIGIL_SEVERITY_THRESHOLD", "SEVERITY_THRESHOLD"])
        .short('s')
        .default("HIGH")
        .words("CRITICAL, HIGH, MEDIUM, LOW, INFORMATIONAL, UNTRIAGED or UNDEFINED")
        .help("Findings of this severity and worse are told in detail; the counts hold all"),
    key("gate.exceptions", "exceptions", &["VIGIL_EXCEPTIONS"])
        .form("a TOML file of exceptions")
        .help("Vulnerabilities that are accepted"),
    key("exceptions.vex", "vex", &["VIGIL_VEX"])
        .many()
        .form("OpenVEX or CycloneDX files")
        .absent("none")
        .help("What these state not to be affected is accepted too"),
    key("exceptions.warn", "exceptions-warn", &["VIGIL_EXCEPTIONS_WARN"])
        .default("14d")
        .words("a number of days such as 14d, or none")
        .help("How long before an exception lapses people are warned"),
    key("kev.source", "kev-source", &["VIGIL_KEV_SOURCE"])
        .form(CATALOGUE)
        .absent("nothing is known to be exploited")
        .help("The catalogue of known exploited vulnerabilities; CISA's is https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json"),
    key("epss.source", "epss-source", &["VIGIL_EPSS_SOURCE"])
        .form(CATALOGUE)
        .absent("no scores are known")
        .help("The EPSS scores; FIRST's are https://epss.empiricalsecurity.com/epss_scores-current.csv.gz"),
    key("pass.concurrency", "concurrency", &["VIGIL_CONCURRENCY", "CONCURRENCY"])
        .short('c')
        .default("20")
        .form("a number from 1 to 1000")
        .help("Calls in flight at once for each account and region"),
    key("pass.timeout", "timeout", &["VIGIL_TIMEOUT", "TIMEOUT"])
        .default("none")
        .form(LIMIT)
        .help("End the pass after this long; what is finished is reported, the rest is named"),
    key("pass.scan_timeout", "scan-timeout", &["VIGIL_SCAN_TIMEOUT"])
        .default("15m")
        .form("a duration such as 5m")
        .help("Wait no longer than this for one scan"),
    key("pass.first_question", "first-question", &["VIGIL_FIRST_QUESTION"])
        .default("3s")
        .form("a duration such as 500ms or 10s")
        .help("Ask about a scan no sooner than this after its start; the pass learns to ask later where scans take longer"),
    key("report.format", "format", &["VIGIL_FORMAT", "FORMAT"])
        .short('f')
        .default("text")
        .words(
            "text, summary, json, table, markdown, html, csv, sarif, junit, openvex, cyclonedx or atom",
        )
        .help("How the report looks"),
    key("report.output", "output", &["VIGIL_OUTPUT"])
        .short('o')
        .default("-")
        .form("a file name, or - for standard output")
        .help("Write the report to this file, all or nothing"),
    key("log.level", "log-level", &["VIGIL_LOG_LEVEL", "AWS_ECR_SCAN_LOG_LEVEL"])
        .default("info")
        .words("debug, info, warn or error")
        .restart()
        .help("What is logged to standard error"),
    key("log.format", "log-format", &["VIGIL_LOG_FORMAT", "AWS_ECR_SCAN_LOG_FORMAT"])
        .default("text")
        .words("text, logfmt or json")
        .restart()
        .help("How the log looks"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_settings_share_a_name() {
        let mut names: Vec<&str> =
            keys().flat_map(|key| key.env.iter().copied().chain([key.name, key.flag])).collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        // The key `regions` alone has no table, so names, flags and variables cannot coincide.
        assert_eq!(names.len(), all);
    }
}
