//! `test_atomic_ops`: the processor's atomic operations keep their promises.
use error::{PgError, PgResult};
use fmgr::Registry;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::SeqCst};
use types::Datum;

pub(crate) fn register(r: &mut Registry) {
    r.scalar("test_atomic_ops", |_cx, _a| {
        flags()?;
        words()?;
        long_words()?;
        locks()?;
        Ok(Datum::Bool(true))
    });
}

fn expect(holds: bool, what: &str) -> PgResult<()> {
    if holds { Ok(()) } else { Err(PgError::internal(format!("{what} was unexpectedly false"))) }
}

fn flags() -> PgResult<()> {
    let flag = AtomicBool::new(false);
    for _ in 0..2 {
        expect(!flag.swap(true, SeqCst), "a clear flag can be set")?;
        expect(flag.swap(true, SeqCst), "a set flag cannot")?;
        flag.store(false, SeqCst);
    }
    Ok(())
}

fn words() -> PgResult<()> {
    let word = AtomicU32::new(0);
    word.store(3, SeqCst);
    expect(word.fetch_add(1, SeqCst) == 3, "fetch_add gives the old value")?;
    expect(word.fetch_sub(4, SeqCst) == 4, "fetch_sub gives the old value")?;
    expect(word.fetch_sub(1, SeqCst) == 0 && word.load(SeqCst) == u32::MAX, "words wrap")?;
    expect(word.swap(5, SeqCst) == u32::MAX, "swap gives the old value")?;
    let failed = word.compare_exchange(10, 1, SeqCst, SeqCst);
    expect(failed == Err(5), "compare_exchange fails on another value")?;
    expect(word.compare_exchange(5, 1, SeqCst, SeqCst) == Ok(5), "compare_exchange succeeds")?;
    expect(word.fetch_or(6, SeqCst) == 1, "fetch_or gives the old value")?;
    expect(word.fetch_and(!1, SeqCst) == 7 && word.load(SeqCst) == 6, "fetch_and clears bits")
}

fn long_words() -> PgResult<()> {
    let word = AtomicU64::new(u64::MAX);
    expect(word.fetch_add(1, SeqCst) == u64::MAX && word.load(SeqCst) == 0, "long words wrap")?;
    expect(word.swap(1 << 40, SeqCst) == 0, "swap of a long word gives the old value")?;
    let swapped = word.compare_exchange(1 << 40, 7, SeqCst, SeqCst);
    expect(swapped == Ok(1 << 40), "compare_exchange of a long word succeeds")?;
    expect(word.fetch_or(8, SeqCst) == 7 && word.fetch_and(!7, SeqCst) == 15, "bits of long words")
}

fn locks() -> PgResult<()> {
    let lock = std::sync::Mutex::new(0);
    {
        let guard = lock.lock().map_err(|_| PgError::internal("a lock is poisoned"))?;
        expect(lock.try_lock().is_err(), "a held lock cannot be taken")?;
        drop(guard);
    }
    expect(lock.try_lock().is_ok(), "a free lock can be taken")
}
