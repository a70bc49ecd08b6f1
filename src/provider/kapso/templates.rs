//! Templates through the mirror, and header samples through the platform. Source: parts 2.7 and 6.1.

use serde_json::{Value, json};

use super::client::Kapso;
use crate::domain::numbers::connection::Connection;
use crate::provider::cloud_api::graph::{encoded, missing_field};
use crate::provider::cloud_api::text;
use crate::provider::numbers::ProviderFuture;
use crate::provider::templates::Templates;

impl Templates for Kapso {
    fn create<'a>(&'a self, connection: &'a Connection, template: &'a Value) -> ProviderFuture<'a, (String, String)> {
        Box::pin(
            async move { self.graph(connection)?.create_template(&connection.business_account_id, template).await },
        )
    }

    /// The mirror expects the template's id in the query, where the Graph API has it in the path.
    fn update<'a>(&'a self, connection: &'a Connection, id: &'a str, template: &'a Value) -> ProviderFuture<'a, ()> {
        Box::pin(async move {
            let account = encoded(&connection.business_account_id);
            let path = format!("/{account}/message_templates?hsm_id={}", encoded(id));
            self.graph(connection)?.call("POST", &path, Some(template)).await.map(|_| ())
        })
    }

    fn delete<'a>(&'a self, connection: &'a Connection, name: &'a str, id: Option<&'a str>) -> ProviderFuture<'a, ()> {
        Box::pin(
            async move { self.graph(connection)?.delete_template(&connection.business_account_id, name, id).await },
        )
    }

    fn text<'a>(&'a self, connection: &'a Connection, id: &'a str) -> ProviderFuture<'a, Option<Value>> {
        Box::pin(async move {
            let account = encoded(&connection.business_account_id);
            self.graph(connection)?.template_text(&format!("/{account}/message_templates/{}", encoded(id))).await
        })
    }

    fn sample<'a>(&'a self, connection: &'a Connection, source: &'a str) -> ProviderFuture<'a, String> {
        Box::pin(async move {
            let body = json!({ "media_ingest": { "phone_number_id": connection.phone_number_id, "source": source,
                "delivery": "meta_resumable_asset" } });
            let answer = self.call(connection.into(), "POST", "/platform/v1/whatsapp/media", Some(&body)).await?;
            let places = ["/data/header_handle", "/header_handle", "/data/handle", "/handle", "/data/h", "/h"];
            let handle =
                places.iter().find_map(|path| text(&answer, path)).or_else(|| text(&answer, "/data/header_handle/0"));
            handle.map(str::to_owned).ok_or_else(|| missing_field("handle of the sample").into())
        })
    }
}
