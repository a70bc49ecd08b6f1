//! Presence of people in threads, kept in memory only.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::domain::access::actor::Actor;
use crate::domain::access::permission::Permission;
use crate::domain::change::Change;
use crate::domain::ids::ThreadId;
use crate::domain::presence::Presence;
use crate::domain::refusal::Done;
use crate::domain::time::Timestamp;
use crate::domain::view::ThreadRow;
use crate::operations::threads::ownership;
use crate::operations::{Result, System, require};

/// How long a presence lasts; consoles renew it once a minute.
const HERE: Duration = Duration::from_secs(100);
/// How long a person counts as writing; consoles renew it more often.
const WRITES: Duration = Duration::from_secs(30);

/// The thread in which each person was seen last.
#[derive(Debug, Default)]
pub(crate) struct Attendance {
    seen: BTreeMap<String, (ThreadId, Timestamp, Option<Timestamp>)>,
}

impl Attendance {
    /// Returns the thread that a person looks at, and whether they write; `None` if they are away.
    pub fn of(&self, who: &str, now: Timestamp) -> Option<(ThreadId, bool)> {
        let (thread, at, wrote) = self.seen.get(who)?;
        let writes = wrote.is_some_and(|wrote| now.since(wrote) < WRITES);
        (now.since(*at) < HERE).then_some((*thread, writes))
    }

    /// Adds colleagues to the rows of the threads that they look at.
    pub fn fill(&self, rows: &mut [ThreadRow], me: &str, now: Timestamp) {
        for (who, (thread, at, wrote)) in &self.seen {
            if who != me
                && now.since(*at) < HERE
                && let Some(row) = rows.iter_mut().find(|row| row.id == *thread)
            {
                let writes = wrote.is_some_and(|wrote| now.since(wrote) < WRITES);
                row.present.push(Presence { who: who.clone(), writes });
            }
        }
    }
}

/// A console's report of its person's activity.
pub(crate) struct PresenceUpdate {
    /// The thread that the person looks at.
    pub thread: Option<ThreadId>,
    pub writes: bool,
    /// Whether to show the contact a typing indicator.
    pub typing: bool,
}

/// Stores a console's report and renews the ownership of the thread.
pub(crate) async fn update_presence(
    system: &System,
    actor: &Actor,
    PresenceUpdate { thread, writes, typing }: PresenceUpdate,
) -> Result<Done> {
    require(actor, Permission::Look)?;
    let now = system.now();
    let done = Done { message: String::new(), created_id: None };
    let changed = {
        let mut attendance = system.attendance();
        let before = attendance.seen.get(&actor.to_string()).copied();
        match thread {
            Some(thread) => {
                attendance.seen.insert(actor.to_string(), (thread, now, writes.then_some(now)));
            }
            None => {
                attendance.seen.remove(&actor.to_string());
            }
        }
        let told = |one: &(ThreadId, Timestamp, Option<Timestamp>)| (one.0, one.2.is_some());
        let after = thread.map(|thread| (thread, writes));
        if before.as_ref().map(told) == after {
            vec![]
        } else {
            before.map(|one| one.0).into_iter().chain(thread).collect()
        }
    };
    system.bus().publish(changed.into_iter().map(Change::Thread));
    if let Some(thread) = thread {
        ownership::renew_ownership(system, actor, thread).await?;
    }
    if let Some(thread) = thread.filter(|_| writes && typing && actor.has(Permission::SendMessages)) {
        show_typing(system, thread).await?;
    }
    Ok(done)
}

/// Shows the contact a typing indicator. A failure has no effect.
async fn show_typing(system: &System, thread: ThreadId) -> Result<()> {
    let Some(row) = system.store().thread(thread).await? else { return Ok(()) };
    if row.held_by_other(system.now()).is_some() {
        return Ok(());
    }
    let Some(connection) = system.store().connection(row.connection_id).await? else { return Ok(()) };
    let provider = system.providers().get(&connection.provider).filter(|provider| provider.capabilities().read_marks);
    let open = crate::domain::message::window::is_open(row.window_closes_at, system.now());
    if let (Some(provider), Some(last), true) = (provider, system.store().last_inbound(thread).await?, open)
        && let Err(trouble) = provider.mark_read(&connection, &last, true).await
    {
        tracing::debug!(%thread, trouble = trouble.line(), "Cannot show the typing indicator");
    }
    Ok(())
}
