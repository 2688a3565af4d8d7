//! `config show` and `config check`, and how every command reads its settings.

use std::io::Write;

use vigil_core::port::Clock;

use crate::cli::Written;
use crate::compose;
use crate::config::{self, Layers, Problem, ServiceSettings, Settings};
use crate::exit::Exit;

/// Reads the settings from the file, the environment and these flags.
///
/// # Errors
///
/// All that is wrong is told on standard error.
pub fn read(written: &Written) -> Result<Settings, Exit> {
    Settings::from_layers(&layers(written)).map_err(|problems| complain(&problems))
}

/// Makes sense of the settings of a service that begins now.
///
/// # Errors
///
/// All that is wrong.
pub fn service(layers: &Layers) -> Result<ServiceSettings, Vec<Problem>> {
    ServiceSettings::from_layers(layers, compose::clock().now())
}

/// Prints every setting with its source.
pub fn show(written: &Written) -> Exit {
    let layers = layers(written);
    let shown = std::io::stdout().write_all(config::show(&layers).as_bytes());
    match (shown, service(&layers)) {
        (Err(error), _) if error.kind() != std::io::ErrorKind::BrokenPipe => Exit::NothingDone,
        (_, Ok(_)) => Exit::Clean,
        (_, Err(problems)) => complain(&problems),
    }
}

/// Says whether the settings are right.
pub fn check(written: &Written) -> Exit {
    match service(&layers(written)) {
        Ok(_) => {
            // If nobody reads the answer, the code still tells.
            let _ = writeln!(std::io::stdout(), "the settings are right");
            Exit::Clean
        }
        Err(problems) => complain(&problems),
    }
}

/// What the file, the environment and these flags say now.
pub fn layers(written: &Written) -> Layers {
    Layers::read(written.file.as_deref(), &config::environment(), written.flags.clone())
}

/// Tells what is wrong with the settings.
pub fn complain(problems: &[Problem]) -> Exit {
    let mut text = String::from("ecr-vigil: the settings are wrong:\n");
    for problem in problems {
        text.push_str(&format!("  {problem}\n"));
    }
    tell(&text);
    Exit::Usage
}

/// Says something to the person at the terminal, before there is a log.
pub fn tell(text: &str) {
    // Where standard error is closed nobody listens.
    let _ = std::io::stderr().write_all(text.as_bytes());
}
