//! A temporary file that does not hold what was written gives an error, never another row.

use std::os::unix::fs::FileExt;

use crate::dbi::loader::merge::Merge;
use crate::dbi::loader::run::Run;
use crate::dbi::loader::spill::Spill;
use crate::dbi::loader::tests::{Rows, owned, run, spill};
use crate::error::{Error, ErrorKind, Result};

fn rows(byte: u8) -> Rows {
    let row = |n: u8| ((u32::from(n / 100), vec![n; 5]), vec![byte; if n.is_multiple_of(40) { 1500 } else { 90 }]);
    (0..120).map(row).collect()
}

/// Reads a run to its end, and returns its rows.
fn read(spill: &Spill, run: Run) -> Result<Rows> {
    let mut merge = Merge::new(spill, &[run])?;
    let mut out = Rows::new();
    while let Some(row) = merge.row() {
        let (key, value) = owned(spill, &row)?;
        out.insert(key, value);
        merge.advance(spill)?;
    }
    Ok(out)
}

#[test]
fn a_flipped_bit_anywhere_is_found() -> Result<()> {
    let (_directory, mut spill) = spill()?;
    let written = run(&mut spill, &rows(3))?;
    assert!(written.blocks > 2, "{written:?}");
    assert_eq!(read(&spill, written)?, rows(3));
    for large in [false, true] {
        let file = spill.file(large).ok_or_else(|| Error::new(ErrorKind::NotFound, "no such file"))?;
        let len = file.metadata().map_err(Error::other)?.len();
        let mut found = 0;
        for at in (0..len).step_by(7) {
            let mut byte = [0];
            file.read_exact_at(&mut byte, at).map_err(Error::other)?;
            file.write_all_at(&[byte[0] ^ (1 << (at % 8))], at).map_err(Error::other)?;
            match read(&spill, written) {
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::Corrupted, "{error:?}");
                    found += 1;
                }
                // The unused end of a partial block holds no row.
                Ok(rest) => assert_eq!((rest, byte), (rows(3), [0]), "byte {at}"),
            }
            file.write_all_at(&byte, at).map_err(Error::other)?;
        }
        assert!(found > len / 14, "{found} flips of {} were found", len / 7);
    }
    Ok(())
}

#[test]
fn a_file_cut_short_anywhere_is_found() -> Result<()> {
    for large in [false, true] {
        let (_directory, mut spill) = spill()?;
        let written = run(&mut spill, &rows(3))?;
        let file = spill.file(large).ok_or_else(|| Error::new(ErrorKind::NotFound, "no such file"))?;
        let mut len = file.metadata().map_err(Error::other)?.len();
        while len > 0 {
            len = len.saturating_sub(61);
            file.set_len(len).map_err(Error::other)?;
            assert_eq!(read(&spill, written).map_err(|error| error.kind()), Err(ErrorKind::Corrupted), "{len} bytes");
        }
    }
    Ok(())
}

#[test]
fn a_block_at_the_position_of_another_is_found() -> Result<()> {
    let (_directory, mut spill) = spill()?;
    let (older, newer) = (run(&mut spill, &rows(3))?, run(&mut spill, &rows(4))?);
    let size = spill.block_size();
    let file = spill.file(false).ok_or_else(|| Error::new(ErrorKind::NotFound, "no such file"))?;
    let mut block = vec![0; size];
    // Overwrites the newer block with the older one, as a lost or a misdirected write would.
    file.read_exact_at(&mut block, older.first * size as u64).map_err(Error::other)?;
    file.write_all_at(&block, newer.first * size as u64).map_err(Error::other)?;
    assert_eq!(read(&spill, older)?, rows(3));
    assert_eq!(read(&spill, newer).map_err(|error| error.kind()), Err(ErrorKind::Corrupted));
    Ok(())
}

#[test]
fn files_have_no_names_and_merged_runs_free_their_disk_space() -> Result<()> {
    let (directory, mut spill) = spill()?;
    let written = run(&mut spill, &rows(3))?;
    let names = std::fs::read_dir(directory.path()).map_err(Error::other)?.count();
    assert_eq!(names, 0);
    assert_eq!(read(&spill, written)?, rows(3));
    spill.free_blocks(written.first, written.blocks);
    assert_eq!(read(&spill, written).map_err(|error| error.kind()), Err(ErrorKind::Corrupted));
    Ok(())
}
