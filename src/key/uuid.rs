//! `uuid::Uuid` as a key: its 16 bytes. Version 7 sorts by creation time; versions 1 and 4 do not.

use uuid::Uuid;

use crate::key::fixed::fixed_key;

fixed_key!(Uuid, "uuid", 16, |uuid| Ok(uuid.into_bytes()), |bytes| Ok(Uuid::from_bytes(bytes)));
