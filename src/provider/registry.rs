//! The registry of all providers.

use std::sync::Arc;

use super::{OwnAddress, Provider, ProviderError, SecretSource, http, kapso, meta, twilio};
use crate::domain::numbers::connection::{Connection, ProviderName, ProviderShape};

/// All providers of this build.
#[derive(Clone)]
pub struct Registry {
    providers: Vec<Arc<dyn Provider>>,
    address: OwnAddress,
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.providers.iter().map(|provider| provider.name())).finish()
    }
}

impl Registry {
    /// Returns `true` if this is the default number, which sends where no connection is named.
    pub fn is_default_number(&self, connection: &Connection) -> bool {
        let named = self.get(&connection.provider).and_then(|provider| provider.default_number_id());
        named == Some(connection.phone_number_id.as_str())
    }

    /// The providers that a configuration may name.
    pub const SHAPES: &'static [ProviderShape] = &[kapso::SHAPE, twilio::SHAPE, meta::SHAPE];

    /// Returns the shape of a provider. `None` where this build does not support it.
    pub fn shape(name: &ProviderName) -> Option<&'static ProviderShape> {
        Self::SHAPES.iter().find(|shape| shape.name == name.as_str())
    }

    /// Builds all providers. `warn` receives sentences about settings that are accepted but should be corrected.
    /// Fails where the HTTP client cannot be built.
    pub fn new(secrets: SecretSource, warn: &mut dyn FnMut(String)) -> Result<Self, ProviderError> {
        let client = http::Client::new()?;
        let address = OwnAddress::default();
        let providers: Vec<Arc<dyn Provider>> = vec![
            Arc::new(kapso::Kapso::new(client.clone(), secrets.clone(), warn)),
            Arc::new(twilio::Twilio::new(client.clone(), secrets.clone(), address.clone())),
            Arc::new(meta::Meta::new(client, secrets, address.clone(), warn)),
        ];
        Ok(Self { providers, address })
    }

    /// Returns our public URL, shared by all providers.
    pub fn address(&self) -> &OwnAddress {
        &self.address
    }

    /// Returns a provider by name. `None` where this build does not support it.
    pub fn get(&self, name: &ProviderName) -> Option<&Arc<dyn Provider>> {
        self.providers.iter().find(|provider| provider.name() == *name)
    }

    /// Returns all providers.
    pub fn all(&self) -> &[Arc<dyn Provider>] {
        &self.providers
    }
}
