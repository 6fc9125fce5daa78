//! What the tests of all ports share, and the count of their lines.

use std::any::type_name;
use std::env;
use std::ffi::OsString;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use crate::Result;

/// Makes tests of generic functions, one for each side. A function gets the path of an empty directory. Those behind
/// `processes` run as processes of their own, started by [`start`].
macro_rules! for_both {
    ($($law:ident)* $(; processes $($process:ident)*)?) => {
        mod over_mapleaf { $crate::tests::for_one!(mapleaf $($law)* $(; $($process)*)?); }
        mod over_heed { $crate::tests::for_one!(heed $($law)* $(; $($process)*)?); }
    };
}

macro_rules! for_one {
    ($side:ident $($law:ident)* $(; $($process:ident)*)?) => {
        use super::super::$side::Store;

        $(
            #[test]
            fn $law() -> $crate::Result<()> {
                super::$law::<Store>(tempfile::tempdir()?.path())
            }
        )*
        $($(
            #[test]
            #[ignore = "it is a process of another test"]
            fn $process() -> $crate::Result<()> {
                super::$process::<Store>(&$crate::tests::directory_of_this_process()?)
            }
        )*)?
    };
}

pub(crate) use {for_both, for_one};

/// Where a process finds its directory.
const DIRECTORY: &str = "MAPLEAF_PORTS_DIRECTORY";

pub(crate) fn directory_of_this_process() -> Result<PathBuf> {
    let directory: Option<OsString> = env::var_os(DIRECTORY);
    Ok(directory.ok_or("this test runs as a process of another one")?.into())
}

/// Starts a process of the module's tests on the side of `S`, in a directory.
pub(crate) fn start<S>(module: &str, process: &str, directory: &Path) -> Result<Child> {
    let side = if type_name::<S>().contains("::mapleaf::") { "over_mapleaf" } else { "over_heed" };
    let mut command = Command::new(env::current_exe()?);
    command.args([format!("{module}::tests::{side}::{process}").as_str(), "--exact", "--ignored", "--nocapture"]);
    Ok(command.env(DIRECTORY, directory).spawn()?)
}

/// Runs a task on the threads of tokio.
pub(crate) fn run<T>(task: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build()?.block_on(task)
}

/// Numbers that look random, the same in each run.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// A number below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

/// The lines of a file that are neither empty nor comments.
fn code_lines(path: &Path) -> Result<usize> {
    let text = fs::read_to_string(path)?;
    Ok(text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//")).count())
}

#[test]
fn each_port_is_no_longer_than_the_same_over_heed() -> Result<()> {
    let (mut table, mut longer, mut count) = (String::new(), Vec::new(), 0);
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src"))? {
        let port = entry?.path();
        if !port.is_dir() {
            continue;
        }
        let name = port.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let (ours, theirs) = (code_lines(&port.join("mapleaf.rs"))?, code_lines(&port.join("heed.rs"))?);
        assert!(ours > 10, "{name}: only {ours} lines were found");
        writeln!(table, "{name:16} {ours:4} {theirs:4}")?;
        longer.extend((ours > theirs).then_some(name));
        count += 1;
    }
    println!("lines over       mapleaf heed\n{table}");
    assert!(count >= 6, "only {count} ports were found");
    assert!(longer.is_empty(), "longer over mapleaf: {longer:?}\n{table}");
    Ok(())
}
