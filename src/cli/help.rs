//! Text of the help that is made from the program: the version line and the provider named in examples.

use std::sync::LazyLock;

/// What `--version` prints: the version, and the optional features that this build was made without.
pub(in crate::cli) static LONG_VERSION: LazyLock<String> = LazyLock::new(|| {
    let features =
        [("pictures", cfg!(feature = "pictures")), ("ssh", cfg!(feature = "ssh")), ("mcp", cfg!(feature = "mcp"))];
    let missing: Vec<&str> = features.iter().filter(|(_, built_in)| !built_in).map(|(name, _)| *name).collect();
    match missing.as_slice() {
        [] => env!("CARGO_PKG_VERSION").to_owned(),
        missing => format!("{} (without {})", env!("CARGO_PKG_VERSION"), missing.join(", ")),
    }
});

/// Fills the name of a provider into an example.
pub(in crate::cli) fn with_provider(example: &str) -> String {
    let name = crate::provider::Registry::SHAPES.first().map_or("PROVIDER", |shape| shape.name);
    example.replace("{provider}", name)
}
