//! A recorder that keeps the sums of counters, and the number and sum of the values of histograms.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use metrics::{
    Counter, CounterFn, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString, Unit,
};

#[derive(Clone, Debug, Default)]
pub struct Sums {
    pub counters: BTreeMap<String, u64>,
    pub histograms: BTreeMap<String, (u64, f64)>,
    pub units: BTreeMap<String, Option<Unit>>,
}

#[derive(Clone, Default)]
pub struct Sum(Arc<Mutex<Sums>>);

impl Sum {
    pub fn now(&self) -> Sums {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The sum of a counter, 0 if it was never counted.
    pub fn of(&self, name: &str) -> u64 {
        self.now().counters.get(name).copied().unwrap_or(0)
    }

    fn change(&self, change: impl FnOnce(&mut Sums)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

struct Of(Sum, String);

impl CounterFn for Of {
    fn increment(&self, value: u64) {
        self.0.change(|sums| *sums.counters.entry(self.1.clone()).or_default() += value);
    }

    fn absolute(&self, _: u64) {
        panic!("mapleaf sets no counter");
    }
}

impl HistogramFn for Of {
    fn record(&self, value: f64) {
        self.0.change(|sums| {
            let (count, sum) = sums.histograms.entry(self.1.clone()).or_default();
            (*count, *sum) = (*count + 1, *sum + value);
        });
    }
}

impl Recorder for Sum {
    fn describe_counter(&self, key: KeyName, unit: Option<Unit>, _: SharedString) {
        self.change(|sums| {
            sums.units.insert(key.as_str().to_owned(), unit);
        });
    }

    fn describe_gauge(&self, key: KeyName, _: Option<Unit>, _: SharedString) {
        panic!("{key:?}: mapleaf has no gauges");
    }

    fn describe_histogram(&self, key: KeyName, unit: Option<Unit>, description: SharedString) {
        self.describe_counter(key, unit, description);
    }

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(Arc::new(Of(self.clone(), key.name().to_owned())))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        panic!("{key:?}: mapleaf has no gauges");
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(Arc::new(Of(self.clone(), key.name().to_owned())))
    }
}
