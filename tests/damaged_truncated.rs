//! A file cut off anywhere is refused, unless all that is missing was free: then every entry is there.

#[path = "common/damage.rs"]
mod damage;
#[path = "common/process.rs"]
mod process;

use damage::{Outcome, PAGE, examine, sample};
use mapleaf::{Error, Result, Verify};

#[test]
fn cut_at_every_page_and_beside_it() -> Result<()> {
    process::apart("cut_at_every_page_and_beside_it", || {
        let dir = tempfile::tempdir().map_err(Error::other)?;
        let (bytes, content) = sample()?;
        let pages = (1..=bytes.len() / PAGE).map(|page| page * PAGE);
        let odd = [1, 12, 151, 152, 160, 2000, PAGE + 151, bytes.len() - 1];
        let cuts = pages.flat_map(|at| [at - 17, at, at + 100]).chain(odd).filter(|&at| at <= bytes.len());
        let (mut refused, mut whole) = (0, 0);
        for cut in cuts {
            match examine(&dir.path().join("env"), &bytes[..cut], Verify::Meta)? {
                Outcome::Refused => refused += 1,
                Outcome::Read(found) if found == content => whole += 1,
                other => panic!("cut at {cut}: {other:?}"),
            }
        }
        assert!(refused > bytes.len() / PAGE, "{refused} refused");
        assert!(whole > 0, "the whole file is one of them");
        Ok(())
    })
}
