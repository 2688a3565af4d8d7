//! News on its way: what was noticed is told, and what is told is brought to whoever is to hear it.
//!
//! Who hears what are rules of the core, how a message looks is the report's, how it travels is an adapter's; here they are
//! joined.

mod bringing;
mod example;
mod keeping;
mod mouth;
mod strays;
mod telling;
mod turn;

pub use bringing::Hearer;
pub use example::example;
pub use keeping::{NoHearer, hearers, keep_news, mouth};
pub use turn::in_turn;
