//! Encoding and decoding outside an environment.

use mapleaf::value::{AsValue, Context};
use mapleaf::{ErrorKind, Result, Value};

const ENV: [u8; 16] = [7; 16];

pub(crate) fn context() -> Context<'static> {
    Context::new(&ENV, "dbi", b"key")
}

pub(crate) fn encode<V: Value>(value: &V::Arg<'_>) -> Result<Vec<u8>> {
    // Earlier content of the buffer must not show.
    let mut buf = vec![0xAA; 3];
    V::encode(value, &context(), &mut buf).map(<[u8]>::to_vec)
}

pub(crate) fn encode_as<V>(value: &impl AsValue<V>) -> Result<Vec<u8>> {
    let mut buf = vec![0xAA; 3];
    value.encode_value(&context(), &mut buf).map(<[u8]>::to_vec)
}

pub(crate) fn decode<V: Value>(bytes: &[u8]) -> Result<V::Owned> {
    V::decode(bytes, &context()).map(V::own)
}

pub(crate) fn name<V: Value>() -> String {
    let mut name = String::new();
    V::name(&mut name);
    name
}

#[track_caller]
pub(crate) fn refused<T>(result: Result<T>, kind: ErrorKind) -> String {
    let error = result.err().expect("must be refused");
    assert_eq!(error.kind(), kind, "{error:?}");
    error.to_string()
}
