//! Templates through the mirror, and samples through the platform. Source: parts 2.7 and 6.1.

use serde_json::{Value, json};

use super::Kapso;
use super::api::encoded;
use super::numbers::lacking;
use crate::domain::connection::Connection;
use crate::provider::cloud_api::{loose, text};
use crate::provider::numbers::Told;
use crate::provider::templates::Templates;

/// What belongs to whoever writes a template.
const OWN: [&str; 6] = ["name", "language", "category", "parameter_format", "message_send_ttl_seconds", "components"];

impl Templates for Kapso {
    fn create<'a>(&'a self, connection: &'a Connection, template: &'a Value) -> Told<'a, (String, String)> {
        Box::pin(async move {
            let path = self.proxy(&format!("/{}/message_templates", encoded(&connection.business_account_id)));
            let answer = self.call(connection.into(), "POST", &path, Some(template)).await?;
            let id = loose(&answer, "/id").ok_or_else(|| lacking("id of the template"))?;
            Ok((id, text(&answer, "/status").unwrap_or("PENDING").to_owned()))
        })
    }

    fn update<'a>(&'a self, connection: &'a Connection, id: &'a str, template: &'a Value) -> Told<'a, ()> {
        Box::pin(async move {
            let account = encoded(&connection.business_account_id);
            let path = self.proxy(&format!("/{account}/message_templates?hsm_id={}", encoded(id)));
            self.call(connection.into(), "POST", &path, Some(template)).await.map(|_| ())
        })
    }

    fn delete<'a>(&'a self, connection: &'a Connection, name: &'a str, id: Option<&'a str>) -> Told<'a, ()> {
        Box::pin(async move {
            let account = encoded(&connection.business_account_id);
            let one = id.map(|id| format!("&hsm_id={}", encoded(id))).unwrap_or_default();
            let path = self.proxy(&format!("/{account}/message_templates?name={}{one}", encoded(name)));
            self.call(connection.into(), "DELETE", &path, None).await.map(|_| ())
        })
    }

    fn text<'a>(&'a self, connection: &'a Connection, id: &'a str) -> Told<'a, Option<Value>> {
        Box::pin(async move {
            let account = encoded(&connection.business_account_id);
            let path = self.proxy(&format!("/{account}/message_templates/{}", encoded(id)));
            let mut answer = match self.call(connection.into(), "GET", &path, None).await {
                Ok(answer) => answer,
                // Unknown ids are told as a Graph error.
                Err(trouble) if matches!(trouble.code.as_str(), "100" | "33") => return Ok(None),
                Err(trouble) => return Err(trouble),
            };
            let mut whole = if answer["data"].is_object() { answer["data"].take() } else { answer };
            let mut own = json!({});
            for key in OWN {
                if !whole[key].is_null() {
                    own[key] = whole[key].take();
                }
            }
            if let Some(format) = own["parameter_format"].as_str().map(str::to_ascii_uppercase) {
                own["parameter_format"] = format.into();
            }
            Ok(Some(own))
        })
    }

    fn sample<'a>(&'a self, connection: &'a Connection, source: &'a str) -> Told<'a, String> {
        Box::pin(async move {
            let body = json!({ "media_ingest": { "phone_number_id": connection.phone_number_id, "source": source,
                "delivery": "meta_resumable_asset" } });
            let answer = self.call(connection.into(), "POST", "/platform/v1/whatsapp/media", Some(&body)).await?;
            let places = ["/data/header_handle", "/header_handle", "/data/handle", "/handle", "/data/h", "/h"];
            let handle =
                places.iter().find_map(|path| text(&answer, path)).or_else(|| text(&answer, "/data/header_handle/0"));
            handle.map(str::to_owned).ok_or_else(|| lacking("handle of the sample").into())
        })
    }
}
