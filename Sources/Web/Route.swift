package import HTTPSemantics
package import HTTPTypes

/// One method on one template of paths, and what answers it.
///
/// An object, since one is looked up for every request, and a copy of its parts would count a reference for each.
package final class Route: Sendable {
    package typealias Handle = @Sendable (Request, PathParameters) async -> Response
    package typealias ImmediateHandle = @Sendable (Request, PathParameters) -> Response

    package let method: HTTPRequest.Method
    package let template: RouteTemplate
    package let contentLimitBytes: Int
    /// Where who asks makes a difference.
    let contentLimit: (@Sendable (HTTPRequest) -> Int)?
    /// What the log and the metrics say instead of the address.
    let name: String
    let handling: Handling

    enum Handling: Sendable {
        case immediate(ImmediateHandle)
        case waiting(Handle)
    }

    /// - Parameter template: `/`, `/callback` or `/connected/{id}`; a literal of ours.
    /// - Parameter opaque: which of its parameters take any text in their one segment, as ``PathParameters/decodeOpaque(_:)`` says.
    /// - Parameter contentLimitBytes: how much content a request may bring; more is answered 413 before `handle` is called.
    /// - Parameter contentLimit: the limit for a request with this head, instead of `contentLimitBytes`.
    /// - Parameter name: where many routes are one thing to an operator, the name they share; by default the template.
    package init(
        _ method: HTTPRequest.Method,
        _ template: String,
        opaque: Set<String> = [],
        contentLimitBytes: Int = 0,
        contentLimit: (@Sendable (HTTPRequest) -> Int)? = nil,
        as name: String? = nil,
        _ handle: @escaping Handle
    ) {
        self.method = method
        self.template = RouteTemplate(template, opaque: opaque)
        self.contentLimitBytes = contentLimitBytes
        self.contentLimit = contentLimit
        self.name = name ?? template
        handling = .waiting(handle)
    }

    /// Makes a route without content that waits for nothing: neither for the store nor for Nylas.
    package init(
        _ method: HTTPRequest.Method,
        _ template: String,
        as name: String? = nil,
        immediately handle: @escaping ImmediateHandle
    ) {
        self.method = method
        self.template = RouteTemplate(template)
        contentLimitBytes = 0
        contentLimit = nil
        self.name = name ?? template
        handling = .immediate(handle)
    }
}

/// The shape of a path: segments that must be equal byte for byte, and named ones that take any text.
package struct RouteTemplate: Hashable, Sendable, CustomStringConvertible {
    enum Segment: Hashable, Sendable {
        case literal(String)
        case parameter(String)
        /// A name that is somebody else's, with whatever is in it.
        case opaque(String)
    }

    package let description: String
    let segments: [Segment]

    init(_ text: String, opaque: Set<String> = []) {
        precondition(text.hasPrefix("/"), "a route's template is an absolute path, written in our own source")
        description = text
        segments = text.dropFirst().split(separator: "/", omittingEmptySubsequences: false).map { segment in
            guard segment.hasPrefix("{"), segment.hasSuffix("}") else { return .literal(String(segment)) }
            let name = String(segment.dropFirst().dropLast())
            return opaque.contains(name) ? .opaque(name) : .parameter(name)
        }
        precondition(opaque.isSubset(of: parameterNames), "only a parameter of the template can be opaque")
        precondition(
            Set(parameterNames).count == parameterNames.count,
            "two parameters of one name: a handler could read only one of them"
        )
    }

    var parameterNames: [String] {
        segments.compactMap { segment in
            switch segment {
            case .literal: nil
            case .parameter(let name), .opaque(let name): name
            }
        }
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
            case .opaque(let name):
                guard let value = PathParameters.decodeOpaque(raw) else { return nil }
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

    /// The text of one raw segment where it is an opaque name: `a%2Fb` is `a/b`, and `a%252Fb` is `a%2Fb`.
    ///
    /// Such a text is compared and never becomes a path again. Nothing, NUL, control characters, `.` and `..` are refused here
    /// too: proxies and clients rewrite segments of dots, however they are encoded.
    static func decodeOpaque(_ raw: Substring) -> String? {
        guard let text = PercentCoding.decodeOnce(raw), !text.isEmpty, text != ".", text != "..", !raw.contains("\\"),
            text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F })
        else { return nil }
        return text
    }
}
