//! Collects the facts about an id and passes them to `domain::why`, which explains its state.

use crate::domain::agents::requests::StopScope;
use crate::domain::code::Code;
use crate::domain::ids::{
    AlertId, AssignmentId, ConnectionId, ContactId, DeliveryId, EntryId, MessageId, RunId, ThreadId,
};
use crate::domain::inbound::event::Direction;
use crate::domain::message::content::{Content, InteractiveReply};
use crate::domain::message::interactive::{Action, Interactive};
use crate::domain::refusal::Refusal;
use crate::domain::templates::template::Template;
use crate::domain::view::{EntryDetail, ThreadRow};
use crate::domain::why::{self, ArrivalFacts, EntryContext, Why};
use crate::operations::monitoring::dashboard;
use crate::operations::{Result, System};

/// Explains the state of an object; the letter of the id tells its kind.
pub(crate) async fn why(system: &System, id: &str) -> Result<Why> {
    let id = id.trim();
    let found = match id.get(..1).unwrap_or_default() {
        "m" => message(system, parsed::<MessageId>(id)?).await?,
        "o" => entry(system, parsed::<EntryId>(id)?).await?,
        "t" if id.starts_with("template ") => template(system, id.trim_start_matches("template ").trim()).await?,
        "t" => thread(system, parsed::<ThreadId>(id)?).await?,
        "d" => delivery(system, parsed::<DeliveryId>(id)?).await?,
        "r" => system.store().run(parsed::<RunId>(id)?).await?.map(|run| why::of_run(&run, system.now())),
        "c" => {
            let id = parsed::<ConnectionId>(id)?;
            let views = dashboard::connections(system).await?;
            let live = views.connected.iter().find(|view| view.connection.id == id);
            let setup = || views.others.iter().find(|setup| setup.connection_id == Some(id));
            live.map(|view| why::of_connection(view, system.now()))
                .or_else(|| setup().map(|setup| why::of_setup(id, setup, views.presence(setup))))
        }
        "g" => {
            let id = parsed::<AssignmentId>(id)?;
            match &system.store().assignment_row(id).await? {
                Some(row) => {
                    let stops = system.store().stops(100).await?;
                    let stop = stops.iter().filter(|stop| stop.lifted.is_none()).find(|stop| match &stop.what {
                        StopScope::All => true,
                        StopScope::Agent(agent) => *agent == row.assignment.agent,
                        StopScope::Thread(thread) => Some(*thread) == row.assignment.thread,
                    });
                    let stopped = stop.map(|stop| format!("stopped by {}", stop.by));
                    let used = system.store().used_in_a_day(id, system.now()).await?;
                    Some(why::of_assignment(row, stopped.as_deref(), used, system.now()))
                }
                None => None,
            }
        }
        "a" => system.store().alert(parsed::<AlertId>(id)?).await?.map(|alert| why::of_alert(&alert)),
        "p" => {
            let id = parsed::<ContactId>(id)?;
            system.store().contact_row(id).await?.map(|row| why::of_contact(&row))
        }
        _ => return Err(unknown(id).into()),
    };
    found.ok_or_else(|| unknown(id).into())
}

fn unknown(id: &str) -> Refusal {
    let why = format!("`{}` not found.", crate::domain::text::clean_line(id));
    Refusal::new(Code::NotFound, why, "Use an id such as m12, o3, t7, d40, r5, c1, g2, a9, p4, or `template NAME`.")
}

fn parsed<T: std::str::FromStr>(id: &str) -> Result<T, Refusal> {
    id.parse().map_err(|_| unknown(id))
}

async fn message(system: &System, id: MessageId) -> Result<Option<Why>> {
    let Some(detail) = system.store().message(id).await? else { return Ok(None) };
    if detail.message.direction == Direction::Outbound {
        return match &detail.message.entry {
            Some(brief) => entry(system, brief.id).await,
            None => Ok(Some(elsewhere(&detail))),
        };
    }
    let thread = system.store().thread(detail.message.thread_id).await?;
    Ok(Some(around(system, &detail, thread.as_ref(), |known| why::of_arrival(&known)).await?))
}

/// Explains a message from our number that wadeck did not send.
fn elsewhere(detail: &crate::domain::view::MessageDetail) -> Why {
    Why {
        id: detail.message.id.to_string(),
        about: "a message that wadeck did not send".to_owned(),
        answer: format!("It was sent by another app ({}); the provider reported it.", detail.message.origin.name()),
        cause: "elsewhere".to_owned(),
        remedy: String::new(),
        chain: vec![],
    }
}

