import HTTPSemantics
import HTTPTypes

/// The field names that arrive with almost every message, made once: a lookup costs no allocation and no validation.
enum FieldNames {
    /// What HTTP1 itself has to know about a field.
    enum Role {
        case host
        case contentLength
        case transferEncoding
        case connection
        case expect
        case other
    }

    struct Entry {
        /// In lower case.
        let spelling: [UInt8]
        let name: HTTPField.Name
        let role: Role
    }

    /// The entry whose name these octets spell in any case, or nil.
    static func entry(spelledBy input: Span<UInt8>, at range: Range<Int>) -> Entry? {
        guard range.count < byLength.count else { return nil }
        candidates: for entry in byLength[range.count] {
            // Names of one length mostly differ at their end (Accept-Encoding, Accept-Language, Sec-Fetch-…).
            var offset = range.count - 1
            while offset >= 0 {
                guard input[range.lowerBound + offset].lowercasedASCII == entry.spelling[offset] else {
                    continue candidates
                }
                offset -= 1
            }
            return entry
        }
        return nil
    }

    private static let byLength: [[Entry]] = {
        var table: [[Entry]] = []
        let own = ruling.compactMap { spelling, role in HTTPField.Name(spelling).map { ($0, role) } }
        for (name, role) in own + common.map({ ($0, Role.other) }) {
            let spelling = Array(name.canonicalName.utf8)
            while table.count <= spelling.count { table.append([]) }
            table[spelling.count].append(Entry(spelling: spelling, name: name, role: role))
        }
        return table
    }()

    private static let ruling: [(String, Role)] = [
        ("Host", .host), ("Content-Length", .contentLength), ("Transfer-Encoding", .transferEncoding),
        ("Connection", .connection), ("Expect", .expect),
    ]

    private static let common: [HTTPField.Name] =
        [
            .accept, .acceptEncoding, .acceptLanguage, .acceptRanges, .age, .allow, .authorization, .cacheControl,
            .contentEncoding, .contentLanguage, .contentSecurityPolicy, .contentType, .cookie, .date, .eTag, .expires,
            .ifMatch, .ifModifiedSince, .ifNoneMatch, .lastModified, .location, .origin, .priority, .range, .referer,
            .retryAfter, .server, .setCookie, .strictTransportSecurity, .te, .trailer, .upgrade, .userAgent, .vary,
            .via, .wwwAuthenticate, .xContentTypeOptions,
        ]
        + [
            "Alt-Svc", "CF-RAY", "DNT", "Forwarded", "Keep-Alive", "Pragma", "Purpose", "Referrer-Policy",
            "Sec-CH-UA", "Sec-CH-UA-Mobile", "Sec-CH-UA-Platform", "Sec-Fetch-Dest", "Sec-Fetch-Mode",
            "Sec-Fetch-Site", "Sec-Fetch-User", "Sec-GPC", "Sec-Purpose", "Upgrade-Insecure-Requests",
            "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Frame-Options", "X-Nylas-Signature",
            "X-Real-IP", "X-Request-Id", "X-XSS-Protection",
        ].compactMap { HTTPField.Name($0) }
}
