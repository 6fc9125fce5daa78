//! The bytes of paths are frozen.

use mapleaf::key::{Key, Path};

use crate::path_support::{alone, parse, part_bytes};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
}

#[test]
fn paths_have_the_bytes_of_the_format() {
    for (text, key, part) in [
        ("/a", "61 00 01", "01 61 00 01 00"),
        ("/a/b", "61 00 01 62 00 01", "01 61 00 01 01 62 00 01 00"),
        ("/user:42", "75 73 65 72 3a 34 32 00 01", "01 75 73 65 72 3a 34 32 00 01 00"),
        ("/f:", "66 3a 00 01", "01 66 3a 00 01 00"),
        ("/a\0b", "61 00 ff 62 00 01", "01 61 00 ff 62 00 01 00"),
        ("/\0", "00 ff 00 01", "01 00 ff 00 01 00"),
        ("/é", "c3 a9 00 01", "01 c3 a9 00 01 00"),
        (" ", "00 01", "01 00 01 00"),
        ("a/:/b", "61 00 01 00 01 62 00 01", "01 61 00 01 01 00 01 01 62 00 01 00"),
    ] {
        let path = parse(text);
        assert_eq!(hex(&alone(&path)), key, "{text:?}");
        assert_eq!(hex(&path.subtree_bytes()), key, "{text:?}");
        assert_eq!(hex(&part_bytes(&path)), part, "{text:?}");
        assert_eq!(Path::decode(&alone(&path)).expect("its own bytes"), path);
    }
    assert_eq!(hex(&part_bytes(&Path::new())), "00");
}
