//! Trees of many shapes, written once through LMDB, each with its contents as a map.
#![allow(unsafe_code, reason = "heed opens an environment by an unsafe function")]

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::sync::OnceLock;

use heed::types::Bytes;
use heed::{Database, DatabaseFlags, Env, EnvOpenOptions, WithoutTls};
use tempfile::TempDir;

use crate::page::layout::Pages;
use crate::page::lookup::find;
use crate::page::meta::{Meta, TreeRecord};
use crate::page::page_no::PageNo;
use crate::page::tests::build;

pub(super) type Model = BTreeMap<Vec<u8>, Vec<u8>>;
/// Transactions of changes; a change without a value deletes.
pub(super) type Rounds = Vec<Vec<(Vec<u8>, Option<Vec<u8>>)>>;
pub(super) type SampleTree = Database<'static, Bytes, Bytes>;

/// A small random number generator, so that every run builds the same trees.
pub(super) struct Random(pub u64);

impl Random {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub(super) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).unwrap()
    }

    pub(super) fn bytes(&mut self, len: usize, alphabet: &[u8]) -> Vec<u8> {
        // Under an interpreter every random byte is slow: there the first ones are repeated.
        let fresh = if cfg!(miri) { len.min(8) } else { len };
        let mut bytes: Vec<u8> = (0..fresh).map(|_| alphabet[self.below(alphabet.len())]).collect();
        while bytes.len() < len {
            bytes.extend_from_within(..(len - bytes.len()).min(bytes.len()));
        }
        bytes
    }
}

/// A data file copied into memory.
#[derive(Clone)]
pub(super) struct Image {
    pub words: Vec<u64>,
}

pub(super) const PAGE: usize = 4096;

impl Image {
    pub(super) fn of(path: &Path) -> Self {
        let mut file = File::open(path).unwrap();
        let len = usize::try_from(file.metadata().unwrap().len()).unwrap();
        assert_eq!(len % PAGE, 0);
        let mut image = Self { words: vec![0; len / 8] };
        file.read_exact(image.bytes_mut()).unwrap();
        image
    }

    /// The image of a file that holds `bytes`.
    pub(super) fn holding(bytes: &[u8]) -> Self {
        let mut image = Self { words: vec![0; bytes.len() / 8] };
        image.bytes_mut().copy_from_slice(bytes);
        image
    }

    pub(super) fn bytes(&self) -> &[u8] {
        // SAFETY: a word is eight bytes without padding, and the words are borrowed as long as the slice.
        unsafe { std::slice::from_raw_parts(self.words.as_ptr().cast(), self.words.len() * 8) }
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as in `bytes`; any bytes are valid words, and the borrow is exclusive.
        unsafe { std::slice::from_raw_parts_mut(self.words.as_mut_ptr().cast(), self.words.len() * 8) }
    }

    pub(super) fn pages(&self) -> Pages<'_> {
        if cfg!(miri) {
            // Meta pages are read as atomics, which Miri does not allow on a shared slice. Through the vector's own
            // pointer it does, and its borrow rules still detect a read outside a page.
            // SAFETY: the words are aligned, readable as long as the image is borrowed, and do not change meanwhile.
            return unsafe { Pages::new(self.words.as_ptr().cast(), (self.words.len() * 8 / PAGE) as u64, PAGE) };
        }
        Pages::over(&self.words, PAGE)
    }

    /// The image as a file.
    pub(super) fn file(&self) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(self.bytes()).unwrap();
        file
    }

    /// Overwrites bytes of page `page`, from byte `at` on.
    pub(super) fn write(&mut self, page: impl Into<PageNo>, at: usize, bytes: &[u8]) {
        let start = start(page) + at;
        self.bytes_mut()[start..start + bytes.len()].copy_from_slice(bytes);
    }

    /// Bytes of page `page`, from byte `at` on.
    pub(super) fn read<const N: usize>(&self, page: impl Into<PageNo>, at: usize) -> [u8; N] {
        let start = start(page) + at;
        self.bytes()[start..start + N].try_into().unwrap()
    }

    /// The offset of the node in slot `slot` of page `page`.
    pub(super) fn node(&self, page: impl Into<PageNo>, slot: usize) -> usize {
        usize::from(u16::from_le_bytes(self.read(page, 16 + 2 * slot)))
    }

    /// The newest commit.
    pub(super) fn newest(&self) -> Meta {
        let pages = self.pages();
        pages.meta(usize::from(pages.meta_id(1) > pages.meta_id(0)))
    }

    /// The main tree of the newest commit.
    pub(super) fn main(&self) -> TreeRecord {
        self.newest().main
    }

    pub(super) fn tree(&self, name: &str) -> TreeRecord {
        let found = find(self.pages(), &self.main(), name.as_bytes()).unwrap().unwrap();
        assert!(found.is_tree());
        TreeRecord::from_bytes(found.value).unwrap()
    }
}

