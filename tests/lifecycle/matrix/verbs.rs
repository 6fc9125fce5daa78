//! Calls the verbs on an environment.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::thread;
use std::time::Duration;

use mapleaf::{Compact, Env, Error, OpenMode, Result, Snapshot, Verify};

use super::cells::{Form, Verb};
use super::site::Site;
use super::tables::{NAMES, SPARE, Tables, options};

/// The result of a successful call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    Nothing,
    /// A whole state with this number.
    State(u32),
    /// The state with this number was committed.
    Committed(u32),
    There(bool),
}

/// An error in a form that can be sent to another process.
#[derive(Clone, Debug)]
pub struct Refusal {
    pub kind: String,
    pub said: String,
}

pub type Outcome = Result<Seen, Refusal>;

pub fn outcome(result: Result<Seen>) -> Outcome {
    result.map_err(|error| Refusal { kind: format!("{:?}", error.kind()), said: error.to_string() })
}

/// Stands for an error if a process died of the signal of a read after the end of a file.
pub const SIGBUS: &str = "SIGBUS";

/// An open environment.
pub struct Session {
    env: Env,
    tables: Tables,
    /// A snapshot from before the harm, with its number.
    held: Option<(Snapshot, u32)>,
    /// Whether its commits check only at intervals that the files are in place.
    pauses: bool,
}

/// Longer than the interval between two such checks, by a coarse clock.
const UNTIL_IT_LOOKS: Duration = Duration::from_millis(20);

/// Opens with the options of the verb.
fn open(verb: Verb, form: Form, place: &Path) -> Result<Env> {
    let options = options(form);
    let options = match verb {
        Verb::MustExist => options.mode(OpenMode::MustExist),
        Verb::CreateNew => options.mode(OpenMode::CreateNew),
        Verb::ReadOnly => options.read_only(true),
        Verb::Immutable => options.read_only(true).assume_immutable(true),
        Verb::VerifyFast => options.verify(Verify::Fast),
        Verb::VerifyFull => options.verify(Verify::Full),
        _ => options,
    };
    options.open(place)
}

impl Session {
    pub fn open(verb: Verb, form: Form, place: &Path) -> Result<Self> {
        let env = open(verb, form, place)?;
        let tables = Tables::open(&env)?;
        Ok(Self { env, tables, held: None, pauses: form == Form::Unflushed })
    }

    pub fn read(&self) -> Result<Seen> {
        self.tables.read(&self.env.snapshot()?).map(Seen::State)
    }

    pub fn write(&self) -> Result<Seen> {
        if self.pauses {
            thread::sleep(UNTIL_IT_LOOKS);
        }
        self.env.transact(|txn| self.tables.step(txn)).map(Seen::Committed)
    }

    pub fn sync(&self) -> Result<Seen> {
        self.env.sync().map(|()| Seen::Nothing)
    }

    pub fn hold(&mut self) -> Result<()> {
        let snap = self.env.snapshot()?;
        let n = self.tables.read(&snap)?;
        self.held = Some((snap, n));
        Ok(())
    }

    pub fn let_go(&mut self) {
        self.held = None;
    }

    /// Calls a verb that makes a change. `next` is the number of the next state.
    fn change(&self, verb: Verb, next: u32) -> Result<Seen> {
        match verb {
            Verb::Apply => self.env.apply(self.tables.batch(next)?).map(|()| Seen::Committed(next)),
            Verb::Submit => self.env.submit(self.tables.batch(next)?)?.wait().map(|()| Seen::Committed(next)),
            Verb::TryTransact => self.env.try_transact(|txn| self.tables.step(txn)).map(Seen::Committed),
            Verb::CreateDbi => self.env.dbi::<u32, u32>("created").map(|_| Seen::Nothing),
            Verb::DropDbi => self.env.drop_dbi(SPARE).map(|()| Seen::Nothing),
            Verb::Sync => self.sync(),
            Verb::Compact => self.env.compact_timeout(Duration::from_millis(50)).map(|()| Seen::Nothing),
            _ => self.write(),
        }
    }

    fn copy(&self, site: &Site, compact: Compact) -> Result<Seen> {
        let copy = site.copies().join(format!("{compact:?}"));
        self.env.copy_to(&copy, compact)?;
        // It has the mode of its original, and possibly no user may open it.
        let data = if site.form == Form::SingleFile { copy.clone() } else { copy.join("data.mdb") };
        fs::set_permissions(data, Permissions::from_mode(0o600)).map_err(Error::other)?;
        Self::open(Verb::MustExist, site.form, &copy)?.read()
    }

    /// Calls a verb that only reads.
    fn look(&self, verb: Verb, site: &Site) -> Result<Seen> {
        match verb {
            Verb::Held => match &self.held {
                Some((snap, n)) => self.tables.read(snap).and_then(|found| same(found, *n)),
                None => Ok(Seen::Nothing),
            },
            Verb::OpenDbi => self.env.dbi::<u32, u32>(SPARE).map(|_| Seen::Nothing),
            Verb::Dbis => {
                let names: Vec<String> = self.env.dbis()?.into_iter().map(|dbi| dbi.name).collect();
                let all = NAMES.iter().all(|name| names.iter().any(|found| found == name));
                if all { Ok(Seen::Nothing) } else { Err(Error::other(format!("only {names:?} are listed"))) }
            }
            Verb::Info => self.env.info().map(|_| Seen::Nothing),
            Verb::Readers => self.env.readers().map(|_| Seen::Nothing),
            Verb::ClearStale => self.env.clear_stale_readers().map(|_| Seen::Nothing),
            Verb::Verify => match self.env.verify()? {
                report if report.is_clean() => Ok(Seen::Nothing),
                report => Err(Error::other(format!("{} (page {})", report.faults[0].why, report.faults[0].page))),
            },
            Verb::CopyPlain => self.copy(site, Compact::No),
            Verb::CopyCompacted => self.copy(site, Compact::Yes),
            _ => self.read(),
        }
    }
}

fn same(found: u32, held: u32) -> Result<Seen> {
    if found == held { Ok(Seen::Nothing) } else { Err(Error::other(format!("state {found} in a snapshot of {held}"))) }
}

/// Calls the verb on an open environment, which is gone after `Close`, `Drop` and a refused `Reopen`.
pub fn call(verb: Verb, session: &mut Option<Session>, site: &Site, next: u32) -> Result<Seen> {
    let Some(open) = session.as_ref() else { return Err(Error::other("there is no environment open")) };
    match verb {
        Verb::Close => {
            let closed = open.env.close().map(|()| Seen::Nothing);
            *session = None;
            closed
        }
        Verb::Drop => {
            *session = None;
            Ok(Seen::Nothing)
        }
        Verb::Reopen => {
            *session = None;
            let opened = session.insert(Session::open(Verb::Open, site.form, &site.place())?);
            opened.read()
        }
        Verb::Transact
        | Verb::Apply
        | Verb::Submit
        | Verb::TryTransact
        | Verb::CreateDbi
        | Verb::DropDbi
        | Verb::Sync
        | Verb::Compact => open.change(verb, next),
        _ => open.look(verb, site),
    }
}
