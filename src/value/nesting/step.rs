//! The steps that serde takes through a value, as the writer takes them and as the reader asks for them.

/// One step. What a writer calls `serialize_u8` a reader calls `deserialize_u8`.
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
    /// An element of a sequence or a map, where there had been none before.
    First,
    /// A field that is left out.
    Skip,
}
