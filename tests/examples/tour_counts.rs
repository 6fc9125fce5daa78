//! The tour finds the known counts in the sample data, and reports what is wrong with a file that is not such data.

use std::error::Error;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::common::tools::{dumped, entries, run};
use crate::tour;
use flate2::Compression;
use flate2::write::GzEncoder;
use mapleaf::{DbiInfo, Env, EnvOptions};

type Outcome = Result<(), Box<dyn Error>>;

const PLACES: &str = include_str!("../../examples/data/places-sample.jsonl");
const EVENTS: &str = include_str!("../../examples/data/events-sample.jsonl");

fn printed(files: Vec<PathBuf>) -> Result<String, Box<dyn Error>> {
    let mut out = Vec::new();
    tour::tour(&Env::temporary()?, files, &mut out)?;
    Ok(String::from_utf8(out)?)
}

fn file(folder: &Path, name: &str, text: &str) -> Result<PathBuf, Box<dyn Error>> {
    let path = folder.join(name);
    fs::write(&path, text)?;
    Ok(path)
}

#[test]
fn all_counts_of_the_samples_are_checked() -> Outcome {
    let text = printed(Vec::new())?;
    assert!(text.contains("31 scans, each the same in reverse; 31 counts checked"), "{text}");
    assert!(text.contains("places, read and stored: 1,938 rows"), "{text}");
    assert!(text.contains("events, read and stored: 1,986 rows"), "{text}");
    Ok(())
}

#[test]
fn gzipped_files_are_recognised_in_any_order() -> Outcome {
    let folder = tempfile::tempdir()?;
    let zipped = |name: &str, text: &str| -> Result<PathBuf, Box<dyn Error>> {
        let path = folder.path().join(name);
        let mut encoder = GzEncoder::new(fs::File::create(&path)?, Compression::fast());
        encoder.write_all(text.as_bytes())?;
        encoder.finish()?;
        Ok(path)
    };
    let text = printed(vec![zipped("a.jsonl.gz", EVENTS)?, zipped("b.jsonl.gz", PLACES)?])?;
    assert!(text.contains("31 scans, each the same in reverse; 31 counts checked"), "{text}");
    Ok(())
}

#[test]
fn unknown_data_is_only_counted() -> Outcome {
    let folder = tempfile::tempdir()?;
    let some: String = PLACES.split_inclusive('\n').take(100).collect();
    let text = printed(vec![file(folder.path(), "some.jsonl", &some)?])?;
    // Nine scans of places and eight of whole DBIs, whose lengths the trees know.
    assert!(text.contains("17 scans, each the same in reverse; 8 counts checked"), "{text}");
    Ok(())
}

#[test]
fn a_count_that_is_off_is_an_error() -> Outcome {
    let folder = tempfile::tempdir()?;
    let altered = PLACES.replacen("\"name\":\"San ", "\"name\":\"St ", 1);
    let error = printed(vec![file(folder.path(), "altered.jsonl", &altered)?]).expect_err("one is missing");
    assert_eq!(error.to_string(), "prefix \"San \": 32 entries, and the data holds 33");
    Ok(())
}

#[test]
fn an_error_names_a_file_that_is_not_sample_data() -> Outcome {
    let folder = tempfile::tempdir()?;
    let says = |path: PathBuf, why: &[&str]| {
        let name = path.display().to_string();
        let error = printed(vec![path]).expect_err("no rows of ours").to_string();
        // Only a first row that can be read can be of the wrong kind.
        assert_eq!(error.contains("neither"), why.iter().any(|why| why.contains("neither")), "{error}");
        assert!(error.contains(&name) && why.iter().all(|why| error.contains(why)), "{error}");
    };
    says(folder.path().join("absent.jsonl"), &["absent.jsonl:0: No such file", "give a file of places or events"]);
    says(file(folder.path(), "empty.jsonl", "")?, &["it has no rows"]);
    says(file(folder.path(), "other.jsonl", "{\"id\":1}\n")?, &["neither a place", "`name`", "nor an event", "`id`"]);
    let cut = format!("{}\n{{\"ts\":", EVENTS.lines().next().unwrap_or_default());
    says(file(folder.path(), "cut.jsonl", &cut)?, &["cut.jsonl:2:", "EOF"]);
    Ok(())
}

/// Takes the tour in an environment at `path`, closes it, and returns what each DBI holds.
fn toured(options: &EnvOptions, path: &Path) -> Result<Vec<DbiInfo>, Box<dyn Error>> {
    let env = options.open(path)?;
    tour::tour(&env, Vec::new(), &mut Vec::new())?;
    let dbis = env.dbis()?;
    env.close()?;
    let rows = |name: &str| dbis.iter().find(|dbi| dbi.name == name).map(|dbi| dbi.entries);
    assert_eq!((dbis.len(), rows("places"), rows("events")), (8, Some(1938), Some(1986)));
    Ok(dbis)
}

/// LMDB's tools count in the file at `path` the entries that the tour stored.
fn tools_agree(flags: &[&str], path: &Path, dbis: &[DbiInfo]) -> Outcome {
    let (Some(stat), Some(dump)) =
        (run("mdb_stat", &[flags, &["-a"]].concat(), path)?, run("mdb_dump", &[flags, &["-a"]].concat(), path)?)
    else {
        return Ok(());
    };
    for DbiInfo { name, entries: stored, .. } in dbis {
        assert_eq!((entries(&stat, name), dumped(&dump, name)), (Some(*stored), Some(*stored)), "{name}");
    }
    Ok(())
}

#[test]
fn lmdb_s_tools_read_what_the_tour_stored() -> Outcome {
    let folder = tempfile::tempdir()?;
    let (directory, file) = (folder.path().join("data"), folder.path().join("store.db"));
    tools_agree(&[], &directory, &toured(&Env::options(), &directory)?)?;
    tools_agree(&["-n"], &file, &toured(&Env::options().single_file(true), &file)?)
}
