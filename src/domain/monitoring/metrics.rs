//! Metrics in the Prometheus text format: families with a help line, a type and samples.

use std::fmt::Write as _;

/// Type of a metric family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only increases, from 0 at the start of the engine.
    Counter,
    Gauge,
    Histogram,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// Upper bounds of histogram buckets in seconds. The target for webhooks is 0.5 s.
pub const BOUNDS: [f64; 12] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0];

/// A histogram of durations: counts within each bound, total count and sum.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Times {
    within: [u64; BOUNDS.len()],
    count: u64,
    sum: f64,
}

impl Times {
    /// Adds a duration in seconds.
    pub fn note(&mut self, seconds: f64) {
        for (bound, within) in BOUNDS.iter().zip(&mut self.within) {
            *within += u64::from(seconds <= *bound);
        }
        self.count += 1;
        self.sum += seconds;
    }
}

/// Labels of a sample.
pub type Labels = Vec<(&'static str, String)>;

/// The text that Prometheus scrapes.
#[derive(Debug, Default)]
pub struct Exposition(String);

impl Exposition {
    /// Writes the help and type lines of a family.
    fn head(&mut self, name: &str, help: &str, kind: Kind) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {}", kind.name());
    }

    /// Writes a sample.
    fn sample(&mut self, name: &str, labels: &[(&str, String)], value: f64) {
        self.0.push_str(name);
        if !labels.is_empty() {
            let pairs: Vec<String> =
                labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
            let _ = write!(self.0, "{{{}}}", pairs.join(","));
        }
        let _ = writeln!(self.0, " {value}");
    }

    /// Writes a family with one sample, or with several that have labels.
    pub fn figures(&mut self, name: &str, help: &str, kind: Kind, samples: &[(Labels, f64)]) {
        self.head(name, help, kind);
        for (labels, value) in samples {
            self.sample(name, labels, *value);
        }
    }

    /// Writes a gauge with one sample.
    pub fn gauge(&mut self, name: &str, help: &str, value: f64) {
        self.figures(name, help, Kind::Gauge, &[(vec![], value)]);
    }

    /// Writes a family of histograms.
    pub fn times(&mut self, name: &str, help: &str, samples: &[(Labels, Times)]) {
        self.head(name, help, Kind::Histogram);
        for (labels, times) in samples {
            let bucket = format!("{name}_bucket");
            let bounds = BOUNDS.iter().map(f64::to_string).zip(times.within);
            for (bound, within) in bounds.chain(std::iter::once(("+Inf".to_owned(), times.count))) {
                let mut labels = labels.clone();
                labels.push(("le", bound));
                self.sample(&bucket, &labels, within as f64);
            }
            self.sample(&format!("{name}_sum"), labels, times.sum);
            self.sample(&format!("{name}_count"), labels, times.count as f64);
        }
    }

    /// Returns the text.
    pub fn text(self) -> String {
        self.0
    }
}

/// Escapes a label value.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_written_as_they_are_scraped() {
        let mut times = Times::default();
        times.note(0.02);
        times.note(0.7);
        let mut text = Exposition::default();
        text.gauge("wadeck_unread", "Messages that nobody has read.", 3.0);
        let labels = vec![("result", "a \"b\"\n\\".to_owned())];
        text.figures("wadeck_x_total", "Things.", Kind::Counter, &[(labels, 2.0)]);
        text.times("wadeck_took_seconds", "How long.", &[(vec![], times)]);
        let text = text.text();
        assert!(text.starts_with(
            "# HELP wadeck_unread Messages that nobody has read.\n# TYPE wadeck_unread gauge\nwadeck_unread 3\n"
        ));
        assert!(text.contains("wadeck_x_total{result=\"a \\\"b\\\"\\n\\\\\"} 2\n"), "{text}");
        for line in [
            "wadeck_took_seconds_bucket{le=\"0.01\"} 0",
            "wadeck_took_seconds_bucket{le=\"0.025\"} 1",
            "wadeck_took_seconds_bucket{le=\"1\"} 2",
            "wadeck_took_seconds_bucket{le=\"+Inf\"} 2",
            "wadeck_took_seconds_sum 0.72",
            "wadeck_took_seconds_count 2",
        ] {
            assert!(text.lines().any(|known| known == line), "{line} is not in\n{text}");
        }
    }
}
