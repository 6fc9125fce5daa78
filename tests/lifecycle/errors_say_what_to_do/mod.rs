//! Every error is one line that says each thing once: what is wrong, what it concerns, and what to do. Printing it with
//! all its causes repeats nothing.

mod copies_and_removal;
mod databases;
mod disks;
mod openings;

use std::error::Error as StdError;

use mapleaf::{Error, ErrorKind, Result};

/// The greatest length of an error in bytes.
const MOST: usize = 4096;
/// This many consecutive words are a phrase.
const PHRASE: usize = 4;

/// Checks the error of `outcome`, which has this `kind`. It contains each of `names` once: its file, option or
/// database.
#[track_caller]
fn told<T>(outcome: Result<T>, kind: ErrorKind, names: &[&str]) -> Error {
    let Err(error) = outcome else { panic!("accepted, and must be {kind:?}") };
    let text = error.to_string();
    assert_eq!(error.kind(), kind, "{error:?}");
    let chain = chain(&error);
    for line in &chain {
        assert!(!line.chars().any(char::is_control) && (10..=MOST).contains(&line.len()), "{line:?}");
    }
    for shown in [format!("{error:?}"), format!("{error:#?}")] {
        assert!((10..=MOST).contains(&shown.len()), "{} bytes: {shown:.300}", shown.len());
    }
    if let Some(phrase) = told_twice(&chain) {
        panic!("{phrase:?} is told twice: {chain:#?}");
    }
    let advice = text.split_once("; ").map_or("", |(_, advice)| advice);
    assert!(advice.split_whitespace().count() >= 1, "what is to be done? {text}");
    for name in names {
        assert_eq!(text.matches(name).count(), 1, "{name:?} once: {text}");
    }
    if let Some(operation) = error.operation() {
        assert!(text.starts_with(&format!("{operation}: ")), "{text}");
    }
    error
}

/// The texts of an error and its causes.
fn chain(error: &Error) -> Vec<String> {
    let mut chain = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(next) = cause {
        chain.push(next.to_string());
        cause = next.source();
    }
    chain
}

/// A phrase that occurs more than once.
fn told_twice(chain: &[String]) -> Option<String> {
    let bare = |word: &str| word.trim_matches(|letter: char| !letter.is_alphanumeric()).to_lowercase();
    let words: Vec<_> = chain.iter().flat_map(|line| line.split_whitespace()).map(bare).collect();
    let phrases: Vec<_> = words.windows(PHRASE).map(|phrase| phrase.join(" ")).collect();
    let repeated = |at: usize| phrases[..at].contains(&phrases[at]);
    let short =
        || chain.iter().enumerate().skip(1).find(|(at, line)| chain[..*at].iter().any(|told| told.contains(*line)));
    let first = (0..phrases.len()).find(|at| repeated(*at)).map(|at| phrases[at].clone());
    first.or_else(|| short().map(|(_, line)| line.clone()))
}

#[test]
fn the_checks_of_error_texts_find_violations() {
    let line = |text: &str| text.to_owned();
    let twice = ["the disk is full; make room", "a: the disk is full again"].map(line);
    assert_eq!(told_twice(&twice).as_deref(), Some("the disk is full"));
    assert_eq!(told_twice(&["it failed: EIO; retry", "EIO"].map(line)).as_deref(), Some("EIO"));
    assert_eq!(told_twice(&["it failed; retry", "EIO"].map(line)), None);
}
