//! Addresses that the configuration names.

use toml::Spanned;
use url::Url;

use super::faults::Faults;

pub(super) fn http_url(value: &Spanned<String>, key: &str, faults: &mut Faults<'_>) {
    let fits = Url::parse(value.get_ref()).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    if !fits {
        faults.add(value.span(), format!("{key} is `{}`, which is no http or https address.", value.get_ref()));
    }
}

/// Providers post to https alone; a listener on this machine is for trying out.
pub(super) fn public(value: &Spanned<String>, faults: &mut Faults<'_>) {
    let Ok(url) = Url::parse(value.get_ref()) else { return };
    if url.scheme() == "http" && !matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]")) {
        let said = format!("public_url is `{}`: providers post to https alone. Write it with https.", value.get_ref());
        faults.add(value.span(), said);
    }
}
