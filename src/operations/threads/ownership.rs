//! Keeping a thread: for as long as whoever took it is at it, and half an hour more. After that it is
//! still theirs by name, its agent is still silent, and any colleague may go on with it.

use std::time::Duration;

use crate::domain::access::actor::Actor;
use crate::domain::code::Code;
use crate::domain::ids::ThreadId;
use crate::domain::refusal::Refusal;
use crate::domain::request::SendContext;
use crate::domain::text::clean_line;
use crate::domain::time::{Timestamp, short_span};
use crate::domain::view::ThreadRow;
use crate::operations::{Result, System};
use crate::store::Write;

/// How long a person owns a thread after they last looked at it or wrote in it.
const KEPT: Duration = Duration::from_secs(30 * 60);
/// A colleague's message is this long too young to have been read by whoever writes at the same time.
const JUST_NOW: Duration = Duration::from_secs(5);
/// A sign less than this after the one before need not be written down.
const AGAIN: Duration = Duration::from_secs(5 * 60);

/// Until when a thread is kept that is taken now.
pub(crate) fn until(now: Timestamp) -> Timestamp {
    now.plus(KEPT)
}

/// The person who owns the thread, if it is not `me` and the ownership has not expired.
pub(crate) fn holder<'r>(row: &'r ThreadRow, me: &str, now: Timestamp) -> Option<&'r str> {
    row.taken_by.as_deref().filter(|other| *other != me && !row.is_left(now))
}

/// Whether somebody may write to the contact now, as far as colleagues are concerned: a thread that a colleague
/// has is theirs, and what a colleague just wrote was perhaps not read. Asked within the transaction that writes.
pub(crate) async fn may_answer(
    write: &mut Write,
    row: &ThreadRow,
    me: &str,
    context: &SendContext,
    now: Timestamp,
) -> Result<()> {
    if let Some(owner) = holder(row, me, now).filter(|_| !context.despite_owner) {
        let why = format!("{owner} has this thread.");
        let instead =
            "Ask them to transfer it, or send with `--despite-owner` (`despite_owner` in JSON, `say!` line by line).";
        return Err(Refusal::new(Code::OwnedByColleague, why, instead).into());
    }
    if let Some(other) = row.held_by_other(now).filter(|_| !context.despite_owner) {
        let why = format!("At the provider, {} has this thread, and sending takes it over.", other.who());
        let instead =
            "Leave it to them, or send with `--despite-owner` (`despite_owner` in JSON, `say!` line by line).";
        return Err(Refusal::new(Code::HeldElsewhere, why, instead).into());
    }
    if let Some(seen) = context.seen
        && let Some((who, at)) = write.answered_since(row.id, me, seen, now.minus(JUST_NOW)).await?
    {
        let ago = now.since(at).as_secs();
        let when =
            if ago < 60 { "just answered".to_owned() } else { format!("answered {} ago", short_span(now.since(at))) };
        let why = format!("{} {when} in this thread.", clean_line(&who));
        return Err(Refusal::new(
            Code::AnsweredMeanwhile,
            why,
            "Read the answer, then send again if yours is still needed.",
        )
        .into());
    }
    Ok(())
}

/// Whoever has the thread does something in it.
pub(crate) async fn keep(write: &mut Write, thread: ThreadId, who: &str, now: Timestamp) -> Result<()> {
    Ok(write.keep_claim(thread, who, until(now)).await?)
}

/// Whoever has the thread looks at it.
pub(crate) async fn keep_looking(system: &System, actor: &Actor, thread: ThreadId) -> Result<()> {
    let (me, now) = (actor.to_string(), system.now());
    let Some(row) = system.store().thread(thread).await? else { return Ok(()) };
    // The write asks again whose it is.
    let fresh = row.taken_until.is_some_and(|kept| kept.since(now) > KEPT.saturating_sub(AGAIN));
    if row.taken_by.as_deref() == Some(&me) && !fresh {
        let mut write = system.store().write().await?;
        keep(&mut write, thread, &me, now).await?;
        write.commit().await?;
    }
    Ok(())
}
