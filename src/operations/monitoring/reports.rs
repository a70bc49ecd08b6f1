//! Reports: expiring windows, saved filters, statistics, and a thread as text.

use std::fmt::Write as _;
use std::time::Duration;

use crate::domain::access::actor::Actor;
use crate::domain::access::audit_action::AuditAction;
use crate::domain::access::permission::Permission;
use crate::domain::change::Change;
use crate::domain::code::Code;
use crate::domain::expiring::RadarRow;
use crate::domain::filter::{Filter, Is, Term};
use crate::domain::ids::ThreadId;
use crate::domain::inbound::event::Direction;
use crate::domain::monitoring::gauge::StatisticsView;
use crate::domain::refusal::{Done, Refusal};
use crate::domain::text::Untrusted;
use crate::domain::view::SavedView;
use crate::operations::monitoring::costs::Book;
use crate::operations::outbox::send_message::thread_row;
use crate::operations::{Result, System, require};
use crate::store::FilterQuery;

/// Maximum number of messages in an export.
const LONGEST: usize = 100_000;
const PAGE: u32 = 500;

/// Built-in filters: name and condition.
const ALWAYS: [(&str, Is); 5] = [
    ("needs a person", Is::Waiting),
    ("agent answers", Is::Agent),
    ("unanswered", Is::Unanswered),
    ("unread", Is::Unread),
    ("mine", Is::Mine),
];

/// Returns threads whose service window closes next, with the owner and what can be sent afterwards.
pub(crate) async fn radar(system: &System, limit: u32) -> Result<Vec<RadarRow>> {
    let now = system.now();
    let rows = system.store().closing(now, limit).await?;
    let book = Book::of(system).await?;
    let templates = system.templates();
    let can_send = |connection| {
        templates.get(&connection).map(|list| list.templates.iter().filter(|one| one.status.can_send()).count())
    };
    let tell = |thread: crate::domain::view::ThreadRow| {
        let owner = thread.taken_by.clone().or_else(|| {
            let agent = thread.assignment.as_ref()?;
            thread.waiting.is_none().then(|| format!("agent {}", agent.agent))
        });
        let cost = match can_send(thread.connection_id) {
            Some(0) => "nothing can be sent: no template is approved".to_owned(),
            Some(count) => {
                format!("only a template can be sent ({count} approved), {}", book.of_templates(system, &thread))
            }
            None => format!("only an approved template can be sent, {}", book.of_templates(system, &thread)),
        };
        RadarRow { thread, owner, cost }
    };
    Ok(rows.into_iter().map(tell).collect())
}

/// Returns the next thread after `after` in the order of waiting time, longest first; wraps around. `None` if no other
/// thread waits for a person.
pub(crate) async fn next_waiting(
    system: &System,
    actor: &Actor,
    after: Option<ThreadId>,
) -> Result<Option<Box<crate::domain::view::ThreadRow>>> {
    let (me, now) = (actor.to_string(), system.now());
    let filter = Filter { terms: vec![Term::Is(Is::Waiting)] };
    let mut rows = system.store().threads(&FilterQuery { filter: &filter, me: &me, now }, PAGE, None).await?;
    if let Some(at) = rows.iter().position(|row| Some(row.id) == after) {
        rows.rotate_left(at + 1);
        rows.pop();
    }
    let mut next: Vec<_> = rows.into_iter().take(1).collect();
    system.attendance().fill(&mut next, &me, now);
    Ok(next.pop().map(Box::new))
}

/// Returns the built-in filters and a person's own, with the number of threads that match each.
pub(crate) async fn views(system: &System, actor: &Actor) -> Result<Vec<SavedView>> {
    let me = actor.to_string();
    let now = system.now();
    let mut views = vec![];
    let named = ALWAYS.map(|(name, is)| {
        let word = Is::ALL.iter().find(|(_, known)| *known == is).map_or("", |(word, _)| *word);
        (name.to_owned(), format!("is:{word}"), false)
    });
    let own = system.store().saved_filters(&me).await?.into_iter().map(|(name, terms)| (name, terms, true));
    for (name, terms, own) in named.into_iter().chain(own) {
        let count = match Filter::read(&terms, now) {
            Ok(filter) => system.store().count_threads(&FilterQuery { filter: &filter, me: &me, now }).await?,
            Err(_) => 0,
        };
        views.push(SavedView { name, terms, count, own });
    }
    Ok(views)
}

