//! Pipelined writes: one thread gathers the next piece of a copy while another one writes the last.

use std::io::{self, Write};
use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;

use crate::os::{CopyError, File};
use crate::page::{PIECE, Pieces};

/// Runs `gather`, and writes its pieces to `file` from its position on. A thread of its own writes; the caller does
/// if the system gives no thread. All pieces are written when it returns.
pub(crate) fn write_pipelined<T>(
    mut file: &File,
    gather: impl FnOnce(&mut dyn Pieces) -> Result<T, CopyError>,
) -> Result<T, CopyError> {
    thread::scope(|scope| {
        // The channel has room for one piece. So at most three pieces are in use: one is gathered, one waits, and one
        // is written.
        let (full, pieces) = sync_channel(1);
        let (back, emptied) = channel();
        let writer = thread::Builder::new().name("mapleaf-copy".to_owned());
        let Ok(writer) = writer.spawn_scoped(scope, move || write_all(file, &pieces, &back)) else {
            return gather(&mut file);
        };
        // The sender `full` is dropped when the gathering has ended, which ends the writer's loop.
        let gathered = gather(&mut Pipelined { full, emptied });
        match writer.join() {
            Ok(Ok(())) => gathered,
            Ok(Err(error)) => Err(CopyError::Write(error)),
            Err(panic) => resume_unwind(panic),
        }
    })
}

fn write_all(mut file: &File, pieces: &Receiver<Vec<u8>>, back: &Sender<Vec<u8>>) -> io::Result<()> {
    for mut piece in pieces {
        file.write_all(&piece)?;
        piece.clear();
        // The gathering thread takes emptied pieces back. After the last piece it is gone, and sending fails, which
        // does no harm.
        let _ = back.send(piece);
    }
    Ok(())
}

struct Pipelined {
    full: SyncSender<Vec<u8>>,
    emptied: Receiver<Vec<u8>>,
}

impl Pieces for Pipelined {
    fn take(&mut self, piece: &mut Vec<u8>) -> io::Result<()> {
        let empty = self.emptied.try_recv().unwrap_or_else(|_| Vec::with_capacity(PIECE));
        let full = std::mem::replace(piece, empty);
        // Sending fails only if the writer has stopped. The writer's own error is reported instead of this one.
        self.full.send(full).map_err(|_| io::Error::other("the writer has stopped"))
    }
}
