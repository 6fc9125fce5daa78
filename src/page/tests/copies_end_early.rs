//! A copy whose output fails returns that error, at any piece, and writes no more.

use std::io::{self, ErrorKind};

use tempfile::TempDir;

use crate::os::CopyError;
use crate::page::copy::{PIECE, Pieces, compact};
use crate::page::tests::foreign::{fill, image};
use crate::page::tests::samples::{Image, samples};

/// Accepts some bytes, and refuses the piece that exceeds them.
struct Full {
    room: usize,
    refused: u32,
    largest: usize,
}

impl Pieces for Full {
    fn take(&mut self, piece: &mut Vec<u8>) -> io::Result<()> {
        self.largest = self.largest.max(piece.len());
        let Some(room) = self.room.checked_sub(piece.len()) else {
            self.refused += 1;
            return Err(io::Error::from(ErrorKind::StorageFull));
        };
        self.room = room;
        piece.clear();
        Ok(())
    }
}

fn assert_stops_at_each_piece(image: &Image) {
    let mut whole = Vec::new();
    compact(image.pages(), &image.newest(), &mut whole).unwrap();
    let pieces = whole.len().div_ceil(PIECE);
    assert!(pieces > 1, "{}", whole.len());
    for room in (0..pieces).map(|piece| piece * PIECE).chain([whole.len() - 1]) {
        let mut full = Full { room, refused: 0, largest: 0 };
        let error = compact(image.pages(), &image.newest(), &mut full).unwrap_err();
        assert!(matches!(&error, CopyError::Write(error) if error.kind() == ErrorKind::StorageFull), "{error:?}");
        assert_eq!((full.refused, full.largest.min(PIECE)), (1, full.largest), "{room}");
    }
    let mut enough = Full { room: whole.len(), refused: 0, largest: 0 };
    compact(image.pages(), &image.newest(), &mut enough).unwrap();
    assert_eq!((enough.room, enough.refused), (0, 0));
}

#[test]
fn a_copy_ends_at_the_first_write_error_and_returns_it() {
    assert_stops_at_each_piece(&samples()[0].image);
    let dir = TempDir::new().unwrap();
    drop(fill(dir.path()));
    assert_stops_at_each_piece(&image(dir.path()));
}
