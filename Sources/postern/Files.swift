import Cryptography
import Glibc

/// Reading and making the few files that `postern` itself touches: configuration, certificates, keys.
enum Files {
    /// The whole content, or nil if the file cannot be read or is larger than 1 MiB.
    @Sendable
    static func read(_ path: String) -> [UInt8]? { read(path, limitBytes: 1 << 20) }

    /// The whole content, or nil if the file cannot be read or is larger than the limit.
    static func read(_ path: String, limitBytes: Int) -> [UInt8]? {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { _ = close(descriptor) }
        var content: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16_384)
        while true {
            // Sound: the array lives across the call and has the length given.
            let count = unsafe Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0, content.count + count <= limitBytes else { return nil }
            if count == 0 { return content }
            content.append(contentsOf: chunk.prefix(count))
        }
    }

    /// Writes a file (mode 0600) in place of what was there: all of it, or nothing is changed.
    static func replace(_ path: String, with content: [UInt8]) -> Bool {
        let temporary = path + ".new-\(getpid())"
        let descriptor = unsafe open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return false }
        var written = 0
        while written < content.count {
            // Sound: the array lives across the call, and no more than the rest of it is written.
            let count = unsafe content[written...].withUnsafeBytes { rest in
                unsafe write(descriptor, rest.baseAddress, rest.count)
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { break }
            written += count
        }
        let isSynced = fsync(descriptor) == 0
        _ = close(descriptor)
        if written == content.count, isSynced, unsafe rename(temporary, path) == 0 { return true }
        _ = unsafe unlink(temporary)
        return false
    }

    enum KeyFileError: Error {
        /// The directory or the file cannot be made or read.
        case cannotUse(path: String, errno: Int32)
        /// The file holds something else than a key.
        case notAKey(path: String)
    }

    /// Makes a directory and its parents, mode 0700, unless it is there.
    static func makeDirectory(_ path: String) throws(KeyFileError) {
        var prefix = ""
        for part in path.split(separator: "/", omittingEmptySubsequences: false) {
            prefix += prefix.isEmpty && part.isEmpty ? "/" : (prefix.hasSuffix("/") || prefix.isEmpty ? "" : "/") + part
            guard !prefix.isEmpty, prefix != "/" else { continue }
            if unsafe mkdir(prefix, 0o700) != 0 && errno != EEXIST {
                throw .cannotUse(path: prefix, errno: errno)
            }
        }
    }

    /// The text of a key file beside the store, made with `make` if there is none: exclusively, mode 0600, on disk when
    /// this returns. Two processes starting at once end with the same key.
    static func keyText(at path: String, make: () -> String) throws(KeyFileError) -> String {
        if let text = existingKey(path) { return text }
        let temporary = path + ".new-\(getpid())"
        let descriptor = unsafe open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .cannotUse(path: path, errno: errno) }
        let bytes = Array((make() + "\n").utf8)
        // Sound: the array lives across the call and has the length given.
        let written = unsafe write(descriptor, bytes, bytes.count)
        let synced = fsync(descriptor)
        let failure = errno
        _ = close(descriptor)
        defer { _ = unsafe unlink(temporary) }
        guard written == bytes.count, synced == 0 else { throw .cannotUse(path: path, errno: failure) }
        // link() is the exclusive step: it fails if another process was first, whose key then counts.
        if unsafe link(temporary, path) != 0 && errno != EEXIST { throw .cannotUse(path: path, errno: errno) }
        let directory = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        let directoryDescriptor = unsafe open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if directoryDescriptor >= 0 {
            _ = fsync(directoryDescriptor)
            _ = close(directoryDescriptor)
        }
        guard let text = existingKey(path) else { throw .notAKey(path: path) }
        return text
    }

    private static func existingKey(_ path: String) -> String? {
        guard let bytes = read(path) else { return nil }
        var text = String(decoding: bytes, as: UTF8.self)
        if text.hasSuffix("\n") { text.removeLast() }
        return text
    }
}
