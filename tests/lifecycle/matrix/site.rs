//! The directories of a cell: the environment's files, the files around them, and the harm that is done to them.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use super::cells::{Cell, Form, Harm, Subject};

/// The bytes of the files of an environment.
#[derive(Clone)]
pub struct Files {
    pub data: Vec<u8>,
    pub lmdb_lock: Vec<u8>,
    pub lock: Vec<u8>,
}

const NAMES: [&str; 3] = ["data.mdb", "lock.mdb", "mapleaf.lock"];

impl Files {
    /// Reads the files of an environment in a directory that no process has open.
    pub fn read(directory: &Path) -> io::Result<Self> {
        let [data, lmdb_lock, lock] = NAMES.map(|name| fs::read(directory.join(name)));
        Ok(Self { data: data?, lmdb_lock: lmdb_lock?, lock: lock? })
    }

    pub fn of(&self, subject: Subject) -> &[u8] {
        match subject {
            Subject::Data => &self.data,
            Subject::LmdbLock => &self.lmdb_lock,
            Subject::Lock | Subject::Directory => &self.lock,
        }
    }
}

/// The files that replace those of an environment, each made by opening, committing and closing.
pub struct Stock {
    pub newest: Files,
    pub older: Files,
    pub foreign: Files,
}

/// The directories of one cell.
pub struct Site {
    pub root: PathBuf,
    pub form: Form,
}

/// What is visible of a file from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Print {
    File(Vec<u8>),
    Link(PathBuf),
    Directory,
    Other,
}

pub fn print(path: &Path) -> io::Result<Print> {
    let kind = fs::symlink_metadata(path)?.file_type();
    Ok(if kind.is_symlink() {
        Print::Link(fs::read_link(path)?)
    } else if kind.is_dir() {
        Print::Directory
    } else if kind.is_fifo() {
        Print::Other
    } else {
        Print::File(fs::read(path)?)
    })
}

impl Site {
    pub fn new(root: PathBuf, form: Form) -> Self {
        Self { root, form }
    }

    /// Lays out an environment that no process has open.
    pub fn lay(&self, files: &Files) -> io::Result<()> {
        for directory in [self.root.clone(), self.outside(), self.copies(), self.around(), self.directory()] {
            fs::create_dir(&directory)?;
            fs::set_permissions(&directory, Permissions::from_mode(0o777))?;
        }
        self.lay_files(&self.directory(), files)
    }

    fn lay_files(&self, directory: &Path, files: &Files) -> io::Result<()> {
        for subject in [Subject::Data, Subject::LmdbLock, Subject::Lock] {
            let path = directory.join(self.name(subject));
            fs::write(&path, files.of(subject))?;
            fs::set_permissions(&path, Permissions::from_mode(0o666))?;
        }
        Ok(())
    }

