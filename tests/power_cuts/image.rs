//! The images that a power cut may leave of a disk: any part of the unflushed data.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::disk::{Content, Disk, File, METAS, PAGE, Page, SECTOR};
use super::names::Entry;
use crate::common::damage::Random;

/// Which of the unflushed writes reached the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    Nothing,
    Everything,
    /// Those up to an event: the system wrote in order.
    UpTo(u64),
    /// Those after an event: the system wrote the last ones first.
    Behind(u64),
    /// A random subset of whole writes; the number is the seed.
    Writes(u64),
    /// All except one.
    AllBut(u64),
    Only(u64),
    /// For each page, any one of its contents.
    Pages,
    /// For each sector, any one of its contents.
    Sectors,
    /// The meta pages, and a random subset of the others.
    MetasFirst,
    OnlyMetas,
    NoMetas,
}

impl How {
    /// Draws one of them, for events between two numbers.
    pub fn draw(random: &mut Random, events: (u64, u64)) -> Self {
        let event = events.0 + random.below(usize::try_from(events.1 - events.0).unwrap_or(0) + 1) as u64;
        match random.below(16) {
            0 | 1 => Self::Nothing,
            2 => Self::Everything,
            3 => Self::UpTo(event),
            4 => Self::Behind(event),
            5 => Self::Writes(random.below(usize::MAX) as u64),
            6 => Self::AllBut(event),
            7 => Self::Only(event),
            8 | 9 => Self::Pages,
            10 | 11 => Self::Sectors,
            12 | 13 => Self::MetasFirst,
            14 => Self::OnlyMetas,
            _ => Self::NoMetas,
        }
    }

    /// The content of page `number` on the disk after the cut.
    pub fn page(self, number: usize, page: &Page, random: &mut Random) -> Option<Content> {
        let any = |random: &mut Random| match random.below(page.versions.len() + 1) {
            0 => page.disk.clone(),
            n => Some(Rc::clone(&page.versions[n - 1].1)),
        };
        let with = |got_there: &dyn Fn(u64) -> bool| {
            let last = page.versions.iter().rev().find(|(event, _)| got_there(*event));
            last.map_or_else(|| page.disk.clone(), |(_, content)| Some(Rc::clone(content)))
        };
        let is_meta = number < METAS;
        match self {
            Self::Nothing => page.disk.clone(),
            Self::Everything => with(&|_| true),
            Self::UpTo(last) => with(&|event| event <= last),
            Self::Behind(first) => with(&|event| event >= first),
            Self::Writes(salt) => with(&|event| Random(salt ^ event).below(2) == 0),
            Self::AllBut(one) => with(&|event| event != one),
            Self::Only(one) => with(&|event| event == one),
            Self::MetasFirst if !is_meta => any(random),
            Self::MetasFirst | Self::OnlyMetas => with(&|_| is_meta),
            Self::NoMetas => with(&|_| !is_meta),
            Self::Pages => any(random),
            Self::Sectors => {
                let mut whole = [0; PAGE];
                for at in (0..PAGE).step_by(SECTOR) {
                    if let Some(content) = any(random) {
                        whole[at..at + SECTOR].copy_from_slice(&content[at..at + SECTOR]);
                    }
                }
                Some(Rc::from(whole))
            }
        }
    }

    /// The length of the file: the old or the new one, and with some of the writes anything between.
    fn length(self, file: &File, random: &mut Random) -> usize {
        let count = match self {
            Self::Nothing => 0,
            Self::Everything => file.lengths.len(),
            _ => random.below(file.lengths.len() + 1),
        };
        count.checked_sub(1).map_or(file.length, |last| file.lengths[last].1)
    }
}

/// Files and directories after a power cut.
#[derive(Clone, Debug)]
pub struct Image {
    pub how: How,
    pub directories: Vec<PathBuf>,
    pub files: BTreeMap<PathBuf, Vec<u8>>,
}

impl Image {
    /// Draws one of the images that the disk may hold now.
    pub fn draw(disk: &Disk, how: How, random: &mut Random) -> Self {
        let share = match how {
            How::Nothing => Some(false),
            How::Everything => Some(true),
            _ => None,
        };
        let mut image = Self { how, directories: Vec::new(), files: BTreeMap::new() };
        for (path, entry) in disk.names.draw(random, share) {
            match entry {
                Entry::File(file) => drop(image.files.insert(path, bytes(disk.content(file), how, random))),
                Entry::Directory => image.directories.push(path),
            }
        }
        image
    }

    /// Writes the files to `root`, in place of what is there.
    pub fn lay(&self, root: &Path) -> io::Result<()> {
        match fs::remove_dir_all(root) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => fs::create_dir(root)?,
        }
        for directory in self.directories.iter().filter(|path| !path.as_os_str().is_empty()) {
            fs::create_dir(root.join(directory))?;
        }
        self.files.iter().try_for_each(|(path, bytes)| fs::write(root.join(path), bytes))
    }
}

fn bytes(file: &File, how: How, random: &mut Random) -> Vec<u8> {
    let length = how.length(file, random);
    let mut bytes = Vec::with_capacity(length.next_multiple_of(PAGE));
    for (number, page) in file.pages.iter().enumerate().take(length.div_ceil(PAGE)) {
        match how.page(number, page, random) {
            Some(content) => bytes.extend_from_slice(&content),
            None => bytes.resize(bytes.len() + PAGE, 0),
        }
    }
    bytes.resize(length, 0);
    bytes
}
