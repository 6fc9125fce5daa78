//! A thread that does jobs one after another: started by the first, ended when the last `Env` is gone and all is done.

use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::error::{Error, ErrorKind, Result};

/// What the thread is given to do.
pub(crate) type Job = Box<dyn FnOnce() + Send>;

/// The line to the thread, once there is one.
#[derive(Default)]
pub(crate) struct Worker(Mutex<Option<Sender<Job>>>);

impl Worker {
    /// Has `job` done behind those that were given before.
    pub(crate) fn give(&self, job: Job) -> Result<()> {
        let mut line = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let sender = match &*line {
            Some(sender) => sender,
            None => line.insert(start()?),
        };
        sender
            .send(job)
            .map_err(|_| Error::new(ErrorKind::Io, "the committing thread is gone; apply the batch instead"))
    }

    /// Lets the thread end when it has done what it was given.
    pub(crate) fn end(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

fn start() -> Result<Sender<Job>> {
    let (sender, jobs) = channel::<Job>();
    let work = move || {
        for job in jobs {
            // A job that panics must not end the thread that others wait for.
            let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(job));
        }
    };
    let spawned = thread::Builder::new().name("mapleaf-commit".into()).spawn(work);
    let refused = "the system gives no thread to commit on; apply the batch instead";
    spawned.map(|_| sender).map_err(|error| Error::new(ErrorKind::Io, refused).caused_by(error))
}
