import Glibc
import Synchronization

/// Standard output for what may be long: gathered into large writes, and it notices when nobody reads any more.
final class OutputBuffer: Sendable {
    private struct State {
        var bytes: [UInt8] = []
        var isOpen = true
    }

    private static let limitBytes = 64 << 10

    private let state = Mutex(State())
    private let descriptor: Int32

    init(descriptor: Int32 = STDOUT_FILENO) {
        self.descriptor = descriptor
    }

    /// False once something could not be written.
    var isOpen: Bool { state.withLock(\.isOpen) }

    func write(_ text: String) {
        state.withLock { state in
            state.bytes += text.utf8
            if state.bytes.count >= OutputBuffer.limitBytes { empty(&state) }
        }
    }

    /// Writes what is left.
    ///
    /// - Returns: whether everything was written.
    func flush() -> Bool {
        state.withLock { state in
            empty(&state)
            return state.isOpen
        }
    }

    private func empty(_ state: inout State) {
        var rest = state.bytes[...]
        state.bytes = []
        while state.isOpen, !rest.isEmpty {
            // Sound: the slice lives across the call, which reads no more than its length.
            let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if count == 0 || errno != EINTR {
                state.isOpen = false
            }
        }
    }
}
