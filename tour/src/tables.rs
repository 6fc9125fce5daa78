//! The eight DBIs: two primary ones and six indexes.

use mapleaf::{Dbi, Env, Msgpack, Result, WriteTxn};

use super::support::{Event, Place, geohash};

/// How many characters of a geohash are kept: cells of about 5 m.
const GEOHASH: usize = 9;

/// Handles, opened once. Each is typed: a key of another shape does not compile.
pub(crate) struct Tables {
    pub(crate) places: Dbi<u32, Msgpack<Place>>,
    pub(crate) by_population: Dbi<(&'static str, u32, u32), ()>,
    pub(crate) by_name: Dbi<(&'static str, u32), ()>,
    pub(crate) by_geohash: Dbi<(&'static str, u32), ()>,
    pub(crate) events: Dbi<(i64, &'static str, u16), Msgpack<Event>>,
    pub(crate) by_origin: Dbi<(&'static str, i64, &'static str, u16), ()>,
    pub(crate) by_tail: Dbi<(&'static str, i64, &'static str, u16), ()>,
    pub(crate) by_delay: Dbi<(&'static str, i16, i64, u16), ()>,
}

impl Tables {
    pub(crate) fn open(env: &Env) -> Result<Self> {
        Ok(Self {
            places: env.dbi("places")?,
            by_population: env.dbi("places by country, population, id")?,
            by_name: env.dbi("places by name, id")?,
            by_geohash: env.dbi("places by geohash, id")?,
            events: env.dbi("events")?,
            by_origin: env.dbi("events by origin, ts, carrier, flight")?,
            by_tail: env.dbi("events by tail, ts, carrier, flight")?,
            by_delay: env.dbi("events by carrier, dep_delay, ts, flight")?,
        })
    }

    /// Stores a place and its index entries, and returns the number of entries.
    pub(crate) fn put_place(&self, txn: &mut WriteTxn, place: &Place) -> Result<u64> {
        self.places.put(txn, place.id, place)?;
        self.by_population.put(txn, (&place.country, place.population, place.id), ())?;
        self.by_name.put(txn, (&place.name, place.id), ())?;
        self.by_geohash.put(txn, (&geohash(place.lat, place.lon, GEOHASH), place.id), ())?;
        Ok(4)
    }

    /// Stores an event and its index entries. An event without tail or delay is not in that index.
    pub(crate) fn put_event(&self, txn: &mut WriteTxn, event: &Event) -> Result<u64> {
        let Event { ts, carrier, flight, .. } = event;
        self.events.put(txn, (*ts, carrier, *flight), event)?;
        self.by_origin.put(txn, (&event.origin, *ts, carrier, *flight), ())?;
        let mut entries = 2;
        if let Some(tail) = &event.tail {
            self.by_tail.put(txn, (tail, *ts, carrier, *flight), ())?;
            entries += 1;
        }
        if let Some(delay) = event.dep_delay {
            self.by_delay.put(txn, (carrier, delay, *ts, *flight), ())?;
            entries += 1;
        }
        Ok(entries)
    }
}
