package import HTTPSemantics
package import HTTPTypes

/// One method on one template of paths, and what answers it.
package struct Route: Sendable {
    package typealias Handle = @Sendable (Request, PathParameters) async -> Response

    package let method: HTTPRequest.Method
    package let template: RouteTemplate
    package let contentLimitBytes: Int
    /// Where who asks makes a difference.
    let contentLimit: (@Sendable (HTTPRequest) -> Int)?
    /// What the log and the metrics say instead of the address.
    let name: String
    let handle: Handle

    /// - Parameter template: `/`, `/callback` or `/connected/{id}`; a literal of ours.
    /// - Parameter contentLimitBytes: how much content a request may bring; more is answered 413 before `handle` is called.
    /// - Parameter contentLimit: the limit for a request with this head, instead of `contentLimitBytes`.
    /// - Parameter name: where many routes are one thing to an operator, the name they share; by default the template.
    package init(
        _ method: HTTPRequest.Method,
        _ template: String,
        contentLimitBytes: Int = 0,
        contentLimit: (@Sendable (HTTPRequest) -> Int)? = nil,
        as name: String? = nil,
        _ handle: @escaping Handle
    ) {
        self.method = method
        self.template = RouteTemplate(template)
        self.contentLimitBytes = contentLimitBytes
        self.contentLimit = contentLimit
        self.name = name ?? template
        self.handle = handle
    }
}

/// The shape of a path: segments that must be equal byte for byte, and named ones that take any text.
package struct RouteTemplate: Hashable, Sendable, CustomStringConvertible {
    enum Segment: Hashable, Sendable {
        case literal(String)
        case parameter(String)
    }

    package let description: String
    let segments: [Segment]

    init(_ text: String) {
        precondition(text.hasPrefix("/"), "a route's template is an absolute path, written in our own source")
        description = text
        segments = text.dropFirst().split(separator: "/", omittingEmptySubsequences: false).map { segment in
            guard segment.hasPrefix("{"), segment.hasSuffix("}") else { return .literal(String(segment)) }
            return .parameter(String(segment.dropFirst().dropLast()))
        }
        precondition(
            Set(parameterNames).count == parameterNames.count,
            "two parameters of one name: a handler could read only one of them"
        )
    }

    var parameterNames: [String] {
        segments.compactMap { if case .parameter(let name) = $0 { name } else { nil } }
    }

    var isLiteral: Bool { parameterNames.isEmpty }

    /// What the raw segments of a path (without its leading slash) bind, or nil if they do not fit.
    func match(_ path: [Substring]) -> PathParameters? {
        guard path.count == segments.count else { return nil }
        var parameters = PathParameters()
        for (segment, raw) in zip(segments, path) {
            switch segment {
            case .literal(let text):
                guard raw == text else { return nil }
            case .parameter(let name):
                guard let value = PathParameters.decode(raw) else { return nil }
                parameters.values.append((name, value))
            }
        }
        return parameters
    }
}

/// What a template's named segments held, percent-decoded once (RFC 3986 §2.4).
package struct PathParameters: Sendable {
    var values: [(name: String, value: String)] = []

    package init() {}

    package subscript(name: String) -> String? {
        values.first { $0.name == name }?.value
    }

    /// The text of one raw segment, or nil where it could be taken for more than one segment, for none, or for a step up.
    ///
    /// So no handler has to ask whether a parameter holds `..` or `/`, however it was encoded.
    static func decode(_ raw: Substring) -> String? {
        guard let text = PercentCoding.decodeOnce(raw), !text.isEmpty, text != ".", text != "..",
            text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "\\") })
        else { return nil }
        return text
    }
}
