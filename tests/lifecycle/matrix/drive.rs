//! Runs the matrix: child processes run cell after cell, and are restarted when a cell has killed one.

use std::collections::BTreeMap;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use mapleaf::{Error, Result};

use super::cells::{Cell, all as all_cells};
use super::partner::Partner;
use super::run::{Class, Run, skipped};
use super::site::{Files, Stock};
use super::verbs::SIGBUS;
use crate::common::process::{self, Child, Next};

/// The number of child processes. They mostly wait: an opening retries for a second if the environment is open through
/// other lock files.
const PLAYERS: usize = 32;
/// A cell takes at most three seconds, except on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// After this many wrong cells the run ends: each may be a hang, which costs the whole patience.
const MOST_WRONG: usize = 100;

/// Stands for the signal of a process that does not end.
const HANG: &str = "hang";

/// Messages of panics in any thread of this process, since they were last taken.
static PANICS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// The child: runs the cells whose numbers it reads.
pub fn serve(stock: &Path, base: &Path) -> Result<()> {
    let read = |name: &str| Files::read(&stock.join(name)).map_err(Error::other);
    let stock = Stock { newest: read("newest")?, older: read("older")?, foreign: read("foreign")? };
    std::panic::set_hook(Box::new(|info| {
        PANICS.lock().unwrap_or_else(PoisonError::into_inner).push(info.to_string());
    }));
    let (cells, mut partner) = (all_cells(), Partner::default());
    while let Ok(line) = process::hear()
        && let Some((what, number)) = line.split_once(' ')
    {
        let number: usize = number.parse().map_err(Error::other)?;
        process::tell(&play(cells[number], base.join(number.to_string()), what == "after", &stock, &mut partner));
    }
    Ok(())
}

/// Runs one cell, or checks what is left of one. Returns the line that reports it.
fn play(cell: Cell, root: PathBuf, is_over: bool, stock: &Stock, partner: &mut Partner) -> String {
    let mut run = Run::new(cell, root.clone(), stock, partner);
    let played = catch_unwind(AssertUnwindSafe(|| match is_over {
        true if !run.is_harmed() => Ok(Class::Early),
        true => run.find_after_death().map(|()| Class::Signal),
        false => run.play(),
    }));
    let mut wrong = std::mem::take(&mut run.wrong);
    let class = match played {
        Ok(Ok(class)) => format!("{class:?}"),
        Ok(Err(error)) => {
            wrong.push(format!("it could not be played: {error:?}"));
            String::new()
        }
        Err(_) => String::new(),
    };
    wrong.append(&mut PANICS.lock().unwrap_or_else(PoisonError::into_inner));
    let _ = fs::remove_dir_all(root);
    if wrong.is_empty() { class } else { format!("wrong {}", wrong.join("; ").replace('\n', "\\n")) }
}

/// The results of all cells.
#[derive(Default)]
pub struct Tally {
    pub classes: BTreeMap<String, usize>,
    pub wrong: Vec<String>,
}

struct Player<'a> {
    directories: [&'a str; 2],
    child: Option<Child>,
}

/// The result of one cell.
enum Played {
    Class(String),
    Wrong(String),
    /// The process died of this signal, or hangs.
    Dead(String),
}

