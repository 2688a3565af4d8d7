//! The codes with which the program ends: the one list of them.

use std::process::ExitCode;

/// How a command ended, for the program that started it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// No image failed, and none is over a threshold; what is held or cannot be scanned is in the report.
    Clean,
    /// Some image is over a threshold. This wins over the codes of incomplete passes: what was found is true.
    ThresholdsCrossed,
    /// The command line or the settings are wrong; nothing was opened.
    Usage,
    /// Everything was tried, but some scans or calls failed. An image that was named counts if it was not scanned for any
    /// reason, and one for which ECR's own quota did not suffice even if it is only held.
    SomeFailed,
    /// Nothing could be done: no credentials, no access, no place to write.
    NothingDone,
    /// The pass ended early, at its time limit, by a signal or because its results could not be written down; the report is
    /// partial.
    EndedEarly,
}

/// The list, as `--help` shows it.
pub const EXIT_CODES: &str = "\
Exit codes:
  0  no image failed, none is over a threshold; what is held or unscannable is in the report
  1  an image is over a threshold (this wins over 3 and 5)
  2  the command line or the settings are wrong; nothing was opened
  3  a scan or a call failed, a named image was not scanned, or ECR's quota is used up
  4  nothing could be done: no credentials, no access, or no place to write
  5  the pass ended early (time limit, signal, full temporary disk); the report is partial";

impl Exit {
    /// The number.
    pub fn code(self) -> u8 {
        match self {
            Self::Clean => 0,
            Self::ThresholdsCrossed => 1,
            Self::Usage => 2,
            Self::SomeFailed => 3,
            Self::NothingDone => 4,
            Self::EndedEarly => 5,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}

/// Ends the program without further ado, for somebody who has asked twice.
#[expect(clippy::disallowed_methods, reason = "this is the one place that ends the program")]
pub fn at_once() -> ! {
    std::process::exit(Exit::EndedEarly.code().into())
}
