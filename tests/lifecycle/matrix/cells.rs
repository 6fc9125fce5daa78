//! The cells: each harm to each file, at each moment, before each verb.

use super::law;

/// The layout of the environment: in a directory of its own, or as a single file with its lock files beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Directory,
    SingleFile,
    /// In a directory of its own, with `Durability::Process`: only `sync` flushes it and its names.
    Unflushed,
}

/// The file that is harmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    Data,
    LmdbLock,
    Lock,
    /// The directory of the files.
    Directory,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Harm {
    Removed,
    /// Another file with the same bytes replaces it.
    Copied,
    /// A copy of the whole file from an earlier time replaces it.
    Older,
    /// The file of another environment replaces it.
    Foreign,
    /// It is renamed.
    MovedAway,
    /// It is renamed, and a copy gets its old name.
    MovedAndCopied,
    CutToNothing,
    CutToOneByte,
    CutToHalf,
    CutByOneByte,
    /// To a whole number of pages; a lock file to whole slots.
    CutToPages,
    LongerByZeros,
    LongerByNoise,
    /// A symbolic link to the file, which was moved.
    Link,
    DanglingLink,
    IntoDirectory,
    IntoFifo,
    /// A file replaces the directory.
    IntoFile,
    /// Mode 000, for another user.
    Unreadable,
    /// Mode 444, for another user; 555 for the directory.
    Unwritable,
    /// A file of zeros replaces it.
    Zeros,
    Noise,
    /// A file of a newer version replaces it: LMDB's data version 2, an LMDB lock file with another magic number, or a
    /// `mapleaf.lock` with a record of version 2.
    Newer,
    /// A file of another layout replaces it: data of LMDB 1.0, an LMDB lock file with another format word, or a
    /// `mapleaf.lock` with a record of version 255.
    OtherLayout,
    /// Random bytes overwrite it in place. Only for `mapleaf.lock`, whose words are accepted as far as they are
    /// plausible. Overwriting the data or LMDB's mutexes during use is not covered.
    WrittenOver,
    /// It has a second name elsewhere.
    HardLink,
}

/// Which process has the environment open when the harm is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Moment {
    /// No process.
    Before,
    /// Another process. This one opens after the harm.
    Beside,
    /// This process.
    Open,
    /// Both processes.
    Both,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verb {
    Open,
    MustExist,
    CreateNew,
    ReadOnly,
    Immutable,
    VerifyFast,
    VerifyFull,
    Exists,
    Destroy,
    /// A snapshot, a look-up, a count and a full scan.
    Read,
    /// The same in a snapshot from before the harm.
    Held,
    Transact,
    Apply,
    Submit,
    TryTransact,
    OpenDbi,
    CreateDbi,
    DropDbi,
    Dbis,
    Info,
    Readers,
    ClearStale,
    Verify,
    Sync,
    CopyPlain,
    CopyCompacted,
    Compact,
    Close,
    Drop,
    Reopen,
    /// All of `EVERYTHING` in sequence, on an environment that was opened after the harm.
    Everything,
    /// The other process opens and writes while this one has the environment open.
    OtherOpens,
}

use Harm as H;
use Verb as V;

const FORMS: [Form; 3] = [Form::Directory, Form::SingleFile, Form::Unflushed];
const SUBJECTS: [Subject; 4] = [Subject::Data, Subject::LmdbLock, Subject::Lock, Subject::Directory];
const MOMENTS: [Moment; 4] = [Moment::Before, Moment::Beside, Moment::Open, Moment::Both];
const FILE_HARMS: [Harm; 24] = [
    H::Removed,
    H::Copied,
    H::Older,
    H::Foreign,
    H::MovedAway,
    H::MovedAndCopied,
    H::CutToNothing,
    H::CutToOneByte,
    H::CutToHalf,
    H::CutByOneByte,
    H::CutToPages,
    H::LongerByZeros,
    H::LongerByNoise,
    H::Link,
    H::DanglingLink,
    H::IntoDirectory,
    H::IntoFifo,
    H::Unreadable,
    H::Unwritable,
    H::Zeros,
    H::Noise,
    H::Newer,
    H::OtherLayout,
    H::HardLink,
];
const DIRECTORY_HARMS: [Harm; 9] = [
    H::Removed,
    H::Copied,
    H::Foreign,
    H::MovedAway,
    H::Link,
    H::DanglingLink,
    H::IntoFile,
    H::Unreadable,
    H::Unwritable,
];
const OPENINGS: [Verb; 7] =
    [V::Open, V::MustExist, V::CreateNew, V::ReadOnly, V::Immutable, V::VerifyFast, V::VerifyFull];
