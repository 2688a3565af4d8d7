//! Where the asynchronous part of a command runs.

use tokio::runtime::Runtime;

use super::settings::tell;
use crate::exit::Exit;

/// Runs a command to its end, and waits for nothing else: looking up a host may block a thread for minutes.
pub fn block_on(command: impl Future<Output = Exit>) -> Exit {
    match Runtime::new() {
        Ok(runtime) => {
            let exit = runtime.block_on(command);
            runtime.shutdown_background();
            exit
        }
        Err(error) => {
            tell(&format!("ecr-vigil: no threads can be started: {error}\n"));
            Exit::NothingDone
        }
    }
}
