//! The name of a DBI's tree, as its handles know it.

use std::sync::OnceLock;

/// The name of a DBI's tree. It changes only where nobody reads the tree by the old name: where the commit that creates
/// the DBI gives its tree a number, and where a copy sets names right, so that nobody reads the old file any more. Then
/// the newer name is added. Reading it takes no lock.
#[derive(Debug)]
pub(super) struct TreeName {
    name: Box<str>,
    newer: OnceLock<Box<TreeName>>,
}

impl TreeName {
    pub(super) fn new(name: &str) -> Self {
        Self { name: name.into(), newer: OnceLock::new() }
    }

    fn newest(&self) -> &Self {
        let mut at = self;
        while let Some(newer) = at.newer.get() {
            at = newer;
        }
        at
    }

    #[inline]
    pub(super) fn get(&self) -> &str {
        &self.newest().name
    }

    /// Notes that this is the name.
    pub(super) fn set(&self, name: &str) {
        let newest = self.newest();
        if *newest.name != *name {
            // `set` fails if another thread was faster. That thread found the same name, so the error is ignored.
            let _ = newest.newer.set(Box::new(Self::new(name)));
        }
    }
}
