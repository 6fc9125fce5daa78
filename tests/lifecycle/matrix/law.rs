//! What each cell may end in. It is what `docs/reliability.md` says, by the harm and by who had the environment open when it
//! was done; the document's sections are named where they are applied.

#![expect(clippy::match_same_arms, reason = "each arm is a statement of its own, in the order in which they apply")]

use mapleaf::ErrorKind::{self, *};

use super::cells::{Cell, Form, Harm as H, Moment, Subject, Verb as V};
use super::verbs::{Outcome, SIGBUS};

/// What a call may end in.
#[derive(Clone, Copy, Debug)]
pub struct Law {
    /// Right data, or done.
    pub data: bool,
    /// An error of one of these kinds.
    pub kinds: &'static [ErrorKind],
    /// The process may die of SIGBUS ("Signals": a file that is mapped was cut shorter).
    pub signal: bool,
}

const fn refused(kinds: &'static [ErrorKind]) -> Law {
    Law { data: false, kinds, signal: false }
}

const fn either(kinds: &'static [ErrorKind]) -> Law {
    Law { data: true, kinds, signal: false }
}

const DATA: Law = Law::DATA;

/// The first kind, or the second where it is open.
fn or_busy(kinds: &'static [ErrorKind], is_open: bool) -> Law {
    refused(if is_open { kinds } else { &kinds[..1] })
}

impl Law {
    pub const DATA: Self = Self { data: true, kinds: &[], signal: false };

    pub fn permits(&self, outcome: &Outcome) -> bool {
        match outcome {
            Ok(_) => self.data,
            Err(refusal) if refusal.kind == SIGBUS => self.signal,
            Err(refusal) => self.kinds.iter().any(|kind| format!("{kind:?}") == refusal.kind),
        }
    }

    fn or_signal(self, cell: Cell) -> Self {
        Self { signal: cell.may_signal(), ..self }
    }
}

/// What lies at the path behind the harm, to be found by who opens it when nobody has it open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    Newest,
    Older,
    Foreign,
    Nothing,
}

pub fn found(cell: Cell) -> Found {
    match (cell.subject, cell.harm) {
        (Subject::Data | Subject::Directory, H::Foreign) => Found::Foreign,
        (Subject::Data, H::Older) => Found::Older,
        (Subject::Data | Subject::Directory, H::Removed | H::MovedAway) | (Subject::Data, H::CutToNothing) => {
            Found::Nothing
        }
        _ => Found::Newest,
    }
}

/// Whether what has the environment open goes on in a directory that has another name now.
pub fn is_moved(cell: Cell) -> bool {
    cell.subject == Subject::Directory
        && matches!(cell.harm, H::MovedAway | H::Copied | H::Foreign | H::DanglingLink | H::IntoFile)
}

pub fn is_linked_directory(cell: Cell) -> bool {
    cell.subject == Subject::Directory && cell.harm == H::Link
}

/// The file whose name leads to another file, or to none, than to the one that is open.
pub fn lost(cell: Cell) -> Option<Subject> {
    match (cell.subject, cell.harm) {
        (Subject::Directory, H::Removed) => Some(Subject::Data),
        (Subject::Directory, _) => None,
        (
            subject,
            H::Removed
            | H::Copied
            | H::Older
            | H::Foreign
            | H::MovedAway
            | H::MovedAndCopied
            | H::Link
            | H::DanglingLink
            | H::IntoDirectory
            | H::IntoFifo
            | H::Zeros
            | H::Noise
            | H::Newer
            | H::OtherLayout,
        ) => Some(subject),
        _ => None,
    }
}

/// What is no regular file now.
fn is_irregular(harm: H) -> bool {
    matches!(harm, H::Link | H::DanglingLink | H::IntoDirectory | H::IntoFifo)
}

/// Who has the environment open when it is opened.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Who {
    Nobody,
    Another,
    Own,
}

