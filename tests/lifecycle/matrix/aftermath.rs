//! Checks after a cell: the files around the environment, and the next opening.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use mapleaf::Result;

use super::cells::{Cell, Harm, Moment, Subject, Verb};
use super::judge::Ledger;
use super::law::{self, Law};
use super::run::{Run, as_user, io};
use super::site::{Print, print};
use super::verbs::{Outcome, Session, outcome};

impl Run<'_> {
    /// The surroundings are unchanged, and no new file is beside the environment's files.
    pub(super) fn look_around(&mut self, before: &BTreeMap<PathBuf, Print>, names: &[String]) -> Result<()> {
        let cell = self.cell;
        let mut after = io(self.site.surroundings())?;
        let directory = self.site.directory();
        let mut before = before.clone();
        if !before.contains_key(&directory) || cell.verb == Verb::Destroy {
            // The directory and the target of a link may be created or removed.
            for path in [directory, self.site.moved()] {
                before.remove(&path);
                after.remove(&path);
            }
        }
        // An open file is still used under its other name, and so is one with two names.
        let used = cell.moment != Moment::Before && cell.subject != Subject::Data;
        if used || cell.harm == Harm::HardLink {
            before.retain(|path, _| !path.starts_with(self.site.outside()));
            after.retain(|path, _| !path.starts_with(self.site.outside()));
        }
        if before != after {
            self.wrong.push(format!("around it {:?} became {:?}", before.keys(), after.keys()));
        }
        let known = [Subject::Data, Subject::LmdbLock, Subject::Lock].map(|subject| self.site.name(subject));
        for name in self.site.names() {
            if !known.contains(&name.as_str()) && !names.contains(&name) {
                self.wrong.push(format!("{name} was left"));
            }
        }
        Ok(())
    }

    /// A file for which an opening was refused is unchanged.
    pub(super) fn harmed_is_unchanged(&mut self, before: Option<&Print>) {
        let is_used = self.cell.moment != Moment::Before && law::lost(self.cell).is_none();
        if is_used || self.cell.harm.is_of_modes() {
            return;
        }
        let after = print(&self.site.path(self.cell.subject)).ok();
        if before.is_some() && after.as_ref() != before {
            self.wrong.push("what was refused was changed".to_owned());
        }
    }

    /// Opens when no process has the environment open any more: the acknowledged state is found, with the files as they
    /// are or with the harmed lock file removed.
    pub fn find_again(&mut self) -> Result<()> {
        let cell = Cell { moment: Moment::Before, verb: Verb::Open, ..self.cell };
        let mut law = law::opening(cell);
        let is_destroyed = self.cell.verb == Verb::Destroy && print(&self.site.path(Subject::Data)).is_err();
        if self.undone || (is_destroyed && self.may_be_created()) {
            law = Law::DATA;
        }
        if is_destroyed && law::is_linked_directory(cell) && print(&self.site.moved()).is_err() {
            // The link stays and is dangling.
            law = law::opening(Cell { harm: Harm::DanglingLink, ..cell });
        }
        let found = as_user(cell, || self.open_and_read(&self.site.place()))?;
        self.judge("opening again", &[law], &found);
        self.note(&found, false);
        let is_lock = matches!(cell.subject, Subject::LmdbLock | Subject::Lock);
        if found.is_err() && (is_lock || cell.harm.is_of_modes()) {
            io(self.site.heal(cell))?;
            let healed = self.open_and_read(&self.site.place());
            self.must("opening without the harm", &healed);
        }
        if law::is_moved(cell) {
            let found = self.open_and_read(&self.site.place_in(&self.site.moved()));
            self.note(&found, true);
            self.judge("opening where it lies now", &[Law::DATA], &found);
        }
        Ok(())
    }

    /// Whether a new environment can be created where there is none.
    fn may_be_created(&self) -> bool {
        let is_lock = matches!(self.cell.subject, Subject::LmdbLock | Subject::Lock);
        self.cell.subject != Subject::Directory && !(is_lock && print(&self.site.path(self.cell.subject)).is_ok())
    }

    fn open_and_read(&self, place: &Path) -> Outcome {
        outcome(Session::open(Verb::Open, self.cell.form, place).and_then(|session| session.read()))
    }

    /// Whether the harm was done by a process that then died of it.
    pub fn is_harmed(&self) -> bool {
        self.site.root.join("harmed").exists()
    }

    /// After the death of the process that ran the cell: finds the state that it had acknowledged.
    pub fn find_after_death(&mut self) -> Result<()> {
        let ledger = io(fs::read_to_string(self.site.root.join("ledger")))?;
        let mut numbers = ledger.split(' ').map(|number| number.parse().unwrap_or(u32::MAX));
        let (path, moved) = (numbers.next().unwrap_or(u32::MAX), numbers.next().unwrap_or(u32::MAX));
        self.ledger = Ledger { path, moved };
        match fs::read_to_string(self.site.root.join("call")) {
            Ok(call) if !call.is_empty() => self.wrong.push(format!("{call} died of the signal, and must be refused")),
            _ => {}
        }
        self.find_again()
    }
}
