import HTTPSemantics

/// Where settings come from, the later over the earlier: file, environment, command line.
package struct ConfigurationLayers: Sendable {
    /// The file's name as the operator gave it, and its bytes; nil bytes if it cannot be read, nil altogether without a file.
    package var file: (name: String, bytes: [UInt8]?)?
    package var environment: [String: String]
    /// `key=value` texts of `--set`, in their order.
    package var overrides: [String]
    /// Reads a file that a setting names; nil if it cannot.
    package var readFile: @Sendable (String) -> [UInt8]?

    package init(
        file: (name: String, bytes: [UInt8]?)?,
        environment: [String: String],
        overrides: [String] = [],
        readFile: @escaping @Sendable (String) -> [UInt8]?
    ) {
        self.file = file
        self.environment = environment
        self.overrides = overrides
        self.readFile = readFile
    }
}

/// One effective setting, for `postern check` to show.
package struct EffectiveSetting: Sendable, Equatable {
    package var key: String
    /// As it would stand in the file; a secret shows only as "set".
    package var value: String
    /// "default", the file's name, `POSTERN_…`, or "--set".
    package var source: String
}

/// Reads keys out of the layers and gathers every fault on the way.
struct ConfigurationReader {
    private var file: [String: JSON] = [:]
    private let fileName: String
    private let layers: ConfigurationLayers
    private var overrides: [String: String] = [:]
    private var known: Set<String> = []
    private var hasReadFile = false
    private(set) var faults: [ConfigurationFault] = []
    private(set) var effective: [EffectiveSetting] = []

