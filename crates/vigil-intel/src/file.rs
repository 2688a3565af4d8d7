//! A catalogue in a file of this machine.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::fetch::LARGEST_SENT;

/// Reads the file as a whole, if it is no larger than a catalogue can be.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| error.to_string())?;
    file.take(LARGEST_SENT + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > LARGEST_SENT {
        return Err(format!("it is larger than {} MiB", LARGEST_SENT >> 20));
    }
    Ok(bytes)
}
