import FoundationEssentials
import HTTPSemantics
import HTTPTypes

/// Both shapes of Nylas's errors in one, read liberally: the API's (`error` is an object, or its members stand alone) and
/// OAuth's (`error` is a string). What is missing or of another type is nil.
struct ErrorEnvelope: Decodable {
    private(set) var code: String?
    private(set) var number: Int?
    private(set) var requestID: String?
    private(set) var providerCode: String?

    private enum Key: String, CodingKey {
        case error
        case type
        case errorCode = "error_code"
        case requestID = "request_id"
        case providerError = "provider_error"
        case code
    }

    init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: Key.self)
        requestID = readable(try? members.decode(String.self, forKey: .requestID))
        if let text = try? members.decode(String.self, forKey: .error) {
            code = readable(text)
        } else if let nested = try? members.nestedContainer(keyedBy: Key.self, forKey: .error) {
            code = readable(try? nested.decode(String.self, forKey: .type))
            let provider = try? nested.nestedContainer(keyedBy: Key.self, forKey: .providerError)
            providerCode = readable(try? provider?.decode(String.self, forKey: .code))
        } else {
            code = readable(try? members.decode(String.self, forKey: .type))
        }
        number =
            (try? members.decode(Int.self, forKey: .errorCode))
            ?? (try? members.decode(String.self, forKey: .errorCode)).flatMap { $0.utf8.count <= 9 ? Int($0) : nil }
    }
}

/// The text if it is short and plain enough for a log line.
private func readable(_ text: String?) -> String? {
    guard let text, (1...64).contains(text.utf8.count),
        text.utf8.allSatisfy({ byte in
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                true
            default: false
            }
        })
    else { return nil }
    return text
}

extension NylasError {
    init(_ error: ExchangeError) {
        self = error.wasSent ? .noAnswer(error) : .notSent(error)
    }

    /// What an answer other than 2xx means.
    init(_ response: OutboundResponse) {
        let envelope = try? JSONDecoder().decode(ErrorEnvelope.self, from: Data(response.content))
        let status = response.head.status.code
        let fault = NylasFault(
            status: status,
            code: envelope?.code,
            number: envelope?.number,
            requestID: envelope?.requestID,
            providerCode: envelope?.providerCode,
            retryAfter: retryAfter(response.head.headerFields)
        )
        switch status {
        case 429: self = .rateLimited(retryAfter: fault.retryAfter)
        case 401: self = .unauthorized(fault)
        // Only an answer in Nylas's own shape proves that Nylas, and not something before it, has decided.
        case 400..<500 where fault.code == nil: self = .failed(fault)
        case 408: self = .failed(fault)
        case 404: self = .notFound(fault)
        case 400..<500: self = .refused(fault)
        default: self = .failed(fault)
        }
    }
}

/// `Retry-After` in seconds (RFC 9110 §10.2.3), at most an hour; Nylas sends no dates.
private func retryAfter(_ fields: HTTPFields) -> Duration? {
    guard let text = fields[.retryAfter], (1...6).contains(text.utf8.count),
        text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }), let seconds = Int64(text)
    else { return nil }
    return .seconds(min(seconds, 3600))
}
