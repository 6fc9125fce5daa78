//! Failures of the system on demand, and a log of writes and flushes: `tests/common/shim.c`, compiled by `cc` and
//! loaded before libc into a child process.
//!
//! The child is a test that runs itself again (`common/process.rs`). A control file says what fails. Both the child and
//! its parent can write it, so a fault can be armed and disarmed between two operations.

use std::env;
use std::fs::{self, File, OpenOptions};
use std::io::Read;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use mapleaf::{Error, Result};

use super::process::{self, Child};

const SOURCE: &str = include_str!("shim.c");
const CONTROL: &str = "MAPLEAF_FAULTS";
const LOG: &str = "MAPLEAF_RECORD";

/// Classes of calls.
pub const PAGES: u64 = 1;
pub const META: u64 = 2;
pub const FLUSH: u64 = 4;
pub const SPACE: u64 = 8;
pub const MAP: u64 = 16;
pub const OPEN: u64 = 32;
pub const NAME: u64 = 64;
/// Flushes of directories; they are of the class `FLUSH` too.
pub const NAMES_FLUSH: u64 = 128;

/// Offsets of the fields of the shim's `struct control`.
const LOADED: u64 = 0;
const ARMED: u64 = 8;
const PLAN: u64 = 16;
const CALLS: u64 = 56;
const FAILED: u64 = 64;
const LAZY: u64 = 72;
const FIRST: u64 = 80;
const SMALLEST: u64 = 88;
const PATH: u64 = 96;
const PATH_BYTES: usize = 1024;
const RECORDS: u64 = 1120;
const TAIL: u64 = 1128;
const PAUSE: u64 = 1144;
const NOTED: u64 = 1152;
const LAST: u64 = 1160;
const LAST_OF: u64 = 1168;
const HELD: u64 = 1176;
const HOLDING: u64 = 1184;
const LET_GO: u64 = 1192;
/// Longer than it takes until a call that is to be held is made.
const PATIENCE: Duration = Duration::from_secs(30);

/// Kinds of records.
pub const ANY: u64 = 0;
pub const RENAMED: u64 = 8;

/// The last record that a process makes: it is killed after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Last {
    /// Counted from 1, among records of this kind.
    pub nth: u64,
    pub of: u64,
}

/// How a call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// One call fails and is not made.
    Once,
    /// One call is made, and is reported as failed.
    OnceMade,
    /// This call and all later ones fail; none is made.
    ForEver,
    /// This call is made and reported as failed. All later ones fail and are not made: the disk dies.
    ForEverMade,
    /// A write stops after this many bytes and returns that count.
    Short(u64),
    /// As `Short`, and all later calls fail.
    ShortForEver(u64),
}

impl How {
    fn flags(self) -> (u64, u64) {
        match self {
            Self::Once => (0, 0),
            Self::ForEver => (1, 0),
            Self::OnceMade => (2, 0),
            Self::ForEverMade => (3, 0),
            Self::Short(bytes) => (4, bytes),
            Self::ShortForEver(bytes) => (5, bytes),
        }
    }
}

/// The fault: the `nth` call (from 1) of `classes` fails with `errno`.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    pub classes: u64,
    pub nth: u64,
    pub errno: i32,
    pub how: How,
}

/// The counts that the shim returns when it is disarmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tally {
    pub calls: u64,
    pub failed: u64,
    /// The class of the first call that failed.
    pub first: u64,
}

/// The compiled library and its control file, in a directory of the test.
pub struct Shim {
    library: PathBuf,
    control: PathBuf,
    log: PathBuf,
}

impl Shim {
    /// Compiles the library into `directory`.
    pub fn build(directory: &Path) -> Result<Self> {
        let (source, library) = (directory.join("shim.c"), directory.join("shim.so"));
        fs::write(&source, SOURCE).map_err(Error::other)?;
        let compiler = env::var_os("CC").unwrap_or_else(|| "cc".into());
        let mut command = Command::new(compiler);
        command.args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(&source);
        let output = command.output().map_err(Error::other)?;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let control = directory.join("control");
        fs::write(&control, [0; 4096]).map_err(Error::other)?;
        let log = directory.join("log");
        fs::write(&log, []).map_err(Error::other)?;
        Ok(Self { library, control, log })
    }

    /// Runs the test `name` again with the library loaded before libc. Its one argument is `directory`, by the
    /// canonical path, since the library sees that one.
    pub fn spawn(&self, name: &str, directory: &Path) -> Result<Child> {
        let directory = directory.canonicalize().map_err(Error::other)?;
        let variables = [("LD_PRELOAD", &*self.library), (CONTROL, &*self.control), (LOG, &*self.log)];
        process::spawn_with(name, &[&directory.to_string_lossy()], &variables)
    }
}

/// Runs `body` in a child process with the library loaded before libc, as the test `name`; this call must be the whole
/// body of that test. `body` gets the control, aimed at the files under the directory `cases`, and that directory.
#[track_caller]
pub fn apart(name: &str, body: impl FnOnce(&Control, &Path) -> Result<()>) -> Result<()> {
    if let Some(arguments) = process::arguments() {
        let cases = Path::new(&arguments[0]).join("cases");
        fs::create_dir(&cases).map_err(Error::other)?;
        body(&Control::of_this_process(&cases)?, &cases)?;
        process::tell("done");
        return Ok(());
    }
    let dir = tempfile::tempdir().map_err(Error::other)?;
    let child = Shim::build(dir.path())?.spawn(name, dir.path())?;
    let mut last = None;
    while let Some(line) = child.line() {
        last = Some(line);
    }
    assert_eq!(last.as_deref(), Some("done"), "the child did not come to its end");
    child.passes()
}

