import Glibc

/// What lets people other than the operator read or replace the store. It works all the same: say so and go on, since
/// a container's volume often comes that way.
package enum StoreWarning: Hashable, Sendable {
    /// The directory's mode, which should be 0700.
    case directoryOpenToOthers(mode: UInt32)
    /// The database file's mode, which should be 0600.
    case fileOpenToOthers(mode: UInt32)
}

/// The data directory while the store in it is opened: made if need be, and locked, so that of two processes one at a
/// time creates and migrates the file.
struct StoreDirectory: ~Copyable {
    private let descriptor: CInt

    /// Makes the directory (mode 0700, with its parents) unless it is there, and waits for the lock on it.
    init(_ path: String) throws(StoreError) {
        try Self.make(path)
        try self.init(locking: path)
    }

    private init(locking path: String) throws(StoreError) {
        // Sound: the path is read during the call.
        let directory = unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { throw Self.error(errno) }
        while flock(directory, LOCK_EX) != 0 {
            let failure = errno
            guard failure == EINTR else {
                _ = Glibc.close(directory)
                throw Self.error(failure)
            }
        }
        descriptor = directory
    }

    deinit {
        // Gives up the lock, too.
        close(descriptor)
    }

    /// Makes the file, empty and with mode 0600, unless it is there. SQLite gives its log the same mode.
    func makeFile(_ name: String) throws(StoreError) {
        // Never opened when it exists: closing it again would drop the locks of this process's other connections.
        // Sound: the name is read during the call.
        let file = unsafe openat(descriptor, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else {
            guard errno == EEXIST else { throw Self.error(errno) }
            return
        }
        close(file)
        // The file's name must be on the disk before anything in the file is promised to be.
        guard fsync(descriptor) == 0 else { throw Self.error(errno) }
    }

    /// What others may do here by the modes of the directory and of the file.
    func warnings(_ name: String) -> [StoreWarning] {
        var warnings: [StoreWarning] = []
        var status = stat()
        // Sound: both calls only write to `status`, which outlives them.
        if unsafe fstat(descriptor, &status) == 0, status.st_mode & 0o077 != 0 {
            warnings.append(.directoryOpenToOthers(mode: status.st_mode & 0o7777))
        }
        if unsafe fstatat(descriptor, name, &status, 0) == 0, status.st_mode & 0o077 != 0 {
            warnings.append(.fileOpenToOthers(mode: status.st_mode & 0o7777))
        }
        return warnings
    }

    private static func make(_ path: String) throws(StoreError) {
        var failure = makeOne(path)
        if failure == ENOENT, !path.isEmpty, parent(of: path) != path {
            try make(parent(of: path))
            // Once: behind a link to nowhere the parent exists and the directory still can't be made.
            failure = makeOne(path)
        }
        switch failure {
        case 0: try synchronize(parent(of: path))
        case EEXIST: break
        default: throw error(failure)
        }
    }

    /// - Returns: 0, or the error's number.
    private static func makeOne(_ path: String) -> CInt {
        // Sound: the path is read during the call.
        unsafe mkdir(path, 0o700) == 0 ? 0 : errno
    }

    private static func parent(of path: String) -> String {
        var path = path[...]
        while path.hasSuffix("/") { path.removeLast() }
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    private static func synchronize(_ path: String) throws(StoreError) {
        // Sound: the path is read during the call.
        let descriptor = unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        // A parent that may be searched but not read can't be synced from here; its file system will do it in its time.
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw error(errno) }
    }

    private static func error(_ number: CInt) -> StoreError {
        switch number {
        case ENOSPC, EDQUOT: .diskFull
        case EROFS: .readOnly
        // The code that SQLite itself has for "some disk I/O error".
        case EIO: .inputOutput(code: 10)
        default: .cannotOpen
        }
    }
}
