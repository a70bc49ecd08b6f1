//! Send an approved template: the only thing that may begin a conversation.

use super::send_file::header_file;
use super::{Result, System, require};
use crate::domain::address::Address;
use crate::domain::change::Change;
use crate::domain::content::Content;
use crate::domain::ids::ConnectionId;
use crate::domain::outbox::Outgoing;
use crate::domain::phone::PhoneNumber;
use crate::domain::request::{Done, Refusal};
use crate::domain::right::Right;
use crate::domain::role::Actor;
use crate::domain::template::Template;
use crate::domain::text::Untrusted;
use crate::domain::time::Timestamp;
use crate::domain::window;
use crate::store::NewEntry;

pub(super) struct Filled {
    pub connection: ConnectionId,
    pub to: PhoneNumber,
    pub name: String,
    pub language: String,
    pub parameters: Vec<(String, String)>,
    pub header_file: Option<String>,
    pub at: Option<Timestamp>,
}

pub(super) async fn send_template(system: &System, actor: &Actor, filled: Filled) -> Result<Done> {
    require(actor, Right::WriteToPeople)?;
    let connection = system.store().connection(filled.connection).await?.ok_or_else(|| {
        Refusal::new("no_such_connection", format!("There is no connection {}.", filled.connection), "")
    })?;
    if filled.to == connection.phone_number {
        let why = format!("{} is our own number.", filled.to);
        return Err(Refusal::new("own_number", why, "Send it to the contact's number.").into());
    }
    if let Some((name, _)) = filled.parameters.iter().find(|(_, value)| value.trim().is_empty()) {
        let why = format!("The parameter {name} is empty; templates with empty parameters are refused.");
        return Err(Refusal::new("empty_parameter", why, "Fill it in.").into());
    }
    if filled.at.is_some_and(|at| at < system.now()) {
        return Err(Refusal::new("past", "That time is over.", "Give one that is to come.").into());
    }
    let known = check_approved(system, &filled)?;
    let (parameters, rendered) = match &known {
        Some(template) => {
            template.check(&filled.parameters, filled.header_file.is_some())?;
            (template.doubled(&filled.parameters), Some(template.render(&filled.parameters)))
        }
        None => (filled.parameters.clone(), None),
    };
    let header = match &filled.header_file {
        Some(path) => Some(header_file(system, path).await?),
        None => None,
    };
    let now = system.now();
    // A file is lent for a while only: what carries one is kept here.
    let provider = system.providers().get(&connection.provider);
    let ahead = provider.and_then(|provider| provider.ahead(&connection)).filter(|_| header.is_none());
    let hand_over = ahead.zip(filled.at).map(|(ahead, at)| ahead.opens(at, now));
    let outgoing = Outgoing {
        to: Address::Phone(filled.to.clone()),
        content: Content::Template {
            name: filled.name.clone(),
            language: filled.language,
            id: known.map(|template| template.id).filter(|id| !id.is_empty()),
            parameters: parameters.into_iter().map(|(name, value)| (name, Untrusted::new(value))).collect(),
            header: header.map(Box::new),
            rendered,
        },
        reply_to: None,
        reference: system.reference(),
        at: hand_over.and(filled.at),
    };
    let mut write = system.store().write().await?;
    let (contact, _) = write.contact(std::slice::from_ref(&outgoing.to), None, now).await?;
    let thread = write.thread(connection.id, contact, &outgoing.to.external_id(), now).await?;
    if thread.opted_out {
        let why = format!("{} asked not to be written to.", filled.to);
        return Err(Refusal::new("opted_out", why, "Write when they want it again.").into());
    }
    let row = system.store().thread(thread.thread).await?;
    let open = row.is_some_and(|row| window::is_open(row.window_closes_at, now));
    let author = actor.to_string();
    let new = NewEntry {
        thread: thread.thread,
        connection: connection.id,
        outgoing: &outgoing,
        author: &author,
        run: None,
        business_initiated: !open,
        not_before: filled.at,
        hand_over,
        now,
    };
    let (message, entry) = write.enqueue(&new).await?;
    write.audit(actor, "send_template", &thread.thread.to_string(), &format!("{} {entry}", filled.name), now).await?;
    write.commit().await?;
    system.bus().publish([Change::Thread(thread.thread), Change::Outbox, Change::Activity]);
    system.wakes().uploader.notify_one();
    system.wakes().sender.notify_one();
    Ok(Done { said: format!("Queued {} for {} as {entry}.", filled.name, filled.to), made: Some(message.to_string()) })
}

/// The last list is a hint, not the truth: what it does not know is left to the provider to judge.
fn check_approved(system: &System, filled: &Filled) -> Result<Option<Template>, Refusal> {
    let templates = system.templates();
    let known = templates.get(&filled.connection).and_then(|list| {
        let same = |text: &Untrusted, wanted: &str| text.as_received() == wanted;
        list.templates.iter().find(|one| same(&one.name, &filled.name) && same(&one.language, &filled.language))
    });
    match known {
        Some(template) if !template.status.can_send() => {
            let why = format!("The template {} ({}) is {}.", filled.name, filled.language, template.status.name());
            Err(Refusal::new("template_not_approved", why, "Refresh the list, or choose an approved one."))
        }
        known => Ok(known.cloned()),
    }
}
