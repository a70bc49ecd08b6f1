//! Refuses a person's or a program's message that repeats one of the last minute, unless the sender confirms it.

use crate::domain::ids::ThreadId;
use crate::domain::message::content::Content;
use crate::domain::message::duplicate::refuse_duplicate;
use crate::domain::request::SendContext;
use crate::domain::time::Timestamp;
use crate::operations::Result;
use crate::store::Write;

/// Refuses content that the thread's contact got, or gets, within a minute of `due` anyway. Runs in the transaction
/// that writes. Replies of agents do not pass through here: nobody could confirm them.
pub(crate) async fn check_duplicate(
    write: &mut Write,
    thread: ThreadId,
    content: &Content,
    due: Timestamp,
    me: &str,
    context: &SendContext,
    now: Timestamp,
) -> Result<()> {
    if context.despite_duplicate || matches!(content, Content::Reaction { .. }) {
        return Ok(());
    }
    let earlier = write.messages_around(thread, due).await?;
    refuse_duplicate(content, &earlier, me, now).map_or(Ok(()), |refusal| Err(refusal.into()))
}
