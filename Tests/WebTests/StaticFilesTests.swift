import Glibc
import HTTPSemantics
import HTTPTypes
import Testing
import Web

@Suite("Static files") struct StaticFilesTests {
    private func served(_ files: StaticFiles, _ path: String, fields: HTTPFields = [:]) async -> Response {
        await Router(files.routes, errors: errors).response(to: request(.get, path, fields: fields))
    }

    @Test func `are named by their content`() throws {
        let one = try StaticFiles([("a.css", Array("p{}".utf8))], headers: headers)
        let other = try StaticFiles([("a.css", Array("p{ }".utf8))], headers: headers)
        // SHA-256 of "p{}", its first half.
        #expect(one.path(of: "a.css") == "/assets/a.806db221261eade44c886da5317adb89.css")
        #expect(one.path(of: "a.css") != other.path(of: "a.css"))
    }

    @Test(
        arguments: [
            ("a.css", "text/css; charset=utf-8"), ("b.svg", "image/svg+xml"), ("c.png", "image/png"),
            ("d.json", "application/json"), ("e.txt", "text/plain; charset=utf-8"), ("f.woff2", "font/woff2"),
            ("g.js", "text/javascript; charset=utf-8"), ("h.ico", "image/x-icon"),
        ]
    )
    func `are served with their type, to be kept for ever`(name: String, type: String) async throws {
        let files = try StaticFiles([(name, [1, 2, 3])], headers: headers)
        let response = await served(files, files.path(of: name))
        #expect(response.head.status == .ok)
        #expect(response.content == [1, 2, 3])
        #expect(response[.contentType] == type)
        #expect(response[.cacheControl] == "public, max-age=31536000, immutable")
        #expect(response[.xContentTypeOptions] == "nosniff")
        #expect(response[.eTag] != nil)
    }

    @Test func `are one route to the log and the metrics, whatever their contents`() async throws {
        let files = try StaticFiles([("a.css", [1]), ("b.svg", [2]), ("robots.txt", [3])], headers: headers)
        for name in ["a.css", "b.svg"] {
            #expect(await served(files, files.path(of: name)).routeTemplate == "/assets/{file}")
        }
        #expect(await served(files, "/robots.txt").routeTemplate == "/robots.txt")
        let router = Router(files.routes, errors: errors)
        let refused = await router.response(to: request(.post, files.path(of: "a.css")))
        #expect(refused.head.status == .methodNotAllowed)
        #expect(refused.routeTemplate == "/assets/{file}")
        #expect(router.templates == ["*", "/assets/{file}", "/robots.txt"])
    }

    @Test func `keep the one fixed name for crawlers, asked for again after an hour`() async throws {
        let files = try StaticFiles([("robots.txt", [65])], headers: headers)
        #expect(files.path(of: "robots.txt") == "/robots.txt")
        let response = await served(files, "/robots.txt")
        #expect(response.content == [65])
        #expect(response[.cacheControl] == "public, max-age=3600")
    }

    @Test(
        arguments: [
            ("TAG", true), ("W/TAG", true), ("*", true), ("\"other\", TAG", true), ("\"other\",W/TAG ,\"x\"", true),
            ("\"a,b\", TAG", true), ("\"a,*,b\"", false), ("\"x\", *", false), ("", false), ("\"other\"", false),
            ("W/\"other\"", false), ("w/TAG", false),
            ("TAGx", false), ("xTAG", false), ("BARE", false), ("**", false), (",", false), ("\"", false),
        ]
    )
    func `are not sent again to who has them, RFC 9110 §13.1.2`(list: String, matches: Bool) async throws {
        let files = try StaticFiles([("a.css", [1, 2, 3])], headers: headers)
        let path = files.path(of: "a.css")
        let tag = try #require(await served(files, path)[.eTag])
        let list = list.split(separator: "TAG", omittingEmptySubsequences: false).joined(separator: tag)
            .split(separator: "BARE", omittingEmptySubsequences: false).joined(separator: tag.filter { $0 != "\"" })
        let response = await served(files, path, fields: [.ifNoneMatch: list])
        #expect(response.head.status == (matches ? .notModified : .ok))
        #expect(response.content.isEmpty == matches)
        #expect(response[.eTag] == tag)
        #expect(response[.cacheControl] == "public, max-age=31536000, immutable")
    }

    /// RFC 9110 §13.1.3: with If-None-Match beside it the date means nothing; without, we have no date to compare with.
    @Test(arguments: ["Thu, 01 Jan 2099 00:00:00 GMT", "Thu, 01 Jan 1970 00:00:00 GMT", "yesterday", ""])
    func `are judged by their tags and never by a date`(date: String) async throws {
        let files = try StaticFiles([("a.css", [1])], headers: headers)
        let path = files.path(of: "a.css")
        let tag = try #require(await served(files, path)[.eTag])
        for (list, status) in [("\"other\"", 200), (tag, 304), (nil, 200)] as [(String?, Int)] {
            var fields: HTTPFields = [.ifModifiedSince: date]
            fields[.ifNoneMatch] = list
            let response = await served(files, path, fields: fields)
            #expect(response.head.status.code == status)
            #expect(response[.lastModified] == nil)
        }
    }

