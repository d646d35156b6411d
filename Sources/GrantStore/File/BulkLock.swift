import Glibc

/// A lock on a file beside the database: the system gives it up with the process, however that ends.
///
/// One for all runs of a store, because Nylas's pace is one for the whole application.
final class BulkLock: BulkHold {
    static let fileName = "bulk.lock"

    private let descriptor: CInt

    private init(_ descriptor: CInt) {
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
    }

    /// - Returns: nil while another process, or another holder of this one, has it.
    static func take(in directory: String) throws(StoreError) -> BulkLock? {
        // Sound: the path is read during the call.
        let descriptor = unsafe open(directory + "/" + fileName, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .cannotOpen }
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            let failure = errno
            guard failure != EINTR else { continue }
            close(descriptor)
            guard failure == EWOULDBLOCK else { throw .cannotOpen }
            return nil
        }
        return BulkLock(descriptor)
    }
}
