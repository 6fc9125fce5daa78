//! Look-ups among ten times as many rows, which fit in no processor cache: one at a time, and many at once.
//!
//! Each round looks up other keys until all windows are used: the keys of the last round are still in the cache.

use crate::support::{
    Case, Lane, Numbers, Order, Outcome, Role, Sides, Suite, Target, Unchecked, number, pick, short, touch,
};

/// The number of rounds before keys repeat.
const WINDOWS: usize = 20;
/// The distance in windows of the lane without checks: it reads the same pages of the same file.
const BEHIND: usize = WINDOWS / 2;

pub(crate) fn large(suite: &mut Suite) -> Outcome {
    let rows = suite.plan.large;
    let (singles, many) = (suite.plan.work(100_000, 1_000), 1_000);
    let name = short(rows);
    let get = Case::new(format!("get u64, {name} rows"), singles).target(1.2).must(Target::Checks(0.05));
    let get_many = Case::new(format!("get_many u64, 1,000 at a time, {name} rows"), singles).target(4.5);
    if !suite.runs_any(&[get.clone(), get_many.clone()]) {
        return Ok(());
    }
    let sides = Sides::kept(&suite.plan, Order::Random)?;
    let keys = Windows::new(usize::try_from(singles)?, rows);
    let numbers: Numbers = sides.mapleaf.dbi("numbers")?;
    // The handle first: a transaction sees only the handles that were opened before it.
    let tree = sides.tree("numbers")?;
    let txn = sides.heed.read_txn()?;
    let snap = sides.mapleaf.snapshot()?;
    let bare = Unchecked::open(&sides.file)?;

    let heed = |window: &[u64]| sum(window, |key| Ok(tree.get(&txn, &key.to_be_bytes())?.map(touch)));
    let mapleaf = |window: &[u64]| sum(window, |key| Ok(numbers.get(&snap, key)?.map(touch)));
    let unchecked = |window: &[u64]| sum(window, |key| Ok(bare.get(key).map(touch)));
    // Each side reads every window once, so that neither takes the page faults of its map during the race.
    let expected = keys.windows().map(mapleaf).collect::<Outcome<Vec<u64>>>()?;
    for found in [
        keys.windows().map(heed).collect::<Outcome<Vec<u64>>>()?,
        keys.windows().map(unchecked).collect::<Outcome<_>>()?,
    ] {
        if found != expected {
            return Err("heed, mapleaf and the reader without checks do not find the same".into());
        }
    }

    let (mut ours, mut theirs, mut round) = (keys.rounds(), keys.rounds(), 0_usize);
    let lanes = vec![
        Lane::new(Role::Heed, || heed(theirs())),
        Lane::new(Role::Mapleaf, || mapleaf(ours())),
        Lane::new(Role::Unchecked, || {
            let (at, behind) = (round % WINDOWS, (round + BEHIND) % WINDOWS);
            round += 1;
            let same = unchecked(keys.window(behind))? == expected[behind];
            if same { Ok(expected[at]) } else { Err("the reader without checks found something else".into()) }
        }),
    ];
    suite.race_lanes(&get, lanes)?;

    let (mut ours, mut theirs) = (keys.rounds(), keys.rounds());
    let lanes = vec![
        Lane::new(Role::Heed, || heed(theirs())),
        Lane::new(Role::Mapleaf, || {
            ours().chunks(many).try_fold(0, |total: u64, keys| {
                numbers
                    .get_many(&snap, keys)?
                    .into_iter()
                    .try_fold(total, |total, value| Ok(total.wrapping_add(touch(value.ok_or("a key was not found")?))))
            })
        }),
    ];
    suite.race_lanes(&get_many, lanes)
}

/// The keys of several rounds.
struct Windows {
    keys: Vec<u64>,
    each: usize,
}

impl Windows {
    fn new(each: usize, rows: u64) -> Self {
        let keys = (0..each * WINDOWS).map(|n| number(pick(n as u64, rows))).collect();
        Self { keys, each }
    }

    fn windows(&self) -> impl Iterator<Item = &[u64]> {
        self.keys.chunks(self.each)
    }

    fn window(&self, at: usize) -> &[u64] {
        &self.keys[at * self.each..(at + 1) * self.each]
    }

    /// One window after the other, in a cycle.
    fn rounds<'a>(&'a self) -> impl FnMut() -> &'a [u64] + use<'a> {
        let mut round = 0;
        move || {
            round += 1;
            self.window((round - 1) % WINDOWS)
        }
    }
}

/// The sum over all keys, all of which must be found.
#[inline]
fn sum(keys: &[u64], find: impl Fn(u64) -> Outcome<Option<u64>>) -> Outcome<u64> {
    keys.iter().try_fold(0, |sum: u64, key| Ok(sum.wrapping_add(find(*key)?.ok_or("a key was not found")?)))
}
