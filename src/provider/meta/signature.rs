//! Verifies `X-Hub-Signature-256`, the shared signature with its prefix. Source: part 1.2.

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use crate::provider::SignatureFault;
use crate::provider::cloud_api::signature;

/// Verifies the signature. A header without the prefix `sha256=` is malformed.
pub(super) fn verify(secrets: &[SecretString], header: Option<&str>, body: &[u8]) -> Result<(), SignatureFault> {
    match header.map(str::trim) {
        Some(header) if !header.get(..7).is_some_and(|prefix| prefix.eq_ignore_ascii_case("sha256=")) => {
            Err(if secrets.is_empty() { SignatureFault::NoSecret } else { SignatureFault::Malformed })
        }
        header => signature::verify(secrets, header, body),
    }
}

/// Returns `true` if two tokens are equal, compared in constant time.
pub(super) fn same(one: &SecretString, other: &str) -> bool {
    let digest = |text: &str| -> [u8; 32] { Sha256::digest(text.as_bytes()).into() };
    let (one, other) = (digest(one.expose_secret()), digest(other));
    one.iter().zip(other).fold(0, |off, (one, other)| off | (one ^ other)) == 0
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use serde_json::Value;

    use super::*;

    const VECTORS: &str = include_str!("../../../tests/fixtures/meta/signature-vectors.json");

    #[test]
    fn every_published_vector_verifies() {
        let vectors: Vec<Value> = serde_json::from_str(VECTORS).expect("JSON");
        assert_eq!(vectors.len(), 10);
        for vector in vectors {
            let text = |name: &str| vector[name].as_str().unwrap_or_default();
            let body = base64::engine::general_purpose::STANDARD.decode(text("body_b64")).expect("base64");
            let secrets = [SecretString::from(text("app_secret").to_owned())];
            let fits = verify(&secrets, Some(text("header")), &body).is_ok();
            assert_eq!(fits, vector["valid"] == true, "{}", vector["name"]);
        }
    }

    #[test]
    fn tokens_are_compared() {
        let token = SecretString::from("my-token".to_owned());
        assert!(same(&token, "my-token") && !same(&token, "my-tokem") && !same(&token, ""));
    }
}
