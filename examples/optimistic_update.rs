//! A page that several people edit: who saves reads first, and a save fails if somebody else has saved since.
//!
//! ```text
//! cargo run --release --example optimistic_update
//! ```

use mapleaf::store::{Expect, PutOptions, RecordConflict, Records, Token};
use mapleaf::{Env, ErrorKind, Json, Result};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Page {
    title: String,
    lines: Vec<String>,
}

type Pages = Records<&'static str, Json<Page>>;

/// What a browser holds while somebody edits: the page, and the token of what was read, as text.
struct Form {
    page: Page,
    etag: String,
}

fn open_form(pages: &Pages, key: &str) -> Result<Form> {
    let entry = pages.entry(key)?.ok_or_else(|| mapleaf::Error::new(ErrorKind::NotFound, "there is no such page"))?;
    Ok(Form { page: entry.value, etag: entry.meta.token.to_string() })
}

enum Saved {
    Done(Token),
    /// Somebody was faster. This is the token of his page.
    Outdated(Option<Token>),
}

/// Saves the form, unless the page has changed since it was opened. `author` is kept as metadata.
fn save(pages: &Pages, key: &str, form: &Form, author: &str) -> Result<Saved> {
    // Text from outside: a token that is none is an error, and so is one of zeros.
    let read: Token = form.etag.parse()?;
    let options = PutOptions::new().expect(Expect::Token(read)).meta(author);
    match pages.put_with(key, &form.page, options) {
        Ok(meta) => Ok(Saved::Done(meta.token)),
        Err(error) if error.kind() == ErrorKind::Conflict => {
            let conflict = error.downcast::<RecordConflict>();
            Ok(Saved::Outdated(conflict.ok().and_then(|conflict| conflict.actual)))
        }
        Err(error) => Err(error),
    }
}

/// Adds a line to a page, however often others are faster.
fn add_line(pages: &Pages, key: &str, line: &str, author: &str) -> Result<()> {
    loop {
        let mut form = open_form(pages, key)?;
        form.page.lines.push(line.to_owned());
        match save(pages, key, &form, author)? {
            Saved::Done(_) => return Ok(()),
            Saved::Outdated(_) => {}
        }
    }
}

fn main() -> Result<()> {
    let env = Env::temporary()?;
    let pages: Pages = env.records("pages")?;
    let page = Page { title: "Shopping".into(), lines: vec!["bread".into()] };
    // Only if there is none: a second one would be `AlreadyExists`.
    pages.put_with("shopping", &page, PutOptions::new().expect(Expect::Absent).meta("ann"))?;

    // Two open the same page. The first to save wins, and the second learns that the page has changed.
    let (mut ann, mut bob) = (open_form(&pages, "shopping")?, open_form(&pages, "shopping")?);
    ann.page.lines.push("butter".into());
    bob.page.lines.push("milk".into());
    let Saved::Done(token) = save(&pages, "shopping", &ann, "ann")? else { panic!("ann was first") };
    let Saved::Outdated(actual) = save(&pages, "shopping", &bob, "bob")? else { panic!("bob was second") };
    assert_eq!(actual, Some(token));
    println!("bob's page is outdated: the stored one has the token {token}");

    // Many at once: nobody's line is lost.
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..4)
            .map(|n| {
                let pages = &pages;
                scope.spawn(move || {
                    (0..10).try_for_each(|line| add_line(pages, "shopping", &format!("item {n}.{line}"), "a thread"))
                })
            })
            .collect();
        workers.into_iter().try_for_each(|worker| worker.join().expect("no thread panics"))
    })?;
    let entry = pages.entry("shopping")?.expect("it is there");
    println!("{} lines, version {}, last by {}", entry.value.lines.len(), entry.meta.version, show(&entry.meta.user));
    assert_eq!((entry.value.lines.len(), entry.meta.version), (42, 42));

    // Inside one process there is a shorter way: the closure runs with the record, and nobody writes in between.
    pages.update("shopping", |page| {
        page.map(|mut page| {
            page.lines.retain(|line| !line.starts_with("item"));
            page
        })
    })?;
    assert_eq!(pages.require("shopping")?.lines, ["bread", "butter"]);
    Ok(())
}

fn show(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
