//! The controls over HTTP, under `/_sim`, for simulators that run in another process.

mod dispatch;
mod requests;

pub(crate) use dispatch::{ROOT, answer};
