//! The errors of a transaction that another one keeps from beginning. They name who holds the writer's lock.

use crate::error::{Error, ErrorKind};
use crate::state::Core;

/// Another transaction is writing, and the caller does not wait.
#[cold]
pub(crate) fn busy(core: &Core) -> Error {
    Error::new(ErrorKind::Busy, format!("another transaction is writing{}; retry, or wait for it", holder(core)))
}

/// Another transaction is writing, and the caller has waited as long as it wanted to.
#[cold]
pub(crate) fn timed_out(core: &Core) -> Error {
    let why = format!(
        "the time limit passed while another transaction was writing{}; retry, or wait for longer",
        holder(core)
    );
    Error::new(ErrorKind::Timeout, why)
}

fn holder(core: &Core) -> String {
    match core.writer() {
        Some(writer) => {
            let (process, held) = (writer.process, writer.held_for.as_millis());
            let which = if process == std::process::id() { "this process, " } else { "" };
            format!(", in {which}process {process}, for {held} ms")
        }
        None => String::new(),
    }
}
