//! Ask the provider's own message list what became of an entry whose answer was lost. Found: it is
//! settled. Not found: it stays uncertain, since a list may lag; a person decides.

use std::time::Duration;

use super::{Result, System, require};
use crate::domain::change::Change;
use crate::domain::connection::Connection;
use crate::domain::ids::EntryId;
use crate::domain::key::message_key;
use crate::domain::outbox::SettledBy;
use crate::domain::request::{Done, Refusal};
use crate::domain::role::{Actor, Role};
use crate::domain::time::Timestamp;
use crate::provider::SentMessage;
use crate::store::{Doubtful, NewAlert};

/// The rests between looks; after the last one only a person or a status settles it.
const RESTS: [Duration; 5] = [
    Duration::from_secs(20),
    Duration::from_secs(60),
    Duration::from_secs(300),
    Duration::from_secs(1_800),
    Duration::from_secs(7_200),
];
/// After so many looks in vain a person is asked.
const ASK_A_PERSON_AFTER: u32 = 2;
/// Clocks of two companies differ.
const SLACK: Duration = Duration::from_secs(30);
const LATEST: Duration = Duration::from_secs(600);

/// What a look showed.
enum Seen {
    Found,
    NotListed,
    CannotAsk(String),
}

/// The looker's step: one entry that is due for a look. `false` when there is none now.
pub async fn look_up_due(system: &System) -> Result<bool> {
    let Some(doubtful) = system.store().doubtful(system.now(), None).await? else { return Ok(false) };
    look(system, &doubtful).await?;
    Ok(true)
}

/// A person wants to know now.
pub(super) async fn look_up(system: &System, actor: &Actor, entry: EntryId) -> Result<Done> {
    require(actor, Role::Operator, "ask the provider about a message")?;
    let Some(doubtful) = system.store().doubtful(system.now(), Some(entry)).await? else {
        let why = format!("{entry} is not uncertain (any more).");
        return Err(Refusal::new("not_uncertain", why, "Open it to see where it stands.").into());
    };
    let said = match look(system, &doubtful).await? {
        Seen::Found => format!("{entry} is in the provider's list: it was accepted."),
        Seen::NotListed => format!(
            "{entry} is not in the provider's list. Lists lag: it may still appear. Retrying it may send it twice."
        ),
        Seen::CannotAsk(why) => format!("{entry} could not be looked up: {why}"),
    };
    Ok(Done { said, made: None })
}

async fn look(system: &System, doubtful: &Doubtful) -> Result<Seen> {
    let connection = system.store().connection(doubtful.connection).await?;
    let seen = match &connection {
        None => Err("the connection is gone".to_owned()),
        Some(connection) => ask(system, connection, doubtful).await,
    };
    let now = system.now();
    let mut write = system.store().write().await?;
    let seen = match seen {
        Ok(Some(id)) => {
            // Unless something else settled it while we were asking.
            let open = write.entry_state(doubtful.entry).await?.is_some_and(|(state, ..)| state.name() == "uncertain");
            if open {
                let by = SettledBy::Look;
                write.accept_entry(doubtful.entry, doubtful.message, doubtful.connection, &id, by, now).await?;
                write.merge_statuses(doubtful.message).await?;
                write.clear_alert("uncertain", &doubtful.entry.to_string(), now).await?;
                write.stop_waiting(doubtful.thread).await?;
            }
            Seen::Found
        }
        missing => {
            let rest = RESTS.get(doubtful.looks as usize);
            write.looked(doubtful.entry, rest.map_or(Timestamp::from_millis(i64::MAX), |rest| now.plus(*rest))).await?;
            if doubtful.looks + 1 >= ASK_A_PERSON_AFTER {
                let said = format!(
                    "{}: nobody knows whether it arrived. Look at the evidence, then retry or settle it.",
                    doubtful.entry
                );
                let subject = doubtful.entry.to_string();
                let alert =
                    NewAlert { kind: "uncertain", subject: &subject, said: &said, thread: Some(doubtful.thread) };
                write.raise(&alert, now).await?;
            }
            match missing {
                Err(why) => Seen::CannotAsk(why),
                _ => Seen::NotListed,
            }
        }
    };
    write.commit().await?;
    system.bus().publish([Change::Outbox, Change::Thread(doubtful.thread), Change::Alerts]);
    system.wakes().sender.notify_one();
    Ok(seen)
}

async fn ask(system: &System, connection: &Connection, doubtful: &Doubtful) -> Result<Option<String>, String> {
    let provider = system.providers().get(&connection.provider).ok_or("the provider is not part of this program")?;
    let phone =
        doubtful.outgoing.to.phone().ok_or("the provider's list is searched by phone number, and there is none")?;
    let listed = provider.sent_to(connection, phone).await.map_err(|trouble| trouble.line())?;
    if let Some(found) = listed.iter().find(|sent| sent.reference.as_ref() == Some(&doubtful.outgoing.reference)) {
        return Ok(Some(found.provider_message_id.clone()));
    }
    let alike: Vec<&SentMessage> = listed
        .iter()
        .filter(|sent| sent.reference.is_none() && sent.words.as_received() == doubtful.words)
        .filter(|sent| {
            let at = sent.sent_at;
            at.plus(SLACK) >= doubtful.last_attempt_at && at <= doubtful.last_attempt_at.plus(LATEST)
        })
        .collect();
    // What is known to be another message of ours proves nothing about this one.
    let mut strangers = vec![];
    let mut write = system.store().write().await.map_err(|error| error.to_string())?;
    for sent in alike {
        let key = message_key(connection.id, &sent.provider_message_id);
        let known = write.outbound_by_key(&key).await.map_err(|error| error.to_string())?;
        if known.is_none_or(|matched| matched.entry.is_none()) {
            strangers.push(sent);
        }
    }
    // Two that fit are no proof of either.
    Ok(match strangers.as_slice() {
        [one] => Some(one.provider_message_id.clone()),
        _ => None,
    })
}
