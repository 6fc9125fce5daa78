//! Over heed.

use std::io::{BufRead, Write};
use std::path::Path;

use heed::types::{Bytes, Str};
use heed::{CommitOrAbort, Database, DatabaseFlags, Env, EnvFlags};

use super::{Dump, Line};
use crate::open_heed::open_heed;
use crate::{Error, Result};

/// The environment.
pub struct Store {
    pub(super) env: Env,
}

impl Dump for Store {
    fn open(path: &Path) -> Result<Self> {
        Ok(Self { env: open_heed(path, EnvFlags::empty())? })
    }

    fn dump(&self, out: &mut dyn Write) -> Result<()> {
        self.env.open_databases_and_commit(self.env.read_txn()?, |opener, txn| {
            let names = opener.open_database::<Str, Bytes>(txn, None)?.ok_or("there is no main database")?;
            for entry in names.iter(txn)? {
                let (name, record) = entry?;
                // heed does not show the flags of a database. They follow the first word of its record.
                let is_multi =
                    record.get(4).is_some_and(|flags| u32::from(*flags) & DatabaseFlags::DUP_SORT.bits() != 0);
                let rows = opener.open_database::<Bytes, Bytes>(txn, Some(name))?.ok_or("a database is missing")?;
                Line::Dbi { name: name.into(), is_multi, types: None }.write(out)?;
                for row in rows.iter(txn)? {
                    let (key, value) = row?;
                    Line::Row(key.into(), value.into()).write(out)?;
                }
            }
            Ok::<_, Error>(CommitOrAbort::<(), ()>::Abort(()))
        })?;
        Ok(())
    }

    fn restore(&self, dump: impl BufRead) -> Result<()> {
        self.env.create_databases_and_commit(self.env.write_txn()?, |opener, txn| {
            let mut open: Option<Database<Bytes, Bytes>> = None;
            for line in Line::read(dump) {
                match (line?, open) {
                    (Line::Row(key, value), Some(dbi)) => dbi.put(txn, &key, &value)?,
                    (Line::Dbi { name, is_multi, types: None }, _) => {
                        let flags = if is_multi { DatabaseFlags::DUP_SORT } else { DatabaseFlags::empty() };
                        let mut options = opener.database_options().types::<Bytes, Bytes>();
                        open = Some(options.name(&name).flags(flags).create(txn)?);
                    }
                    (line, _) => return Err(format!("out of place: {line:?}").into()),
                }
            }
            Ok::<_, Error>(CommitOrAbort::<(), ()>::Commit(()))
        })?;
        Ok(())
    }
}
