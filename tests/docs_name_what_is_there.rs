//! The documents speak of the code as it is: docs/design.md names each folder of the source, files that are named exist,
//! and links within the documents lead somewhere. rustdoc shows the most used methods first, and finds them by the words
//! of other engines.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

type Outcome = Result<(), Box<dyn Error>>;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The documents, by their path from the root.
fn documents() -> Result<Vec<(PathBuf, String)>, Box<dyn Error>> {
    let mut paths = vec![root().join("README.md"), root().join("CHANGELOG.md")];
    for entry in fs::read_dir(root().join("docs"))? {
        paths.push(entry?.path());
    }
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    let read = |path: PathBuf| -> Result<_, Box<dyn Error>> {
        let text = fs::read_to_string(&path)?;
        Ok((path, text))
    };
    paths.into_iter().map(read).collect()
}

/// What stands between back quotes in `text`.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.lines().flat_map(|line| line.split('`').skip(1).step_by(2))
}

#[test]
fn the_design_names_each_folder_of_the_source() -> Outcome {
    let design = fs::read_to_string(root().join("docs/design.md"))?;
    let mut count = 0;
    for entry in fs::read_dir(root().join("src"))? {
        let path = entry?.path();
        if path.is_dir() {
            let name = path.file_name().ok_or("a folder without a name")?.to_string_lossy().into_owned();
            assert!(
                design.contains(&format!("`{name}/`")) || design.contains(&format!("`src/{name}/`")),
                "no word of {name}"
            );
            count += 1;
        }
    }
    assert!(count > 10, "only {count} folders were found");
    Ok(())
}

#[test]
fn files_that_documents_name_exist() -> Outcome {
    let mut count = 0;
    for (document, text) in documents()? {
        let files = quoted(&text)
            .filter(|name| ["src/", "tests/", "docs/", "examples/", "tour/"].iter().any(|at| name.starts_with(at)));
        // A name with a star is that of a family of files.
        for name in files.filter(|name| !name.contains('*')) {
            assert!(root().join(name).exists(), "{} names {name}", document.display());
            count += 1;
        }
    }
    assert!(count > 30, "only {count} names were found");
    Ok(())
}

/// The anchor that forges make of a heading.
fn anchor(heading: &str) -> String {
    let kept = heading.trim_start_matches('#').trim().to_lowercase();
    kept.chars().filter(|c| c.is_alphanumeric() || "- _".contains(*c)).map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[test]
fn links_to_headings_lead_somewhere() -> Outcome {
    let documents = documents()?;
    let mut count = 0;
    for (document, text) in &documents {
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let Some((file, heading)) = link.split_once('#').filter(|(file, _)| !file.contains("://")) else {
                continue;
            };
            let target = if file.is_empty() { document.clone() } else { document.with_file_name(file) };
            let (_, target) = documents.iter().find(|(path, _)| *path == target).ok_or_else(|| format!("no {file}"))?;
            let headings = target.lines().filter(|line| line.starts_with('#')).map(anchor);
            assert!(headings.into_iter().any(|found| found == heading), "{}: {link}", document.display());
            count += 1;
        }
    }
    assert!(count > 30, "only {count} links were found");
    Ok(())
}

/// The first public function in a file.
fn first_method(file: &str) -> Result<String, Box<dyn Error>> {
    let text = fs::read_to_string(root().join(file))?;
    let (_, rest) = text.split_once("    pub fn ").ok_or_else(|| format!("{file} has no method"))?;
    Ok(rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect())
}

/// The modules of a file in the order of their declarations.
fn modules(file: &str) -> Result<Vec<String>, Box<dyn Error>> {
    let text = fs::read_to_string(root().join(file))?;
    let name = |line: &str| Some(line.strip_prefix("mod ")?.strip_suffix(';')?.to_owned());
    Ok(text.lines().filter_map(name).collect())
}

/// rustdoc shows the methods of a type in the order of the modules that implement them.
#[test]
fn pages_begin_with_the_most_used_methods() -> Outcome {
    assert_eq!(modules("src/lib.rs")?[..4], ["open", "txn", "dbi", "env"]);
    assert_eq!(first_method("src/open.rs")?, "open");
    for (folder, wanted) in
        [("txn", [("transact", "transact"), ("snapshot", "snapshot")]), ("dbi", [("read", "get"), ("write", "put")])]
    {
        let modules = modules(&format!("src/{folder}/mod.rs"))?;
        for (at, (module, method)) in wanted.into_iter().enumerate() {
            assert_eq!(modules[at], module);
            assert_eq!(first_method(&format!("src/{folder}/{module}.rs"))?, method);
        }
    }
    Ok(())
}

/// What people search for who come from LMDB, redb, sled, `RocksDB` or SQL.
const WORDS: &str = "begin commit rollback table tree bucket column_family cursor scan upsert merge compare_and_swap \
                     read_txn write_txn remove set database dupsort multimap backup vacuum flush pagination subscribe \
                     drop_table open_table create_database multi_get put_if_absent truncate scan_prefix WriteBatch";

#[test]
fn rustdoc_finds_the_words_of_other_engines() -> Outcome {
    fn collect(folder: &Path, out: &mut String) -> std::io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                collect(&path, out)?;
            } else {
                out.push_str(&fs::read_to_string(path)?);
            }
        }
        Ok(())
    }
    let mut source = String::new();
    collect(&root().join("src"), &mut source)?;
    let aliases: Vec<&str> = source.split("doc(alias").skip(1).filter_map(|rest| rest.split(")]").next()).collect();
    for word in WORDS.split_whitespace() {
        let is_alias = aliases.iter().any(|words| words.contains(&format!("\"{word}\"")));
        assert!(is_alias || source.contains(&format!("    pub fn {word}(")), "nothing is found by {word:?}");
    }
    Ok(())
}