    init(_ layers: ConfigurationLayers) {
        self.layers = layers
        fileName = layers.file?.name ?? ""
        if let (name, bytes) = layers.file { readFile(name, bytes) }
        for text in layers.overrides {
            guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
                faults.append(
                    .init(
                        rule: .wrongValue,
                        subject: "--set",
                        source: "command line",
                        advice: "must be KEY=VALUE, for example --set connect.open=true."
                    )
                )
                continue
            }
            overrides[String(text[..<equals])] = String(text[text.index(after: equals)...])
        }
    }

    private mutating func readFile(_ name: String, _ bytes: [UInt8]?) {
        guard let bytes else {
            let advice = "Name the file with --config, or check its rights."
            return faults.append(.init(rule: .fileUnreadable, subject: name, advice: advice))
        }
        let json: JSON
        do throws(JSONFault) {
            json = try JSON(parsing: bytes)
        } catch {
            return faults.append(ConfigurationFault(error, in: name))
        }
        guard let members = json.members else {
            let advice = "config.example.json shows what it looks like."
            return faults.append(.init(rule: .notJSON, subject: name, advice: advice))
        }
        flatten(members, prefix: "")
        hasReadFile = true
    }

    /// Both `{"a": {"b": 1}}` and `{"a.b": 1}` are the key `a.b`, so one of each is one key twice.
    private mutating func flatten(_ members: [JSON.Member], prefix: String) {
        for member in members {
            let key = prefix + member.name
            if let inner = member.value.members {
                flatten(inner, prefix: key + ".")
            } else if file.updateValue(member.value, forKey: key) != nil {
                faults.append(
                    .init(
                        rule: .duplicateKey,
                        subject: key,
                        source: fileName,
                        advice: "is there twice: keep one of them."
                    )
                )
            }
        }
    }

    /// Whether the file, if there is one, could be read: only then is a key that nobody has found missing.
    var isFileKnown: Bool { layers.file == nil || hasReadFile }

    /// The value of an optional key; nil if no layer has it or if it is wrong, which is then a fault.
    mutating func value<Value>(_ key: ConfigurationKey<Value>) -> Value? {
        guard let (raw, source) = raw(key.name) else { return nil }
        guard let value = key.read(raw) else {
            faults.append(
                .init(
                    rule: .wrongValue,
                    subject: key.name,
                    source: source,
                    advice: "must be \(key.expectation), for example \(key.example)."
                )
            )
            return nil
        }
        effective.append(EffectiveSetting(key: key.name, value: display(raw), source: source))
        return value
    }

    mutating func value<Value>(_ key: ConfigurationKey<Value>, default standard: Value, shownAs text: String) -> Value {
        let hadFaults = faults.count
        if let value = value(key) { return value }
        if faults.count == hadFaults {
            effective.append(EffectiveSetting(key: key.name, value: text, source: "default"))
        }
        return standard
    }

    mutating func required<Value>(_ key: ConfigurationKey<Value>) -> Value? {
        let hadFaults = faults.count
        if let value = value(key) { return value }
        // What a file that cannot be read would have said is not missing.
        if faults.count == hadFaults, isFileKnown {
            faults.append(
                .init(
                    rule: .missing,
                    subject: key.name,
                    advice: "It must be \(key.expectation), for example \(key.example)."
                )
            )
        }
        return nil
    }

    mutating func conflict(_ subject: String, _ advice: String) {
        faults.append(.init(rule: .conflict, subject: subject, advice: advice))
    }

    /// A secret: `NAME` in the environment, or the file that `NAME_FILE` names, one trailing newline trimmed.
    mutating func secret(_ name: String) -> String? {
        let inline = layers.environment[name]
        let path = layers.environment[name + "_FILE"]
        switch (inline, path) {
        case (nil, nil): return nil
        case (_?, _?):
            conflict(name, "is set, and so is \(name)_FILE: keep one of them.")
            return nil
        case (let text?, nil):
            effective.append(EffectiveSetting(key: name, value: "set", source: name))
            return text
        case (nil, let path?):
            guard let text = text(ofFile: path, for: "\(name)_FILE") else { return nil }
            effective.append(EffectiveSetting(key: name, value: "set", source: "\(name)_FILE"))
            return text
        }
    }

    /// What a file holds that a setting names, one trailing newline trimmed; nil is a fault of the subject.
    mutating func text(ofFile path: String, for subject: String) -> String? {
        guard let bytes = layers.readFile(path) else {
            let advice = "Check the path and the file's rights."
            faults.append(.init(rule: .fileUnreadable, subject: subject, advice: advice))
            return nil
        }
        var text = String(decoding: bytes, as: UTF8.self)
        if text.hasSuffix("\r\n") || text.hasSuffix("\n") { text.removeLast() }
        return text
    }

    /// Members of the file and overrides that no key has claimed; call it after all keys are read.
    mutating func refuseUnknownKeys() {
        for name in file.keys.sorted() where !known.contains(name) {
            faults.append(
                .init(rule: .unknownKey, subject: name, source: fileName, advice: "config.example.json lists them all.")
            )
        }
        for name in overrides.keys.sorted() where !known.contains(name) {
            faults.append(
                .init(rule: .unknownKey, subject: name, source: "--set", advice: "config.example.json lists them all.")
            )
        }
    }

    mutating func note(_ fault: ConfigurationFault) {
        faults.append(fault)
    }

    mutating func note(_ setting: EffectiveSetting) {
        effective.append(setting)
    }

    /// What the highest layer that has the key says, and which one that is.
    mutating func raw(_ name: String) -> (RawValue, String)? {
        known.insert(name)
        if let text = overrides[name] { return (.text(text), "--set") }
        let variable = environmentName(of: name)
        if let text = layers.environment[variable] { return (.text(text), variable) }
        if let value = file[name], value != .null { return (.json(value), fileName) }
        return nil
    }

    private func display(_ raw: RawValue) -> String {
        switch raw {
        case .text(let text), .json(.string(let text)): text
        case .json(.bool(let value)): value ? "true" : "false"
        case .json(.integer(let number)): String(number)
        case .json(.array([])): "none"
        case .json(.array): (raw.list ?? []).joined(separator: ", ")
        case .json: "…"
        }
    }
}