fn who(moment: Moment) -> Who {
    match moment {
        Moment::Before => Who::Nobody,
        Moment::Beside => Who::Another,
        Moment::Open | Moment::Both => Who::Own,
    }
}

/// Opening where there is an environment. A second opening in a process shares the first, with equal options.
fn present(cell: Cell) -> Law {
    match (cell.verb, who(cell.moment)) {
        (V::CreateNew, _) => refused(&[AlreadyExists]),
        (V::ReadOnly | V::Immutable, Who::Own) => refused(&[InvalidArgument]),
        _ => DATA,
    }
}

fn present_but(cell: Cell, kinds: &'static [ErrorKind]) -> Law {
    if cell.verb == V::CreateNew { refused(&[AlreadyExists]) } else { refused(kinds) }
}

/// Opening where there is none, or a file without bytes: a new one is created, unless one is open there.
fn absent(cell: Cell, is_open: bool) -> Law {
    match cell.verb {
        V::MustExist | V::ReadOnly | V::Immutable => refused(&[NotFound]),
        _ if is_open => refused(&[Busy]),
        _ => DATA,
    }
}

/// Opening by the cell's verb, at its moment, behind the harm.
pub fn opening(cell: Cell) -> Law {
    match cell.subject {
        Subject::Data => opening_data(cell),
        Subject::LmdbLock => opening_lmdb_lock(cell),
        Subject::Lock => opening_lock(cell),
        Subject::Directory => opening_directory(cell),
    }
}

/// "What is checked when", "Damage", and "When files are removed".
fn opening_data(cell: Cell) -> Law {
    let who = who(cell.moment);
    match cell.harm {
        harm if harm.is_cut() && who == Who::Own => {
            either(&[Corrupted, NotFound, InvalidArgument, AlreadyExists, Decode, Other]).or_signal(cell)
        }
        harm if is_irregular(harm) => refused(&[InvalidArgument]),
        H::Removed | H::MovedAway | H::CutToNothing => absent(cell, who != Who::Nobody),
        H::Newer | H::OtherLayout => present_but(cell, &[FormatVersion]),
        H::Zeros | H::Noise | H::CutToOneByte => present_but(cell, &[Corrupted]),
        H::CutToHalf | H::CutByOneByte | H::CutToPages => match cell.verb {
            V::CreateNew => refused(&[AlreadyExists]),
            // Of pages that no tree reaches nothing is missing.
            _ => either(&[Corrupted]),
        },
        H::Unreadable if who != Who::Own => present_but(cell, &[PermissionDenied]),
        H::Unwritable if who != Who::Own && !matches!(cell.verb, V::ReadOnly | V::Immutable) => {
            present_but(cell, &[PermissionDenied])
        }
        H::Copied | H::Older | H::Foreign | H::MovedAndCopied if who != Who::Nobody => present_but(cell, &[Busy]),
        _ => present(cell),
    }
}

/// A lock file that somebody else may not write: "Files of another user".
fn of_another_user(cell: Cell) -> Law {
    match cell.verb {
        V::Immutable => DATA,
        _ => present_but(cell, &[PermissionDenied]),
    }
}

fn opening_lmdb_lock(cell: Cell) -> Law {
    let who = who(cell.moment);
    match cell.harm {
        // The sweep may have seen the loss already.
        _ if who == Who::Own && lost(cell).is_some() => {
            Law { kinds: &[NotFound, InvalidArgument, AlreadyExists], ..present(cell) }
        }
        // LMDB's mutexes or slots may be gone.
        harm if harm.is_cut() && who == Who::Own => {
            Law { kinds: &[NotFound, InvalidArgument, AlreadyExists], ..present(cell) }.or_signal(cell)
        }
        harm if harm.is_cut() && who == Who::Another => Law { kinds: &[Busy, AlreadyExists], ..present(cell) },
        _ if who == Who::Own => present(cell),
        harm if is_irregular(harm) => present_but(cell, &[InvalidArgument]),
        H::Unreadable | H::Unwritable => of_another_user(cell),
        _ if who == Who::Another && lost(cell).is_some() => present_but(cell, &[Busy]),
        _ => present(cell),
    }
}

