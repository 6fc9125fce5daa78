//! Changes agree with a map, in whatever order they are made, read, dropped and merged.

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use crate::error::{Error, Result};
use crate::write_set::changes::DbiChanges;
use crate::write_set::tests::model::{self, Act, Model, Step, act, action, look, look_at, look_at_sizes};

fn step() -> impl Strategy<Value = Step> {
    model::step(action(), [6, 2, 2, 1])
}

fn fail(error: Error) -> TestCaseError {
    TestCaseError::fail(error.to_string())
}

fn run(steps: &[Step]) -> Result<(), TestCaseError> {
    let mut layers = vec![(DbiChanges::new(), Model::default())];
    for step in steps {
        let Some((changes, model)) = layers.last_mut() else { break };
        match step {
            Step::Act(made) => act(changes, model, made).map_err(fail)?,
            Step::Look => look(changes, model)?,
            Step::LookAtSizes => look_at_sizes(changes, model)?,
            Step::LookAt(key) => look_at(changes, model, key)?,
            Step::Begin => layers.push((DbiChanges::new(), Model::default())),
            Step::Keep | Step::Undo if layers.len() == 1 => {}
            Step::Keep => {
                let newer = layers.pop();
                if let (Some((changes, model)), Some(newer)) = (layers.last_mut(), newer) {
                    changes.absorb(newer.0);
                    model.absorb(newer.1);
                }
            }
            Step::Undo => drop(layers.pop()),
        }
    }
    for (changes, model) in &layers {
        look(changes, model)?;
        for key in model.changes.keys() {
            look_at(changes, model, key)?;
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_interleaving_agrees_with_the_model(steps in prop::collection::vec(step(), 1..120)) {
        run(&steps)?;
    }
}

/// Scatters numbers, to get many keys without the cost of a generator.
fn scattered(n: u32) -> u32 {
    n.wrapping_mul(0x9E37_79B9).rotate_left(13)
}

#[test]
fn thousands_of_keys_agree_however_often_they_are_read() -> Result<(), TestCaseError> {
    // Read after this many changes: one by one, in small parts, in one large part.
    for part in [1, 7, 300, 3000, 9000] {
        let (mut changes, mut model) = (DbiChanges::new(), Model::default());
        for n in 0..9000_u32 {
            let key = format!("key number {:06}", if n % 3 == 0 { n } else { scattered(n) % 10_000 });
            let made = match n % 10 {
                0..8 => Act::Put(key.into_bytes(), n.to_le_bytes().to_vec()),
                8 => Act::Delete(key.into_bytes()),
                _ if n % 500 != 499 => Act::Put(key.into_bytes(), vec![7; 40]),
                _ => Act::Gap(key.clone().into_bytes(), Some(format!("{}9", &key[..14]).into_bytes())),
            };
            act(&mut changes, &mut model, &made).map_err(fail)?;
            if n % part == 0 {
                look_at(&changes, &model, format!("key number {:06}", scattered(n) % 10_000).as_bytes())?;
            }
            if n % 1000 == 999 {
                look(&changes, &model)?;
            }
        }
        look(&changes, &model)?;
    }
    Ok(())
}

#[test]
fn a_key_put_again_and_again_takes_little_memory() -> Result<()> {
    let mut changes = DbiChanges::new();
    let value = vec![1; 100_000];
    for n in 0..2_000_u32 {
        changes.put(b"key", &value)?;
        if n % 3 == 0 {
            changes.put(b"other", &n.to_le_bytes())?;
        }
        assert!(changes.bytes() < (65 << 20), "{} bytes after {n}", changes.bytes());
    }
    changes.tidy(0);
    assert!(changes.bytes() < 200_000, "{} bytes for two keys", changes.bytes());
    assert_eq!(changes.iter().map(|(key, _)| key).collect::<Vec<_>>(), [&b"key"[..], b"other"]);
    Ok(())
}

#[test]
fn keys_too_long_for_a_record_are_refused() -> Result<()> {
    let mut changes = DbiChanges::new();
    let long = vec![1; 1 << 16];
    assert!(changes.put(&long, b"").is_err() && changes.delete(&long).is_err());
    changes.put(&long[1..], b"")?;
    assert_eq!(changes.iter().count(), 1);
    Ok(())
}

#[test]
fn sets_are_shared_by_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<crate::write_set::set::WriteSet>();
}

#[test]
fn readers_on_many_threads_sort_once_and_see_the_same() -> Result<()> {
    let mut changes = DbiChanges::new();
    for n in 0..20_000 {
        changes.put(format!("key {:08x}", scattered(n)).as_bytes(), &n.to_le_bytes())?;
    }
    let changes = &changes;
    let found: Vec<_> = std::thread::scope(|scope| {
        let readers: Vec<_> = (0..8_u32)
            .map(|reader| {
                scope.spawn(move || {
                    let key = format!("key {:08x}", scattered(reader));
                    let value = changes.get(key.as_bytes()).and_then(|(_, value)| value);
                    (value == Some(&reader.to_le_bytes()[..]), changes.iter().count())
                })
            })
            .collect();
        readers.into_iter().filter_map(|reader| reader.join().ok()).collect()
    });
    assert_eq!(found, [(true, 20_000); 8]);
    Ok(())
}

#[test]
fn a_lone_change_needs_no_order_and_its_memory_is_reused() -> Result<()> {
    let mut changes = DbiChanges::new();
    for n in 0..3_u8 {
        changes.put(&[n], b"value")?;
        assert_eq!(changes.only(), Some((&[n][..], Some(&b"value"[..]))));
        let address = changes.only().map(|(key, _)| key.as_ptr());
        changes.reset();
        assert!(changes.only().is_none() && changes.is_empty());
        changes.delete(b"k")?;
        assert_eq!(changes.only(), Some((&b"k"[..], None)));
        assert_eq!(changes.only().map(|(key, _)| key.as_ptr()), address, "the room of the one before");
        changes.put(b"k", b"again")?;
        assert!(changes.only().is_none(), "two records, of which one is replaced");
        assert_eq!((changes.len(), changes.get(b"k")), (1, Some((&b"k"[..], Some(&b"again"[..])))));
        changes.reset();
    }
    Ok(())
}
