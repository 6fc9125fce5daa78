//! The log against one in memory, and after the death of its process.

use std::path::Path;
use std::process;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use super::{Entry, LogId, LogStore, Vote};
use crate::Result;
use crate::tests::{Random, for_both, start};

for_both! {
    entries_are_read_when_append_returns_and_then_flushed
    the_log_does_as_one_in_memory
    votes_and_entries_survive_the_death_of_the_process;
    processes a_node_that_dies
}

/// Longer than any flush.
const LONG: Duration = Duration::from_mins(1);

fn entry(term: u64, index: u64) -> Entry {
    Entry { id: LogId { term, index }, payload: vec![7; usize::try_from(index % 50).unwrap_or(0)] }
}

/// Appends entries. What `flushed` was called with is to be had from the receiver.
fn append(log: &impl LogStore, entries: &[Entry]) -> Result<Receiver<Result<()>>> {
    let (sender, receiver) = channel();
    // The test may not want to know.
    log.append(entries, Box::new(move |outcome| drop(sender.send(outcome))))?;
    Ok(receiver)
}

fn entries_are_read_when_append_returns_and_then_flushed<S: LogStore>(path: &Path) -> Result<()> {
    let log = S::open(path)?;
    let mut flushes = Vec::new();
    for index in 1..=20 {
        flushes.push(append(&log, &[entry(1, index), entry(1, index + 1)])?);
        assert_eq!(log.entries(index..)?, [entry(1, index), entry(1, index + 1)]);
    }
    for flushed in flushes {
        flushed.recv_timeout(LONG)??;
        assert!(flushed.recv_timeout(LONG).is_err(), "it is called once");
    }
    Ok(())
}

/// Compares the whole log, and a random range of it.
fn compare(log: &impl LogStore, memory: &[Entry], purged: Option<LogId>, random: &mut Random) -> Result<()> {
    assert_eq!(log.entries(..)?, memory);
    let start = random.below(60);
    let range = start..start + random.below(20);
    let of_range = memory.iter().filter(|entry| range.contains(&entry.id.index)).cloned().collect::<Vec<_>>();
    assert_eq!(log.entries(range)?, of_range);
    assert_eq!(log.state()?, (purged, memory.last().map(|entry| entry.id).or(purged)));
    Ok(())
}

fn the_log_does_as_one_in_memory<S: LogStore>(path: &Path) -> Result<()> {
    let (log, mut random) = (S::open(path)?, Random(11));
    let (mut memory, mut purged, mut next): (Vec<Entry>, Option<LogId>, u64) = (Vec::new(), None, 1);
    assert_eq!((log.vote()?, log.state()?), (None, (None, None)));
    for term in 1..=60 {
        let first = memory.first().map_or(next, |entry| entry.id.index);
        match random.below(4) {
            0 | 1 => {
                let new: Vec<_> = (next..=next + random.below(8)).map(|index| entry(term, index)).collect();
                drop(append(&log, &new)?);
                memory.extend(new);
            }
            2 => {
                let from = first + random.below(next - first + 1);
                log.truncate(from)?;
                memory.retain(|entry| entry.id.index < from);
            }
            _ => {
                if let Some(upto) = memory.get(usize::try_from(random.below(5))?).map(|entry| entry.id) {
                    log.purge(upto)?;
                    memory.retain(|entry| entry.id.index > upto.index);
                    purged = Some(upto);
                }
            }
        }
        next = memory.last().map(|entry| entry.id).or(purged).map_or(1, |last| last.index + 1);
        let vote = Vote { term, node: random.below(5) };
        log.save_vote(&vote)?;
        assert_eq!(log.vote()?, Some(vote));
        compare(&log, &memory, purged, &mut random)?;
    }
    assert!(purged.is_some());
    Ok(())
}

/// Appends, purges and votes, and ends without closing anything.
fn a_node_that_dies<S: LogStore>(path: &Path) -> Result<()> {
    let log = S::open(path)?;
    append(&log, &[entry(1, 1), entry(1, 2), entry(1, 3)])?.recv_timeout(LONG)??;
    log.purge(LogId { term: 1, index: 1 })?;
    log.save_vote(&Vote { term: 2, node: 3 })?;
    drop(append(&log, &[entry(2, 4)])?);
    process::abort();
}

fn votes_and_entries_survive_the_death_of_the_process<S: LogStore>(path: &Path) -> Result<()> {
    let status = start::<S>("raft_log", "a_node_that_dies", path)?.wait()?;
    assert_eq!(status.code(), None, "it ends by a signal");
    let log = S::open(path)?;
    assert_eq!(log.vote()?, Some(Vote { term: 2, node: 3 }));
    assert_eq!(log.entries(..)?, [entry(1, 2), entry(1, 3), entry(2, 4)]);
    assert_eq!(log.state()?, (Some(LogId { term: 1, index: 1 }), Some(LogId { term: 2, index: 4 })));
    Ok(())
}
