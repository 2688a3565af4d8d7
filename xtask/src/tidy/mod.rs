//! `cargo xtask tidy`: the house rules that no compiler holds. A rule is a plain function from a file to what in it is
//! wrong and why; only `files` and `check` touch the disk.

mod check;
mod direction;
mod files;
mod homes;
mod leftovers;
mod shape;
mod source;
mod tokens;
mod violation;
mod waiting;

pub(crate) use check::run;
pub(crate) use files::files;
