//! Where the report goes: standard output, or a file that appears whole or not at all.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, BufWriter, IsTerminal, Stdout, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// A place for the report.
pub enum Output {
    /// Standard output.
    Standard(BufWriter<PipeTolerant<Stdout>>),
    /// A file, under another name until it is whole.
    File(BufWriter<NamedTempFile>, PathBuf),
    /// A pipe, a terminal or another device: there is nothing to be replaced.
    Device(BufWriter<PipeTolerant<File>>),
}

/// A place where somebody reads along, and may stop to. What nobody reads is thrown away: it is no failure of the pass.
pub struct PipeTolerant<W> {
    inner: W,
    /// Whether the reader has left.
    reader_left: bool,
}

/// As of any new file, less what the umask takes: a temporary file would be the user's own secret.
const PERMISSIONS: u32 = 0o666;

impl Output {
    /// Sees whether the place can be opened, and leaves nothing there: a pass that is killed must leave nothing either.
    ///
    /// # Errors
    ///
    /// If the file cannot be made.
    pub fn check(file: Option<&Path>) -> io::Result<()> {
        match file {
            Some(_) => Self::open(file).map(drop),
            None => Ok(()),
        }
    }

    /// Opens the place: a file's directory must be there and be writable.
    ///
    /// # Errors
    ///
    /// If the file cannot be made.
    pub fn open(file: Option<&Path>) -> io::Result<Self> {
        let Some(file) = file else {
            return Ok(Self::Standard(BufWriter::new(PipeTolerant::new(io::stdout()))));
        };
        // A name that the file system refuses, too long for one, would be refused only when the report is finished.
        if let Err(error) = file.symlink_metadata()
            && error.kind() != io::ErrorKind::NotFound
        {
            return Err(error);
        }
        // What is replaced is the file that a link leads to, not the link.
        let file = &file.canonicalize().unwrap_or_else(|_| file.to_owned());
        if file.is_dir() {
            return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a directory"));
        }
        if file.exists() && !file.is_file() {
            let device = OpenOptions::new().write(true).open(file)?;
            return Ok(Self::Device(BufWriter::new(PipeTolerant::new(device))));
        }
        let directory =
            file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let permissions = Permissions::from_mode(PERMISSIONS);
        let unfinished =
            tempfile::Builder::new().prefix(".ecr-vigil-").permissions(permissions).tempfile_in(directory)?;
        if let Ok(replaced) = file.metadata() {
            // Who may read it has been decided.
            unfinished.as_file().set_permissions(replaced.permissions())?;
        }
        Ok(Self::File(BufWriter::new(unfinished), file.to_owned()))
    }

    /// How many characters a line may have; `None` if it does not matter.
    pub fn width(&self) -> Option<u16> {
        let terminal = matches!(self, Self::Standard(_)) && io::stdout().is_terminal();
        terminal.then(|| console::Term::stdout().size().1)
    }

    /// Makes the report appear.
    ///
    /// # Errors
    ///
    /// If it cannot be written; a file that was there before is then untouched.
    pub fn finish(self) -> io::Result<()> {
        match self {
            Self::Standard(mut out) => out.flush(),
            Self::Device(mut out) => out.flush(),
            Self::File(out, path) => {
                let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
                file.as_file().sync_all()?;
                file.persist(path).map_err(|error| error.error)?;
                Ok(())
            }
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Standard(out) => out.write(bytes),
            Self::File(out, _) => out.write(bytes),
            Self::Device(out) => out.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Standard(out) => out.flush(),
            Self::File(out, _) => out.flush(),
            Self::Device(out) => out.flush(),
        }
    }
}

impl<W> PipeTolerant<W> {
    fn new(inner: W) -> Self {
        Self { inner, reader_left: false }
    }

    /// The result; once the reader has left, what it would be if all were read.
    fn unless_left<T>(&mut self, result: io::Result<T>, read: T) -> io::Result<T> {
        match result {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.reader_left = true;
                Ok(read)
            }
            result => result,
        }
    }
}

impl<W: Write> Write for PipeTolerant<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = if self.reader_left { Ok(bytes.len()) } else { self.inner.write(bytes) };
        self.unless_left(written, bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = if self.reader_left { Ok(()) } else { self.inner.flush() };
        self.unless_left(flushed, ())
    }
}
