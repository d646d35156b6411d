import HTTPSemantics

/// What is wrong with a configuration: which key, where it came from, what it should be. Never the value that was found.
package struct ConfigurationFault: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Rule: Hashable, Sendable {
        /// The file cannot be read.
        case fileUnreadable
        /// The file is not one JSON object.
        case notJSON
        /// A key is there twice: whoever reads the file next may believe the other one.
        case duplicateKey
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
        case .wrongValue, .conflict, .duplicateKey: "\(subject)\(place): \(advice)"
        }
    }
}

extension ConfigurationFault {
    /// A file that is no JSON, with the place where that shows.
    init(_ fault: JSONFault, in file: String) {
        let place = "Line \(fault.line), column \(fault.column):"
        switch fault.rule {
        case .duplicateName:
            self.init(
                rule: .duplicateKey,
                subject: file,
                advice: "\(place) a key that is there already. Keep one of them."
            )
        case .malformed: self.init(rule: .notJSON, subject: file, advice: "\(place) JSON cannot go on like that.")
        case .tooDeep: self.init(rule: .notJSON, subject: file, advice: "\(place) too many braces within each other.")
        case .invalidText: self.init(rule: .notJSON, subject: file, advice: "\(place) a text that is not UTF-8.")
        case .numberOutOfRange: self.init(rule: .notJSON, subject: file, advice: "\(place) a number beyond all bounds.")
        }
    }
}

/// All that is wrong, reported together.
package struct ConfigurationFaults: Error, Sendable {
    package var faults: [ConfigurationFault]
}
