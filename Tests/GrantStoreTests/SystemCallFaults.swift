import CSQLite
import Glibc
import Synchronization

/// Makes SQLite's writes to files in a chosen directory fail, through the seam that SQLite has for such tests.
enum SystemCallFaults {
    private static let failing = Mutex<[String: CInt]>([:])
    private static let isArmed = Atomic(false)

    /// While the body runs, writing to the log of a store in the directory fails with this number.
    static func withWritesFailing<Result>(
        in directory: String,
        number: CInt,
        _ body: () async throws -> Result
    ) async rethrows -> Result {
        install
        failing.withLock { $0[directory] = number }
        isArmed.store(true, ordering: .sequentiallyConsistent)
        defer { _ = failing.withLock { $0.removeValue(forKey: directory) } }
        return try await body()
    }

    private static let install: Void = {
        typealias PWrite = @convention(c) (CInt, UnsafeRawPointer?, Int, off_t) -> Int
        let replacement: PWrite = { descriptor, bytes, count, offset in
            if let number = SystemCallFaults.fault(for: descriptor) {
                errno = number
                return -1
            }
            // Sound: passes on what SQLite passed.
            return unsafe pwrite(descriptor, bytes, count, offset)
        }
        // Sound: the default VFS exists for the life of the process, and calls the function with pwrite's arguments.
        guard let vfs = unsafe sqlite3_vfs_find(nil), let set = unsafe vfs.pointee.xSetSystemCall else { return }
        let pointer = unsafe unsafeBitCast(replacement, to: sqlite3_syscall_ptr.self)
        for name in ["pwrite", "pwrite64"] { _ = unsafe set(vfs, name, pointer) }
    }()

    private static func fault(for descriptor: CInt) -> CInt? {
        guard isArmed.load(ordering: .sequentiallyConsistent) else { return nil }
        var path = [CChar](repeating: 0, count: 4096)
        // Sound: readlink writes at most the count given.
        let count = unsafe readlink("/proc/self/fd/\(descriptor)", &path, path.count)
        guard count > 0 else { return nil }
        let text = String(decoding: path.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self)
        return failing.withLock { failing in failing.first { text.hasPrefix($0.key) }?.value }
    }
}
