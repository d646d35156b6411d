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
        let name: HTTPField.Name
        let role: Role
    }

    static func entry(at index: Int) -> Entry { table.entries[index] }

    /// Which entry's name these octets spell in any case, or nil.
    ///
    /// One bit makes lower case of a letter, and neither a letter nor a hyphen of anything else that a line may contain.
    static func index(spelledBy input: Span<UInt8>, at range: Range<Int>) -> Int? {
        let length = range.count
        guard length > 0, length < table.firstOfLength.count - 1 else { return nil }
        let (first, last) = ends(of: input, at: range)
        for index in table.firstOfLength[length]..<table.firstOfLength[length + 1] {
            // Names of one length mostly differ at their end (Accept-Encoding, Accept-Language, Sec-Fetch-…).
            guard table.ends[index].last == last, table.ends[index].first == first else { continue }
            guard length > 16 else { return index }
            let spelling = table.entries[index].name.canonicalName.utf8
            guard
                zip(8..., spelling.dropFirst(8).dropLast(8)).allSatisfy({ offset, letter in
                    input[range.lowerBound + offset] | 0x20 == letter
                })
            else { continue }
            return index
        }
        return nil
    }

    /// The first and the last eight octets of a name in lower case; twice all of them if there are fewer.
    private static func ends(of input: Span<UInt8>, at range: Range<Int>) -> (first: UInt64, last: UInt64) {
        let lowerCase = UInt64(octets: 0x20)
        if range.count >= 8 {
            return (input.word(at: range.lowerBound) | lowerCase, input.word(at: range.upperBound - 8) | lowerCase)
        }
        var name: UInt64 = 0
        if range.lowerBound + 8 <= input.count {
            name = (input.word(at: range.lowerBound) | lowerCase) & (1 << UInt64(range.count * 8) - 1)
        } else {
            for offset in 0..<range.count { name |= UInt64(input[range.lowerBound + offset] | 0x20) << (offset * 8) }
        }
        return (name, name)
    }

    /// Entries by length, and both ends of their spellings, so that a comparison touches no reference count.
    private struct Table {
        var entries: [Entry] = []
        var ends: [(first: UInt64, last: UInt64)] = []
        /// Index of the first entry of each length, with one more at the end.
        var firstOfLength: [Int] = [0]
    }

    private static let table: Table = {
        let own = ruling.compactMap { spelling, role in
            HTTPField.Name(spelling).map { Entry(name: $0, role: role) }
        }
        let entries = (own + common.map { Entry(name: $0, role: .other) })
            .sorted { $0.name.canonicalName.utf8.count < $1.name.canonicalName.utf8.count }
        var table = Table()
        for entry in entries {
            while table.firstOfLength.count <= entry.name.canonicalName.utf8.count {
                table.firstOfLength.append(table.entries.count)
            }
            table.entries.append(entry)
            let spelling = Array(entry.name.canonicalName.utf8)
            table.ends.append(ends(of: spelling.span, at: spelling.indices))
        }
        table.firstOfLength.append(table.entries.count)
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