fn opening_lock(cell: Cell) -> Law {
    let who = who(cell.moment);
    match cell.harm {
        _ if who == Who::Own => present(cell),
        harm if is_irregular(harm) => present_but(cell, &[InvalidArgument]),
        H::Unreadable | H::Unwritable => of_another_user(cell),
        H::Newer | H::OtherLayout => present_but(cell, &[FormatVersion]),
        _ if who == Who::Another && lost(cell).is_some() => present_but(cell, &[Busy]),
        _ => present(cell),
    }
}

fn opening_directory(cell: Cell) -> Law {
    let own = who(cell.moment) == Who::Own;
    match cell.harm {
        H::Unreadable => refused(&[PermissionDenied]),
        H::IntoFile => refused(&[InvalidArgument]),
        H::DanglingLink => refused(&[NotFound]),
        H::Removed | H::MovedAway => absent(cell, own),
        // What has it open goes on under another name; LMDB would take the new one for it.
        H::Copied | H::Foreign if own => present_but(cell, &[Busy]),
        _ => present(cell),
    }
}

/// What was told that a file was cut short is told so again, and dies of nothing.
pub const TOLD: Law = refused(&[NotFound]);

pub fn writes(verb: V) -> bool {
    matches!(verb, V::Transact | V::Apply | V::Submit | V::TryTransact | V::CreateDbi | V::DropDbi | V::Sync)
}

/// What a process that has had the environment open since before the harm may be told: "When files are removed", "Signals".
/// `two` where another one has it open too.
pub fn holder(cell: Cell, verb: V, two: bool) -> Law {
    if matches!(verb, V::Close | V::Drop) {
        return if cell.harm.is_cut() { DATA.or_signal(cell) } else { DATA };
    }
    if verb == V::Compact {
        return compacting(cell, two);
    }
    if cell.harm.is_cut() {
        return match cell.subject {
            // It looks at the length before it does anything.
            Subject::Data if verb == V::Sync => refused(&[NotFound]),
            Subject::Data if writes(verb) => refused(&[NotFound, Corrupted]).or_signal(cell),
            // To the end of a page that is there in part, zeros are read.
            Subject::Data => either(&[NotFound, Corrupted, Decode, Other]).or_signal(cell),
            Subject::LmdbLock if writes(verb) => refused(&[NotFound]).or_signal(cell),
            // The table is read by calls to the system too.
            Subject::LmdbLock => either(&[NotFound, Io, Unsupported]).or_signal(cell),
            // Who opens it makes it as long as it was.
            _ if writes(verb) && !two => refused(&[NotFound]).or_signal(cell),
            _ => either(&[NotFound]).or_signal(cell),
        };
    }
    match lost(cell) {
        Some(_) if writes(verb) => refused(&[NotFound]),
        // Snapshots are refused from the first commit, flush or sweep on.
        Some(Subject::LmdbLock) => either(&[NotFound]),
        // So are they where the sweep came when that file was gone and the data was not yet.
        Some(_) if cell.subject == Subject::Directory => either(&[NotFound]),
        _ => DATA,
    }
}

fn compacting(cell: Cell, two: bool) -> Law {
    if two {
        return refused(&[Busy]);
    }
    match (cell.subject, cell.harm) {
        (Subject::Data | Subject::LmdbLock, harm) if harm.is_cut() => refused(&[NotFound]),
        (_, harm) if harm.is_cut() => refused(&[NotFound]).or_signal(cell),
        (Subject::Data, H::HardLink) => refused(&[Unsupported]),
        (Subject::Lock, H::Unreadable | H::Unwritable) => DATA,
        (_, H::Unreadable | H::Unwritable) => refused(&[PermissionDenied]),
        (Subject::Directory, H::Link) => DATA,
        // The file at the path is another, or there is none, and it is the path that gets the new one.
        (Subject::Directory, H::Copied | H::Foreign) => refused(&[Unsupported]),
        (Subject::Directory, H::IntoFile) => refused(&[Io, NotFound]),
        (Subject::Directory, _) => refused(&[NotFound]),
        _ if lost(cell).is_some() => refused(&[NotFound]),
        _ => DATA,
    }
}

