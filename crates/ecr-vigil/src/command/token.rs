//! `token`: a fresh token for those who ask the service. It is kept nowhere; the settings file has only its hash.

use std::io::Write;

use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::settings::tell;
use crate::cli::TokenRequest;
use crate::exit::Exit;

/// Prints a token, and the table that lets in whoever has it.
pub fn run(request: &TokenRequest) -> Exit {
    if request.name.trim().is_empty() {
        tell("ecr-vigil: --name is empty: say who is to have the token\n");
        return Exit::Usage;
    }
    if request.name.contains(char::is_control) {
        tell("ecr-vigil: --name is not one line: it stands in the settings file and in the log\n");
        return Exit::Usage;
    }
    // Two random UUIDs have 244 random bits. The prefix is for those who search for secrets that got out.
    let token = format!("vigil_{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
    let name = toml::Value::String(request.name.clone());
    let text = format!(
        "{token}\n\n\
         # The token is above, and is not shown again: send it as `Authorization: Bearer TOKEN`.\n\
         # This is for the settings file:\n\n\
         [[http.token]]\nname = {name}\nrole = \"{}\"\nsha256 = \"{}\"\n",
        request.role,
        hexadecimal(&Sha256::digest(token.as_bytes())),
    );
    match std::io::stdout().write_all(text.as_bytes()) {
        Ok(()) => Exit::Clean,
        Err(_) => Exit::NothingDone,
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
