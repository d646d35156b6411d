/// Writes metrics as text, one family after the other.
///
/// Two formats that differ in little: OpenMetrics 1.0, and the text format 0.0.4 of Prometheus before it.
package struct Exposition {
    package enum Format: Sendable, CaseIterable {
        case openMetrics
        case prometheusText

        package var contentType: String {
            switch self {
            case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
            case .prometheusText: "text/plain; version=0.0.4; charset=utf-8"
            }
        }
    }

    package let format: Format
    private var text: [UInt8] = []
    private var written: Set<String> = []

    package init(_ format: Format) {
        self.format = format
        text.reserveCapacity(16 << 10)
    }

    /// Writes a family that has one sample, or `body`'s samples.
    ///
    /// - Precondition: a family is written once: a parser refuses samples of one family in two places.
    package mutating func write(_ family: MetricFamily, _ body: (inout Samples) -> Void) {
        precondition(written.insert(family.name).inserted, "\(family.name) is written twice")
        var samples = Samples(family: family)
        body(&samples)
        // A family without samples says nothing, and a reader may take its absence for what it is.
        guard !samples.text.isEmpty else { return }
        describe(family)
        text += samples.text
    }

    /// All of the text; nothing may be written after it.
    package consuming func finished() -> [UInt8] {
        if format == .openMetrics { text += "# EOF\n".utf8 }
        return text
    }

    private mutating func describe(_ family: MetricFamily) {
        switch format {
        case .openMetrics:
            text += "# TYPE \(family.name) \(family.kind.rawValue)\n".utf8
            if !family.unit.isEmpty { text += "# UNIT \(family.name) \(family.unit)\n".utf8 }
            text += "# HELP \(family.name) ".utf8
            appendEscaped(family.help, quotes: true, to: &text)
        case .prometheusText:
            // There is no kind "info" yet, and a counter's name has its suffix everywhere.
            let kind = family.kind == .info ? .gauge : family.kind
            text += "# TYPE \(family.sampleName) \(kind.rawValue)\n".utf8
            text += "# HELP \(family.sampleName) ".utf8
            appendEscaped(family.help, quotes: false, to: &text)
        }
        text.append(UInt8(ascii: "\n"))
    }
}

extension Exposition {
    /// The samples of one family.
    package struct Samples {
        let family: MetricFamily
        fileprivate var text: [UInt8] = []

        fileprivate init(family: MetricFamily) {
            self.family = family
        }

        /// - Parameter labels: values in the order of the family's names.
        package mutating func add(_ value: UInt64, _ labels: String...) {
            append(family.sampleName, labels, nil, "\(value)")
        }

        package mutating func add(_ value: Int, _ labels: String...) {
            append(family.sampleName, labels, nil, "\(value)")
        }

        package mutating func add(_ value: Double, _ labels: String...) {
            append(family.sampleName, labels, nil, number(value))
        }

        /// One row of a histogram. The buckets become cumulative and the last of them the count, so that the two agree
        /// even while others are counting.
        package mutating func add(_ histogram: DurationHistogram, row: Int = 0, _ labels: String...) {
            precondition(family.kind == .histogram, "\(family.name) is no histogram")
            let counts = histogram.counts(row: row)
            var sum: UInt64 = 0
            for (index, count) in counts.enumerated() {
                sum += count
                let bound = index < histogram.bounds.count ? number(histogram.bounds[index] / .seconds(1)) : "+Inf"
                append(family.name + "_bucket", labels, bound, "\(sum)")
            }
            append(family.name + "_count", labels, nil, "\(sum)")
            append(family.name + "_sum", labels, nil, number(histogram.sumSeconds(row: row)))
        }

        private mutating func append(_ name: String, _ values: [String], _ bound: String?, _ value: String) {
            precondition(values.count == family.labels.count, "\(name) has other labels")
            text += name.utf8
            var separator = UInt8(ascii: "{")
            for (label, value) in zip(family.labels + ["le"], values + (bound.map { [$0] } ?? [])) {
                text.append(separator)
                text += "\(label)=\"".utf8
                appendEscaped(value, quotes: true, to: &text)
                text.append(UInt8(ascii: "\""))
                separator = UInt8(ascii: ",")
            }
            if separator == UInt8(ascii: ",") { text.append(UInt8(ascii: "}")) }
            text += " \(value)\n".utf8
        }
    }
}

/// As both formats write a number: `1.0`, `0.005`, `+Inf`, `NaN`.
private func number(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
    return "\(value)"
}

private func appendEscaped(_ value: String, quotes: Bool, to text: inout [UInt8]) {
    for byte in value.utf8 {
        switch byte {
        case UInt8(ascii: "\\"): text += "\\\\".utf8
        case UInt8(ascii: "\n"): text += "\\n".utf8
        case UInt8(ascii: "\"") where quotes: text += "\\\"".utf8
        default: text.append(byte)
        }
    }
}