/// Collects the facts about an inbound message and passes them to `then`.
async fn around<T>(
    system: &System,
    detail: &crate::domain::view::MessageDetail,
    thread: Option<&ThreadRow>,
    then: impl FnOnce(ArrivalFacts<'_>) -> T,
) -> Result<T> {
    let store = system.store();
    let id = detail.message.thread_id;
    let delivery = match detail.delivery {
        Some(delivery) => store.delivery(delivery).await?.map(|one| one.row),
        None => None,
    };
    let runs = store.runs_of(id, detail.message.created_at).await?;
    let entries = store.entries_after(id, detail.received_at).await?;
    let audit = store.audit(&id.to_string(), 20, None).await?.into_iter().rev().collect::<Vec<_>>();
    Ok(then(ArrivalFacts {
        message: detail,
        thread,
        delivery: delivery.as_ref(),
        runs: &runs,
        entries: &entries,
        audit: &audit,
        now: system.now(),
    }))
}

async fn entry(system: &System, id: EntryId) -> Result<Option<Why>> {
    let Some(detail) = system.store().entry(id).await? else { return Ok(None) };
    let thread = system.store().thread(detail.row.thread_id).await?;
    let file = system.store().kept_file(detail.row.message_id).await?;
    let run = match system.store().message(detail.row.message_id).await?.and_then(|message| message.message.run) {
        Some(run) => system.store().run(run).await?,
        None => None,
    };
    let file = file.as_ref().map(|file| &file.view);
    let unanswered_flow = is_unanswered_flow(system, &detail).await?;
    let connection = system.store().connection_named(&detail.row.connection).await?;
    let provider = connection.and_then(|one| system.providers().get(&one.provider));
    let listed = provider.is_some_and(|provider| provider.capabilities().message_list);
    let context = EntryContext { listed, unanswered_flow, now: system.now() };
    Ok(Some(why::of_entry(&detail, thread.as_ref(), file, run.as_ref(), context)))
}

/// Returns `true` if the entry's message opens a Flow, and no submitted form arrived in its thread since.
async fn is_unanswered_flow(system: &System, entry: &EntryDetail) -> Result<bool> {
    let Some(message) = system.store().message(entry.row.message_id).await? else { return Ok(false) };
    let Content::Offer(Interactive { action: Action::Flow { .. }, .. }) = message.content else { return Ok(false) };
    let (messages, contents) = system.store().transcript(entry.row.thread_id, 100).await?;
    let is_form = |content: &Content| matches!(content, Content::Interactive { reply: InteractiveReply::Form, .. });
    let since = |id: MessageId| id > entry.row.message_id && contents.get(&id).is_some_and(is_form);
    Ok(!messages.iter().any(|message| since(message.id)))
}

async fn thread(system: &System, id: ThreadId) -> Result<Option<Why>> {
    let Some(row) = system.store().thread(id).await? else { return Ok(None) };
    let last = match system.store().last_inbound_message(id).await? {
        Some(last) => system.store().message(last).await?,
        None => None,
    };
    let now = system.now();
    Ok(Some(match &last {
        Some(detail) => around(system, detail, Some(&row), |known| why::of_thread(&row, Some(&known), now)).await?,
        None => why::of_thread(&row, None, now),
    }))
}

async fn delivery(system: &System, id: DeliveryId) -> Result<Option<Why>> {
    let Some(mut detail) = system.store().delivery(id).await? else { return Ok(None) };
    (detail.signed, detail.verdict) = verdict(system, id).await?;
    Ok(Some(why::of_delivery(&detail)))
}

/// Explains a template of a number that the caller may see: `NAME` or `NAME LANGUAGE`. Without a language, one that
/// cannot be sent comes first.
async fn template(system: &System, name: &str) -> Result<Option<Why>> {
    let lists = system.template_lists().await?;
    let (bare, language) = name.rsplit_once(' ').map_or((name, None), |(name, language)| (name, Some(language)));
    Ok(lists.iter().find_map(|list| {
        let all: Vec<&Template> = list.templates.iter().filter(|one| one.name.as_received() == bare).collect();
        let is_approved = |one: &&&Template| one.status.name() == "APPROVED";
        let chosen = match language {
            Some(language) => all.iter().find(|one| one.language.as_received() == language),
            None => all.iter().find(|one| !is_approved(one)).or_else(|| all.first()),
        }?;
        let others: Vec<&Template> = all.iter().filter(|one| one.language != chosen.language).copied().collect();
        Some(why::of_template(list, chosen, &others))
    }))
}

/// Returns whether the signature of a stored delivery is valid, and the explanation.
pub(crate) async fn verdict(system: &System, delivery: DeliveryId) -> Result<(bool, String)> {
    let Some(stored) = system.store().raw_delivery(delivery).await? else { return Ok((false, String::new())) };
    let provider = system.providers().get(&stored.raw.provider);
    Ok(provider.map_or_else(Default::default, |provider| {
        (provider.verify(&stored.raw).is_ok(), provider.explain(&stored.raw))
    }))
}
