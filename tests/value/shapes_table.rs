//! A table of shapes and codecs: each shape reads back equal or is refused by every method that writes, as the table
//! says.

use std::fmt::Debug;
use std::rc::Rc;

use mapleaf::value::{AsValue, Context};
use mapleaf::{Batch, Dbi, Durability, Env, Error, ErrorKind, Msgpack, MsgpackCompact, Result, Value, WriteTxn};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub(crate) const CODECS: &str = if cfg!(feature = "json") { "MCJ" } else { "MC" };

/// A value of some shape, and which codecs keep it.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    /// `MCJ`, with a dash for each codec that refuses the value.
    kept_by: &'static str,
    value: Rc<dyn Shape>,
}

/// A row for `value`. `Msgpack` keeps it if `kept_by` has an `M`, `MsgpackCompact` if it has a `C`, `Json` if it has a
/// `J`.
pub(crate) fn row<T>(name: &'static str, kept_by: &'static str, value: T) -> Row
where
    T: Serialize + DeserializeOwned + PartialEq + Debug + 'static,
{
    Row { name, kept_by, value: Rc::new(value) }
}

/// A value with its type erased, so that the engine is compiled for one type and not for hundreds.
trait Shape {
    fn encode(&self, codec: char) -> Result<Vec<u8>>;
    /// Compares the value with what `bytes` decode to; the error describes a difference.
    fn compare(&self, codec: char, bytes: &[u8]) -> Result<(), String>;
}

impl<T: Serialize + DeserializeOwned + PartialEq + Debug + 'static> Shape for T {
    fn encode(&self, codec: char) -> Result<Vec<u8>> {
        match codec {
            'M' => encode::<Msgpack<T>>(&self),
            'C' => encode::<MsgpackCompact<T>>(&self),
            #[cfg(feature = "json")]
            'J' => encode::<mapleaf::Json<T>>(&self),
            other => panic!("there is no codec {other:?}"),
        }
    }

    fn compare(&self, codec: char, bytes: &[u8]) -> Result<(), String> {
        let read = match codec {
            'M' => decode::<Msgpack<T>>(bytes),
            'C' => decode::<MsgpackCompact<T>>(bytes),
            #[cfg(feature = "json")]
            'J' => decode::<mapleaf::Json<T>>(bytes),
            other => panic!("there is no codec {other:?}"),
        };
        read.map_or_else(
            |error| Err(unread(&error)),
            |read| if read == *self { Ok(()) } else { Err(differ(self, &read)) },
        )
    }
}

fn unread(error: &Error) -> String {
    format!("was written and cannot be read: {error}")
}

fn differ(wrote: &dyn Debug, read: &dyn Debug) -> String {
    format!("wrote {wrote:?}, read {read:?}")
}

fn encode<V: Value>(value: &V::Arg<'_>) -> Result<Vec<u8>> {
    let context = Context::new(&[0; 16], "d", b"k");
    V::encode(value, &context, &mut Vec::new()).map(<[u8]>::to_vec)
}

fn decode<V: Value>(bytes: &[u8]) -> Result<V::Owned> {
    V::decode(bytes, &Context::new(&[0; 16], "d", b"k")).map(V::own)
}

/// A value type for any shape and any of the codecs.
struct Shapes;

#[derive(Clone)]
enum Stored {
    Value(Rc<dyn Shape>, char),
    Read(Vec<u8>),
}

impl Stored {
    fn encode(&self) -> Result<Vec<u8>> {
        match self {
            Self::Value(shape, codec) => shape.encode(*codec),
            Self::Read(bytes) => Ok(bytes.clone()),
        }
    }
}

impl Value for Shapes {
    type Arg<'a> = &'a Stored;
    type Ref<'a> = &'a [u8];
    type Owned = Stored;

    fn name(out: &mut String) {
        out.push_str("shapes");
    }

    fn encode<'b>(value: &'b &Stored, context: &Context<'_>, buf: &'b mut Vec<u8>) -> Result<&'b [u8]> {
        AsValue::<Self>::encode_value(*value, context, buf)
    }

    fn decode<'a>(bytes: &'a [u8], _: &Context<'_>) -> Result<&'a [u8]> {
        Ok(bytes)
    }

    fn own(value: &[u8]) -> Stored {
        Stored::Read(value.to_vec())
    }

    fn as_arg(owned: &Stored) -> &Stored {
        owned
    }
}

