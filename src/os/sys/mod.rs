//! The interface to the operating system: every name here is what a system must offer, with the same meaning on all.
//!
//! Linux is the only system so far. A port is one more folder with these names, and its lines in `system` below, if the
//! system can keep all promises made here. Some cannot, for example that locks belong to the open file:
//! `docs/design.md` says so under "Files and processes". No other file of the crate calls the system except through the
//! portable part of the standard library; a test checks that.

use std::fs::File;

#[cfg(not(target_os = "linux"))]
compile_error!("mapleaf runs on Linux only: no other system has an implementation in src/os/sys/");
#[cfg(target_os = "linux")]
mod linux;

#[cfg(target_os = "linux")]
use linux as system;

/// What a lock keeps out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LockKind {
    /// Exclusive locks of others.
    Shared,
    /// All locks of others.
    Exclusive,
}

/// The permissions of a file that is created: the nine bits of the owner, the group and all others. The umask of the
/// process clears bits of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileMode(pub u32);

impl FileMode {
    /// Access for the owner alone.
    pub(crate) const OWNER_ALONE: Self = Self(0o600);

    /// The permissions of a directory for such files: who may read them may enter it.
    pub(crate) fn of_directory(self) -> u32 {
        self.0 | (self.0 & 0o444) >> 2
    }
}

/// The result of opening the directory above another one.
pub(crate) enum ParentDirectory {
    /// A directory that may be read.
    Directory(File),
    /// A directory that may not be read, and so cannot be flushed alone.
    Unreadable,
    /// There is none on this file system: the name of a mount point need not be flushed.
    None,
}

// Files: reads and writes at an offset. They neither use nor change the position of the descriptor, because LMDB may
// write at that position.

/// Reads at an offset, as much as the system gives; 0 at the end of the file.
pub(crate) use system::files::read_at;
/// Fills the buffer from an offset; `UnexpectedEof` if the file ends before.
pub(crate) use system::files::read_exact_at;
/// Writes all bytes at an offset.
pub(crate) use system::files::write_all_at;

// Files: opening. Programs that this process starts do not inherit files that were opened by these functions.

/// Creates a file for reading and writing; `AlreadyExists` if it exists.
pub(crate) use system::files::create_new;
/// Opens a file for reading, following no link. Never waits, as a pipe without a writer would.
pub(crate) use system::files::open_read_only;
/// Opens a file for reading and writing, following no link. With a mode, creates an absent one.
pub(crate) use system::files::open_read_write;

// Files: what the system knows about them.

/// Identifies a file among all of the machine, whatever its name, as long as it is open or has a name.
pub(crate) use system::files::FileId;
/// Identity, kind, length, number of names, and owner of a file: of an open one, of that at a path, or of a name that
/// may be a link.
pub(crate) use system::files::FileInfo;
/// Gives a file the owner, group and permissions of another one. An owner that this process may not set stays.
pub(crate) use system::files::give_owner_and_permissions;

// Files: disk space, and copying and flushing.

/// Whether the file system of a path has no free blocks; `false` if the system does not say.
pub(crate) use system::files::is_full;
/// Returns the disk space of a range, which then reads as zeros or as before. A hint.
pub(crate) use system::files::punch_hole;
/// Allocates the blocks of the first bytes of a file, and lengthens it to them if it is shorter, so that writes there
/// through a map cannot meet a full disk. Changes no byte. `false` if the file system cannot; nothing was done then.
pub(crate) use system::files::reserve;

/// Copies bytes between two files, at the same offset in both, and returns how many: fewer than requested, or 0 where
/// the source ends or the file system does not copy. After an error too, the caller copies the rest by reads and
/// writes. It repeats a call that was `Interrupted`.
pub(crate) use system::files::copy_file_range;
/// Makes everything of the file system of an open file durable.
pub(crate) use system::files::flush_file_system;

// Directories.

/// A directory that is held, wherever it is moved. It need not be readable.
pub(crate) use system::directories::DirectoryHandle;
/// Creates a directory for files of a mode.
pub(crate) use system::directories::create_directory;
/// The directory above an open one, found without its path.
pub(crate) use system::directories::directory_above;
/// Makes the names in a readable directory durable.
pub(crate) use system::directories::flush_directory;

// Locks on single bytes of a file, also far beyond its end. They belong to the open file: closing another descriptor
// of the file does not drop them, and a forked child shares them, but does not free them when it exits. Dropping the
// open file frees them. Changing a lock from shared to exclusive, or back, is atomic.

/// Whether another open file has a lock of any kind on the byte. LMDB's locks count, also those of this process.
pub(crate) use system::locks::is_locked;
/// Takes or changes a lock, without waiting. Returns whether it was available.
pub(crate) use system::locks::try_lock;
/// Releases a lock, if there is one.
pub(crate) use system::locks::unlock;
/// Releases the lock that LMDB took for this process on a byte of its lock file.
pub(crate) use system::locks::unlock_of_lmdb;
/// Takes or changes a lock, and waits for others.
pub(crate) use system::locks::wait_lock;

// Memory.

/// A read-only map of a file that grows. It may be longer than the file.
pub(crate) use system::memory::ReadMap;
/// A writable map that all processes share which have the file mapped.
pub(crate) use system::memory::SharedMap;
/// Asks the system to read a range of a map into memory, without waiting. A hint; any range is allowed.
pub(crate) use system::memory::ask_for;
/// Whether the system page at an address, a multiple of its size, is in memory. `true` if the system does not say.
pub(crate) use system::memory::is_resident;
/// Whether `is_resident` is reliable for a map of this file.
pub(crate) use system::memory::reports_residency;
/// A number that is 0 in every new process, also a forked one; `None` if the system does not offer it.
pub(crate) use system::memory::wiped_on_fork;

// The machine.

/// The id of this boot of the machine; empty if the system does not say, which counts as another boot.
pub(crate) use system::machine::boot_id;
/// Milliseconds of a clock that never runs back. A few milliseconds coarse, and cheap.
pub(crate) use system::machine::coarse_milliseconds;
/// The system's page size in bytes. LMDB makes new files with this page size, and takes map sizes in multiples of it.
pub(crate) use system::machine::system_page_size;

#[cfg(test)]
mod tests;
