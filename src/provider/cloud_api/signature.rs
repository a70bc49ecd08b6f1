//! Verifies the webhook signature: hex HMAC-SHA256 over the raw body.

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

use crate::provider::SignatureFault;

/// Parses a comma-separated list of secrets. Several are valid during rotation.
pub(crate) fn secrets(list: &str) -> Vec<SecretString> {
    list.split(',').map(str::trim).filter(|secret| !secret.is_empty()).map(|secret| secret.to_owned().into()).collect()
}

/// Verifies a signature with any of the secrets. Surrounding blanks, a `sha256=` prefix and upper case are accepted.
/// Fails without a secret.
pub(crate) fn verify(secrets: &[SecretString], header: Option<&str>, body: &[u8]) -> Result<(), SignatureFault> {
    if secrets.is_empty() {
        return Err(SignatureFault::NoSecret);
    }
    let header = header.ok_or(SignatureFault::Missing)?.trim();
    let header = match header.get(..7) {
        Some(prefix) if prefix.eq_ignore_ascii_case("sha256=") => &header[7..],
        _ => header,
    };
    let mut signature = [0_u8; 32];
    hex::decode_to_slice(header.trim(), &mut signature).map_err(|_| SignatureFault::Malformed)?;
    // All secrets are tried even after a match, so that timing reveals nothing.
    let mut fits = false;
    for secret in secrets {
        fits |= Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes())
            .is_ok_and(|mac| mac.chain_update(body).verify_slice(&signature).is_ok());
    }
    if fits { Ok(()) } else { Err(SignatureFault::Mismatch) }
}

/// Returns the signature of a body.
pub(crate) fn sign(secret: &SecretString, body: &[u8]) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes());
    mac.map(|mac| hex::encode(mac.chain_update(body).finalize().into_bytes())).unwrap_or_default()
}

/// Explains a signature: the secret that matches, or the change of the body after which it would.
pub(crate) fn explain(secrets: &[SecretString], header: Option<&str>, body: &[u8]) -> String {
    let fits =
        |body: &[u8]| secrets.iter().position(|secret| verify(std::slice::from_ref(secret), header, body).is_ok());
    if let Some(at) = fits(body) {
        return match secrets.len() {
            1 => "signed with the configured secret".to_owned(),
            count => format!("signed with secret {} of {count}", at + 1),
        };
    }
    if let Err(fault @ (SignatureFault::NoSecret | SignatureFault::Missing | SignatureFault::Malformed)) =
        verify(secrets, header, body)
    {
        return fault.to_string();
    }
    let trimmed = body.trim_ascii();
    let rewritten = serde_json::from_slice::<serde_json::Value>(body).ok().map(|value| value.to_string());
    let with_newline = [body, b"\n"].concat();
    for (changed, what) in [
        (Some(trimmed), "white space was added around the body in transit"),
        (Some(with_newline.as_slice()), "a line end was removed from the body in transit"),
        (rewritten.as_deref().map(str::as_bytes), "the body was parsed and serialized again in transit"),
    ] {
        if changed.is_some_and(|changed| changed != body && fits(changed).is_some()) {
            return format!("changed body: {what}; something between the provider and wadeck rewrites it");
        }
    }
    format!(
        "wrong secret, or a forgery: the signature matches none of {} configured secret(s), neither for this body nor for a rewritten form of it",
        secrets.len()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const VECTORS: [(&str, &str, &str); 4] = [
        (
            "segredo-do-webhook",
            r#"{"type":"whatsapp.message.received"}"#,
            "66f325f1396ffd7390c4feb64b1bfaea776c1e20ee72b7919618d4faea640504",
        ),
        (
            "wh_sec_test",
            r#"{"phone_number_id":"123456789012345","project":{"id":"990e8400-e29b-41d4-a716-446655440004"},"customer":{"id":"880e8400-e29b-41d4-a716-446655440003"}}"#,
            "6048183d35ac39cd31f04f09ef1bacce2fb17091651b6bc3730bf6b326a45936",
        ),
        ("wh_sec_test", r#"{ "a": "é", "b":1.0 }"#, "acaa1b19b72f8e13a54031dfa5027c9a29b2867423e4bf3fecc16b420ad12257"),
        ("wh_sec_test", "", "7c023f0dd49cf3f355bc987af5422b422ad3bb9d0b0ec8accdbb2fd930c32fdf"),
    ];

    #[test]
    fn the_published_vectors_verify() {
        for (secret, body, hex) in VECTORS {
            let secrets = secrets(secret);
            assert_eq!(verify(&secrets, Some(hex), body.as_bytes()), Ok(()), "{body}");
            assert_eq!(verify(&secrets, Some(&format!(" SHA256={} ", hex.to_uppercase())), body.as_bytes()), Ok(()));
        }
    }

    #[test]
    fn during_rotation_either_secret_verifies() {
        let (secret, body, hex) = VECTORS[0];
        assert_eq!(verify(&secrets(&format!("new, {secret}")), Some(hex), body.as_bytes()), Ok(()));
        assert_eq!(verify(&secrets("new"), Some(hex), body.as_bytes()), Err(SignatureFault::Mismatch));
    }

    #[test]
    fn other_signatures_are_refused() {
        let (secret, body, hex) = VECTORS[0];
        let secrets = secrets(secret);
        let respaced = body.replace(':', ": ");
        assert_eq!(verify(&secrets, Some(hex), respaced.as_bytes()), Err(SignatureFault::Mismatch));
        assert_eq!(verify(&secrets, None, body.as_bytes()), Err(SignatureFault::Missing));
        for header in ["", "sha256=", &hex[..62], &format!("{hex}{hex}"), "zz", "sha256=é", "é"] {
            assert_eq!(verify(&secrets, Some(header), body.as_bytes()), Err(SignatureFault::Malformed), "{header}");
        }
        assert_eq!(verify(&[], Some(hex), body.as_bytes()), Err(SignatureFault::NoSecret));
    }

    #[test]
    fn an_explanation_names_the_secret_or_the_change() {
        let keys = secrets("old-secret, new-secret");
        let sign = |secret: &str, body: &[u8]| {
            let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key");
            hex::encode(mac.chain_update(body).finalize().into_bytes())
        };
        let body = br#"{"b":1,"a":2}"#;
        let explanation = |signature: &str, body: &[u8]| explain(&keys, Some(signature), body);
        assert_eq!(explanation(&sign("new-secret", body), body), "signed with secret 2 of 2");
        assert_eq!(explain(&keys[..1], Some(&sign("old-secret", body)), body), "signed with the configured secret");
        assert!(explanation(&sign("stranger", body), body).starts_with("wrong secret"));
        let padded = [body.as_slice(), b"  "].concat();
        assert!(explanation(&sign("old-secret", body), &padded).contains("white space was added"));
        let compact = br#"{"a":2,"b":1}"#;
        let spaced = br#"{ "a": 2, "b": 1 }"#;
        assert!(explanation(&sign("old-secret", compact), spaced).contains("serialized again"));
        assert!(explain(&keys, None, body).contains("missing"));
        assert!(explain(&[], Some("00"), body).contains("no secret is configured"));
    }
}
