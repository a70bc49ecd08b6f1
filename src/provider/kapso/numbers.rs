//! Onboards, lists and disconnects numbers. Source: platform API, parts 2.1 to 2.6.

use serde_json::{Value, json};

use super::client::Kapso;
use super::health;
use crate::domain::numbers::connection::Connection;
use crate::domain::numbers::health::Health;
use crate::domain::numbers::number::{Number, Profile};
use crate::domain::numbers::number_kind::NumberKind;
use crate::domain::numbers::setup::{LinkState, SetupLink, SetupOptions};
use crate::provider::ProviderError;
use crate::provider::cloud_api::graph::{encoded, missing_field};
use crate::provider::cloud_api::{loose, profile, text, time, untrusted};
use crate::provider::numbers::{Access, Numbers, Profiles, ProviderFuture};

/// Pages of 100 items that are read of a list at most.
const MAX_PAGES: usize = 20;

impl Kapso {
    /// Returns all items of a paged list, up to `MAX_PAGES` pages.
    pub(super) async fn pages(&self, access: Access<'_>, path: &str) -> Result<Vec<Value>, ProviderError> {
        let mut found: Vec<Value> = vec![];
        let glue = if path.contains('?') { '&' } else { '?' };
        for page in 1..=MAX_PAGES {
            let mut answer = self.call(access, "GET", &format!("{path}{glue}per_page=100&page={page}"), None).await?;
            let items = answer["data"].as_array_mut().map(std::mem::take).unwrap_or_default();
            let empty = items.is_empty();
            found.extend(items);
            let pages = loose(&answer, "/meta/total_pages").and_then(|pages| pages.parse::<usize>().ok()).unwrap_or(1);
            if empty || page >= pages {
                break;
            }
        }
        Ok(found)
    }
}

impl Numbers for Kapso {
    fn customer<'a>(&'a self, access: Access<'a>, name: &'a str, external_id: &'a str) -> ProviderFuture<'a, String> {
        Box::pin(async move {
            let known = self.pages(access, "/platform/v1/customers").await?;
            let existing = known.iter().find(|one| text(one, "/external_customer_id") == Some(external_id));
            if let Some(id) = existing.and_then(|one| text(one, "/id")) {
                return Ok(id.to_owned());
            }
            let body = json!({ "customer": { "name": name, "external_customer_id": external_id } });
            let answer = self.call(access, "POST", "/platform/v1/customers", Some(&body)).await?;
            text(&answer, "/data/id").map(str::to_owned).ok_or_else(|| missing_field("id of the customer").into())
        })
    }

    fn link<'a>(
        &'a self,
        access: Access<'a>,
        customer: &'a str,
        options: &'a SetupOptions,
    ) -> ProviderFuture<'a, SetupLink> {
        Box::pin(async move {
            let path = format!("/platform/v1/customers/{}/setup_links", encoded(customer));
            let body = json!({ "setup_link": wire(options) });
            let answer = self.call(access, "POST", &path, Some(&body)).await?;
            let (Some(id), Some(url)) = (text(&answer, "/data/id"), text(&answer, "/data/url")) else {
                return Err(missing_field("link").into());
            };
            // The link is shown, copied and drawn as a QR code, so it must be a plain URL.
            let fits = url::Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "https" | "http"));
            if !fits || url.chars().any(|c| c.is_control() || c.is_whitespace()) {
                return Err(missing_field("link that is an address").into());
            }
            Ok(SetupLink { id: id.to_owned(), url: url.to_owned(), expires_at: time(&answer, "/data/expires_at") })
        })
    }

    fn link_state<'a>(
        &'a self,
        access: Access<'a>,
        customer: &'a str,
        link: &'a str,
    ) -> ProviderFuture<'a, Option<LinkState>> {
        Box::pin(async move {
            let links =
                self.pages(access, &format!("/platform/v1/customers/{}/setup_links", encoded(customer))).await?;
            let existing = links.iter().find(|one| text(one, "/id") == Some(link));
            Ok(existing.map(|one| LinkState {
                status: text(one, "/status").unwrap_or("unknown").to_ascii_lowercase(),
                error: untrusted(one, "/whatsapp_setup_error").map(|error| error.line()),
            }))
        })
    }

    fn revoke_link<'a>(&'a self, access: Access<'a>, customer: &'a str, link: &'a str) -> ProviderFuture<'a, ()> {
        Box::pin(async move {
            let path = format!("/platform/v1/customers/{}/setup_links/{}", encoded(customer), encoded(link));
            let body = json!({ "setup_link": { "status": "revoked" } });
            self.call(access, "PATCH", &path, Some(&body)).await.map(|_| ())
        })
    }

    fn list<'a>(&'a self, access: Access<'a>, customer: Option<&'a str>) -> ProviderFuture<'a, Vec<Number>> {
        Box::pin(async move {
            let filter = customer.map(|id| format!("?customer_id={}", encoded(id))).unwrap_or_default();
            let list = self.pages(access, &format!("/platform/v1/whatsapp/phone_numbers{filter}")).await?;
            let of = |one: &&Value| customer.is_none_or(|id| text(one, "/customer_id").is_none_or(|of| of == id));
            Ok(list.iter().filter(of).filter_map(number).collect())
        })
    }

    fn number<'a>(&'a self, access: Access<'a>, phone_number_id: &'a str) -> ProviderFuture<'a, Number> {
        Box::pin(async move {
            let path = format!("/platform/v1/whatsapp/phone_numbers/{}", encoded(phone_number_id));
            let answer = self.call(access, "GET", &path, None).await?;
            number(answer.get("data").unwrap_or(&answer)).ok_or_else(|| missing_field("number").into())
        })
    }

    fn health<'a>(&'a self, connection: &'a Connection) -> ProviderFuture<'a, Health> {
        Box::pin(async move {
            let path = format!("/platform/v1/whatsapp/phone_numbers/{}/health", encoded(&connection.phone_number_id));
            let answer = self.call(connection.into(), "GET", &path, None).await?;
            // The only response without a `data` envelope; one with an envelope is accepted too.
            Ok(health::read(answer.get("data").filter(|data| data.is_object()).unwrap_or(&answer)))
        })
    }

    fn disconnect<'a>(&'a self, connection: &'a Connection) -> ProviderFuture<'a, ()> {
        Box::pin(async move {
            let path = format!("/platform/v1/whatsapp/phone_numbers/{}", encoded(&connection.phone_number_id));
            self.call(connection.into(), "DELETE", &path, None).await.map(|_| ())
        })
    }
}

