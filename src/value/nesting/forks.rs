//! Types that serde writes in one form for human-readable formats and in another for binary formats. One of the two
//! forms may lose a part of the value.

/// The name of a type without a leading `&`, as bytes.
#[cfg_attr(not(debug_assertions), inline(always))]
pub(super) fn referred(name: &'static str) -> &'static [u8] {
    let bytes = name.as_bytes();
    bytes.strip_prefix(b"&").unwrap_or(bytes)
}

/// Whether both forms of the type with this name, or of the type that a reference of this name refers to, are known to
/// carry the whole value. In optimized builds it is a constant for each type.
///
/// `SocketAddr` is one of them: the address in it chooses the form. An unknown name only makes writing slower.
#[cfg_attr(not(debug_assertions), inline(always))]
pub(super) fn is_whole(name: &'static str) -> bool {
    matches!(
        referred(name),
        b"core::net::ip_addr::IpAddr"
            | b"core::net::ip_addr::Ipv4Addr"
            | b"core::net::ip_addr::Ipv6Addr"
            | b"core::net::socket_addr::SocketAddr"
            | b"core::net::socket_addr::SocketAddrV4"
            | b"uuid::Uuid"
    )
}

#[cfg(test)]
mod tests {
    use std::any::type_name;
    use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

    use super::is_whole;

    #[test]
    fn addresses_that_both_forms_carry_are_known_by_their_names() {
        for name in [
            type_name::<IpAddr>(),
            type_name::<&Ipv4Addr>(),
            type_name::<Ipv6Addr>(),
            type_name::<SocketAddr>(),
            type_name::<SocketAddrV4>(),
        ] {
            assert!(is_whole(name), "{name}");
        }
        #[cfg(feature = "uuid")]
        assert!(is_whole(type_name::<uuid::Uuid>()));
        // The binary form of a `SocketAddrV6` has no scope.
        assert!(!is_whole(type_name::<SocketAddrV6>()));
        assert!(!is_whole(type_name::<Box<SocketAddrV6>>()));
    }
}
