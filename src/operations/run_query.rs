//! Answers queries.

use crate::domain::access::actor::Actor;
use crate::domain::access::permission::Permission;
use crate::domain::agents::requests::{AgentsAnswer, AgentsView};
use crate::domain::code::Code;
use crate::domain::filter::Filter;
use crate::domain::ids::{DeliveryId, EntryId, MessageId, ThreadId};
use crate::domain::inbound::delivery::EventPattern;
use crate::domain::inbound::mask;
use crate::domain::list_filter::ActivityFilter;
use crate::domain::monitoring::activity::{ActivityKind, ActivityRow};
use crate::domain::query::{Answer, MAX_ROWS, Query};
use crate::domain::refusal::Refusal;
use crate::domain::view::{AlertView, DeliveryDetail, EntryDetail, MessageView, ThreadRow};
use crate::operations::agents;
use crate::operations::media::open_media;
use crate::operations::monitoring::costs;
use crate::operations::monitoring::dashboard;
use crate::operations::monitoring::reports;
use crate::operations::outbox::bulk;
use crate::operations::outbox::send_file;
use crate::operations::threads::find::find_thread;
use crate::operations::threads::replies;
use crate::operations::{OperationError, Result, System, require};
use crate::store::FilterQuery;

/// Maximum number of messages, by the provider's count, up to which a thread's stored messages are counted for its
/// row.
const MOST_COUNTED: u64 = 2_000;

/// Answers a query, with the actor's permissions and scope.
pub async fn run_query(system: &System, actor: &Actor, query: Query) -> Result<Answer> {
    let answer = Box::pin(answer(system, actor, query)).await;
    if let Err(OperationError::Failed(error)) = &answer {
        system.store().note_failure(error);
    }
    answer
}

async fn answer(system: &System, actor: &Actor, query: Query) -> Result<Answer> {
    let actor = &system.as_now(actor);
    require(actor, query.required_right())?;
    let (seen, query) = Box::pin(system.seen_by(actor, query)).await?;
    let system = &seen;
    let of = query.lists();
    let answer = Box::pin(answer_checked(system, actor, query)).await?;
    let empty = match &answer {
        Answer::Messages(rows) => rows.is_empty(),
        Answer::Notes(rows) => rows.is_empty(),
        Answer::Agent(answer) => matches!(&**answer, AgentsAnswer::Runs(runs) if runs.is_empty()),
        _ => false,
    };
    if let Some(subject) = of.filter(|_| empty)
        && !system.store().exists(subject).await?
    {
        return Err(subject.not_found().into());
    }
    Ok(answer)
}

