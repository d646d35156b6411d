/// What is wrong with a configuration: which key, where it came from, what it should be. Never the value that was found.
package struct ConfigurationFault: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Rule: Hashable, Sendable {
        /// The file cannot be read.
        case fileUnreadable
        /// The file is not one JSON object.
        case notJSON
        /// No key of ours has this name.
        case unknownKey
        case missing
        case wrongValue
        /// Right by itself, wrong beside another key.
        case conflict
    }

    package var rule: Rule
    /// The key's name, a variable's name, or the file's.
    package var subject: String
    /// Where the value was found: the file, a variable, the command line. nil if it was found nowhere.
    package var source: String?
    /// What to do about it, one sentence.
    package var advice: String

    package var description: String {
        let place = source.map { " (\($0))" } ?? ""
        return switch rule {
        case .fileUnreadable: "\(subject): cannot be read. \(advice)"
        case .notJSON: "\(subject): is not a JSON object. \(advice)"
        case .unknownKey: "\(subject)\(place): there is no such key. \(advice)"
        case .missing: "\(subject): is missing. \(advice)"
        case .wrongValue, .conflict: "\(subject)\(place): \(advice)"
        }
    }
}

/// All that is wrong, reported together.
package struct ConfigurationFaults: Error, Sendable {
    package var faults: [ConfigurationFault]
}