impl Player<'_> {
    fn start([stock, base]: [&str; 2]) -> Result<Child> {
        // LMDB clears 2 MiB for each environment that it opens; pages from the system need no clearing.
        let variables = [("MALLOC_MMAP_THRESHOLD_", Path::new("1000000"))];
        process::spawn_with(super::NAME, &["player", stock, base], &variables)
    }

    fn play(&mut self, what: &str, number: usize) -> Result<Played> {
        let child = match &mut self.child {
            Some(child) => child,
            none => none.insert(Self::start(self.directories)?),
        };
        child.say(&format!("{what} {number}"))?;
        let ended = match child.next_line(PATIENCE) {
            Next::Line(line) => {
                return Ok(match line.strip_prefix("wrong ") {
                    Some(wrong) => Played::Wrong(wrong.to_owned()),
                    None => Played::Class(line),
                });
            }
            Next::Ended => super::signal_of(child.wait()?),
            Next::Silent => HANG.to_owned(),
        };
        self.child = None;
        Ok(Played::Dead(ended))
    }

    /// The result of the cell: its class, or what is wrong.
    fn judged(&mut self, number: usize, cell: Cell, base: &Path) -> Result<Result<String, String>> {
        if skipped(cell).is_some() {
            return Ok(Ok("skipped".to_owned()));
        }
        let wrong = match self.settle(number, cell)? {
            Played::Class(class) => return Ok(Ok(class)),
            Played::Wrong(wrong) => wrong,
            Played::Dead(how) if how == HANG => return Ok(Err(format!("{cell}: it hangs"))),
            Played::Dead(how) => format!("died: {how}"),
        };
        // Runs the cell again in a process of its own, to see whether an earlier cell was the cause.
        self.child = None;
        let _ = fs::remove_dir_all(base.join(number.to_string()));
        let alone = match self.settle(number, cell)? {
            Played::Class(class) => format!("alone it is {class}"),
            Played::Wrong(again) if again == wrong => "alone too".to_owned(),
            Played::Wrong(again) => format!("alone: {again}"),
            Played::Dead(how) => format!("alone it died: {how}"),
        };
        Ok(Err(format!("{cell}: {wrong} ({alone})")))
    }

    /// Runs a cell; after a permitted death, also checks what is left.
    fn settle(&mut self, number: usize, cell: Cell) -> Result<Played> {
        loop {
            match self.play("play", number)? {
                Played::Dead(signal) if signal == SIGBUS && cell.may_signal() => {}
                played => return Ok(played),
            }
            match self.play("after", number)? {
                // Caused by a thread of the cell before, which is of the same kind.
                Played::Class(class) if class == format!("{:?}", Class::Early) => {}
                played => return Ok(played),
            }
        }
    }
}

/// A fixed permutation: in the original order cells that wait for a second are adjacent, and the machine would be idle.
fn scattered(mut numbers: Vec<usize>) -> Vec<usize> {
    numbers.sort_by_key(|&number| (number.wrapping_mul(0x9E37_79B9) % (1 << 32), number));
    numbers
}

/// Runs the cells with these numbers.
pub fn all(cells: &[Cell], chosen: &[usize], stock: &Path, base: &Path) -> Result<Tally> {
    let tally = Mutex::new(Tally::default());
    let directories = [stock.to_string_lossy(), base.to_string_lossy()];
    // Cells that may die run in processes of their own: a thread may still be closing after the cell has ended.
    let (deadly, others): (Vec<usize>, Vec<usize>) = chosen.iter().partition(|&&number| cells[number].may_signal());
    for part in [others, deadly] {
        let (part, next) = (scattered(part), AtomicUsize::new(0));
        let play = || {
            let mut player = Player { directories: [&directories[0], &directories[1]], child: None };
            while let Some(&number) = part.get(next.fetch_add(1, Ordering::Relaxed)) {
                let came_to = player.judged(number, cells[number], base)?;
                let mut tally = tally.lock().unwrap_or_else(PoisonError::into_inner);
                if tally.wrong.len() >= MOST_WRONG {
                    break;
                }
                let class = came_to.unwrap_or_else(|wrong| {
                    tally.wrong.push(wrong);
                    "wrong".to_owned()
                });
                *tally.classes.entry(class.to_lowercase()).or_default() += 1;
            }
            Ok::<_, Error>(())
        };
        thread::scope(|scope| {
            let players: Vec<_> = (0..PLAYERS).map(|_| scope.spawn(play)).collect();
            players.into_iter().try_for_each(|player| player.join().unwrap_or_else(|_| Err(Error::other("a panic"))))
        })?;
    }
    Ok(tally.into_inner().unwrap_or_else(PoisonError::into_inner))
}
