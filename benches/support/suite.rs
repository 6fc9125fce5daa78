//! A suite of cases: each raced for the ratio that is quoted, then measured by criterion, and all summed up on one page.

use std::process::ExitCode;
use std::time::Duration;

use criterion::{Criterion, SamplingMode, Throughput};

use super::machine::machine;
use super::race::{Race, Summary};
use super::{Outcome, Plan};

/// One comparison.
#[derive(Clone)]
pub(crate) struct Case {
    pub(crate) name: String,
    /// What a time is of: rows, look-ups, commits a round.
    pub(crate) operations: u32,
    /// The ratio that mapleaf must reach.
    pub(crate) target: Option<f64>,
}

impl Case {
    pub(crate) fn new(name: impl Into<String>, operations: u32) -> Self {
        Self { name: name.into(), operations, target: None }
    }

    pub(crate) fn target(mut self, ratio: f64) -> Self {
        self.target = Some(ratio);
        self
    }
}

/// All cases of one benchmark.
pub(crate) struct Suite {
    title: &'static str,
    pub(crate) plan: Plan,
    criterion: Criterion,
    results: Vec<(Case, Summary)>,
}

impl Suite {
    /// Runs `cases` and prints the page: the whole of a benchmark's `main`.
    pub(crate) fn main(title: &'static str, cases: impl FnOnce(&mut Self) -> Outcome) -> ExitCode {
        let run = || {
            let plan = Plan::from_env()?;
            let criterion = Criterion::default().configure_from_args();
            let mut suite = Self { title, plan, criterion, results: Vec::new() };
            cases(&mut suite)?;
            suite.print();
            suite.criterion.final_summary();
            Outcome::Ok(())
        };
        match run() {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("{title}: {error}");
                ExitCode::FAILURE
            }
        }
    }

    /// Whether the case is asked for: what it needs is not built otherwise.
    pub(crate) fn runs(&self, case: &Case) -> bool {
        self.plan.runs(&self.id(case))
    }

    /// Races the two sides, then lets criterion measure each. Both work on the same rows and come to the same sum.
    pub(crate) fn compare(
        &mut self,
        case: Case,
        mut heed: impl FnMut() -> Outcome<u64>,
        mut mapleaf: impl FnMut() -> Outcome<u64>,
    ) -> Outcome {
        if self.runs(&case) {
            self.race(&case, &mut heed, &mut mapleaf)?;
            self.measure(&case, heed, mapleaf);
        }
        Ok(())
    }

    /// Races the two sides: the ratio that is quoted.
    pub(crate) fn race(
        &mut self,
        case: &Case,
        heed: &mut impl FnMut() -> Outcome<u64>,
        mapleaf: &mut impl FnMut() -> Outcome<u64>,
    ) -> Outcome {
        if self.plan.list {
            return Ok(());
        }
        let race = Race::run(self.plan.rounds, heed, mapleaf).map_err(|error| format!("{}: {error}", case.name))?;
        self.results.push((case.clone(), race.summary(case.operations)));
        Ok(())
    }

    /// Lets criterion measure each side by itself, for its own reports and comparisons between runs.
    pub(crate) fn measure(
        &mut self,
        case: &Case,
        mut heed: impl FnMut() -> Outcome<u64>,
        mut mapleaf: impl FnMut() -> Outcome<u64>,
    ) {
        let mut group = self.criterion.benchmark_group(self.id(case));
        group.sampling_mode(SamplingMode::Flat).sample_size(10);
        group.warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(2));
        group.throughput(Throughput::Elements(u64::from(case.operations)));
        group.bench_function("heed", |bencher| bencher.iter(|| heed().expect("it worked in the race")));
        group.bench_function("mapleaf", |bencher| bencher.iter(|| mapleaf().expect("it worked in the race")));
        group.finish();
    }

    fn id(&self, case: &Case) -> String {
        format!("{}/{}", self.title, case.name)
    }

    fn print(&self) {
        let Self { title, plan, results, .. } = self;
        if results.is_empty() {
            return;
        }
        println!("\n{title}: {} rows, {} rounds in turn; files in {}", plan.rows, plan.rounds, plan.dir().display());
        println!("{}", machine());
        if plan.quick {
            println!("a quick check that everything runs: the times say nothing");
        }
        let (case, heed, mapleaf, ratio, spread) =
            ("time of one operation", "heed", "mapleaf", "ratio", "least - most");
        println!("{case:<44} {heed:>10} {mapleaf:>10} {ratio:>7}  {spread}");
        for (case, summary) in results {
            let verdict = match case.target.filter(|_| !plan.quick) {
                Some(target) if summary.ratio >= target => format!("  target {target:.2}: met"),
                Some(target) => format!("  target {target:.2}: missed"),
                None => String::new(),
            };
            println!("{:<44} {summary}{verdict}", case.name);
        }
    }
}
