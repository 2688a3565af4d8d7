//! Stories of the HTTP side: requests and what they are answered with.

mod answer;
mod answers;
mod browsers;
mod configs;
mod crowd;
mod description;
mod exceptions;
mod frame;
mod limits;
mod memory;
mod passes;
mod plans;
mod questions;
mod schemathesis;
mod sinks;
mod sockets;
mod stage;
mod tokens;
