import Cryptography
import HTTPSemantics
import HTTPTypes

/// The files of one folder, read into memory at start and served by name.
///
/// Every file has its own literal route, so no path of a request ever touches the file system. The name carries the first
/// half of the content's SHA-256 (`/assets/postern.3f9a….css`), hence it may be kept for ever; `robots.txt` alone has a fixed
/// address, and is asked for again after an hour.
package struct StaticFiles: Sendable {
    private struct File: Sendable {
        let path: String
        let entityTag: String
        let whole: Response
        let notModified: Response
    }

    private static let fixedNames: Set<String> = ["robots.txt"]

    private let files: [String: File]

    /// - Parameter directory: holds regular files only, of known kinds; names that begin with a dot are passed over.
    package init(directory: String, headers: SecurityHeaders) throws(StaticFilesError) {
        try self.init(try readDirectory(directory), headers: headers)
    }

    package init(_ contents: [(name: String, content: [UInt8])], headers: SecurityHeaders) throws(StaticFilesError) {
        var files: [String: File] = [:]
        for (name, content) in contents {
            let (stem, kind) = try Self.kind(of: name)
            let hash = Hex.encode(SHA256.digest(content).prefix(16))
            let isFixed = Self.fixedNames.contains(name)
            var fields = headers.fields(for: .asset)
            fields[.contentType] = kind.contentType
            fields[.eTag] = "\"\(hash)\""
            fields[.cacheControl] = isFixed ? "public, max-age=3600" : "public, max-age=31536000, immutable"
            var whole = Response(status: .ok, fields: fields, content: content)
            whole.prepare()
            fields[.contentType] = nil
            var notModified = Response(status: .notModified, fields: fields)
            notModified.prepare()
            files[name] = File(
                path: isFixed ? "/\(name)" : "/assets/\(stem).\(hash).\(kind.rawValue)",
                entityTag: "\"\(hash)\"",
                whole: whole,
                notModified: notModified
            )
        }
        self.files = files
    }

    /// The address of a file: `/assets/postern.3f9a….css` for `postern.css`.
    ///
    /// - Parameter name: one that our own source and `Public/` agree on.
    package func path(of name: String) -> String {
        guard let file = files[name] else { preconditionFailure("a page needs \(name), which is not in Public/") }
        return file.path
    }

    package func contains(_ name: String) -> Bool { files[name] != nil }

    package var routes: [Route] {
        files.values.sorted { $0.path < $1.path }.map { file in
            let name = file.path.hasPrefix("/assets/") ? "/assets/{file}" : file.path
            return Route(
                .get,
                file.path,
                as: name,
                immediately: { request, _ in
                    request.head.headerFields.matchesEntityTag(file.entityTag) ? file.notModified : file.whole
                }
            )
        }
    }

    private enum Kind: String {
        case css
        case ico
        case js
        case json
        case png
        case svg
        case txt
        case woff2

        var contentType: String {
            switch self {
            case .css: "text/css; charset=utf-8"
            case .ico: "image/x-icon"
            case .js: "text/javascript; charset=utf-8"
            case .json: "application/json"
            case .png: "image/png"
            case .svg: "image/svg+xml"
            case .txt: "text/plain; charset=utf-8"
            case .woff2: "font/woff2"
            }
        }
    }

    /// Names are letters, digits, `-` and `_` with one dot: nothing in them needs encoding in an address.
    private static func kind(of name: String) throws(StaticFilesError) -> (stem: Substring, Kind) {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty,
            parts[0].utf8.allSatisfy({ byte in
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                    UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                    true
                default: false
                }
            })
        else { throw .unexpectedName(name) }
        guard let kind = Kind(rawValue: String(parts[1])) else { throw .unknownKind(name) }
        return (parts[0], kind)
    }
}

extension HTTPFields {
    /// Whether `If-None-Match` names this representation, by weak comparison (RFC 9110 §8.8.3.2, §13.1.2).
    ///
    /// Our tags hold no comma, so a list may be split at commas: a foreign tag with one in it only fails to match. The
    /// asterisk stands alone, hence the same piece of a foreign tag means nothing.
    fileprivate func matchesEntityTag(_ tag: String) -> Bool {
        let lists = self[values: .ifNoneMatch]
        if lists == ["*"] { return true }
        return lists.contains { list in
            list.split(separator: ",").contains { member in
                var candidate = member.drop { $0 == " " || $0 == "\t" }
                while candidate.last == " " || candidate.last == "\t" { candidate.removeLast() }
                if candidate.hasPrefix("W/") { candidate = candidate.dropFirst(2) }
                return candidate == tag
            }
        }
    }
}
