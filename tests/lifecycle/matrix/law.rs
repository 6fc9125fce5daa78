//! The permitted results of each cell, as `docs/reliability.md` promises them, by the harm and by who had the
//! environment open when it was done. Comments name the document's section where it is applied.

#![expect(clippy::match_same_arms, reason = "each arm is a statement of its own, in the order in which they apply")]

use mapleaf::ErrorKind::{self, *};

use super::cells::{Cell, Form, Harm as H, Moment, Subject, Verb as V};
use super::verbs::{Outcome, SIGBUS};

/// The permitted results of a call.
#[derive(Clone, Copy, Debug)]
pub struct Law {
    /// Success with correct data.
    pub data: bool,
    /// An error of one of these kinds.
    pub kinds: &'static [ErrorKind],
    /// The process may die of SIGBUS ("Signals": a mapped file was truncated).
    pub signal: bool,
}

const fn refused(kinds: &'static [ErrorKind]) -> Law {
    Law { data: false, kinds, signal: false }
}

const fn either(kinds: &'static [ErrorKind]) -> Law {
    Law { data: true, kinds, signal: false }
}

const DATA: Law = Law::DATA;

/// The first kind, or the second if the environment is open.
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

/// What an opening finds at the path after the harm, when no process has the environment open.
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

/// Whether processes that have the environment open continue in a directory that was renamed.
pub fn is_moved(cell: Cell) -> bool {
    cell.subject == Subject::Directory
        && matches!(cell.harm, H::MovedAway | H::Copied | H::Foreign | H::DanglingLink | H::IntoFile)
}

pub fn is_linked_directory(cell: Cell) -> bool {
    cell.subject == Subject::Directory && cell.harm == H::Link
}

/// The file whose name now leads to a different file than the open one, or to none.
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

/// Whether the harm leaves something that is no regular file.
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

/// Opening an existing environment. A second opening in a process shares the first, if the options are equal.
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

/// Opening where there is none, or an empty file: a new one is created, unless one is open there.
fn absent(cell: Cell, is_open: bool) -> Law {
    match cell.verb {
        V::MustExist | V::ReadOnly | V::Immutable => refused(&[NotFound]),
        _ if is_open => refused(&[Busy]),
        _ => DATA,
    }
}

/// Opening with the cell's verb, at its moment, after the harm.
pub fn opening(cell: Cell) -> Law {
    match cell.subject {
        Subject::Data => opening_data(cell),
        Subject::LmdbLock => opening_lmdb_lock(cell),
        Subject::Lock => opening_lock(cell),
        Subject::Directory => opening_directory(cell),
    }
}

/// Sections "What is checked when", "Damage", and "When files are removed".
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
            // The cut pages may be unused, so that nothing is missing.
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

/// A lock file that another user may not write: section "Files of another user".
fn of_another_user(cell: Cell) -> Law {
    match cell.verb {
        V::Immutable => DATA,
        _ => present_but(cell, &[PermissionDenied]),
    }
}

fn opening_lmdb_lock(cell: Cell) -> Law {
    let who = who(cell.moment);
    match cell.harm {
        // The background sweep may have noticed the loss already.
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
        // The process continues under the new name of the directory; LMDB would confuse the new one with it.
        H::Copied | H::Foreign if own => present_but(cell, &[Busy]),
        _ => present(cell),
    }
}

/// A process that was told of a truncated file gets the same error again, and does not die.
pub const TOLD: Law = refused(&[NotFound]);

pub fn writes(verb: V) -> bool {
    matches!(verb, V::Transact | V::Apply | V::Submit | V::TryTransact | V::CreateDbi | V::DropDbi | V::Sync)
}

/// The results for a process that has had the environment open since before the harm: sections "When files are removed"
/// and "Signals". `two` if another process has it open, too.
pub fn holder(cell: Cell, verb: V, two: bool) -> Law {
    if matches!(verb, V::Close | V::Drop) {
        return if cell.harm.is_cut() { DATA.or_signal(cell) } else { DATA };
    }
    if verb == V::Compact {
        return compacting(cell, two);
    }
    if cell.harm.is_cut() {
        return match cell.subject {
            // `sync` checks the length before anything else.
            Subject::Data if verb == V::Sync => refused(&[NotFound]),
            Subject::Data if writes(verb) => refused(&[NotFound, Corrupted]).or_signal(cell),
            // A partly remaining page reads as zeros after the cut.
            Subject::Data => either(&[NotFound, Corrupted, Decode, Other]).or_signal(cell),
            Subject::LmdbLock if writes(verb) => refused(&[NotFound]).or_signal(cell),
            // System calls read the table, too.
            Subject::LmdbLock => either(&[NotFound, Io, Unsupported]).or_signal(cell),
            // An opening restores its length.
            _ if writes(verb) && !two => refused(&[NotFound]).or_signal(cell),
            _ => either(&[NotFound]).or_signal(cell),
        };
    }
    match lost(cell) {
        Some(_) if writes(verb) => refused(&[NotFound]),
        // Snapshots are refused after the next commit, flush or sweep.
        Some(Subject::LmdbLock) => either(&[NotFound]),
        // They are also refused if the sweep ran when this file was gone and the data file was not yet.
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
        // At the path there is a different file or none, and the new file would go to the path.
        (Subject::Directory, H::Copied | H::Foreign) => refused(&[Unsupported]),
        (Subject::Directory, H::IntoFile) => refused(&[Io, NotFound]),
        (Subject::Directory, _) => refused(&[NotFound]),
        _ if lost(cell).is_some() => refused(&[NotFound]),
        _ => DATA,
    }
}

/// The results for a process that opened the environment after the harm. `two` if another process has it open, too.
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

/// The result of `exists`.
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

/// The results of `destroy`. It removes nothing of an environment that is open anywhere.
pub fn destroy(cell: Cell) -> Law {
    let single = cell.form == Form::SingleFile;
    let is_open = cell.moment != Moment::Before;
    match (cell.subject, cell.harm) {
        (Subject::Directory, H::Unreadable | H::Unwritable) => or_busy(&[PermissionDenied, Busy], is_open),
        (Subject::Directory, H::IntoFile) if single => refused(&[InvalidArgument]),
        (Subject::Directory, H::IntoFile) => refused(&[Corrupted]),
        (Subject::Directory | Subject::Data, H::Removed | H::MovedAway) | (Subject::Directory, H::DanglingLink) => DATA,
        // No process has the new environment open; but this process could not distinguish it from the one before.
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
