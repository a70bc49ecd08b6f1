//! Recipient rules: no messages to our own numbers, and no marketing to contacts who opted out. Checked in the
//! transaction that queues the message.

use std::collections::HashMap;

use super::marketing::{self, is_marketing};
use crate::domain::access::actor::Actor;
use crate::domain::access::audit_action::AuditAction;
use crate::domain::code::Code;
use crate::domain::contacts::address::Address;
use crate::domain::failure::{Failure, OptOutKind};
use crate::domain::ids::{ConnectionId, ContactId, ThreadId};
use crate::domain::message::content::Content;
use crate::domain::refusal::Refusal;
use crate::domain::time::Timestamp;
use crate::operations::System;
use crate::store::{StoreError, Write};

/// Returns why a message must not be sent to this address; `None` if it may.
pub(in crate::operations) async fn forbidden(
    system: &System,
    write: &mut Write,
    connection: ConnectionId,
    to: &Address,
    content: &Content,
) -> Result<Option<Refusal>, StoreError> {
    if let Some(refusal) = own_number(write, to).await? {
        return Ok(Some(refusal));
    }
    marketing_stopped(system, write, connection, to, content).await
}

/// Returns why a marketing template must not be sent to this address; `None` if it may, or if the message is no
/// marketing.
pub(in crate::operations) async fn marketing_stopped(
    system: &System,
    write: &mut Write,
    connection: ConnectionId,
    to: &Address,
    content: &Content,
) -> Result<Option<Refusal>, StoreError> {
    if is_marketing(system, connection, content)
        && let Some(contact) = write.contact_with(std::slice::from_ref(to)).await?
        && write.stops_marketing(contact).await?
    {
        let why = format!("{} opted out of marketing messages.", to.display_name());
        let instead = "Send a utility template, or wait until the contact resumes marketing.";
        return Ok(Some(Refusal::new(Code::MarketingStopped, why, instead)));
    }
    Ok(None)
}

/// Refuses our own numbers: two agents would answer each other endlessly.
pub(in crate::operations) async fn own_number(write: &mut Write, to: &Address) -> Result<Option<Refusal>, StoreError> {
    let name = write.own_number(to).await?;
    Ok(name.map(|name| is_ours(to, &name)))
}

/// Returns the refusal if an address is one of our own numbers, in any spelling. `own` has the numbers with the names
/// of their connections.
pub(in crate::operations) fn ours(own: &HashMap<String, String>, to: &Address) -> Option<Refusal> {
    let number = to.phone()?;
    let variants = number.variants();
    let mut spellings = std::iter::once(number).chain(&variants);
    spellings.find_map(|spelling| own.get(spelling.digits())).map(|name| is_ours(to, name))
}

fn is_ours(to: &Address, name: &str) -> Refusal {
    let name = crate::domain::text::clean_line(name);
    let why = format!("{} is our own number ({name}).", to.display_name());
    Refusal::new(Code::OwnNumber, why, "Give the contact's number.")
}

/// Stores an opt-out that the provider's failure reports, from all messages or from marketing. `told` names the
/// source: a response or a status.
pub(in crate::operations) async fn opt_out_from_failure(
    system: &System,
    write: &mut Write,
    thread: ThreadId,
    (failure, told): (&Failure, &str),
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some(unwanted) = failure.opt_out_kind() else { return Ok(()) };
    let detail = format!("{told} {}", failure.code);
    match unwanted {
        OptOutKind::Everything => {
            if write.opted_out(thread).await? {
                return Ok(());
            }
            write.opt_out(thread, true, &detail, now).await?;
            write.audit(&Actor::System, AuditAction::OptOut, &thread.to_string(), &detail, now).await
        }
        OptOutKind::Marketing => {
            let contact = write.contact_of_thread(thread).await?;
            if write.store_marketing_preference(contact, true, &detail, now).await? {
                write.audit(&Actor::System, AuditAction::MarketingStop, &thread.to_string(), &detail, now).await?;
                Box::pin(marketing::cancel_scheduled_marketing(system, write, contact, now)).await?;
            }
            Ok(())
        }
    }
}

/// Stores the address under which the provider knows the contact, unless another contact has it or it is one of our
/// own numbers.
pub(in crate::operations) async fn store_learned_address(
    write: &mut Write,
    contact: ContactId,
    address: &Address,
) -> Result<(), StoreError> {
    match write.own_number(address).await? {
        None => write.learn_address(contact, address).await,
        Some(_) => Ok(()),
    }
}
