//! Graph API versions: their format and end dates. Source: Meta's changelog.

use crate::domain::time::Timestamp;

/// Version used if the configuration names none.
pub const DEFAULT_GRAPH_VERSION: &str = "v24.0";

/// End date of each version for which it is known.
const ENDS: [(&str, &str); 4] = [
    ("v21.0", "2027-01-21T00:00:00Z"),
    ("v22.0", "2027-05-20T00:00:00Z"),
    ("v23.0", "2027-10-08T00:00:00Z"),
    ("v24.0", "2028-02-18T00:00:00Z"),
];

/// Returns `true` for a version such as `v24.0`, and `false` for words such as `latest`.
pub fn is_graph_version(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.len() <= 3 && part.chars().all(|c| c.is_ascii_digit());
    text.strip_prefix('v')
        .and_then(|rest| rest.split_once('.'))
        .is_some_and(|(major, minor)| digits(major) && digits(minor))
}

/// Returns when a version stops being served; `None` if its end date is unknown.
pub fn end_of_graph_version(version: &str) -> Option<Timestamp> {
    ENDS.iter().find(|(known, _)| *known == version).and_then(|(_, end)| Timestamp::parse(end))
}

/// Returns `true` if a version is older than every version with a known end date; such a version is no longer served.
pub fn is_ended_graph_version(version: &str) -> bool {
    let major = |text: &str| text.strip_prefix('v')?.split('.').next()?.parse::<u32>().ok();
    major(version) < ENDS.first().and_then(|(oldest, _)| major(oldest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_no_versions_and_the_default_has_an_end() {
        assert!(is_graph_version(DEFAULT_GRAPH_VERSION) && is_graph_version("v27.0"));
        for text in ["latest", "24.0", "v24", "v.0", "v24.0/x", ""] {
            assert!(!is_graph_version(text), "{text}");
        }
        assert!(end_of_graph_version(DEFAULT_GRAPH_VERSION).is_some());
        assert_eq!(end_of_graph_version("v27.0"), None);
        assert!(is_ended_graph_version("v16.0") && !is_ended_graph_version("v21.0"));
    }
}
