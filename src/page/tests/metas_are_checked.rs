//! Files that are not LMDB 0.9 databases are recognized before anything is mapped.

use std::fs::File;
use std::io::Write as _;

use crate::error::ErrorKind;
use crate::page::meta_check::check_metas;
use crate::page::tests::samples::{Image, PAGE, samples};
use crate::page::txn_id::LmdbTxnId;
use crate::page::verify::{VerifyLevel, verify};

fn file(bytes: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file
}

/// The first pages of a sample, with some bytes overwritten.
fn damaged(page: u64, at: usize, bytes: &[u8]) -> File {
    let mut image = Image { words: samples()[0].image.words[..4 * PAGE / 8].to_vec() };
    image.write(page, at, bytes);
    image.file()
}

fn refused(file: &File) -> (ErrorKind, String) {
    let error = check_metas(file, true).unwrap_err();
    (error.kind(), error.to_string())
}

#[test]
fn a_healthy_pair_names_the_newest() {
    let image = &samples()[0].image;
    let metas = check_metas(&image.file(), true).unwrap().unwrap();
    assert_eq!(metas.page_size, PAGE);
    let pages = image.pages();
    let slot = metas.newest.txn_id.slot();
    assert_eq!(pages.meta(slot).main, metas.newest.main);
    assert_eq!((pages.meta_id(slot), pages.meta(slot).last_page), (metas.newest.txn_id, metas.newest.last_page));
    assert_eq!(pages.meta_id(1 - slot), metas.newest.txn_id.base());
}

#[test]
fn an_empty_file_is_new_and_a_short_one_is_damaged() {
    assert!(check_metas(&file(b""), true).unwrap().is_none());
    let whole: Vec<u8> = samples()[0].image.words[..PAGE / 2].iter().flat_map(|word| word.to_le_bytes()).collect();
    for len in [1, 20, 151, 152, PAGE, PAGE + 100, 2 * PAGE - 1] {
        let (kind, text) = refused(&file(&whole[..len]));
        assert!(kind == ErrorKind::Corrupted && text.contains("ends inside"), "{len}: {text}");
    }
    assert!(check_metas(&file(&whole[..2 * PAGE]), true).is_ok());
}

#[test]
fn other_files_and_other_formats_are_recognized() {
    for (file, kind, why) in [
        (file(&[0; 9000]), ErrorKind::Corrupted, "zeros"),
        (file(&[b'x'; 9000]), ErrorKind::Corrupted, "not an LMDB database"),
        (damaged(0, 16, &[0]), ErrorKind::Corrupted, "not an LMDB database"),
        (damaged(1, 16, &[0]), ErrorKind::Corrupted, "not a meta page"),
        (damaged(0, 20, &[2]), ErrorKind::FormatVersion, "mdb_dump"),
        (damaged(0, 16, &[0xBE, 0xEF, 0xC0, 0xDE]), ErrorKind::FormatVersion, "big-endian"),
        (damaged(0, 12, &[0xDE, 0xC0, 0xEF, 0xBE, 1]), ErrorKind::FormatVersion, "32-bit"),
        (damaged(0, 16, &[0, 0, 0, 0, 1, 0, 0, 0, 0xDE, 0xC0, 0xEF, 0xBE]), ErrorKind::FormatVersion, "LMDB 1.0"),
    ] {
        let (got, text) = refused(&file);
        assert!(got == kind && text.contains(why), "{why}: {text}");
    }
}

#[test]
fn invalid_fields_are_damage() {
    for slot in [0, 1] {
        for (at, bytes) in [
            (0, vec![7]),
            (10, vec![2]),
            (40, vec![1, 16]),
            (40, vec![0, 0]),
            (40, vec![0, 0, 1]),
            (144, vec![0xF0 | (1 - slot)]),
            (144, vec![0xF0 | slot, 0, 0, 0, 0, 0, 0, 0x80]),
        ] {
            refused_and_found(slot.into(), at, &bytes);
        }
    }
}

/// Fields of the trees and the last page number, with invalid contents.
fn trees() -> [(usize, Vec<u8>); 7] {
    [
        (46, vec![33]),
        (88 + 6, vec![0]),
        (88 + 16, vec![0xFF; 8]),
        (88 + 40, vec![1, 0, 0, 0, 0, 0, 0, 0]),
        (88 + 40, vec![0xFE; 8]),
        (136, vec![0; 8]),
        (136, vec![0xFF; 8]),
    ]
}

#[test]
fn invalid_trees_of_the_newest_meta_page_are_damage() {
    for (at, bytes) in trees() {
        refused_and_found(newest(), at, &bytes);
    }
}

#[test]
fn invalid_trees_of_the_older_meta_page_are_ignored() {
    let before = check_metas(&samples()[0].image.file(), true).unwrap().unwrap().newest;
    for (at, bytes) in trees() {
        let metas = check_metas(&damaged(1 - newest(), at, &bytes), true).unwrap().unwrap();
        assert_eq!((metas.newest.txn_id, metas.newest.main), (before.txn_id, before.main), "byte {at}");
    }
}

/// The slot of the last commit.
fn newest() -> u64 {
    check_metas(&samples()[0].image.file(), true).unwrap().unwrap().newest.txn_id.0 & 1
}

#[track_caller]
fn refused_and_found(slot: u64, at: usize, bytes: &[u8]) {
    let file = damaged(slot, at, bytes);
    let (kind, text) = refused(&file);
    assert_eq!(kind, ErrorKind::Corrupted, "slot {slot} byte {at}: {text}");
    assert!(!verify(&file, VerifyLevel::Fast).unwrap().is_clean(), "slot {slot} byte {at}");
}

#[test]
fn ids_far_apart_are_damage_only_without_a_writer() {
    let pages = samples()[0].image.pages();
    let far = (pages.meta_id(0).0 + 100).to_le_bytes();
    let file = damaged(0, 144, &far);
    assert_eq!(refused(&file).0, ErrorKind::Corrupted);
    assert_eq!(check_metas(&file, false).unwrap().unwrap().newest.txn_id, LmdbTxnId(u64::from_le_bytes(far)));
}
