//! One comparison: its subject, its target, and the lines that report its result.

use std::fmt::Write;

use super::race::{Race, Role, shown};

/// The target of a comparison.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Target {
    /// This many times as fast as heed.
    Ratio(f64),
    /// This many times as fast as heed, or this share of the memory bandwidth.
    RatioOrMemory(f64, f64),
    /// This many times as fast as the lane beside, or this share of the memory bandwidth.
    BesideOrMemory(f64, f64),
    /// This many times as fast as heed, and as the lane beside.
    RatioAndBeside(f64),
    /// At most this many seconds per operation.
    Time(f64),
    /// At most this share more time than without checks.
    Checks(f64),
}

/// One comparison.
#[derive(Clone)]
pub(crate) struct Case {
    pub(crate) name: String,
    /// The number of operations in a round: rows, look-ups or commits.
    pub(crate) operations: u32,
    targets: Vec<Target>,
    /// The bytes of the pages that a round touches.
    touched: u64,
}

impl Case {
    pub(crate) fn new(name: impl Into<String>, operations: u32) -> Self {
        Self { name: name.into(), operations, targets: Vec::new(), touched: 0 }
    }

    /// The ratio that mapleaf must reach.
    pub(crate) fn target(self, ratio: f64) -> Self {
        self.must(Target::Ratio(ratio))
    }

    pub(crate) fn must(mut self, target: Target) -> Self {
        self.targets.push(target);
        self
    }

    pub(crate) fn touching(mut self, bytes: u64) -> Self {
        self.touched = bytes;
        self
    }

    /// The line of the case, and below it those of the other lanes.
    pub(crate) fn lines(&self, race: &Race, judge: bool) -> Vec<String> {
        let summary = race.summary(self.operations);
        let figures = Figures::of(self, race);
        let verdicts: String = self
            .targets
            .iter()
            .filter(|target| judge && !matches!(target, Target::Checks(_)))
            .map(|target| verdict(*target, summary.ratio, summary.mapleaf, &figures))
            .collect();
        let mut lines = vec![format!("{:<44} {summary}{verdicts}", self.name)];
        lines.extend(figures.checks.map(|checks| self.checks_line(checks, race, judge)));
        if let Some((Role::Beside(name), _)) = race.times(is_beside) {
            let each = race.median_of(is_beside).unwrap_or_default() / f64::from(self.operations.max(1));
            lines.push(format!("    {name}: {}; mapleaf {:.2}x that", shown(each), figures.beside.unwrap_or_default()));
        }
        lines.extend(self.memory_line(race, &figures));
        lines
    }

    fn checks_line(&self, checks: f64, race: &Race, judge: bool) -> String {
        let each = race.median_of(|role| role == Role::Unchecked).unwrap_or_default();
        let each = shown(each / f64::from(self.operations.max(1)));
        let than = if checks < 0.0 { "less" } else { "more" };
        let mut line = format!("    without a check: {each}; mapleaf takes {:.1} % {than}", checks.abs() * 100.0);
        for target in self.targets.iter().filter(|_| judge) {
            if let Target::Checks(most) = target {
                let _ = write!(line, "  target at most {:.0} %: {}", most * 100.0, met(checks <= *most));
            }
        }
        line
    }

    fn memory_line(&self, race: &Race, figures: &Figures) -> Option<String> {
        let (Role::Memory(bytes), times) = race.times(is_memory)? else { return None };
        let per_second = |bytes: u64, seconds: f64| gigabytes(bytes) / seconds.max(1e-9);
        let best = times.iter().min()?.as_secs_f64();
        let median = race.median_of(is_memory)?;
        let (best, median) = (per_second(bytes, best), per_second(bytes, median));
        let mut line = format!("    memory: {median:.1} GB/s, best {best:.1}");
        if let (true, Some(share)) = (self.touched > 0, figures.memory) {
            let ours = per_second(self.touched, race.median_of(|role| role == Role::Mapleaf)?);
            let _ = write!(line, "; pages of mapleaf's round {ours:.1} GB/s, {:.0} % of the median", share * 100.0);
        }
        Some(line)
    }
}

/// How mapleaf compares with the lanes other than heed's.
struct Figures {
    checks: Option<f64>,
    beside: Option<f64>,
    memory: Option<f64>,
}

impl Figures {
    fn of(case: &Case, race: &Race) -> Self {
        let mapleaf = race.median_of(|role| role == Role::Mapleaf).unwrap_or_default().max(1e-9);
        let unchecked = race.median_of(|role| role == Role::Unchecked);
        let streamed = race.times(is_memory).and_then(|(role, _)| match role {
            Role::Memory(bytes) => Some(gigabytes(bytes)),
            _ => None,
        });
        let memory = race.median_of(is_memory).zip(streamed);
        let memory = memory.map(|(seconds, bytes)| (gigabytes(case.touched) / mapleaf) / (bytes / seconds.max(1e-9)));
        Self {
            checks: unchecked.map(|unchecked| mapleaf / unchecked.max(1e-9) - 1.0),
            beside: race.median_of(is_beside).map(|beside| beside / mapleaf),
            memory,
        }
    }
}

fn verdict(target: Target, ratio: f64, seconds: f64, figures: &Figures) -> String {
    let (beside, memory) = (figures.beside.unwrap_or_default(), figures.memory.unwrap_or_default());
    match target {
        Target::Ratio(least) => format!("  target {least:.2}x: {}", met(ratio >= least)),
        Target::RatioOrMemory(least, share) => {
            let met = met(ratio >= least || memory >= share);
            format!("  target {least:.2}x, or {:.0} % of memory: {met}", share * 100.0)
        }
        Target::BesideOrMemory(least, share) => {
            let met = met(beside >= least || memory >= share);
            format!("  target {least:.2}x the line below, or {:.0} % of memory: {met}", share * 100.0)
        }
        Target::RatioAndBeside(least) => {
            format!("  target {least:.2}x this and the line below: {}", met(ratio.min(beside) >= least))
        }
        Target::Time(most) => format!("  target {}: {}", shown(most), met(seconds <= most)),
        Target::Checks(_) => String::new(),
    }
}

fn met(met: bool) -> &'static str {
    if met { "met" } else { "missed" }
}

fn is_beside(role: Role) -> bool {
    matches!(role, Role::Beside(_))
}

fn is_memory(role: Role) -> bool {
    matches!(role, Role::Memory(_))
}

fn gigabytes(bytes: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "files are far below 2^53 bytes")]
    let bytes = bytes as f64;
    bytes / 1e9
}
