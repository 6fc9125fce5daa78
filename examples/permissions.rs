//! Notes of a team, behind a policy that a file holds: members read all of them and write their own, nobody reads
//! secrets, and who retries a write does so by a policy too.
//!
//! ```text
//! cargo run --release --example permissions
//! ```

use mapleaf::store::policy::{Actor, Guard, Policy, Scope};
use mapleaf::store::{Expect, GuardedRecords, PutOptions, Records, Resolution, RetryPolicy};
use mapleaf::{Env, ErrorKind, Result};

/// Keys of notes are `AUTHOR/TITLE`.
type Notes = Records<&'static str, &'static str>;

/// What an administrator keeps in a file. A part that is misspelt is an error when it is read.
const MEMBERS: &str = r#"{
    "rules": [
        {"effect": "allow", "actions": ["store.key.get", "store.key.has"], "resources": "notes"},
        {"effect": "allow", "actions": ["store.key.set", "store.key.delete"], "resources": "notes", "conditions": [
            {"field": "meta.key", "operator": "matches", "value_from": "actor.meta.own"}
        ]}
    ]
}"#;

const NO_SECRETS: &str = r#"{
    "rules": [
        {"effect": "deny", "actions": "*", "resources": "*", "conditions": [
            {"field": "meta.key", "operator": "matches", "value": "*/secret*"},
            {"field": "actor.meta.level", "operator": "lt", "value": 3}
        ]}
    ]
}"#;

fn read(policy: &str) -> Result<Policy> {
    serde_json::from_str(policy).map_err(mapleaf::Error::other)
}

/// A member, who owns the notes under his name.
fn member(name: &str, level: i32) -> Actor {
    Actor::new(name).meta("own", format!("{name}/*")).meta("level", level)
}

fn is_denied<T>(result: Result<T>) -> bool {
    result.is_err_and(|error| error.kind() == ErrorKind::PermissionDenied)
}

fn main() -> Result<()> {
    let env = Env::temporary()?;
    let notes: Notes = env.records("notes")?;
    notes.put("ann/plan", "ship it")?;
    notes.put("ann/secret plan", "rest first")?;

    let everyone = Scope::new().with("members", read(MEMBERS)?);
    // A scope does not change: this is another one.
    let careful = everyone.with("no secrets", read(NO_SECRETS)?);

    let ann = notes.guarded(member("ann", 3), careful.clone());
    let bob = notes.guarded(member("bob", 1), careful.clone());
    ann.put("ann/plan", "ship it on Monday")?;
    bob.put("bob/list", "bread")?;
    println!("bob reads {:?}", bob.get("ann/plan")?);

    // Neither a note of another one, nor a secret, whether there is one or not: the errors tell nothing.
    assert!(is_denied(bob.put("ann/plan", "never")) && is_denied(bob.delete("ann/plan")));
    assert!(is_denied(bob.get("ann/secret plan")) && is_denied(bob.get("bob/secret")));
    assert_eq!(ann.get("ann/secret plan")?.as_deref(), Some("rest first"));
    println!("{}", bob.get("ann/secret plan").expect_err("it is denied"));
    // Listing is allowed to nobody here.
    assert!(is_denied(ann.len()));

    // Code that must never run without an actor is strict.
    let nobody: GuardedRecords<_, _> = notes.guarded_by(Guard::new().scope(careful).strict(true));
    assert!(is_denied(nobody.get("ann/plan")));

    // A view for code that has no business to write.
    let view = notes.read_only();
    assert_eq!(view.len()?, 3);
    assert!(view.put("x/y", "z").is_err_and(|error| error.kind() == ErrorKind::ReadOnly));

    // Only those that were there already are asked about.
    let new = || PutOptions::new().expect(Expect::Absent);
    let kept = notes.try_put_each(
        [("ann/plan", "import", new()), ("cid/plan", "import", new())],
        &RetryPolicy::new().attempts(3),
        |_| Ok(Resolution::GiveUp),
    )?;
    assert_eq!(kept.iter().map(|conflict| conflict.index).collect::<Vec<_>>(), [0]);
    assert_eq!(notes.get_many(["ann/plan", "cid/plan"])?, [Some("ship it on Monday".into()), Some("import".into())]);
    Ok(())
}
