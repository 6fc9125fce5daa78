//! A look-up finds exactly what LMDB wrote.

use heed::DatabaseFlags;
use tempfile::TempDir;

use crate::error::ErrorKind;
use crate::page::batch::{GROUP, get_many};
use crate::page::layout::Pages;
use crate::page::lookup::{find, get};
use crate::page::meta::TreeRecord;
use crate::page::page_no::PageNo;
use crate::page::tests::samples::{Image, Sample, apply, create, open, probes, samples};
use crate::page::verify::{VerifyLevel, verify};

#[test]
fn every_key_is_found_with_its_value() {
    for sample in samples() {
        for (key, value) in &sample.model {
            let found = get::<0>(sample.image.pages(), &sample.tree, key).unwrap();
            assert_eq!(found, Some(value.as_slice()), "{} {}", sample.name, key.escape_ascii());
        }
    }
}

#[test]
fn neighbouring_keys_are_found_only_if_written() {
    for sample in samples() {
        for key in probes(sample, 2_000) {
            let found = get::<0>(sample.image.pages(), &sample.tree, &key).unwrap();
            assert_eq!(found, sample.model.get(&key).map(Vec::as_slice), "{} {}", sample.name, key.escape_ascii());
        }
    }
}

#[test]
#[cfg_attr(miri, ignore = "the shapes that LMDB writes")]
fn the_samples_have_their_intended_shapes() {
    let depth = |name| samples().iter().find(|sample| sample.name == name).unwrap().tree.depth;
    assert_eq!((depth("nothing"), depth("one"), depth("emptied")), (0, 1, 0));
    assert!(depth("ordered integers") >= 3 && depth("long keys that begin alike") >= 4);
    assert!(samples().iter().any(|sample| sample.tree.overflow_pages > 100));
    for sample in samples() {
        assert_eq!(sample.tree.entries, sample.model.len() as u64, "{}", sample.name);
    }
}

#[test]
fn a_plain_look_up_of_a_named_tree_is_an_error() {
    let image = &samples()[0].image;
    assert!(find(image.pages(), &image.main(), b"one").unwrap().unwrap().is_tree());
    assert_eq!(get::<0>(image.pages(), &image.main(), b"one").unwrap_err().kind(), ErrorKind::Corrupted);
    assert!(find(image.pages(), &image.main(), b"another").unwrap().is_none());
}

#[test]
#[cfg_attr(miri, ignore = "calls LMDB")]
fn free_list_records_are_readable() {
    let pages = samples()[0].image.pages();
    let meta = pages.meta(usize::from(pages.meta_id(1) > pages.meta_id(0)));
    assert!(meta.free.entries > 0);
    let record = |id: u64| find(pages, &meta.free, &id.to_le_bytes()).unwrap();
    let total = (0..=meta.txn_id.0).filter_map(record).map(|found| count(found.value)).sum::<u64>();
    assert!(total > 0 && total < meta.last_page.0);
}

fn count(value: &[u8]) -> u64 {
    u64::from_le_bytes(value[..8].try_into().unwrap())
}

#[test]
fn an_invalid_tree_record_is_an_error() {
    let record = samples()[3].tree;
    let pages = samples()[3].image.pages();
    let refused = |tree: TreeRecord, pages: Pages<'_>| get::<0>(pages, &tree, b"12345678").unwrap_err().kind();
    for wrong in [
        TreeRecord { depth: 0, ..record },
        TreeRecord { depth: 33, ..record },
        TreeRecord { depth: record.depth - 1, ..record },
        TreeRecord { depth: record.depth + 1, ..record },
        TreeRecord { root: PageNo(0), ..record },
        TreeRecord { root: PageNo(pages.page_count()), ..record },
        TreeRecord { root: PageNo(u64::MAX - 1), ..record },
    ] {
        assert_eq!(refused(wrong, pages), ErrorKind::Corrupted, "{wrong:?}");
    }
    assert_eq!(TreeRecord::from_bytes(&[0; 47]).unwrap_err().kind(), ErrorKind::Corrupted);
    assert_eq!(TreeRecord::from_bytes(&[0xFE; 48]).unwrap_err().kind(), ErrorKind::Corrupted);
}

/// LMDB keeps the longer run when a shorter value replaces it before the commit.
#[test]
#[cfg_attr(miri, ignore = "calls LMDB")]
fn a_run_longer_than_its_value_is_read_and_a_shorter_one_is_an_error() {
    let dir = TempDir::new().unwrap();
    let env = open(dir.path());
    let tree = create(&env, "tree", DatabaseFlags::empty());
    let key = b"k".to_vec();
    apply(&env, tree, &vec![vec![(key.clone(), Some(vec![1; 50_000])), (key.clone(), Some(vec![2; 9_000]))]]);
    drop(env);
    let mut image = Image::of(&dir.path().join("data.mdb"));
    let tree = image.tree("tree");
    assert_eq!(tree.overflow_pages, 13);
    assert_eq!(get::<0>(image.pages(), &tree, &key).unwrap(), Some(&[2; 9_000][..]));
    assert!(verify(&image.file(), VerifyLevel::Full).unwrap().is_clean());
    let run = image.pages().leaf(tree.root).unwrap().node(0).unwrap().overflow_page();
    for pages in [0, 2, 0xFF_FFFF_u32] {
        image.write(run, 12, &pages.to_le_bytes());
        assert_eq!(get::<0>(image.pages(), &tree, &key).unwrap_err().kind(), ErrorKind::Corrupted, "{pages}");
        assert!(!verify(&image.file(), VerifyLevel::Full).unwrap().is_clean(), "{pages}");
    }
}

#[test]
fn a_batch_finds_what_single_look_ups_find() {
    for sample in samples() {
        let probes = probes(sample, 500);
        for len in [0, 1, GROUP - 1, GROUP, GROUP + 1, probes.len()] {
            let keys: Vec<&[u8]> = probes[..len.min(probes.len())].iter().map(Vec::as_slice).collect();
            let expected: Vec<_> = keys.iter().map(|&key| sample.model.get(key).map(Vec::as_slice)).collect();
            // A width that the keys do not have only costs time.
            for found in [batch::<0>(sample, &keys), batch::<4>(sample, &keys), batch::<8>(sample, &keys)] {
                assert!(found == expected, "{} {len}", sample.name);
            }
        }
    }
}

fn batch<'a, const W: usize>(sample: &'a Sample, keys: &[&[u8]]) -> Vec<Option<&'a [u8]>> {
    let mut found = vec![None; keys.len()];
    let mut given = vec![0; keys.len()];
    let each = |index: usize, value| {
        found[index] = value;
        given[index] += 1;
    };
    get_many::<W>(sample.image.pages(), &sample.tree, keys, each).unwrap();
    assert_eq!(given, vec![1; keys.len()], "each once");
    found
}
