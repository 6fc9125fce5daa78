//! Names of files and directories: on the disk once their directory was flushed, undetermined before that.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::common::damage::Random;

/// The object of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A file with this number.
    File(usize),
    Directory,
}

enum Change {
    Added(PathBuf, Entry),
    Renamed(PathBuf, PathBuf),
    Removed(PathBuf),
}

/// A change of a directory that is not flushed.
struct Pending {
    event: u64,
    directory: PathBuf,
    change: Change,
}

type Tree = BTreeMap<PathBuf, Entry>;

#[derive(Default)]
pub struct Names {
    disk: Tree,
    now: Tree,
    pending: Vec<Pending>,
}

impl Change {
    fn make(&self, tree: &mut Tree) {
        match self {
            Self::Added(path, entry) => drop(tree.insert(path.clone(), *entry)),
            Self::Removed(path) => drop(tree.remove(path)),
            Self::Renamed(from, to) => {
                if let Some(entry) = tree.remove(from) {
                    tree.insert(to.clone(), entry);
                }
            }
        }
    }

    fn path(&self) -> &Path {
        match self {
            Self::Added(path, _) | Self::Removed(path) | Self::Renamed(_, path) => path,
        }
    }
}

fn directory_of(path: &Path) -> PathBuf {
    path.parent().map(Path::to_path_buf).unwrap_or_default()
}

impl Names {
    /// Adds a name that existed at the beginning.
    pub fn begin(&mut self, path: &Path, entry: Entry) {
        self.disk.insert(path.to_path_buf(), entry);
        self.now.insert(path.to_path_buf(), entry);
    }

    fn change(&mut self, event: u64, change: Change) {
        change.make(&mut self.now);
        self.pending.push(Pending { event, directory: directory_of(change.path()), change });
    }

    pub fn add(&mut self, event: u64, path: &Path, entry: Entry) {
        self.change(event, Change::Added(path.to_path_buf(), entry));
    }

    pub fn remove(&mut self, event: u64, path: &Path) {
        self.change(event, Change::Removed(path.to_path_buf()));
    }

    pub fn rename(&mut self, event: u64, from: &Path, to: &Path) {
        assert_eq!(directory_of(from), directory_of(to), "a move to another directory is not modelled");
        self.change(event, Change::Renamed(from.to_path_buf(), to.to_path_buf()));
    }

    /// A directory was flushed, with all changes up to an event.
    pub fn flush(&mut self, directory: &Path, upto: u64) {
        let disk = &mut self.disk;
        self.pending.retain(|pending| {
            let covered = pending.directory == directory && pending.event <= upto;
            if covered {
                pending.change.make(disk);
            }
            !covered
        });
    }

    pub fn now(&self) -> impl Iterator<Item = (&PathBuf, &Entry)> {
        self.now.iter()
    }

    pub fn is_settled(&self, counts: impl Fn(&Path) -> bool) -> bool {
        !self.pending.iter().any(|pending| counts(pending.change.path()))
    }

    /// Draws the names after a cut: of each directory, the changes up to one of them, since the system makes them in
    /// order. `share` selects all or none instead of a random number.
    pub fn draw(&self, random: &mut Random, share: Option<bool>) -> Tree {
        let mut counts: BTreeMap<&Path, usize> = BTreeMap::new();
        for pending in &self.pending {
            *counts.entry(&pending.directory).or_default() += 1;
        }
        for count in counts.values_mut() {
            *count = match share {
                Some(true) => *count,
                Some(false) => 0,
                None => random.below(*count + 1),
            };
        }
        let mut tree = self.disk.clone();
        for pending in &self.pending {
            if let Some(count) = counts.get_mut(&*pending.directory).filter(|count| **count > 0) {
                *count -= 1;
                pending.change.make(&mut tree);
            }
        }
        let below = |path: &Path| path.ancestors().skip(1).all(|above| tree.get(above) == Some(&Entry::Directory));
        tree.iter().filter(|(path, _)| below(path)).map(|(path, entry)| (path.clone(), *entry)).collect()
    }
}
