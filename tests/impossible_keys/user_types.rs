//! User-defined key types: they are absent at their position exactly where the type that they are stored as is.

use mapleaf::{ErrorKind, Result};

use crate::bytes::{LONG_ELEMENT, MAX};
use crate::common::user_keys::Email;
use crate::law::{Case, holds};

#[test]
fn too_long_user_tags_are_absent_at_their_position() -> Result<()> {
    let tag = |text: &str| Email(text.to_owned());
    let mut ends = vec![tag(""), tag("b"), tag(&"m".repeat(MAX - 1)), tag(&"z".repeat(MAX - 1))];
    ends.push(tag(&"\0".repeat(MAX / 2)));
    let case = Case::<Email, Email> {
        stored: ["", "\0", "a", "m", "mm", "z"].map(tag).into(),
        probes: vec![tag(&"m".repeat(LONG_ELEMENT))],
        ends,
        arg: |tag| tag,
        order: Clone::clone,
        refusal: |Email(text)| {
            let len = text.len() + text.bytes().filter(|byte| *byte == 0).count() + 2;
            (len > MAX).then_some(ErrorKind::TooLarge)
        },
    };
    holds::<Email, Email>(&case)
}

#[cfg(feature = "jiff")]
#[test]
fn user_events_beyond_the_ends_of_time_are_absent_at_their_position() -> Result<()> {
    use jiff::Timestamp as Jiff;
    use mapleaf::KeyAs;

    #[derive(Clone, Copy, Debug)]
    struct Event(u8, Jiff);

    impl KeyAs for Event {
        type As = (u8, Jiff);
        type Arg<'a> = Event;
        const NAME: &'static str = "event";

        fn to_key(&self) -> (u8, Jiff) {
            (self.0, self.1)
        }

        fn from_key((n, time): (u8, Jiff)) -> Result<Self> {
            Ok(Self(n, time))
        }
    }

    let times = [Jiff::UNIX_EPOCH, mapleaf::Timestamp::MIN.into(), mapleaf::Timestamp::MAX.into()];
    let around =
        |times: &[Jiff]| (0..3).flat_map(|n| times.iter().map(move |time| Event(n * 127, *time))).collect::<Vec<_>>();
    holds::<Event, (u8, i128)>(&Case {
        stored: around(&times),
        probes: vec![],
        ends: around(&[Jiff::MIN, Jiff::MAX]),
        arg: |event| *event,
        order: |event| (event.0, event.1.as_nanosecond()),
        refusal: |event| i64::try_from(event.1.as_nanosecond()).is_err().then_some(ErrorKind::InvalidKey),
    })
}
