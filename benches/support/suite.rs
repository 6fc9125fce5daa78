//! A suite of cases. Each is raced for the published ratio, the small ones are then measured by criterion, and one
//! page sums up all.

use std::process::ExitCode;
use std::time::Duration;

use criterion::{Criterion, SamplingMode, Throughput};

use super::case::Case;
use super::machine::machine;
use super::race::{Lane, Race, Role};
use super::rows::short;
use super::{Outcome, Plan};

/// All cases of one benchmark.
pub(crate) struct Suite {
    title: &'static str,
    pub(crate) plan: Plan,
    criterion: Criterion,
    lines: Vec<String>,
}

impl Suite {
    /// Runs `cases` and prints the page: the `main` of a benchmark.
    pub(crate) fn main(title: &'static str, cases: impl FnOnce(&mut Self) -> Outcome) -> ExitCode {
        let run = || {
            let plan = Plan::from_env()?;
            let criterion = Criterion::default().configure_from_args();
            let mut suite = Self { title, plan, criterion, lines: Vec::new() };
            let outcome = cases(&mut suite);
            // What was measured before an error is printed too.
            suite.print();
            outcome?;
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

    /// Whether the case is selected; if not, its data is not built.
    pub(crate) fn runs(&self, case: &Case) -> bool {
        self.plan.runs(&self.id(case))
    }

    /// Whether any of the cases is selected, and not only listed.
    pub(crate) fn runs_any(&self, cases: &[Case]) -> bool {
        !self.plan.list && cases.iter().any(|case| self.runs(case))
    }

    /// Races the two sides, then lets criterion measure each. Both work on the same rows and must return the same
    /// sum.
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

    /// Races the two sides for the published ratio.
    pub(crate) fn race(
        &mut self,
        case: &Case,
        heed: &mut impl FnMut() -> Outcome<u64>,
        mapleaf: &mut impl FnMut() -> Outcome<u64>,
    ) -> Outcome {
        self.race_lanes(case, vec![Lane::new(Role::Heed, heed), Lane::new(Role::Mapleaf, mapleaf)])
    }

    /// Races any lanes, heed's and mapleaf's among them, if the case is selected. Criterion does not measure these.
    pub(crate) fn race_lanes(&mut self, case: &Case, lanes: Vec<Lane<'_>>) -> Outcome {
        self.race_rounds(case, self.plan.rounds, 1, lanes)
    }

    /// As [`race_lanes`](Self::race_lanes), for long rounds: at most `most` rounds, after `warming` rounds that do
    /// not count.
    pub(crate) fn race_rounds(&mut self, case: &Case, most: u64, warming: u64, mut lanes: Vec<Lane<'_>>) -> Outcome {
        if self.plan.list || !self.runs(case) {
            return Ok(());
        }
        let race = Race::run(self.plan.rounds.min(most), warming, &mut lanes);
        let race = race.map_err(|error| format!("{}: {error}", case.name))?;
        self.came_out(case, &race);
        Ok(())
    }

    /// Notes the result of a race and prints it at once, because a full run takes a while.
    pub(crate) fn came_out(&mut self, case: &Case, race: &Race) {
        for line in case.lines(race, !self.plan.quick) {
            self.note(line);
        }
    }

    /// Adds a line to the page.
    pub(crate) fn note(&mut self, line: String) {
        eprintln!("{line}");
        self.lines.push(line);
    }

    /// Lets criterion measure each side alone, for its own reports and for comparisons between runs.
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
        let Self { title, plan, lines, .. } = self;
        if lines.is_empty() {
            return;
        }
        let (rows, large) = (short(plan.rows), short(plan.large));
        let (small_in, large_in) = (plan.dir(), if plan.quick { plan.dir() } else { plan.kept_dir() });
        println!("\n{title}: {} rounds in turn", plan.rounds);
        println!("{rows} rows in {}; {large} rows in {}", small_in.display(), large_in.display());
        println!("{}", machine());
        if plan.quick {
            println!("a quick check that everything runs: the times say nothing");
        }
        let (case, heed, mapleaf, ratio, spread) =
            ("time of one operation", "heed", "mapleaf", "ratio", "least - most");
        println!("{case:<44} {heed:>10} {mapleaf:>10} {ratio:>7}  {spread}");
        for line in lines {
            println!("{line}");
        }
    }
}