/// Answers a query whose permission and scope are checked.
async fn answer_checked(system: &System, actor: &Actor, query: Query) -> Result<Answer> {
    let (store, now, me) = (system.store(), system.now(), actor.to_string());
    Ok(match query {
        Query::Within { .. } => return Err(Refusal::new(Code::Query, "The query names two scopes.", "").into()),
        Query::Overview => Answer::Overview(Box::new(dashboard::overview(system, &me).await?)),
        Query::Connections => Answer::Connections(dashboard::connections(system).await?),
        Query::Threads { text, limit, before } => {
            let filter = Filter::read(&text, now)?;
            let wish = FilterQuery { filter: &filter, me: &me, now };
            let mut rows = store.threads(&wish, limit.min(MAX_ROWS), before).await?;
            system.attendance().fill(&mut rows, &me, now);
            Answer::Threads(rows)
        }
        Query::Thread { thread } => Answer::Thread(thread_row(system, &me, thread).await?.map(Box::new)),
        Query::NextWaiting { after } => Answer::Thread(reports::next_waiting(system, actor, after).await?),
        Query::FindThread { text, connection } => {
            let thread = find_thread(system, connection.as_deref(), &text).await?;
            Box::pin(answer_checked(system, actor, Query::Thread { thread })).await?
        }
        Query::File { upload, pad } => Answer::File(Box::new(send_file::check_file(system, actor, upload, pad).await?)),
        Query::Picture { message, width, height } => {
            Answer::Picture(open_media::picture(system, message, (width, height)).await?.map(Box::new))
        }
        Query::Contacts { text, limit } => Answer::Contacts(store.contacts(&text, limit.min(MAX_ROWS)).await?),
        Query::Radar { limit } => Answer::Radar(reports::radar(system, limit.min(MAX_ROWS)).await?),
        Query::Why { id } => Answer::Why(Box::new(crate::operations::monitoring::why::why(system, &id).await?)),
        Query::Alerts { open, limit } => Answer::Alerts(alerts(system, open, limit.min(MAX_ROWS)).await?),
        Query::Replies => Answer::Replies(replies::replies(system, actor).await?),
        Query::Reply { thread, short } => Answer::Reply(replies::filled_in(system, actor, thread, &short).await?),
        Query::Labels => Answer::Labels(store.labels().await?),
        Query::Views => Answer::Views(reports::views(system, actor).await?),
        Query::Bulk { action, text } => Answer::Bulk(bulk::preview(system, actor, action, &text).await?),
        Query::Jobs => Answer::Jobs(store.jobs().await?),
        Query::Statistics { hours } => Answer::Statistics(Box::new(reports::statistics(system, hours).await?)),
        Query::Costs(query) => Answer::Costs(Box::new(costs::costs(system, query).await?)),
        Query::Export { thread } => Answer::Export(reports::export(system, actor, thread).await?),
        Query::Notes { thread } => Answer::Notes(store.notes(thread).await?),
        Query::Messages { thread, limit, before, around } => {
            Answer::Messages(messages(system, thread, limit.min(MAX_ROWS), (before, around)).await?)
        }
        Query::Message { message } => Answer::Message(store.message(message).await?.map(Box::new)),
        Query::Search { text, limit, before } => {
            let filter = Filter::read(&text, now)?;
            let wish = FilterQuery { filter: &filter, me: &me, now };
            Answer::Found(store.search(&wish, limit.min(MAX_ROWS), before).await?)
        }
        Query::Outbox { text, limit, before } => {
            let filter = Filter::read(&text, now)?;
            let wish = FilterQuery { filter: &filter, me: &me, now };
            Answer::Outbox(store.entries(&wish, limit.min(MAX_ROWS), before).await?)
        }
        Query::Entry { entry } => Answer::Entry(entry_detail(system, entry).await?.map(Box::new)),
        Query::Tokens => Answer::Tokens(crate::operations::integrations::tokens::list(system).await?),
        Query::Templates => Answer::Templates(system.template_lists().await?),
        Query::Agent(query) => Answer::Agent(Box::new(agents::requests::look(system, query).await?)),
        Query::Agents => Answer::Agents(Box::new(agents_view(system, actor).await?)),
        Query::Deliveries { state, event, limit, before } => {
            let event = event.as_deref().and_then(EventPattern::read);
            Answer::Deliveries(store.deliveries(state, event.as_ref(), limit.min(MAX_ROWS), before).await?)
        }
        Query::Delivery { delivery } => Answer::Delivery(delivery_detail(system, delivery).await?.map(Box::new)),
        Query::Activity { text, limit } => Answer::Activity(activity(system, &text, limit.min(MAX_ROWS)).await?),
        Query::Draft { thread } => Answer::Draft(store.draft(&actor.to_string(), thread).await?),
        Query::Flow(query) => {
            Answer::Flow(Box::pin(crate::operations::templates::flows::look(system, actor, query)).await?)
        }
        Query::Template(query) => {
            Answer::Template(Box::pin(crate::operations::templates::requests::look(system, actor, query)).await?)
        }
        Query::TemplatePreview { shown } => Answer::TemplatePreview(Box::new(
            crate::operations::templates::requests::preview(system, actor, shown).await?,
        )),
        Query::Number(query) => {
            Answer::Number(Box::pin(crate::operations::numbers::requests::look(system, actor, query)).await?)
        }
        Query::Log { limit } => Answer::Log(system.log_tail(limit.min(MAX_ROWS) as usize)),
    })
}

/// Returns agents, assignments and runs; runs only with the permission to read them.
async fn agents_view(system: &System, actor: &Actor) -> Result<AgentsView> {
    let mut view = dashboard::agents(system).await?;
    if !actor.has(Permission::ViewRuns) {
        view.runs.clear();
    }
    Ok(view)
}

