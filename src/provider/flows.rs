//! The WhatsApp Flows API of a provider.

use serde_json::Value;

use super::numbers::ProviderFuture;
use crate::domain::flow::{Flow, FlowEndpoint, FlowLogLine, FlowResponse, FlowVersion};
use crate::domain::numbers::connection::Connection;

/// Manages Flows, their versions, endpoints and responses.
pub trait Flows: Send + Sync {
    /// Lists the Flows of the number's account, newest first.
    fn list<'a>(&'a self, connection: &'a Connection) -> ProviderFuture<'a, Vec<Flow>>;

    fn flow<'a>(&'a self, connection: &'a Connection, id: &'a str) -> ProviderFuture<'a, Flow>;

    fn create<'a>(&'a self, connection: &'a Connection, name: &'a str, json: &'a Value) -> ProviderFuture<'a, Flow>;

    /// Lists the versions of a Flow, newest first, without their JSON.
    fn versions<'a>(&'a self, connection: &'a Connection, id: &'a str) -> ProviderFuture<'a, Vec<FlowVersion>>;

    fn version<'a>(
        &'a self,
        connection: &'a Connection,
        id: &'a str,
        version: &'a str,
    ) -> ProviderFuture<'a, FlowVersion>;

    /// Saves `json` as a new version.
    fn write<'a>(&'a self, connection: &'a Connection, id: &'a str, json: &'a Value)
    -> ProviderFuture<'a, FlowVersion>;

    fn publish<'a>(&'a self, connection: &'a Connection, id: &'a str) -> ProviderFuture<'a, ()>;

    fn deprecate<'a>(&'a self, connection: &'a Connection, flow: &'a Flow) -> ProviderFuture<'a, ()>;

    fn delete<'a>(&'a self, connection: &'a Connection, flow: &'a Flow) -> ProviderFuture<'a, ()>;

    /// Returns the data endpoint. `None` where the Flow has none.
    fn endpoint<'a>(&'a self, connection: &'a Connection, id: &'a str) -> ProviderFuture<'a, Option<FlowEndpoint>>;

    /// Replaces the source code of the data endpoint.
    fn set_code<'a>(&'a self, connection: &'a Connection, id: &'a str, code: &'a str) -> ProviderFuture<'a, ()>;

    /// Deploys the code of the data endpoint.
    fn deploy<'a>(&'a self, connection: &'a Connection, id: &'a str) -> ProviderFuture<'a, ()>;

    /// Registers the data endpoint. Returns the provider's warning if it was only partially applied.
    fn register<'a>(&'a self, connection: &'a Connection, id: &'a str) -> ProviderFuture<'a, Option<String>>;

    /// Sets up the encryption that data endpoints require.
    fn encrypt<'a>(&'a self, connection: &'a Connection, id: &'a str) -> ProviderFuture<'a, ()>;

    /// Lists the forms that contacts submitted.
    fn responses<'a>(&'a self, connection: &'a Connection, id: &'a str) -> ProviderFuture<'a, Vec<FlowResponse>>;

    /// Lists the log lines of the data endpoint.
    fn logs<'a>(&'a self, connection: &'a Connection, id: &'a str) -> ProviderFuture<'a, Vec<FlowLogLine>>;

    /// Lists the calls of the data endpoint.
    fn invocations<'a>(&'a self, connection: &'a Connection, id: &'a str) -> ProviderFuture<'a, Vec<FlowLogLine>>;
}
