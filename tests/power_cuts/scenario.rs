//! A history: the processes and their operations, and how they are recorded. A seed determines everything except the
//! interleaving of threads and processes.

use std::fs;
use std::ops::Range;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use mapleaf::{Durability, Env, EnvOptions, Error, ErrorKind, Result};
use nix::libc::SIGKILL;

use super::recording::{Recording, record};
use super::state::count;
use super::work::{Told, Work, run_all};
use crate::common::damage::Random;
use crate::common::process;
use crate::common::shim::{Control, Fault, Last};

/// How the previous opening ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Before {
    /// There was none.
    Nothing,
    Closed(Durability),
    /// By an error or a kill.
    Failed(Durability),
}

/// The time to wait for another process.
const PATIENCE: Duration = Duration::from_mins(1);
/// The threads of one process have numbers from a multiple of this.
const NUMBERS: u32 = 10;

/// When the processes start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    AtOnce,
    /// The second process opens the environment while the first one works, and starts its own work after the first has
    /// ended.
    InTurn,
}

#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "independent choices of a history")]
pub struct Scenario {
    pub seed: u64,
    /// For each process, the durabilities of its successive openings. A single process is the recording process itself.
    pub processes: Vec<Vec<Durability>>,
    pub threads: u32,
    /// Operations of each thread in each opening.
    pub operations: u64,
    pub compacts: bool,
    /// Whether transactions choose their durability.
    pub mixes: bool,
    /// Whether the environment is closed, or only dropped.
    pub closes: bool,
    /// The path of the environment, relative to the recorded directory.
    pub path: &'static str,
    /// Whether the environment exists, and is on the disk, before the recording.
    pub made_before: bool,
    /// The duration of a flush in microseconds. Without it, no other thread has time to join a commit.
    pub pause: u64,
    /// The fault, in the first opening or after it.
    pub fault: Option<Fault>,
    /// The last record of the first process: it is killed, and then restarted.
    pub killed: Option<Last>,
    pub order: Order,
}

impl Scenario {
    /// A history of one process.
    pub fn alone(seed: u64, durability: Durability, random: &mut Random) -> Self {
        let threads = [1, 1, 2, 3, 4, 6][random.below(6)];
        Self {
            seed,
            processes: vec![vec![durability; 1 + usize::from(random.below(3) == 0)]],
            threads,
            operations: (24 / u64::from(threads)).max(4) + random.below(12) as u64,
            compacts: random.below(3) == 0,
            mixes: false,
            closes: random.below(2) == 0,
            path: if random.below(4) == 0 { "above/env" } else { "env" },
            made_before: random.below(4) == 0,
            pause: if threads > 1 { random.pick(&[50, 200]) } else { 0 },
            fault: None,
            killed: None,
            order: Order::AtOnce,
        }
    }

    /// A small map, which must grow, and few slots, so that opening is cheap.
    pub fn options() -> EnvOptions {
        Env::options().map_size(1 << 16).max_readers(16).max_dbis(8)
    }

    /// Whether an error is expected: the result of a fault, or the refusal of `Process` beside others.
    fn forgives(&self, error: &Error) -> bool {
        let durabilities = self.durabilities();
        let is_process = |durability: &Durability| *durability == Durability::Process;
        let mixes =
            self.processes.len() > 1 && durabilities.iter().any(is_process) && !durabilities.iter().all(is_process);
        match error.kind() {
            ErrorKind::Corrupted => false,
            ErrorKind::InvalidArgument => mixes,
            _ => self.fault.is_some(),
        }
    }

