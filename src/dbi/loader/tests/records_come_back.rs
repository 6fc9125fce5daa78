//! A record is read back as it was written, and no prefix of it is a record.

use proptest::collection::vec;
use proptest::prelude::*;

use crate::dbi::loader::record::{self, Extent, Rank, Row, Stored};
use crate::page::word_at;

proptest! {
    #[test]
    fn a_record_is_read_back_and_none_of_its_prefixes_is(
        dbi in any::<u32>(),
        key in vec(any::<u8>(), 0..600),
        value in vec(any::<u8>(), 0..300),
        apart in proptest::option::of((any::<u64>(), 0..1_u32 << 31, any::<u64>())),
        rest in vec(any::<u8>(), 0..20),
    ) {
        let value = apart.map_or(Stored::Here(&value[..]), |(at, len, checksum)| {
            Stored::Apart(Extent { at, len, checksum })
        });
        let row = Row { dbi, key: &key, value };
        let mut bytes = Vec::new();
        row.write(&mut bytes);
        prop_assert_eq!(bytes.len(), row.size());
        for end in 0..bytes.len() {
            prop_assert!(record::read(&bytes[..end]).is_none());
        }
        bytes.extend_from_slice(&rest);
        prop_assert_eq!(record::read(&bytes), Some((row, &rest[..])));
    }

    #[test]
    fn ranks_sort_like_their_keys(
        (one, other) in (vec(0..3_u8, 0..11), vec(0..3_u8, 0..11)),
        dbis in (0..2_u32, 0..2_u32),
    ) {
        let rank = |dbi, key| Rank { dbi, head: word_at(key, 0), key };
        let expected = (dbis.0, &one).cmp(&(dbis.1, &other));
        prop_assert_eq!(rank(dbis.0, &one).order(&rank(dbis.1, &other)), expected);
    }
}
