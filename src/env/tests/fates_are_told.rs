//! Whoever waits for a group is told once, and one of them leads when it is offered, however late they come.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use crate::env::fate::{Fate, Next, Verdict};
use crate::error::ErrorKind;

#[test]
fn one_of_those_who_wait_leads_and_all_are_told() {
    for round in 0..400 {
        let members = 1 + round % 4;
        let (fate, leaders, told) = (Fate::waiting(), AtomicUsize::new(0), AtomicUsize::new(0));
        thread::scope(|scope| {
            for _ in 0..members {
                scope.spawn(|| {
                    loop {
                        match fate.wait() {
                            Next::Lead => {
                                leaders.fetch_add(1, Ordering::Relaxed);
                                fate.tell(Verdict::Committed);
                            }
                            Next::Told(verdict) => {
                                assert!(verdict.outcome().is_ok());
                                told.fetch_add(1, Ordering::Relaxed);
                                return;
                            }
                        }
                    }
                });
            }
            if round % 3 > 0 {
                thread::sleep(Duration::from_micros(50));
            }
            fate.offer();
        });
        assert_eq!((leaders.into_inner(), told.into_inner()), (1, members));
    }
}

#[test]
fn the_first_verdict_counts() {
    let fate = Fate::led();
    fate.tell(Verdict::failed(ErrorKind::MapFull, "full"));
    fate.tell(Verdict::Committed);
    let error = fate.told().and_then(|told| told.outcome().err()).expect("it failed");
    assert_eq!((error.kind(), error.message()), (ErrorKind::MapFull, "full"));
}

#[test]
fn what_was_based_on_a_failure_may_be_tried_again_unless_nobody_knows() {
    let of = |kind| Verdict::failed(kind, "cause").of_successors().outcome().expect_err("it failed");
    let error = of(ErrorKind::DiskFull);
    assert!(error.is_retryable() && error.kind() == ErrorKind::Conflict && error.message().contains("cause"));
    assert_eq!(of(ErrorKind::CommitOutcomeUnknown).kind(), ErrorKind::CommitOutcomeUnknown);
    assert!(Verdict::Committed.of_successors().outcome().is_ok());
}
