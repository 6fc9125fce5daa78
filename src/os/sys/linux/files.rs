//! Files: reads and writes at an offset, opening, identity, and space on the disk.

use std::fs::{self, File, Metadata, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{self, FallocateFlags, fallocate};
use nix::libc;
use nix::sys::stat::FileStat;
use nix::sys::statvfs::statvfs;
use nix::unistd::syncfs;

use crate::os::sys::FileMode;

#[inline]
pub(crate) fn read_at(file: &File, bytes: &mut [u8], at: u64) -> io::Result<usize> {
    file.read_at(bytes, at)
}

#[inline]
pub(crate) fn read_exact_at(file: &File, bytes: &mut [u8], at: u64) -> io::Result<()> {
    file.read_exact_at(bytes, at)
}

#[inline]
pub(crate) fn write_all_at(file: &File, bytes: &[u8], at: u64) -> io::Result<()> {
    file.write_all_at(bytes, at)
}

// None of the functions below sets `O_CLOEXEC`: the standard library sets it for every file that it opens.

pub(crate) fn create_new(path: &Path, mode: FileMode) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create_new(true).mode(mode.0).open(path)
}

pub(crate) fn open_read_only(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK).open(path)
}

pub(crate) fn open_read_write(path: &Path, create: Option<FileMode>) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(create.is_some()).truncate(false);
    options.mode(create.unwrap_or(FileMode::OWNER_ALONE).0);
    options.custom_flags(libc::O_NOFOLLOW).open(path)
}

/// Device and inode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct FileId {
    device: u64,
    inode: u64,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct FileInfo {
    id: FileId,
    len: u64,
    links: u64,
    /// The permissions, and the bits of the file's kind.
    mode: u32,
    owner: u32,
    group: u32,
}

impl FileInfo {
    /// Describes an open file.
    pub(crate) fn of(file: &File) -> io::Result<Self> {
        file.metadata().map(|metadata| Self::of_metadata(&metadata))
    }

    /// Describes the file at `path`; a link is followed.
    pub(crate) fn at(path: &Path) -> io::Result<Self> {
        fs::metadata(path).map(|metadata| Self::of_metadata(&metadata))
    }

    /// Describes what has the name at the end of `path`; a link is not followed.
    pub(crate) fn of_name(path: &Path) -> io::Result<Self> {
        fs::symlink_metadata(path).map(|metadata| Self::of_metadata(&metadata))
    }

    fn of_metadata(metadata: &Metadata) -> Self {
        Self {
            id: FileId { device: metadata.dev(), inode: metadata.ino() },
            len: metadata.len(),
            links: metadata.nlink(),
            mode: metadata.mode(),
            owner: metadata.uid(),
            group: metadata.gid(),
        }
    }

    #[allow(clippy::useless_conversion, reason = "the width of the link count depends on the processor")]
    pub(super) fn of_stat(stat: &FileStat) -> Self {
        Self {
            id: FileId { device: stat.st_dev, inode: stat.st_ino },
            len: u64::try_from(stat.st_size).unwrap_or(0),
            links: u64::from(stat.st_nlink),
            mode: stat.st_mode,
            owner: stat.st_uid,
            group: stat.st_gid,
        }
    }

    #[inline]
    pub(crate) fn id(&self) -> FileId {
        self.id
    }

    /// The length in bytes.
    #[inline]
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// How many names the file has; 0 once all were removed.
    pub(crate) fn links(&self) -> u64 {
        self.links
    }

    pub(crate) fn is_file(&self) -> bool {
        self.mode & libc::S_IFMT == libc::S_IFREG
    }

    pub(crate) fn is_link(&self) -> bool {
        self.mode & libc::S_IFMT == libc::S_IFLNK
    }
}

impl FileId {
    pub(super) fn is_on_device_of(self, other: Self) -> bool {
        self.device == other.device
    }
}

pub(crate) fn give_owner_and_permissions(file: &File, like: &FileInfo) -> io::Result<()> {
    let _ = fchown(file, Some(like.owner), Some(like.group));
    file.set_permissions(Permissions::from_mode(like.mode))
}

pub(crate) fn is_full(path: &Path) -> bool {
    statvfs(path).is_ok_and(|stat| stat.blocks_available() == 0)
}

pub(crate) fn punch_hole(file: &File, at: u64, len: u64) {
    if let (Ok(at), Ok(len)) = (i64::try_from(at), i64::try_from(len)) {
        let hole = FallocateFlags::FALLOC_FL_PUNCH_HOLE | FallocateFlags::FALLOC_FL_KEEP_SIZE;
        let _ = fallocate(file, hole, at, len);
    }
}

pub(crate) fn reserve(file: &File, bytes: u64) -> io::Result<bool> {
    match fallocate(file, FallocateFlags::empty(), 0, i64::try_from(bytes).unwrap_or(i64::MAX)) {
        Err(Errno::EOPNOTSUPP | Errno::ENOSYS | Errno::EINVAL) => Ok(false),
        reserved => Ok(reserved.map(|()| true)?),
    }
}

pub(crate) fn copy_file_range(from: &File, to: &File, at: u64, len: usize) -> io::Result<usize> {
    let offset = i64::try_from(at).map_err(|_| io::ErrorKind::FileTooLarge)?;
    let (mut source, mut target) = (offset, offset);
    Ok(fcntl::copy_file_range(from, Some(&mut source), to, Some(&mut target), len)?)
}

pub(crate) fn flush_file_system(file: &File) -> io::Result<()> {
    Ok(syncfs(file)?)
}
