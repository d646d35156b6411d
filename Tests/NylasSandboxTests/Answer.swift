import FoundationEssentials
import HTTPSemantics
import HTTPTypes
import Testing

/// An answer as a client sees it.
struct Answer: Sendable {
    let response: Response

    init(_ response: Response) {
        self.response = response
    }

    var status: HTTPResponse.Status { response.head.status }
    var location: String? { response.head.headerFields[.location] }
    var text: String { String(decoding: response.content, as: UTF8.self) }

    /// Read by the system's decoder, not by the sandbox's own.
    var json: Value {
        do {
            return try JSONDecoder().decode(Value.self, from: Data(response.content))
        } catch {
            Issue.record("the content is not JSON")
            return .null
        }
    }

    /// The query that the browser carries back to the app.
    var returned: [String: String] {
        guard let query = location?.split(separator: "?", maxSplits: 1).last,
            let pairs = try? FormCoding.decode(query)
        else { return [:] }
        return Dictionary(pairs.map { ($0.name, $0.value) }) { first, _ in
            Issue.record("a parameter came back twice")
            return first
        }
    }

    enum Value: Decodable, Equatable, Sendable {
        case null
        case bool(Bool)
        case integer(Int)
        case string(String)
        case array([Value])
        case object([String: Value])

        init(from decoder: any Decoder) throws {
            let value = try decoder.singleValueContainer()
            if value.decodeNil() {
                self = .null
            } else if let flag = try? value.decode(Bool.self) {
                self = .bool(flag)
            } else if let number = try? value.decode(Int.self) {
                self = .integer(number)
            } else if let text = try? value.decode(String.self) {
                self = .string(text)
            } else if let elements = try? value.decode([Value].self) {
                self = .array(elements)
            } else {
                self = .object(try value.decode([String: Value].self))
            }
        }

        subscript(name: String) -> Value? {
            if case .object(let members) = self { members[name] } else { nil }
        }

        var text: String? { if case .string(let text) = self { text } else { nil } }
        var number: Int? { if case .integer(let number) = self { number } else { nil } }
        var elements: [Value] { if case .array(let elements) = self { elements } else { [] } }
        var texts: [String] { elements.compactMap(\.text) }
    }
}
