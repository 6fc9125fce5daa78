//! The other process: it opens, writes, reads and closes on command, and reports the results.

use std::path::Path;
use std::time::Duration;

use mapleaf::Result;
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;

use super::cells::{Form, Verb};
use super::site::Site;
use super::verbs::{Outcome, Refusal, Seen, Session, outcome};
use crate::common::process::{self, Child, Next};

/// The other process: runs until its parent has ended.
pub fn serve() {
    // Also if it waits for a lock when its parent ends.
    let _ = set_pdeathsig(Signal::SIGKILL);
    let mut session: Option<Session> = None;
    while let Ok(line) = process::hear()
        && !line.is_empty()
    {
        let mut words = line.splitn(3, ' ');
        let seen = match (words.next(), session.as_ref()) {
            (Some("open"), _) => {
                let form = match words.next() {
                    Some("Directory") => Form::Directory,
                    Some("Unflushed") => Form::Unflushed,
                    _ => Form::SingleFile,
                };
                let opened = Session::open(Verb::Open, form, Path::new(words.next().unwrap_or_default()));
                opened.and_then(|opened| session.insert(opened).read())
            }
            (Some("write"), Some(open)) => open.write(),
            (Some("sync"), Some(open)) => open.sync(),
            (Some("read"), Some(open)) => open.read(),
            _ => {
                session = None;
                Ok(Seen::Nothing)
            }
        };
        process::tell(&encode(&outcome(seen)));
    }
}

fn encode(outcome: &Outcome) -> String {
    match outcome {
        Ok(Seen::State(n)) => format!("state {n}"),
        Ok(Seen::Committed(n)) => format!("committed {n}"),
        Ok(_) => "nothing".to_owned(),
        Err(refusal) => format!("refused {} {}", refusal.kind, refusal.said.replace('\n', "\\n")),
    }
}

fn decode(line: &str) -> Outcome {
    let mut words = line.splitn(3, ' ');
    let (what, word, rest) = (words.next(), words.next().unwrap_or_default(), words.next());
    match what {
        Some("state") => Ok(Seen::State(word.parse().unwrap_or(u32::MAX))),
        Some("committed") => Ok(Seen::Committed(word.parse().unwrap_or(u32::MAX))),
        Some("nothing") => Ok(Seen::Nothing),
        _ => Err(Refusal { kind: word.to_owned(), said: rest.unwrap_or_default().replace("\\n", "\n") }),
    }
}

/// The parent's handle of the other process. It is started when first needed, and again after it has died.
#[derive(Default)]
pub struct Partner(Option<Child>);

/// A command takes at most a second, except on a busy machine.
const PATIENCE: Duration = Duration::from_secs(40);

impl Partner {
    pub fn open(&mut self, site: &Site) -> Result<Outcome> {
        self.ask(&format!("open {:?} {}", site.form, site.place().display()))
    }

    pub fn ask(&mut self, line: &str) -> Result<Outcome> {
        let child = match &mut self.0 {
            Some(child) => child,
            none => none.insert(process::spawn(super::NAME, &["partner"])?),
        };
        // A dead process reads no command either.
        let next = if child.say(line).is_ok() { child.next_line(PATIENCE) } else { Next::Ended };
        match next {
            Next::Line(line) => Ok(decode(&line)),
            end => {
                let kind = self.end(end == Next::Silent)?;
                Ok(Err(Refusal { kind, said: format!("the other process, asked for {line:?}, did not answer") }))
            }
        }
    }

    /// Whether it has died.
    pub fn has_died(&mut self) -> Result<bool> {
        self.0.as_mut().map_or(Ok(true), Child::has_ended)
    }

    /// How it ended.
    fn end(&mut self, hangs: bool) -> Result<String> {
        let Some(mut child) = self.0.take() else { return Ok("none".to_owned()) };
        if hangs {
            child.kill()?;
            return Ok("hang".to_owned());
        }
        let status = child.wait()?;
        Ok(super::signal_of(status))
    }
}
