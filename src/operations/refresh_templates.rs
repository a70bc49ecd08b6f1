//! Fetch templates from the provider. What is kept is a picture with its time; when a fetch fails,
//! the old picture stays, with its age and the reason.

use super::trouble::condition;
use super::{Result, System};
use crate::domain::change::Change;
use crate::domain::connection::Connection;
use crate::domain::request::Done;
use crate::domain::role::Actor;
use crate::domain::template::{Template, TemplateList};
use crate::store::NewAlert;

type Fetched = std::result::Result<Vec<Template>, String>;

/// Fetches every connection's list. Numbers of one account share one request.
pub async fn refresh_templates(system: &System) -> Result<Done> {
    let mut count = 0;
    let mut troubles = vec![];
    let mut accounts: Vec<(String, Fetched)> = vec![];
    for connection in system.store().connections().await? {
        let Some(provider) = system.providers().get(&connection.provider) else { continue };
        let account = format!("{}/{}", connection.provider, connection.business_account_id);
        let known = accounts.iter().find(|(name, _)| *name == account).map(|(_, fetched)| fetched.clone());
        let fetched = match known {
            Some(fetched) => fetched,
            None => {
                let fetched: Fetched = provider
                    .templates(&connection)
                    .await
                    .map_err(|trouble| format!("{}. {}", trouble.line(), trouble.remedy));
                accounts.push((account, fetched.clone()));
                fetched
            }
        };
        let now = system.now();
        if let Ok(templates) = &fetched {
            notice_changes(system, &connection, templates).await?;
        }
        let mut lists = system.templates();
        let list = lists.entry(connection.id).or_insert_with(|| TemplateList {
            connection: connection.id,
            connection_name: connection.name.clone(),
            fetched_at: None,
            templates: vec![],
            trouble: None,
        });
        match fetched {
            Ok(templates) => {
                count += templates.len();
                list.templates = templates;
                list.fetched_at = Some(now);
                list.trouble = None;
            }
            Err(why) => {
                troubles.push(format!("{}: {why}", connection.name));
                list.trouble = Some(why);
            }
        }
    }
    system.bus().publish([Change::Templates]);
    let said = if troubles.is_empty() { format!("{count} templates fetched.") } else { troubles.join(" ") };
    Ok(Done { said, made: None })
}

/// A template that was paused, rejected or switched off wants a person; one that is well again does not.
async fn notice_changes(system: &System, connection: &Connection, templates: &[Template]) -> Result<()> {
    let now = system.now();
    let known = system.store().sightings(&format!("template:{}/", connection.business_account_id)).await?;
    let mut changes = vec![];
    for template in templates {
        let subject = format!(
            "template:{}/{}/{}",
            connection.business_account_id,
            template.name.line(),
            template.language.line()
        );
        let before = known.iter().find(|(name, _)| *name == subject).map(|(_, state)| state.as_str());
        if before != Some(template.status.name()) {
            changes.push((subject, template, before.is_some()));
        }
    }
    if changes.is_empty() {
        return Ok(());
    }
    let mut write = system.store().write().await?;
    for (subject, template, seen_before) in changes {
        write.sight(&subject, template.status.name(), now).await?;
        let (name, language, status) =
            (template.name.as_received(), template.language.as_received(), template.status.name());
        let reason = template.rejected_reason.as_ref().map(crate::domain::text::Untrusted::line).unwrap_or_default();
        write.note_template(&connection.business_account_id, (name, language), status, &reason, now).await?;
        if seen_before {
            let detail =
                format!("{} ({}) is {} now", template.name.line(), template.language.line(), status.to_lowercase());
            write.audit(&Actor::System, "template_changed", &connection.id.to_string(), &detail, now).await?;
        }
        let scheduled =
            if template.status.can_send() { 0 } else { system.store().scheduled_with(name, language).await? };
        let waits = (scheduled > 0).then(|| {
            format!(
                "Of what is queued, {scheduled} would go out with {} ({}), which is {}: that will be refused. Hold it, or mend the template.",
                template.name.line(), template.language.line(), status.to_lowercase()
            )
        });
        condition(&mut write, "template_scheduled", &subject, waits, now).await?;
        if template.status.wants_attention() {
            let reason = template.rejected_reason.as_ref().map(|why| format!(": {}", why.line())).unwrap_or_default();
            let said = format!(
                "The template {} ({}) is {}{reason}. What is sent with it is refused.",
                template.name.line(),
                template.language.line(),
                template.status.name().to_lowercase()
            );
            write.raise(&NewAlert { kind: "template", subject: &subject, said: &said, thread: None }, now).await?;
        } else if seen_before {
            write.clear_alert("template", &subject, now).await?;
        }
    }
    write.commit().await?;
    system.bus().publish([Change::Alerts, Change::Activity]);
    Ok(())
}
