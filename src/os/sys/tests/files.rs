//! Bytes of files: read, written, copied and allocated by offset.

use std::fs::File;
use std::io::{self, Seek, SeekFrom};

use super::Outcome;
use crate::os::sys::{copy_file_range, punch_hole, read_at, read_exact_at, reserve, write_all_at};

fn patterned(len: usize) -> Vec<u8> {
    (0..len).map(|at| (at * 31 % 251).to_le_bytes()[0]).collect()
}

fn held(file: &File) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(file.metadata()?.len()).unwrap_or(0)];
    read_exact_at(file, &mut bytes, 0).map(|()| bytes)
}

#[test]
fn requests_at_an_offset_leave_the_position_of_the_file() -> Outcome {
    let mut file = tempfile::tempfile()?;
    let mut other = tempfile::tempfile()?;
    for file in [&mut file, &mut other] {
        file.seek(SeekFrom::Start(77))?;
    }
    write_all_at(&file, &patterned(100), 50)?;
    let mut part = [0; 10];
    assert_eq!(read_at(&file, &mut part, 60)?, 10);
    assert_eq!(part[..], patterned(100)[10..20]);
    read_exact_at(&file, &mut part, 50)?;
    assert_eq!(part[..], patterned(100)[..10]);
    let _ = copy_file_range(&file, &other, 0, 150);
    assert_eq!([file.stream_position()?, other.stream_position()?], [77, 77]);
    Ok(())
}

#[test]
fn a_read_ends_at_the_end_of_the_file() -> Outcome {
    let file = tempfile::tempfile()?;
    write_all_at(&file, &patterned(10), 0)?;
    let mut buffer = [0; 8];
    assert_eq!([read_at(&file, &mut buffer, 6)?, read_at(&file, &mut buffer, 10)?], [4, 0]);
    let ended = read_exact_at(&file, &mut buffer, 6).map_err(|error| error.kind());
    assert_eq!(ended, Err(io::ErrorKind::UnexpectedEof));
    Ok(())
}

#[test]
fn reserving_lengthens_a_file_and_changes_no_byte() -> Outcome {
    for before in [0, 5, 128, 200] {
        let file = tempfile::tempfile()?;
        write_all_at(&file, &patterned(before), 0)?;
        let mut expected = patterned(before);
        if reserve(&file, 128)? {
            expected.resize(before.max(128), 0);
        }
        assert_eq!(held(&file)?, expected, "of {before} bytes");
    }
    Ok(())
}

#[test]
fn a_hole_touches_no_byte_outside_it() -> Outcome {
    const LEN: usize = 256 << 10;
    let file = tempfile::tempfile()?;
    write_all_at(&file, &patterned(LEN), 0)?;
    punch_hole(&file, 64 << 10, 64 << 10);
    punch_hole(&file, u64::MAX, u64::MAX);
    let (bytes, pattern, hole) = (held(&file)?, patterned(LEN), 64 << 10..128 << 10);
    assert_eq!(bytes.len(), LEN);
    assert!(bytes[..hole.start] == pattern[..hole.start] && bytes[hole.end..] == pattern[hole.end..]);
    let inside = &bytes[hole.clone()];
    assert!(inside == &pattern[hole] || inside.iter().all(|&byte| byte == 0));
    Ok(())
}

#[test]
fn the_system_copies_what_it_says_to_the_same_offset() -> Outcome {
    let (from, to) = (tempfile::tempfile()?, tempfile::tempfile()?);
    write_all_at(&from, &patterned(10_000), 0)?;
    let count = copy_file_range(&from, &to, 5_000, 3_000).unwrap_or(0);
    assert!(count <= 3_000);
    let expected = [vec![0; 5_000], patterned(10_000)[5_000..5_000 + count].to_vec()].concat();
    assert!(held(&to)? == expected || count == 0, "{count} bytes");
    assert_eq!(copy_file_range(&from, &to, 10_000, 1).unwrap_or(0), 0, "the source ends there");
    assert!(copy_file_range(&from, &to, u64::MAX, 1).is_err());
    Ok(())
}
