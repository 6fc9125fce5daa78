//! A merge of any runs gives the contents of a map into which the runs were inserted one after the other.

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use crate::dbi::loader::merge::Merge;
use crate::dbi::loader::progress::Progress;
use crate::dbi::loader::runs::Runs;
use crate::dbi::loader::spill::Spill;
use crate::dbi::loader::tests::{Name, Rows, owned, run, spill};
use crate::error::Result;

fn any_rows() -> impl Strategy<Value = Rows> {
    // Few keys, so that runs overlap; some share their first bytes; some values are large, some span several blocks.
    let key = prop_oneof![vec(0..3_u8, 1..10), (0..20_u8).prop_map(|n| [&[7; 8][..], &[n]].concat())];
    let len = prop_oneof![4 => 0..60_usize, 1 => 900..1100_usize, 1 => 4000..9000_usize];
    let value = (any::<u8>(), len).prop_map(|(byte, len)| vec![byte; len]);
    btree_map((0..3_u32, key), value, 0..60)
}

fn rest(spill: &Spill, merge: &mut Merge) -> Result<Vec<(Name, Vec<u8>)>> {
    let mut rows = Vec::new();
    while let Some(row) = merge.row() {
        rows.push(owned(spill, &row)?);
        merge.advance(spill)?;
    }
    Ok(rows)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn the_newest_run_wins_and_a_rewind_gives_the_same_rows_again(all in vec(any_rows(), 0..9), pause in 0..80_usize) {
        let (_directory, mut spill) = spill()?;
        let mut model = Rows::new();
        let mut runs = Vec::new();
        for rows in all {
            runs.push(run(&mut spill, &rows)?);
            model.extend(rows);
        }
        let model: Vec<_> = model.into_iter().collect();
        let mut merge = Merge::new(&spill, &runs)?;
        let pause = pause.min(model.len());
        for _ in 0..pause {
            merge.advance(&spill)?;
        }
        let position = merge.position();
        for _ in 0..3 {
            prop_assert_eq!(rest(&spill, &mut merge)?, &model[pause..]);
            merge.rewind(&spill, &position)?;
        }
    }

    #[test]
    fn merging_in_passes_changes_nothing(all in vec(any_rows(), 0..40), blocks in 0..7_usize) {
        let (_directory, mut spill) = spill()?;
        let mut progress = Progress::new();
        let mut model = Rows::new();
        let mut runs = Runs::new(&spill, blocks * spill.block_size());
        for rows in all {
            runs.add(run(&mut spill, &rows)?);
            runs.merge_many(&mut spill, &mut progress)?;
            model.extend(rows);
        }
        let mut merge = runs.merge(&mut spill, &mut progress)?;
        prop_assert_eq!(rest(&spill, &mut merge)?, model.into_iter().collect::<Vec<_>>());
    }
}
