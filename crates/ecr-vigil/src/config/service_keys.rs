//! Every setting that only the service has, in one table; those of its passes are in the other.

use vigil_core::schedule::{BLACKOUT_FORMS, EXPRESSION_FORMS, WINDOW_FORMS};

use super::key::{Key, LIMIT, PATTERNS, SWITCH, URL, key};

const DOOR: &str = "open, token or off";
const ORIGIN: &str = "web origins such as https://board.example.com";
const KEEP: &str = "an age of at least 2d such as 90d, 26w or 12m (months), or forever";
pub(super) const SIZE: &str = "a number of bytes, or one with kB, MB, KiB or MiB";
const QUEUE: &str = "a URL such as https://sqs.eu-west-1.amazonaws.com/123456789012/events";
const DURATION: &str = "a duration such as 30s or 5m";

/// The settings of the service, in the order in which they are shown.
pub(super) static SERVICE_KEYS: &[Key] = &[
    key("schedule.cron", "schedule", &["VIGIL_SCHEDULE", "AWS_ECR_SCAN_CRON_SCHEDULE"])
        .default("0 0 0 * * *")
        .form(EXPRESSION_FORMS)
        .help("When passes begin; a pass that could not begin in time is made up for once"),
    key("schedule.time_zone", "time-zone", &["VIGIL_TIME_ZONE"])
        .default("UTC")
        .form("a time zone such as Europe/Berlin")
        .help("Where the clock hangs that the schedule, its windows and its blackouts are read on"),
    key("schedule.jitter", "jitter", &["VIGIL_JITTER"])
        .default("none")
        .form(LIMIT)
        .help("Begin up to so much later; how much is drawn from the schedule's name and the time"),
    key("schedule.windows", "windows", &["VIGIL_WINDOWS"])
        .separated_by(';')
        .form(WINDOW_FORMS)
        .absent("always")
        .help("When passes may begin; one that comes around outside waits for the next window"),
    key("schedule.blackouts", "blackouts", &["VIGIL_BLACKOUTS"])
        .separated_by(';')
        .form(BLACKOUT_FORMS)
        .absent("never")
        .help("When passes may not begin, whatever the windows say"),
    key("schedule.spread", "spread", &["VIGIL_SPREAD"])
        .default("none")
        .words("a duration such as 6h, window or none")
        .help("Spread the starts of a pass over so long, or until its window closes"),
    key("schedule.scan_configs", "scan-configs", &["VIGIL_SCAN_CONFIGS"])
        .default("also")
        .words("also, only or off")
        .help("Whether repositories with a scan configuration are scanned beside the selection, alone, or not for that"),
    key("service.run_now", "run-now", &["VIGIL_RUN_NOW"])
        .default("false")
        .words(SWITCH)
        .restart()
        .help("Begin with a pass of every schedule, whatever the time, its windows and its blackouts"),
    key("service.grace", "grace", &["VIGIL_GRACE"])
        .default("30s")
        .form(DURATION)
        .restart()
        .help("How long a signal to end waits for what is under way"),
    key("events.queue_url", "events-queue-url", &["VIGIL_EVENTS_QUEUE_URL"])
        .restart()
        .form(QUEUE)
        .absent("images are looked at by schedule alone")
        .help("An SQS queue that EventBridge sends events of ECR and Inspector to: what they are about is looked at at once"),
    key("events.dead_letter_queue_url", "events-dead-letter-queue-url", &["VIGIL_EVENTS_DEAD_LETTER_QUEUE_URL"])
        .restart()
        .form(QUEUE)
        .absent("the one of the queue's redrive policy")
        .help("Where messages of that queue go that cannot be used, each with the reason"),
    key("kev.refresh", "kev-refresh", &["VIGIL_KEV_REFRESH"])
        .default("24h")
        .form(DURATION)
        .help("How often the catalogue of known exploited vulnerabilities is read again; SIGHUP does so at once"),
    key("epss.refresh", "epss-refresh", &["VIGIL_EPSS_REFRESH"])
        .default("24h")
        .form(DURATION)
        .help("How often the EPSS scores are read again; SIGHUP does so at once"),
    key("news.settle", "news-settle", &["VIGIL_NEWS_SETTLE"])
        .default("10s")
        .form(LIMIT)
        .help("News is told once nothing more was noticed for so long, and after three times as long at the latest"),
    key("owners.tags", "owner-tags", &["VIGIL_OWNER_TAGS"])
        .many()
        .default("owner,team")
        .words("keys of ECR repository tags, or none")
        .help("The tags of a repository that name its owner: the first that it has counts"),
    key("sns.topic_arn", "sns-topic-arn", &["VIGIL_SNS_TOPIC_ARN", "ECR_SNS_REPORT_TOPIC_ARN"])
        .form("the ARN of an SNS topic")
        .help("A topic that hears what reaches a threshold: the sink named sns"),
    key("slack.token", "slack-token", &["VIGIL_SLACK_TOKEN", "SLACK_TOKEN"])
        .secret()
        .form("a bot's token")
        .help("The token with which the sink named slack writes to its channel"),
    key("slack.channel", "slack-channel-id", &["VIGIL_SLACK_CHANNEL_ID", "SLACK_CHANNEL_ID"])
        .form("the id of a channel, such as C012AB3CD")
        .help("The channel of the sink named slack"),
    key("store.database", "database", &["VIGIL_DATABASE"])
        .restart()
        .form("a file name")
        .absent("vigil.db")
        .help("The file in which everything is remembered; it is created if it is not there"),
    key("store.database_url", "database-url", &["VIGIL_DATABASE_URL", "DATABASE_URL"])
        .restart()
        .form("postgres://user:password@host/database")
        .help("A PostgreSQL database in place of the file; in a flag its password is seen by whoever lists processes"),
    key("store.keep_passes", "keep-passes", &["VIGIL_KEEP_PASSES"])
        .default("180d")
        .words(KEEP)
        .help("How long passes and their reports are kept"),
    key("store.keep_changes", "keep-changes", &["VIGIL_KEEP_CHANGES"])
        .default("180d")
        .words(KEEP)
        .help("How long it is kept which findings appeared, worsened and were fixed, and the daily trend"),
    key("store.keep_scans", "keep-scans", &["VIGIL_KEEP_SCANS"])
        .default("365d")
        .words(KEEP)
        .help("How long scans are kept; the findings of an image's last one stay as long as the image"),
    key("store.keep_fixed", "keep-fixed", &["VIGIL_KEEP_FIXED"])
        .default("365d")
        .words(KEEP)
        .help("How long fixed findings are kept; one that comes back later has no past"),
    key("store.keep_gone", "keep-gone", &["VIGIL_KEEP_GONE"])
        .default("30d")
        .words(KEEP)
        .help("How long images are kept after they were deleted from ECR"),
    key("lineage.tags", "lineage-tags", &["VIGIL_LINEAGE_TAGS"])
        .many()
        .form(PATTERNS)
        .absent("images follow one another under the same tag only")
        .help("Tags whose images follow one another, such as v*: findings keep their age from one to the next"),
    key("http.host", "http-host", &["VIGIL_HTTP_HOST", "AWS_ECR_SCAN_WEB_HOST"])
        .restart()
        .default("127.0.0.1")
        .form("an IP address, or localhost")
        .help("Where the service listens; anything but loopback needs tokens, or --http-authentication none"),
    key("http.port", "http-port", &["VIGIL_HTTP_PORT", "AWS_ECR_SCAN_WEB_PORT"])
        .restart()
        .default("2112")
        .form("a number up to 65535; 0 is any free port")
        .help("The port it listens on"),
    key("http.authentication", "http-authentication", &["VIGIL_HTTP_AUTHENTICATION"])
        .restart()
        .words("token or none")
        .absent("token, if there are tokens or the address is not loopback")
        .help("Who may ask: whoever has one of the file's [[http.token]], or everybody"),
    key("http.tls_certificate", "tls-certificate", &["VIGIL_TLS_CERTIFICATE"])
        .restart()
        .form("a PEM file that can be read")
        .absent("no TLS")
        .help("The certificate, followed by those that vouch for it"),
    key("http.tls_key", "tls-key", &["VIGIL_TLS_KEY"])
        .restart()
        .form("a PEM file that can be read")
        .help("Its private key"),
    key("http.cors_origins", "cors-origins", &["VIGIL_CORS_ORIGINS"])
        .restart()
        .many()
        .form(ORIGIN)
        .absent("none")
        .help("Web pages of these origins may ask"),
    key("http.body_limit", "body-limit", &["VIGIL_BODY_LIMIT"])
        .restart()
        .default("64KiB")
        .form(SIZE)
        .help("How large a request may be"),
    key("http.request_timeout", "request-timeout", &["VIGIL_REQUEST_TIMEOUT"])
        .restart()
        .default("30s")
        .form(DURATION)
        .help("How long a request may take"),
    key("http.concurrent_requests", "concurrent-requests", &["VIGIL_CONCURRENT_REQUESTS"])
        .restart()
        .default("512")
        .form("a number of requests, at least 1")
        .help("How many requests may be under way at once; further ones are turned away"),
    key("http.health", "health", &["VIGIL_HEALTH"])
        .restart()
        .default("open")
        .words(DOOR)
        .help("Who may ask /healthz and /readyz: everybody, whoever has a token, or nobody"),
    key("http.metrics", "metrics", &["VIGIL_METRICS"])
        .restart()
        .default("open")
        .words(DOOR)
        .help("The same for the metrics"),
    key("http.metrics_path", "metrics-path", &["VIGIL_METRICS_PATH", "AWS_ECR_SCAN_METRICS_PATH"])
        .restart()
        .default("/metrics")
        .form("a path such as /metrics, and none at which something else is")
        .help("Where the metrics are"),
    key("http.public_url", "public-url", &["VIGIL_PUBLIC_URL"])
        .restart()
        .form(URL)
        .absent("the address at which it was asked")
        .help("The address by which people reach the service, for the links that it gives"),
    key("metrics.newest_tags", "metrics-newest-tags", &["VIGIL_METRICS_NEWEST_TAGS", "AWS_ECR_EXPORTER_LIMITS_IMAGE_TAGS_COUNT"])
        .default("3")
        .words("a number of tags, at least 1, or all")
        .help("Metrics of images are given for so many tags of a repository, newest first"),
    key("metrics.minimum_severity", "metrics-minimum-severity", &["VIGIL_METRICS_MINIMUM_SEVERITY"])
        .default("UNDEFINED")
        .words("CRITICAL, HIGH, MEDIUM, LOW, INFORMATIONAL, UNTRIAGED or UNDEFINED")
        .help("Metrics of findings are given from this severity on"),
    key("metrics.image_series", "image-series", &["VIGIL_IMAGE_SERIES"])
        .default("20000")
        .words("true, false, or a number of images")
        .help("Whether there are metrics of each image, or of how many at most; those of repositories and registries stay"),
    key("scan_configs.bucket", "scan-configs-bucket", &["VIGIL_SCAN_CONFIGS_BUCKET", "ECR_SCAN_CONFIG_BUCKET"])
        .restart()
        .form("the name of an S3 bucket")
        .absent("they are kept in the database")
        .help("The bucket in which scan configurations are kept, each as ID.json"),
    key("scan_configs.region", "scan-configs-region", &["VIGIL_SCAN_CONFIGS_REGION"])
        .restart()
        .form("an AWS region such as eu-west-1")
        .absent("the region of the AWS configuration")
        .help("The region of the bucket"),
];
