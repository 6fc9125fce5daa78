//! Text and bytes are borrowed from the stored bytes, not copied.

use crate::value_support::{context, encode};
use mapleaf::value::decode_as;
use mapleaf::{Msgpack, MsgpackCompact, Result, Value};
use serde::{Deserialize, Serialize, Serializer};

#[track_caller]
fn assert_part_of(part: &[u8], whole: &[u8]) {
    assert!(whole.as_ptr_range().contains(&part.as_ptr()), "a copy was read");
}

#[test]
fn bytes_and_text_are_read_without_a_copy() -> Result<()> {
    let stored = b"stored".to_vec();
    assert_part_of(<&[u8]>::decode(&stored, &context())?, &stored);
    assert_part_of(<&str>::decode(&stored, &context())?.as_bytes(), &stored);
    Ok(())
}

#[test]
fn bytes_and_text_are_written_without_a_copy() -> Result<()> {
    let (value, mut buf) = (String::from("stored"), Vec::new());
    assert_part_of(<&str>::encode(&value.as_str(), &context(), &mut buf)?, value.as_bytes());
    assert_part_of(<&[u8]>::encode(&value.as_bytes(), &context(), &mut buf)?, value.as_bytes());
    Ok(())
}

fn as_bytes<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bytes(bytes)
}

#[derive(Serialize, Deserialize)]
struct Photo {
    title: String,
    #[serde(serialize_with = "as_bytes")]
    pixels: Vec<u8>,
    tags: Vec<String>,
}

#[derive(Deserialize)]
struct PhotoRef<'a> {
    title: &'a str,
    pixels: &'a [u8],
    #[serde(borrow)]
    tags: Vec<&'a str>,
}

#[test]
fn structs_borrow_their_text_and_bytes() -> Result<()> {
    let photo = Photo { title: "Kyōto".into(), pixels: vec![200; 300], tags: vec!["a".into(), "temple".into()] };
    for stored in [encode::<Msgpack<Photo>>(&&photo)?, encode::<MsgpackCompact<Photo>>(&&photo)?] {
        let read: PhotoRef<'_> = decode_as(&stored)?;
        assert_eq!((read.title, read.pixels, &read.tags), ("Kyōto", &photo.pixels[..], &vec!["a", "temple"]));
        assert_part_of(read.title.as_bytes(), &stored);
        assert_part_of(read.pixels, &stored);
        assert_part_of(read.tags[1].as_bytes(), &stored);
    }
    Ok(())
}