impl Profiles for Kapso {
    fn profile<'a>(&'a self, connection: &'a Connection) -> ProviderFuture<'a, Profile> {
        Box::pin(async move {
            let path = self.proxy(&profile::path(connection, true));
            Ok(profile::read(&self.call(connection.into(), "GET", &path, None).await?))
        })
    }

    fn save_profile<'a>(&'a self, connection: &'a Connection, profile: &'a Profile) -> ProviderFuture<'a, ()> {
        Box::pin(async move {
            let path = self.proxy(&profile::path(connection, false));
            self.call(connection.into(), "POST", &path, Some(&profile::body(profile))).await.map(|_| ())
        })
    }
}

/// Returns the request body of the options. Options without a value are omitted.
fn wire(options: &SetupOptions) -> Value {
    let mut body = json!({});
    let texts = [
        ("success_redirect_url", &options.success_url),
        ("failure_redirect_url", &options.failure_url),
        ("language", &options.language),
        ("meta_billing_mode", &options.billing),
    ];
    for (name, value) in texts {
        if let Some(value) = value {
            body[name] = value.clone().into();
        }
    }
    if !options.connection_types.is_empty() {
        body["allowed_connection_types"] = options.connection_types.clone().into();
    }
    if options.provision {
        body["provision_phone_number"] = true.into();
        if !options.countries.is_empty() {
            body["phone_number_country_isos"] = options.countries.clone().into();
        }
        if let Some(code) = &options.area_code {
            body["phone_number_area_code"] = code.clone().into();
        }
    }
    if let Some(number) = &options.reconnect {
        body["reconnect_phone_number"] = number.to_string().into();
    }
    if !options.theme.is_empty() {
        body["theme_config"] = json!(options.theme);
    }
    body
}

fn number(object: &Value) -> Option<Number> {
    let word = |path: &str| loose(object, path).map(|word| crate::domain::text::clean_line(&word));
    Some(Number {
        phone_number_id: text(object, "/phone_number_id").or_else(|| text(object, "/id"))?.to_owned(),
        business_account_id: text(object, "/business_account_id").unwrap_or_default().to_owned(),
        display: untrusted(object, "/display_phone_number")
            .or_else(|| untrusted(object, "/display_phone_number_normalized"))
            .unwrap_or_default(),
        name: untrusted(object, "/verified_name").or_else(|| untrusted(object, "/name")).unwrap_or_default(),
        kind: text(object, "/kind").map_or(NumberKind::Unknown, NumberKind::parse),
        customer_id: text(object, "/customer_id").map(str::to_owned),
        status: word("/status"),
        quality: word("/quality_rating"),
        throughput: word("/throughput_tier"),
        messaging_limit: word("/whatsapp_business_manager_messaging_limit"),
        name_status: word("/name_status"),
        coexistence: object["is_coexistence"].as_bool().unwrap_or(false),
        flows_encryption: object["flows_encryption_configured"].as_bool(),
        connection: None,
    })
}
