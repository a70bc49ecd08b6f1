//! The business profile of a number.

use super::client::Meta;
use crate::domain::numbers::connection::Connection;
use crate::domain::numbers::number::Profile;
use crate::provider::cloud_api::profile;
use crate::provider::numbers::{Profiles, ProviderFuture};

impl Profiles for Meta {
    fn profile<'a>(&'a self, connection: &'a Connection) -> ProviderFuture<'a, Profile> {
        Box::pin(async move {
            let answer = self.graph(connection)?.call("GET", &profile::path(connection, true), None).await?;
            Ok(profile::read(&answer))
        })
    }

    fn save_profile<'a>(&'a self, connection: &'a Connection, profile: &'a Profile) -> ProviderFuture<'a, ()> {
        Box::pin(async move {
            let path = profile::path(connection, false);
            self.graph(connection)?.call("POST", &path, Some(&profile::body(profile))).await.map(|_| ())
        })
    }
}
