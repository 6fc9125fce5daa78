//! The forms in which the beginning of a text or bytes key is passed.

/// Calls `$emit! { [parameters] form: key types; .. }` with every form, and the key types that it is a prefix of.
macro_rules! for_text_and_bytes {
    ($emit:ident) => {
        $emit! {
            [] &str: &str, String;
            [] String: &str, String;
            [] &String: &str, String;
            [] &[u8]: &[u8], Vec<u8>;
            [] Vec<u8>: &[u8], Vec<u8>;
            [] &Vec<u8>: &[u8], Vec<u8>;
            [const N: usize] [u8; N]: &[u8], Vec<u8>;
            [const N: usize] &[u8; N]: &[u8], Vec<u8>;
        }
    };
}

pub(super) use for_text_and_bytes;
