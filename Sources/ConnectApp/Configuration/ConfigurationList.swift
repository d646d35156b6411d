import HTTPSemantics

/// A key that holds a list of objects: in the file an array, in the environment and behind `--set` the same array as JSON text.
///
/// What is wrong is named by its place in the list (`api.tokens[1].scope`), everything at once, and never with its value.
struct ConfigurationListKey<Element: Sendable>: Sendable {
    let name: String
    /// What a right list is, as the end of "must be …".
    let expectation: String
    /// A right list, as it would stand in the file.
    let example: String
    /// What `postern check` shows of an element: its name, and nothing secret.
    let label: @Sendable (Element) -> String
    /// Reads one object's members, each by a ``ConfigurationKey`` whose name is the member's. What it leaves unread is a fault.
    let read: @Sendable (inout ConfigurationObject) -> Element?

    init(
        _ name: String,
        _ expectation: String,
        example: String,
        label: @escaping @Sendable (Element) -> String,
        read: @escaping @Sendable (inout ConfigurationObject) -> Element?
    ) {
        self.name = name
        self.expectation = expectation
        self.example = example
        self.label = label
        self.read = read
    }
}

/// One object of a list, with what is found wrong in it.
struct ConfigurationObject {
    /// Such as `api.tokens[0]`.
    let place: String
    private let source: String
    private let members: [JSON.Member]
    private var known: [String] = []
    private(set) var faults: [ConfigurationFault] = []

    init(_ members: [JSON.Member], place: String, source: String) {
        self.members = members
        self.place = place
        self.source = source
    }

    /// The value of an optional member; nil if it is absent or null, or if it is wrong, which is then a fault.
    mutating func value<Value>(_ key: ConfigurationKey<Value>) -> Value? {
        known.append(key.name)
        guard let raw = members.first(where: { $0.name == key.name })?.value, raw != .null else { return nil }
        guard let value = key.read(.json(raw)) else {
            fault(.wrongValue, key.name, "must be \(key.expectation), for example \(key.example).")
            return nil
        }
        return value
    }

    mutating func required<Value>(_ key: ConfigurationKey<Value>) -> Value? {
        let hadFaults = faults.count
        if let value = value(key) { return value }
        if faults.count == hadFaults {
            fault(.missing, key.name, "It must be \(key.expectation), for example \(key.example).")
        }
        return nil
    }

    /// Says that a member does not go with another one.
    mutating func conflict(_ member: String, _ advice: String) {
        fault(.conflict, member, advice)
    }

    mutating func refuseUnknownMembers() {
        for name in members.map(\.name).sorted() where !known.contains(name) {
            fault(.unknownKey, name, "Its members are \(known.joined(separator: ", ")).")
        }
    }

    private mutating func fault(_ rule: ConfigurationFault.Rule, _ member: String, _ advice: String) {
        faults.append(
            ConfigurationFault(
                rule: rule,
                subject: "\(place).\(member)",
                source: rule == .missing ? nil : source,
                advice: advice
            )
        )
    }
}

extension ConfigurationReader {
    /// The elements of a list, in their order; empty if no layer has the key or if anything in it is wrong, which is then a fault.
    mutating func list<Element>(_ key: ConfigurationListKey<Element>) -> [Element] {
        guard let (raw, source) = raw(key.name) else {
            note(EffectiveSetting(key: key.name, value: "none", source: "default"))
            return []
        }
        guard let values = raw.values else {
            note(
                ConfigurationFault(
                    rule: .wrongValue,
                    subject: key.name,
                    source: source,
                    advice: "must be \(key.expectation), for example \(key.example)."
                )
            )
            return []
        }
        let hadFaults = faults.count
        var elements: [Element] = []
        for (index, value) in values.enumerated() {
            guard case .object(let members) = value else {
                note(
                    ConfigurationFault(
                        rule: .wrongValue,
                        subject: "\(key.name)[\(index)]",
                        source: source,
                        advice: "must be an object; the whole list, for example, \(key.example)."
                    )
                )
                continue
            }
            var object = ConfigurationObject(members, place: "\(key.name)[\(index)]", source: source)
            let element = key.read(&object)
            object.refuseUnknownMembers()
            for fault in object.faults { note(fault) }
            if let element { elements.append(element) }
        }
        guard faults.count == hadFaults else { return [] }
        let labels = elements.map(key.label).joined(separator: ", ")
        note(EffectiveSetting(key: key.name, value: labels.isEmpty ? "none" : labels, source: source))
        return elements
    }
}

extension RawValue {
    /// The elements of an array, which as text is JSON; an empty text is an empty list.
    fileprivate var values: [JSON]? {
        switch self {
        case .json(.array(let values)): return values
        case .text(""): return []
        case .text(let text):
            return (try? JSON(parsing: Array(text.utf8)))?.elements
        case .json: return nil
        }
    }
}
