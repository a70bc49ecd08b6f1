//! Conditions: a lasting problem raises one alert from its beginning to its end, however often it is checked, also if
//! it is acknowledged in between.

use crate::domain::monitoring::alert_kind::AlertKind;
use crate::domain::time::Timestamp;
use crate::store::{NewAlert, StoreError, Write};

/// Raises an alert while `said` describes a problem, and clears it when `said` is `None`.
pub(crate) async fn condition(
    write: &mut Write,
    kind: AlertKind,
    subject: &str,
    said: Option<String>,
    now: Timestamp,
) -> Result<(), StoreError> {
    match said {
        Some(said) => raise_condition(write, kind, subject, &said, now).await,
        None => over(write, kind, subject, now).await.map(|_| ()),
    }
}

/// Raises the alert of a condition that begins, or updates the text of one that lasts. An acknowledged alert is not
/// raised again before the condition has ended.
pub(crate) async fn raise_condition(
    write: &mut Write,
    kind: AlertKind,
    subject: &str,
    said: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let alert = NewAlert { kind, subject, said, thread: None };
    if write.raise_condition(kind, subject, now).await?.applied() {
        write.raise(&alert, now).await?;
        Ok(())
    } else {
        write.renew_alert(&alert, now).await
    }
}

/// Clears a condition and its alert. Returns `true` if the condition was active.
pub(crate) async fn over(
    write: &mut Write,
    kind: AlertKind,
    subject: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let lasted = write.clear_condition(kind, subject).await?.applied();
    Ok(write.end_alert(kind, subject, now).await?.applied() || lasted)
}
