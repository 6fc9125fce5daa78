//! Runs one cell: lays out and opens the environment, does the harm, calls the verb, and checks what is left.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use mapleaf::{Error, Result};
use nix::unistd::{Uid, geteuid, seteuid};

use super::cells::{Cell, Moment, Subject, Verb};
use super::judge::Ledger;
use super::law::{self, Found, Law};
use super::partner::Partner;
use super::site::{Site, Stock, print};
use super::verbs::{Outcome, SIGBUS, Session};

/// How a cell ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    Data,
    Error,
    Signal,
    /// The process died before the harm.
    Early,
}

pub struct Run<'a> {
    pub cell: Cell,
    pub site: Site,
    stock: &'a Stock,
    partner: &'a mut Partner,
    pub ledger: Ledger,
    /// Whether the other process lives.
    pub beside: bool,
    /// Whether the harm was reversed.
    pub undone: bool,
    /// Whether this process was told that a file was truncated.
    pub told: bool,
    pub wrong: Vec<String>,
}

/// The time to wait for the end of a process that has lost its locks.
const DYING: Duration = Duration::from_secs(5);

/// The id of a user who owns nothing.
const NOBODY: u32 = 65534;

/// Runs `body` as another user, if the cell is about permissions.
pub fn as_user<T>(cell: Cell, body: impl FnOnce() -> T) -> Result<T> {
    if !cell.harm.is_of_modes() {
        return Ok(body());
    }
    seteuid(Uid::from_raw(NOBODY)).map_err(Error::other)?;
    let done = body();
    seteuid(Uid::from_raw(0)).map_err(Error::other)?;
    Ok(done)
}

/// The reason why the cell cannot run here.
pub fn skipped(cell: Cell) -> Option<&'static str> {
    (cell.harm.is_of_modes() && !geteuid().is_root()).then_some("files of another user take root to make")
}

pub fn io<T>(outcome: io::Result<T>) -> Result<T> {
    outcome.map_err(Error::other)
}

impl<'a> Run<'a> {
    pub fn new(cell: Cell, root: PathBuf, stock: &'a Stock, partner: &'a mut Partner) -> Self {
        let ledger = Ledger { path: super::NEWEST, moved: super::NEWEST };
        let beside = matches!(cell.moment, Moment::Beside | Moment::Both);
        let site = Site::new(root, cell.form);
        Self { cell, site, stock, partner, ledger, beside, undone: false, told: false, wrong: Vec::new() }
    }

    /// The cell as it is after the other process has died of a permitted signal.
    pub(super) fn standing(&self) -> Cell {
        let moment = match self.cell.moment {
            Moment::Beside if !self.beside => Moment::Before,
            Moment::Both if !self.beside => Moment::Open,
            moment => moment,
        };
        Cell { moment, ..self.cell }
    }

    /// Whether processes that had the environment open use a different file than the one at the path.
    pub(super) fn is_apart(&self) -> bool {
        law::is_moved(self.cell)
            || law::lost(self.cell) == Some(Subject::Data)
            || (self.cell.subject == Subject::Data && self.cell.harm.is_cut())
    }

    pub(super) fn is_own(&self) -> bool {
        matches!(self.cell.moment, Moment::Open | Moment::Both)
    }

    pub fn play(&mut self) -> Result<Class> {
        let cell = self.cell;
        let mut session = self.begin()?;
        // Recorded before: this process may die of the harm at once.
        self.note_harm()?;
        io(self.site.harm(cell, self.stock))?;
        let (around, harmed) = (io(self.site.surroundings())?, print(&self.site.path(cell.subject)).ok());
        let names = self.site.names();
        let partner_first = (cell.verb as usize).is_multiple_of(2);
        if partner_first {
            self.partner_goes_on()?;
        }
        let verb = self.call(&mut session)?;
        let refused_at_once = session.is_none() && cell.verb != Verb::Destroy && verb.is_err();
        if !partner_first {
            self.partner_goes_on()?;
        }
        self.go_on(&mut session)?;
        if session.is_some() {
            self.partner_goes_on()?;
        }
        self.take_back(session.as_ref())?;
        as_user(cell, || drop(session))?;
        if self.beside {
            let closed = self.ask("close")?;
            self.judge("the other process closes", &[law::holder(cell, Verb::Close, true)], &closed);
        }
        self.look_around(&around, &names)?;
        if refused_at_once {
            self.harmed_is_unchanged(harmed.as_ref());
        }
        self.find_again()?;
        Ok(match verb {
            Ok(()) => Class::Data,
            Err(kind) if kind == SIGBUS => Class::Signal,
            Err(_) => Class::Error,
        })
    }

