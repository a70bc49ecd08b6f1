//! Fetches template lists from the provider and keeps each with its time. If a fetch fails, the earlier list stays,
//! with its age and the reason.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::domain::access::actor::Actor;
use crate::domain::access::audit_action::AuditAction;
use crate::domain::change::Change;
use crate::domain::error_text::error_text;
use crate::domain::monitoring::alert_kind::AlertKind;
use crate::domain::numbers::connection::Connection;
use crate::domain::refusal::Done;
use crate::domain::templates::template::{Template, TemplateList};
use crate::domain::time::Timestamp;
use crate::operations::monitoring::conditions::condition;
use crate::operations::{Result, System};
use crate::store::NewAlert;

/// Minimum pause between two fetches of a list.
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(5);

error_text! {
    /// Why a list of templates could not be fetched.
    FetchError
}

type Fetched = std::result::Result<Vec<Template>, FetchError>;

/// Fetches every connection's list. Numbers of one account share one request.
pub async fn refresh_templates(system: &System) -> Result<Done> {
    let mut count = 0;
    let mut troubles = vec![];
    let mut accounts: Vec<(String, Fetched)> = vec![];
    for connection in system.store().connections().await? {
        let account = format!("{}/{}", connection.provider, connection.business_account_id);
        let known = accounts.iter().find(|(name, _)| *name == account).map(|(_, fetched)| fetched.clone());
        let fetched = match known {
            Some(fetched) => fetched,
            None => {
                let Some(fetched) = fetch(system, &connection).await else { continue };
                accounts.push((account, fetched.clone()));
                fetched
            }
        };
        match keep(system, &connection, fetched).await? {
            Ok(found) => count += found,
            Err(why) => troubles.push(format!("{}: {why}", connection.name)),
        }
    }
    system.bus().publish([Change::Templates]);
    let said = if troubles.is_empty() { format!("Fetched {count} templates.") } else { troubles.join(" ") };
    Ok(Done { message: said, created_id: None })
}

/// Fetches one connection's list, unless that was tried less than [`ASK_AGAIN_AFTER`] ago.
pub(crate) async fn refresh_list(system: &System, connection: &Connection) -> Result<()> {
    let now = system.now();
    let recent = system.templates().get(&connection.id).and_then(|list| list.tried_at);
    if recent.is_some_and(|at| at <= now && now.since(at) < ASK_AGAIN_AFTER) {
        return Ok(());
    }
    if let Some(fetched) = fetch(system, connection).await {
        // The reason of a failure is stored with the list.
        let _ = keep(system, connection, fetched).await?;
        system.bus().publish([Change::Templates]);
    }
    Ok(())
}

/// Fetches the provider's list; `None` if this build does not support the provider.
async fn fetch(system: &System, connection: &Connection) -> Option<Fetched> {
    let provider = system.providers().get(&connection.provider)?;
    let listed = provider.templates(connection).await;
    Some(listed.map_err(|trouble| format!("{}. {}", trouble.line(), trouble.remedy).into()))
}

/// Stores a list with its time, or why the fetch failed. Returns the number of templates.
async fn keep(
    system: &System,
    connection: &Connection,
    mut fetched: Fetched,
) -> Result<std::result::Result<usize, FetchError>> {
    if let Ok(templates) = &mut fetched {
        notice_changes(system, connection, templates).await?;
        note_ages(system, connection, templates).await?;
        end_quality_alerts(system, connection, templates).await?;
    }
    let now = system.now();
    let mut lists = system.templates();
    let list = lists.entry(connection.id).or_insert_with(|| TemplateList {
        connection: connection.id,
        connection_name: connection.name.clone(),
        account: String::new(),
        fetched_at: None,
        tried_at: None,
        templates: vec![],
        trouble: None,
    });
    list.account.clone_from(&connection.business_account_id);
    list.tried_at = Some(now);
    Ok(match fetched {
        Ok(templates) => {
            let count = templates.len();
            list.templates = templates;
            list.fetched_at = Some(now);
            list.trouble = None;
            Ok(count)
        }
        Err(why) => {
            list.trouble = Some(why.0.clone());
            Err(why)
        }
    })
}