    /// The name of one of the three files.
    pub fn name(&self, subject: Subject) -> &'static str {
        let (of_directory, of_file) = match subject {
            Subject::Data => (NAMES[0], "one"),
            Subject::LmdbLock => (NAMES[1], "one-lock"),
            Subject::Lock => (NAMES[2], "one-mapleaf.lock"),
            Subject::Directory => ("env", "env"),
        };
        if self.form == Form::SingleFile { of_file } else { of_directory }
    }

    fn around(&self) -> PathBuf {
        self.root.join("around")
    }

    /// The directory of the files.
    pub fn directory(&self) -> PathBuf {
        self.around().join("env")
    }

    /// The path of the directory after it was renamed.
    pub fn moved(&self) -> PathBuf {
        self.around().join("moved")
    }

    pub fn outside(&self) -> PathBuf {
        self.root.join("outside")
    }

    /// The target of `copy_to`.
    pub fn copies(&self) -> PathBuf {
        self.root.join("copies")
    }

    /// The path by which the environment is opened; `directory` is the one with its files.
    pub fn place_in(&self, directory: &Path) -> PathBuf {
        if self.form == Form::SingleFile { directory.join(self.name(Subject::Data)) } else { directory.to_path_buf() }
    }

    pub fn place(&self) -> PathBuf {
        self.place_in(&self.directory())
    }

    pub fn path(&self, subject: Subject) -> PathBuf {
        let directory = self.directory();
        if subject == Subject::Directory { directory } else { directory.join(self.name(subject)) }
    }

    /// Everything around the environment's directory, and the names in it.
    pub fn surroundings(&self) -> io::Result<BTreeMap<PathBuf, Print>> {
        let mut seen = BTreeMap::new();
        for directory in [self.outside(), self.around()] {
            for entry in fs::read_dir(directory)? {
                let path = entry?.path();
                seen.insert(path.clone(), print(&path)?);
            }
        }
        Ok(seen)
    }

    /// The names in the environment's directory, if there is one.
    pub fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.directory()).into_iter().flatten().flatten();
        let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// Atomically replaces a file by one with these bytes.
    fn put(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let staged = self.root.join("staged");
        fs::write(&staged, bytes)?;
        fs::set_permissions(&staged, Permissions::from_mode(0o666))?;
        fs::rename(staged, path)
    }

    pub fn harm(&self, cell: Cell, stock: &Stock) -> io::Result<()> {
        let path = self.path(cell.subject);
        match cell.subject {
            Subject::Directory => self.harm_directory(&path, cell.harm, stock),
            subject => self.harm_file(&path, subject, cell.harm, stock),
        }
    }

    fn harm_file(&self, path: &Path, subject: Subject, harm: Harm, stock: &Stock) -> io::Result<()> {
        let bytes = fs::read(path)?;
        let elsewhere = self.outside().join("elsewhere");
        match harm {
            Harm::Removed => fs::remove_file(path),
            Harm::Copied => self.put(path, &bytes),
            Harm::Older => self.put(path, stock.older.of(subject)),
            Harm::Foreign => self.put(path, stock.foreign.of(subject)),
            Harm::MovedAway => fs::rename(path, path.with_extension("away")),
            Harm::MovedAndCopied => {
                fs::rename(path, path.with_extension("away"))?;
                self.put(path, &bytes)
            }
            Harm::Link | Harm::DanglingLink => {
                // The open file is elsewhere then, under a single name.
                fs::rename(path, &elsewhere)?;
                let target = if harm == Harm::Link { elsewhere } else { self.outside().join("nothing") };
                symlink(target, path)
            }
            Harm::IntoDirectory => fs::remove_file(path).and_then(|()| fs::create_dir(path)),
            Harm::IntoFifo => {
                fs::remove_file(path)?;
                Ok(mkfifo(path, Mode::from_bits_truncate(0o666))?)
            }
            Harm::Unreadable => fs::set_permissions(path, Permissions::from_mode(0o000)),
            Harm::Unwritable => fs::set_permissions(path, Permissions::from_mode(0o444)),
            Harm::HardLink => fs::hard_link(path, elsewhere),
            Harm::WrittenOver => over(path, &noise(bytes.len())),
            Harm::LongerByZeros => append(path, &[0; LONGER]),
            Harm::LongerByNoise => append(path, &noise(LONGER)),
            Harm::IntoFile => Ok(()),
            harm if harm.is_cut() => {
                let length = cut_length(subject, harm, bytes.len());
                fs::OpenOptions::new().write(true).open(path)?.set_len(length as u64)
            }
            harm => self.put(path, &other_bytes(subject, harm, bytes)),
        }
    }

    fn harm_directory(&self, path: &Path, harm: Harm, stock: &Stock) -> io::Result<()> {
        match harm {
            Harm::Removed => return fs::remove_dir_all(path),
            Harm::Unreadable => return fs::set_permissions(path, Permissions::from_mode(0o000)),
            Harm::Unwritable => return fs::set_permissions(path, Permissions::from_mode(0o555)),
            _ => fs::rename(path, self.moved())?,
        }
        match harm {
            Harm::Copied => {
                fs::create_dir(path)?;
                for subject in [Subject::Data, Subject::LmdbLock, Subject::Lock] {
                    fs::copy(self.moved().join(self.name(subject)), path.join(self.name(subject)))?;
                }
                Ok(())
            }
            Harm::Foreign => fs::create_dir(path).and_then(|()| self.lay_files(path, &stock.foreign)),
            Harm::Link => symlink(self.moved(), path),
            Harm::DanglingLink => symlink(self.outside().join("nothing"), path),
            Harm::IntoFile => fs::write(path, b"somebody else's text"),
            _ => Ok(()),
        }
    }

    /// Removes a harmed lock file and restores permissions: what is left must open.
    pub fn heal(&self, cell: Cell) -> io::Result<()> {
        let path = self.path(cell.subject);
        if cell.harm.is_of_modes() {
            let mode = if cell.subject == Subject::Directory { 0o777 } else { 0o666 };
            return fs::set_permissions(&path, Permissions::from_mode(mode));
        }
        match print(&path) {
            Ok(Print::Directory) => fs::remove_dir(&path),
            Ok(_) => fs::remove_file(&path),
            Err(_) => Ok(()),
        }
    }
}

/// By how many bytes a file is lengthened.
const LONGER: usize = 10_000;

pub fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x1234_5678_u32;
    let next = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    (0..length).map(next).collect()
}

fn append(path: &Path, bytes: &[u8]) -> io::Result<()> {
    io::Write::write_all(&mut fs::OpenOptions::new().append(true).open(path)?, bytes)
}

/// Overwrites a file in place.
fn over(path: &Path, bytes: &[u8]) -> io::Result<()> {
    io::Write::write_all(&mut fs::OpenOptions::new().write(true).open(path)?, bytes)
}

fn cut_length(subject: Subject, harm: Harm, length: usize) -> usize {
    let unit = if subject == Subject::Data { 4096 } else { 64 };
    match harm {
        Harm::CutToNothing => 0,
        Harm::CutToOneByte => 1,
        Harm::CutToHalf => length / 2 + 1,
        Harm::CutByOneByte => length - 1,
        _ => (length - 1) / unit * unit,
    }
}

/// The bytes of the file that replaces one with `bytes`.
fn other_bytes(subject: Subject, harm: Harm, mut bytes: Vec<u8>) -> Vec<u8> {
    const MAGIC: [u8; 4] = 0xBEEF_C0DE_u32.to_le_bytes();
    match (harm, subject) {
        (Harm::Zeros, _) => bytes.fill(0),
        (Harm::Noise, _) => bytes = noise(bytes.len()),
        (Harm::Newer, Subject::Data) => [20, 4096 + 20].into_iter().for_each(|at| bytes[at] = 2),
        (Harm::OtherLayout, Subject::Data) => {
            // Its page header is longer, so the magic number is at another offset.
            for at in [0, 4096] {
                bytes[at + 16..at + 24].fill(0);
                bytes[at + 24..at + 28].copy_from_slice(&MAGIC);
            }
        }
        (Harm::Newer, Subject::LmdbLock) => bytes[0] ^= 0xFF,
        (Harm::OtherLayout, Subject::LmdbLock) => bytes[4] ^= 0xFF,
        (Harm::Newer, _) => bytes[8] = 2,
        (_, _) => bytes[8] = 255,
    }
    bytes
}
