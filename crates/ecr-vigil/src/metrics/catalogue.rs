//! Every family that is served: the one list, in the order in which they are written.
//!
//! Names are an interface: one that is out in the world is never given another meaning.

use super::family::{Family, Kind};

macro_rules! families {
    ($($constant:ident = $kind:ident $name:literal [$($label:literal),*] $help:literal;)+) => {
        $(
            pub(super) static $constant: Family =
                Family { name: $name, kind: Kind::$kind, labels: &[$($label),*], help: $help };
        )+
        /// Every family, for those who check the list.
        #[cfg(test)]
        pub static FAMILIES: &[&Family] = &[$(&$constant),+];
    };
}

families! {
    // Coverage and freshness.
    IMAGES_SCANNABLE = Gauge "ecr_vigil_images_scannable" ["registry", "region"]
        "Images that some schedule looks at and that can be scanned.";
    IMAGES_COVERED = Gauge "ecr_vigil_images_covered" ["registry", "region"]
        "Scannable images whose last scan is within the cadence of each schedule that looks at them.";
    COVERAGE_RATIO = Gauge "ecr_vigil_coverage_ratio" ["registry", "region"]
        "Covered images among scannable ones, from 0 to 1; nothing where nothing is scannable.";
    IMAGES_NEVER_SCANNED = Gauge "ecr_vigil_images_never_scanned" ["registry", "region"]
        "Scannable images that have no scan result.";
    OLDEST_SCAN = Gauge "ecr_vigil_oldest_scan_timestamp_seconds" ["registry", "region"]
        "When the scan was completed that is the oldest among the last scans of scannable images.";
    IMAGES_UNSCANNABLE = Gauge "ecr_vigil_images_unscannable" ["registry", "region", "reason"]
        "Images that some schedule looks at and that cannot be scanned, by reason.";
    DAILY_SCANS_USED = Gauge "ecr_vigil_daily_scans_used" ["registry", "region"]
        "Images scanned on request in the last 24 hours, whoever asked; scans that ECR makes by itself use nothing up.";
    DAILY_SCANS_BUDGET = Gauge "ecr_vigil_daily_scans_budget" ["registry", "region"]
        "Scans that may be used in 24 hours.";

    // Findings.
    FINDINGS_OPEN = Gauge "ecr_vigil_findings_open" ["registry", "region", "severity"]
        "Open findings of the images that tags point to; accepted ones are not open.";
    FINDINGS_NEW = Counter "ecr_vigil_findings_new_total" ["registry", "region", "severity"]
        "Findings that the scan before had not, counted since the start of the service.";
    FINDINGS_FIXED = Counter "ecr_vigil_findings_fixed_total" ["registry", "region", "severity"]
        "Findings that were gone with a later scan, counted since the start of the service.";

    // Passes.
    PASSES = Counter "ecr_vigil_passes_total" ["schedule", "outcome"]
        "Passes that ended, by outcome: complete, partial (a part of a registry could not be read), cut_short, failed.";
    LAST_PASS = Gauge "ecr_vigil_last_pass_timestamp_seconds" ["schedule"]
        "When the last pass ended; this and the next two leave out passes by hand on named images.";
    LAST_PASS_SUCCESS = Gauge "ecr_vigil_last_pass_success_timestamp_seconds" ["schedule"]
        "When the last pass ended that was complete or partial.";
    LAST_PASS_DURATION = Gauge "ecr_vigil_last_pass_duration_seconds" ["schedule"]
        "How long the last pass took.";
    NEXT_PASS = Gauge "ecr_vigil_next_pass_timestamp_seconds" ["schedule"]
        "When the next pass begins, by the schedule and its windows.";
    SCHEDULE_INTERVAL = Gauge "ecr_vigil_schedule_interval_seconds" ["schedule"]
        "How long it may take from one pass to the next: from the last good one to the next, or from that to the one after.";
    PASSES_FAILED = Gauge "ecr_vigil_passes_failed_in_a_row" ["schedule"]
        "Passes that failed since the last one that did not; the next one is tried soon, after a wait that grows.";
    SCHEDULE_ENDED = Gauge "ecr_vigil_schedule_ended" ["schedule"]
        "1 once the schedule never comes around again, since the years that it names are over.";
    IMAGES_DUE = Gauge "ecr_vigil_images_due" ["registry", "region", "schedule"]
        "Images that the schedule's last pass found due and has not got scanned, held ones included.";
    IMAGES_HELD = Gauge "ecr_vigil_images_held" ["registry", "region", "schedule", "reason"]
        "Due images that did not fit into the schedule's last pass, by reason.";
    SCANS_TO_START = Gauge "ecr_vigil_scans_to_start" ["registry", "region"]
        "Scans of passes under way that wait for their turn to be started.";
    SCANS_IN_FLIGHT = Gauge "ecr_vigil_scans_in_flight" ["registry", "region"]
        "Scans whose results passes under way wait for.";
    QUEUE_OLDEST = Gauge "ecr_vigil_queue_oldest_timestamp_seconds" ["registry", "region", "queue"]
        "Since when the oldest waits, by queue: to_start, in_flight; nothing for an empty queue.";

    // News.
    MESSAGES = Counter "ecr_vigil_messages_total" ["sink", "outcome"]
        "Attempts to deliver a message, by outcome: delivered, put_off (tried again later), given_up.";
    MESSAGES_WAITING = Gauge "ecr_vigil_messages_waiting" ["sink"]
        "Messages that wait for the sink, those of a period that is not over included.";
    MESSAGES_OLDEST = Gauge "ecr_vigil_messages_oldest_timestamp_seconds" ["sink"]
        "Since when the first message waits that the sink should have by now; nothing if there is none.";
    DEAD_LETTERS = Gauge "ecr_vigil_dead_letters" ["sink"]
        "Messages that were given up.";

    // Events.
    EVENTS = Counter "ecr_vigil_events_total" ["kind", "outcome"]
        "Events that were received, by outcome: looked, ignored (nobody looks there), put_off (it comes back), dead_letter.";
    EVENT_DEAD_LETTERS = Counter "ecr_vigil_event_dead_letters_total" ["reason"]
        "Messages that cannot be used, by reason: not_json, no_detail_type, unknown_detail_type, invalid.";
    EVENTS_IN_HAND = Gauge "ecr_vigil_events_in_hand" []
        "Events that were received and are not done with.";
    EVENT_OLDEST = Gauge "ecr_vigil_event_oldest_timestamp_seconds" []
        "When the oldest event in hand was sent to the queue; nothing while there is none.";
    EVENT_QUEUE_FAILURES = Counter "ecr_vigil_event_queue_failures_total" []
        "Times that the event queue did not answer.";

    // Calls to AWS.
    SCANS_REQUESTED = OldCounter "aws_ecr_scans_requested" []
        "The total count of AWS ECR image scan requests that were accepted.";
    SCANS_REQUESTED_ERRORS = OldCounter "aws_ecr_scans_requested_errors" []
        "The total count of AWS ECR image scan requests that resulted in an error.";
    SCANS_RATE_LIMITED = OldCounter "aws_ecr_scans_rate_limited" []
        "The total count of AWS ECR image scan requests rejected due to rate-limiting: a quota of scans was used up.";
    API_CALLS = Counter "ecr_vigil_api_calls_total" ["registry", "region", "operation", "outcome"]
        "Calls to AWS, attempts that were repeated included, by outcome: ok, throttled, transient, refused.";

    // What the companion exporter of the operator before told.
    REPOSITORY_COUNT = Gauge "aws_ecr_repository_count" ["registry", "region"]
        "Repositories in the registry.";
    REPOSITORY_INFO = Gauge "aws_ecr_repository_info" ["name", "registry", "region", "scan_on_push", "tag_mutability", "uri"]
        "A repository and its settings; always 1.";
    IMAGE_SIZE = Gauge "aws_ecr_image_size_bytes" ["registry", "region", "repository", "tag", "digest"]
        "The size of an image as ECR stores it.";
    IMAGE_PUSHED = Gauge "aws_ecr_image_pushed_timestamp_seconds" ["registry", "region", "repository", "tag", "digest"]
        "When an image was pushed.";
    IMAGE_FINDINGS = Gauge "aws_ecr_image_scan_findings" ["registry", "region", "repository", "digest", "tag", "severity"]
        "Findings of an image's last scan by severity.";
    IMAGE_SCANNED = Gauge "aws_ecr_image_scan_completed_timestamp_seconds" ["registry", "region", "repository", "digest", "tag"]
        "When an image's last scan was completed.";
    IMAGE_SERIES_DROPPED = Gauge "ecr_vigil_image_series_dropped" []
        "Images under one of the newest tags of which nothing is told, since there are too many of them.";

    // Catalogues of threats.
    CATALOGUE_READ = Gauge "ecr_vigil_catalogue_read_timestamp_seconds" ["catalogue"]
        "When a catalogue of threats was last read from its source, or was found there to be as it was: kev, epss.";
    CATALOGUE_ENTRIES = Gauge "ecr_vigil_catalogue_entries" ["catalogue"]
        "Vulnerabilities of which a catalogue of threats knows.";

    // The service's health.
    BUILD_INFO = Gauge "ecr_vigil_build_info" ["version"]
        "The program's version; always 1.";
    STORE_UP = Gauge "ecr_vigil_store_up" []
        "Whether the store answered when this was asked for.";
    STORE_FAILURES = Counter "ecr_vigil_store_failures_total" []
        "Times that the store could not be read or written.";
    HTTP_REQUESTS = Counter "ecr_vigil_http_requests_total" ["method", "route", "status"]
        "HTTP requests that were answered; the route is none where no route was found or asked.";
    HTTP_DURATION = Histogram "ecr_vigil_http_request_duration_seconds" ["method", "route"]
        "How long it took until the answer to an HTTP request began.";

    // The process.
    PROCESS_CPU = Counter "process_cpu_seconds_total" []
        "Total user and system CPU time spent in seconds.";
    PROCESS_RESIDENT = Gauge "process_resident_memory_bytes" []
        "Resident memory size in bytes.";
    PROCESS_VIRTUAL = Gauge "process_virtual_memory_bytes" []
        "Virtual memory size in bytes.";
    PROCESS_OPEN_FDS = Gauge "process_open_fds" []
        "Number of open file descriptors.";
    PROCESS_MAX_FDS = Gauge "process_max_fds" []
        "Maximum number of open file descriptors.";
    PROCESS_THREADS = Gauge "process_threads" []
        "Number of threads.";
    PROCESS_STARTED = Gauge "process_start_time_seconds" []
        "Start time of the process since 1970 in seconds.";
}