const BY_PATH: [Verb; 2] = [V::Exists, V::Destroy];
/// The verbs for an environment that was open before the harm; each is the first call after it.
const OPEN: [Verb; 21] = [
    V::Read,
    V::Held,
    V::Transact,
    V::Apply,
    V::Submit,
    V::TryTransact,
    V::OpenDbi,
    V::CreateDbi,
    V::DropDbi,
    V::Dbis,
    V::Info,
    V::Readers,
    V::ClearStale,
    V::Verify,
    V::Sync,
    V::CopyPlain,
    V::CopyCompacted,
    V::Compact,
    V::Close,
    V::Drop,
    V::Reopen,
];
/// The verbs that behave differently if another process has the environment open, too.
const OF_BOTH: [Verb; 7] = [V::Destroy, V::Held, V::TryTransact, V::DropDbi, V::Sync, V::Compact, V::Reopen];
/// Called in sequence on an environment that was opened after the harm; nothing is wrong with it.
pub const EVERYTHING: [Verb; 19] = [
    V::Read,
    V::OpenDbi,
    V::CreateDbi,
    V::Transact,
    V::Apply,
    V::Submit,
    V::TryTransact,
    V::Dbis,
    V::Info,
    V::Readers,
    V::ClearStale,
    V::Verify,
    V::Sync,
    V::CopyPlain,
    V::CopyCompacted,
    V::Compact,
    V::DropDbi,
    V::Read,
    V::Close,
];
/// The verbs for a single file, which differs from a directory in its names.
const OF_SINGLE_FILES: [Verb; 8] =
    [V::Open, V::ReadOnly, V::Exists, V::Destroy, V::Everything, V::OtherOpens, V::Transact, V::Compact];

impl Verb {
    pub fn is_opening(self) -> bool {
        OPENINGS.contains(&self)
    }
}

impl Harm {
    /// Whether the harm concerns another user; such a test needs root.
    pub fn is_of_modes(self) -> bool {
        matches!(self, Self::Unreadable | Self::Unwritable)
    }

    /// Whether the file becomes shorter while it may be mapped.
    pub fn is_cut(self) -> bool {
        matches!(
            self,
            Self::CutToNothing | Self::CutToOneByte | Self::CutToHalf | Self::CutByOneByte | Self::CutToPages
        )
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Cell {
    pub form: Form,
    pub subject: Subject,
    pub harm: Harm,
    pub moment: Moment,
    pub verb: Verb,
}

impl std::fmt::Display for Cell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}/{:?}/{:?}/{:?}/{:?}", self.form, self.subject, self.harm, self.moment, self.verb)
    }
}

impl Cell {
    /// Whether a process may die of the harm: pages of a file that it has mapped are cut off. The lock files have one
    /// page.
    pub fn may_signal(self) -> bool {
        let cuts_pages = match self.subject {
            Subject::Data => self.harm != H::CutByOneByte,
            _ => self.harm == H::CutToNothing,
        };
        self.moment != Moment::Before && self.harm.is_cut() && cuts_pages
    }

    /// The verbs for this moment.
    fn verbs(moment: Moment) -> Vec<Verb> {
        match moment {
            Moment::Before | Moment::Beside => [&OPENINGS[..], &BY_PATH, &[V::Everything]].concat(),
            Moment::Open => [&OPENINGS[..], &BY_PATH, &OPEN, &[V::OtherOpens]].concat(),
            Moment::Both => OF_BOTH.to_vec(),
        }
    }

    /// Whether the cell tests something that no other cell does.
    fn is_one(self) -> bool {
        if self.form == Form::SingleFile && !(OF_SINGLE_FILES.contains(&self.verb) && self.moment != Moment::Both) {
            return false;
        }
        // The true length of the file after an unflushed commit is not known: a cut at its end may go unnoticed.
        let is_unknown = self.subject == Subject::Data && self.harm.is_cut();
        if self.form == Form::Unflushed && (is_unknown || ![V::Sync, V::Open].contains(&self.verb)) {
            return false;
        }
        // If opening is refused, nothing else can be called.
        self.verb != V::Everything || law::opening(Self { verb: V::Open, ..self }).data
    }
}

/// All cells, always in the same order.
pub fn all() -> Vec<Cell> {
    let mut cells = Vec::new();
    for form in FORMS {
        for subject in SUBJECTS {
            let of_directory = subject == Subject::Directory;
            let mut harms = if of_directory { DIRECTORY_HARMS.to_vec() } else { FILE_HARMS.to_vec() };
            if subject == Subject::Lock {
                harms.push(H::WrittenOver);
            }
            for harm in harms {
                for moment in MOMENTS {
                    let each = Cell::verbs(moment).into_iter().map(|verb| Cell { form, subject, harm, moment, verb });
                    cells.extend(each.filter(|cell| cell.is_one()));
                }
            }
        }
    }
    cells
}
