//! A slow reader is an event and is counted once, beside the callback, by the engine's own thread.

use std::sync::mpsc::channel;
use std::time::Duration;

use mapleaf::{Dbi, Env, Error, Result};

use crate::collector::Collector;
use crate::common::process;
use crate::recorder::Sum;

#[test]
fn a_slow_reader_is_an_event_and_is_counted_once() -> Result<()> {
    // In a process of its own: the subscriber and the recorder are those of all threads.
    process::apart("slow_readers_are_reported::a_slow_reader_is_an_event_and_is_counted_once", || {
        let (collector, sum) = (Collector::default(), Sum::default());
        tracing::subscriber::set_global_default(collector.clone()).map_err(Error::other)?;
        metrics::set_global_recorder(sum.clone()).map_err(|_| Error::other("there is a recorder"))?;
        let (sender, told) = channel();
        let env = Env::options()
            .on_slow_reader(Duration::from_millis(20), move |reader| {
                let _ = sender.send((reader.id, reader.lag));
            })
            .temporary()?;
        let rows: Dbi<u64, u64> = env.dbi("rows")?;
        let snap = env.snapshot()?;
        (0..3).try_for_each(|n| env.transact(|txn| rows.put(txn, n, n)))?;
        let (id, lag) = told.recv_timeout(Duration::from_secs(30)).map_err(Error::other)?;
        assert_eq!((id, lag), (snap.id(), 3));
        assert_eq!(sum.of("mapleaf_slow_readers_total"), 1);
        let seen = collector.take();
        let events: Vec<_> = seen.iter().filter(|seen| seen.fields.contains_key("age_ms")).collect();
        let [event] = &events[..] else { panic!("one event: {seen:?}") };
        assert_eq!((event.number("id"), event.number("lag"), event.level), (id, 3, tracing::Level::WARN));
        assert!(event.number("age_ms") >= 20);
        assert_eq!(event.fields["message"], "slow reader");
        Ok(())
    })
}