    @Test func `are whole whatever range is asked for`() async throws {
        let files = try StaticFiles([("a.css", [1, 2, 3])], headers: headers)
        for range in ["bytes=0-0", "bytes=0-0,0-0,0-0", "bytes=-1", "bytes=9-"] {
            let response = await served(files, files.path(of: "a.css"), fields: [.range: range])
            #expect(response.head.status == .ok)
            #expect(response.content == [1, 2, 3])
            #expect(response[.acceptRanges] == nil)
        }
    }

    @Test func `are matched in any of several fields`() async throws {
        let files = try StaticFiles([("a.css", [1])], headers: headers)
        let path = files.path(of: "a.css")
        let tag = try #require(await served(files, path)[.eTag])
        var fields: HTTPFields = [.ifNoneMatch: "\"x\""]
        fields.append(HTTPField(name: .ifNoneMatch, value: tag))
        #expect(await served(files, path, fields: fields).head.status == .notModified)
    }

    @Test(
        arguments: [
            "/assets/a.css", "/assets/a.00000000000000000000000000000000.css", "/assets/", "/assets", "/a.css",
            "/postern.css",
            "/assets/../a.css", "/assets/%2e%2e/a.css", "/assets/a.css/", "/assets//a.css",
            "/assets/..%2f..%2fetc%2fpasswd",
        ]
    )
    func `are not found under a guessed name`(path: String) async throws {
        let files = try StaticFiles([("a.css", [1])], headers: headers)
        #expect(await served(files, path).head.status == .notFound)
    }

    @Test(
        arguments: [
            ("", StaticFilesError.unexpectedName("")), ("a", .unexpectedName("a")), (".css", .unexpectedName(".css")),
            ("a.b.css", .unexpectedName("a.b.css")), ("a b.css", .unexpectedName("a b.css")),
            ("ü.css", .unexpectedName("ü.css")), ("../a.css", .unexpectedName("../a.css")),
            ("a/b.css", .unexpectedName("a/b.css")), ("a%2e.css", .unexpectedName("a%2e.css")),
            ("{id}.css", .unexpectedName("{id}.css")), ("a.html", .unknownKind("a.html")),
            ("a.CSS", .unknownKind("a.CSS")),
            ("a.", .unknownKind("a.")), ("a.php", .unknownKind("a.php")),
        ]
    )
    func `fail the start if one cannot be served`(name: String, error: StaticFilesError) {
        #expect(throws: error) { try StaticFiles([(name, [])], headers: headers) }
    }

    @Test func `are read from a folder, without what begins with a dot`() async throws {
        let folder = try TemporaryFolder()
        folder.write("a.css", "p{}")
        folder.write(".hidden", "secret")
        let files = try StaticFiles(directory: folder.path, headers: headers)
        #expect(files.routes.count == 1)
        #expect(await served(files, files.path(of: "a.css")).text == "p{}")
    }

    @Test func `fail the start if the folder is not there`() {
        #expect(throws: StaticFilesError.cannotRead("/nonexistent/Public", errno: ENOENT)) {
            try StaticFiles(directory: "/nonexistent/Public", headers: headers)
        }
    }

    @Test func `fail the start if a folder is among them`() throws {
        let folder = try TemporaryFolder()
        folder.makeFolder("b.css")
        #expect(throws: StaticFilesError.notARegularFile("b.css")) {
            try StaticFiles(directory: folder.path, headers: headers)
        }
    }

    @Test func `fail the start if a pipe is among them, and do not wait for it`() throws {
        let folder = try TemporaryFolder()
        folder.makePipe("b.css")
        #expect(throws: StaticFilesError.notARegularFile("b.css")) {
            try StaticFiles(directory: folder.path, headers: headers)
        }
    }

    @Test func `fail the start if one is too large`() throws {
        let folder = try TemporaryFolder()
        folder.write("b.css", String(repeating: "x", count: StaticFilesError.limitBytes + 1))
        #expect(throws: StaticFilesError.tooLarge("b.css")) {
            try StaticFiles(directory: folder.path, headers: headers)
        }
    }
}

/// A folder of its own below /tmp, gone with its value.
private final class TemporaryFolder {
    let path: String

    init() throws {
        var template = Array("/tmp/postern-web-XXXXXX".utf8CString)
        // Sound: the array is a C string with room for the name that replaces the Xs.
        let made = unsafe mkdtemp(&template) != nil
        try #require(made)
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    func write(_ name: String, _ text: String) {
        // Sound: C strings for the duration of the calls; the file is closed here.
        let file = unsafe fopen("\(path)/\(name)", "w")
        unsafe fputs(text, file)
        unsafe fclose(file)
    }

    func makeFolder(_ name: String) {
        // Sound: a C string for the duration of the call.
        _ = unsafe mkdir("\(path)/\(name)", 0o700)
    }

    func makePipe(_ name: String) {
        // Sound: a C string for the duration of the call.
        _ = unsafe mkfifo("\(path)/\(name)", 0o600)
    }

    deinit {
        for name in ["a.css", "b.css", ".hidden"] where unsafe unlink("\(path)/\(name)") != 0 {
            _ = unsafe rmdir("\(path)/\(name)")
        }
        // Sound: a C string for the duration of the call.
        _ = unsafe rmdir(path)
    }
}
