//! Applies notices of the platform about a template, a number or an account: updates what is stored, and raises an
//! alert for bad news.

use crate::domain::change::Change;
use crate::domain::inbound::event::{TemplateChange, TemplateState};
use crate::domain::monitoring::alert_kind::AlertKind;
use crate::domain::text::{Untrusted, clean_line};
use crate::domain::time::Timestamp;
use crate::operations::inbound::effects::Effects;
use crate::operations::{Result, System};
use crate::store::{NewAlert, StoreError, Write};

/// One notice of a change.
pub(crate) struct Notice<'n> {
    pub account: &'n str,
    pub subject: &'n str,
    pub said: &'n str,
    pub alarming: bool,
    pub template: Option<&'n TemplateState>,
}

/// Stores a notice and raises or clears its alert. Runs in the caller's transaction.
pub(crate) async fn notice(
    write: &mut Write,
    notice: &Notice<'_>,
    now: Timestamp,
    effects: &mut Effects,
) -> Result<(), StoreError> {
    let account = clean_line(notice.account);
    let (kind, subject) = match notice.template {
        Some(state) => (alert_kind(&state.change), format!("template:{account}/{}/{}", state.name, state.language)),
        None => (AlertKind::Platform, format!("{account}/{}", notice.subject)),
    };
    if let Some(state) = notice.template {
        if let TemplateChange::Status { status, reason } = &state.change {
            let reason = reason.as_ref().map(Untrusted::line).unwrap_or_default();
            write.keep_snapshot(&subject, status.name(), now).await?;
            write.note_template(&account, (&state.name, &state.language), status.name(), &reason, now).await?;
        }
        effects.templates.push((account, state.clone()));
    }
    if notice.alarming {
        write.raise(&NewAlert { kind, subject: &subject, said: notice.said, thread: None }, now).await?;
    } else if notice.template.is_some() {
        write.clear_alert(kind, &subject, now).await?;
    } else {
        return Ok(());
    }
    effects.tells = true;
    effects.changes.push(Change::Alerts);
    Ok(())
}

/// Returns the alert kind of a template change; clearing one kind does not clear another.
fn alert_kind(change: &TemplateChange) -> AlertKind {
    match change {
        TemplateChange::Status { .. } => AlertKind::Template,
        TemplateChange::Quality(_) => AlertKind::TemplateQuality,
        TemplateChange::Category(_) | TemplateChange::CategoryPlanned => AlertKind::TemplateCategory,
    }
}

/// Applies template changes to the template lists in memory.
pub(crate) async fn adopt(system: &System, told: &[(String, TemplateState)]) -> Result<()> {
    if told.is_empty() {
        return Ok(());
    }
    let connections = system.store().connections().await?;
    let mut lists = system.templates();
    for (account, state) in told {
        for connection in connections.iter().filter(|one| one.business_account_id == *account) {
            let Some(list) = lists.get_mut(&connection.id) else { continue };
            let same = |text: &Untrusted, wanted: &str| text.as_received() == wanted;
            let found = list.templates.iter_mut();
            for template in found.filter(|one| same(&one.name, &state.name) && same(&one.language, &state.language)) {
                match &state.change {
                    TemplateChange::Status { status, reason } => {
                        if template.status != *status {
                            template.since = Some(system.now());
                        }
                        template.status = status.clone();
                        template.rejected_reason.clone_from(reason);
                    }
                    TemplateChange::Category(category) => template.category = Untrusted::from(category.as_str()),
                    TemplateChange::CategoryPlanned => {}
                    TemplateChange::Quality(score) => {
                        template.quality = Some(score.to_uppercase()).filter(|score| score != "UNKNOWN");
                    }
                }
            }
        }
    }
    drop(lists);
    system.bus().publish([Change::Templates]);
    Ok(())
}
