//! People who watch: how many there may be, and their places.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::problem::Problem;

/// Places for watchers.
#[derive(Clone)]
pub(super) struct Watchers(Arc<Semaphore>);

impl Watchers {
    /// So many places.
    pub(super) fn new(places: usize) -> Self {
        Self(Arc::new(Semaphore::new(places)))
    }

    /// Takes a place, for as long as what is returned is held.
    ///
    /// # Errors
    ///
    /// If all are taken.
    pub(super) fn take(&self) -> Result<OwnedSemaphorePermit, Problem> {
        let full = |_| Problem::unavailable("too many people are watching");
        self.0.clone().try_acquire_owned().map_err(full)
    }
}
