//! Child processes: a test runs itself again in another process, under its own name and with arguments that select a
//! role.
//!
//! The child is the test binary with `--exact PATH` and an environment variable that holds its arguments. The child
//! sends lines to the parent over its standard output. Each has a mark, because the test harness writes there too.

use std::env;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child as System, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use mapleaf::{Error, Result};

const ARGUMENTS: &str = "MAPLEAF_TEST_ARGUMENTS";
const MARK: char = '@';
const DONE: &str = "done";
/// The variable with the seconds that a child may take for any step, for slow or busy machines.
const PATIENCE: &str = "MAPLEAF_TEST_PATIENCE";

/// A limit longer than any step of a child. A step that takes longer hangs.
fn patience() -> Duration {
    let asked = env::var(PATIENCE).ok().and_then(|seconds| seconds.parse().ok());
    asked.map_or(Duration::from_mins(1), Duration::from_secs)
}

/// The arguments of this process, if it is a child.
pub fn arguments() -> Option<Vec<String>> {
    env::var(ARGUMENTS).ok().map(|all| all.split('\n').map(str::to_owned).collect())
}

/// In a child: sends `line` to the parent.
pub fn tell(line: &str) {
    let mut out = std::io::stdout().lock();
    // If the parent has ended, nobody reads the line.
    let _ = writeln!(out, "\n{MARK}{line}").and_then(|()| out.flush());
}

/// In a child: waits for a line from the parent.
pub fn hear() -> Result<String> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).map_err(Error::other)?;
    Ok(line.trim_end().to_owned())
}

/// The next event from a child.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    Line(String),
    Ended,
    /// No line within the time limit.
    Silent,
}

/// A running child. Killed when dropped.
pub struct Child {
    system: System,
    lines: Receiver<String>,
}

/// The full path of the test `name`: its modules, then its name. The harness gives this path to the thread that runs
/// the test. A name that is no suffix of it, or that comes from another thread, is already a full path.
fn path_of(name: &str) -> String {
    let current = thread::current();
    let path = current.name().unwrap_or_default();
    let is_path = path.strip_suffix(name).is_some_and(|modules| modules.ends_with("::"));
    if is_path { path } else { name }.to_owned()
}

/// Runs the test `name` of this binary again, with these arguments.
pub fn spawn(name: &str, arguments: &[&str]) -> Result<Child> {
    spawn_with(name, arguments, &[])
}

/// As [`spawn`], with more variables in the environment.
pub fn spawn_with(name: &str, arguments: &[&str], variables: &[(&str, &Path)]) -> Result<Child> {
    let program = env::current_exe().map_err(Error::other)?;
    let mut system = Command::new(program)
        .args(["--exact", &path_of(name), "--nocapture", "--test-threads=1", "--include-ignored"])
        .env(ARGUMENTS, arguments.join("\n"))
        .envs(variables.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(Error::other)?;
    let (sender, lines) = channel();
    if let Some(out) = system.stdout.take() {
        thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(std::io::Result::ok) {
                if let Some(told) = line.strip_prefix(MARK)
                    && sender.send(told.to_owned()).is_err()
                {
                    break;
                }
            }
        });
    }
    Ok(Child { system, lines })
}

/// Runs `body` in a child process as the test `name`; this call must be the whole body of that test. A signal or an
/// abort then ends no other test, and changes to the process stay in the child.
#[track_caller]
pub fn apart(name: &str, body: impl FnOnce() -> Result<()>) -> Result<()> {
    if arguments().is_some() {
        body()?;
        tell(DONE);
        return Ok(());
    }
    let child = spawn(name, &["apart"])?;
    let mut last = None;
    while let Some(line) = child.line() {
        last = Some(line);
    }
    assert_eq!(last.as_deref(), Some(DONE), "the child did not come to its end");
    child.passes()
}

impl Child {
    /// The next line from the child; `None` after it has ended.
    pub fn line(&self) -> Option<String> {
        match self.lines.recv_timeout(patience()) {
            Ok(line) => Some(line),
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => panic!("a child hangs"),
        }
    }

    /// The next line from the child, if it comes within this time.
    pub fn next_line(&self, patience: Duration) -> Next {
        match self.lines.recv_timeout(patience) {
            Ok(line) => Next::Line(line),
            Err(RecvTimeoutError::Disconnected) => Next::Ended,
            Err(RecvTimeoutError::Timeout) => Next::Silent,
        }
    }

    /// Waits for the next line of the child, which must be `expected`.
    #[track_caller]
    pub fn expect(&self, expected: &str) {
        assert_eq!(self.line().as_deref(), Some(expected));
    }

    /// Sends `line` to the child.
    pub fn say(&mut self, line: &str) -> Result<()> {
        let Some(input) = self.system.stdin.as_mut() else { return Ok(()) };
        writeln!(input, "{line}").and_then(|()| input.flush()).map_err(Error::other)
    }

    /// Kills the child as `kill -9` does, and waits for its end.
    pub fn kill(&mut self) -> Result<()> {
        self.system.kill().and_then(|()| self.system.wait()).map(drop).map_err(Error::other)
    }

    /// Whether the child has ended, for whatever reason.
    pub fn has_ended(&mut self) -> Result<bool> {
        self.system.try_wait().map(|status| status.is_some()).map_err(Error::other)
    }

    /// Waits for the child's end.
    pub fn wait(&mut self) -> Result<ExitStatus> {
        let began = Instant::now();
        loop {
            if let Some(status) = self.system.try_wait().map_err(Error::other)? {
                return Ok(status);
            }
            assert!(began.elapsed() < patience(), "a child hangs");
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// Waits for the child's end and checks that its test passed.
    #[track_caller]
    pub fn passes(mut self) -> Result<()> {
        let status = self.wait()?;
        assert_eq!(status.signal(), None, "a child died of a signal");
        assert!(status.success(), "a child failed");
        Ok(())
    }

    /// The child's process id.
    pub fn id(&self) -> u32 {
        self.system.id()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let _ = self.system.kill();
        let _ = self.system.wait();
    }
}
