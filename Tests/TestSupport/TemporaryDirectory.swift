import FoundationEssentials
import Glibc

/// A new, empty directory (mode 0700) that goes with the value.
package final class TemporaryDirectory: Sendable {
    package let path: String

    package init() throws {
        var template = Array("/tmp/postern-store-XXXXXX".utf8CString)
        // Sound: mkdtemp writes within the template, which ends with a zero.
        guard unsafe mkdtemp(&template) != nil else { throw Failure(number: errno) }
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    package struct Failure: Error { let number: CInt }

    /// The permission bits of a file in it, or of the directory itself.
    package func mode(_ name: String = "") throws -> UInt32 {
        var status = stat()
        // Sound: writes only to `status`, which outlives the call.
        guard unsafe stat("\(path)/\(name)", &status) == 0 else { throw Failure(number: errno) }
        return status.st_mode & 0o7777
    }

    package func contents(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(filePath: "\(path)/\(name)")))
    }

    package func write(_ bytes: [UInt8], to name: String) throws {
        try Data(bytes).write(to: URL(filePath: "\(path)/\(name)"))
    }

    package func names() throws -> Set<String> {
        Set(try FileManager.default.contentsOfDirectory(atPath: path))
    }
}
