//! What tests that damage files share: how they open, which errors damage may give, and reproducible randomness.

use mapleaf::{Durability, Env, EnvOptions, Error, ErrorKind};

pub const PAGE: usize = 4096;

pub fn options() -> EnvOptions {
    Env::options().durability(Durability::Process).map_size(1 << 26).max_readers(16)
}

/// Whether `error` is one that damage may give.
#[track_caller]
pub fn typed(error: &Error) {
    let kinds = [ErrorKind::Corrupted, ErrorKind::FormatVersion, ErrorKind::Decode, ErrorKind::Unsupported];
    // A name, a record of the catalogue or a flag may be what was hit.
    let others = [ErrorKind::NotFound, ErrorKind::SchemaMismatch];
    assert!(kinds.contains(&error.kind()) || others.contains(&error.kind()), "{error:?}");
}

/// Numbers that look random and are the same in every run: `SplitMix64`.
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
