//! Kinds of histories: a drawn one, with some of its choices made.

use mapleaf::Durability;

use super::scenario::Scenario;
use crate::common::damage::Random;
use crate::common::shim::{Fault, Last};

impl Scenario {
    /// A history of one process whose durability flushes.
    pub fn flushing(seed: u64, random: &mut Random) -> Self {
        let durability = random.pick(&[Durability::Immediate, Durability::Eventual]);
        Self::alone(seed, durability, random)
    }

    /// One process, which opens the environment `count` times with the durability drawn.
    pub fn openings(self, count: usize) -> Self {
        let durability = self.processes[0][0];
        Self { processes: vec![vec![durability; count]], ..self }
    }

    /// The environment exists before the recording.
    pub fn existing(self) -> Self {
        Self { made_before: true, ..self }
    }

    /// The environment is created at `path` during the recording.
    pub fn created_at(self, path: &'static str) -> Self {
        Self { made_before: false, path, ..self }
    }

    /// One thread with this number of operations in each opening, and no compaction.
    pub fn short(self, operations: u64) -> Self {
        Self { threads: 1, operations, compacts: false, ..self }
    }

    /// A history in which this fault occurs.
    pub fn with_fault(self, fault: Fault) -> Self {
        Self { fault: Some(fault), ..self }
    }

    /// The first process is killed at its record `nth` of the kind `of`.
    pub fn killed_at(self, nth: u64, of: u64) -> Self {
        Self { killed: Some(Last { nth, of }), ..self }
    }
}
