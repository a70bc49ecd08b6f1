//! Thread ownership. It lasts while the owner is active in the thread, and half an hour longer. After that the
//! owner's name stays and the agent stays silent, but any colleague may answer.

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
/// A colleague's message younger than this may not have been read by a person who writes at the same time.
const JUST_NOW: Duration = Duration::from_secs(5);
/// Minimum pause between two stored renewals.
const AGAIN: Duration = Duration::from_secs(5 * 60);

/// Returns until when an ownership that begins now lasts.
pub(crate) fn until(now: Timestamp) -> Timestamp {
    now.plus(KEPT)
}

/// Returns the person who owns the thread, if it is not `me` and the ownership has not expired.
pub(crate) fn holder<'r>(row: &'r ThreadRow, me: &str, now: Timestamp) -> Option<&'r str> {
    row.taken_by.as_deref().filter(|other| *other != me && !row.is_abandoned(now))
}

/// Refuses a message to the contact if a colleague or another app has the thread, or if a colleague answered after
/// the state that the sender saw. Runs in the transaction that writes.
pub(crate) async fn check_ownership(
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

/// Renews the ownership of a person who acts in the thread. It has no effect if they do not own it.
pub(crate) async fn keep(write: &mut Write, thread: ThreadId, who: &str, now: Timestamp) -> Result<()> {
    Ok(write.extend_ownership(thread, who, until(now)).await?)
}

/// Renews the ownership of a person who looks at the thread.
pub(crate) async fn renew_ownership(system: &System, actor: &Actor, thread: ThreadId) -> Result<()> {
    let (me, now) = (actor.to_string(), system.now());
    let Some(row) = system.store().thread(thread).await? else { return Ok(()) };
    // The write checks the owner again.
    let fresh = row.taken_until.is_some_and(|kept| kept.since(now) > KEPT.saturating_sub(AGAIN));
    if row.taken_by.as_deref() == Some(&me) && !fresh {
        let mut write = system.store().write().await?;
        keep(&mut write, thread, &me, now).await?;
        write.commit().await?;
    }
    Ok(())
}
