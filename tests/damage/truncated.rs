//! A file that is truncated anywhere is refused, unless only free pages are missing; then every entry is there. Extra
//! bytes after the end do no harm.

use crate::common::damage::{PAGE, Random};
use crate::damaged::examine::{Bed, Look, OUTCOMES, Outcome};
use crate::damaged::{campaign, samples};
use mapleaf::Result;

/// The number of other lengths, which are no multiple of a page.
const OTHERS: usize = 500;

#[test]
fn a_file_truncated_at_any_length_is_refused_or_complete() -> Result<()> {
    let bed = Bed::new(samples::mixed()?)?;
    let whole = bed.sample.bytes.len();
    let mut random = Random(9);
    let mut cuts: Vec<usize> = (1..=whole / PAGE).map(|page| page * PAGE).collect();
    cuts.extend([1, 12, 151, 152, 160, 2000, PAGE + 151, PAGE + 152, 2 * PAGE - 1, whole - 1]);
    cuts.extend((cuts.len()..whole / PAGE + OTHERS).map(|_| 1 + random.below(whole - 1)));
    let tally = campaign::run::<OUTCOMES>(
        "a_file_truncated_at_any_length_is_refused_or_complete",
        cuts.len() as u64,
        |case| {
            let cut = cuts[usize::try_from(case).unwrap_or(0) % cuts.len()];
            let outcome = bed.examine(&bed.sample.bytes[..cut], Look::some(Random(case << 32)))?;
            assert!(matches!(outcome, Outcome::Refused | Outcome::Harmless), "cut at {cut}: {outcome:?}");
            Ok(outcome as usize)
        },
    )?;
    if let Some(tally) = tally {
        assert!(tally[Outcome::Refused as usize] > cuts.len() as u64 / 2, "{tally:?}");
        assert!(tally[Outcome::Harmless as usize] > 0, "the whole file is one of them: {tally:?}");
    }
    Ok(())
}

#[test]
fn bytes_after_the_last_page_do_no_harm() -> Result<()> {
    let bed = Bed::new(samples::mixed()?)?;
    let tally = campaign::run::<OUTCOMES>("bytes_after_the_last_page_do_no_harm", 60, |case| {
        let mut random = Random(case << 32);
        let mut longer = bed.sample.bytes.clone();
        longer.extend((0..=random.below(3 * PAGE)).map(|_| random.byte()));
        bed.examine(&longer, Look::some(random)).map(|outcome| outcome as usize)
    })?;
    if let Some(tally) = tally {
        assert_eq!(tally[Outcome::Harmless as usize], 60, "{tally:?}");
    }
    Ok(())
}
