# Frequent commands. `just --list` lists them; each line can also be typed by hand.

# Run the console with simulated traffic: no account, no network
demo *arguments:
    cargo run -- demo {{arguments}}

# Compile everything, with all features and with each one left out
check:
    cargo check --locked --all-targets
    cargo check --locked --no-default-features --features ssh,mcp
    cargo check --locked --no-default-features --features pictures,mcp
    cargo check --locked --no-default-features --features pictures,ssh

# Run everything that a change has to pass
test:
    cargo fmt --all -- --check
    cargo clippy --locked --all-targets -- -D warnings
    cargo test --locked

# Run the tests that take about a minute after an edit: units, structure, wire formats, rules
fast *filter:
    cargo test --locked --lib --test architecture --test wire --test lint --test lint_flows {{filter}}

# Build a release binary without dynamic libraries, for a machine with the same glibc version
static:
    cargo rustc --locked --release --bin wadeck -- -C target-feature=+crt-static

# Run all benchmarks, or those with a name: `just bench ingest`
bench *arguments:
    cargo bench --locked -- {{arguments}}

# Regenerate everything that is derived from the code; a test fails when one is stale
docs:
    mkdir -p target/docs
    cargo run --quiet -- keys --markdown > target/docs/keys.md && mv target/docs/keys.md docs/keys.md
    cargo run --quiet -- alerts kinds --markdown > target/docs/alerts.md && mv target/docs/alerts.md docs/alerts.md
    cargo run --quiet -- codes --markdown > target/docs/codes.md && mv target/docs/codes.md docs/codes.md
    cargo run --quiet -- codes --providers --markdown > target/docs/provider-codes.md && mv target/docs/provider-codes.md docs/provider-codes.md
    cargo run --quiet -- roles --markdown > target/docs/roles.md && mv target/docs/roles.md docs/roles.md
    cargo run --quiet -- connections states > target/docs/connections.md && mv target/docs/connections.md docs/connections.md
    cargo run --quiet -- deliveries kinds > target/docs/kinds.md
    sed -i -e '/^<!-- kinds -->$/,/^<!-- end of kinds -->$/{//!d}' -e '/^<!-- kinds -->$/r target/docs/kinds.md' docs/inbound.md
    WADECK_TEXTS=write cargo test --quiet --test texts

# Draw the picture in the README (takes a minute)
picture:
    mkdir -p target/docs
    cargo run --example picture > target/docs/console.svg && mv target/docs/console.svg docs/console.svg

# Run checks that need other tools: promtool, cargo-deny
outside:
    promtool check rules docs/deploy/alerts.yml
    cargo deny check
