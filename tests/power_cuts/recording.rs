//! The changes of the files under a directory and the messages of programs, in one order: reads the log of
//! `tests/common/shim.c`.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use mapleaf::{Error, Result};

use crate::common::shim::{Control, Last};

/// An entry of the log. Paths are relative to the recorded directory, and files are identified by their inodes.
#[derive(Debug)]
pub enum Event {
    /// With a token other than 0, the bytes are being flushed from then on.
    Written {
        file: u64,
        at: usize,
        bytes: Vec<u8>,
        token: u64,
    },
    Length {
        file: u64,
        length: usize,
    },
    Flushing {
        file: u64,
        token: u64,
    },
    Flushed {
        token: u64,
        failed: bool,
    },
    Created {
        file: u64,
        path: PathBuf,
        directory: bool,
    },
    Renamed {
        from: PathBuf,
        to: PathBuf,
    },
    Removed(PathBuf),
    /// A message of a program about an operation.
    Said(String),
}

/// A file or a directory.
#[derive(Debug)]
pub struct Node {
    pub path: PathBuf,
    pub inode: u64,
    /// `None` for a directory.
    pub bytes: Option<Vec<u8>>,
}

/// The files and directories at the beginning, parents first, the changes, and the files at the end.
#[derive(Debug)]
pub struct Recording {
    pub before: Vec<Node>,
    pub events: Vec<Event>,
    pub after: Vec<Node>,
}

impl Recording {
    /// The bytes of a file at the end.
    pub fn left(&self, path: &Path) -> Option<&[u8]> {
        self.after.iter().find(|node| node.path == path)?.bytes.as_deref()
    }

    /// The number of failed flushes.
    pub fn failed(&self) -> u64 {
        self.events.iter().filter(|event| matches!(event, Event::Flushed { failed: true, .. })).count() as u64
    }
}

/// Everything in `root`; `root` itself has an empty path.
fn tree(root: &Path) -> io::Result<Vec<Node>> {
    let mut nodes = vec![Node { path: PathBuf::new(), inode: fs::metadata(root)?.ino(), bytes: None }];
    let mut next = 0;
    while next < nodes.len() {
        let directory = nodes[next].path.clone();
        let is_directory = nodes[next].bytes.is_none();
        next += 1;
        if !is_directory {
            continue;
        }
        for entry in fs::read_dir(root.join(&directory))? {
            let entry = entry?;
            let metadata = entry.metadata()?;
            let bytes = if metadata.is_dir() { None } else { Some(fs::read(entry.path())?) };
            nodes.push(Node { path: directory.join(entry.file_name()), inode: metadata.ino(), bytes });
        }
    }
    Ok(nodes)
}

/// Records what `work` does to the files under `root`, in any process. A flush takes `pause` microseconds. The process
/// that makes the record `last` is killed.
pub fn record<T>(
    control: &Control,
    root: &Path,
    pause: u64,
    last: Option<Last>,
    work: impl FnOnce() -> Result<T>,
) -> Result<(T, Recording)> {
    control.aim(root)?;
    let before = tree(root).map_err(Error::other)?;
    control.record(pause, last)?;
    let done = work();
    let log = control.recorded()?;
    let events = Log { rest: &log, root }.collect();
    Ok((done?, Recording { before, events, after: tree(root).map_err(Error::other)? }))
}

struct Log<'a> {
    rest: &'a [u8],
    root: &'a Path,
}

impl Log<'_> {
    fn path(&self, name: &[u8]) -> PathBuf {
        let path = Path::new(OsStr::from_bytes(name));
        path.strip_prefix(self.root).expect("only files below the root are recorded").to_path_buf()
    }
}

impl Iterator for Log<'_> {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        let (head, rest) = self.rest.split_first_chunk::<40>()?;
        let field = |at: usize| head[at * 8..].first_chunk().map_or(0, |bytes| u64::from_ne_bytes(*bytes));
        let size = |at: usize| usize::try_from(field(at)).expect("sizes fit");
        let (kind, file, token) = (field(0), field(1), field(3));
        let (payload, rest) = rest.split_at(size(4));
        self.rest = rest;
        Some(match kind {
            1 => Event::Written { file, at: size(2), bytes: payload.to_vec(), token },
            2 => Event::Length { file, length: size(2) },
            3 => Event::Flushing { file, token },
            4 | 5 => Event::Flushed { token, failed: kind == 5 },
            6 | 7 => Event::Created { file, path: self.path(payload), directory: kind == 7 },
            8 => {
                let between = payload.iter().position(|byte| *byte == 0).expect("two names");
                Event::Renamed { from: self.path(&payload[..between]), to: self.path(&payload[between + 1..]) }
            }
            9 => Event::Removed(self.path(payload)),
            10 => Event::Said(String::from_utf8_lossy(payload).into_owned()),
            _ => panic!("the log has no records of kind {kind}"),
        })
    }
}
