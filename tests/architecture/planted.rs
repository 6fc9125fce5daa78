//! Each check finds what is planted for it, and only that.

use super::source::Source;
use super::{budgets, imports};

type Check = fn(&Source) -> Vec<String>;

#[track_caller]
fn finds(check: Check, path: &str, text: &str, lines: &[usize]) {
    let offences = check(&Source::new(path, text));
    let at = |offence: &String| offence.split(':').nth(1).and_then(|line| line.parse::<usize>().ok());
    assert_eq!(offences.iter().filter_map(at).collect::<Vec<_>>(), lines, "{text}\n{offences:?}");
}

#[test]
fn imports_that_run_up() {
    finds(imports::upward, "src/page/tree.rs", "use crate::error::Error;\nuse crate::env::Env;", &[2]);
    finds(
        imports::upward,
        "src/page/tree.rs",
        "use crate::{\n    error::{Error, Result},\n    page::x,\n    txn,\n};",
        &[1],
    );
    finds(imports::upward, "src/key/text.rs", "fn f() -> crate::value::Value {}", &[1]);
    finds(imports::upward, "src/value/plain.rs", "use crate::key::Key;", &[1]);
    finds(imports::upward, "src/scan/entries.rs", "use crate::dbi::Dbi;\nuse crate::txn::Read;", &[1]);
    finds(imports::upward, "src/dbi/mod.rs", "use crate::scan::Entries;\nuse crate::store::log;", &[2]);
    finds(imports::upward, "src/error.rs", "use crate::page::Page;", &[1]);
    finds(imports::upward, "src/env/open.rs", "pub(in crate::txn) fn f() {}\npub(in crate::env) fn g() {}", &[1]);
    finds(imports::upward, "src/page/tree.rs", "use super::super::dbi::Dbi;\nuse super::layout;", &[1]);
    finds(imports::upward, "src/page/mod.rs", "use super::dbi::Dbi;\nuse super::error::Error;", &[1]);
    finds(imports::upward, "src/page/a/b.rs", "use super::super::dbi;\nuse super::super::super::dbi;", &[2]);
}

#[test]
fn imports_that_hide_their_module() {
    finds(imports::upward, "src/page/tree.rs", "use crate::{Dbi, error::Error};\nuse crate::*;", &[1, 2]);
    finds(imports::upward, "src/attic/x.rs", "", &[1]);
    finds(imports::upward, "src/lib.rs", "pub use dbi::Dbi;\nuse crate::store::Log;", &[]);
}

#[test]
fn imports_in_comments_strings_and_tests_do_not_count() {
    let text = "// use crate::dbi::Dbi;\n/* crate::dbi /* nested */ crate::dbi */\nconst A: &str = \"crate::dbi\";\n\
        const B: &str = r#\"a \" crate::dbi\"#;\nfn f<'a>(c: char) -> bool { c == '\"' || c == '\\'' }\n\
        #[cfg(test)]\nmod tests {\n    use crate::dbi::Dbi;\n}\nuse crate::dbi::Dbi;";
    finds(imports::upward, "src/page/tree.rs", text, &[10]);
    finds(imports::upward, "src/page/tree.rs", "#[cfg(test)]\nuse crate::dbi::Dbi;\nuse crate::dbi::Dbi;", &[3]);
}

