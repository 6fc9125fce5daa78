//! Loading into an empty environment, against heed's puts of the same rows in the same order.

use mapleaf::Env;

use crate::fresh::{FEW, race};
use crate::support::{Case, Numbers, Outcome, Suite, Tree, number, short, value};

/// Memory of the loader in bytes: less than the large load needs.
const MEMORY: usize = 256 << 20;
/// Bytes of rows in a chunk of the loader, and in a transaction of heed.
const CHUNK: u64 = 32 << 20;
/// The bytes counted for a row: 8 and 100, and what the loader adds.
const ROW: u64 = 124;

pub(crate) fn loads(suite: &mut Suite) -> Outcome {
    let (rows, large) = (suite.plan.rows, suite.plan.large);
    let (many, very_many) = (short(rows), short(large));
    let case = |name: String, rows: u64| Outcome::Ok(Case::new(name, u32::try_from(rows)?));

    let sorted = case(format!("load of {many} rows, sorted"), rows)?.target(1.5);
    race(suite, &sorted, FEW, |env, tree| heed_puts(env, tree, rows, rows, |i| i), |env| load(env, rows, |i| i))?;
    let random = case(format!("load of {many} rows, random"), rows)?.target(4.0);
    race(suite, &random, FEW, |env, tree| heed_puts(env, tree, rows, rows, number), |env| load(env, rows, number))?;
    // A round takes a minute, so there is one.
    let random = case(format!("load of {very_many} rows, random"), large)?.target(4.0);
    race(suite, &random, 1, |env, tree| heed_puts(env, tree, large, large, number), |env| load(env, large, number))?;

    let chunk = if suite.plan.quick { 10_000 * ROW } else { CHUNK };
    let memory = if suite.plan.quick { 0 } else { MEMORY };
    let loader = case(format!("loader of {very_many} rows, random, in chunks"), large)?.target(4.0);
    race(
        suite,
        &loader,
        1,
        |env, tree| heed_puts(env, tree, large, chunk / ROW, number),
        |env| {
            let numbers: Numbers = env.dbi("rows")?;
            let mut loader = env.loader().memory(memory).chunk(usize::try_from(chunk)?);
            loader.load(&numbers, (0..large).map(|i| (number(i), value(i))))?;
            let report = loader.finish()?;
            if report.runs > 0 { Ok(()) } else { Err("all rows fitted memory: that is not what is measured".into()) }
        },
    )
}

/// Puts the rows with heed, `each` per transaction.
fn heed_puts(env: &heed::Env, tree: Tree, rows: u64, each: u64, key: impl Fn(u64) -> u64) -> Outcome {
    for start in (0..rows).step_by(usize::try_from(each)?) {
        let mut txn = env.write_txn()?;
        for i in start..rows.min(start + each) {
            tree.put(&mut txn, &key(i).to_be_bytes(), &value(i))?;
        }
        txn.commit()?;
    }
    Ok(())
}

fn load(env: &Env, rows: u64, key: impl Fn(u64) -> u64) -> Outcome {
    let numbers: Numbers = env.dbi("rows")?;
    env.transact(|txn| numbers.load(txn, (0..rows).map(|i| (key(i), value(i)))))?;
    Ok(())
}