/// What a process may be told that opened the environment behind the harm. `two` where another one has it open too.
pub fn newcomer(cell: Cell, verb: V, two: bool) -> Law {
    match (cell.subject, cell.harm) {
        _ if verb == V::Compact && two => refused(&[Busy]),
        (Subject::Data, H::HardLink) if verb == V::Compact => refused(&[Unsupported]),
        (Subject::Directory, H::Unwritable) if verb == V::Compact => refused(&[PermissionDenied]),
        _ => DATA,
    }
}

/// Whether the environment at the path is the one that others have had open since before the harm.
pub fn is_shared(cell: Cell) -> bool {
    cell.subject != Subject::Directory || matches!(cell.harm, H::Link | H::Unreadable | H::Unwritable)
}

/// `exists`, and what it says.
pub fn exists(cell: Cell) -> Result<bool, &'static [ErrorKind]> {
    let single = cell.form == Form::SingleFile;
    match (cell.subject, cell.harm) {
        (Subject::Directory, H::Unreadable) => Err(&[PermissionDenied]),
        (Subject::Directory, H::IntoFile) if single => Err(&[InvalidArgument]),
        (Subject::Directory, H::Removed | H::MovedAway | H::DanglingLink) => Ok(false),
        (Subject::Data, H::IntoFifo) if single => Err(&[InvalidArgument]),
        (Subject::Data, H::Removed | H::MovedAway | H::CutToNothing) => Ok(false),
        (Subject::Data, harm) if is_irregular(harm) => Ok(false),
        _ => Ok(true),
    }
}

/// `destroy`. Nothing of an environment that is open anywhere is removed by it.
pub fn destroy(cell: Cell) -> Law {
    let single = cell.form == Form::SingleFile;
    let is_open = cell.moment != Moment::Before;
    match (cell.subject, cell.harm) {
        (Subject::Directory, H::Unreadable | H::Unwritable) => or_busy(&[PermissionDenied, Busy], is_open),
        (Subject::Directory, H::IntoFile) if single => refused(&[InvalidArgument]),
        (Subject::Directory, H::IntoFile) => refused(&[Corrupted]),
        (Subject::Directory | Subject::Data, H::Removed | H::MovedAway) | (Subject::Directory, H::DanglingLink) => DATA,
        // Nobody has the one open that lies there now; this process cannot tell it from the one that was there.
        (Subject::Directory, H::Copied | H::Foreign) if who(cell.moment) != Who::Own => DATA,
        (Subject::Data, H::Link) if single => refused(&[Unsupported]),
        (Subject::Data, H::DanglingLink | H::IntoDirectory) if single => DATA,
        (Subject::Data, H::IntoFifo) if single => refused(&[InvalidArgument]),
        (Subject::Lock, harm) if is_irregular(harm) => or_busy(&[InvalidArgument, Busy], is_open),
        (Subject::Lock, H::Newer | H::OtherLayout) => or_busy(&[FormatVersion, Busy], is_open),
        (Subject::Lock, H::Unreadable | H::Unwritable) => or_busy(&[PermissionDenied, Busy], is_open),
        (Subject::LmdbLock, H::Unreadable | H::Unwritable) => or_busy(&[PermissionDenied, Busy], is_open),
        _ if is_open => refused(&[Busy]),
        (_, H::IntoDirectory) => refused(&[Io]),
        _ => DATA,
    }
}
