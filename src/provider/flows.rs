//! What a provider offers about Flows.

use serde_json::Value;

use super::numbers::Told;
use crate::domain::flow::{Flow, FlowEndpoint, FlowLogLine, FlowResponse, FlowVersion};
use crate::domain::numbers::connection::Connection;

pub trait Flows: Send + Sync {
    /// Those of the number's account, the newest first.
    fn list<'a>(&'a self, connection: &'a Connection) -> Told<'a, Vec<Flow>>;

    fn flow<'a>(&'a self, connection: &'a Connection, id: &'a str) -> Told<'a, Flow>;

    fn create<'a>(&'a self, connection: &'a Connection, name: &'a str, json: &'a Value) -> Told<'a, Flow>;

    /// The newest first, without their JSON.
    fn versions<'a>(&'a self, connection: &'a Connection, id: &'a str) -> Told<'a, Vec<FlowVersion>>;

    fn version<'a>(&'a self, connection: &'a Connection, id: &'a str, version: &'a str) -> Told<'a, FlowVersion>;

    fn write<'a>(&'a self, connection: &'a Connection, id: &'a str, json: &'a Value) -> Told<'a, FlowVersion>;

    fn publish<'a>(&'a self, connection: &'a Connection, id: &'a str) -> Told<'a, ()>;

    fn deprecate<'a>(&'a self, connection: &'a Connection, flow: &'a Flow) -> Told<'a, ()>;

    fn delete<'a>(&'a self, connection: &'a Connection, flow: &'a Flow) -> Told<'a, ()>;

    /// The endpoint; none where there is none yet.
    fn endpoint<'a>(&'a self, connection: &'a Connection, id: &'a str) -> Told<'a, Option<FlowEndpoint>>;

    fn set_code<'a>(&'a self, connection: &'a Connection, id: &'a str, code: &'a str) -> Told<'a, ()>;

    fn deploy<'a>(&'a self, connection: &'a Connection, id: &'a str) -> Told<'a, ()>;

    /// Says what went only half well, where it did.
    fn register<'a>(&'a self, connection: &'a Connection, id: &'a str) -> Told<'a, Option<String>>;

    fn encrypt<'a>(&'a self, connection: &'a Connection, id: &'a str) -> Told<'a, ()>;

    fn responses<'a>(&'a self, connection: &'a Connection, id: &'a str) -> Told<'a, Vec<FlowResponse>>;

    fn logs<'a>(&'a self, connection: &'a Connection, id: &'a str) -> Told<'a, Vec<FlowLogLine>>;

    fn invocations<'a>(&'a self, connection: &'a Connection, id: &'a str) -> Told<'a, Vec<FlowLogLine>>;
}
