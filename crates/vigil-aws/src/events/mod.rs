//! What EventBridge says of images: a text becomes an event, however it came here. By which way it came, nobody here knows.

mod detail;
mod envelope;
mod repository_arn;

pub use envelope::event;
