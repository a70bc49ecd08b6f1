//! Verifies the webhook signature: base64 HMAC-SHA1 over the called URL and the sorted form, or over the URL alone,
//! which then contains the hash of the body. Source: part 5.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::form::{Form, query};
use crate::domain::inbound::delivery::RawDelivery;
use crate::provider::SignatureFault;

/// Returns the variants of a URL that may have been signed: as given, without a port, and with the explicit port.
fn url_variants(address: &str) -> Vec<String> {
    let Some((scheme, rest)) = address.split_once("://") else { return vec![address.to_owned()] };
    let rest = rest.split('#').next().unwrap_or_default();
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at(end);
    let bare = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    // An IPv6 address has colons of its own, within brackets.
    let (host, port) = match bare.rfind(':') {
        Some(at) if !bare[at..].contains(']') => (&bare[..at], Some(&bare[at + 1..])),
        _ => (bare, None),
    };
    let usual = if scheme.eq_ignore_ascii_case("https") { "443" } else { "80" };
    let port = port.unwrap_or(usual);
    let mut all: Vec<String> = [authority.to_owned(), host.to_owned(), format!("{host}:{port}")]
        .into_iter()
        .map(|authority| format!("{scheme}://{authority}{tail}"))
        .collect();
    all.dedup();
    all
}

fn is_form(delivery: &RawDelivery) -> bool {
    match delivery.header("content-type") {
        Some(kind) => kind.trim().to_ascii_lowercase().starts_with("application/x-www-form-urlencoded"),
        None => delivery.body.is_empty(),
    }
}

/// Returns the bytes that are signed after the URL: the sorted form, or nothing if the URL contains the body's hash.
/// `None` where that hash is missing or does not match the body.
fn tail(delivery: &RawDelivery) -> Option<Vec<u8>> {
    if is_form(delivery) {
        return Some(concatenate_form(&delivery.body));
    }
    let expected = hex::decode(query(&delivery.path, "bodySHA256")?.to_ascii_lowercase()).ok()?;
    // Compared in constant time, although it is not a secret.
    let mine = Sha256::digest(&delivery.body);
    let same =
        expected.len() == mine.len() && expected.iter().zip(mine).fold(0, |off, (one, other)| off | (one ^ other)) == 0;
    same.then(Vec::new)
}

fn is_signed_by(token: &SecretString, address: &str, tail: &[u8], signature: &[u8]) -> bool {
    Hmac::<Sha1>::new_from_slice(token.expose_secret().as_bytes())
        .is_ok_and(|mac| mac.chain_update(address).chain_update(tail).verify_slice(signature).is_ok())
}

/// Returns the provider's signature of a form that is posted to this URL.
pub(super) fn sign(token: &SecretString, address: &str, form: &[u8]) -> String {
    let Ok(mac) = Hmac::<Sha1>::new_from_slice(token.expose_secret().as_bytes()) else { return String::new() };
    let mac = mac.chain_update(address).chain_update(concatenate_form(form));
    STANDARD.encode(mac.finalize().into_bytes())
}

/// Returns names and values of a form, sorted and concatenated.
fn concatenate_form(form: &[u8]) -> Vec<u8> {
    let mut data = vec![];
    for (name, values) in Form::read(form).sorted() {
        for value in values {
            data.extend_from_slice(name.as_bytes());
            data.extend_from_slice(value.as_bytes());
        }
    }
    data
}

fn parse_header(delivery: &RawDelivery) -> Result<Vec<u8>, SignatureFault> {
    let header = delivery.header("x-twilio-signature").ok_or(SignatureFault::Missing)?;
    let signature = STANDARD.decode(header.trim()).map_err(|_| SignatureFault::Malformed)?;
    if signature.len() == 20 { Ok(signature) } else { Err(SignatureFault::Malformed) }
}

/// Verifies that one of the tokens signed this delivery to one of these URLs.
pub(super) fn verify(
    tokens: &[SecretString],
    addresses: &[String],
    delivery: &RawDelivery,
) -> Result<(), SignatureFault> {
    if tokens.is_empty() {
        return Err(SignatureFault::NoSecret);
    }
    let signature = parse_header(delivery)?;
    let tail = tail(delivery).ok_or(SignatureFault::Mismatch)?;
    // All combinations are tried even after a match, so that timing reveals nothing.
    let mut fits = false;
    for address in addresses.iter().flat_map(|address| url_variants(address)) {
        for token in tokens {
            fits |= is_signed_by(token, &address, &tail, &signature);
        }
    }
    if fits { Ok(()) } else { Err(SignatureFault::Mismatch) }
}

