//! Contacts: added, renamed, merged and split.

use crate::domain::access::actor::Actor;
use crate::domain::access::audit_action::AuditAction;
use crate::domain::access::permission::Permission;
use crate::domain::change::Change;
use crate::domain::code::Code;
use crate::domain::contacts::address::Address;
use crate::domain::contacts::phone::PhoneNumber;
use crate::domain::ids::{ConnectionId, ContactId};
use crate::domain::message::note::{self, Note};
use crate::domain::monitoring::alert_kind::AlertKind;
use crate::domain::refusal::{Done, Refusal};
use crate::domain::text::Untrusted;
use crate::operations::{Result, System, require};

const LONGEST_NAME: usize = 100;

fn checked(name: &str) -> Result<Untrusted, Refusal> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > LONGEST_NAME {
        let why = format!("The name is not 1 to {LONGEST_NAME} characters long.");
        return Err(Refusal::new(Code::Name, why, "Choose another name."));
    }
    Ok(name.into())
}

/// Adds a contact with its thread. Refused if the number is known or is one of our own.
pub(crate) async fn add(
    system: &System,
    actor: &Actor,
    connection: ConnectionId,
    name: &str,
    number: PhoneNumber,
    note: Option<&str>,
) -> Result<Done> {
    require(actor, Permission::AddContacts)?;
    let name = checked(name)?;
    let words = first_note(&number, note)?;
    let now = system.now();
    let mut write = system.store().write().await?;
    let Some(connection) = write.live_connection(connection).await? else {
        return Err(Refusal::new(Code::NotFound, format!("Connection {connection} not found."), "").into());
    };
    let address = Address::Phone(number);
    if let Some(refusal) = crate::operations::outbox::send_message::recipient::own_number(&mut write, &address).await? {
        return Err(refusal.into());
    }
    if let Some(known) = write.address_known(&address).await? {
        let why = format!("{} is already a contact, {known}.", address.display_name());
        return Err(Refusal::new(Code::ContactKnown, why, "Use the existing contact.").into());
    }
    let (contact, _) = write.contact(std::slice::from_ref(&address), Some(&name), now).await?;
    let thread = write.thread(connection.id, contact, &address.external_id(), now).await?;
    write.add_note(thread.thread, &Note { author: actor.to_string(), at: now, words }).await?;
    write.audit(actor, AuditAction::AddContact, &contact.to_string(), &address.display_name(), now).await?;
    write.commit().await?;
    system.bus().publish([Change::Thread(thread.thread), Change::Activity]);
    let said = format!("Added {}. Only templates can be sent until the contact writes.", name.line());
    Ok(Done { message: said, created_id: Some(thread.thread.to_string()) })
}

/// Returns the first note of a new contact. It always contains the number, so that the contact can be found by it
/// elsewhere.
fn first_note(number: &PhoneNumber, text: Option<&str>) -> Result<Untrusted, Refusal> {
    let number = number.to_string();
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else {
        return Ok(format!("WhatsApp {number}").into());
    };
    let words = if text.contains(&number) { text.to_owned() } else { format!("{text} (WhatsApp {number})") };
    note::check(&words)?;
    Ok(words.into())
}

/// Renames a contact.
pub(crate) async fn rename(system: &System, actor: &Actor, contact: ContactId, name: &str) -> Result<Done> {
    require(actor, Permission::NameContacts)?;
    let name = checked(name)?;
    let now = system.now();
    let mut write = system.store().write().await?;
    if !write.contact_exists(contact).await? {
        return Err(Refusal::new(Code::NotFound, format!("Contact {contact} not found."), "").into());
    }
    write.name_contact(contact, &name).await?;
    write.audit(actor, AuditAction::Rename, &contact.to_string(), &name.line(), now).await?;
    write.commit().await?;
    system.bus().publish([Change::Everything]);
    Ok(Done { message: format!("Renamed {contact} to {}.", name.line()), created_id: None })
}

/// Merges contact `gone` into `keep`.
pub(crate) async fn merge(system: &System, actor: &Actor, keep: ContactId, gone: ContactId) -> Result<Done> {
    require(actor, Permission::MergeContacts)?;
    if keep == gone {
        return Err(
            Refusal::new(Code::SameContact, "Both ids name the same contact.", "Choose another contact.").into()
        );
    }
    let now = system.now();
    let mut write = system.store().write().await?;
    for contact in [keep, gone] {
        if !write.contact_exists(contact).await? {
            return Err(Refusal::new(Code::NotFound, format!("Contact {contact} not found."), "").into());
        }
    }
    write.merge_contacts(keep, gone, &actor.to_string(), now).await?;
    write.clear_alert(AlertKind::SamePerson, &format!("{keep}+{gone}"), now).await?;
    write.clear_alert(AlertKind::SamePerson, &format!("{gone}+{keep}"), now).await?;
    write.audit(actor, AuditAction::Merge, &keep.to_string(), &gone.to_string(), now).await?;
    write.commit().await?;
    system.wakeups().reconcile.notify_one();
    system.bus().publish([Change::Everything]);
    Ok(Done { message: format!("Merged {gone} into {keep}. Splitting {keep} undoes it."), created_id: None })
}

/// Undoes the last merge of a contact.
pub(crate) async fn split(system: &System, actor: &Actor, contact: ContactId) -> Result<Done> {
    require(actor, Permission::SplitContacts)?;
    let now = system.now();
    let mut write = system.store().write().await?;
    let Some(gone) = write.split_contact(contact, now).await? else {
        return Err(Refusal::new(Code::NotMerged, format!("No contact was merged into {contact}."), "").into());
    };
    write.audit(actor, AuditAction::Split, &contact.to_string(), &gone.to_string(), now).await?;
    write.commit().await?;
    system.bus().publish([Change::Everything]);
    Ok(Done {
        message: format!("Split {gone} from the contact, with its threads."),
        created_id: Some(gone.to_string()),
    })
}
