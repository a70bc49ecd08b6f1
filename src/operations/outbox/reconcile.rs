//! Reconciles an uncertain entry with the provider's message list. If the message is listed, the entry is accepted.
//! If not, it stays uncertain, because the list may lag; a person decides.

use std::time::Duration;

use crate::domain::access::actor::Actor;
use crate::domain::access::permission::Permission;
use crate::domain::change::Change;
use crate::domain::code::Code;
use crate::domain::error_text::error_text;
use crate::domain::ids::EntryId;
use crate::domain::key::message_key;
use crate::domain::monitoring::alert_kind::AlertKind;
use crate::domain::numbers::connection::Connection;
use crate::domain::outbox::entry::{EntryState, SettledBy};
use crate::domain::refusal::{Done, Refusal};
use crate::domain::time::Timestamp;
use crate::domain::view::{Evidence, ListedLine};
use crate::operations::monitoring::unreadable_row::{UnreadableRow, unreadable_row};
use crate::operations::outbox::failure_alerts::shared_id;
use crate::operations::outbox::settle_scheduled::{FIRST_REST, settle_scheduled};
use crate::operations::{Result, System, require};
use crate::store::{Acceptance, StoreError, UncertainEntry};

/// Pauses between queries. After the last one, only a person or a status settles the entry.
const RESTS: [Duration; 5] = [
    FIRST_REST,
    Duration::from_secs(60),
    Duration::from_secs(300),
    Duration::from_secs(1_800),
    Duration::from_secs(7_200),
];
/// Number of unsuccessful queries after which an alert is raised.
const ASK_A_PERSON_AFTER: u32 = 2;
/// Tolerated clock difference between wadeck and the provider.
const SLACK: Duration = Duration::from_secs(30);
const LATEST: Duration = Duration::from_secs(600);

/// Result of a query.
enum Seen {
    Found,
    NotListed,
    CannotAsk(String),
}

/// The reconcile worker's step: reconciles one entry that is due. Returns `false` if none is due.
pub async fn look_up_due(system: &System) -> Result<bool> {
    match system.store().doubtful(system.now(), None).await {
        Ok(Some(doubtful)) => look(system, &doubtful).await.map(|_| true),
        Ok(None) => settle_scheduled(system).await,
        Err(error) => {
            let Some(row) = unreadable_row(&error, &["outbox"]) else { return Err(error.into()) };
            cannot_look(system, row).await?;
            Ok(true)
        }
    }
}

/// Raises an alert about an entry whose row cannot be read and thus not compared; a person settles it.
async fn cannot_look(system: &System, row: UnreadableRow) -> Result<(), StoreError> {
    let (entry, now) = (EntryId(row.key), system.now());
    let mut write = system.store().write().await?;
    write.looked(entry, Timestamp::from_millis(i64::MAX)).await?;
    let thread = write.entry_state(entry).await?.map(|(_, _, thread, _)| thread);
    let follows = format!(
        "{entry} is uncertain, and the provider cannot be queried about it. Mark it as arrived, or discard it."
    );
    row.raise(&mut write, &follows, thread, now).await?;
    write.commit().await?;
    system.bus().publish([Change::Outbox, Change::Alerts]);
    Ok(())
}

/// Returns when the next query is due, or `None`.
pub async fn next_look_due(system: &System) -> Result<Option<Timestamp>, StoreError> {
    let due = [system.store().next_look_due().await?, system.store().next_kept_due().await?];
    Ok(due.into_iter().flatten().min())
}

/// Reconciles an entry now, on request of a person.
pub(crate) async fn request_reconcile(system: &System, actor: &Actor, entry: EntryId) -> Result<Done> {
    require(actor, Permission::ReconcileMessages)?;
    let Some(doubtful) = system.store().doubtful(system.now(), Some(entry)).await? else {
        let why = format!("{entry} is not uncertain.");
        return Err(Refusal::new(Code::NotUncertain, why, "Look at the entry's state.").into());
    };
    // Boxed, because this future is part of the future of every request.
    let said = match Box::pin(look(system, &doubtful)).await? {
        Seen::Found => format!("{entry} is in the provider's message list: it was accepted."),
        Seen::NotListed => format!(
            "{entry} is not in the provider's message list. It may still appear, as the list can be delayed. A retry may send it twice."
        ),
        Seen::CannotAsk(why) => format!("Cannot query the provider about {entry}: {why}"),
    };
    Ok(Done { message: said, created_id: None })
}

