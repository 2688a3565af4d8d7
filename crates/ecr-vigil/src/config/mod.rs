//! Settings in two stages: as written, in a file, the environment and flags; then as meant. The only reader of the
//! environment and of the user's files.

#[macro_use]
mod words;

mod changes;
mod environment;
mod events;
mod exceptions;
mod flags;
mod held;
mod http;
mod images;
mod key;
mod keys;
mod owners;
mod raw;
mod reader;
mod routes;
mod schedules;
mod service;
mod service_keys;
mod service_values;
mod settings;
mod show;
mod sinks;
mod tables;
mod values;

pub use changes::{Changes, changes};
pub use environment::environment;
pub use events::EventSettings;
pub(crate) use flags::given;
pub use flags::{Flags, all_flags, demo_flags, flags, report_flags, serve_flags};
pub use http::HttpSettings;
pub use images::{NamedImages, named_images};
pub use raw::{Layers, Problem};
pub use schedules::{ScheduleSettings, TakePart};
pub use service::{ServiceSettings, StoreSettings};
pub use settings::{LogSettings, Settings, ThreatSettings};
pub use show::show;
pub use sinks::{SinkKind, SinkSettings};
pub use values::{LogFormat, LogLevel};
