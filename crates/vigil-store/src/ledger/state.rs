//! How a finding along a lineage stands, in numbers.

use vigil_core::lineage::{FindingState, Followed};

/// The number under which a state is stored: its place among all.
pub(crate) fn state_code(state: FindingState) -> i64 {
    FindingState::ALL.iter().position(|other| *other == state).unwrap_or_default() as i64
}

/// The state that was stored under this number.
pub(crate) fn state_from(code: i64) -> FindingState {
    let place = usize::try_from(code).unwrap_or(usize::MAX);
    FindingState::ALL.get(place).copied().unwrap_or(FindingState::Open)
}

/// In one number: whether the scanner knows an exploit, and whether it is listed as known exploited.
pub(super) fn exploited(followed: &Followed) -> i64 {
    i64::from(followed.exploit_known) * EXPLOIT_KNOWN + i64::from(followed.listed) * LISTED
}

/// Whether the scanner knew an exploit of what was stored so.
pub(super) fn exploit_known(exploited: i64) -> bool {
    exploited & EXPLOIT_KNOWN != 0
}

/// Whether what was stored so was listed.
pub(super) fn listed(exploited: i64) -> bool {
    exploited & LISTED != 0
}

/// The scanner knows an exploit.
pub(crate) const EXPLOIT_KNOWN: i64 = 1;
/// It is listed as known exploited.
pub(crate) const LISTED: i64 = 2;
