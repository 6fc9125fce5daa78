//! The sample data reads as typed rows, and has the row counts that its description gives.

use std::fs;
use std::io::Write;
use std::time::Duration;

use crate::tour::support::{Event, Place, RowError, geohash, line, read_rows, sample};
use flate2::Compression;
use flate2::write::GzEncoder;

#[test]
fn every_row_of_the_sample_data_is_read() -> Result<(), RowError> {
    let places = read_rows::<Place>(sample("places-sample.jsonl")).collect::<Result<Vec<_>, _>>()?;
    let events = read_rows::<Event>(sample("events-sample.jsonl")).collect::<Result<Vec<_>, _>>()?;
    assert_eq!((places.len(), events.len()), (1_938, 1_986));
    assert_eq!(places.iter().filter(|place| place.name.starts_with("San ")).count(), 33);
    let july = 1_372_651_200..=1_375_329_599;
    assert_eq!(events.iter().filter(|event| event.origin == "JFK" && july.contains(&event.ts)).count(), 56);
    Ok(())
}

#[test]
fn geohashes_have_the_known_prefixes() -> Result<(), RowError> {
    assert_eq!(geohash(57.649_11, 10.407_44, 11), "u4pruydqqvj");
    assert_eq!(geohash(90.0, 180.0, 3), "zzz");
    assert_eq!(geohash(-90.0, -180.0, 3), "000");
    let hashes = read_rows::<Place>(sample("places-sample.jsonl"))
        .map(|place| place.map(|place| geohash(place.lat, place.lon, 8)))
        .collect::<Result<Vec<_>, _>>()?;
    let count = |prefix: &str| hashes.iter().filter(|hash| hash.starts_with(prefix)).count();
    assert_eq!((count("u33"), count("u33d"), count("u0")), (2, 2, 163));
    Ok(())
}

#[test]
fn a_bad_line_is_an_error_with_its_path_and_line() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let good = fs::read_to_string(sample("places-sample.jsonl"))?.lines().next().map(str::to_owned).unwrap_or_default();
    let text = format!("{good}\n{{\"id\":1}}\n{good}");
    let (plain, zipped) = (folder.path().join("rows.jsonl"), folder.path().join("rows.jsonl.gz"));
    fs::write(&plain, &text)?;
    let mut encoder = GzEncoder::new(fs::File::create(&zipped)?, Compression::fast());
    encoder.write_all(text.as_bytes())?;
    encoder.finish()?;
    for path in [plain, zipped] {
        let rows: Vec<_> = read_rows::<Place>(&path).collect();
        assert!(rows.len() == 3 && rows[0].is_ok() && rows[2].is_ok(), "{rows:?}");
        let error = rows[1].as_ref().expect_err("has no name");
        assert_eq!((&error.path, error.line), (&path, 2));
        assert!(error.to_string().contains("missing field `name`"), "{error}");
    }
    let absent: Vec<_> = read_rows::<Place>(folder.path().join("absent.jsonl")).collect();
    assert!(matches!(&absent[..], [Err(error)] if error.line == 0), "{absent:?}");
    Ok(())
}

#[test]
fn throughput_is_printed_in_readable_units() {
    let text = line("load", 1_234_567, "rows", Duration::from_millis(500));
    assert_eq!(text, "load: 1,234,567 rows in 500.0ms (2,469,134 rows/s)");
}