#[test]
fn circles() {
    let source = |path: &str, text: &str| Source::new(path, text);
    let down =
        [source("src/a/x.rs", "use crate::b::y;"), source("src/b/y.rs", "use crate::c;"), source("src/c.rs", "")];
    assert_eq!(imports::circles(&down), Vec::<String>::new());
    let round = [
        source("src/a/x.rs", "use crate::b::y;"),
        source("src/b/y.rs", "use crate::c;"),
        source("src/c.rs", "use crate::a;"),
    ];
    assert_eq!(imports::circles(&round), [r#"modules in or above a circle: {"a", "b", "c"}"#]);
}

#[test]
fn circles_of_files() {
    let source = |path: &str, text: &str| Source::new(path, text);
    let round = [
        source("src/lib.rs", "mod a; mod b;"),
        source("src/a/mod.rs", "mod x;\nmod y;\npub(crate) use x::{X, XS as Many};\n#[cfg(test)]\nmod tests;"),
        source("src/a/x.rs", "use crate::b::{self, z::{Z, W}};"),
        source("src/a/y.rs", "use super::Many;"),
        source("src/b/mod.rs", "pub(crate) mod z;"),
        source("src/b/z.rs", "fn f() { crate::a::y::g() }"),
        source("src/b/alone.rs", "use crate::a::X; use std::fmt; // crate::b::z"),
    ];
    assert_eq!(super::files::circles(&round, 2), ["a circle of 3 files: a::x, a::y, b::z"]);
    assert_eq!(super::files::circles(&round, 3), Vec::<String>::new());
    let two = [source("src/a.rs", "use crate::b::B;"), source("src/b.rs", "use crate::a::A;")];
    assert_eq!(super::files::circles(&two, 1), ["a circle of 2 files: a, b"]);
    assert_eq!(super::files::circles(&two, 2), Vec::<String>::new());
}

#[test]
fn heed_and_unsafe() {
    finds(
        imports::heed,
        "src/txn/commit.rs",
        "use heed::Env;\nfn f() { heed::x() }\n// heed::\nlet heeded = 1;",
        &[1, 2],
    );
    finds(imports::heed, "src/txn/commit.rs", "#[cfg(test)]\nmod tests {\n    use heed::Env;\n}", &[]);
    finds(imports::heed, "src/lmdb/pin.rs", "use heed::Env;", &[]);
    let noted = "// SAFETY: the map outlives it\nunsafe { f() }";
    finds(budgets::unsafety, "src/os/map.rs", noted, &[]);
    finds(budgets::unsafety, "src/env/mod.rs", noted, &[2]);
    finds(budgets::unsafety, "src/page/layout.rs", "unsafe { f() }\n#![allow(unsafe_code)]", &[1]);
    finds(budgets::unsafety, "src/page/layout.rs", "// SAFETY: far\n\n\n\n\n\nunsafe { f() }", &[7]);
}

#[test]
fn the_operating_system() {
    let path = "src/env/open.rs";
    finds(imports::system, path, "use std::os::unix::fs::FileExt;\nuse std::fs;\nuse crate::os::Map;", &[1]);
    finds(imports::system, path, "use std::{\n    fs::{self, os},\n    os::fd::AsFd,\n};\nuse std::{fs, io};", &[1]);
    finds(
        imports::system,
        path,
        "fn f() {\n    nix::unistd::sync();\n    libc::sync()\n}\n// nix::\n\"libc\";",
        &[2, 3],
    );
    finds(imports::system, path, "use nix::libc;\nuse memmap2::Mmap;\nlet nixed = std::os_of;", &[1, 1, 2]);
    finds(imports::system, path, "#[cfg(target_os = \"linux\")]\nfn f() {}", &[1]);
    finds(imports::system, path, "#[cfg(test)]\nmod tests {\n    use std::os::fd::AsFd;\n}", &[]);
    finds(imports::system, "src/os/map.rs", "use memmap2::MmapRaw;", &[1]);
    finds(imports::system, "src/os/sys/linux/files.rs", "use nix::libc;\nuse std::os::unix::fs::FileExt;", &[]);
}

#[test]
fn files_by_name() {
    let path = "src/env/open.rs";
    finds(imports::files, path, "use std::fs::File;\nuse std::io;\nuse crate::os::File;", &[1]);
    finds(imports::files, path, "use std::{\n    io,\n    fs,\n};\nfn f() {\n    std::fs::rename(a, b)\n}", &[1, 6]);
    finds(imports::files, path, "use tempfile::TempDir;\nlet t = temporary;\ntempfile::tempfile_in(d)", &[1, 3]);
    finds(imports::files, path, "a.symlink_metadata();\na.canonicalize();\na.exists();\nEnv::exists(a)", &[1, 2, 3]);
    finds(imports::files, path, "File::open(p);\nFile::create(p);\nLockFile::open(p);\nFile::metadata(f)", &[1, 2]);
    finds(imports::files, path, "// std::fs\n/// tempfile::tempdir()\n\"std::fs\";", &[]);
    finds(imports::files, path, "#[cfg(test)]\nmod tests {\n    use std::fs::File;\n}", &[]);
    finds(imports::files, "src/os/files.rs", "use std::fs;\nuse tempfile::TempDir;", &[]);
}

#[test]
fn long_files_and_functions() {
    let file =
        |lines: usize| format!("//! Long.\n{}#[cfg(test)]\nmod tests {{\n{}}}", "x\n".repeat(lines), "y\n".repeat(700));
    finds(budgets::sizes, "src/x.rs", &file(599), &[]);
    finds(budgets::sizes, "src/x.rs", &file(600), &[1]);
    let body = |lines: usize, head: &str| {
        format!("\n    {head} f(\n) {{\n{}    }}\n", "    if x { y() } // }\n".repeat(lines))
    };
    for head in ["fn", "pub fn", "pub(crate) const fn", "pub(in crate::page) unsafe fn", "async fn"] {
        finds(budgets::sizes, "src/x.rs", &body(77, head), &[]);
        finds(budgets::sizes, "src/x.rs", &body(78, head), &[2]);
    }
    finds(budgets::sizes, "src/x.rs", &format!("trait T {{\n    fn f();\n{}}}", "    x;\n".repeat(90)), &[]);
}

#[test]
fn unfinished_and_untitled_code() {
    finds(budgets::unwraps, "src/x.rs", "a.unwrap();\n// a.unwrap()\na.unwrap_or(b);\n\"a.unwrap()\";", &[1]);
    finds(budgets::unfinished, "src/x.rs", "todo!()\nlet todo = 1;\nunimplemented!(\"x\")\n\"TODO\"", &[1, 3]);
    finds(budgets::unfinished, "src/x.rs", "// TODO: later\n/// FIXME\nx(); // XXX\n// XXXL", &[1, 2, 3]);
    finds(budgets::untitled, "src/x.rs", "use x;\n//! Late.", &[1]);
    finds(budgets::untitled, "src/x.rs", "//!\nuse x;", &[1]);
    finds(budgets::untitled, "src/x.rs", "//! A file.\nuse x;", &[]);
}
