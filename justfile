# What is done often. `just --list` shows this table; every line is an ordinary command that can be typed by hand.

# Living traffic at once: no account, no network
demo *arguments:
    cargo run -- demo {{arguments}}

# Does it compile, with every feature and with each one left out
check:
    cargo check --locked --all-targets
    cargo check --locked --no-default-features --features ssh,mcp
    cargo check --locked --no-default-features --features pictures,mcp
    cargo check --locked --no-default-features --features pictures,ssh

# Everything that a change has to pass
test:
    cargo fmt --all -- --check
    cargo clippy --locked --all-targets -- -D warnings
    cargo test --locked

# The tests that answer within a minute after an edit: units, the structure, payloads on the wire, rules
fast *filter:
    cargo test --locked --lib --test architecture --test wire --test lint --test lint_flows {{filter}}

# A release binary without dynamic libraries, for another machine with the same glibc version
static:
    cargo rustc --locked --release --bin wadeck -- -C target-feature=+crt-static

# All benchmarks, or those with a name: `just bench ingest`
bench *arguments:
    cargo bench --locked -- {{arguments}}

# Regenerates everything that is derived from the code; a test fails when one is stale
docs:
    cargo run --quiet -- keys --markdown > docs/keys.md.new && mv docs/keys.md.new docs/keys.md
    cargo run --quiet -- alerts kinds --markdown > docs/alerts.md.new && mv docs/alerts.md.new docs/alerts.md
    cargo run --quiet -- codes --markdown > docs/codes.md.new && mv docs/codes.md.new docs/codes.md
    cargo run --quiet -- roles --markdown > docs/roles.md.new && mv docs/roles.md.new docs/roles.md
    cargo run --quiet -- connections states > docs/connections.md.new && mv docs/connections.md.new docs/connections.md
    WADECK_TEXTS=write cargo test --quiet --test texts

# Draws the picture in the README (a minute of demo)
picture:
    cargo run --example picture > docs/console.svg.new && mv docs/console.svg.new docs/console.svg

# Checks by tools that are installed apart: promtool, ssh-audit, schemathesis, cargo-deny
outside:
    promtool check rules docs/deploy/alerts.yml
    cargo deny check
