//! A program of one's own from both libraries: lists the images of a registry that are due for a scan, and why.
//!
//! Region, credentials and endpoint are found as every AWS program finds them. It starts no scan.
#![expect(clippy::print_stdout, reason = "printing is what it is for")]

use async_trait::async_trait;
use vigil_aws::{Network, SystemClock, Target, connect};
use vigil_core::Ports;
use vigil_core::port::{Ledger, NotRecorded, Silent};
use vigil_core::record::{Decision, Entry};
use vigil_core::{Pass, RegistryId, RepositoryName, Stop, cycle};

/// Prints what is due instead of keeping it.
struct Printed;

#[async_trait]
impl Ledger for Printed {
    async fn record(
        &self,
        _: &RegistryId,
        name: &RepositoryName,
        said: Vec<Entry>,
    ) -> Result<(), NotRecorded> {
        for entry in said {
            if let Entry::Decided(image, Decision::Scan(due) | Decision::Hold(due, _)) = entry {
                println!("{name}@{}: {due}", image.digest);
            }
        }
        Ok(())
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let ecr = connect(&Target::default(), &Network::default()).await?;
    let ports =
        Ports { registry: &ecr, scanner: &ecr, ledger: &Printed, clock: &SystemClock, progress: &Silent };
    let pass = Pass { act: false, ..Pass::default() };
    let report = cycle(ports, &pass, &Stop::never()).await?;
    report.faults.iter().for_each(|fault| println!("{}: {fault}", report.registry));
    Ok(())
}