    /// Records the history under `root`, as the test `name`.
    pub fn record(&self, control: &Control, root: &Path, name: &str) -> Result<Recording> {
        match fs::remove_dir_all(root) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(Error::other(error)),
            _ => fs::create_dir(root).map_err(Error::other)?,
        }
        if self.made_before {
            Self::options().open(root.join(self.path))?.close()?;
        }
        let run = || {
            if let Some(fault) = self.fault {
                control.arm(fault)?;
            }
            let run = match (self.processes.len(), self.killed) {
                (1, None) => self.run(root, 0, Before::Nothing),
                (_, None) => self.run_all(root, name),
                (_, Some(_)) => self.run_killed(control, root, name),
            };
            control.disarm()?;
            run
        };
        Ok(record(control, root, self.pause, self.killed, run)?.1)
    }

    /// Runs the first process, which is killed, and then one that does the same.
    fn run_killed(&self, control: &Control, root: &Path, name: &str) -> Result<()> {
        let mut child = process::spawn(name, &["writer", &root.to_string_lossy(), &self.seed.to_string(), "0"])?;
        let status = child.wait()?;
        control.spare()?;
        // It may have ended before the kill.
        assert!(status.success() || status.signal() == Some(SIGKILL), "a process ended with {status}");
        let ended = if status.success() { Before::Closed } else { Before::Failed };
        let durabilities = &self.processes[0];
        self.run(root, 0, ended(durabilities[if status.success() { durabilities.len() - 1 } else { 0 }]))
    }

    /// The durabilities of all processes.
    pub fn durabilities(&self) -> Vec<Durability> {
        self.processes.concat()
    }

    /// Runs all processes of the history concurrently.
    fn run_all(&self, root: &Path, name: &str) -> Result<()> {
        let (seed, root) = (self.seed.to_string(), root.to_string_lossy());
        let spawn = |which: usize| process::spawn(name, &["writer", &root, &seed, &which.to_string()]);
        let mut children = (0..self.processes.len()).map(spawn).collect::<Result<Vec<_>>>()?;
        if self.order == Order::InTurn {
            children.remove(0).passes()?;
            self.signal(Path::new(&*root), "ended")?;
        }
        children.into_iter().try_for_each(process::Child::passes)
    }

    /// A file that signals `what` between the processes; it is not recorded.
    fn signal_at(&self, root: &Path, what: &str) -> PathBuf {
        root.with_file_name(format!("{what}-{}", self.seed))
    }

    fn signal(&self, root: &Path, what: &str) -> Result<()> {
        if self.order == Order::AtOnce {
            return Ok(());
        }
        fs::write(self.signal_at(root, what), []).map_err(Error::other)
    }

    /// Waits until this process, which has opened the environment, may start.
    fn wait_for_turn(&self, root: &Path, which: usize) -> Result<()> {
        if self.order == Order::AtOnce {
            return Ok(());
        }
        if which > 0 {
            self.signal(root, "opened")?;
        }
        let signal = self.signal_at(root, if which == 0 { "opened" } else { "ended" });
        let began = Instant::now();
        while !signal.exists() {
            assert!(began.elapsed() < PATIENCE, "the other process does not come so far");
            thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }

    /// Runs one process.
    pub fn run(&self, root: &Path, which: usize, before: Before) -> Result<()> {
        let told = Told::at(&root.join(format!("{which}.ack")))?;
        let mut before = before;
        for durability in &self.processes[which] {
            before = match self.open(root, which, *durability, before, &told) {
                Err(error) if self.forgives(&error) => {
                    // The other process does not wait for a failed opening.
                    self.signal(root, "opened")?;
                    Before::Failed(*durability)
                }
                outcome => outcome.map(|()| Before::Closed(*durability))?,
            };
        }
        Ok(())
    }

    fn open(&self, root: &Path, which: usize, durability: Durability, before: Before, told: &Told) -> Result<()> {
        let mut work = Work::open(&self.at(root), &Self::options(), self.seed, durability, told)?;
        // A process that flushes less may have created the databases before.
        let all_flush = self.durabilities().iter().all(|durability| *durability == Durability::Immediate);
        told.say(&format!("ready {}", if all_flush { "immediate" } else { "eventual" }))?;
        let first = u32::try_from(which).unwrap_or(0) * NUMBERS;
        let threads = self.show(&work, first..first + self.threads, before, told)?;
        work.compacts = self.compacts;
        work.mixes = self.mixes;
        self.wait_for_turn(root, which)?;
        run_all(&work, &threads, self.operations)?;
        if self.compacts {
            work.compact(first)?;
        }
        if self.closes { work.env.close() } else { Ok(()) }
    }

    /// Reports what each of these threads has done, according to an opening. These operations are on the disk if they
    /// were flushed at once, or if the opening flushed them because nothing was closed regularly.
    fn show(&self, work: &Work<'_>, threads: Range<u32>, before: Before, told: &Told) -> Result<Vec<(u32, u64)>> {
        if before == Before::Nothing {
            return Ok(threads.map(|thread| (thread, 0)).collect());
        }
        let count = |thread| Ok((thread, count(&work.env, self.seed, thread)?));
        let counts = threads.map(count).collect::<Result<Vec<(u32, u64)>>>()?;
        let is_flushed = match before {
            // Closing flushes nothing: the last commits may have asked for less.
            Before::Closed(durability) => durability == Durability::Immediate && !self.mixes,
            Before::Failed(durability) => durability != Durability::Process,
            Before::Nothing => false,
        };
        if is_flushed && work.durability() != Durability::Process {
            let shown: Vec<String> = counts.iter().map(|(thread, count)| format!("{thread}:{count}")).collect();
            told.say(&format!("shown {}", shown.join(" ")))?;
        }
        Ok(counts)
    }

    /// The path of the environment in `root`, which is the recorded directory or a copy of it.
    pub fn at(&self, root: &Path) -> PathBuf {
        root.join(self.path)
    }
}
