//! Keeping a thread: for as long as whoever took it is at it, and half an hour more. After that it is
//! still theirs by name, its agent is still silent, and any colleague may go on with it.

use std::time::Duration;

use super::{Result, System};
use crate::domain::ids::ThreadId;
use crate::domain::role::Actor;
use crate::domain::time::Timestamp;
use crate::domain::view::ThreadRow;
use crate::store::Write;

/// How long a thread is kept after the last sign of whoever took it.
const KEPT: Duration = Duration::from_secs(30 * 60);
/// A sign less than this after the one before need not be written down.
const AGAIN: Duration = Duration::from_secs(5 * 60);

/// Until when a thread is kept that is taken now.
pub(super) fn until(now: Timestamp) -> Timestamp {
    now.plus(KEPT)
}

/// Who has the thread so that nobody else may, if somebody does.
pub(super) fn holder<'r>(row: &'r ThreadRow, me: &str, now: Timestamp) -> Option<&'r str> {
    row.taken_by.as_deref().filter(|other| *other != me && !row.is_left(now))
}

/// Whoever has the thread does something in it.
pub(super) async fn keep(write: &mut Write, thread: ThreadId, who: &str, now: Timestamp) -> Result<()> {
    Ok(write.keep_claim(thread, who, until(now)).await?)
}

/// Whoever has the thread looks at it.
pub(super) async fn keep_looking(system: &System, actor: &Actor, thread: ThreadId) -> Result<()> {
    let (me, now) = (actor.to_string(), system.now());
    let Some(row) = system.store().thread(thread).await? else { return Ok(()) };
    let fresh = row.taken_until.is_some_and(|kept| kept.since(now) > KEPT.saturating_sub(AGAIN));
    if row.taken_by.as_deref() == Some(&me) && !fresh {
        let mut write = system.store().write().await?;
        keep(&mut write, thread, &me, now).await?;
        write.commit().await?;
    }
    Ok(())
}
