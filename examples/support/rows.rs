//! The sample data, typed and read line by line.

use std::error::Error;
use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// A populated place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Place {
    /// `GeoNames` id, unique.
    pub(crate) id: u32,
    pub(crate) name: String,
    /// The name in plain ASCII; may be empty.
    pub(crate) ascii: String,
    /// ISO 3166-1 alpha-2.
    pub(crate) country: String,
    /// First-level division within the country; may be empty.
    pub(crate) admin1: String,
    /// Degrees north.
    pub(crate) lat: f64,
    /// Degrees east.
    pub(crate) lon: f64,
    /// Inhabitants; 0 when not recorded.
    pub(crate) population: u32,
    /// IANA time zone.
    pub(crate) tz: String,
}

/// A scheduled departure from New York City. (`ts`, `carrier`, `flight`) is unique.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Event {
    /// Scheduled departure, Unix seconds.
    pub(crate) ts: i64,
    pub(crate) carrier: String,
    pub(crate) flight: u16,
    /// Aircraft registration.
    pub(crate) tail: Option<String>,
    /// `EWR`, `JFK` or `LGA`.
    pub(crate) origin: String,
    pub(crate) dest: String,
    /// Minutes, negative is early; `None` when it did not depart.
    pub(crate) dep_delay: Option<i16>,
    /// Minutes, negative is early; `None` when it did not arrive.
    pub(crate) arr_delay: Option<i16>,
    /// Minutes.
    pub(crate) air_time: Option<u16>,
    /// Miles.
    pub(crate) distance: u16,
}

/// The path of a file in `examples/data`, whatever the current directory and the package that is built.
pub(crate) fn sample(file: &str) -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = package.ancestors().map(|folder| folder.join("examples/data"));
    folders.into_iter().find(|folder| folder.is_dir()).unwrap_or_default().join(file)
}

/// The rows of a `.jsonl` or `.jsonl.gz` file, one JSON object per line, in order.
///
/// A line that is no `T` gives an error with its number, and reading continues with the next line. A file that cannot
/// be opened or read gives one error, and reading ends.
pub(crate) fn read_rows<T: DeserializeOwned>(path: impl AsRef<Path>) -> Rows<T> {
    let path = path.as_ref().to_owned();
    Rows { reader: Reader::Unopened, path, line: 0, buf: Vec::new(), row: PhantomData }
}

/// The iterator that [`read_rows`] returns.
pub(crate) struct Rows<T> {
    reader: Reader,
    path: PathBuf,
    line: u64,
    buf: Vec<u8>,
    row: PhantomData<fn() -> T>,
}

enum Reader {
    Unopened,
    Open(Box<dyn BufRead>),
    Ended,
}

impl<T: DeserializeOwned> Iterator for Rows<T> {
    type Item = Result<T, RowError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.read_line() {
            Ok(true) => {
                let row = serde_json::from_slice(&self.buf);
                Some(row.map_err(|cause| self.error(cause)))
            }
            Ok(false) => {
                self.reader = Reader::Ended;
                None
            }
            Err(cause) => {
                self.reader = Reader::Ended;
                Some(Err(self.error(cause)))
            }
        }
    }
}

impl<T> Rows<T> {
    /// Reads the next line into the buffer, and returns whether there is one.
    fn read_line(&mut self) -> io::Result<bool> {
        if let Reader::Unopened = self.reader {
            let file = File::open(&self.path)?;
            self.reader = Reader::Open(match self.path.extension() {
                Some(extension) if extension == "gz" => Box::new(BufReader::new(MultiGzDecoder::new(file))),
                _ => Box::new(BufReader::new(file)),
            });
        }
        let Reader::Open(reader) = &mut self.reader else { return Ok(false) };
        self.buf.clear();
        self.line += 1;
        Ok(reader.read_until(b'\n', &mut self.buf)? > 0)
    }

    fn error(&self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> RowError {
        RowError { path: self.path.clone(), line: self.line, cause: cause.into() }
    }
}

/// A row that could not be read: the file, the line (from 1; 0 when the file could not be opened), and why.
#[derive(Debug)]
pub(crate) struct RowError {
    pub(crate) path: PathBuf,
    pub(crate) line: u64,
    cause: Box<dyn Error + Send + Sync>,
}

impl fmt::Display for RowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path.display(), self.line, self.cause)
    }
}

impl Error for RowError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.cause)
    }
}
