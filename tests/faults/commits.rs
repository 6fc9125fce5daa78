//! Each system call of a workload's commits fails in every way. The error has a kind, acknowledged commits stay, a
//! failed commit is there as a whole or not at all, and is not there if its kind promises so.

use std::collections::BTreeMap;

use crate::campaign::campaign;
use crate::common::shim::{FLUSH, How, META, PAGES};
use mapleaf::{Durability, Result};
use nix::libc::{EDQUOT, EINTR, EIO, ENOSPC};

/// All ways in which a call returns an error.
const WAYS: [How; 4] = [How::Once, How::OnceMade, How::ForEver, How::ForEverMade];

type Counts = BTreeMap<String, u32>;

/// The number of cases whose first failing call was of `class` and which ended as `end` with `kind`.
fn cases(counts: &Counts, end: &str, class: u64, kind: &str) -> u32 {
    let (begin, kind) = (format!("{end}: {class} ["), format!("{kind}]"));
    counts.iter().filter(|(key, _)| key.starts_with(&begin) && key.ends_with(&kind)).map(|(_, count)| count).sum()
}

fn total(counts: &Counts) -> u32 {
    ["known", "happened", "did not happen"].iter().filter_map(|end| counts.get(*end)).sum()
}

#[test]
fn a_failing_disk_loses_no_acknowledged_commit() -> Result<()> {
    let name = "a_failing_disk_loses_no_acknowledged_commit";
    let Some(counts) = campaign(name, Durability::Immediate, EIO, &WAYS)? else { return Ok(()) };
    // A disk that dies while a meta page is written leaves either state; one that dies earlier leaves the state before.
    assert!(cases(&counts, "happened", META, "CommitOutcomeUnknown") >= 7, "{counts:#?}");
    assert!(cases(&counts, "did not happen", META, "CommitOutcomeUnknown") >= 7, "{counts:#?}");
    assert!(cases(&counts, "did not happen", PAGES, "CommitOutcomeUnknown") >= 28, "{counts:#?}");
    assert!(cases(&counts, "did not happen", FLUSH, "CommitOutcomeUnknown") >= 28, "{counts:#?}");
    assert!(!counts.contains_key("known"), "{counts:#?}");
    Ok(())
}

#[test]
fn a_commit_on_a_full_disk_changes_nothing_and_can_be_repeated() -> Result<()> {
    let name = "a_commit_on_a_full_disk_changes_nothing_and_can_be_repeated";
    let Some(counts) = campaign(name, Durability::Immediate, ENOSPC, &WAYS)? else { return Ok(()) };
    full(&counts);
    Ok(())
}

#[test]
fn a_commit_over_a_quota_changes_nothing_and_can_be_repeated() -> Result<()> {
    let name = "a_commit_over_a_quota_changes_nothing_and_can_be_repeated";
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
fn an_interrupted_write_is_repeated() -> Result<()> {
    let name = "an_interrupted_write_is_repeated";
    let Some(counts) = campaign(name, Durability::Immediate, EINTR, &[How::Once])? else { return Ok(()) };
    assert!(counts.get("known: 1 []").is_some_and(|count| *count >= 7), "{counts:#?}");
    assert!(counts.get("known: 2 []").is_some_and(|count| *count >= 7), "{counts:#?}");
    // An interrupted flush is not repeated: LMDB takes it for a failed one.
    assert!(cases(&counts, "did not happen", FLUSH, "CommitOutcomeUnknown") >= 7, "{counts:#?}");
    Ok(())
}

#[test]
fn a_short_write_is_a_failed_write() -> Result<()> {
    let name = "a_short_write_is_a_failed_write";
    // Inside the fields of a meta page, its last page and its id; all but the last byte, which is zero in an id.
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
fn a_failing_disk_loses_no_acknowledged_commit_with_eventual_durability() -> Result<()> {
    let name = "a_failing_disk_loses_no_acknowledged_commit_with_eventual_durability";
    let Some(counts) = campaign(name, Durability::Eventual, EIO, &WAYS)? else { return Ok(()) };
    assert!(cases(&counts, "happened", META, "CommitOutcomeUnknown") >= 7, "{counts:#?}");
    assert!(cases(&counts, "did not happen", FLUSH, "CommitOutcomeUnknown") >= 28, "{counts:#?}");
    Ok(())
}

#[test]
fn a_failing_disk_loses_no_acknowledged_commit_with_process_durability() -> Result<()> {
    let name = "a_failing_disk_loses_no_acknowledged_commit_with_process_durability";
    let Some(counts) = campaign(name, Durability::Process, ENOSPC, &WAYS)? else { return Ok(()) };
    full(&counts);
    assert_eq!(cases(&counts, "did not happen", FLUSH, "CommitOutcomeUnknown"), 0, "{counts:#?}");
    assert!(total(&counts) >= 60, "{counts:#?}");
    Ok(())
}