impl AsValue<Shapes> for Stored {
    fn encode_value<'b>(&'b self, _: &Context<'_>, buf: &'b mut Vec<u8>) -> Result<&'b [u8]> {
        *buf = Self::encode(self)?;
        Ok(buf)
    }
}

pub(crate) fn rows() -> Vec<Row> {
    let mut rows = super::shapes_plain::rows();
    rows.extend(super::shapes_bytes::rows());
    rows.extend(super::shapes_options::rows());
    rows.extend(super::shapes_structs::rows());
    rows.extend(super::shapes_enums::rows());
    rows.extend(super::shapes_maps::rows());
    rows.extend(super::shapes_manual::rows());
    rows
}

struct Store {
    env: Env,
    shapes: Dbi<u8, Shapes>,
}

/// A named method that writes a value.
type Way = (&'static str, fn(&Store, &Stored) -> Result<()>);

impl Store {
    fn new() -> Result<Self> {
        let env = Env::options().durability(Durability::Eventual).temporary()?;
        let shapes = env.dbi("shapes")?;
        Ok(Self { env, shapes })
    }

    fn within<R>(&self, write: impl FnMut(&mut WriteTxn) -> Result<R>) -> Result<()> {
        self.env.transact(write).map(drop)
    }

    fn apply(&self, fill: impl FnOnce(&mut Batch) -> Result<()>) -> Result<()> {
        let mut batch = Batch::new();
        fill(&mut batch)?;
        self.env.apply(batch)
    }

    /// Writes a value and reads it. Returns whether it was kept; the error describes what is wrong.
    fn write(&self, value: &Rc<dyn Shape>, codec: char, way: Way) -> Result<bool, String> {
        let clear = self.env.transact(|txn| self.shapes.clear(txn));
        let written = clear.and_then(|_| way.1(self, &Stored::Value(value.clone(), codec)));
        let snap = self.env.snapshot().map_err(|error| error.to_string())?;
        let stored = self.shapes.get(&snap, 1).map_err(|error| error.to_string())?;
        match (written, stored) {
            (Ok(()), Some(bytes)) => value.compare(codec, bytes).map(|()| true),
            (Ok(()), None) => Err("was written and is not there".into()),
            (Err(error), left) => {
                let refused = error.kind() == ErrorKind::Encode && says_what(&error) && left.is_none();
                if refused { Ok(false) } else { Err(format!("refused with {error:?}, and left {left:?}")) }
            }
        }
    }

    /// Checks the rows one after the other and returns what is wrong. Each is written twice, because after the first
    /// time more is known of its type.
    fn check(&self, rows: &[Row], ways: &[Way]) -> Vec<String> {
        let mut wrong = Vec::new();
        for row in rows {
            for (codec, way) in CODECS.chars().flat_map(|codec| ways.iter().map(move |way| (codec, *way))) {
                for time in ["first", "second"] {
                    match self.write(&row.value, codec, way) {
                        Ok(kept) if kept == row.kept_by.contains(codec) => {}
                        Ok(kept) => wrong.push(format!("{} by {codec}, {}, {time}: kept {kept}", row.name, way.0)),
                        Err(what) => wrong.push(format!("{} by {codec}, {}, {time}: {what}", row.name, way.0)),
                    }
                }
            }
        }
        wrong
    }
}

/// Whether a refusal comes from the format, in serde's words, or names the type that does not read back.
fn says_what(error: &Error) -> bool {
    let message = error.message();
    message.starts_with("the value cannot be written as ") || message.starts_with("a value of `")
}

const PUT: Way = ("put", |store, value| store.within(|txn| store.shapes.put(txn, 1, value)));

const OTHERS: [Way; 12] = [
    ("insert", |store, value| store.within(|txn| store.shapes.insert(txn, 1, value))),
    ("replace", |store, value| store.within(|txn| store.shapes.replace(txn, 1, value))),
    ("update", |store, value| store.within(|txn| store.shapes.update(txn, 1, |_| Some(value.clone())))),
    ("get_or_put", |store, value| store.within(|txn| store.shapes.get_or_put(txn, 1, || value.clone()))),
    ("append", |store, value| store.within(|txn| store.shapes.append(txn, 1, value))),
    ("load", |store, value| store.within(|txn| store.shapes.load(txn, [(1, value.clone())]))),
    ("Batch::put", |store, value| store.apply(|batch| batch.put(&store.shapes, 1, value).map(drop))),
    ("Batch::insert", |store, value| store.apply(|batch| batch.insert(&store.shapes, 1, value).map(drop))),
    ("Batch::put_if", |store, value| {
        store.apply(|batch| batch.put_if(&store.shapes, 1, value, mapleaf::Expect::Absent).map(drop))
    }),
    ("submit", |store, value| {
        let mut batch = Batch::new();
        batch.put(&store.shapes, 1, value)?;
        store.env.submit(batch)?.wait()
    }),
    ("Loader::put", |store, value| {
        let mut loader = store.env.loader();
        loader.put(&store.shapes, 1, value)?;
        loader.finish().map(drop)
    }),
    ("Loader::load", |store, value| {
        let mut loader = store.env.loader();
        loader.load(&store.shapes, [(1, value.clone())])?;
        loader.finish().map(drop)
    }),
];

fn nothing_is(wrong: &[String]) {
    assert!(wrong.is_empty(), "{} of {} rows:\n{}", wrong.len(), rows().len(), wrong.join("\n"));
}

#[test]
fn each_shape_is_kept_or_refused_as_the_table_says() -> Result<()> {
    let rows = rows();
    assert!(rows.len() >= 200, "only {} rows", rows.len());
    nothing_is(&Store::new()?.check(&rows, &[PUT]));
    Ok(())
}

/// A refusal does not depend on which values of the type were kept before, and the reverse.
#[test]
fn the_order_of_values_does_not_matter() -> Result<()> {
    let mut rows = rows();
    rows.reverse();
    nothing_is(&Store::new()?.check(&rows, &[PUT]));
    Ok(())
}

/// Every fifth row is enough: the methods do not differ by shape.
#[test]
fn all_methods_that_write_refuse_the_same_values() -> Result<()> {
    let rows: Vec<_> = rows().into_iter().step_by(5).collect();
    let (kept, refused) = (rows.iter().any(|row| row.kept_by == "MCJ"), rows.iter().any(|row| row.kept_by == "---"));
    assert!(kept && refused);
    nothing_is(&Store::new()?.check(&rows, &OTHERS));
    Ok(())
}

/// The shapes in `docs/format.md`: the names of the rows, and the codecs that keep them.
fn documented() -> Vec<(String, String)> {
    let text = include_str!("../../docs/format.md");
    let section = text.split("### What each codec carries").nth(1).and_then(|rest| rest.split("\n### ").next());
    let mut out = Vec::new();
    for line in section.expect("there is a section").lines() {
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        let [_, names, m, c, j, _, _] = cells[..] else { continue };
        let kept = [(m, 'M'), (c, 'C'), (j, 'J')];
        if kept.iter().all(|(cell, _)| ["kept", "refused"].contains(cell)) {
            let by: String = kept.iter().map(|(cell, codec)| if *cell == "kept" { *codec } else { '-' }).collect();
            out.extend(names.split("; ").map(|name| (name.to_owned(), by.clone())));
        }
    }
    out
}

#[test]
fn the_documentation_lists_each_exception_and_no_other() {
    let mut exceptions: Vec<_> = rows()
        .iter()
        .filter(|row| row.kept_by != "MCJ")
        .map(|row| (row.name.to_owned(), row.kept_by.to_owned()))
        .collect();
    let mut documented = documented();
    exceptions.sort_unstable();
    documented.sort_unstable();
    let only = |of: &[(String, String)], other: &[(String, String)]| {
        of.iter().filter(|row| !other.contains(row)).cloned().collect::<Vec<_>>()
    };
    assert_eq!(only(&exceptions, &documented), [], "only in the test");
    assert_eq!(only(&documented, &exceptions), [], "only in the documentation");
    assert!(exceptions.len() >= 60, "{}", exceptions.len());
}

#[test]
fn row_names_are_unique() {
    let mut names: Vec<_> = rows().iter().map(|row| row.name).collect();
    names.sort_unstable();
    let twice: Vec<_> = names.windows(2).filter(|pair| pair[0] == pair[1]).collect();
    assert!(twice.is_empty(), "{twice:?}");
}
