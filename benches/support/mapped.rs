//! Maps a data file once more, to measure the machine: how fast its bytes can be read, and which are in memory.
#![expect(unsafe_code, reason = "a file is mapped, and the system asked about the map")]

use std::fs::File;
use std::path::Path;
use std::thread;
use std::time::Duration;

use memmap2::{Advice, Mmap};

use super::race::timed;
use super::{Lane, Outcome, Role};

/// A file that does not change, in memory.
pub(crate) struct Mapped {
    map: Mmap,
}

impl Mapped {
    pub(crate) fn open(path: &Path) -> Outcome<Self> {
        let file = File::open(path)?;
        // SAFETY: the benchmarks write to no file that they map, and its directory is their own.
        let map = unsafe { Mmap::map(&file) }?;
        map.advise(Advice::Random)?;
        Ok(Self { map })
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.map
    }

    /// The lane of one core that adds up the file, word by word.
    pub(crate) fn lane(&self) -> Lane<'_> {
        Lane::new(Role::Memory(self.map.len() as u64), || Ok(stream(&self.map)))
    }

    /// The lane of `threads` cores that add up a part each.
    pub(crate) fn lane_of(&self, threads: usize) -> Lane<'_> {
        Lane::new(Role::Memory(self.map.len() as u64), move || {
            let parts = self.map.chunks(self.map.len().div_ceil(threads).max(1));
            Ok(thread::scope(|scope| {
                let running: Vec<_> = parts.map(|part| scope.spawn(|| stream(part))).collect();
                running.into_iter().fold(0, |sum: u64, part| part.join().map_or(sum, |part| sum.wrapping_add(part)))
            }))
        })
    }
}

/// The sum of all words: consecutive loads of eight bytes, as wide as the compiler makes them.
fn stream(bytes: &[u8]) -> u64 {
    bytes.as_chunks().0.iter().fold(0, |sum: u64, word| sum.wrapping_add(u64::from_le_bytes(*word)))
}
