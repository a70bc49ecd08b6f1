//! Canned replies: list them, save one for oneself or for everybody, remove one, and fill one in for a thread.

use crate::domain::access::actor::Actor;
use crate::domain::access::audit_action::AuditAction;
use crate::domain::access::permission::Permission;
use crate::domain::change::Change;
use crate::domain::code::Code;
use crate::domain::ids::ThreadId;
use crate::domain::message::canned::{self, CannedReply, MAX_REPLIES, ReplyFacts};
use crate::domain::refusal::{Done, Refusal};
use crate::operations::outbox::send_message::thread_row;
use crate::operations::{Result, System, require};

/// The replies that somebody can use, by name.
pub(crate) async fn replies(system: &System, actor: &Actor) -> Result<Vec<CannedReply>> {
    let mut all = system.everything().replies(&actor.to_string()).await?;
    all.extend(system.config().replies.iter().cloned());
    Ok(canned::nearest_first(all))
}

/// The text of a reply, filled in for a thread. Refused where there is no such reply, or where a placeholder has no value.
pub(crate) async fn filled_in(system: &System, actor: &Actor, thread: ThreadId, short: &str) -> Result<String> {
    let row = thread_row(system, thread).await?;
    let short = short.trim_start_matches('/').to_lowercase();
    let Some(reply) = replies(system, actor).await?.into_iter().find(|reply| reply.short == short) else {
        return Err(not_found(&short).into());
    };
    let me = actor.to_string();
    let (now, zone_offset) = (system.now(), system.offset());
    let facts = ReplyFacts { contact: &row.contact, me: &me, window_closes_at: row.window_closes_at, now, zone_offset };
    Ok(canned::expand(&reply.text, &facts)?)
}

fn not_found(short: &str) -> Refusal {
    let why = format!("There is no canned reply /{}.", crate::domain::text::clean_line(short));
    Refusal::new(Code::NotFound, why, "List them with `wadeck replies list`.")
}

/// Saves a reply for whoever asks, or for everybody. Refused where it stands so already, or where there are too many.
pub(crate) async fn save_reply(system: &System, actor: &Actor, short: &str, text: &str, shared: bool) -> Result<Done> {
    require(actor, if shared { Permission::ShareReplies } else { Permission::SaveReplies })?;
    let (short, text) = canned::read(short, text)?;
    let (me, now) = (actor.to_string(), system.now());
    let owner = if shared { "" } else { me.as_str() };
    let mut write = system.store().write().await?;
    let known = write.replies_of(owner).await?;
    let same = known.iter().find(|(name, _)| *name == short);
    if same.is_some_and(|(_, known)| *known == text) {
        return Err(Refusal::new(Code::NoChange, format!("/{short} has this text already."), "").into());
    }
    if same.is_none() && known.len() >= MAX_REPLIES {
        let why = format!("There are {MAX_REPLIES} canned replies, which is the most.");
        return Err(Refusal::new(Code::LimitReached, why, "Remove one first.").into());
    }
    write.save_reply((owner, &me), &short, &text, now).await?;
    write.audit(actor, AuditAction::SaveReply, &short, if shared { "shared" } else { "own" }, now).await?;
    write.commit().await?;
    system.bus().publish([Change::Activity]);
    let whose = if shared { "for everybody" } else { "for you" };
    Ok(Done { message: format!("Saved /{short} {whose}."), created_id: None })
}

/// Removes an own reply; where there is none with that name, a shared one.
pub(crate) async fn remove_reply(system: &System, actor: &Actor, short: &str) -> Result<Done> {
    require(actor, Permission::SaveReplies)?;
    let (me, now, short) = (actor.to_string(), system.now(), canned::short_name(short)?);
    let mut write = system.store().write().await?;
    let own = write.remove_reply(&me, &short).await?.applied();
    if !own {
        require(actor, Permission::ShareReplies)?;
        if !write.remove_reply("", &short).await?.applied() {
            let configured = system.config().replies.iter().any(|reply| reply.short == short);
            let remedy = "Remove it from the configuration file.";
            let declared = || Refusal::new(Code::NotFound, format!("/{short} is declared under [[replies]]."), remedy);
            return Err(if configured { declared() } else { not_found(&short) }.into());
        }
    }
    write.audit(actor, AuditAction::RemoveReply, &short, if own { "own" } else { "shared" }, now).await?;
    write.commit().await?;
    system.bus().publish([Change::Activity]);
    Ok(Done { message: format!("Removed /{short}."), created_id: None })
}