/// The control file of the library.
pub struct Control(File);

impl Control {
    /// In a child: the control of the library that was loaded into it, for files whose paths begin with `path`.
    ///
    /// From here on a flush that does not fail is not made, because no test here crashes the system.
    pub fn of_this_process(path: &Path) -> Result<Self> {
        let name = env::var_os(CONTROL).ok_or_else(|| Error::other("no library was loaded"))?;
        let control = Self(OpenOptions::new().read(true).write(true).open(name).map_err(Error::other)?);
        assert_eq!(control.read(LOADED)?, 1, "the library is not in front of libc");
        control.aim(path)?;
        control.write(LAZY, 1)?;
        Ok(control)
    }

    /// Selects the files by a prefix of their paths.
    pub fn aim(&self, path: &Path) -> Result<()> {
        let bytes = path.as_os_str().as_encoded_bytes();
        assert!(bytes.len() < PATH_BYTES);
        let mut padded = [0; PATH_BYTES];
        padded[..bytes.len()].copy_from_slice(bytes);
        self.0.write_all_at(&padded, PATH).map_err(Error::other)
    }

    /// Exempts maps of less than `bytes` from faults.
    pub fn only_maps_from(&self, bytes: u64) -> Result<()> {
        self.write(SMALLEST, bytes)
    }

    /// From now on calls are counted, and fail as `fault` says.
    pub fn arm(&self, fault: Fault) -> Result<()> {
        let (flags, limit) = fault.how.flags();
        let errno = u64::try_from(fault.errno).unwrap_or(0);
        for (at, value) in (PLAN..).step_by(8).zip([fault.classes, fault.nth, errno, flags, limit, 0, 0]) {
            self.write(at, value)?;
        }
        self.write(FIRST, 0)?;
        self.write(ARMED, 1)
    }

    /// Disarms the fault: all calls are made again.
    pub fn disarm(&self) -> Result<Tally> {
        self.write(ARMED, 0)?;
        Ok(Tally { calls: self.read(CALLS)?, failed: self.read(FAILED)?, first: self.read(FIRST)? })
    }

    /// From now on the `nth` call (from 1) of `classes` on files whose paths begin with `path` waits before it is made,
    /// in whichever thread or process. No call fails.
    pub fn hold(&self, path: &Path, classes: u64, nth: u64) -> Result<Held<'_>> {
        self.write(HOLDING, 0)?;
        self.write(LET_GO, 0)?;
        self.hold_as(1, path, classes, nth)
    }

    fn hold_as(&self, number: u64, path: &Path, classes: u64, nth: u64) -> Result<Held<'_>> {
        self.disarm()?;
        self.aim(path)?;
        self.write(HELD, nth)?;
        self.arm(Fault { classes, nth: 0, errno: 0, how: How::Once })?;
        Ok(Held { control: self, number, is_last: true })
    }

    /// From now on every change and flush of the files is written to a new log. A flush is not made but takes `pause`
    /// microseconds. The process that makes the record `last` is killed.
    pub fn record(&self, pause: u64, last: Option<Last>) -> Result<()> {
        let Last { nth, of } = last.unwrap_or(Last { nth: 0, of: ANY });
        for (at, value) in [(TAIL, 0), (PAUSE, pause), (NOTED, 0), (LAST, nth), (LAST_OF, of), (RECORDS, 1)] {
            self.write(at, value)?;
        }
        Ok(())
    }

    /// No longer kills the process that makes the record `last`.
    pub fn spare(&self) -> Result<()> {
        self.write(LAST, 0)
    }

    /// Ends the recording and returns the bytes of the log. No process is recorded any more.
    pub fn recorded(&self) -> Result<Vec<u8>> {
        self.write(RECORDS, 0)?;
        let log = env::var_os(LOG).ok_or_else(|| Error::other("there is no log"))?;
        // The bytes after the tail are of an earlier, longer recording.
        let (mut bytes, tail) = (Vec::new(), self.read(TAIL)?);
        File::open(log).and_then(|log| log.take(tail).read_to_end(&mut bytes)).map_err(Error::other)?;
        Ok(bytes)
    }

    fn read(&self, at: u64) -> Result<u64> {
        let mut bytes = [0; 8];
        self.0.read_exact_at(&mut bytes, at).map_err(Error::other)?;
        Ok(u64::from_ne_bytes(bytes))
    }

    fn write(&self, at: u64, value: u64) -> Result<()> {
        self.0.write_all_at(&value.to_ne_bytes(), at).map_err(Error::other)
    }
}

/// A call that is held until this is dropped.
pub struct Held<'a> {
    control: &'a Control,
    /// The number of the held call.
    number: u64,
    is_last: bool,
}

impl<'a> Held<'a> {
    /// Waits until the call is being held.
    pub fn wait(&self) -> Result<()> {
        let began = Instant::now();
        while self.control.read(HOLDING)? < self.number {
            assert!(began.elapsed() < PATIENCE, "no such call is made");
            thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }

    /// Releases the call and holds the next call of `classes` on `path`.
    pub fn and_then(mut self, path: &Path, classes: u64) -> Result<Held<'a>> {
        self.wait()?;
        self.is_last = false;
        self.control.hold_as(self.number + 1, path, classes, 1)
    }

    /// Releases the call.
    pub fn let_go(&self) -> Result<()> {
        if self.is_last {
            self.control.disarm()?;
            self.control.write(HELD, 0)?;
        }
        self.control.write(LET_GO, self.number)
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        let _ = self.let_go();
    }
}
