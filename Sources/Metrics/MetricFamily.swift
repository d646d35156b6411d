/// One metric: its name, what it counts, and what its samples are told apart by (OpenMetrics 1.0, "MetricFamily").
package struct MetricFamily: Hashable, Sendable {
    package enum Kind: String, Sendable {
        /// Only grows while the process lives. Its samples end in `_total`.
        case counter
        case gauge
        case histogram
        /// A constant text in labels. Its sample ends in `_info`.
        case info
    }

    /// Without the suffix that its kind adds; ends in the unit, if it has one.
    package let name: String
    package let kind: Kind
    /// `seconds` or `bytes`; empty where things are counted.
    package let unit: String
    package let help: String
    /// The names of its labels, in the order in which their values are given.
    package let labels: [String]

    package init(
        _ name: String,
        _ kind: Kind,
        unit: String = "",
        labels: [String] = [],
        _ help: String
    ) {
        precondition(unit.isEmpty || name.hasSuffix("_" + unit), "the name of \(name) must end in its unit")
        precondition(([name] + labels).allSatisfy(Self.isName), "\(name) or a label of it is no name")
        precondition(!labels.contains("le"), "a histogram adds this label by itself")
        self.name = name
        self.kind = kind
        self.unit = unit
        self.labels = labels
        self.help = help
    }

    /// What its samples are called, but for a histogram's, which have three names.
    package var sampleName: String {
        switch kind {
        case .counter: name + "_total"
        case .info: name + "_info"
        case .gauge, .histogram: name
        }
    }

    private static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, first.isLetter else { return false }
        return text.utf8.allSatisfy { $0.isLetter || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }
}

extension UInt8 {
    /// A small letter or `_`: what we make names of.
    fileprivate var isLetter: Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self) || self == UInt8(ascii: "_")
    }
}
