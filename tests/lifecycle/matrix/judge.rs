//! Compares the result of a call with the permitted results, and what was seen with what is acknowledged.

use std::fs;

use mapleaf::Result;

use super::cells::{Harm, Subject, Verb};
use super::law::Law;
use super::run::{Run, io};
use super::verbs::{Outcome, Refusal, SIGBUS, Seen};

/// The acknowledged states. Each commit must make the next one; otherwise there are two histories.
#[derive(Clone, Copy, Debug)]
pub struct Ledger {
    /// In the file at the path.
    pub path: u32,
    /// In the file that was open before the harm, if that is a different one.
    pub moved: u32,
}

impl Run<'_> {
    /// Checks a step before the harm, which must succeed.
    pub(super) fn must(&mut self, what: &str, outcome: &Outcome) {
        self.judge(what, &[Law::DATA], outcome);
        self.note(outcome, false);
    }

    /// Saves the ledger for the process that continues after this one has died.
    pub(super) fn save(&self) -> Result<()> {
        let staged = self.site.root.join("ledger-next");
        io(fs::write(&staged, format!("{} {}", self.ledger.path, self.ledger.moved)))?;
        io(fs::rename(staged, self.site.root.join("ledger")))
    }

    /// Saves the name of the next call if this process must not die in it. If meta pages were cut off, any thread may
    /// die reading them.
    pub(super) fn about_to(&self, verb: Verb, law: Law) -> Result<()> {
        let metas_are_there = self.cell.subject == Subject::Data
            && matches!(self.cell.harm, Harm::CutToHalf | Harm::CutToPages | Harm::CutByOneByte);
        if !self.cell.may_signal() || !metas_are_there {
            return Ok(());
        }
        let call = if law.signal { String::new() } else { format!("{verb:?}") };
        io(fs::write(self.site.root.join("call"), call))
    }

    /// Compares what was seen with what is acknowledged.
    pub(super) fn note(&mut self, outcome: &Outcome, moved: bool) {
        let known = if moved { &mut self.ledger.moved } else { &mut self.ledger.path };
        match outcome {
            Ok(Seen::State(n)) if n != known => {
                self.wrong.push(format!("state {n} was read where {known} is acknowledged"));
            }
            Ok(Seen::Committed(n)) if *n != *known + 1 => {
                self.wrong.push(format!("state {n} was acknowledged behind {known}: there are two histories"));
                *known = *n;
            }
            Ok(Seen::Committed(n)) => {
                *known = *n;
                if self.cell.may_signal()
                    && let Err(error) = self.save()
                {
                    self.wrong.push(error.to_string());
                }
            }
            _ => {}
        }
    }

    /// Checks that at least one of these laws permits the result of a call.
    pub(super) fn judge(&mut self, what: &str, laws: &[Law], outcome: &Outcome) {
        if !laws.iter().any(|law| law.permits(outcome)) {
            self.wrong.push(format!("{what}: {outcome:?}, and may be {laws:?}"));
        }
        if let Err(refusal) = outcome
            && refusal.kind != SIGBUS
        {
            self.judge_words(what, refusal);
        }
    }

    /// Checks that an error is one line and names the file or the option.
    fn judge_words(&mut self, what: &str, refusal: &Refusal) {
        let said = &refusal.said;
        if said.contains('\n') || said.len() < 20 || said.len() > 800 {
            self.wrong.push(format!("{what}: not one line that says what to do: {said:?}"));
        }
        let place = self.site.place().display().to_string();
        // Or the database and the page, in an open file.
        let names_it = [place.as_str(), self.site.name(self.cell.subject), "options", "(page "];
        if !names_it.iter().any(|name| said.contains(name)) {
            self.wrong.push(format!("{what}: names neither file nor option: {said:?}"));
        }
    }
}
