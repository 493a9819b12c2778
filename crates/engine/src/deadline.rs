//! Statement and transaction timeouts: one thread that cancels tokens when their time has come.
use parking_lot::{Condvar, Mutex};
use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    sync::{
        Arc, OnceLock, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use txn::{CancelReason, CancelToken};

/// A session's armed timeouts: a deadline fires only while its number is the current one.
#[derive(Default)]
pub(crate) struct Armed {
    statement: AtomicU64,
    transaction: AtomicU64,
}

impl Armed {
    fn slot(&self, reason: CancelReason) -> &AtomicU64 {
        match reason {
            CancelReason::StatementTimeout => &self.statement,
            _ => &self.transaction,
        }
    }

    /// Disarms a timeout.
    pub(crate) fn disarm(&self, reason: CancelReason) {
        self.slot(reason).store(0, Ordering::SeqCst);
    }

    pub(crate) fn is_armed(&self, reason: CancelReason) -> bool {
        self.slot(reason).load(Ordering::SeqCst) != 0
    }
}

struct Deadline {
    number: u64,
    reason: CancelReason,
    armed: Weak<Armed>,
    token: CancelToken,
}

#[derive(Default)]
struct Queue {
    heap: BinaryHeap<Reverse<(Instant, u64)>>,
    deadlines: std::collections::HashMap<u64, Deadline>,
    next: u64,
}

#[derive(Default)]
struct Clock {
    queue: Mutex<Queue>,
    changed: Condvar,
}

static CLOCK: OnceLock<Arc<Clock>> = OnceLock::new();

fn clock() -> &'static Arc<Clock> {
    CLOCK.get_or_init(|| {
        let clock = Arc::new(Clock::default());
        let worker = clock.clone();
        // Without the thread timeouts do not fire; statements still run.
        let _ = std::thread::Builder::new().name("deadlines".into()).spawn(move || worker.run());
        clock
    })
}

/// Cancels `token` after `timeout` unless the timeout is disarmed or armed anew before.
pub(crate) fn arm(
    armed: &Arc<Armed>,
    token: &CancelToken,
    reason: CancelReason,
    timeout: Duration,
) {
    let clock = clock();
    let mut queue = clock.queue.lock();
    queue.next += 1;
    let number = queue.next;
    armed.slot(reason).store(number, Ordering::SeqCst);
    let Some(at) = Instant::now().checked_add(timeout) else { return };
    queue.heap.push(Reverse((at, number)));
    let deadline = Deadline { number, reason, armed: Arc::downgrade(armed), token: token.clone() };
    queue.deadlines.insert(number, deadline);
    drop(queue);
    clock.changed.notify_one();
}

impl Clock {
    fn run(&self) {
        let mut queue = self.queue.lock();
        loop {
            let Some(Reverse((at, number))) = queue.heap.peek().copied() else {
                self.changed.wait(&mut queue);
                continue;
            };
            if at > Instant::now() {
                self.changed.wait_until(&mut queue, at);
                continue;
            }
            queue.heap.pop();
            if let Some(deadline) = queue.deadlines.remove(&number) {
                deadline.fire();
            }
        }
    }
}

impl Deadline {
    fn fire(self) {
        let Some(armed) = self.armed.upgrade() else { return };
        let slot = armed.slot(self.reason);
        if slot.compare_exchange(self.number, 0, Ordering::SeqCst, Ordering::SeqCst).is_ok() {
            self.token.cancel(self.reason);
        }
    }
}