/// Saves a filter; empty terms delete it.
pub(crate) async fn save_view(system: &System, actor: &Actor, name: &str, terms: &str) -> Result<Done> {
    require(actor, Permission::SaveFilters)?;
    let name = name.trim();
    if name.is_empty() || name.chars().count() > 40 {
        return Err(Refusal::new(
            Code::Name,
            "The filter's name is not 1 to 40 characters long.",
            "Choose another name.",
        )
        .into());
    }
    Filter::read(terms, system.now())?;
    let mut write = system.store().write().await?;
    write.save_filter(&actor.to_string(), name, terms).await?;
    write.commit().await?;
    system.bus().publish([Change::Activity]);
    let said = if terms.trim().is_empty() {
        format!("Deleted the filter {name}.")
    } else {
        format!("Saved the filter {name}: {terms}")
    };
    Ok(Done { message: said, created_id: None })
}

/// Returns statistics of the last `hours`, at most 31 days.
pub(crate) async fn statistics(system: &System, hours: u32) -> Result<StatisticsView> {
    let now = system.now();
    let since = now.minus(Duration::from_secs(u64::from(hours.clamp(1, 24 * 31)) * 3_600));
    let store = system.store();
    let counts = store.counts().await?;
    Ok(StatisticsView {
        since,
        metrics: store.delivery_metrics(since).await?,
        hours: store.hours(now.minus(Duration::from_secs(24 * 3_600))).await?,
        ack_ms: system.ack_quantiles(),
        breaches: store.breaches(since).await?,
        queued: counts.queued,
        oldest_queued_at: counts.oldest_queued_at,
    })
}

/// Returns a thread as readable text: sender, time, text and delivery status of each message.
pub(crate) async fn export(system: &System, actor: &Actor, thread: ThreadId) -> Result<String> {
    require(actor, Permission::ExportThreads)?;
    let row = thread_row(system, thread).await?;
    let mut messages = vec![];
    let mut before = None;
    loop {
        let page = system.store().messages(thread, PAGE, before).await?;
        before = page.last().map(|message| message.id);
        let full = page.len() == PAGE as usize;
        messages.extend(page);
        if !full || messages.len() >= LONGEST {
            break;
        }
    }
    let mut text = String::new();
    let number = row.contact.phone_number.as_ref().map(ToString::to_string).unwrap_or_default();
    let _ = writeln!(text, "Thread {thread} with {} {number} via {}", row.contact.display_name(), row.connection);
    let _ = writeln!(text, "Exported at {}, {} messages, oldest first, times in UTC\n", system.now(), messages.len());
    for message in messages.iter().rev() {
        let who = match (message.direction, &message.author) {
            (Direction::Inbound, _) => row.contact.display_name(),
            (Direction::Outbound, Some(author)) => crate::domain::text::clean_line(author),
            (Direction::Outbound, None) => row.connection.clone(),
        };
        let _ = writeln!(text, "{}  {who}  {}", message.created_at, message.status.name());
        for line in message.text.lines().into_iter().chain(message.rendered.iter().flat_map(Untrusted::lines)) {
            let _ = writeln!(text, "    {line}");
        }
        if let Some(error) = &message.error {
            let _ = writeln!(text, "    ! {}: {}", error.line(), error.explanation);
        }
    }
    for note in system.store().notes(thread).await? {
        let _ = writeln!(text, "{}  note by {}\n    {}", note.at, note.author, note.words.line());
    }
    // A command that reads a database without an engine cannot write to it.
    if *actor != Actor::System {
        let mut write = system.store().write().await?;
        write.audit(actor, AuditAction::Export, &thread.to_string(), "", system.now()).await?;
        write.commit().await?;
    }
    Ok(text)
}
