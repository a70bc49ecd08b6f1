//! Applies notices of the platform about a template, a number or an account: updates what is stored, and raises an
//! alert for bad news.

use crate::domain::change::Change;
use crate::domain::inbound::event::{TemplateChange, TemplateState};
use crate::domain::monitoring::alert_kind::AlertKind;
use crate::domain::text::{Untrusted, clean_line};
use crate::domain::time::Timestamp;
use crate::operations::System;
use crate::operations::inbound::effects::Effects;
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
            write.store_snapshot(&subject, status.name(), now).await?;
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

/// Applies template changes to the template lists in memory. Does not wait, so that a change that was acknowledged is
/// applied even if the caller's task ends right after.
pub(crate) fn apply_to_lists(system: &System, changes: &[(String, TemplateState)]) {
    if changes.is_empty() {
        return;
    }
    let now = system.now();
    let mut lists = system.templates();
    for (account, state) in changes {
        let lists = lists.values_mut().filter(|list| list.account == *account);
        let same = |text: &Untrusted, name: &str| text.as_received() == name;
        let templates = lists.flat_map(|list| &mut list.templates);
        for template in templates.filter(|one| same(&one.name, &state.name) && same(&one.language, &state.language)) {
            match &state.change {
                TemplateChange::Status { status, reason } => {
                    if template.status != *status {
                        template.since = Some(now);
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
    drop(lists);
    system.bus().publish([Change::Templates]);
}
