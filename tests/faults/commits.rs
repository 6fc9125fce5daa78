//! Each call to the system that a workload's commits make fails, in every way: the error has a kind, what was
//! acknowledged stays, what failed is there whole or not at all, and nothing of it where the kind promises so.

use std::collections::BTreeMap;

use crate::campaign::campaign;
use crate::common::shim::{FLUSH, How, META, PAGES};
use mapleaf::{Durability, Result};
use nix::libc::{EDQUOT, EINTR, EIO, ENOSPC};

/// All ways in which a call is an error.
const WAYS: [How; 4] = [How::Once, How::OnceMade, How::ForEver, How::ForEverMade];

type Counts = BTreeMap<String, u32>;

/// How many cases a campaign had whose first failing call was of `class` and which ended as `end` and with `kind`.
fn cases(counts: &Counts, end: &str, class: u64, kind: &str) -> u32 {
    let (begin, kind) = (format!("{end}: {class} ["), format!("{kind}]"));
    counts.iter().filter(|(key, _)| key.starts_with(&begin) && key.ends_with(&kind)).map(|(_, count)| count).sum()
}

fn total(counts: &Counts) -> u32 {
    ["known", "happened", "did not happen"].iter().filter_map(|end| counts.get(*end)).sum()
}

#[test]
fn a_failing_disk_loses_nothing_that_was_acknowledged() -> Result<()> {
    let name = "a_failing_disk_loses_nothing_that_was_acknowledged";
    let Some(counts) = campaign(name, Durability::Immediate, EIO, &WAYS)? else { return Ok(()) };
    // A disk that dies while a meta page is written leaves either state; before that, the one before.
    assert!(cases(&counts, "happened", META, "CommitOutcomeUnknown") >= 7, "{counts:#?}");
    assert!(cases(&counts, "did not happen", META, "CommitOutcomeUnknown") >= 7, "{counts:#?}");
    assert!(cases(&counts, "did not happen", PAGES, "CommitOutcomeUnknown") >= 28, "{counts:#?}");
    assert!(cases(&counts, "did not happen", FLUSH, "CommitOutcomeUnknown") >= 28, "{counts:#?}");
    assert!(!counts.contains_key("known"), "{counts:#?}");
    Ok(())
}

#[test]
fn a_full_disk_changes_nothing_and_is_retried() -> Result<()> {
    let name = "a_full_disk_changes_nothing_and_is_retried";
    let Some(counts) = campaign(name, Durability::Immediate, ENOSPC, &WAYS)? else { return Ok(()) };
    full(&counts);
    Ok(())
}

#[test]
fn a_quota_changes_nothing_and_is_retried() -> Result<()> {
    let name = "a_quota_changes_nothing_and_is_retried";
    let Some(counts) = campaign(name, Durability::Immediate, EDQUOT, &WAYS)? else { return Ok(()) };
    full(&counts);
    Ok(())
}

#[track_caller]
fn full(counts: &Counts) {
    assert!(cases(counts, "known", PAGES, "DiskFull") >= 28, "{counts:#?}");
    assert!(cases(counts, "happened", META, "CommitOutcomeUnknown") >= 7, "{counts:#?}");
    assert!(cases(counts, "did not happen", META, "CommitOutcomeUnknown") >= 7, "{counts:#?}");
}

#[test]
fn an_interrupted_write_is_made_again() -> Result<()> {
    let name = "an_interrupted_write_is_made_again";
    let Some(counts) = campaign(name, Durability::Immediate, EINTR, &[How::Once])? else { return Ok(()) };
    assert!(counts.get("known: 1 []").is_some_and(|count| *count >= 7), "{counts:#?}");
    assert!(counts.get("known: 2 []").is_some_and(|count| *count >= 7), "{counts:#?}");
    // A flush is not: LMDB takes it for a failed one.
    assert!(cases(&counts, "did not happen", FLUSH, "CommitOutcomeUnknown") >= 7, "{counts:#?}");
    Ok(())
}

#[test]
fn a_write_that_is_cut_short_is_a_failed_one() -> Result<()> {
    let name = "a_write_that_is_cut_short_is_a_failed_one";
    // Within the fields of a meta page, its last page and its id; all but the last byte, which of an id is zero.
    let limits = [0, 1, 60, 104, 108, 113, u64::MAX];
    let hows: Vec<How> = limits.into_iter().flat_map(|limit| [How::Short(limit), How::ShortForEver(limit)]).collect();
    let Some(counts) = campaign(name, Durability::Immediate, EIO, &hows)? else { return Ok(()) };
    assert!(!counts.contains_key("known"), "{counts:#?}");
    assert!(cases(&counts, "happened", META, "CommitOutcomeUnknown") >= 7, "{counts:#?}");
    assert!(cases(&counts, "did not happen", META, "CommitOutcomeUnknown") >= 50, "{counts:#?}");
    assert!(cases(&counts, "did not happen", PAGES, "CommitOutcomeUnknown") >= 50, "{counts:#?}");
    Ok(())
}

#[test]
fn without_flushes_of_the_meta_page_the_same_holds() -> Result<()> {
    let name = "without_flushes_of_the_meta_page_the_same_holds";
    let Some(counts) = campaign(name, Durability::Eventual, EIO, &WAYS)? else { return Ok(()) };
    assert!(cases(&counts, "happened", META, "CommitOutcomeUnknown") >= 7, "{counts:#?}");
    assert!(cases(&counts, "did not happen", FLUSH, "CommitOutcomeUnknown") >= 28, "{counts:#?}");
    Ok(())
}

#[test]
fn without_any_flush_the_same_holds() -> Result<()> {
    let name = "without_any_flush_the_same_holds";
    let Some(counts) = campaign(name, Durability::Process, ENOSPC, &WAYS)? else { return Ok(()) };
    full(&counts);
    assert_eq!(cases(&counts, "did not happen", FLUSH, "CommitOutcomeUnknown"), 0, "{counts:#?}");
    assert!(total(&counts) >= 60, "{counts:#?}");
    Ok(())
}