/// Where a page begins in an image.
fn start(page: impl Into<PageNo>) -> usize {
    usize::try_from(page.into().offset(PAGE as u64)).unwrap()
}

/// One tree, and its contents.
pub(super) struct Sample {
    pub name: &'static str,
    pub image: Image,
    pub tree: TreeRecord,
    pub model: Model,
}

pub(super) fn open(dir: &Path) -> Env<WithoutTls> {
    let mut options = EnvOpenOptions::new().read_txn_without_tls();
    options.map_size(1 << 30).max_dbs(300);
    // SAFETY: the directory belongs to the test; nothing else opens or changes the file.
    unsafe {
        options.flags(heed::EnvFlags::NO_SYNC);
        options.open(dir).unwrap()
    }
}

/// Creates a tree, in its own transaction.
pub(super) fn create(env: &Env<WithoutTls>, name: &str, flags: DatabaseFlags) -> SampleTree {
    let txn = env.write_txn().unwrap();
    let created = env.create_databases_and_commit(txn, |opener, txn| {
        let mut options = opener.database_options().types::<Bytes, Bytes>();
        options.name(name).flags(flags);
        options.create(txn).map(heed::CommitOrAbort::<_, ()>::Commit)
    });
    match created.unwrap() {
        heed::CommitOrAbort::Commit(tree) => tree,
        heed::CommitOrAbort::Abort(()) => unreachable!("the closure commits"),
    }
}

/// Writes `rounds` of changes, one transaction each; `None` deletes.
pub(super) fn apply(env: &Env<WithoutTls>, tree: SampleTree, rounds: &Rounds) -> Model {
    let mut model = Model::new();
    for round in rounds {
        let mut txn = env.write_txn().unwrap();
        for (key, value) in round {
            if let Some(value) = value {
                tree.put(&mut txn, key, value).unwrap();
                model.insert(key.clone(), value.clone());
            } else {
                tree.delete(&mut txn, key).unwrap();
                model.remove(key);
            }
        }
        txn.commit().unwrap();
    }
    model
}

/// `count` random changes in rounds; one in four deletes a key written before.
pub(super) fn changes(
    seed: u64,
    count: usize,
    key: impl Fn(&mut Random) -> Vec<u8>,
    value: impl Fn(&mut Random) -> Vec<u8>,
) -> Rounds {
    let mut random = Random(seed);
    let mut keys: Vec<Vec<u8>> = Vec::new();
    let changes: Vec<_> = (0..count)
        .map(|_| {
            if keys.len() > 10 && random.below(4) == 0 {
                return (keys[random.below(keys.len())].clone(), None);
            }
            let key = key(&mut random);
            keys.push(key.clone());
            (key, Some(value(&mut random)))
        })
        .collect();
    changes.chunks((count / 5).max(1)).map(<[_]>::to_vec).collect()
}

/// The sizes of the samples: those for the trees that LMDB writes, or smaller ones for an interpreter, with entries
/// wide enough to fill as many levels and leaves.
struct Scale {
    /// The number of ordered integers.
    ordered: u64,
    /// How often the value of an ordered integer is repeated.
    repeat: usize,
    /// The number of changes of the other trees is divided by this.
    one_in: usize,
    /// Generates integers, and their values.
    integer: fn(&mut Random) -> u64,
    /// The values of random integers are shorter than this.
    wide: usize,
}

const WHOLE: Scale = Scale { ordered: 200_000, repeat: 1, one_in: 1, integer: Random::next, wide: 60 };

/// Integers that crowd at both ends: half of them above zero, half below the maximum. Their distance from that end has
/// any number of bits.
fn uneven(random: &mut Random) -> u64 {
    let distance = random.next() >> random.below(60);
    if random.below(2) == 0 { distance } else { !distance }
}

/// Branches have more children, and leaves more entries, than a search walks over before it bisects. The integers
/// crowd at both ends, so that guesses are often far off.
const SMALL: Scale = Scale { ordered: 60, repeat: 100, one_in: 150, integer: uneven, wide: 400 };

impl Scale {
    fn of(&self, changes: usize, least: usize) -> usize {
        (changes / self.one_in).max(least)
    }
}

