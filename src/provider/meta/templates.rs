//! Templates through the Graph API. Source: part 5.1.

use serde_json::Value;

use super::client::Meta;
use crate::domain::failure::{Failure, FailureClass};
use crate::domain::numbers::connection::Connection;
use crate::provider::cloud_api::graph::encoded;
use crate::provider::numbers::ProviderFuture;
use crate::provider::templates::{SampleFile, Templates};

impl Templates for Meta {
    fn create<'a>(&'a self, connection: &'a Connection, template: &'a Value) -> ProviderFuture<'a, (String, String)> {
        Box::pin(
            async move { self.graph(connection)?.create_template(&connection.business_account_id, template).await },
        )
    }

    fn update<'a>(&'a self, connection: &'a Connection, id: &'a str, template: &'a Value) -> ProviderFuture<'a, ()> {
        Box::pin(async move {
            self.graph(connection)?.call("POST", &format!("/{}", encoded(id)), Some(template)).await.map(|_| ())
        })
    }

    fn delete<'a>(&'a self, connection: &'a Connection, name: &'a str, id: Option<&'a str>) -> ProviderFuture<'a, ()> {
        Box::pin(
            async move { self.graph(connection)?.delete_template(&connection.business_account_id, name, id).await },
        )
    }

    fn text<'a>(&'a self, connection: &'a Connection, id: &'a str) -> ProviderFuture<'a, Option<Value>> {
        Box::pin(async move {
            let fields = "name,language,category,parameter_format,message_send_ttl_seconds,components";
            self.graph(connection)?.template_text(&format!("/{}?fields={fields}", encoded(id))).await
        })
    }

    fn takes_sample_bytes(&self) -> bool {
        true
    }

    fn upload_sample<'a>(&'a self, connection: &'a Connection, file: SampleFile<'a>) -> ProviderFuture<'a, String> {
        Box::pin(super::samples::upload(self, connection, file))
    }

    fn sample<'a>(&'a self, _: &'a Connection, _: &'a str) -> ProviderFuture<'a, String> {
        Box::pin(async {
            let explanation = "Meta takes samples as files, not by their URL.";
            let remedy = "Give the file itself.";
            Err(Failure::own(FailureClass::Request, "Not offered", explanation, remedy).into())
        })
    }
}
