//! Settings in two stages: as written, in a file, the environment and flags; then as meant. The only reader of the
//! environment and of the user's files.

mod environment;
mod exceptions;
mod images;
mod keys;
mod raw;
mod settings;
mod show;
mod values;

pub use environment::environment;
pub use images::{NamedImages, named_images};
pub(crate) use keys::given;
pub use keys::{Flags, demo_flags, flags};
pub use raw::{Layers, Problem};
pub use settings::{LogSettings, Settings};
pub use show::show;
pub use values::{LogFormat, LogLevel};
