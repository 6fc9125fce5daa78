//! `put_as` stores the bytes of another type if they are read as the same value of the DBI's type, and nothing else.

use std::borrow::Cow;
use std::collections::BTreeMap;

use mapleaf::{Dbi, Env, ErrorKind, Json, Msgpack, MsgpackCompact, Result, Value};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Debug, PartialEq, Clone)]
struct User {
    name: String,
    tags: Vec<String>,
    kind: Kind,
    at: Point,
    note: Option<String>,
    #[serde(default)]
    ages: BTreeMap<String, u8>,
}

#[derive(Serialize, Deserialize, Debug, PartialEq, Clone)]
struct Point(u32, String);

#[derive(Serialize, Deserialize, Debug, PartialEq, Clone)]
enum Kind {
    Guest,
    Named(String),
    Known { since: u64 },
}

#[derive(Serialize)]
struct UserRef<'a> {
    name: &'a str,
    tags: &'a [&'a str],
    kind: KindRef<'a>,
    at: PointRef<'a>,
    note: Option<Cow<'a, str>>,
    ages: &'a BTreeMap<&'a str, u8>,
}

#[derive(Serialize)]
struct PointRef<'a>(u32, &'a str);

#[derive(Serialize)]
enum KindRef<'a> {
    Guest,
    Named(&'a str),
    Known { since: u64 },
}

/// The verb of one codec, and its plain `put`.
trait Codec {
    type As<T: Serialize + serde::de::DeserializeOwned + 'static>: for<'a> Value<Arg<'a> = &'a T, Ref<'a> = T, Owned = T>;
    fn put_as<T: Serialize + serde::de::DeserializeOwned + 'static, U: Serialize + ?Sized>(
        dbi: &Dbi<u32, Self::As<T>>,
        env: &Env,
        value: &U,
    ) -> Result<()>;
}

macro_rules! codecs {
    ($($name:ident $marker:ident),+) => {$(
        struct $name;
        impl Codec for $name {
            type As<T: Serialize + serde::de::DeserializeOwned + 'static> = $marker<T>;
            fn put_as<T: Serialize + serde::de::DeserializeOwned + 'static, U: Serialize + ?Sized>(
                dbi: &Dbi<u32, $marker<T>>,
                env: &Env,
                value: &U,
            ) -> Result<()> {
                env.transact(|txn| dbi.put_as(txn, 1, value))
            }
        }
    )+};
}

codecs!(ByName Msgpack, ByPosition MsgpackCompact, AsText Json);

/// Stores `value` as another type twice, so that the second time relies on the first. Returns what is read.
fn stored<C: Codec, T, U>(value: &U) -> Result<T>
where
    T: Serialize + serde::de::DeserializeOwned + 'static,
    U: Serialize + ?Sized,
{
    let env = Env::temporary()?;
    let dbi: Dbi<u32, C::As<T>> = env.dbi("d")?;
    C::put_as(&dbi, &env, value)?;
    C::put_as(&dbi, &env, value)?;
    Ok(dbi.get(&env.snapshot()?, 1)?.expect("it was stored"))
}

fn refused<C: Codec, T, U>(value: &U)
where
    T: Serialize + serde::de::DeserializeOwned + 'static,
    U: Serialize + ?Sized,
{
    let error = stored::<C, T, U>(value).map(drop).expect_err("it is not read as the same value");
    assert_eq!((error.kind(), error.operation()), (ErrorKind::Encode, Some("put_as")), "{error}");
}

fn borrowed_forms_are_read_as_the_owned_ones<C: Codec>() -> Result<()> {
    let ages = BTreeMap::from([("ann", 42), ("bob", 3)]);
    for kind in [Kind::Guest, Kind::Named("x".to_owned()), Kind::Known { since: 7 }] {
        for note in [None, Some("hello")] {
            let user = User {
                name: "Ann".to_owned(),
                tags: vec!["a".to_owned(), "b".to_owned()],
                kind: kind.clone(),
                at: Point(7, "Oslo".to_owned()),
                note: note.map(str::to_owned),
                ages: ages.iter().map(|(name, age)| ((*name).to_owned(), *age)).collect(),
            };
            let kind = match &kind {
                Kind::Guest => KindRef::Guest,
                Kind::Named(name) => KindRef::Named(name),
                Kind::Known { since } => KindRef::Known { since: *since },
            };
            let at = PointRef(7, "Oslo");
            let written = UserRef { name: "Ann", tags: &["a", "b"], kind, at, note: note.map(Cow::from), ages: &ages };
            assert_eq!(stored::<C, User, _>(&written)?, user);
        }
    }
    assert_eq!(stored::<C, Vec<String>, [&str]>(&["a", "b"])?, ["a", "b"]);
    assert_eq!(stored::<C, String, str>("text")?, "text");
    Ok(())
}

#[derive(Serialize)]
struct Missing<'a> {
    name: &'a str,
}

#[derive(Serialize, Deserialize)]
struct Two {
    name: String,
    #[serde(default)]
    nick: String,
}

#[derive(Serialize)]
struct Three<'a> {
    name: &'a str,
    nick: &'a str,
    age: u8,
}

#[derive(Serialize)]
struct Swapped<'a> {
    nick: &'a str,
    name: &'a str,
}

fn others_are_refused<C: Codec>() {
    refused::<C, User, _>(&Missing { name: "Ann" });
    // It would be read with a default that was never written.
    refused::<C, Two, _>(&Missing { name: "Ann" });
    // The third field would be lost.
    refused::<C, Two, _>(&Three { name: "Ann", nick: "A", age: 42 });
    refused::<C, Two, _>(&Swapped { nick: "A", name: "Ann" });
    refused::<C, String, _>(&7);
    refused::<C, u8, _>(&300_u32);
    refused::<C, Option<Option<u8>>, Option<Option<u8>>>(&Some(None));
}

#[test]
fn by_name() -> Result<()> {
    others_are_refused::<ByName>();
    borrowed_forms_are_read_as_the_owned_ones::<ByName>()
}

#[test]
fn by_position() -> Result<()> {
    others_are_refused::<ByPosition>();
    borrowed_forms_are_read_as_the_owned_ones::<ByPosition>()
}

#[test]
fn as_text() -> Result<()> {
    others_are_refused::<AsText>();
    borrowed_forms_are_read_as_the_owned_ones::<AsText>()
}

#[test]
fn the_bytes_are_those_of_put() -> Result<()> {
    let env = Env::temporary()?;
    let dbi: Dbi<u32, Msgpack<Point>> = env.dbi("d")?;
    env.transact(|txn| {
        dbi.put(txn, 1, &Point(7, "Oslo".to_owned()))?;
        dbi.put_as(txn, 2, &PointRef(7, "Oslo"))?;
        let raw = dbi.iter(txn)?.raw().map(|row| row.map(|(_, value)| value)).collect::<Result<Vec<_>>>()?;
        assert_eq!(raw[0], raw[1]);
        assert_eq!(dbi.put_as(txn, 3, &7).map_err(|error| error.kind()), Err(ErrorKind::Encode));
        assert_eq!(dbi.len(txn)?, 2);
        Ok(())
    })
}
