//! Every member of a group gets its outcome once, and one of them leads when the group is offered, however late
//! they come.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use crate::commit::ticket::{CommitOutcome, CommitTicket, Next};
use crate::error::ErrorKind;

#[test]
fn one_waiter_leads_and_all_learn_the_outcome() {
    for round in 0..400 {
        let members = 1 + round % 4;
        let (ticket, leaders, reported) = (CommitTicket::waiting(), AtomicUsize::new(0), AtomicUsize::new(0));
        thread::scope(|scope| {
            for _ in 0..members {
                scope.spawn(|| {
                    loop {
                        match ticket.wait() {
                            Next::Lead => {
                                leaders.fetch_add(1, Ordering::Relaxed);
                                ticket.report(CommitOutcome::Committed);
                            }
                            Next::Reported(outcome) => {
                                assert!(outcome.outcome().is_ok());
                                reported.fetch_add(1, Ordering::Relaxed);
                                return;
                            }
                        }
                    }
                });
            }
            if round % 3 > 0 {
                thread::sleep(Duration::from_micros(50));
            }
            ticket.offer();
        });
        assert_eq!((leaders.into_inner(), reported.into_inner()), (1, members));
    }
}

#[test]
fn only_the_first_outcome_counts() {
    let ticket = CommitTicket::led();
    ticket.report(CommitOutcome::failed(ErrorKind::MapFull, "full"));
    ticket.report(CommitOutcome::Committed);
    let error = ticket.reported().and_then(|reported| reported.outcome().err()).expect("it failed");
    assert_eq!((error.kind(), error.message()), (ErrorKind::MapFull, "full"));
}

#[test]
fn successors_of_a_failure_can_be_retried_unless_its_outcome_is_unknown() {
    let of = |kind| CommitOutcome::failed(kind, "cause").of_successors().outcome().expect_err("it failed");
    let error = of(ErrorKind::DiskFull);
    assert!(error.is_retryable() && error.kind() == ErrorKind::Conflict && error.message().contains("cause"));
    assert_eq!(of(ErrorKind::CommitOutcomeUnknown).kind(), ErrorKind::CommitOutcomeUnknown);
    assert!(CommitOutcome::Committed.of_successors().outcome().is_ok());
}

#[test]
fn every_waiter_learns_the_outcome_despite_other_wakeups() {
    for round in 0..200 {
        let (ticket, reported, members) = (CommitTicket::led(), mpsc::channel(), 1 + round % 64);
        // Not in a scope: a thread that is never woken must fail the test, not hang it.
        let threads: Vec<_> = (0..members)
            .map(|_| {
                let (ticket, reported) = (Arc::clone(&ticket), reported.0.clone());
                thread::spawn(move || {
                    let is_reported = matches!(ticket.wait(), Next::Reported(CommitOutcome::Committed));
                    reported.send(is_reported)
                })
            })
            .collect();
        if round % 2 == 0 {
            thread::sleep(Duration::from_micros(200));
        }
        // Some wake up without being called.
        threads.iter().step_by(3).for_each(|thread| thread.thread().unpark());
        ticket.report(CommitOutcome::Committed);
        threads.iter().step_by(5).for_each(|thread| thread.thread().unpark());
        for n in 0..members {
            let is_reported = reported.1.recv_timeout(Duration::from_secs(20));
            assert_eq!(is_reported, Ok(true), "{n} of {members} have the outcome");
        }
    }
}

#[test]
fn a_group_can_be_offered_to_the_same_member_again() {
    let (ticket, leaders) = (CommitTicket::waiting(), mpsc::channel());
    let members = 3;
    for _ in 0..members {
        let (ticket, leaders) = (Arc::clone(&ticket), leaders.0.clone());
        thread::spawn(move || {
            while let Next::Lead = ticket.wait() {
                if leaders.send(Some(())).is_err() {
                    return;
                }
            }
            let _ = leaders.send(None);
        });
    }
    let next = || leaders.1.recv_timeout(Duration::from_secs(20));
    for _ in 0..200 {
        ticket.offer();
        assert_eq!(next(), Ok(Some(())), "one leads");
    }
    ticket.report(CommitOutcome::Committed);
    for _ in 0..members {
        assert_eq!(next(), Ok(None), "all have the outcome");
    }
}
