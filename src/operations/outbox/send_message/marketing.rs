//! Marketing that waits, or that a provider keeps, for somebody who wants none any more.

use crate::domain::failure::{Failure, FailureClass};
use crate::domain::ids::{ConnectionId, ContactId};
use crate::domain::message::content::Content;
use crate::domain::templates::template::Template;
use crate::domain::time::Timestamp;
use crate::operations::System;
use crate::store::{Claimed, StoreError, Write};

/// Who calls back what a provider keeps, as it is shown.
const BY: &str = "the contact, who stopped marketing";

/// What the wish of a contact means for a message at the last moment before it is sent.
pub(in crate::operations) enum MarketingConsent {
    Yes,
    No(Box<Failure>),
    /// They want no marketing, and no list of templates shows yet whether this is.
    NotKnownYet,
}

/// Asks again what was asked when it was queued, since they may have said so in between.
pub(in crate::operations) async fn still_wanted(
    system: &System,
    write: &mut Write,
    claimed: &Claimed,
) -> Result<MarketingConsent, StoreError> {
    let content = &claimed.outgoing.content;
    if !matches!(content, Content::Template { .. }) {
        return Ok(MarketingConsent::Yes);
    }
    let contact = write.contact_of_thread(claimed.thread).await?;
    if !write.stops_marketing(contact).await? {
        return Ok(MarketingConsent::Yes);
    }
    if !system.templates().contains_key(&claimed.connection) {
        return Ok(MarketingConsent::NotKnownYet);
    }
    if !is_marketing(system, claimed.connection, content) {
        return Ok(MarketingConsent::Yes);
    }
    Ok(MarketingConsent::No(Box::new(Failure::own(
        FailureClass::Policy,
        Failure::MARKETING_STOPPED,
        "This contact asked for no marketing messages after it was queued; nothing was sent.",
        "Send a utility template, or wait until they resume marketing.",
    ))))
}

/// Calls back the marketing that a provider keeps for this contact until its time.
pub(in crate::operations) async fn call_back(
    system: &System,
    write: &mut Write,
    contact: ContactId,
    now: Timestamp,
) -> Result<(), StoreError> {
    for (entry, connection, outgoing) in write.kept_for(contact).await? {
        if is_marketing(system, connection, &outgoing.content) {
            write.recall(entry, BY, now).await?.either_way();
        }
    }
    Ok(())
}

/// Whether a template is of the kind that people can turn off, by the list as it was fetched last.
pub(in crate::operations) fn is_marketing(system: &System, connection: ConnectionId, content: &Content) -> bool {
    let Content::Template { name, language, .. } = content else { return false };
    let lists = system.templates();
    lists.get(&connection).and_then(|list| list.named(name, language)).is_some_and(Template::is_marketing)
}
