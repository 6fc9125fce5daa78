//! The model of the disk behaves as disks do: it keeps what was flushed, and of the rest whole sectors of any time; it
//! loses what a flush failed to write; and it keeps names by directory.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::disk::{Disk, PAGE, SECTOR};
use super::image::{How, Image};
use super::recording::{Event, Node};
use crate::common::damage::Random;

const FILE: u64 = 1;
const DIRECTORY: u64 = 2;
/// Enough images for all outcomes to occur.
const DRAWS: u64 = 1000;
/// Enough images to see that there is one outcome only.
const FEW: u64 = 50;

/// A disk with a file of one page of ones; the page and the name are flushed.
fn disk() -> Disk {
    let directory = Node { path: PathBuf::new(), inode: DIRECTORY, bytes: None };
    Disk::new(&[directory, Node { path: "file".into(), inode: FILE, bytes: Some(vec![1; PAGE]) }], None)
}

fn write(disk: &mut Disk, at: usize, bytes: &[u8]) {
    let event = Event::Written { file: FILE, at, bytes: bytes.to_vec(), token: 0 };
    disk.apply(&event, &mut Random(0));
}

fn flush(disk: &mut Disk, file: u64, failed: bool, random: &mut Random) {
    disk.apply(&Event::Flushing { file, token: 9 }, random);
    disk.apply(&Event::Flushed { token: 9, failed }, random);
}

/// The results of `of` over many images.
fn drawn<T: Ord>(disk: &Disk, of: impl Fn(&Image) -> T) -> BTreeSet<T> {
    drawn_from(disk, DRAWS, of)
}

fn drawn_from<T: Ord>(disk: &Disk, draws: u64, of: impl Fn(&Image) -> T) -> BTreeSet<T> {
    let draw = |seed| {
        let random = &mut Random(seed);
        of(&Image::draw(disk, How::draw(random, disk.unflushed()), random))
    };
    (0..draws).map(draw).collect()
}

fn bytes(image: &Image) -> Vec<u8> {
    image.files.get(Path::new("file")).cloned().unwrap_or_default()
}

#[test]
fn a_sector_is_whole_and_from_any_time_since_the_last_flush() {
    let mut disk = disk();
    write(&mut disk, 0, &[2; PAGE]);
    flush(&mut disk, FILE, false, &mut Random(0));
    assert_eq!(drawn(&disk, bytes), [vec![2; PAGE]].into());
    write(&mut disk, 0, &[3; PAGE]);
    write(&mut disk, SECTOR - 1, &[4, 4]);
    let pages = drawn(&disk, bytes);
    let sectors =
        |nth: usize| -> BTreeSet<_> { pages.iter().map(|page| page[nth * SECTOR..][..SECTOR].to_vec()).collect() };
    let mut last = vec![3; SECTOR];
    last[SECTOR - 1] = 4;
    assert_eq!(sectors(0), [vec![2; SECTOR], vec![3; SECTOR], last].into());
    assert_eq!(sectors(5), [vec![2; SECTOR], vec![3; SECTOR]].into());
    assert!(pages.len() > 20, "sectors do not depend on one another: {}", pages.len());
}

#[test]
fn what_a_flush_failed_to_write_is_lost_until_the_page_is_written_again() {
    let mut kept = BTreeSet::new();
    for seed in 0..200 {
        let mut disk = disk();
        write(&mut disk, 0, &[2; PAGE]);
        flush(&mut disk, FILE, true, &mut Random(seed));
        let before = drawn_from(&disk, FEW, bytes);
        assert_eq!(before.len(), 1, "what got to the disk did so then");
        flush(&mut disk, FILE, false, &mut Random(seed));
        assert_eq!(drawn_from(&disk, FEW, bytes), before, "the next flush has nothing to write");
        kept.extend(before);
        // One more written byte makes the system write the whole page, as programs see it.
        write(&mut disk, 7, &[9]);
        flush(&mut disk, FILE, false, &mut Random(seed));
        let mut page = vec![2; PAGE];
        page[7] = 9;
        assert_eq!(drawn_from(&disk, FEW, bytes), [page].into());
    }
    assert!(kept.contains(&vec![1; PAGE]) && kept.contains(&vec![2; PAGE]) && kept.len() > 10, "{}", kept.len());
}

#[test]
fn a_flush_covers_what_was_written_when_it_began() {
    let mut disk = disk();
    let random = &mut Random(0);
    write(&mut disk, 0, &[2; PAGE]);
    disk.apply(&Event::Flushing { file: FILE, token: 1 }, random);
    write(&mut disk, 0, &[3; PAGE]);
    disk.apply(&Event::Flushed { token: 1, failed: false }, random);
    let sectors: BTreeSet<u8> = drawn(&disk, bytes).iter().flatten().copied().collect();
    assert_eq!(sectors, [2, 3].into());
}

#[test]
fn a_file_has_the_old_or_the_new_length() {
    let mut disk = disk();
    write(&mut disk, PAGE, &[2; 2 * PAGE]);
    // Whichever of the bytes are there.
    let length = |seed| bytes(&Image::draw(&disk, How::Sectors, &mut Random(seed))).len();
    assert_eq!((0..FEW).map(length).collect::<BTreeSet<_>>(), [PAGE, 3 * PAGE].into());
    flush(&mut disk, FILE, false, &mut Random(0));
    assert_eq!(drawn(&disk, |image| bytes(image).len()), [3 * PAGE].into());
}

#[test]
fn names_change_in_order_and_are_kept_once_their_directory_is_flushed() {
    let mut disk = disk();
    let names = |image: &Image| image.files.keys().map(|path| path.to_string_lossy().into_owned()).collect::<Vec<_>>();
    let random = &mut Random(0);
    disk.apply(&Event::Created { file: 3, path: "new".into(), directory: false }, random);
    disk.apply(&Event::Renamed { from: "new".into(), to: "file".into() }, random);
    disk.apply(&Event::Created { file: 4, path: "late".into(), directory: false }, random);
    let seen = drawn(&disk, names);
    let expected: [&[&str]; 3] = [&["file"], &["file", "new"], &["file", "late"]];
    assert_eq!(seen, expected.map(|names| names.iter().map(|name| (*name).to_owned()).collect()).into());
    // It is the old file or the new one.
    assert_eq!(drawn(&disk, |image| bytes(image).len()), [0, PAGE].into());
    flush(&mut disk, FILE, false, random);
    assert_eq!(drawn(&disk, names), seen, "the file's own flush says nothing of its name");
    flush(&mut disk, DIRECTORY, true, random);
    assert_eq!(drawn(&disk, names), seen, "nor one of the directory that fails");
    flush(&mut disk, DIRECTORY, false, random);
    assert_eq!(drawn(&disk, names), [vec!["file".to_owned(), "late".to_owned()]].into());
    assert_eq!(drawn(&disk, |image| bytes(image).len()), [0].into());
}
