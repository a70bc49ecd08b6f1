//! Marketing messages that are queued or scheduled when the contact opts out of marketing.

use crate::domain::failure::{Failure, FailureClass};
use crate::domain::ids::{ConnectionId, ContactId};
use crate::domain::message::content::Content;
use crate::domain::templates::template::Template;
use crate::domain::time::Timestamp;
use crate::operations::System;
use crate::store::{Claimed, StoreError, Write};

/// Name under which a cancellation after a marketing opt-out is shown.
const BY: &str = "the contact, who stopped marketing";

/// Result of the marketing check just before sending.
pub(in crate::operations) enum MarketingConsent {
    Yes,
    No(Box<Failure>),
    /// The contact opted out of marketing, and the template's category is not known yet.
    NotKnownYet,
}

/// Checks the marketing opt-out again just before sending, because the contact may have opted out after the message
/// was queued.
pub(in crate::operations) async fn check_marketing_consent(
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

/// Cancels this contact's marketing messages that are scheduled at the provider.
pub(in crate::operations) async fn cancel_scheduled_marketing(
    system: &System,
    write: &mut Write,
    contact: ContactId,
    now: Timestamp,
) -> Result<(), StoreError> {
    for (entry, connection, outgoing) in write.scheduled_for_contact(contact).await? {
        if is_marketing(system, connection, &outgoing.content) {
            write.recall(entry, BY, now).await?.ignore();
        }
    }
    Ok(())
}

/// Returns `true` if the template is a marketing template, according to the list fetched last.
pub(in crate::operations) fn is_marketing(system: &System, connection: ConnectionId, content: &Content) -> bool {
    let Content::Template { name, language, .. } = content else { return false };
    let lists = system.templates();
    lists.get(&connection).and_then(|list| list.named(name, language)).is_some_and(Template::is_marketing)
}
