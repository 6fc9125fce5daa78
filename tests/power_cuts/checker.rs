//! The checker finds what it must find: a flush that is missing, and a promise that was not given.

use std::path::Path;

use mapleaf::{Durability, Result};

use super::campaign::{Family, apart, recorded};
use super::cut::{Bench, Tally, places};
use super::disk::{Disk, LeftOut};
use super::promise::Promise;
use super::recording::{Event, Recording};
use super::scenario::Scenario;
use super::state::Fault;
use crate::common::damage::Random;
use crate::common::shim::Control;

/// The number of images for each omitted flush, and for the same position without that omission.
const CUTS: usize = 24;
const WHOLE: usize = 4;

fn bench<'a>(control: &'a Control, root: &Path) -> Bench<'a> {
    Bench { control, root: root.join("image"), tally: Tally::default() }
}

/// Each flush of pages that an operation waited for, and the event by which that operation was acknowledged. Concurrent
/// operations are left out, because a later flush may make up for an earlier one.
fn flushes(recording: &Recording) -> Vec<(LeftOut, usize)> {
    let mut disk = Disk::new(&recording.before, None);
    let (mut out, mut waited, mut on_their_way, mut alone) = (Vec::new(), Vec::new(), 0, false);
    for (at, event) in recording.events.iter().enumerate() {
        let before = disk.flushes();
        disk.apply(event, &mut Random(0));
        if disk.flushes() > before {
            waited.push(LeftOut(before));
        }
        match event {
            Event::Said(said) if said.starts_with("start") => {
                on_their_way += 1;
                alone = on_their_way == 1;
                waited.clear();
            }
            Event::Said(said) if said.starts_with("done") => {
                on_their_way -= 1;
                if alone && on_their_way == 0 {
                    out.extend(waited.drain(..).map(|flush| (flush, at + 1)));
                }
            }
            _ => {}
        }
    }
    out
}

#[test]
fn the_checker_finds_every_omitted_flush() -> Result<()> {
    let family = Family {
        name: "checker::the_checker_finds_every_omitted_flush",
        share: 0,
        draw: |seed, random| {
            let scenario = Scenario::alone(seed, Durability::Immediate, random).openings(1).short(16);
            Scenario { pause: 0, ..scenario }
        },
    };
    apart(&family, |control, root| {
        let scenario = family.scenario(7);
        let recording = recorded(&scenario, control, &root.join("run"), family.name)?;
        let (mut lost, mut wrong) = (0, 0);
        let flushes = flushes(&recording);
        for (flush, behind) in &flushes {
            let mut bench = bench(control, root);
            let promise = || Promise::new(scenario.made_before, None);
            let places = [*behind; CUTS];
            let whole = bench.cuts(&scenario, &recording, promise(), &places[..WHOLE], None);
            assert!(whole.is_ok(), "{:?}", whole.err().map(|failure| failure.fault));
            match bench.cuts(&scenario, &recording, promise(), &places, Some(*flush)) {
                Ok(()) => panic!("nothing is seen of {flush:?}"),
                Err(failure) => match failure.fault {
                    Fault::Lost(_) => lost += 1,
                    Fault::Wrong(_) => wrong += 1,
                },
            }
        }
        assert!(flushes.len() >= 24 && lost >= 10 && wrong >= 5, "{lost} lost and {wrong} wrong of {}", flushes.len());
        Ok(format!("{lost} lost and {wrong} wrong"))
    })
    .map(|told| told.into_iter().for_each(|told| println!("{told}")))
}

#[test]
fn the_checker_finds_false_claims_about_process_durability() -> Result<()> {
    let family = Family {
        name: "checker::the_checker_finds_false_claims_about_process_durability",
        share: 0,
        draw: |seed, random| {
            let scenario = Scenario::alone(seed, Durability::Process, random).openings(1);
            Scenario { compacts: false, ..scenario }
        },
    };
    apart(&family, |control, root| {
        for seed in 7..17 {
            let scenario = family.scenario(seed);
            let recording = recorded(&scenario, control, &root.join("run"), family.name)?;
            for claim in [Durability::Immediate, Durability::Eventual] {
                let promise = Promise::new(scenario.made_before, Some(claim));
                let places = places(&recording, 48, &mut Random(seed));
                let found = bench(control, root).cuts(&scenario, &recording, promise, &places, None);
                assert!(found.is_err(), "{scenario:?} passes for {claim:?}");
            }
        }
        Ok(String::new())
    })
    .map(drop)
}
