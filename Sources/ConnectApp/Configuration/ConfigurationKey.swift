import HTTPSemantics

/// One key of the configuration: its name in the file, what it takes, and how a value of it is read.
///
/// The same key can come from three layers. In the file it is a member (`connect.open` is `open` in the object `connect`),
/// in the environment a variable (`POSTERN_CONNECT_OPEN`), on the command line `--set connect.open=true`. Lists are arrays
/// in the file and separated by commas elsewhere.
struct ConfigurationKey<Value: Sendable>: Sendable {
    let name: String
    /// What a right value is, as the end of "must be …".
    let expectation: String
    /// A right value, as it would stand in the file.
    let example: String
    let read: @Sendable (RawValue) -> Value?

    init(_ name: String, _ expectation: String, example: String, read: @escaping @Sendable (RawValue) -> Value?) {
        self.name = name
        self.expectation = expectation
        self.example = example
        self.read = read
    }
}

/// A value as a layer gives it, before anybody knows whether it is right.
enum RawValue: Equatable, Sendable {
    case text(String)
    case json(JSON)

    /// A string; an empty one counts as none.
    var string: String? {
        switch self {
        case .text(let text), .json(.string(let text)): text.isEmpty ? nil : text
        default: nil
        }
    }

    var bool: Bool? {
        switch self {
        case .json(.bool(let value)): value
        case .text("true"): true
        case .text("false"): false
        default: nil
        }
    }

    /// A whole number that is not negative; digits only, no sign and no spaces.
    var wholeNumber: Int? {
        switch self {
        case .json(.integer(let number)): number >= 0 ? Int(exactly: number) : nil
        case .text(let text) where !text.isEmpty && text.utf8.allSatisfy { (48...57).contains($0) }: Int(text)
        default: nil
        }
    }

    var list: [String]? {
        switch self {
        case .text(let text):
            return text.split(separator: ",").map {
                String($0.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
            }
        case .json(.array(let values)):
            let texts = values.compactMap { value in RawValue.json(value).string }
            return texts.count == values.count ? texts : nil
        default: return nil
        }
    }
}

/// The variable of a key: `nylas.clientID` is `POSTERN_NYLAS_CLIENT_ID`.
func environmentName(of key: String) -> String {
    var name = "POSTERN_"
    var previousIsLower = false
    for character in key {
        if character == "." {
            name.append("_")
        } else {
            if character.isUppercase && previousIsLower { name.append("_") }
            name.append(contentsOf: character.uppercased())
        }
        previousIsLower = character.isLowercase
    }
    return name
}
