//! The Python that the tests bring along, for what only others' clients and servers can prove.

use std::path::{Path, PathBuf};

use crate::program::Program;

/// A script beside these tests, with arguments.
#[expect(clippy::disallowed_methods, reason = "whoever runs the tests says where Python is")]
pub(crate) fn script(name: &str, arguments: &str, directory: &Path) -> Program {
    let python = std::env::var("VIGIL_TEST_PYTHON")
        .expect("run the tests with `cargo xtask test`: it prepares Python");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it").join(name);
    let program = Program::other(&PathBuf::from(python), "", directory).arg(script);
    arguments.split_whitespace().fold(program, Program::arg).env("PYTHONUNBUFFERED", "1")
}
