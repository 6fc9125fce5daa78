//! A subscriber that keeps the spans and events of mapleaf.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Event, Level, Metadata, Subscriber};

/// A span or an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub name: String,
    pub level: Level,
    pub fields: BTreeMap<&'static str, String>,
    /// The span that it is in.
    pub parent: Option<String>,
    pub closed: bool,
}

impl Seen {
    pub fn number(&self, field: &str) -> u64 {
        self.fields
            .get(field)
            .and_then(|text| text.parse().ok())
            .unwrap_or_else(|| panic!("no number {field}: {self:?}"))
    }
}

impl Visit for Seen {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.fields.insert(field.name(), format!("{value:?}"));
    }
}

#[derive(Clone, Default)]
pub struct Collector(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    seen: Vec<Seen>,
    /// The spans that are entered, by all threads: each test has one.
    entered: Vec<usize>,
}

impl Collector {
    /// What was seen since the last call.
    pub fn take(&self) -> Vec<Seen> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        assert!(kept.entered.is_empty(), "a span is left open: {:?}", kept.seen);
        std::mem::take(&mut kept.seen)
    }

    fn add(&self, metadata: &Metadata<'_>, record: impl FnOnce(&mut Seen)) -> usize {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let parent = kept.entered.last().map(|at| kept.seen[*at].name.clone());
        let name = metadata.name().to_owned();
        let mut seen = Seen { name, level: *metadata.level(), fields: BTreeMap::new(), parent, closed: false };
        record(&mut seen);
        kept.seen.push(seen);
        kept.seen.len() - 1
    }

    fn change<T>(&self, id: &Id, change: impl FnOnce(&mut Kept, usize) -> T) -> T {
        let at = usize::try_from(id.into_u64() - 1).expect("an index");
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner), at)
    }
}

impl Subscriber for Collector {
    fn register_callsite(&self, _: &'static Metadata<'static>) -> Interest {
        Interest::sometimes()
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "mapleaf"
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let at = self.add(span.metadata(), |seen| span.record(seen));
        Id::from_u64(at as u64 + 1)
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        self.change(span, |kept, at| values.record(&mut kept.seen[at]));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        self.add(event.metadata(), |seen| event.record(seen));
    }

    fn enter(&self, span: &Id) {
        self.change(span, |kept, at| kept.entered.push(at));
    }

    fn exit(&self, span: &Id) {
        self.change(span, |kept, at| assert_eq!(kept.entered.pop(), Some(at), "spans end in their order"));
    }

    fn try_close(&self, span: Id) -> bool {
        self.change(&span, |kept, at| {
            // One that is closed after `take` is not in the list any more.
            if let Some(seen) = kept.seen.get_mut(at) {
                seen.closed = true;
            }
        });
        true
    }
}
