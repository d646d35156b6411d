package import HTTPSemantics

/// What a JSON value may be. One value for three uses: a request's content is checked against it, the OpenAPI document shows it,
/// and the tests hold every answer against it.
package indirect enum Schema: Sendable {
    /// Text of so many characters; `format` and `pattern` are for readers of the document.
    case text(ClosedRange<Int> = 0...8192, format: String? = nil, pattern: String? = nil)
    case integer(ClosedRange<Int64>)
    case boolean
    /// One of these texts.
    case word([String])
    case list(of: Schema, atMost: Int)
    /// Exactly these members: one that is not named here is refused.
    case object([Property])
    /// Names that are the caller's own, and what stands behind them.
    case map(of: Schema, atMost: Int)
    case nullable(Schema)
    /// An object of which somebody else says what is in it.
    case anyObject
    /// Shown once, among the document's components.
    case named(String, Schema)

    package struct Property: Sendable {
        package var name: String
        package var schema: Schema
        package var isRequired: Bool
        package var description: String

        package init(_ name: String, _ schema: Schema, isRequired: Bool = true, _ description: String) {
            self.name = name
            self.schema = schema
            self.isRequired = isRequired
            self.description = description
        }
    }

    package static let moment = Schema.text(20...40, format: "date-time")
}

/// Where a value does not fit, and what would.
package struct Misfit: Hashable, Sendable {
    /// A JSON pointer (RFC 6901) of names that are ours; `""` is the whole value.
    package var pointer: String
    /// One sentence without anything of the value.
    package var detail: String

    package init(pointer: String, detail: String) {
        self.pointer = pointer
        self.detail = detail
    }
}

extension Schema {
    /// Everything in which a value does not fit.
    package func misfits(of value: JSON, at pointer: String = "") -> [Misfit] {
        func misfit(_ detail: String) -> [Misfit] { [Misfit(pointer: pointer, detail: detail)] }
        switch (self, value) {
        case (.named(_, let schema), _): return schema.misfits(of: value, at: pointer)
        case (.nullable, .null): return []
        case (.nullable(let schema), _): return schema.misfits(of: value, at: pointer)
        case (.text(let length, _, _), .string(let text)):
            return length.contains(text.unicodeScalars.count)
                ? [] : misfit("Must be \(length.lowerBound) to \(length.upperBound) characters.")
        case (.text, _): return misfit("Must be a text.")
        case (.integer(let range), .integer(let number)):
            return range.contains(number)
                ? [] : misfit("Must be \(range.lowerBound) to \(range.upperBound).")
        case (.integer, _): return misfit("Must be a whole number.")
        case (.boolean, .bool): return []
        case (.boolean, _): return misfit("Must be true or false.")
        case (.word(let words), .string(let text)) where words.contains(text): return []
        case (.word(let words), _): return misfit("Must be one of: \(words.joined(separator: ", ")).")
        case (.list(let schema, let limit), .array(let elements)):
            guard elements.count <= limit else { return misfit("Must have at most \(limit) elements.") }
            return elements.enumerated().flatMap { schema.misfits(of: $1, at: "\(pointer)/\($0)") }
        case (.list, _): return misfit("Must be an array.")
        case (.map(let schema, let limit), .object(let members)):
            guard members.count <= limit else { return misfit("Must have at most \(limit) members.") }
            // The names in a map are the caller's: they are not repeated.
            return members.flatMap { schema.misfits(of: $0.value) }.isEmpty
                ? [] : misfit("Each member: \(schema.phrase)")
        case (.object(let properties), .object(let members)):
            return misfits(of: members, properties, at: pointer)
        case (.anyObject, .object): return []
        case (.map, _), (.object, _), (.anyObject, _): return misfit("Must be an object.")
        }
    }

    private func misfits(of members: [JSON.Member], _ properties: [Property], at pointer: String) -> [Misfit] {
        var misfits: [Misfit] = []
        for property in properties {
            let place = "\(pointer)/\(property.name)"
            if let value = members.first(where: { $0.name == property.name })?.value {
                misfits += property.schema.misfits(of: value, at: place)
            } else if property.isRequired {
                misfits.append(Misfit(pointer: place, detail: "Is missing."))
            }
        }
        for member in members where !properties.contains(where: { $0.name == member.name }) {
            let names = properties.map(\.name).joined(separator: ", ")
            misfits.append(
                // What is shaped like a name of a member is repeated, so that a slip is found; anything else is not.
                isPlainName(member.name)
                    ? Misfit(pointer: "\(pointer)/\(member.name)", detail: "There is no such member.")
                    : Misfit(pointer: pointer, detail: "Has a member that there is not. There are: \(names).")
            )
        }
        return misfits
    }

    private var phrase: String {
        misfits(of: .array([.null])).first?.detail ?? misfits(of: .null).first?.detail ?? "Must be another value."
    }
}

private func isPlainName(_ text: String) -> Bool {
    (1...32).contains(text.utf8.count)
        && text.utf8.allSatisfy { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || $0 == UInt8(ascii: "_") }
}

// MARK: as JSON Schema

extension Schema {
    /// As JSON Schema 2020-12, which OpenAPI 3.1 takes over; named ones as references.
    var document: JSON {
        switch self {
        case .text(let length, let format, let pattern):
            var members = [JSON.Member("type", "string")]
            if length.lowerBound > 0 { members.append(.init("minLength", .integer(Int64(length.lowerBound)))) }
            members.append(.init("maxLength", .integer(Int64(length.upperBound))))
            if let format { members.append(.init("format", .string(format))) }
            if let pattern { members.append(.init("pattern", .string(pattern))) }
            return .object(members)
        case .integer(let range):
            return [
                "type": "integer", "minimum": .integer(range.lowerBound), "maximum": .integer(range.upperBound),
            ]
        case .boolean: return ["type": "boolean"]
        case .word(let words): return ["type": "string", "enum": JSON(words)]
        case .list(let schema, let limit):
            return ["type": "array", "items": schema.document, "maxItems": .integer(Int64(limit))]
        case .map(let schema, let limit):
            return [
                "type": "object", "additionalProperties": schema.document, "maxProperties": .integer(Int64(limit)),
            ]
        case .object(let properties):
            return [
                "type": "object",
                "properties": .object(properties.map { .init($0.name, $0.document) }),
                "required": JSON(properties.filter(\.isRequired).map(\.name)),
                "additionalProperties": false,
            ]
        case .anyObject: return ["type": "object"]
        case .nullable(let schema): return ["anyOf": [schema.document, ["type": "null"]]]
        case .named(let name, _): return ["$ref": .string("#/components/schemas/\(name)")]
        }
    }

    /// The named schemas in this one, with what they are.
    var named: [(name: String, schema: Schema)] {
        switch self {
        case .text, .integer, .boolean, .word, .anyObject: []
        case .list(let schema, _), .map(let schema, _), .nullable(let schema): schema.named
        case .object(let properties): properties.flatMap(\.schema.named)
        case .named(let name, let schema): [(name, schema)] + schema.named
        }
    }
}

extension Schema.Property {
    fileprivate var document: JSON {
        // In 2020-12 a description may stand beside `$ref`.
        guard case .object(let members) = schema.document else { return schema.document }
        return .object(members + [.init("description", .string(description))])
    }
}
