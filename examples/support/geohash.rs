//! Geohashes: places near each other share a prefix, so that an area is one prefix scan.

const ALPHABET: &[u8; 32] = b"0123456789bcdefghjkmnpqrstuvwxyz";

/// The geohash of a place, `len` characters: 5 are about 5 km, 7 about 150 m. It begins with every shorter one.
///
/// `lat` and `lon` are in degrees; values outside -90 to 90 and -180 to 180 count as the border.
pub(crate) fn geohash(lat: f64, lon: f64, len: usize) -> String {
    let (mut lats, mut lons) = ((-90.0, 90.0), (-180.0, 180.0));
    let mut bits = (0..).map(|at| if at % 2 == 0 { halve(&mut lons, lon) } else { halve(&mut lats, lat) });
    (0..len)
        .map(|_| {
            let digit = bits.by_ref().take(5).fold(0, |digit, bit| digit << 1 | usize::from(bit));
            char::from(ALPHABET[digit])
        })
        .collect()
}

/// Narrows the range to the half that contains `x`, and returns whether that is the upper one.
fn halve(range: &mut (f64, f64), x: f64) -> bool {
    let middle = f64::midpoint(range.0, range.1);
    let upper = x >= middle;
    *(if upper { &mut range.0 } else { &mut range.1 }) = middle;
    upper
}
