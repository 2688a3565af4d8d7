//! The controls over HTTP, under `/_sim`, for simulators that run in another process.

mod check;
mod dispatch;
mod refused;
mod requests;

pub(crate) use dispatch::{ROOT, answer};
