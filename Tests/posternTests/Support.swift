import Glibc
import Testing

/// A folder that goes with the test.
func withFolder(_ body: (String) async throws -> Void) async throws {
    var template = Array("/tmp/postern-tests-XXXXXX".utf8CString)
    // Sound: the text is terminated and lives across the call, which writes the name into it.
    let made = unsafe mkdtemp(&template) != nil
    try #require(made)
    let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    defer { removeFolder(path) }
    try await body(path)
}

/// Removes a folder and what is in it, links and not what they lead to.
private func removeFolder(_ path: String) {
    // Sound: the stream is closed below, and each entry is read before the next.
    if let folder = unsafe opendir(path) {
        defer { unsafe closedir(folder) }
        while let entry = unsafe readdir(folder) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { name in
                unsafe name.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            guard name != ".", name != ".." else { continue }
            if unsafe unlink(path + "/" + name) != 0 { removeFolder(path + "/" + name) }
        }
    }
    _ = unsafe rmdir(path)
}
