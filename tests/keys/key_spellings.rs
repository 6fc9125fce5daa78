//! All forms of passing a key give the same bytes, and a key that cannot be stored is refused.

use std::borrow::Cow;

use mapleaf::ErrorKind;
use mapleaf::key::{AsKey, Key, KeyBuf, Reverse};

fn whole<K: Key>(key: impl AsKey<K>) -> Vec<u8> {
    key.encode_key(&mut KeyBuf::from_slice(b"left over")).expect("a key").to_vec()
}

fn element<K: Key>(key: impl AsKey<K>) -> Vec<u8> {
    let mut buf = KeyBuf::new();
    key.encode_key_part(&mut buf).expect("a key");
    buf.to_vec()
}

fn refused<K: Key>(key: impl AsKey<K>) -> String {
    let mut buf = KeyBuf::new();
    let error = key.encode_key(&mut buf).expect_err("no key");
    assert_eq!(error.kind(), ErrorKind::InvalidKey);
    error.to_string()
}

macro_rules! same {
    ($($key:ty, $whole:expr, $element:expr => $($form:expr),+;)*) => {
        $($(
            assert_eq!(whole::<$key>($form), $whole, stringify!($form));
            assert_eq!(element::<$key>($form), $element, stringify!($form));
        )+)*
    };
}

#[test]
fn all_forms_of_text_give_the_same_key() {
    let owned = "ab".to_owned();
    same! {
        &str, b"ab", b"ab\0\x01" => "ab", &"ab", owned.clone(), &owned, Cow::Borrowed("ab"), &Cow::Borrowed("ab");
        String, b"ab", b"ab\0\x01" => "ab", &"ab", owned.clone(), &owned, Cow::Borrowed("ab"), &Cow::Borrowed("ab");
    }
}

#[test]
fn all_forms_of_bytes_give_the_same_key() {
    let (owned, slice) = (b"ab".to_vec(), &b"ab"[..]);
    same! {
        &[u8], b"ab", b"ab\0\x01" => slice, &slice, b"ab", *b"ab", owned.clone(), &owned, Cow::Borrowed(slice);
        Vec<u8>, b"ab", b"ab\0\x01" => slice, &slice, b"ab", *b"ab", owned.clone(), &owned, &Cow::Borrowed(slice);
        [u8; 2], b"ab", b"ab" => *b"ab", b"ab";
    }
}

#[test]
fn all_forms_of_numbers_and_composites_give_the_same_key() {
    let (user, page) = (7u8, "p".to_owned());
    same! {
        u8, [7], [7] => 7, &7, user, &user;
        Option<u8>, [1, 7], [1, 7] => Some(7), &Some(7);
        Option<&str>, [0], [0] => None, &None;
        Reverse<u8>, [0xF8], [0xF8] => Reverse(7), &Reverse(7);
        Reverse<Option<u8>>, [0xFF], [0xFF] => Reverse(None);
        (u8, &str), b"\x07p\0\x01", b"\x07p\0\x01" =>
            (7, "p"), (&7, &page), (user, page.clone()), &(7, "p"), (user, Cow::Borrowed("p"));
        ((u8, &str), Option<u8>), b"\x07p\0\x01\0", b"\x07p\0\x01\0" => ((7, "p"), None), ((user, &page), None);
    }
}

#[test]
fn a_text_key_is_not_copied() {
    let (text, mut buf) = ("ab", KeyBuf::new());
    let bytes = <&str as Key>::encode(&text, &mut buf).expect("a key");
    assert_eq!(bytes.as_ptr(), text.as_ptr());
    let read = <&str as Key>::decode(text.as_bytes()).expect("all_forms_of_text_give_the_same_key");
    assert_eq!(read.as_ptr(), text.as_ptr());
    let (read,) = <(&str,)>::decode(b"ab\0\x01").expect("all_forms_of_text_give_the_same_key");
    assert!(matches!(read, Cow::Borrowed("ab")), "nothing was escaped");
}

#[test]
fn keys_up_to_512_bytes_stay_on_the_stack_and_longer_ones_work() {
    for length in [509usize, 510, 511, 512, 5000] {
        let mut buf = KeyBuf::new();
        let text = "x".repeat(length);
        <(&str,)>::encode_part(&(&text,), &mut buf).expect("a key");
        assert_eq!(buf.len(), length + 2);
        assert_eq!(buf.spilled(), buf.len() > 512);
    }
}

#[test]
fn keys_that_cannot_be_stored_are_refused() {
    assert!(refused::<&str>("").contains("(text,)"));
    assert!(refused::<String>(String::new()).contains("(text,)"));
    assert!(refused::<&[u8]>(b"").contains("(bytes,)"));
    assert!(refused::<Vec<u8>>(Vec::new()).contains("(bytes,)"));
    assert!(refused::<f64>(f64::NAN).contains("NaN"));
    assert!(refused::<f32>(-f32::NAN).contains("NaN"));
    assert!(refused::<(u8, f64)>((1, f64::NAN)).contains("NaN"));
    assert!(refused::<Option<f64>>(Some(f64::NAN)).contains("NaN"));
    assert!(refused::<Reverse<f64>>(Reverse(f64::NAN)).contains("NaN"));
    assert_eq!(whole::<(&str,)>(("",)), [0, 1], "empty text in a tuple is a key");
}