/// Returns the snapshot name under which the state of a template is stored.
fn subject_of(connection: &Connection, template: &Template) -> String {
    format!("template:{}/{}/{}", connection.business_account_id, template.name.line(), template.language.line())
}

/// Sets since when each template has its status.
async fn note_ages(system: &System, connection: &Connection, templates: &mut [Template]) -> Result<()> {
    let times = system.store().snapshot_times(&format!("template:{}/", connection.business_account_id)).await?;
    let times: BTreeMap<String, Timestamp> = times.into_iter().collect();
    for template in templates {
        template.since = times.get(&subject_of(connection, template)).copied();
    }
    Ok(())
}

/// Clears quality alerts of templates whose rating is good again.
async fn end_quality_alerts(system: &System, connection: &Connection, templates: &[Template]) -> Result<()> {
    let open = system.store().open_alert_subjects(AlertKind::TemplateQuality).await?;
    let is_bad = |template: &Template| matches!(template.quality.as_deref(), Some("YELLOW" | "RED"));
    let good = templates.iter().filter(|one| !is_bad(one)).map(|one| subject_of(connection, one));
    let ended: Vec<String> = good.filter(|subject| open.contains(subject)).collect();
    if ended.is_empty() {
        return Ok(());
    }
    let mut write = system.store().write().await?;
    for subject in &ended {
        write.clear_alert(AlertKind::TemplateQuality, subject, system.now()).await?;
    }
    write.commit().await?;
    system.bus().publish([Change::Alerts]);
    Ok(())
}

/// Raises alerts about templates that were paused, rejected or disabled, and clears those of templates that can be
/// sent again.
async fn notice_changes(system: &System, connection: &Connection, templates: &[Template]) -> Result<()> {
    let now = system.now();
    let known = system.store().snapshots(&format!("template:{}/", connection.business_account_id)).await?;
    let mut changes = vec![];
    for template in templates {
        let subject = subject_of(connection, template);
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
        write.store_snapshot(&subject, template.status.name(), now).await?;
        let (name, language, status) =
            (template.name.as_received(), template.language.as_received(), template.status.name());
        let reason = template.rejected_reason.as_ref().map(crate::domain::text::Untrusted::line).unwrap_or_default();
        write.note_template(&connection.business_account_id, (name, language), status, &reason, now).await?;
        if seen_before {
            let detail =
                format!("{} ({}) is now {}", template.name.line(), template.language.line(), status.to_lowercase());
            write.audit(&Actor::System, AuditAction::TemplateChanged, &connection.id.to_string(), &detail, now).await?;
        }
        let scheduled =
            if template.status.can_send() { 0 } else { system.store().scheduled_with(name, language).await? };
        let waits = (scheduled > 0).then(|| {
            format!(
                "Queued messages use {} ({}), which is {}: the provider will reject them ({scheduled}). Hold them, or fix the template.",
                template.name.line(), template.language.line(), status.to_lowercase()
            )
        });
        condition(&mut write, AlertKind::TemplateScheduled, &subject, waits, now).await?;
        if template.status.wants_attention() {
            let reason = template.rejected_reason.as_ref().map(|why| format!(": {}", why.line())).unwrap_or_default();
            let said = format!(
                "Template {} ({}) is {}{reason}. The provider rejects messages with it.",
                template.name.line(),
                template.language.line(),
                template.status.name().to_lowercase()
            );
            write
                .raise(&NewAlert { kind: AlertKind::Template, subject: &subject, said: &said, thread: None }, now)
                .await?;
        } else if seen_before {
            write.clear_alert(AlertKind::Template, &subject, now).await?;
        }
    }
    write.commit().await?;
    system.bus().publish([Change::Alerts, Change::Activity]);
    Ok(())
}
