//! The calls of a cell: the verb, and what both processes do after it.

use std::fs;

use mapleaf::{Env, Result};

use super::cells::{Cell, EVERYTHING, Harm, Moment, Subject, Verb};
use super::law::{self, Law};
use super::run::{Run, as_user, io};
use super::site::print;
use super::verbs::{Outcome, Seen, Session, call, outcome};

impl Run<'_> {
    /// Calls the verb. Returns whether it succeeded, or the kind of its error.
    pub(super) fn call(&mut self, session: &mut Option<Session>) -> Result<Result<(), String>> {
        let outcome = match self.cell.verb {
            Verb::Exists => self.call_exists()?,
            Verb::Destroy => self.call_destroy()?,
            verb if verb.is_opening() => self.call_opening(verb, session)?,
            Verb::Everything => self.call_everything(session)?,
            Verb::OtherOpens => self.call_other()?,
            verb => {
                self.about_to(verb, law::holder(self.cell, verb, self.beside))?;
                let called = self.call_open(verb, self.is_apart() && verb != Verb::Reopen, session)?;
                self.judge_beside(&format!("{verb:?}"), &called, |run| match verb {
                    Verb::Reopen => run.reopening(),
                    verb => law::holder(run.cell, verb, run.beside),
                })?;
                called
            }
        };
        Ok(outcome.map(drop).map_err(|refusal| refusal.kind))
    }

    /// Calls the verb on the open environment, which is the file at the path unless it is `apart`.
    fn call_open(&mut self, verb: Verb, apart: bool, session: &mut Option<Session>) -> Result<Outcome> {
        let next = if apart { self.ledger.moved } else { self.ledger.path } + 1;
        let called = as_user(self.cell, || outcome(call(verb, session, &self.site, next)))?;
        self.told |= is_told(&called);
        self.note(&called, apart);
        Ok(called)
    }

    /// Opens after the harm and calls all verbs.
    fn call_everything(&mut self, session: &mut Option<Session>) -> Result<Outcome> {
        let opened = self.call_opening(Verb::Open, session)?;
        if session.is_some() {
            for verb in EVERYTHING {
                let called = self.call_open(verb, false, session)?;
                self.judge_beside(&format!("{verb:?}"), &called, |run| {
                    law::newcomer(run.cell, verb, run.beside && law::is_shared(run.cell))
                })?;
            }
        }
        Ok(opened)
    }

    fn call_exists(&mut self) -> Result<Outcome> {
        let place = self.site.place();
        let said = as_user(self.cell, || outcome(Env::exists(&place).map(Seen::There)))?;
        match (law::exists(self.cell), &said) {
            (Ok(there), Ok(Seen::There(said))) if there == *said => {}
            (Err(kinds), said) => self.judge("exists", &[Law { data: false, kinds, signal: false }], said),
            (law, said) => self.wrong.push(format!("exists says {said:?}, and must {law:?}")),
        }
        Ok(said)
    }

    fn call_destroy(&mut self) -> Result<Outcome> {
        let (cell, place) = (self.cell, self.site.place());
        let was_there = print(&self.site.path(Subject::Data)).is_ok();
        let destroyed = as_user(cell, || outcome(Env::destroy(&place).map(|()| Seen::Nothing)))?;
        self.judge_beside("destroy", &destroyed, |run| law::destroy(run.standing()))?;
        let cut_short = cell.subject == Subject::LmdbLock && cell.harm == Harm::IntoDirectory;
        if was_there && print(&self.site.path(Subject::Data)).is_err() {
            self.ledger.path = 0;
            if destroyed.is_err() && !cut_short {
                self.wrong.push(format!("a refused destroy removed the data: {destroyed:?}"));
            }
        }
        Ok(destroyed)
    }

    /// The other process opens after the harm, and writes.
    fn call_other(&mut self) -> Result<Outcome> {
        let opened = self.partner_opens()?;
        let beside = Cell { verb: Verb::Open, moment: Moment::Beside, ..self.cell };
        // The other process runs as root.
        let law = if self.cell.harm.is_of_modes() { Law::DATA } else { law::opening(beside) };
        self.judge("the other process opens", &[law], &opened);
        self.note(&opened, false);
        if opened.is_ok() {
            self.newcomer_goes_on()?;
        }
        Ok(opened)
    }

    /// The other process, which has just opened the environment, writes.
    fn newcomer_goes_on(&mut self) -> Result<()> {
        let written = self.ask("write")?;
        let law = law::newcomer(self.cell, Verb::Transact, law::is_shared(self.cell));
        self.judge("the other process writes", &[law], &written);
        self.note(&written, false);
        Ok(())
    }

    /// Opens and reads. Keeps the environment open if it is writable and none is open yet.
    fn call_opening(&mut self, verb: Verb, session: &mut Option<Session>) -> Result<Outcome> {
        let (cell, place) = (self.cell, self.site.place());
        let opened = as_user(cell, || {
            let opened = Session::open(verb, cell.form, &place)?;
            let seen = opened.read();
            if session.is_none() && !matches!(verb, Verb::ReadOnly | Verb::Immutable) {
                *session = Some(opened);
            }
            seen
        })?;
        let opened = outcome(opened);
        self.judge_beside("opening", &opened, |run| law::opening(Cell { verb, ..run.standing() }))?;
        self.note(&opened, self.is_own() && self.is_apart());
        Ok(opened)
    }

    /// The law of opening after this process has closed the environment.
    fn reopening(&self) -> Law {
        let moment = if self.beside { Moment::Beside } else { Moment::Before };
        law::opening(Cell { verb: Verb::Open, moment, ..self.cell })
    }

    /// This process writes, flushes and reads again with the environment that it has open.
    pub(super) fn go_on(&mut self, session: &mut Option<Session>) -> Result<()> {
        let Some(open) = session else { return Ok(()) };
        let cell = self.cell;
        open.let_go();
        // An environment opened after the harm is the one at the path.
        let holder = self.is_own() && cell.verb != Verb::Reopen;
        let after_compaction = cell.harm.is_of_modes() && cell.verb == Verb::Compact;
        let two = self.beside;
        for verb in [Verb::Transact, Verb::Sync, Verb::Read] {
            let mut law = if holder {
                law::holder(cell, verb, two)
            } else {
                law::newcomer(cell, verb, two && law::is_shared(cell))
            };
            if after_compaction {
                // The new file could not be opened, nor could the old one.
                law = Law { kinds: &[mapleaf::ErrorKind::PermissionDenied], ..law };
            }
            if holder && self.told && law::writes(verb) {
                law = law::TOLD;
            }
            self.about_to(verb, law)?;
            let done = as_user(cell, || {
                outcome(match verb {
                    Verb::Transact => open.write(),
                    Verb::Sync => open.sync(),
                    _ => open.read(),
                })
            })?;
            self.told |= is_told(&done);
            self.judge(&format!("{verb:?} afterwards"), &[law], &done);
            self.note(&done, holder && self.is_apart());
        }
        Ok(())
    }

    /// The other process writes, flushes and reads again.
    pub(super) fn partner_goes_on(&mut self) -> Result<()> {
        if self.cell.verb == Verb::OtherOpens && self.beside {
            return self.newcomer_goes_on();
        }
        for (line, verb) in [("write", Verb::Transact), ("sync", Verb::Sync), ("read", Verb::Read)] {
            if self.beside {
                let done = self.ask(line)?;
                self.judge(&format!("the other process: {line}"), &[law::holder(self.cell, verb, true)], &done);
                self.note(&done, self.is_apart());
            }
        }
        Ok(())
    }

    /// Gives a file its name back. A process that noticed the loss must still refuse to continue.
    pub(super) fn take_back(&mut self, session: Option<&Session>) -> Result<()> {
        let cell = self.cell;
        let path = self.site.path(cell.subject);
        let (Some(open), true) = (session, self.is_own() && cell.verb != Verb::Reopen) else { return Ok(()) };
        if cell.harm != Harm::MovedAway || cell.subject == Subject::Directory || print(&path).is_ok() {
            return Ok(());
        }
        io(fs::rename(path.with_extension("away"), &path))?;
        self.undone = true;
        if cell.subject == Subject::Data {
            self.ledger.path = self.ledger.moved;
        }
        // `sync` checks by itself, and a check that finds everything in place must not clear the loss.
        for (line, verb) in [("write", Verb::Transact), ("sync", Verb::Sync), ("write", Verb::Transact)] {
            let law = law::holder(cell, verb, self.beside);
            let done = outcome(if verb == Verb::Sync { open.sync() } else { open.write() });
            self.judge(&format!("{line} when the name is back"), &[law], &done);
            self.note(&done, false);
            if self.beside {
                let done = self.ask(line)?;
                self.judge(&format!("the other process: {line} when the name is back"), &[law], &done);
                self.note(&done, false);
            }
        }
        Ok(())
    }
}

/// Whether the outcome says that a file was truncated.
fn is_told(outcome: &Outcome) -> bool {
    outcome.as_ref().is_err_and(|refusal| refusal.kind == "NotFound" && refusal.said.contains("cut short"))
}