/// Explains a signature: the URL it was signed for, or the closest URL that would match.
pub(super) fn explain(tokens: &[SecretString], addresses: &[String], delivery: &RawDelivery) -> String {
    if tokens.is_empty() {
        return SignatureFault::NoSecret.to_string();
    }
    let signature = match parse_header(delivery) {
        Ok(signature) => signature,
        Err(fault) => return fault.to_string(),
    };
    let Some(tail) = tail(delivery) else {
        return "the body is no form, and the hash in the address is not that of this body".to_owned();
    };
    let signed = |address: &str| tokens.iter().any(|token| is_signed_by(token, address, &tail, &signature));
    let called: Vec<String> = addresses.iter().flat_map(|address| url_variants(address)).collect();
    if let Some(address) = called.iter().find(|address| signed(address)) {
        return format!("signed with the configured token for {address}");
    }
    // The most frequent mistakes of proxies and pasted URLs.
    let host = delivery.header("host").unwrap_or_default();
    let path = &delivery.path;
    let (plain, query) = path.split_once('?').map_or((path.as_str(), None), |(plain, query)| (plain, Some(query)));
    let tail_of = |plain: &str| query.map_or_else(|| plain.to_owned(), |query| format!("{plain}?{query}"));
    let mut others: Vec<(String, &str)> = vec![];
    for address in addresses {
        let base = address.strip_suffix(path.as_str()).unwrap_or(address);
        others.push((base.replacen("https://", "http://", 1) + path, "the address begins with http there"));
        others.push((base.replacen("http://", "https://", 1) + path, "the address begins with https there"));
        others.push((format!("{base}{}", tail_of(&format!("{plain}/"))), "the address ends with a slash there"));
        others.push((format!("{base}{plain}"), "the query is missing in the address there"));
    }
    for scheme in ["https", "http"] {
        others.push((format!("{scheme}://{host}{path}"), "public_url is not the address that was called"));
    }
    for (address, what) in others {
        if url_variants(&address).iter().any(|address| signed(address)) {
            return format!("signed with the configured token, but for {address}: {what}");
        }
    }
    let called = addresses.first().map_or("no address", String::as_str);
    format!(
        "none of our {} token(s) signed this for {called}: another account's token, another address, or a forgery",
        tokens.len()
    )
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::domain::numbers::connection::ProviderName;
    use crate::domain::time::Timestamp;

    const VECTORS: &str = include_str!("../../../tests/fixtures/twilio/signature-vectors.json");

    fn delivery(path: &str, kind: &str, signature: &str, body: &str) -> RawDelivery {
        RawDelivery {
            provider: ProviderName::new("twilio"),
            path: path.to_owned(),
            headers: vec![
                ("content-type".into(), kind.into()),
                ("x-twilio-signature".into(), signature.into()),
                ("host".into(), "inside:8080".into()),
            ],
            body: body.as_bytes().to_vec(),
            received_at: Timestamp::EPOCH,
        }
    }

    #[test]
    fn every_published_vector_verifies() {
        let vectors: Vec<Value> = serde_json::from_str(VECTORS).expect("JSON");
        assert!(vectors.len() > 30);
        for vector in vectors {
            let text = |name: &str| vector[name].as_str().unwrap_or_default();
            let url = text("url");
            let start = url.find("://").map_or(0, |at| at + 3);
            let path = url[start..].find(['/', '?']).map_or("", |at| &url[start + at..]);
            let body = if vector["body"].is_string() { text("body") } else { text("form") };
            let raw = delivery(path, text("content_type"), text("signature"), body);
            let tokens = [SecretString::from(text("auth_token").to_owned())];
            let fits = verify(&tokens, &[url.to_owned()], &raw).is_ok();
            assert_eq!(fits, vector["valid"] == true, "{}", vector["id"]);
        }
    }

    fn sign(token: &str, address: &str, tail: &str) -> String {
        let mac = Hmac::<Sha1>::new_from_slice(token.as_bytes()).expect("a key");
        STANDARD.encode(mac.chain_update(address).chain_update(tail).finalize().into_bytes())
    }

    #[test]
    fn an_explanation_names_the_url_that_would_match() {
        let tokens = [SecretString::from("token".to_owned())];
        let ours = ["https://hooks.example.com/webhook/twilio/messages".to_owned()];
        let explanation = |address: &str| {
            let signature = sign("token", address, "Aone");
            let form = "application/x-www-form-urlencoded";
            explain(&tokens, &ours, &delivery("/webhook/twilio/messages", form, &signature, "A=one"))
        };
        assert!(explanation(&ours[0]).starts_with("signed with the configured token for https://hooks"));
        assert!(
            explanation("https://hooks.example.com:443/webhook/twilio/messages")
                .starts_with("signed with the configured token for")
        );
        assert!(explanation("http://hooks.example.com/webhook/twilio/messages").contains("begins with http there"));
        assert!(explanation("https://hooks.example.com/webhook/twilio/messages/").contains("ends with a slash there"));
        assert!(explanation("http://inside:8080/webhook/twilio/messages").contains("public_url is not the address"));
        assert!(explanation("https://elsewhere.example/").contains("forgery"));
    }

    #[test]
    fn missing_tokens_and_signatures_are_refused() {
        let form = "application/x-www-form-urlencoded";
        let signature = sign("token", "https://a/b", "");
        let tokens = [SecretString::from("token".to_owned())];
        let at = ["https://a/b".to_owned()];
        let raw = delivery("/b", form, &signature, "");
        assert_eq!(verify(&tokens, &at, &raw), Ok(()));
        assert_eq!(verify(&[], &at, &raw), Err(SignatureFault::NoSecret));
        assert_eq!(verify(&tokens, &at, &delivery("/b", form, "short", "")), Err(SignatureFault::Malformed));
        let bare = RawDelivery { headers: vec![], ..raw };
        assert_eq!(verify(&tokens, &at, &bare), Err(SignatureFault::Missing));
    }
}
