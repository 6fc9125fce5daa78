//! The bytes and the schema names of keys are frozen: old files must stay readable.

use crate::key_support::{Sample, alone, part};
use mapleaf::key::{Key, Reverse};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02X}"))
}

/// The bytes are the same alone and in a tuple.
fn golden<K: Sample>(value: K::Owned, bytes: &str) {
    golden_forms::<K>(value, bytes, bytes);
}

fn golden_forms<K: Sample>(value: K::Owned, whole: &str, element: &str) {
    assert_eq!(alone::<K>(&value).as_deref().map(hex).as_deref(), Some(whole), "{value:?} alone");
    assert_eq!(hex(&part::<K>(&value)), element, "{value:?} in a tuple");
}

#[test]
fn integers_have_these_bytes() {
    golden::<u8>(7, "07");
    golden::<u16>(258, "0102");
    golden::<u32>(1, "00000001");
    golden::<u64>(0x0102_0304_0506_0708, "0102030405060708");
    golden::<u64>(u64::MAX, "FFFFFFFFFFFFFFFF");
    golden::<u128>(1, "00000000000000000000000000000001");
    golden::<usize>(258, "0000000000000102");
    golden::<i8>(-1, "7F");
    golden::<i8>(0, "80");
    golden::<i16>(-2, "7FFE");
    golden::<i32>(1, "80000001");
    golden::<i64>(i64::MIN, "0000000000000000");
    golden::<i64>(-1, "7FFFFFFFFFFFFFFF");
    golden::<i64>(i64::MAX, "FFFFFFFFFFFFFFFF");
    golden::<i128>(-1, "7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF");
    golden::<isize>(1, "8000000000000001");
}

#[test]
fn floats_have_these_bytes() {
    golden::<f64>(f64::NEG_INFINITY, "000FFFFFFFFFFFFF");
    golden::<f64>(-1.0, "400FFFFFFFFFFFFF");
    golden::<f64>(-0.0, "7FFFFFFFFFFFFFFF");
    golden::<f64>(0.0, "8000000000000000");
    golden::<f64>(1.0, "BFF0000000000000");
    golden::<f64>(f64::INFINITY, "FFF0000000000000");
    golden::<f32>(-1.0, "407FFFFF");
    golden::<f32>(1.0, "BF800000");
}

#[test]
fn small_types_have_these_bytes() {
    golden::<bool>(false, "00");
    golden::<bool>(true, "01");
    golden::<char>('A', "00000041");
    golden::<char>('\u{1F600}', "0001F600");
    golden::<()>((), "00");
    golden::<[u8; 3]>([0, 1, 255], "0001FF");
}

#[test]
fn text_and_bytes_have_these_bytes() {
    golden_forms::<&str>("abc".into(), "616263", "6162630001");
    golden_forms::<&str>("a\0b".into(), "610062", "6100FF620001");
    golden_forms::<String>("\u{E9}".into(), "C3A9", "C3A90001");
    golden_forms::<&[u8]>(vec![0, 255], "00FF", "00FFFF0001");
    golden_forms::<Vec<u8>>(vec![1], "01", "010001");
}

#[test]
fn composites_have_these_bytes() {
    golden::<Option<u16>>(None, "00");
    golden::<Option<u16>>(Some(7), "010007");
    golden::<Option<&str>>(Some("a".into()), "01610001");
    golden::<Option<&str>>(Some(String::new()), "010001");
    golden::<Reverse<u16>>(Reverse(1), "FFFE");
    golden::<Reverse<&str>>(Reverse("a".into()), "9EFFFE");
    golden::<(&str,)>((String::new(),), "0001");
    golden::<(u8, &str)>((7, "a".into()), "07610001");
    golden::<(&str, u8)>(("a\0".into(), 255), "6100FF0001FF");
    golden::<((&str, bool), i8)>((("a".into(), true), -1), "610001017F");
}

#[test]
fn schema_names_and_widths_are_frozen() {
    fn named<K: Key>(expected: &str, width: Option<usize>) {
        let mut name = String::new();
        K::name(&mut name);
        assert_eq!((name.as_str(), K::WIDTH), (expected, width));
    }
    named::<u8>("u8", Some(1));
    named::<u16>("u16", Some(2));
    named::<u32>("u32", Some(4));
    named::<u64>("u64", Some(8));
    named::<u128>("u128", Some(16));
    named::<usize>("u64", Some(8));
    named::<i8>("i8", Some(1));
    named::<i64>("i64", Some(8));
    named::<isize>("i64", Some(8));
    named::<f32>("f32", Some(4));
    named::<f64>("f64", Some(8));
    named::<bool>("bool", Some(1));
    named::<char>("char", Some(4));
    named::<()>("()", Some(1));
    named::<[u8; 16]>("[u8;16]", Some(16));
    named::<&str>("str", None);
    named::<String>("str", None);
    named::<&[u8]>("bytes", None);
    named::<Vec<u8>>("bytes", None);
    named::<Option<u8>>("option<u8>", None);
    named::<Reverse<u64>>("reverse<u64>", Some(8));
    named::<Reverse<&str>>("reverse<str>", None);
    named::<(&str,)>("(str)", None);
    named::<(u8, i32, [u8; 3])>("(u8,i32,[u8;3])", Some(8));
    named::<((u8, &str), u64)>("((u8,str),u64)", None);
}