/// Returns a thread's row. If the provider counts its messages, and the count is not too high, the row also has the
/// number of stored messages.
async fn thread_row(system: &System, me: &str, thread: ThreadId) -> Result<Option<ThreadRow>> {
    let mut row = system.store().thread(thread).await?;
    if let Some(answer) = row.as_mut().and_then(|row| row.conversation.as_mut())
        && let Some(began) =
            answer.created_at.filter(|_| answer.messages_count.is_some_and(|count| count <= MOST_COUNTED))
    {
        answer.stored = Some(system.store().stored_since(thread, began).await?);
    }
    if let Some(row) = &mut row {
        row.costs = costs::thread_costs(system, row).await?;
    }
    system.attendance().fill(row.as_mut_slice(), me, system.now());
    Ok(row)
}

/// Returns messages of a thread, each with the progress of its upload.
async fn messages(
    system: &System,
    thread: ThreadId,
    limit: u32,
    (before, around): (Option<MessageId>, Option<MessageId>),
) -> Result<Vec<MessageView>> {
    let mut rows = match around {
        Some(message) => system.store().messages_around(thread, message, limit).await?,
        None => system.store().messages(thread, limit, before).await?,
    };
    let uploads = system.uploads().clone();
    for row in &mut rows {
        let upload = row.entry.as_ref().and_then(|entry| uploads.get(&entry.id).copied());
        if let Some(media) = &mut row.media {
            media.upload = upload;
        }
    }
    Ok(rows)
}

/// Returns a delivery with masked values. Only an audited request reveals the unmasked body.
async fn delivery_detail(system: &System, delivery: DeliveryId) -> Result<Option<DeliveryDetail>> {
    let mut detail = system.store().delivery(delivery).await?;
    if let Some(detail) = &mut detail {
        (detail.signed, detail.verdict) = crate::operations::monitoring::why::verdict(system, delivery).await?;
        detail.body = mask::masked(detail.body.as_received()).into();
    }
    Ok(detail)
}

/// Returns alerts, preceded by the one that the database cannot store, if there is one.
async fn alerts(system: &System, open: bool, limit: u32) -> Result<Vec<AlertView>> {
    let unstored = crate::operations::monitoring::database_alerts::unstored_alert(system);
    let stored = match system.store().alert_list(open, limit).await {
        Ok(stored) => stored,
        // The unstored alert already reports that the database cannot be read.
        Err(_) if unstored.is_some() => vec![],
        Err(error) => return Err(error.into()),
    };
    Ok(unstored.into_iter().chain(stored).collect())
}

/// Returns the activity, preceded by the alert that the database cannot store, if there is one.
async fn activity(system: &System, text: &str, limit: u32) -> Result<Vec<ActivityRow>> {
    let unstored = crate::operations::monitoring::database_alerts::unstored_alert(system).map(|alert| ActivityRow {
        at: alert.last_at,
        kind: ActivityKind::Alert { id: alert.id, acknowledged_by: None, count: alert.count },
        text: alert.said,
        thread: None,
    });
    let stored = match system.store().activity(&ActivityFilter::read(text), limit).await {
        Ok(stored) => stored,
        Err(_) if unstored.is_some() => vec![],
        Err(error) => return Err(error.into()),
    };
    Ok(unstored.into_iter().chain(stored).collect())
}

/// Returns an outbox entry with its last request.
async fn entry_detail(system: &System, entry: EntryId) -> Result<Option<EntryDetail>> {
    let mut detail = system.store().entry(entry).await?;
    if let Some(detail) = &mut detail {
        detail.curl = curl(system, detail).await?;
    }
    Ok(detail)
}

/// Returns the last request of an entry as a `curl` command; `None` if there is none.
async fn curl(system: &System, detail: &EntryDetail) -> Result<Option<String>> {
    let sent = |request: &str| !request.contains("\n(the file");
    let Some(attempt) = detail.tries.iter().rev().find(|attempt| sent(attempt.request.as_received())) else {
        return Ok(None);
    };
    let Some(connection) = system.store().connection_named(&detail.row.connection).await? else { return Ok(None) };
    let Some(provider) = system.providers().get(&connection.provider) else { return Ok(None) };
    let parts = attempt.request.as_received().split_once('\n').and_then(|(head, body)| {
        let (method, path) = head.split_once(' ')?;
        Some(provider.curl(&connection, method, path, body))
    });
    Ok(parts)
}
