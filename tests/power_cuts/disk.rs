//! A model of a disk with the system's page cache, driven by a log: for each page of each file, the content on the
//! disk, and the later writes that may or may not have reached it.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::image::How;
use super::names::{Entry, Names};
use super::recording::{Event, Node, Recording};
use crate::common::damage::Random;

pub const PAGE: usize = 4096;
pub const SECTOR: usize = 512;
/// The number of meta pages at the beginning of a database file.
pub const METAS: usize = 2;

pub type Content = Rc<[u8]>;

/// One page of a file. `None` is a page of zeros.
#[derive(Clone, Default)]
pub struct Page {
    pub disk: Option<Content>,
    /// The content that programs read.
    now: Option<Content>,
    /// Contents that the system may have written to the disk, each with the number of its event.
    pub versions: Vec<(u64, Content)>,
}

#[derive(Clone, Default)]
pub struct File {
    pub pages: Vec<Page>,
    /// The length on the disk, now, and in between.
    pub length: usize,
    now: usize,
    pub lengths: Vec<(u64, usize)>,
}

/// A flush that has begun: its object, and the last event that it covers.
enum Flush {
    Pages { file: usize, pages: Range<usize>, upto: u64 },
    Names { directory: PathBuf, upto: u64 },
}

/// A flush to omit: the disk reports success and writes nothing. Its number among all flushes of pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeftOut(pub usize);

pub struct Disk {
    files: Vec<File>,
    pub names: Names,
    inodes: HashMap<u64, Entry>,
    directories: HashMap<u64, PathBuf>,
    flushes: HashMap<u64, Flush>,
    left_out: Option<LeftOut>,
    /// The number of finished flushes of pages, and the last event.
    flushed: usize,
    last: u64,
}

impl File {
    fn of(bytes: &[u8]) -> Self {
        let page = |bytes: &[u8]| {
            let mut whole = [0; PAGE];
            whole[..bytes.len()].copy_from_slice(bytes);
            let content: Content = Rc::from(whole);
            Page { disk: Some(Rc::clone(&content)), now: Some(content), versions: Vec::new() }
        };
        let pages = bytes.chunks(PAGE).map(page).collect();
        Self { pages, length: bytes.len(), now: bytes.len(), lengths: Vec::new() }
    }

    fn set_length(&mut self, event: u64, length: usize) {
        if length != self.now {
            assert!(length > self.now, "a file is made shorter, which is not modelled");
            self.now = length;
            self.lengths.push((event, length));
        }
    }

    /// Writes bytes and returns their pages. A page is written to the disk as a whole, with everything else that the
    /// cache has of it.
    fn write(&mut self, event: u64, at: usize, bytes: &[u8]) -> Range<usize> {
        let (end, pages) = (at + bytes.len(), at / PAGE..(at + bytes.len()).div_ceil(PAGE));
        if self.pages.len() < pages.end {
            self.pages.resize(pages.end, Page::default());
        }
        for number in pages.clone() {
            let page = &mut self.pages[number];
            let mut whole = [0; PAGE];
            if let Some(now) = &page.now {
                whole.copy_from_slice(now);
            }
            let (from, to) = (at.max(number * PAGE), end.min((number + 1) * PAGE));
            whole[from - number * PAGE..to - number * PAGE].copy_from_slice(&bytes[from - at..to - at]);
            let content: Content = Rc::from(whole);
            page.now = Some(Rc::clone(&content));
            page.versions.push((event, content));
        }
        self.set_length(event, self.now.max(end));
        pages
    }

    /// Everything written to these pages up to an event is now on the disk.
    fn flush(&mut self, pages: Range<usize>, upto: u64) {
        let end = pages.end.min(self.pages.len());
        for page in &mut self.pages[pages.start.min(end)..end] {
            let covered = page.versions.partition_point(|(event, _)| *event <= upto);
            if let Some((_, content)) = page.versions.drain(..covered).next_back() {
                page.disk = Some(content);
            }
        }
        let covered = self.lengths.partition_point(|(event, _)| *event <= upto);
        if let Some((_, length)) = self.lengths.drain(..covered).next_back() {
            self.length = length;
        }
    }

    /// A failed flush with Linux's behaviour: part of the data may be on the disk, and the pages count as clean from
    /// then on, so that no later flush writes the rest. The length still counts as unwritten.
    fn fail(&mut self, pages: Range<usize>, upto: u64, random: &mut Random) {
        let how = random.pick(&[How::Nothing, How::Nothing, How::Everything, How::Pages, How::Sectors]);
        let end = pages.end.min(self.pages.len());
        for (number, page) in self.pages[pages.start.min(end)..end].iter_mut().enumerate() {
            let covered = page.versions.partition_point(|(event, _)| *event <= upto);
            let later = page.versions.split_off(covered);
            page.disk = how.page(pages.start + number, page, random);
            page.versions = later;
        }
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.pages.len() * PAGE);
        for page in &self.pages {
            match &page.now {
                Some(now) => bytes.extend_from_slice(now),
                None => bytes.resize(bytes.len() + PAGE, 0),
            }
        }
        bytes.resize(self.now, 0);
        bytes
    }

    fn is_settled(&self) -> bool {
        self.lengths.is_empty() && self.pages.iter().all(|page| page.versions.is_empty() && page.disk == page.now)
    }
}

