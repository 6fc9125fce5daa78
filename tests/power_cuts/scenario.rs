//! A history: which processes do what, and how it is recorded. All of it follows from a seed, but for the order in which
//! threads and processes come.

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

/// How an opening before ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Before {
    /// There was none.
    Nothing,
    Closed(Durability),
    /// By an error or a kill.
    Failed(Durability),
}

/// How long a process waits for another one.
const PATIENCE: Duration = Duration::from_mins(1);
/// Threads of one process have numbers from a multiple of this.
const NUMBERS: u32 = 10;

/// When the processes begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    AtOnce,
    /// The second has it open when the first begins, and begins when the first has ended.
    InTurn,
}

#[derive(Clone, Debug)]
pub struct Scenario {
    pub seed: u64,
    /// For each process the durabilities that it opens the environment with, one after another; one process is the
    /// recording one itself.
    pub processes: Vec<Vec<Durability>>,
    pub threads: u32,
    /// Of each thread, in each opening.
    pub operations: u64,
    pub compacts: bool,
    /// Whether it is closed, or just dropped.
    pub closes: bool,
    /// Where the environment is, from the directory that is recorded.
    pub path: &'static str,
    /// Whether it is there, and on the disk, before anything is recorded.
    pub made_before: bool,
    /// Microseconds that a flush takes: with none there is no time for others to join a commit.
    pub pause: u64,
    /// What fails, in the first opening or behind it.
    pub fault: Option<Fault>,
    /// Which record of the first process is its last: it is killed, and then begun again.
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
            closes: random.below(2) == 0,
            path: if random.below(4) == 0 { "above/env" } else { "env" },
            made_before: random.below(4) == 0,
            pause: if threads > 1 { random.pick(&[50, 200]) } else { 0 },
            fault: None,
            killed: None,
            order: Order::AtOnce,
        }
    }

    /// A map that has to grow, and few slots: opening is cheap.
    pub fn options() -> EnvOptions {
        Env::options().map_size(1 << 16).max_readers(16).max_dbis(8)
    }

    /// Whether an error is what the history is for: what a fault may come to, or the refusal of `Process` beside others.
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

    /// The first process, which is killed, and then one that does the same.
    fn run_killed(&self, control: &Control, root: &Path, name: &str) -> Result<()> {
        let mut child = process::spawn(name, &["writer", &root.to_string_lossy(), &self.seed.to_string(), "0"])?;
        let status = child.wait()?;
        control.spare()?;
        // It may have come to its end before.
        assert!(status.success() || status.signal() == Some(SIGKILL), "a process ended with {status}");
        let ended = if status.success() { Before::Closed } else { Before::Failed };
        let durabilities = &self.processes[0];
        self.run(root, 0, ended(durabilities[if status.success() { durabilities.len() - 1 } else { 0 }]))
    }

    /// The durabilities of all.
    pub fn durabilities(&self) -> Vec<Durability> {
        self.processes.concat()
    }

    /// All processes of the history at once.
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

    /// A file that says so of one of the processes; not among those that are recorded.
    fn signal_at(&self, root: &Path, what: &str) -> PathBuf {
        root.with_file_name(format!("{what}-{}", self.seed))
    }

    fn signal(&self, root: &Path, what: &str) -> Result<()> {
        if self.order == Order::AtOnce {
            return Ok(());
        }
        fs::write(self.signal_at(root, what), []).map_err(Error::other)
    }

    /// Waits for the moment in which this process, which has opened the environment, is to begin.
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

    /// What one process does.
    pub fn run(&self, root: &Path, which: usize, before: Before) -> Result<()> {
        let told = Told::at(&root.join(format!("{which}.ack")))?;
        let mut before = before;
        for durability in &self.processes[which] {
            before = match self.open(root, which, *durability, before, &told) {
                Err(error) if self.forgives(&error) => {
                    // The other one waits for no opening that failed.
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
        // They may have been made before, by who flushes less.
        let all_flush = self.durabilities().iter().all(|durability| *durability == Durability::Immediate);
        told.say(&format!("ready {}", if all_flush { "immediate" } else { "eventual" }))?;
        let first = u32::try_from(which).unwrap_or(0) * NUMBERS;
        let threads = self.show(&work, first..first + self.threads, before, told)?;
        work.compacts = self.compacts;
        self.wait_for_turn(root, which)?;
        run_all(&work, &threads, self.operations)?;
        if self.compacts {
            work.compact(first)?;
        }
        if self.closes { work.env.close() } else { Ok(()) }
    }

    /// What each of these threads has done, as an opening shows it. It is on the disk if it was put there at once, or if
    /// the opening does so since nothing was closed in order.
    fn show(&self, work: &Work<'_>, threads: Range<u32>, before: Before, told: &Told) -> Result<Vec<(u32, u64)>> {
        if before == Before::Nothing {
            return Ok(threads.map(|thread| (thread, 0)).collect());
        }
        let count = |thread| Ok((thread, count(&work.env, self.seed, thread)?));
        let counts = threads.map(count).collect::<Result<Vec<(u32, u64)>>>()?;
        let is_flushed = match before {
            Before::Closed(durability) => durability == Durability::Immediate,
            Before::Failed(durability) => durability != Durability::Process,
            Before::Nothing => false,
        };
        if is_flushed && work.durability() != Durability::Process {
            let shown: Vec<String> = counts.iter().map(|(thread, count)| format!("{thread}:{count}")).collect();
            told.say(&format!("shown {}", shown.join(" ")))?;
        }
        Ok(counts)
    }

    /// The environment, where `root` is what was recorded or a copy of it.
    pub fn at(&self, root: &Path) -> PathBuf {
        root.join(self.path)
    }
}
