//! Keys without a fixed width are found whatever is guessed or skipped, and an end of a range costs one descent.

use std::ops::Bound;

use heed::DatabaseFlags;
use tempfile::TempDir;

use crate::page::batch::get_many;
use crate::page::cursor::Cursor;
use crate::page::lookup::get;
use crate::page::meta::TreeRecord;
use crate::page::search_key::SearchKey;
use crate::page::steps::pages_of;
use crate::page::tests::samples::{Image, Model, Random, apply, create, open};
use crate::page::tree::leaf_for;

const ROWS: usize = 30_000;

/// The shape's name, its key generator, and whether guesses are expected to be near.
type Shape = (&'static str, fn(&mut Random) -> Vec<u8>, Option<bool>);

fn shapes() -> [Shape; 6] {
    let random = |random: &mut Random| [random.next(), random.next(), random.next()].map(u64::to_be_bytes).concat();
    let text = |random: &mut Random| {
        let (part, row) = (random.below(9), random.below(1_000_000_000));
        format!("/shop/orders/archive-{part}/{row:010}").into_bytes()
    };
    let pair = |random: &mut Random| {
        let user = random.below(300) as u64;
        [&user.to_be_bytes()[..], format!("item-{:07}", random.below(10_000_000)).as_bytes(), &[0, 1]].concat()
    };
    let skewed = |random: &mut Random| {
        let begins: &[u8] = if random.below(2) == 0 { &[0xA7; 21] } else { &[] };
        let len = 9 + random.below(20);
        [begins, &random.bytes(len, &[0, 1, 0x7F, 0x80, 0xFE, 0xFF])].concat()
    };
    let short = |random: &mut Random| {
        let len = 1 + random.below(11);
        random.bytes(len, b"\0ab\xFF")
    };
    let tails = |random: &mut Random| [&[0; 17][..], &random.next().to_be_bytes()[..3 + random.below(5)]].concat();
    [
        ("random bytes", random, Some(true)),
        ("text", text, Some(false)),
        ("pairs", pair, None),
        ("skewed", skewed, None),
        ("short", short, None),
        ("tails", tails, None),
    ]
}

/// The key, and similar keys that are in no tree, or only by chance.
fn similar_keys(key: &[u8], random: &mut Random) -> Vec<Vec<u8>> {
    let at = random.below(key.len());
    let mut changed = key.to_vec();
    changed[at] = changed[at].wrapping_add(1 + u8::try_from(random.below(255)).unwrap());
    let longer = [key, &[0]].concat();
    vec![key.to_vec(), changed, key[..at.max(1)].to_vec(), longer]
}

#[test]
fn guesses_and_skipped_prefixes_find_what_the_model_holds() {
    for (name, key, even) in shapes() {
        let dir = TempDir::new().unwrap();
        let env = open(dir.path());
        let tree = create(&env, "tree", DatabaseFlags::empty());
        let mut random = Random(7);
        let rows = (0..ROWS).map(|row| (key(&mut random), Some(vec![u8::try_from(row % 251).unwrap(); 40]))).collect();
        let model = apply(&env, tree, &vec![rows]);
        drop(env);
        let image = Image::of(&dir.path().join("data.mdb"));
        let tree = image.tree("tree");
        let picks: Vec<&Vec<u8>> = model.keys().step_by(17).collect();
        let probes: Vec<Vec<u8>> = picks.iter().flat_map(|key| similar_keys(key, &mut random)).collect();
        finds(name, &image, &tree, &model, &probes);
        let guessed = picks.iter().filter(|key| {
            let (_, limits) = leaf_for(image.pages(), &tree, &SearchKey::<0>::new(key)).unwrap().unwrap();
            limits.is_even()
        });
        let guessed = guessed.count();
        // Some keys near the ends of the tree and of its branches are not guessed.
        match even {
            Some(true) => assert!(guessed * 2 > picks.len(), "{name}: {guessed} of {}", picks.len()),
            Some(false) => assert!(guessed * 4 < picks.len(), "{name}: {guessed} of {}", picks.len()),
            None => {}
        }
    }
}

fn finds(name: &str, image: &Image, tree: &TreeRecord, model: &Model, probes: &[Vec<u8>]) {
    let pages = image.pages();
    let keys: Vec<&[u8]> = probes.iter().map(Vec::as_slice).collect();
    let mut many = vec![None; keys.len()];
    get_many::<0>(pages, tree, &keys, |index, value| many[index] = value).unwrap();
    for (key, many) in keys.iter().zip(many) {
        let value = model.get(*key).map(Vec::as_slice);
        let shown = key.escape_ascii();
        assert_eq!(get::<0>(pages, tree, key).unwrap(), value, "{name} {shown}");
        assert_eq!(many, value, "{name} {shown}, of many");
        for bound in [Bound::Included(*key), Bound::Excluded(*key)] {
            let entry = |(key, value): (&Vec<u8>, &Vec<u8>)| (key.clone(), value.clone());
            let owned = |(key, value): (&[u8], &[u8])| (key.to_vec(), value.to_vec());
            let after = model.range::<[u8], _>((bound, Bound::Unbounded)).next().map(entry);
            let mut cursor = Cursor::range(pages, tree, bound, Bound::Unbounded).unwrap();
            assert_eq!(cursor.next().unwrap().map(owned), after, "{name} from {shown}");
            let before = model.range::<[u8], _>((Bound::Unbounded, bound)).next_back().map(entry);
            let mut cursor = Cursor::range(pages, tree, Bound::Unbounded, bound).unwrap();
            assert_eq!(cursor.next_back().unwrap().map(owned), before, "{name} to {shown}");
        }
    }
}

/// From either end, in a long range and in a range of one row.
#[test]
fn the_first_entry_from_either_end_costs_one_descent() {
    let dir = TempDir::new().unwrap();
    let env = open(dir.path());
    let tree = create(&env, "tree", DatabaseFlags::empty());
    let mut random = Random(3);
    let rows = (0..ROWS).map(|_| ([random.next(), random.next()].map(u64::to_be_bytes).concat(), Some(vec![1; 40])));
    let model = apply(&env, tree, &vec![rows.collect()]);
    drop(env);
    let image = Image::of(&dir.path().join("data.mdb"));
    let (pages, tree) = (image.pages(), image.tree("tree"));
    for key in model.keys().step_by(97) {
        let (found, most) = pages_of(|| get::<0>(pages, &tree, key).unwrap());
        assert!(found.is_some());
        let all = (Bound::Unbounded, Bound::Unbounded);
        let of = (Bound::Included(&key[..]), Bound::Included(&key[..]));
        for (lower, upper) in [all, of, (of.0, all.1), (all.0, of.1)] {
            for back in [false, true] {
                let (found, cost) = pages_of(|| {
                    let mut cursor = Cursor::range(pages, &tree, lower, upper).unwrap();
                    if back { cursor.next_back() } else { cursor.next() }
                });
                assert!(
                    found.unwrap().is_some() && cost <= most,
                    "{cost} pages instead of {most}, {lower:?} {upper:?}"
                );
            }
        }
    }
}
