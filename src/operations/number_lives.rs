//! The life of numbers at the provider: connected, and given back. The webhook is the first to say so.

use super::apply_message::{Effects, Source};
use super::set_up::number_created;
use crate::domain::change::Change;
use crate::domain::connection::Connection;
use crate::domain::role::Actor;
use crate::domain::text::clean_line;
use crate::store::{NewAlert, StoreError, Write};

/// An event about a number.
pub(super) struct NumberLife<'e> {
    pub name: &'e str,
    pub number: &'e str,
    pub customer: Option<&'e str>,
    pub known: Option<&'e Connection>,
}

pub(super) async fn number_lives(
    write: &mut Write,
    source: &Source,
    life: &NumberLife<'_>,
    effects: &mut Effects,
) -> Result<(), StoreError> {
    let now = source.received_at;
    match life.name.rsplit('.').next() {
        Some("created") if life.name.contains("phone_number") => {
            let setup = number_created(write, &source.provider, life.customer, life.number, now).await?;
            if let Some(setup) = setup {
                let detail = format!("connected by the provider's webhook: {}", clean_line(life.number));
                write.audit(&Actor::System, "link_used", &setup.to_string(), &detail, now).await?;
                effects.setups = true;
                effects.changes.extend([Change::Everything]);
            } else if life.known.is_none() {
                let said = format!(
                    "A number that nobody here set up was connected at the provider ({}): a in Connections adopts it.",
                    clean_line(life.number)
                );
                write
                    .raise(&NewAlert { kind: "number_unclaimed", subject: life.number, said: &said, thread: None }, now)
                    .await?;
                effects.changes.push(Change::Alerts);
            }
        }
        Some("deleted") if life.name.contains("phone_number") => {
            if let Some(connection) = life.known {
                write.lose(connection, false, now).await?;
                let said = format!(
                    "{} ({}) was disconnected at the provider: nothing comes or goes over it. R in Connections connects it again.",
                    connection.name, connection.phone_number
                );
                let subject = connection.id.to_string();
                write
                    .raise(&NewAlert { kind: "disconnected", subject: &subject, said: &said, thread: None }, now)
                    .await?;
                write.audit(&Actor::System, "disconnected", &subject, "by the provider's webhook", now).await?;
                effects.changes.extend([Change::Everything]);
            }
        }
        _ => {}
    }
    Ok(())
}
