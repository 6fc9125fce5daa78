//! A commit may choose its durability among those that mix with the environment's.

use mapleaf::{Batch, Dbi, Durability, Env, ErrorKind, Result};

const ALL: [Durability; 3] = [Durability::Immediate, Durability::Eventual, Durability::Process];

#[test]
fn every_way_to_commit_refuses_what_does_not_mix_and_takes_the_rest() -> Result<()> {
    for of_env in ALL {
        let dir = tempfile::tempdir().map_err(mapleaf::Error::other)?;
        let env = Env::options().durability(of_env).open(dir.path())?;
        let dbi: Dbi<u32, u32> = env.dbi("d")?;
        let mut rows = 0;
        for asked in ALL {
            let batch = |key| -> Result<Batch> {
                let mut batch = Batch::new();
                batch.put(&dbi, key, 1)?.set_durability(asked);
                Ok(batch)
            };
            let ways: [&dyn Fn(u32) -> Result<()>; 4] = [
                &|key| env.transact_with(asked, |txn| dbi.put(txn, key, 1)),
                &|key| {
                    let mut txn = env.begin_with(asked)?;
                    dbi.put(&mut txn, key, 1)?;
                    txn.commit().map(drop)
                },
                &|key| env.apply(batch(key)?),
                &|key| env.submit(batch(key)?)?.wait(),
            ];
            let mixes = (of_env == Durability::Process) == (asked == Durability::Process);
            for way in ways {
                let outcome = way(rows).map_err(|error| {
                    assert!(error.to_string().contains("does not mix"), "{error}");
                    error.kind()
                });
                assert_eq!(outcome, if mixes { Ok(()) } else { Err(ErrorKind::InvalidArgument) });
                rows += u32::from(mixes);
            }
        }
        assert_eq!(dbi.len(&env.snapshot()?)?, u64::from(rows));
        // A refused one left no transaction behind.
        env.transact(|txn| dbi.clear(txn)).map(drop)?;
    }
    Ok(())
}

#[test]
fn submitted_batches_of_all_durabilities_share_commits() -> Result<()> {
    let dir = tempfile::tempdir().map_err(mapleaf::Error::other)?;
    let env = Env::options().durability(Durability::Eventual).open(dir.path())?;
    let dbi: Dbi<u32, u32> = env.dbi("d")?;
    let commits = (0..60)
        .map(|key| {
            let mut batch = Batch::new();
            batch.put(&dbi, key, key)?;
            if key % 3 > 0 {
                batch.set_durability(ALL[usize::from(key % 3 == 1)]);
            }
            env.submit(batch)
        })
        .collect::<Result<Vec<_>>>()?;
    commits.into_iter().try_for_each(mapleaf::Commit::wait)?;
    assert_eq!(dbi.len(&env.snapshot()?)?, 60);
    Ok(())
}
