//! Accepts a restored database: records in the audit log which rows it lacks, so that they are no longer reported.

use crate::domain::access::actor::Actor;
use crate::domain::access::audit::{AuditCheck, KnownHead, RestoredRows};
use crate::domain::access::audit_action::AuditAction;
use crate::domain::access::permission::Permission;
use crate::domain::change::Change;
use crate::domain::code::Code;
use crate::domain::monitoring::alert_kind::AlertKind;
use crate::domain::refusal::{Done, Refusal};
use crate::operations::monitoring::conditions::condition;
use crate::operations::{Result, System, require};
use crate::store::heads_in_logs;

/// Returns the audit heads that this engine stores outside the database: in the file beside it, in the logs, and in
/// memory.
pub(crate) fn kept_heads(system: &System) -> Vec<KnownHead> {
    let store = system.store();
    let mut known = store.kept_audit_heads();
    known.extend(store.path().parent().map(|directory| heads_in_logs(&directory.join("logs"))).unwrap_or_default());
    known.extend(store.audit_head().map(|head| KnownHead { head, source: "this engine".to_owned() }));
    known
}

/// Accepts that rows whose digests are stored outside the database are missing from it. `typed` must be the newest of
/// them.
pub(crate) async fn accept_restored(system: &System, actor: &Actor, typed: &str) -> Result<Done> {
    require(actor, Permission::AcceptRestoredDatabase)?;
    // A broken chain is not an older copy. Existing rows never change, so this check needs no transaction.
    let AuditCheck { broken, .. } = system.store().verify_audit(&[], &[]).await?;
    if let Some((row, why)) = broken {
        let why = format!("Audit row {row} does not match: {why}. The database was changed, not restored.");
        return Err(Refusal::new(Code::AuditBroken, why, "Restore a backup whose audit is intact.").into());
    }
    let now = system.now();
    let known = kept_heads(system);
    let mut write = system.store().write().await?;
    let lost = write.lost_audit_heads(&known).await?;
    let Some(newest) = lost.iter().map(|head| head.row).max() else {
        let why = "The audit is complete: it has every row whose digest is kept outside the database.";
        return Err(Refusal::new(Code::NothingToAccept, why, "Nothing needs to be done.").into());
    };
    Refusal::typed(&newest.to_string(), typed)?;
    let end = write.audit_end().await?;
    let rows = RestoredRows { lost, end };
    write.audit(actor, AuditAction::AcceptRestored, "audit", &rows.detail(), now).await?;
    condition(&mut write, AlertKind::Audit, "head", None, now).await?;
    write.commit().await?;
    system.bus().publish([Change::Alerts, Change::Activity]);
    Ok(Done {
        message: format!("{} The audit log records this, and `audit verify` accepts it.", rows.words()),
        created_id: None,
    })
}
