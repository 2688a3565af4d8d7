//! Carries out a plan, and says of everything in it what came of it.

mod carry_out;
mod leave;

pub use carry_out::{Pursued, pursue};
