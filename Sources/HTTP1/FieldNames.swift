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

    /// The entry whose name these octets spell in any case, or nil.
    static func entry(spelledBy input: Span<UInt8>, at range: Range<Int>) -> Entry? {
        let length = range.count
        guard length < table.firstOfLength.count - 1 else { return nil }
        let spellings = table.spellings
        var start = table.spellingsOfLength[length]
        candidates: for index in table.firstOfLength[length]..<table.firstOfLength[length + 1] {
            // Names of one length mostly differ at their end (Accept-Encoding, Accept-Language, Sec-Fetch-…).
            var offset = length - 1
            while offset >= 0 {
                guard input[range.lowerBound + offset].lowercasedASCII == spellings[start + offset] else {
                    start += length
                    continue candidates
                }
                offset -= 1
            }
            return table.entries[index]
        }
        return nil
    }

    /// Entries by length, and their spellings in one array, so that a comparison touches no reference count.
    private struct Table {
        var entries: [Entry] = []
        var spellings: [UInt8] = []
        /// Index of the first entry of each length, with one more at the end.
        var firstOfLength: [Int] = [0]
        /// Where the spellings of each length begin.
        var spellingsOfLength: [Int] = [0]
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
                table.spellingsOfLength.append(table.spellings.count)
            }
            table.entries.append(entry)
            table.spellings += entry.name.canonicalName.utf8
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