async fn look(system: &System, doubtful: &UncertainEntry) -> Result<Seen> {
    let connection = system.store().connection(doubtful.connection).await?;
    let seen = match &connection {
        None => Err("the connection was removed".into()),
        Some(connection) => ask(system, connection, doubtful).await,
    };
    let has_list = connection.as_ref().is_none_or(|connection| {
        let provider = system.providers().get(&connection.provider);
        provider.is_none_or(|provider| provider.capabilities().message_list)
    });
    let now = system.now();
    let mut write = system.store().write().await?;
    // Something else may have settled the entry during the query; that result stands.
    let open = write.entry_facts(doubtful.entry).await?.is_some_and(|facts| facts.state == EntryState::Uncertain);
    if !open {
        return Ok(match seen {
            Ok(Looked { found: Some(_), .. }) => Seen::Found,
            Ok(_) => Seen::NotListed,
            Err(why) => Seen::CannotAsk(why.0),
        });
    }
    if let Ok(looked) = &seen {
        write.store_evidence(doubtful.entry, &looked.evidence).await?;
    }
    let seen = match seen.map(|looked| looked.found) {
        Ok(Some(id)) => {
            let by = SettledBy::Look;
            let UncertainEntry { entry, message, connection, .. } = doubtful;
            let acceptance =
                Acceptance { entry: *entry, message: *message, connection: *connection, provider_message_id: &id, by };
            let found = write.accept_entries(&[acceptance], now).await?;
            if let Some(other) = found.iter().find_map(|found| found.shared) {
                shared_id(&mut write, doubtful.connection, doubtful.message, other, &id, now).await?;
            }
            write.merge_statuses(doubtful.message).await?;
            write.clear_alert(AlertKind::Uncertain, &doubtful.entry.to_string(), now).await?;
            write.stop_waiting(doubtful.thread).await?;
            Seen::Found
        }
        missing => {
            // If the provider has no list, later queries show no more.
            let rest = RESTS.get(doubtful.looks as usize).filter(|_| has_list);
            write.looked(doubtful.entry, rest.map_or(Timestamp::from_millis(i64::MAX), |rest| now.plus(*rest))).await?;
            if doubtful.looks + 1 >= ASK_A_PERSON_AFTER || !has_list {
                let name = connection.as_ref().map(|one| one.name.clone()).unwrap_or_default();
                let words = |count: u32| match count {
                    1 if !has_list => format!(
                        "{}: uncertain whether it arrived, and the provider cannot be queried. A status webhook settles it; \
                         otherwise look at the evidence, then retry or settle it.",
                        doubtful.entry
                    ),
                    count if !has_list => format!(
                        "{count} messages of {name}: uncertain whether they arrived, and the provider cannot be \
                         queried. List them with status:uncertain, look at the evidence of each, then settle, retry or \
                         discard them, also in bulk."
                    ),
                    1 => format!(
                        "{}: uncertain whether it arrived. Check the evidence, then retry it or mark it as arrived.",
                        doubtful.entry
                    ),
                    count => format!(
                        "{count} messages of {name}: uncertain whether they arrived. List them with status:uncertain, \
                         check the evidence of each, then reconcile, retry or discard them, or mark them as arrived; also in bulk."
                    ),
                };
                let subject = doubtful.connection.to_string();
                write
                    .raise_cause((AlertKind::Uncertain, &subject), doubtful.entry, doubtful.thread, words, now)
                    .await?;
            }
            match missing {
                Err(why) => Seen::CannotAsk(why.0),
                _ => Seen::NotListed,
            }
        }
    };
    write.commit().await?;
    system.bus().publish([Change::Outbox, Change::Thread(doubtful.thread), Change::Alerts]);
    system.wakeups().sender.notify_one();
    Ok(seen)
}

error_text! {
    /// Why the provider's list could not be searched.
    LookupError
}

/// What the list showed, and the id of the matching message, if there is one.
struct Looked {
    found: Option<String>,
    evidence: Evidence,
}

async fn ask(system: &System, connection: &Connection, doubtful: &UncertainEntry) -> Result<Looked, LookupError> {
    let provider = system.providers().get(&connection.provider).ok_or("this build does not support the provider")?;
    let phone = doubtful
        .outgoing
        .to
        .phone()
        .ok_or("the provider's list is searched by phone number, and the contact has none")?;
    let listed = provider.list_sent_to(connection, phone).await.map_err(|trouble| trouble.line())?;
    let mut lines = vec![];
    let mut strangers = vec![];
    let mut found = None;
    for sent in &listed {
        let near = sent.sent_at.plus(SLACK) >= doubtful.last_attempt_at
            && sent.sent_at <= doubtful.last_attempt_at.plus(LATEST);
        let because = if sent.reference.as_ref() == Some(&doubtful.outgoing.reference) {
            found = Some(sent.provider_message_id.clone());
            "it has our reference: it is this message"
        } else if sent.reference.is_some() {
            "it has the reference of another message"
        } else if !near {
            "it was sent at another time"
        } else if !doubtful.outgoing.content.echoes(sent.words.as_received()) {
            "it has another text"
        } else if system
            .store()
            .is_known(&message_key(connection.id, &sent.provider_message_id))
            .await
            .map_err(|error| error.to_string())?
        {
            // A listed message that is known as another message of ours proves nothing about this one.
            "the same text, but known as another message of ours"
        } else {
            strangers.push(sent.provider_message_id.clone());
            "the same text at the same time, and no other message matches"
        };
        if near || found.as_ref() == Some(&sent.provider_message_id) {
            lines.push(ListedLine {
                provider_message_id: sent.provider_message_id.clone(),
                at: sent.sent_at,
                words: sent.words.clone(),
                because: because.to_owned(),
            });
        }
    }
    // If two listed messages match, neither is taken.
    let found = found.or_else(|| if let [one] = strangers.as_slice() { Some(one.clone()) } else { None });
    let said = match (&found, strangers.len()) {
        (Some(_), _) => "found in the list: it was accepted".to_owned(),
        (None, 0) => format!("not among {} listed messages; the list may be delayed", listed.len()),
        (None, count) => format!("{count} listed messages could be this one, so none settles it"),
    };
    lines.truncate(20);
    Ok(Looked { found, evidence: Evidence { asked_at: system.now(), said, listed: lines } })
}
