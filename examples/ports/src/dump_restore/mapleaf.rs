//! Over mapleaf.

use std::io::{BufRead, Write};
use std::path::Path;

use mapleaf::{DbiKind, Env, RawDbiMut};

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
        let mut txn = self.env.begin()?;
        let mut open: Option<RawDbiMut> = None;
        for line in Line::read(dump) {
            match (line?, &open) {
                (Line::Row(key, value), Some(dbi)) => dbi.put(&mut txn, &key, &value)?,
                (Line::Dbi { name, is_multi, types: Some((key, value)) }, _) => {
                    let kind = if is_multi { DbiKind::Multi } else { DbiKind::Plain };
                    open = Some(txn.create_raw_dbi(&name, kind, &key, &value)?);
                }
                (line, _) => return Err(format!("out of place: {line:?}").into()),
            }
        }
        txn.commit()?;
        Ok(())
    }
}
