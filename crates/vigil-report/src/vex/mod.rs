//! What is vulnerable and what has been accepted, in the two formats in which programs tell each other: OpenVEX and
//! CycloneDX.

mod components;
mod cyclonedx;
mod items;
mod openvex;
mod read;
mod statement;
mod vulnerability;

pub(crate) use cyclonedx::Bom;
pub(crate) use openvex::Statements;
pub use read::{ReadVex, UnreadableVex, VexDocument, accepted_by_vex, read_vex};
