//! The steps that serde takes through a value: the calls of the writer, and the requests of the reader.

/// One step: what a writer calls as `serialize_u8`, a reader calls as `deserialize_u8`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::value) enum Step {
    Bool,
    I8,
    I16,
    I32,
    I64,
    I128,
    U8,
    U16,
    U32,
    U64,
    U128,
    F32,
    F64,
    Char,
    Str,
    Bytes,
    Option,
    Unit,
    UnitStruct,
    Newtype,
    Seq,
    Tuple,
    TupleStruct,
    Map,
    Struct,
    Enum,
    UnitVariant,
    NewtypeVariant,
    TupleVariant,
    StructVariant,
    /// The first element of a sequence or a map.
    First,
    /// A skipped field.
    Skip,
}
