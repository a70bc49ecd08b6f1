//! Combines operations whose cost is dominated by their transaction: one caller performs the work of all waiting
//! callers (flat combining).

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

/// Spaces transactions under load, so that each serves many callers. A caller that comes alone never waits.
#[derive(Debug)]
pub struct Pacer {
    interval: Duration,
    /// When the next transaction may begin; `None` if it may begin at once.
    next: Option<Instant>,
}

impl Pacer {
    /// Creates a pacer that lets transactions under load begin at most once in this time.
    pub const fn new(interval: Duration) -> Self {
        Self { interval, next: None }
    }

    /// Waits until the next transaction may begin.
    pub async fn wait(&self) {
        if let Some(next) = self.next {
            tokio::time::sleep_until(next).await;
        }
    }

    /// Notes that a transaction with so many items begins. After a single item the next one need not wait.
    pub fn begin(&mut self, items: usize) {
        self.next = (items > 1).then(|| Instant::now() + self.interval);
    }
}

/// Queue of items that wait for the caller that serves them. Each item gets one outcome.
pub(crate) struct Combiner<I, O> {
    waiting: Mutex<VecDeque<(Arc<I>, oneshot::Sender<O>)>>,
    turn: tokio::sync::Mutex<Pacer>,
}

impl<I, O> Default for Combiner<I, O> {
    fn default() -> Self {
        Self::paced(Duration::ZERO)
    }
}

impl<I, O> Combiner<I, O> {
    /// Creates a queue that is served at most once in this time while several items wait.
    pub fn paced(interval: Duration) -> Self {
        Self { waiting: Mutex::default(), turn: tokio::sync::Mutex::new(Pacer::new(interval)) }
    }

    /// Queues an item and returns its outcome. `work` receives the waiting items in order of arrival, at most `most`,
    /// and returns an outcome for each in the same order. If it fails, the serving caller gets the error; the others
    /// queue again.
    pub async fn join<E, F>(&self, item: I, most: usize, work: impl Fn(Vec<Arc<I>>) -> F) -> Result<O, E>
    where
        F: Future<Output = Result<Vec<O>, E>>,
    {
        let item = Arc::new(item);
        let mut outcome = self.join_queue(&item);
        loop {
            // An outcome is taken as soon as it is available, without serving the queue.
            let mut turn = tokio::select! {
                biased;
                ended = &mut outcome => match ended {
                    Ok(outcome) => return Ok(outcome),
                    // The serving caller failed or was cancelled.
                    Err(_) => {
                        outcome = self.join_queue(&item);
                        continue;
                    }
                },
                turn = self.turn.lock() => turn,
            };
            turn.wait().await;
            let batch: Vec<_> = {
                let mut waiting = self.queue();
                let count = waiting.len().min(most.max(1));
                waiting.drain(..count).collect()
            };
            turn.begin(batch.len());
            let (items, senders): (Vec<_>, Vec<_>) = batch.into_iter().unzip();
            for (sender, outcome) in senders.into_iter().zip(Box::pin(work(items)).await?) {
                // The receiver may be gone; its outcome is not needed then.
                let _ = sender.send(outcome);
            }
            drop(turn);
        }
    }

    fn queue(&self) -> MutexGuard<'_, VecDeque<(Arc<I>, oneshot::Sender<O>)>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn join_queue(&self, item: &Arc<I>) -> oneshot::Receiver<O> {
        let (sender, outcome) = oneshot::channel();
        self.queue().push_back((item.clone(), sender));
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[tokio::test]
    async fn whoever_comes_first_works_for_all_who_wait() {
        let combiner = Arc::new(Combiner::<usize, usize>::default());
        let turns = Arc::new(AtomicUsize::new(0));
        let held = combiner.turn.lock().await;
        let callers: Vec<_> = (0..50)
            .map(|item| {
                let (combiner, turns) = (combiner.clone(), turns.clone());
                tokio::spawn(async move {
                    let work = |items: Vec<Arc<usize>>| {
                        turns.fetch_add(1, Ordering::SeqCst);
                        async move { Ok::<_, ()>(items.iter().map(|item| **item * 2).collect()) }
                    };
                    combiner.join(item, 20, work).await
                })
            })
            .collect();
        while combiner.queue().len() < 50 {
            tokio::task::yield_now().await;
        }
        drop(held);
        for (item, caller) in callers.into_iter().enumerate() {
            assert_eq!(caller.await.expect("whole"), Ok(item * 2));
        }
        assert_eq!(turns.load(Ordering::SeqCst), 3);
    }

    #[tokio::test]
    async fn an_error_is_that_of_whoever_had_the_turn() {
        let combiner = Arc::new(Combiner::<(), ()>::default());
        let held = combiner.turn.lock().await;
        let tries = Arc::new(AtomicUsize::new(0));
        let callers: Vec<_> = (0..3)
            .map(|_| {
                let (combiner, tries) = (combiner.clone(), tries.clone());
                tokio::spawn(async move {
                    let work = |items: Vec<Arc<()>>| {
                        let first = tries.fetch_add(1, Ordering::SeqCst) == 0;
                        async move { if first { Err("broken") } else { Ok(vec![(); items.len()]) } }
                    };
                    combiner.join((), 10, work).await
                })
            })
            .collect();
        while combiner.queue().len() < 3 {
            tokio::task::yield_now().await;
        }
        drop(held);
        let mut outcomes = vec![];
        for caller in callers {
            outcomes.push(caller.await.expect("whole").is_ok());
        }
        assert_eq!(outcomes.iter().filter(|done| **done).count(), 2, "{outcomes:?}");
    }
}
