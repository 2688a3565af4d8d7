//! The end of a pass, from outside: a deadline, or somebody who interrupts.

use std::fmt;

use futures::FutureExt;
use futures::future::{BoxFuture, Shared};

/// Why a pass ends early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Halt {
    /// Its time is over.
    Deadline,
    /// Somebody asked it to end.
    Interrupted,
}

/// A signal to end in order: start nothing new, and name what is unfinished. All clones stop together.
#[derive(Clone)]
pub struct Stop(Shared<BoxFuture<'static, Halt>>);

impl Stop {
    /// Stops when this future says why.
    pub fn when(signal: impl Future<Output = Halt> + Send + 'static) -> Self {
        Self(signal.boxed().shared())
    }

    /// Never stops.
    pub fn never() -> Self {
        Self::when(futures::future::pending())
    }

    /// Waits for the stop.
    pub async fn stopped(&self) -> Halt {
        self.0.clone().await
    }

    /// Why it has stopped; `None` if it has not.
    pub fn halted(&self) -> Option<Halt> {
        self.0.clone().now_or_never()
    }
}

impl fmt::Debug for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Stop({:?})", self.0.peek())
    }
}

impl fmt::Display for Halt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Deadline => "the time for the pass was over",
            Self::Interrupted => "the pass was interrupted",
        })
    }
}
