//! A process of its own that keeps the tests' PostgreSQL: it starts the server, and when its standard input ends, it
//! stops it and leaves nothing behind. The input ends however the tests do: by themselves, by Ctrl-C, by a kill.
//!
//! What the tests do with the server is not known here.

use super::{debian::FetchError, launcher, programs};
use std::{
    fs::{self, DirBuilder, File},
    io::{self, Read, Write},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
};

/// Prefix of the room, a short directory: the path of a socket may not be longer than some hundred bytes.
const ROOM: &str = "/tmp/vigil-";

/// The data of a server, or of one that a test started in the room.
const PID_FILE: &str = "postmaster.pid";

/// Nothing of it is to survive: speed is all, and a crash of the machine may lose it.
const SETTINGS: &str = "\
listen_addresses = ''
fsync = off
full_page_writes = off
max_connections = 200
";

/// The directory of PostgreSQL's programs as they can be called here.
pub(super) fn programs(place: &Path) -> PathBuf {
    place.join("postgres-programs")
}

/// Why there is no server.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeepError {
    #[error(transparent)]
    Fetch(#[from] FetchError),
    #[error("cannot use {}", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("PostgreSQL: {program} failed: {said}")]
    Program { program: String, said: String },
}

/// Keeps a server until standard input ends; says in one line where its room is, once it answers.
pub(crate) fn run(place: &Path) -> Result<ExitCode, KeepError> {
    let scripts = programs(place);
    at(&scripts, launcher::write(&scripts, &programs::postgres(place)?))?;
    let (room, _alive) = enter(place)?;
    let kept = serve(place, &scripts, &room).map(|()| {
        // Nobody may listen any more; the input has ended then.
        let mut out = io::stdout();
        let _ = writeln!(out, "{}", room.display()).and_then(|()| out.flush());
        let _ = io::stdin().read_to_end(&mut Vec::new());
    });
    leave(place, &room)?;
    kept.map(|()| ExitCode::SUCCESS)
}

/// A new room, and the lock that says that somebody lives in it. Rooms of keepers that were killed are cleared first.
fn enter(place: &Path) -> Result<(PathBuf, File), KeepError> {
    let rooms = place.join("rooms");
    at(&rooms, fs::create_dir_all(&rooms))?;
    let _one_at_a_time = locked(&place.join("rooms.lock"))?;
    for entry in at(&rooms, fs::read_dir(&rooms))? {
        let note = at(&rooms, entry)?.path();
        let abandoned = File::open(&note).is_ok_and(|note| note.try_lock().is_ok());
        if abandoned && let Some(number) = note.file_name() {
            leave(place, &room(&number.to_string_lossy()))?;
        }
    }
    let number = std::process::id().to_string();
    let alive = locked(&rooms.join(&number))?;
    let room = room(&number);
    // A killed keeper of another clone may have left one of this name.
    clear(place, &room)?;
    at(&room, DirBuilder::new().mode(0o700).create(&room))?;
    Ok((room, alive))
}

fn room(number: &str) -> PathBuf {
    PathBuf::from(format!("{ROOM}{number}"))
}

fn locked(path: &Path) -> Result<File, KeepError> {
    let file = at(path, File::create(path))?;
    at(path, file.lock())?;
    Ok(file)
}

/// Starts a server on a copy of the template.
fn serve(place: &Path, scripts: &Path, room: &Path) -> Result<(), KeepError> {
    let template = template(place, scripts)?;
    let data = room.join("main");
    call(Command::new(scripts.join("run")).args(["cp", "-R"]).args([&template, &data]))?;
    let mut start = Command::new(scripts.join("pg_ctl"));
    start.arg("start").args(["--silent", "--wait", "--pgdata"]).arg(&data);
    start.arg("--log").arg(room.join("main.log"));
    start.args(["--options", &format!("-k {}", room.display())]);
    call(&mut start).map(drop).map_err(|error| match error {
        KeepError::Program { program, said } => {
            let log = fs::read_to_string(room.join("main.log")).unwrap_or_default();
            KeepError::Program { program, said: format!("{said}\n{log}") }
        }
        other => other,
    })
}

/// The data of a server that never ran: copying it is ten times faster than making it.
fn template(place: &Path, scripts: &Path) -> Result<PathBuf, KeepError> {
    let _one_at_a_time = locked(&place.join("postgres-template.lock"))?;
    let (template, made_by) = (place.join("postgres-template"), place.join("postgres-template.made-by"));
    let version = call(Command::new(scripts.join("initdb")).arg("--version"))?;
    // The script says as whom.
    let script = fs::read_to_string(scripts.join("initdb")).unwrap_or_default();
    let wanted = format!("{version}{script}{SETTINGS}");
    if fs::read_to_string(&made_by).is_ok_and(|made_by| made_by == wanted) {
        return Ok(template);
    }
    at(&made_by, unless_absent(fs::remove_file(&made_by)))?;
    at(&template, unless_absent(fs::remove_dir_all(&template)))?;
    let mut init = Command::new(scripts.join("initdb"));
    init.args([
        "--no-sync",
        "--username=postgres",
        "--auth=trust",
        "--encoding=UTF8",
        "--locale=C",
        "--pgdata",
    ]);
    call(init.arg(&template))?;
    let settings = template.join("postgresql.auto.conf");
    at(&settings, fs::write(&settings, SETTINGS))?;
    at(&made_by, fs::write(&made_by, wanted))?;
    Ok(template)
}

/// Clears the room and takes back the note that it is used.
fn leave(place: &Path, room: &Path) -> Result<(), KeepError> {
    clear(place, room)?;
    let note = place.join("rooms").join(room.to_string_lossy().trim_start_matches(ROOM));
    at(&note, unless_absent(fs::remove_file(&note)))
}

/// Stops every server in the room and removes the room.
fn clear(place: &Path, room: &Path) -> Result<(), KeepError> {
    let pg_ctl = programs(place).join("pg_ctl");
    for data in servers(room, 2) {
        let mut stop = Command::new(&pg_ctl);
        // One that is gone already cannot be stopped, which is as good.
        let _ = call(stop.args(["stop", "--silent", "--mode=immediate", "--pgdata"]).arg(data));
    }
    at(room, unless_absent(fs::remove_dir_all(room)))
}

/// The directories of running servers, so many levels below `directory`.
fn servers(directory: &Path, levels: u8) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path()) {
        if path.join(PID_FILE).exists() {
            found.push(path);
        } else if levels > 1 && path.is_dir() {
            found.extend(servers(&path, levels - 1));
        }
    }
    found
}

/// Runs a program; its answer is what it said.
fn call(command: &mut Command) -> Result<String, KeepError> {
    let program = command.get_program().to_string_lossy().into_owned();
    let failed = |said: String| KeepError::Program { program: program.clone(), said };
    // A server that was started goes on: with its output in a file it does not keep ours open.
    let ran = command.stdin(Stdio::null()).output().map_err(|error| failed(error.to_string()))?;
    let said = String::from_utf8_lossy(&ran.stdout).into_owned();
    if ran.status.success() {
        return Ok(said);
    }
    Err(failed(format!("{said}{}", String::from_utf8_lossy(&ran.stderr)).trim().to_owned()))
}

fn unless_absent(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

fn at<T>(path: &Path, result: io::Result<T>) -> Result<T, KeepError> {
    result.map_err(|source| KeepError::File { path: path.to_path_buf(), source })
}
