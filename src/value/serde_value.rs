//! What the codecs of serde types share: the shape of their [`Value`](super::Value) implementation.

/// Implements `Value` and `AsValue` for a marker around a serde type, from its schema name and two functions:
/// `write(&T, &mut Vec<u8>) -> Result<()>` and `read(&[u8]) -> Result<T>`.
macro_rules! serde_value {
    ($codec:ident, $name:literal, $write:path, $read:path) => {
        impl<T: Serialize + DeserializeOwned + 'static> Value for $codec<T> {
            type Arg<'a> = &'a T;
            type Ref<'a> = T;
            type Owned = T;

            fn name(out: &mut String) {
                out.push_str($name);
            }

            fn encode<'b>(value: &'b &T, context: &Context<'_>, buf: &'b mut Vec<u8>) -> Result<&'b [u8]> {
                <&T as AsValue<$codec<T>>>::encode_value(value, context, buf)
            }

            fn decode(bytes: &[u8], _: &Context<'_>) -> Result<T> {
                $read(bytes)
            }

            fn own(value: T) -> T {
                value
            }

            fn as_arg(owned: &T) -> &T {
                owned
            }
        }

        impl<T: Serialize + DeserializeOwned + 'static> AsValue<$codec<T>> for &T {
            fn encode_value<'b>(&'b self, context: &Context<'_>, buf: &'b mut Vec<u8>) -> Result<&'b [u8]> {
                <T as AsValue<$codec<T>>>::encode_value(self, context, buf)
            }
        }

        impl<T: Serialize + DeserializeOwned + 'static> AsValue<$codec<T>> for T {
            fn encode_value<'b>(&'b self, _: &Context<'_>, buf: &'b mut Vec<u8>) -> Result<&'b [u8]> {
                buf.clear();
                $write(self, buf)?;
                checked(buf)
            }
        }
    };
}

pub(super) use serde_value;
