//! Applies a copy of a delivery as a dry run: reads and applies it like any other, rolls everything back, and returns
//! what would have happened.

use std::sync::Arc;

use crate::domain::access::actor::Actor;
use crate::domain::access::permission::Permission;
use crate::domain::change::Change;
use crate::domain::code::Code;
use crate::domain::ids::DeliveryId;
use crate::domain::inbound::delivery::DeliveryState;
use crate::domain::inbound::event::InboundEvent;
use crate::domain::refusal::{Done, Refusal};
use crate::domain::text::clean_line;
use crate::operations::inbound::apply::{Outcome, Way, apply_one, read};
use crate::operations::inbound::effects::Effects;
use crate::operations::{Result, System, require};

/// Maximum size of an edited body, in bytes.
const LONGEST: usize = 1024 * 1024;

/// Tries a stored delivery, or an edited body in its place, and returns a report.
pub(crate) async fn try_delivery(
    system: &System,
    actor: &Actor,
    delivery: DeliveryId,
    body: Option<String>,
) -> Result<Done> {
    require(actor, Permission::DryRunDeliveries)?;
    if body.as_ref().is_some_and(|body| body.len() > LONGEST) {
        return Err(
            Refusal::new(Code::TooLong, "The edited body is longer than a webhook may be.", "Shorten it.").into()
        );
    }
    let mut write = system.store().write().await?;
    let Some(mut stored) = write.stored_delivery(delivery).await? else {
        return Err(Refusal::new(Code::NotFound, format!("Delivery {delivery} not found."), "").into());
    };
    if let Some(body) = body {
        Arc::make_mut(&mut stored.raw).body = body.into_bytes();
    }
    let Some(provider) = system.providers().get(&stored.raw.provider) else {
        return Err(Refusal::new(Code::NoProvider, "This build does not support its provider.", "").into());
    };
    let reading = match provider.read(&stored.raw) {
        Ok(reading) => reading,
        Err(unreadable) => return Ok(Done { message: format!("It cannot be read: {unreadable}."), created_id: None }),
    };
    let mut lines = vec![format!("Read as {} with {} event(s).", reading.event, reading.events.len())];
    for event in &reading.events {
        lines.push(match event {
            InboundEvent::Handoff { name, note, .. } => format!("{} {}", clean_line(name), note.line()),
            InboundEvent::Preference { stop: true, .. } => "opts out of marketing".to_owned(),
            InboundEvent::Preference { .. } => "opts in to marketing".to_owned(),
            InboundEvent::Named { name, .. } => format!("has the name {}", name.line()),
            InboundEvent::Unreadable { why } => format!("cannot be read: {}", clean_line(why)),
            InboundEvent::Message(message) => format!(
                "{} {} {}: {}",
                message.direction.name(),
                message.content.kind(),
                clean_line(&message.provider_message_id),
                message.content.words().line()
            ),
            InboundEvent::Status(status) => {
                let names: Vec<&str> = status.statuses.iter().map(|report| report.status.name()).collect();
                format!("status {} of {}", names.join(", "), clean_line(&status.provider_message_id))
            }
            InboundEvent::Notice { said, .. } if !said.is_empty() => said.line(),
            InboundEvent::Lifecycle { name, .. }
            | InboundEvent::Notice { name, .. }
            | InboundEvent::Unknown { name } => clean_line(name),
        });
    }
    let mut effects = Effects::default();
    let outcome = {
        let read = read(system, &stored);
        apply_one(system, &mut Way::Carefully(&mut write), &stored, read, &mut effects).await
    };
    // Dropping the transaction rolls everything back.
    drop(write);
    lines.push(match outcome {
        Ok(Outcome::Applied { .. }) => {
            let threads: Vec<String> = effects
                .changes
                .iter()
                .filter_map(|change| if let Change::Thread(thread) = change { Some(thread.to_string()) } else { None })
                .collect();
            let touched = if threads.is_empty() {
                "No thread would change".to_owned()
            } else {
                format!("It would change {}", threads.join(", "))
            };
            let runs = if effects.runs { ", and an agent would run" } else { "" };
            format!("{touched}{runs}. Nothing was changed: this was a dry run.")
        }
        Ok(Outcome::Partly { progress, .. }) => match progress.state() {
            DeliveryState::Quarantined => format!("It would be quarantined: {}.", progress.note()),
            DeliveryState::Pending => format!("So far: {}.", progress.note()),
            _ => format!("It could not be applied: {}.", progress.note()),
        },
        Ok(Outcome::Unreadable { note }) => format!("It could not be applied: {note}."),
        Err(error) => format!("It could not be applied: {error}."),
    });
    Ok(Done { message: lines.join("\n"), created_id: None })
}
