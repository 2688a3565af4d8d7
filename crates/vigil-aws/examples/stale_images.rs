//! A program of one's own from both libraries: lists the images of a registry that are due for a scan, and why.
//!
//! Region, credentials and endpoint are found as every AWS program finds them. It starts no scan.
#![expect(clippy::print_stdout, reason = "printing is what it is for")]

use vigil_aws::{Network, SystemClock, Target, connect};
use vigil_core::port::{Clock, NullLedger, Scanner, Silent};
use vigil_core::step::observe;
use vigil_core::{Pass, Ports, Stop};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (ecr, clock) = (connect(&Target::default(), &Network::default()).await?, SystemClock);
    let ports =
        Ports { registry: &ecr, scanner: &ecr, ledger: &NullLedger, clock: &clock, progress: &Silent };
    let pass = Pass { act: false, ..Pass::default() };
    let observed = observe(ports, &pass, ecr.mode().await?, clock.now(), &Stop::never()).await?;
    for due in observed.plan.starts {
        println!("{}@{}: {}", due.repository, due.image.digest, due.why);
    }
    for fault in observed.faults {
        println!("not all was seen: {fault}");
    }
    Ok(())
}
