//! What a provider offers about Flows.

use serde_json::Value;

use super::numbers::ProviderFuture;
use crate::domain::flow::{Flow, FlowEndpoint, FlowLogLine, FlowResponse, FlowVersion};
use crate::domain::numbers::connection::Connection;

pub trait Flows: Send + Sync {
    /// Those of the number's account, the newest first.
    fn list<'a>(&'a self, connection: &'a Connection) -> ProviderFuture<'a, Vec<Flow>>;

    fn flow<'a>(&'a self, connection: &'a Connection, id: &'a str) -> ProviderFuture<'a, Flow>;

    fn create<'a>(&'a self, connection: &'a Connection, name: &'a str, json: &'a Value) -> ProviderFuture<'a, Flow>;

    /// The newest first, without their JSON.
    fn versions<'a>(&'a self, connection: &'a Connection, id: &'a str) -> ProviderFuture<'a, Vec<FlowVersion>>;

    fn version<'a>(
        &'a self,
        connection: &'a Connection,
        id: &'a str,
        version: &'a str,
    ) -> ProviderFuture<'a, FlowVersion>;

    fn write<'a>(&'a self, connection: &'a Connection, id: &'a str, json: &'a Value)
    -> ProviderFuture<'a, FlowVersion>;

    fn publish<'a>(&'a self, connection: &'a Connection, id: &'a str) -> ProviderFuture<'a, ()>;

    fn deprecate<'a>(&'a self, connection: &'a Connection, flow: &'a Flow) -> ProviderFuture<'a, ()>;

    fn delete<'a>(&'a self, connection: &'a Connection, flow: &'a Flow) -> ProviderFuture<'a, ()>;

    /// The endpoint; none where there is none yet.
    fn endpoint<'a>(&'a self, connection: &'a Connection, id: &'a str) -> ProviderFuture<'a, Option<FlowEndpoint>>;

    fn set_code<'a>(&'a self, connection: &'a Connection, id: &'a str, code: &'a str) -> ProviderFuture<'a, ()>;

    fn deploy<'a>(&'a self, connection: &'a Connection, id: &'a str) -> ProviderFuture<'a, ()>;

    /// Says what went only half well, where it did.
    fn register<'a>(&'a self, connection: &'a Connection, id: &'a str) -> ProviderFuture<'a, Option<String>>;

    fn encrypt<'a>(&'a self, connection: &'a Connection, id: &'a str) -> ProviderFuture<'a, ()>;

    fn responses<'a>(&'a self, connection: &'a Connection, id: &'a str) -> ProviderFuture<'a, Vec<FlowResponse>>;

    fn logs<'a>(&'a self, connection: &'a Connection, id: &'a str) -> ProviderFuture<'a, Vec<FlowLogLine>>;

    fn invocations<'a>(&'a self, connection: &'a Connection, id: &'a str) -> ProviderFuture<'a, Vec<FlowLogLine>>;
}
