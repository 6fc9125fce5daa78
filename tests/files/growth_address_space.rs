//! Where the system gives little address space, the reservation is halved until it fits. Where it gives no more,
//! growing fails and the environment stays usable.

use crate::common::process;
use mapleaf::{Dbi, Durability, Env, Error, Result};
use nix::sys::resource::{Resource, setrlimit};

const MIB: usize = 1 << 20;

fn limit(mib: u64) -> Result<()> {
    setrlimit(Resource::RLIMIT_AS, mib << 20, mib << 20).map_err(Error::other)
}

#[test]
fn the_first_map_reservation_is_halved_until_it_fits() -> Result<()> {
    process::apart("the_first_map_reservation_is_halved_until_it_fits", || {
        let dir = tempfile::tempdir().map_err(Error::other)?;
        limit(2048)?;
        let env = Env::options().durability(Durability::Process).open(dir.path())?;
        let map_size = env.info()?.map_size;
        assert!((MIB as u64..1 << 30).contains(&map_size), "{map_size}");
        let dbi: Dbi<u32, &[u8]> = env.dbi("d")?;
        env.transact(|txn| (0..20).try_for_each(|n| dbi.put(txn, n, &vec![1; MIB])))?;
        assert_eq!(dbi.len(&env.snapshot()?)?, 20);
        Ok(())
    })
}

#[test]
fn growing_beyond_the_address_space_changes_nothing() -> Result<()> {
    process::apart("growing_beyond_the_address_space_changes_nothing", || {
        let dir = tempfile::tempdir().map_err(Error::other)?;
        limit(700)?;
        let env = Env::options().map_size(8 * MIB).durability(Durability::Process).open(dir.path())?;
        let dbi: Dbi<u32, &[u8]> = env.dbi("d")?;
        let value = vec![1; MIB];
        let mut stored = 0;
        let error = loop {
            // Each snapshot keeps the map that it was taken in.
            match env.transact(|txn| dbi.put(txn, stored, &value)) {
                Ok(()) => stored += 1,
                Err(error) => break error,
            }
            assert!(stored < 700);
        };
        assert!(error.to_string().contains("address space"), "{error:?}");
        for _ in 0..3 {
            assert_eq!(dbi.len(&env.snapshot()?)?, u64::from(stored));
            env.transact(|txn| dbi.put(txn, 0, b"small"))?;
        }
        assert!(env.verify()?.is_clean());
        Ok(())
    })
}