    /// Lays out the environment and opens it.
    fn begin(&mut self) -> Result<Option<Session>> {
        let beside = self.beside;
        loop {
            io(self.site.lay(&self.stock.newest))?;
            let session = self.open_before()?;
            // The other process may have died late: one of its threads was still closing the truncated file of the cell
            // before.
            if self.beside == beside || !self.cell.may_signal() {
                return Ok(session);
            }
            as_user(self.cell, || drop(session))?;
            io(fs::remove_dir_all(&self.site.root))?;
            self.ledger = Ledger { path: super::NEWEST, moved: super::NEWEST };
            self.wrong.clear();
            self.beside = beside;
        }
    }

    /// The other process opens.
    pub(super) fn partner_opens(&mut self) -> Result<Outcome> {
        let opened = self.partner.open(&self.site)?;
        self.beside = opened.is_ok();
        Ok(opened)
    }

    /// Sends a command to the other process, and records whether it has died.
    pub(super) fn ask(&mut self, line: &str) -> Result<Outcome> {
        let answer = self.partner.ask(line)?;
        self.is_beside()?;
        Ok(answer)
    }

    /// Whether the other process lives, and has the environment open.
    pub(super) fn is_beside(&mut self) -> Result<bool> {
        self.beside = self.beside && !self.partner.has_died()?;
        Ok(self.beside)
    }

    /// Checks a call that depends on the other process against its law: as if that process lived, or, if it was dying,
    /// as if it did not. Its locks are released shortly before its end is reported.
    pub(super) fn judge_beside(&mut self, what: &str, outcome: &Outcome, law: impl Fn(&Self) -> Law) -> Result<()> {
        let before = law(self);
        let began = Instant::now();
        while !before.permits(outcome) && self.cell.may_signal() && self.is_beside()? && began.elapsed() < DYING {
            thread::sleep(Duration::from_millis(5));
        }
        let after = law(self);
        self.judge(what, &[before, after], outcome);
        Ok(())
    }

    /// Opens in the processes that have the environment open when the harm is done, with a commit of each.
    fn open_before(&mut self) -> Result<Option<Session>> {
        if self.beside {
            let opened = self.partner_opens()?;
            self.must("the other process opens", &opened);
            let written = self.ask("write")?;
            self.must("the other process writes", &written);
        }
        if !self.is_own() {
            return Ok(None);
        }
        let (cell, place) = (self.cell, self.site.place());
        let (session, seen) = as_user(cell, || {
            let mut session = Session::open(Verb::Open, cell.form, &place)?;
            let seen = session.write()?;
            if cell.verb == Verb::Held {
                session.hold()?;
            } else if (cell.verb as usize).is_multiple_of(3) {
                session.read()?;
            }
            Ok::<_, Error>((session, seen))
        })??;
        self.note(&Ok(seen), false);
        if self.beside {
            // A read tells the process how long the file is.
            let read = self.ask("read")?;
            self.must("the other process reads", &read);
        }
        Ok(Some(session))
    }

    /// Records what an opening after the harm must find.
    fn note_harm(&mut self) -> Result<()> {
        self.ledger.moved = self.ledger.path;
        self.ledger.path = match law::found(self.cell) {
            Found::Newest => self.ledger.path,
            Found::Older => super::OLDER,
            Found::Foreign => super::FOREIGN,
            Found::Nothing => 0,
        };
        if self.cell.may_signal() {
            self.save()?;
            io(fs::write(self.site.root.join("harmed"), b""))?;
        }
        Ok(())
    }
}
