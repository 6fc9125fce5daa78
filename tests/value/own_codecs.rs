//! Codecs of a program's own, by other crates, work with every verb that takes a value.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use mapleaf::value::Context;
use mapleaf::{Batch, Dbi, Env, Error, ErrorKind, Result, Value};
use proptest::collection::vec;
use proptest::prelude::*;
use rkyv::api::high::{HighDeserializer, HighSerializer, HighValidator};
use rkyv::bytecheck::CheckBytes;
use rkyv::rancor;
use rkyv::ser::allocator::ArenaHandle;
use rkyv::util::AlignedVec;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Any serde type, by postcard.
struct Postcard<T>(PhantomData<T>);

impl<T: Serialize + DeserializeOwned + 'static> Value for Postcard<T> {
    type Arg<'a> = &'a T;
    type Ref<'a> = T;
    type Owned = T;

    fn name(out: &mut String) {
        out.push_str("postcard");
    }

    fn encode<'b>(value: &'b &T, _: &Context<'_>, buf: &'b mut Vec<u8>) -> Result<&'b [u8]> {
        *buf = postcard::to_stdvec(*value).map_err(|cause| Error::new(ErrorKind::Encode, cause.to_string()))?;
        Ok(buf)
    }

    fn decode(bytes: &[u8], _: &Context<'_>) -> Result<T> {
        match postcard::take_from_bytes(bytes) {
            Ok((value, [])) => Ok(value),
            Ok(_) => Err(Error::new(ErrorKind::Decode, "bytes follow the value")),
            Err(cause) => Err(Error::new(ErrorKind::Decode, cause.to_string())),
        }
    }

    fn own(value: T) -> T {
        value
    }

    fn as_arg(owned: &T) -> &T {
        owned
    }
}

/// Any archived type, by rkyv: read in place, from any address, since its feature `unaligned` is on.
struct Rkyv<T>(PhantomData<T>);

impl<T> Value for Rkyv<T>
where
    T: for<'a> rkyv::Serialize<HighSerializer<AlignedVec, ArenaHandle<'a>, rancor::Error>> + 'static,
    T::Archived: for<'a> CheckBytes<HighValidator<'a, rancor::Error>>
        + rkyv::Deserialize<T, HighDeserializer<rancor::Error>>
        + 'static,
{
    type Arg<'a> = &'a T;
    type Ref<'a> = &'a T::Archived;
    type Owned = T;

    fn name(out: &mut String) {
        out.push_str("rkyv");
    }

    fn encode<'b>(value: &'b &T, _: &Context<'_>, buf: &'b mut Vec<u8>) -> Result<&'b [u8]> {
        let bytes = rkyv::to_bytes::<rancor::Error>(*value);
        buf.extend_from_slice(&bytes.map_err(|cause| Error::new(ErrorKind::Encode, cause.to_string()))?);
        Ok(buf)
    }

    fn decode<'a>(bytes: &'a [u8], _: &Context<'_>) -> Result<&'a T::Archived> {
        let value = rkyv::access::<T::Archived, rancor::Error>(bytes);
        value.map_err(|cause| Error::new(ErrorKind::Decode, cause.to_string()))
    }

    fn own(value: &T::Archived) -> T {
        rkyv::deserialize::<T, rancor::Error>(value).expect("a checked value of these types is deserialized")
    }

    fn as_arg(owned: &T) -> &T {
        owned
    }
}

#[derive(
    Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize, rkyv::Archive, rkyv::Serialize, rkyv::Deserialize,
)]
struct User {
    name: String,
    age: u32,
    tags: Vec<(u64, bool)>,
}

fn user() -> impl Strategy<Value = User> {
    (any::<String>(), any::<u32>(), vec(any::<(u64, bool)>(), 0..8)).prop_map(|(name, age, tags)| User {
        name,
        age,
        tags,
    })
}

/// Stores the rows by each verb in turn, and reads them back.
fn stores<V>(rows: &BTreeMap<u32, User>) -> Result<()>
where
    V: for<'a> Value<Owned = User, Arg<'a> = &'a User>,
{
    let env = Env::temporary()?;
    let users: Dbi<u32, V> = env.dbi("users")?;
    let all = |kept: &str| -> Result<()> {
        let snap = env.snapshot()?;
        let found =
            users.iter(&snap)?.map(|row| row.map(|(key, value)| (key, V::own(value)))).collect::<Result<_>>()?;
        assert_eq!(rows, &found, "{kept}");
        env.transact(|txn| users.clear(txn).map(drop))
    };
    env.transact(|txn| rows.iter().try_for_each(|(key, user)| users.put(txn, *key, user)))?;
    all("put")?;
    env.transact(|txn| users.load(txn, rows.iter().map(|(key, user)| (*key, user))))?;
    all("load")?;
    env.transact(|txn| users.try_load(txn, rows.iter().map(|(key, user)| Ok::<_, Error>((*key, user)))))?;
    all("try_load")?;
    let mut loader = env.loader();
    loader.load(&users, rows.iter().map(|(key, user)| (*key, user)))?;
    loader.finish()?;
    all("loader")?;
    let mut batch = Batch::new();
    for (key, user) in rows {
        batch.put(&users, *key, user)?;
    }
    env.apply(batch)?;
    all("batch")?;
    env.transact(|txn| {
        for (key, user) in rows {
            users.update(txn, *key, |old| old.is_none().then(|| user.clone()))?;
        }
        Ok(())
    })?;
    all("update")
}

/// Changed and shortened bytes are a value or a `Decode` error, and reading and owning it does not panic.
fn refuses<V>(user: &User, changes: &[(prop::sample::Index, u8)], end: prop::sample::Index) -> Result<()>
where
    V: for<'a> Value<Owned = User, Arg<'a> = &'a User>,
{
    let context = Context::new(&[0; 16], "users", b"key");
    let mut buf = Vec::new();
    let mut bytes = V::encode(&user, &context, &mut buf)?.to_vec();
    for (at, byte) in changes {
        let at = at.index(bytes.len());
        bytes[at] ^= byte;
    }
    for bytes in [&bytes[..], &bytes[..end.index(bytes.len())]] {
        if let Err(error) = V::decode(bytes, &context).map(V::own) {
            assert_eq!(error.kind(), ErrorKind::Decode);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn every_verb_takes_their_values(rows in prop::collection::btree_map(any::<u32>(), user(), 0..20)) {
        stores::<Postcard<User>>(&rows)?;
        stores::<Rkyv<User>>(&rows)?;
    }
}

proptest! {
    #[test]
    fn damaged_bytes_are_decode_errors(
        user in user(),
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        end: prop::sample::Index,
    ) {
        refuses::<Postcard<User>>(&user, &changes, end)?;
        refuses::<Rkyv<User>>(&user, &changes, end)?;
    }
}

#[test]
fn an_archived_value_is_read_in_place() -> Result<()> {
    let env = Env::temporary()?;
    let users: Dbi<&str, Rkyv<User>> = env.dbi("users")?;
    let ann = User { name: "Ann Example".into(), age: 42, tags: vec![(7, true)] };
    // Keys of all lengths put the values at all addresses.
    let keys: Vec<_> = (1..40).map(|len| "k".repeat(len)).collect();
    env.transact(|txn| users.load(txn, keys.iter().map(|key| (key, &ann))))?;
    let snap = env.snapshot()?;
    for key in &keys {
        let found = users.get(&snap, key)?.expect("it was put");
        assert_eq!((&*found.name, found.age.to_native(), found.tags[0].0.to_native()), ("Ann Example", 42, 7));
    }
    Ok(())
}
