//! Stories of the HTTP side: requests and what they are answered with.

mod answer;
mod browsers;
mod configs;
mod frame;
mod limits;
mod passes;
mod sockets;
mod stage;
mod tokens;
