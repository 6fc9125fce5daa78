//! Over mapleaf.

use std::io::{BufRead, Write};
use std::path::Path;

use mapleaf::{DbiKind, Env, RawDbiMut, Transaction};

use super::{Dump, Line};
use crate::Result;

/// The environment.
pub struct Store {
    pub(super) env: Env,
}

impl Dump for Store {
    fn open(path: &Path) -> Result<Self> {
        Ok(Self { env: Env::open(path)? })
    }

    fn dump(&self, out: &mut dyn Write) -> Result<()> {
        let snap = self.env.snapshot()?;
        for dbi in snap.dbis()? {
            let rows = self.env.raw_dbi(&dbi.name)?;
            let (types, is_multi) = (Some((dbi.key_type, dbi.value_type)), dbi.kind == DbiKind::Multi);
            Line::Dbi { name: dbi.name, is_multi, types }.write(out)?;
            for row in rows.iter(&snap)? {
                let (key, value) = row?;
                Line::Row(key.into(), value.into()).write(out)?;
            }
        }
        Ok(())
    }

    fn restore(&self, dump: impl BufRead) -> Result<()> {
        let mut open: Option<(RawDbiMut, Transaction)> = None;
        for line in Line::read(dump) {
            match (line?, &mut open) {
                (Line::Row(key, value), Some((dbi, txn))) => dbi.put(txn, &key, &value)?,
                (Line::Dbi { name, is_multi, types: Some((key, value)) }, _) => {
                    if let Some((_, txn)) = open.take() {
                        txn.commit()?;
                    }
                    let kind = if is_multi { DbiKind::Multi } else { DbiKind::Plain };
                    open = Some((self.env.create_raw_dbi(&name, kind, &key, &value)?, self.env.begin()?));
                }
                (line, _) => return Err(format!("out of place: {line:?}").into()),
            }
        }
        if let Some((_, txn)) = open {
            txn.commit()?;
        }
        Ok(())
    }
}
