//! Transactions of 1, 100 and 10,000 puts, of ascending keys and of keys in random order.
//!
//! Each side starts from the same file and puts the same rows; at the end both must hold the same entries.

use mapleaf::{Durability, Env};

use crate::support::{Case, Numbers, Order, Outcome, Sides, Suite, Tree, number, touch, value};

/// A case's shape.
#[derive(Clone, Copy)]
struct Shape {
    durability: Durability,
    order: Order,
    /// Puts per transaction.
    puts: u64,
    /// Transactions per round.
    commits: u32,
}

pub(crate) fn small(suite: &mut Suite) -> Outcome {
    for order in [Order::Ascending, Order::Random] {
        let shape = |durability, puts, commits| Shape { durability, order, puts, commits };
        puts(suite, shape(Durability::Immediate, 1, suite.plan.work(20, 2)))?;
        puts(suite, shape(Durability::Process, 1, suite.plan.work(2_000, 2)))?;
        puts(suite, shape(Durability::Process, 100, suite.plan.work(100, 2)))?;
        puts(suite, shape(Durability::Process, 10_000, suite.plan.work(4, 1)))?;
    }
    Ok(())
}

impl Shape {
    fn case(&self) -> Case {
        let puts = if self.puts == 1 { "one put".to_owned() } else { format!("{} puts", self.puts) };
        let order = if self.order == Order::Random { "random" } else { "ascending" };
        let durability = format!("{:?}", self.durability).to_lowercase();
        let name = format!("transact of {puts}, {order}, {durability}");
        let case = Case::new(name, self.commits);
        // A single put has nothing to share or to sort: it may cost a little more than heed's.
        match (self.puts, self.durability) {
            (1, Durability::Immediate) => case.target(0.97),
            (1, _) => case.target(0.9),
            _ => case,
        }
    }

    fn key(&self, i: u64) -> u64 {
        match self.order {
            Order::Ascending => i,
            Order::Random => number(i),
        }
    }
}

fn puts(suite: &mut Suite, shape: Shape) -> Outcome {
    let case = shape.case();
    if !suite.runs(&case) || suite.plan.list {
        return Ok(());
    }
    // A tree that is no longer small: a random key falls into any of its leaves.
    let rows = suite.plan.rows / 10;
    let sides = Sides::new(&suite.plan, shape.durability, |env| fill(env, shape, rows))?;
    let numbers: Numbers = sides.mapleaf.dbi("numbers")?;
    let tree = sides.tree("numbers")?;

    let mut next = rows;
    let mut heed = || {
        for _ in 0..shape.commits {
            let mut txn = sides.heed.write_txn()?;
            for i in next..next + shape.puts {
                tree.put(&mut txn, &shape.key(i).to_be_bytes(), &value(i))?;
            }
            txn.commit()?;
            next += shape.puts;
        }
        Ok(next)
    };
    let mut next = rows;
    let mut mapleaf = || {
        for _ in 0..shape.commits {
            sides.mapleaf.transact(|txn| {
                for i in next..next + shape.puts {
                    numbers.put(txn, shape.key(i), &value(i))?;
                }
                Ok(())
            })?;
            next += shape.puts;
        }
        Ok(next)
    };
    suite.race(&case, &mut heed, &mut mapleaf)?;
    same_entries(&sides, &numbers, tree)?;
    suite.measure(&case, heed, mapleaf);
    Ok(())
}

fn fill(env: &Env, shape: Shape, rows: u64) -> Outcome {
    let numbers: Numbers = env.dbi("numbers")?;
    env.transact(|txn| {
        for i in 0..rows {
            numbers.put(txn, shape.key(i), &value(i))?;
        }
        Ok(())
    })?;
    Ok(())
}

/// Both sides hold the same entries, in the same order.
fn same_entries(sides: &Sides, numbers: &Numbers, tree: Tree) -> Outcome {
    let (txn, snap) = (sides.heed.read_txn()?, sides.mapleaf.snapshot()?);
    let heed = tree.iter(&txn)?.map(|next| next.map(|(key, value)| (key.to_vec(), touch(value))));
    let mapleaf = numbers.iter(&snap)?.map(|next| next.map(|(key, value)| (key.to_be_bytes().to_vec(), touch(value))));
    let (heed, mapleaf) = (heed.collect::<Result<Vec<_>, _>>()?, mapleaf.collect::<Result<Vec<_>, _>>()?);
    if heed == mapleaf { Ok(()) } else { Err("heed and mapleaf hold different entries after the same puts".into()) }
}
