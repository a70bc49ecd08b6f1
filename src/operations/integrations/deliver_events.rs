//! Events for other programs: written down in the transaction of what happened, then told to each
//! endpoint that wants them: signed, in order within a thread, again and again until it listens.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::domain::change::Change;
use crate::domain::error_text::error_text;
use crate::domain::event_name::EventName;
use crate::domain::ids::{EventId, ThreadId};
use crate::domain::monitoring::alert_kind::AlertKind;
use crate::operations::monitoring::metrics::MetricFamily;
use crate::operations::monitoring::unreadable_row::unreadable_row;
use crate::operations::{Result, System};
use crate::store::{EventDelivery, EventRow, NewAlert, StoreError, Write};

/// An address that wants to know.
#[derive(Debug, Clone)]
pub struct EventEndpoint {
    pub name: String,
    pub url: String,
    pub secret: Option<SecretString>,
    /// Such as `message.received` or `assignment.*`; empty means all.
    pub events: Vec<String>,
}

impl EventEndpoint {
    /// Returns `true` if the endpoint is told of this event.
    pub fn wants(&self, event: EventName) -> bool {
        self.events.is_empty() || self.events.iter().any(|pattern| event.fits(pattern))
    }
}

/// Another try is made this long after the last; then it is given up, and an alert says so.
const AGAIN: [Duration; 8] = [
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_secs(120),
    Duration::from_secs(600),
    Duration::from_secs(1_800),
    Duration::from_secs(3_600),
    Duration::from_secs(4 * 3_600),
    Duration::from_secs(12 * 3_600),
];
const LEASE: Duration = Duration::from_secs(60);

/// The last thing that happened, for whoever wants to know what comes after it.
pub async fn newest_event(system: &System) -> Result<EventId> {
    Ok(system.store().newest_event().await?)
}

impl System {
    /// Writes down that something happened, beside the change itself.
    pub(crate) async fn record_event(
        &self,
        write: &mut Write,
        event: EventName,
        thread: Option<ThreadId>,
        data: &Value,
    ) -> Result<(), StoreError> {
        let row = EventRow { at: self.now(), event, thread, data: data.to_string() };
        write.insert_events(&[row], &[self.wanting(event)]).await
    }

    /// The endpoints that want events of this kind, by name.
    pub(crate) fn wanting(&self, event: EventName) -> Vec<&str> {
        self.endpoints().iter().filter(|one| one.wants(event)).map(|one| one.name.as_str()).collect()
    }
}

/// The step of a worker: tells one endpoint of one event. `false` when nothing is due.
pub async fn deliver_next_event(system: &System) -> Result<bool> {
    let now = system.now();
    let mut write = system.store().write().await?;
    let delivery = match write.claim_event_delivery(now, LEASE).await {
        Ok(Some(delivery)) => delivery,
        Ok(None) => return Ok(false),
        Err(error) => {
            let Some(row) = unreadable_row(&error, &["events", "event_deliveries"]) else { return Err(error.into()) };
            write.give_up_event(EventId(row.key), &format!("column {} cannot be read", row.column)).await?;
            row.raise(&mut write, "No endpoint is told of this event.", None, now).await?;
            write.commit().await?;
            system.bus().publish([Change::Alerts]);
            return Ok(true);
        }
    };
    write.commit().await?;
    system.wakes().event_delivery.notify_one();
    let endpoint = system.endpoints().iter().find(|one| one.name == delivery.endpoint);
    let outcome = match endpoint {
        None => Err("it is no longer configured".into()),
        Some(endpoint) => {
            let mut body = json!({ "id": delivery.event.id, "event": delivery.event.event, "at": delivery.event.at,
                "thread": delivery.event.thread, "data": delivery.event.data });
            if delivery.event.event == EventName::DeliveryQuarantined.as_str() {
                body["request"] = request(system, &delivery.event.data).await?;
            }
            system
                .agents()
                .post(&endpoint.url, endpoint.secret.as_ref(), &body)
                .await
                .map_err(|error| error.to_string().into())
        }
    };
    settle(system, &delivery, endpoint.is_some(), outcome).await?;
    system.wakes().event_delivery.notify_one();
    Ok(true)
}

/// A quarantined webhook as it came, so that whoever serves its number can verify and read it: `body` is its text, or
/// `body_base64` where it is none. It stands with no event, which every viewer may read; only endpoints are given it.
async fn request(system: &System, data: &Value) -> Result<Value> {
    let id = data["delivery"].as_str().and_then(|id| id.parse().ok());
    let stored = match id {
        Some(id) => system.store().raw_delivery(id).await?,
        None => None,
    };
    let Some(stored) = stored else { return Ok(Value::Null) };
    let raw = Arc::unwrap_or_clone(stored.raw);
    let headers: serde_json::Map<String, Value> =
        raw.headers.into_iter().map(|(name, value)| (name, Value::from(value))).collect();
    let mut request = json!({ "path": raw.path, "headers": headers });
    match String::from_utf8(raw.body) {
        Ok(text) => request["body"] = text.into(),
        Err(error) => request["body_base64"] = STANDARD.encode(error.as_bytes()).into(),
    }
    Ok(request)
}

error_text! {
    /// Why an endpoint did not take an event.
    EventDeliveryError
}

async fn settle(
    system: &System,
    delivery: &EventDelivery,
    declared: bool,
    outcome: Result<(), EventDeliveryError>,
) -> Result<()> {
    let now = system.now();
    let result = if outcome.is_ok() { "told" } else { "failed" };
    system.increment(
        MetricFamily::EventDeliveries,
        vec![("endpoint", delivery.endpoint.clone()), ("result", result.to_owned())],
    );
    let mut write = system.store().write().await?;
    match outcome {
        Ok(()) => write.settle_event_delivery(delivery, true, None, "").await?,
        Err(why) => {
            let again = AGAIN.get(delivery.tried as usize).filter(|_| declared).map(|wait| now.plus(*wait));
            write.settle_event_delivery(delivery, false, again, &why.0).await?;
            if again.is_none() && declared {
                let said = format!(
                    "Cannot deliver to {} the event {} {}: {}",
                    delivery.endpoint,
                    delivery.event.event,
                    delivery.event.id,
                    crate::domain::text::clean_line(&why.0)
                );
                let alert = NewAlert {
                    kind: AlertKind::Endpoint,
                    subject: &delivery.endpoint,
                    said: &said,
                    thread: delivery.event.thread,
                };
                write.raise(&alert, now).await?;
                system.bus().publish([Change::Alerts]);
            }
        }
    }
    Ok(write.commit().await?)
}
