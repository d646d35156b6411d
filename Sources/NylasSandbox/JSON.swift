import HTTPSemantics

extension JSON {
    /// Reads one JSON text.
    ///
    /// - Returns: nil unless the bytes are valid JSON.
    static func decode(_ content: [UInt8]) -> JSON? {
        try? JSON(parsing: content)
    }

    /// The same object without the members that are null: Nylas leaves out what it does not know.
    var withoutNulls: JSON {
        guard case .object(let members) = self else { return self }
        return .object(members.filter { $0.value != .null })
    }
}