impl Disk {
    /// The disk at the beginning of a recording; all files are on it.
    pub fn new(before: &[Node], left_out: Option<LeftOut>) -> Self {
        let mut disk = Self {
            files: Vec::new(),
            names: Names::default(),
            inodes: HashMap::new(),
            directories: HashMap::new(),
            flushes: HashMap::new(),
            left_out,
            flushed: 0,
            last: 0,
        };
        for node in before {
            let entry = disk.entry(node.inode, &node.path, node.bytes.as_deref());
            disk.names.begin(&node.path, entry);
        }
        disk
    }

    fn entry(&mut self, inode: u64, path: &Path, bytes: Option<&[u8]>) -> Entry {
        let entry = if let Some(bytes) = bytes {
            self.files.push(File::of(bytes));
            Entry::File(self.files.len() - 1)
        } else {
            self.directories.insert(inode, path.to_path_buf());
            Entry::Directory
        };
        // The inode number of a removed file may be used again.
        self.inodes.insert(inode, entry);
        entry
    }

    /// The file with this inode; `None` for a directory.
    fn file(&self, inode: u64) -> Option<usize> {
        match self.inodes.get(&inode) {
            Some(Entry::File(file)) => Some(*file),
            Some(Entry::Directory) => None,
            None => panic!("a file that was not there and not created"),
        }
    }

    pub fn content(&self, file: usize) -> &File {
        &self.files[file]
    }

    /// Applies an event.
    pub fn apply(&mut self, event: &Event, random: &mut Random) {
        self.last += 1;
        match event {
            Event::Written { file, at, bytes, token } => {
                let file = self.file(*file).expect("bytes are written to files");
                let pages = self.files[file].write(self.last, *at, bytes);
                if *token > 0 {
                    self.flushes.insert(*token, Flush::Pages { file, pages, upto: self.last });
                }
            }
            Event::Length { file, length } => {
                let file = self.file(*file).expect("files have a length");
                self.files[file].set_length(self.last, *length);
            }
            Event::Flushing { file, token } => {
                let flush = match self.file(*file) {
                    Some(file) => Flush::Pages { file, pages: 0..usize::MAX, upto: self.last },
                    None => Flush::Names { directory: self.directories[file].clone(), upto: self.last },
                };
                self.flushes.insert(*token, flush);
            }
            Event::Flushed { token, failed } => self.flushed(*token, *failed, random),
            Event::Created { file, path, directory } => {
                let entry = self.entry(*file, path, (!directory).then_some(&[]));
                self.names.add(self.last, path, entry);
            }
            Event::Renamed { from, to } => self.names.rename(self.last, from, to),
            Event::Removed(path) => self.names.remove(self.last, path),
            Event::Said(_) => {}
        }
    }

    fn flushed(&mut self, token: u64, failed: bool, random: &mut Random) {
        match self.flushes.remove(&token).expect("what ends was begun") {
            Flush::Pages { file, pages, upto } => {
                self.flushed += 1;
                if failed {
                    self.files[file].fail(pages, upto, random);
                } else if self.left_out != Some(LeftOut(self.flushed - 1)) {
                    self.files[file].flush(pages, upto);
                }
            }
            // Names stay pending after a failed flush: file systems keep them in a journal.
            Flush::Names { directory, upto } if !failed => self.names.flush(&directory, upto),
            Flush::Names { .. } => {}
        }
    }

    /// The first event whose bytes may not be on the disk, and the last event.
    pub fn unflushed(&self) -> (u64, u64) {
        let pages = self.files.iter().flat_map(|file| &file.pages);
        let first = pages.filter_map(|page| page.versions.first()).map(|(event, _)| *event).min();
        (first.unwrap_or(self.last), self.last)
    }

    /// The number of finished flushes of pages.
    pub fn flushes(&self) -> usize {
        self.flushed
    }

    /// Whether the disk has everything that programs see, for the names that `counts` selects.
    pub fn is_settled(&self, counts: impl Fn(&Path) -> bool) -> bool {
        let files = self.names.now().filter(|(path, _)| counts(path));
        let flushed = |entry: &Entry| match entry {
            Entry::File(file) => self.files[*file].is_settled(),
            Entry::Directory => true,
        };
        self.names.is_settled(&counts) && files.map(|(_, entry)| entry).all(flushed)
    }

    /// What programs see: each name, and the bytes of files.
    pub fn seen(&self) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
        let bytes = |entry: &Entry| match entry {
            Entry::File(file) => Some(self.files[*file].bytes()),
            Entry::Directory => None,
        };
        self.names.now().map(|(path, entry)| (path.clone(), bytes(entry))).collect()
    }
}

/// The disk after a whole recording. Checks that the log accounts for every change of the files, except in the parts
/// that `shared` names, which are written through maps.
pub fn replayed(recording: &Recording, shared: impl Fn(&Path) -> Option<Range<usize>>) -> Disk {
    let mut disk = Disk::new(&recording.before, None);
    let random = &mut Random(0);
    recording.events.iter().for_each(|event| disk.apply(event, random));
    let mut seen = disk.seen();
    for node in &recording.after {
        let expected = seen.remove(&node.path).unwrap_or_else(|| panic!("{} was not recorded", node.path.display()));
        let (Some(mut expected), Some(mut bytes)) = (expected, node.bytes.clone()) else { continue };
        for bytes in [&mut expected, &mut bytes] {
            let shared = shared(&node.path).unwrap_or(0..0);
            let (start, end) = (shared.start.min(bytes.len()), shared.end.min(bytes.len()));
            bytes.drain(start..end);
        }
        assert!(expected == bytes, "{} is not what was recorded", node.path.display());
    }
    assert!(seen.is_empty(), "recorded, and not there: {:?}", seen.keys());
    disk
}
