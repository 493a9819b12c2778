//! How much memory the machine has, and what share of it the server takes; and the allocator.
use tikv_jemallocator::Jemalloc;

/// For the storage engine's memory too. Its arenas keep threads from waiting for each other, and it gives
/// back what is not used.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

/// The allocator's options: the caches are far larger than what the processor's page tables hold at once, so
/// memory comes in huge pages where the machine has them.
#[unsafe(export_name = "malloc_conf")]
static ALLOCATOR_OPTIONS: &[u8] = b"thp:always,metadata_thp:auto\0";

/// The machine's memory in bytes; `None` if it does not say.
fn total() -> Option<usize> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kilobytes: usize = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kilobytes.checked_mul(1024)
}

/// Bytes for rows that are read one at a time: an eighth of the machine, which the file cache would otherwise
/// hold in larger blocks. Taken only as rows are read.
pub fn read_cache() -> usize {
    const LEAST: usize = 64 << 20;
    const MOST: usize = 4 << 30;
    total().map_or(LEAST, |bytes| (bytes / 8).clamp(LEAST, MOST))
}
