//! The process as the operating system sees it, under the names that every Prometheus client uses.
//!
//! Read from `/proc` where there is one; elsewhere the families have no samples.

use super::catalogue as families;
use super::exposition::Exposition;

/// What is known of the process; `None` where the system does not say.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Process {
    pub cpu_seconds: Option<f64>,
    pub resident_bytes: Option<u64>,
    pub virtual_bytes: Option<u64>,
    pub open_fds: Option<usize>,
    pub max_fds: Option<u64>,
    pub threads: Option<u64>,
    pub started_at: Option<f64>,
}

/// Looks at this process.
#[cfg(target_os = "linux")]
pub fn process() -> Process {
    use procfs::WithCurrentSystemInfo as _;
    use procfs::process::LimitValue;

    let Ok(this) = procfs::process::Process::myself() else { return Process::default() };
    let stat = this.stat().ok();
    let ticks = procfs::ticks_per_second() as f64;
    let booted = procfs::boot_time_secs().ok();
    let limit = this.limits().ok().map(|limits| limits.max_open_files.soft_limit);
    Process {
        cpu_seconds: stat.as_ref().map(|stat| (stat.utime + stat.stime) as f64 / ticks),
        resident_bytes: stat.as_ref().map(|stat| stat.rss_bytes().get()),
        virtual_bytes: stat.as_ref().map(|stat| stat.vsize),
        open_fds: this.fd_count().ok(),
        max_fds: limit.and_then(|limit| match limit {
            LimitValue::Value(limit) => Some(limit),
            LimitValue::Unlimited => None,
        }),
        threads: stat.as_ref().and_then(|stat| u64::try_from(stat.num_threads).ok()),
        started_at: stat.zip(booted).map(|(stat, booted)| booted as f64 + stat.starttime as f64 / ticks),
    }
}

/// Looks at this process.
#[cfg(not(target_os = "linux"))]
pub fn process() -> Process {
    Process::default()
}

/// Writes it down.
pub(super) fn write(to: &mut Exposition, process: &Process) {
    to.single(&families::PROCESS_CPU, process.cpu_seconds);
    to.single(&families::PROCESS_RESIDENT, process.resident_bytes);
    to.single(&families::PROCESS_VIRTUAL, process.virtual_bytes);
    to.single(&families::PROCESS_OPEN_FDS, process.open_fds);
    to.single(&families::PROCESS_MAX_FDS, process.max_fds);
    to.single(&families::PROCESS_THREADS, process.threads);
    to.single(&families::PROCESS_STARTED, process.started_at);
}
