//! The machine: its pages, its clock and its boots.

use nix::time::{ClockId, clock_gettime};
use nix::unistd::{SysconfVar, sysconf};

pub(crate) fn system_page_size() -> usize {
    sysconf(SysconfVar::PAGE_SIZE)
        .ok()
        .flatten()
        .and_then(|size| usize::try_from(size).ok())
        .filter(|size| size.is_power_of_two())
        .unwrap_or(4096)
}

#[inline]
pub(crate) fn coarse_milliseconds() -> u64 {
    clock_gettime(ClockId::CLOCK_MONOTONIC_COARSE).map_or(0, |now| {
        u64::try_from(now.tv_sec()).unwrap_or(0) * 1000 + u64::try_from(now.tv_nsec()).unwrap_or(0) / 1_000_000
    })
}

pub(crate) fn boot_id() -> Vec<u8> {
    std::fs::read("/proc/sys/kernel/random/boot_id").map(|text| text.trim_ascii().to_vec()).unwrap_or_default()
}
