//! Trouble that lasts: one alert from its beginning to its end, however often it is looked at, and
//! whoever acknowledged it in between.

use crate::domain::monitoring::alert_kind::AlertKind;
use crate::domain::time::Timestamp;
use crate::store::{NewAlert, StoreError, Write};

/// Raises an alert when there begins to be something to say, and takes it back when there is nothing
/// any more.
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

/// Whoever acknowledged it knows: it is not raised again before it was over.
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

/// Says whether there was any.
pub(crate) async fn over(
    write: &mut Write,
    kind: AlertKind,
    subject: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let lasted = write.clear_condition(kind, subject).await?.applied();
    Ok(write.end_alert(kind, subject, now).await?.applied() || lasted)
}
