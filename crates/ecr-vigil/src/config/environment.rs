//! The environment, read once and whole.

/// All variables whose names and values are text.
#[expect(clippy::disallowed_methods, reason = "the environment is read here and nowhere else")]
pub fn environment() -> Vec<(String, String)> {
    let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
        Some((name.into_string().ok()?, value.into_string().ok()?))
    };
    std::env::vars_os().filter_map(text).collect()
}
