//! Another program that has a file open through LMDB alone, without mapleaf's lock files.

use std::path::Path;

use heed::types::Bytes;
use heed::{CommitOrAbort, EnvOpenOptions};
use mapleaf::{Dbi, Env, Error, Result};

use crate::common::process;

const NAME: &str = "foreign";
const KEY: &[u8] = b"count";

/// The child: opens the file, increments a counter and closes it when it is told to.
#[expect(unsafe_code, reason = "heed opens by an unsafe function")]
pub fn serve(path: &Path) -> Result<()> {
    let mut opened = None;
    loop {
        match process::hear()?.as_str() {
            "open" => {
                let mut options = EnvOpenOptions::new();
                options.max_dbs(16).map_size(1 << 30).max_readers(16);
                // SAFETY: no flags; opened once in this process, with LMDB's locks.
                match unsafe { options.open(path) } {
                    Ok(env) => {
                        opened = Some(env);
                        process::tell("open");
                    }
                    Err(_) => process::tell("refused"),
                }
            }
            "count" => {
                let env = opened.as_ref().ok_or_else(|| Error::other("not open"))?;
                process::tell(&format!("counted {}", count(env).map_err(Error::other)?));
            }
            "close" => {
                opened = None;
                process::tell("closed");
            }
            _ => return Ok(()),
        }
    }
}

fn count(env: &heed::Env) -> heed::Result<u32> {
    let txn = env.write_txn()?;
    let mut count = 0;
    env.create_databases_and_commit(txn, |opener, txn| {
        let mut options = opener.database_options().types::<Bytes, Bytes>();
        let dbi = options.name(NAME).create(txn)?;
        count = dbi.get(txn, KEY)?.map_or(0, number) + 1;
        dbi.put(txn, KEY, &count.to_be_bytes())?;
        Ok::<_, heed::Error>(CommitOrAbort::<(), ()>::Commit(()))
    })?;
    Ok(count)
}

fn number(bytes: &[u8]) -> u32 {
    u32::from_be_bytes(*bytes.first_chunk().expect("four bytes"))
}

/// The other program's counter in the file.
pub fn counted(env: &Env) -> Result<u32> {
    let dbi: Dbi<&[u8], &[u8]> = env.dbi(NAME)?;
    let snap = env.snapshot()?;
    Ok(dbi.get(&snap, KEY)?.map_or(0, number))
}
