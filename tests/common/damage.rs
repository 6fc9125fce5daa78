//! Shared by tests that damage files: the open options, the errors that damage may cause, and reproducible random
//! numbers.

use mapleaf::{Durability, Env, EnvOptions, Error, ErrorKind};

pub const PAGE: usize = 4096;

pub fn options() -> EnvOptions {
    Env::options().durability(Durability::Process).map_size(1 << 26).max_readers(16)
}

/// Asserts that `error` has a kind that damage may cause.
#[track_caller]
pub fn typed(error: &Error) {
    let kinds = [ErrorKind::Corrupted, ErrorKind::FormatVersion, ErrorKind::Decode, ErrorKind::Unsupported];
    // The damage may have hit a name, a record of the catalogue or a flag.
    let others = [ErrorKind::NotFound, ErrorKind::SchemaMismatch];
    assert!(kinds.contains(&error.kind()) || others.contains(&error.kind()), "{error:?}");
}

/// A random number generator that gives the same numbers in every run: `SplitMix64`.
#[derive(Clone)]
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) % limit as u64).unwrap_or(0)
    }

    pub fn byte(&mut self) -> u8 {
        u8::try_from(self.below(256)).unwrap_or(0)
    }

    pub fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }
}
