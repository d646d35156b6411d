import Glibc

/// Why a folder of static files cannot be served. The start fails with it.
package enum StaticFilesError: Error, Hashable, Sendable {
    case cannotRead(String, errno: Int32)
    /// A folder, a socket or a device among the files.
    case notARegularFile(String)
    /// More than ``StaticFilesError/limitBytes``.
    case tooLarge(String)
    /// A name that would need encoding in an address, or with more than one dot.
    case unexpectedName(String)
    /// An extension whose content type we do not know.
    case unknownKind(String)

    package static let limitBytes = 4 << 20
}

/// Reads every file of a folder whole, by its name within the folder. Blocks: for the start only.
func readDirectory(_ path: String) throws(StaticFilesError) -> [(name: String, content: [UInt8])] {
    // Sound: the path is a C string for the duration of the call.
    guard let directory = unsafe opendir(path) else { throw .cannotRead(path, errno: errno) }
    // Sound: opened above and closed only here.
    defer { _ = unsafe closedir(directory) }
    var files: [(name: String, content: [UInt8])] = []
    // Sound: the entry is read before the next call may replace it.
    while let entry = unsafe readdir(directory) {
        // Sound: d_name is a C string within the entry.
        let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
            // Sound: only bytes of the tuple itself are read, up to its terminating zero.
            unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        guard !name.hasPrefix(".") else { continue }
        // Sound: the descriptor belongs to the open directory.
        files.append((name, try readFile(name, in: unsafe dirfd(directory))))
    }
    return files.sorted { $0.name < $1.name }
}

private func readFile(_ name: String, in directory: Int32) throws(StaticFilesError) -> [UInt8] {
    // Sound: the name is a C string for the duration of the call.
    let descriptor = unsafe openat(directory, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw .cannotRead(name, errno: errno) }
    defer { _ = close(descriptor) }
    var status = stat()
    // Sound: `status` lives across the call, which only writes to it.
    guard unsafe fstat(descriptor, &status) == 0 else { throw .cannotRead(name, errno: errno) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw .notARegularFile(name) }
    guard status.st_size <= StaticFilesError.limitBytes else { throw .tooLarge(name) }
    var content: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 64 << 10)
    while true {
        // Sound: the array lives across the call and has the length given.
        let count = unsafe read(descriptor, &chunk, chunk.count)
        if count < 0, errno == EINTR { continue }
        guard count >= 0 else { throw .cannotRead(name, errno: errno) }
        guard count > 0 else { return content }
        content += chunk.prefix(count)
        guard content.count <= StaticFilesError.limitBytes else { throw .tooLarge(name) }
    }
}
