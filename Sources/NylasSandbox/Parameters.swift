import HTTPSemantics

/// The decoded pairs of a query or a form. One without a value counts as omitted (RFC 6749 §3.1).
struct Parameters: Sendable {
    private let pairs: [(name: String, value: String)]
    /// The names that occur more than once.
    let repeated: Set<String>

    init(query: String?) throws(FormViolation) {
        self.init(try FormCoding.decode(query ?? ""))
    }

    init(form content: [UInt8]) throws(FormViolation) {
        self.init(try FormCoding.decode(content))
    }

    private init(_ pairs: [(name: String, value: String)]) {
        self.pairs = pairs.filter { !$0.value.isEmpty }
        var seen: Set<String> = []
        repeated = Set(pairs.map(\.name).filter { !seen.insert($0).inserted })
    }

    /// The first value of a name.
    subscript(name: String) -> String? {
        pairs.first { $0.name == name }?.value
    }

    /// Every value of a name, such as all ticked boxes.
    func all(_ name: String) -> [String] {
        pairs.filter { $0.name == name }.map(\.value)
    }

    /// `true` and `True` are true: the SDK for Python writes its own spelling.
    func isTrue(_ name: String) -> Bool {
        self[name]?.lowercased() == "true"
    }

    var names: Set<String> { Set(pairs.map(\.name)) }
}
