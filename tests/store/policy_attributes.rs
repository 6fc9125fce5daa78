//! Keys and prefixes as conditions of policies see them.

use mapleaf::store::policy::{Actor, Attribute, Condition, Operator, Policy, Rule};
use mapleaf::store::{GuardedRecords, Memory, Records};
use mapleaf::{ErrorKind, Key, Result};

use crate::records_support::kind;

type Guarded<K> = GuardedRecords<K, &'static str, Memory>;

/// Whether `meta.key` is this value in a call.
fn is_seen_as<K: Key>(
    get: impl Fn(&Guarded<K>) -> Result<Option<String>>,
    value: impl Into<Attribute>,
) -> Result<bool> {
    let store: Records<K, &str, _> = Records::open(&Memory::new()?, "store")?;
    let seen = Condition::new("meta.key", Operator::Eq, value)?;
    let policy = Policy::new().rule(Rule::allow(["store.key.get"], ["store"])?.when(seen));
    let refused = kind(get(&store.guarded(Actor::new("ann"), policy)));
    assert!(refused.is_none_or(|kind| kind == ErrorKind::PermissionDenied), "{refused:?}");
    Ok(refused.is_none())
}

#[test]
fn keys_are_text_or_numbers_or_shown() -> Result<()> {
    assert!(is_seen_as::<&str>(|store| store.get("a\"b"), "a\"b")?);
    assert!(!is_seen_as::<&str>(|store| store.get("a"), "b")?);
    assert!(is_seen_as::<u64>(|store| store.get(7), 7)?);
    assert!(!is_seen_as::<u64>(|store| store.get(7), "7")?);
    assert!(is_seen_as::<i32>(|store| store.get(-7), -7)?);
    assert!(is_seen_as::<u64>(|store| store.get(u64::MAX), "18446744073709551615")?);
    assert!(is_seen_as::<(u32, &str)>(|store| store.get((7, "home")), r#"(7, "home")"#)?);
    assert!(is_seen_as::<&[u8]>(|store| store.get(&[0, 255]), "0x00ff")?);
    assert!(is_seen_as::<bool>(|store| store.get(true), "true")?);
    Ok(())
}

#[test]
fn keys_that_cannot_be_stored_are_asked_for_too() -> Result<()> {
    let store: Records<&str, &str, _> = Records::open(&Memory::new()?, "store")?;
    let guarded = store.guarded(Actor::new("ann"), Policy::new());
    assert_eq!(kind(guarded.get("")), Some(ErrorKind::PermissionDenied));
    assert_eq!(kind(guarded.put("", "x")), Some(ErrorKind::PermissionDenied));
    let all = Policy::new().rule(Rule::allow(["*"], ["*"])?);
    assert_eq!(guarded.name(), "store");
    assert_eq!(kind(store.guarded(Actor::new("ann"), all).put("", "x")), Some(ErrorKind::InvalidKey));
    Ok(())
}

#[test]
fn all_records_have_an_empty_prefix() -> Result<()> {
    let store: Records<&str, &str, _> = Records::open(&Memory::new()?, "store")?;
    let of = |prefix: &str| {
        let seen = Condition::new("meta.prefix", Operator::Eq, prefix)?;
        Ok::<_, mapleaf::Error>(Policy::new().rule(Rule::allow(["store.key.list"], ["store"])?.when(seen)))
    };
    let (all, some) = (store.guarded(Actor::new("ann"), of("")?), store.guarded(Actor::new("ann"), of("a")?));
    assert_eq!((kind(all.len()), kind(all.count("a".."b"))), (None, None));
    let denied = Some(ErrorKind::PermissionDenied);
    assert_eq!((kind(some.len()), kind(some.count("a".."b"))), (denied, denied));
    Ok(())
}