fn shapes(scale: &Scale) -> Vec<(&'static str, Rounds)> {
    let ordered = (0..scale.ordered)
        .map(|n| ((n * 2).to_be_bytes().to_vec(), Some(n.to_le_bytes().repeat(scale.repeat))))
        .collect();
    let emptied =
        (0..500 / scale.one_in as u64).map(|n| (n.to_be_bytes().to_vec(), Some(vec![7; 30]))).collect::<Vec<_>>();
    let gone = emptied.iter().map(|(key, _)| (key.clone(), None)).collect();
    vec![
        ("nothing", vec![]),
        ("one", vec![vec![(b"a".to_vec(), Some(b"1".to_vec()))]]),
        ("emptied", vec![emptied, gone]),
        ("ordered integers", vec![ordered]),
        (
            "random integers",
            changes(
                1,
                scale.of(20_000, 0),
                |r| (scale.integer)(r).to_be_bytes().to_vec(),
                |r| vec![9; r.below(scale.wide)],
            ),
        ),
        (
            "keys of any length",
            changes(
                2,
                scale.of(4_000, 60),
                |r| {
                    let len = 1 + r.below(511);
                    r.bytes(len, &[0, 1, 97, 254, 255])
                },
                |r| vec![1; r.below(200)],
            ),
        ),
        (
            "long keys that begin alike",
            changes(
                3,
                scale.of(3_000, 160),
                |r| {
                    let len = r.below(110);
                    [vec![b'k'; 400], r.bytes(len + 1, b"ab")].concat()
                },
                |_| vec![2; 3],
            ),
        ),
        (
            "large values",
            changes(
                4,
                scale.of(600, 10),
                |r| r.below(300).to_be_bytes().to_vec(),
                |r| {
                    let len = r.below(20_000);
                    [vec![b'x'; len / 2], vec![r.next().to_le_bytes()[0]; len - len / 2]].concat()
                },
            ),
        ),
        (
            "short keys, no values",
            changes(
                5,
                scale.of(9_000, 60),
                |r| {
                    let len = 1 + r.below(3);
                    r.bytes(len, b"\x00abcdefghij\xff")
                },
                |_| vec![],
            ),
        ),
        (
            "zeros and ones",
            changes(
                6,
                scale.of(6_000, 60),
                |r| {
                    let len = 1 + r.below(14);
                    r.bytes(len, &[0, 255])
                },
                |r| vec![3; r.below(9)],
            ),
        ),
    ]
}

/// The contents of each shape after its changes, on a small scale.
fn few() -> Models {
    let left = |rounds: Rounds| {
        let mut model = Model::new();
        for (key, value) in rounds.into_iter().flatten() {
            match value {
                Some(value) => model.insert(key, value),
                None => model.remove(&key),
            };
        }
        model
    };
    shapes(&SMALL).into_iter().map(|(name, rounds)| (name, left(rounds))).collect()
}

/// All samples. Their trees are in one file, so that their pages are mixed. LMDB wrote them, unless it cannot be
/// called.
pub(super) fn samples() -> &'static [Sample] {
    static SAMPLES: OnceLock<Vec<Sample>> = OnceLock::new();
    SAMPLES.get_or_init(|| {
        let (image, models) = if cfg!(miri) { built().clone() } else { written() };
        models
            .into_iter()
            .map(|(name, model)| Sample { name, tree: image.tree(name), image: image.clone(), model })
            .collect()
    })
}

pub(super) type Models = Vec<(&'static str, Model)>;

/// The samples on a small scale, in a file built without LMDB.
pub(super) fn built() -> &'static (Image, Models) {
    static BUILT: OnceLock<(Image, Models)> = OnceLock::new();
    BUILT.get_or_init(|| {
        let models = few();
        (build::image(&models.iter().map(|(name, model)| (*name, model)).collect()), models)
    })
}

fn written() -> (Image, Models) {
    let dir = TempDir::new().unwrap();
    let env = open(dir.path());
    let models = shapes(&WHOLE)
        .into_iter()
        .map(|(name, rounds)| {
            let tree = create(&env, name, DatabaseFlags::empty());
            (name, apply(&env, tree, &rounds))
        })
        .collect();
    drop(env);
    (Image::of(&dir.path().join("data.mdb")), models)
}

/// How often a test repeats something: `count` times, but fewer under an interpreter, which takes ten thousand times
/// as long.
pub(super) fn rounds(count: usize) -> usize {
    if cfg!(miri) { count.min(1) } else { count }
}

/// Keys to look up in a sample: some of its own, some next to them, the ends, and beyond.
pub(super) fn probes(sample: &Sample, count: usize) -> Vec<Vec<u8>> {
    let mut random = Random(77);
    let count = if cfg!(miri) { 6 } else { count };
    let step = (sample.model.len() / count).max(1);
    let mut probes = vec![vec![], vec![0], vec![255; 511], vec![255; 600], b"kkkk".to_vec()];
    for key in sample.model.keys().step_by(step).chain(sample.model.keys().next_back()) {
        let mut longer = key.clone();
        longer.push(0);
        let shorter = key[..key.len() - 1].to_vec();
        let mut other = key.clone();
        let at = random.below(other.len());
        other[at] = other[at].wrapping_add(1);
        probes.extend([key.clone(), longer, shorter, other]);
    }
    probes
}
