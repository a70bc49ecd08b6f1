//! Alerts about the database file and its disk: shown from memory while the database cannot store them, and stored
//! once it can.

use crate::domain::change::Change;
use crate::domain::ids::AlertId;
use crate::domain::monitoring::alert_kind::AlertKind;
use crate::domain::monitoring::database::{DatabaseFault, DatabaseTrouble};
use crate::domain::text::Untrusted;
use crate::domain::time::short_span;
use crate::domain::view::AlertView;
use crate::operations::monitoring::conditions::{condition, raise_condition};
use crate::operations::monitoring::notify_alerts::notify_unstored_alert;
use crate::operations::{Result, System, unpoisoned};
use crate::store::NewAlert;

/// The kind of alerts about the database.
pub(crate) const KIND: AlertKind = AlertKind::Database;

/// Clears the alert about damage, if it is active.
pub(crate) async fn no_damage(system: &System) -> Result<()> {
    let lasting = system.store().conditions().await?;
    if lasting.contains(&KIND.condition_name("damage")) {
        let mut write = system.store().write().await?;
        condition(&mut write, KIND, "damage", None, system.now()).await?;
        write.commit().await?;
    }
    Ok(())
}

/// Records that supposed damage is over, and clears its alert.
pub(crate) async fn record_damage_end(system: &System, ended: &DatabaseTrouble) -> Result<()> {
    unpoisoned(&system.shared.pulse).stored = false;
    no_damage(system).await?;
    store_ended_alert(system, ended).await
}

/// Reports once that a database problem began.
pub(crate) async fn report_trouble(system: &System, trouble: Option<DatabaseTrouble>) -> Result<()> {
    let fault = trouble.as_ref().map(|trouble| trouble.fault);
    let (begins, stored) = {
        let mut pulse = unpoisoned(&system.shared.pulse);
        let begins = fault.is_some() && pulse.told != fault;
        pulse.told = fault;
        (begins, pulse.stored)
    };
    let Some(trouble) = trouble else { return Ok(()) };
    if begins {
        tracing::error!("{}", trouble.said());
        system.bus().publish([Change::Alerts, Change::Activity]);
        if let Some(alert) = unstored_alert(system) {
            let system = system.clone();
            tokio::spawn(async move { notify_unstored_alert(&system, &alert).await });
        }
    }
    if trouble.fault == DatabaseFault::Damaged && !stored {
        let mut write = system.store().write().await?;
        let said = format!("{} ({}). {}", trouble.fault.reason(), trouble.detail, trouble.fault.remedy());
        raise_condition(&mut write, KIND, "damage", &said, system.now()).await?;
        write.commit().await?;
        unpoisoned(&system.shared.pulse).stored = true;
        system.bus().publish([Change::Alerts]);
    }
    Ok(())
}

/// Stores an alert that was shown from memory, and clears it, because the problem has ended.
pub(crate) async fn store_ended_alert(system: &System, ended: &DatabaseTrouble) -> Result<()> {
    let now = system.now();
    let said = format!(
        "{} for {} until {now} ({}). Webhooks of that time got 503; the provider sends them again.",
        ended.fault.reason(),
        short_span(ended.lasted),
        ended.detail
    );
    tracing::warn!("ended: {said}");
    let mut write = system.store().write().await?;
    write.raise(&NewAlert { kind: KIND, subject: "disk", said: &said, thread: None }, now).await?;
    write.clear_alert(KIND, "disk", now).await?;
    write.commit().await?;
    system.bus().publish([Change::Alerts, Change::Activity]);
    for wake in system.wakeups().all() {
        wake.notify_one();
    }
    Ok(())
}

/// Returns the alert that exists only in memory, while the database cannot store it.
pub(crate) fn unstored_alert(system: &System) -> Option<AlertView> {
    let trouble = system.store().trouble()?;
    if trouble.fault == DatabaseFault::Damaged && unpoisoned(&system.shared.pulse).stored {
        return None;
    }
    let now = system.now();
    Some(AlertView {
        id: AlertId(0),
        kind: KIND.as_str().to_owned(),
        subject: "disk".to_owned(),
        said: Untrusted::new(trouble.said()),
        thread_id: None,
        raised_at: now.minus(trouble.lasted),
        last_at: now,
        count: u32::try_from(trouble.times).unwrap_or(u32::MAX),
        acked: None,
    })
}
